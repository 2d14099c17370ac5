"""Settings from environment and .env: defaults as written down, bad values named, no secret shown.

The environment is this code's input, so the tests set it; nothing is patched.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from clarity_assets.errors import SettingsError
from clarity_assets.settings import Settings, load_settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"
SECRET = "eyJhbGciOiJSUzI1NiJ9.very-secret.token"
FIELDS = {field.validation_alias.choices[0]: (name, field) for name, field in Settings.model_fields.items()}


@pytest.fixture(autouse=True)
def environment(tmp_path, monkeypatch) -> Iterator[pytest.MonkeyPatch]:
    """An empty folder as the current one, and no CLARITY_ variable."""
    monkeypatch.chdir(tmp_path)
    for name in [n for n in os.environ if n.upper().startswith(("CLARITY_", "CLICKSTREAM_"))]:
        monkeypatch.delenv(name)
    return monkeypatch


def example_entries() -> list[tuple[str, str, str]]:
    """(name, value, comment above) of every variable of .env.example, commented out or not."""
    found, comment = [], ""
    for line in EXAMPLE.read_text().splitlines():
        if entry := re.fullmatch(r"(?:# )?((?:CLARITY|CLICKSTREAM)_[A-Z_]+)=(.*)", line):
            found.append((entry[1], entry[2], comment))
        comment = line.removeprefix("# ")
    return found


def as_text(default: object) -> str:
    if default is None or default is PydanticUndefined:
        return ""
    return str(default).lower() if isinstance(default, bool) else str(default)


# --- what is written down ---------------------------------------------------------------------------------------------


def test_the_example_names_every_setting_once_and_no_other():
    assert Counter(name for name, _, _ in example_entries()) == Counter(dict.fromkeys(FIELDS, 1))


def test_the_example_says_every_default_and_meaning():
    assert {name: (value, comment) for name, value, comment in example_entries()} == {
        name: (as_text(field.default), field.description) for name, (_, field) in FIELDS.items()
    }


def test_the_example_as_it_is_gives_the_defaults(tmp_path):
    (tmp_path / ".env").write_text(EXAMPLE.read_text())
    with_example = load_settings()
    (tmp_path / ".env").write_text(re.sub(r"(?m)^# (CLARITY_)", r"\1", EXAMPLE.read_text()))
    assert load_settings() == with_example == Settings(_env_file=None)


def test_a_setting_with_a_unit_carries_it_in_its_name():
    told = {name: field.description for name, (_, field) in FIELDS.items()}
    assert {n for n, text in told.items() if text.startswith("Seconds ")} == {n for n in told if n.endswith("_S")}
    assert {n for n, text in told.items() if text.startswith("Minutes ")} == {n for n in told if n.endswith("_MIN")}


# --- where values come from ---------------------------------------------------------------------------------------------


def test_the_environment_comes_before_the_file_and_overrides_before_both(tmp_path, environment):
    (tmp_path / ".env").write_text("CLARITY_PROJECT_ID=of-file\nCLARITY_QUOTA_LIMIT=3\nOTHER=5\n")
    environment.setenv("CLARITY_PROJECT_ID", "of-environment")
    assert (load_settings().project_id, load_settings().quota_limit) == ("of-environment", 3)
    assert load_settings(project_id="given").project_id == "given"


def test_values_are_read_anew_on_every_call(environment):
    environment.setenv("CLARITY_QUOTA_LIMIT", "3")
    assert load_settings().quota_limit == 3
    environment.setenv("CLARITY_QUOTA_LIMIT", "4")
    assert load_settings().quota_limit == 4


def test_an_empty_variable_is_as_good_as_none(environment):
    for name in FIELDS:
        environment.setenv(name, "")
    assert load_settings() == Settings(_env_file=None)


@pytest.mark.parametrize("bad", [b"CLARITY_API_TOKEN=eyJ-secret-\xe4\n", "CLARITY_PROJECT_ID=x".encode("utf-16")])
def test_an_env_file_that_is_no_text_is_named_without_showing_any_of_it(tmp_path, bad):
    (tmp_path / ".env").write_bytes(bad)
    with pytest.raises(SettingsError, match=r"\.env cannot be read \(byte \d+ is no UTF-8\); save it as UTF-8") as told:
        load_settings()
    assert "secret" not in str(told.value)
    assert told.value.__cause__ is None


# --- bad values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("CLARITY_QUOTA_LIMIT", "11", "less than or equal to 10"),
        ("CLARITY_QUOTA_LIMIT", "0", "greater than or equal to 1"),
        ("CLARITY_QUOTA_LIMIT", "many", "valid integer"),
        ("CLARITY_QUOTA_RESERVE", "-1", "greater than or equal to 0"),
        ("CLARITY_QUOTA_DAY", "pacific", "'utc' or 'rolling'"),
        ("CLARITY_REQUEST_PAUSE_S", "nan", "less than or equal to 600"),
        ("CLARITY_ANSWER_TIMEOUT_S", "0", "greater than 0"),
        ("CLARITY_CONNECT_ATTEMPTS", "1.5", "valid integer"),
        ("CLARITY_MIN_COVERAGE", "0.49", "greater than or equal to 0.5"),
        ("CLARITY_MIN_COVERAGE", "0.96", "less than or equal to 0.95"),
        ("CLARITY_MAX_ARCS", "501", "less than or equal to 500"),
        ("CLARITY_SKEW_TOLERANCE_MIN", "inf", "less than or equal to 120"),
        ("CLARITY_PAGE_KEEP_HOST", "maybe", "valid boolean"),
        ("CLARITY_PROJECT_ID", "my project", "match pattern"),
        ("CLARITY_API_BASE_URL", "ftp://x", "match pattern"),
        ("CLARITY_WAREHOUSE", "somewhere/marts.duckdb", "may not be named like one of its schemas"),
        ("CLARITY_API_BASE_URL", "http://clarity.example/api", "must begin with https://"),
        ("CLARITY_API_BASE_URL", "https://", "must name a host"),
        ("CLARITY_API_BASE_URL", "https://h:port", "is no address"),
        ("CLARITY_FIRST_DATE", "2026-02-30", "valid date"),
        ("CLARITY_FIRST_DATE", "2026", "write an ISO 8601 date"),
        ("CLARITY_NOW", "tomorrow", "valid datetime"),
        ("CLARITY_NOW", "2026", "write an ISO 8601 date"),
        ("CLARITY_NOW", "1785800000", "write an ISO 8601 date"),
    ],
)
def test_a_bad_value_is_told_with_variable_value_and_rule(environment, name, value, rule):
    environment.setenv(name, value)
    with pytest.raises(SettingsError) as told:
        load_settings()
    assert str(told.value).startswith(f"{name}={value!r}: ")
    assert rule in str(told.value)
    assert str(told.value).endswith(" - see .env.example for unit and default")
    assert "\n" not in str(told.value)


def test_all_bad_values_are_told_at_once_and_no_secret(environment):
    environment.setenv("CLARITY_API_TOKEN", SECRET)
    environment.setenv("CLARITY_QUOTA_LIMIT", "99")
    environment.setenv("CLARITY_MAX_ARCS", "0")
    with pytest.raises(SettingsError, match=r"CLARITY_QUOTA_LIMIT='99': .*; CLARITY_MAX_ARCS='0': ") as told:
        load_settings()
    assert "secret" not in repr(told.value)


def test_the_token_is_never_shown(environment):
    environment.setenv("CLARITY_API_TOKEN", SECRET)
    settings = load_settings()
    assert settings.api_token.get_secret_value() == SECRET
    for text in (repr(settings), str(settings), settings.model_dump_json(), repr(settings.model_dump())):
        assert "secret" not in text


def test_a_missing_project_is_told_with_where_to_find_it():
    with pytest.raises(
        SettingsError, match=r"CLARITY_PROJECT_ID is not set; put the id from .*projects/view/<id>\) into \.env"
    ):
        load_settings().need_project()


# --- the clock --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "now"),
    [
        ("2026-10-04T01:00:00+02:00", datetime(2026, 10, 3, 23, tzinfo=UTC)),
        ("2026-10-04T01:00:00Z", datetime(2026, 10, 4, 1, tzinfo=UTC)),
        ("2026-10-04T01:00", datetime(2026, 10, 4, 1, tzinfo=UTC)),  # UTC without an offset
        ("2026-10-04 01:00:00.9", datetime(2026, 10, 4, 1, tzinfo=UTC)),
        ("2026-10-04", datetime(2026, 10, 4, tzinfo=UTC)),
    ],
)
def test_the_clock_can_be_set_with_or_without_an_offset(environment, text, now):
    environment.setenv("CLARITY_NOW", text)
    told = load_settings().clock()
    assert (told, told.tzinfo) == (now, UTC)


def test_without_it_the_clock_is_the_system_s_in_utc_and_whole_seconds():
    before = datetime.now(UTC)
    told = load_settings().clock()
    assert timedelta(seconds=-1) <= told - before <= timedelta(seconds=10)
    assert (told.microsecond, told.tzinfo) == (0, UTC)


def test_minutes_of_skew_are_seconds_for_the_algebra(environment):
    environment.setenv("CLARITY_SKEW_TOLERANCE_MIN", "2.5")
    assert load_settings().skew_tolerance_s == 150
    assert load_settings().first_date == date(2026, 1, 1)


def test_a_password_in_the_address_is_refused_and_not_shown(monkeypatch):
    monkeypatch.setenv("CLARITY_API_BASE_URL", "https://joe:pw@clarity.example")
    with pytest.raises(SettingsError, match="must name a host, and no user") as caught:
        load_settings()
    assert "joe" not in str(caught.value)
