"""What docs/security.md promises: permissions, secrets that show nowhere, pinned dependencies, and SQL without values."""

import ast
import os
import re
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from clarity_assets.backups.making import make_backup
from clarity_assets.cli import main
from clarity_assets.dagster_home import PROJECT
from clarity_assets.delivery.outbox import DELIVERY_TABLES
from clarity_assets.errors import ClarityAssetsError
from clarity_assets.operations.file import open_operations
from clarity_assets.operations.logs import log_event
from clarity_assets.settings import Settings
from clarity_assets.warehouse.publish import publish
from clarity_assets_tests.fixtures.collecting import FIRST_DAY
from clarity_assets_tests.unit.backups.places import Project

SECRETS = {
    "CLARITY_API_TOKEN": "secret-in-the-token",
    "CLARITY_ALERT_TO": "mailtos://ada:secret-of-the-mailbox@mail.example?to=team@example.com",
    "CLARITY_REPORT_TO": "slack://secret-A/secret-B/secret-C",
    "CLARITY_BACKUP_KEY": "secret-of-the-backups",
}
HOSTILE = "shop.example/x'); drop table ops.clarity_answer; --"


# --- what is written ------------------------------------------------------------------------------------------------


@pytest.fixture
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_all_that_is_kept_is_private_under_any_umask_and_the_published_copy_is_for_the_group(tmp_path, usual_umask):
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    project = Project.in_folder(folder).collect(0)
    log_event(project.settings, "audit", event="tried")
    with open_operations(project.settings, tables=DELIVERY_TABLES, label="test"):
        pass
    make_backup(project.settings)
    publish(project.settings)

    kept = {path.relative_to(folder): stat.S_IMODE(path.lstat().st_mode)
            for path in folder.rglob("*") if not path.is_symlink()}  # fmt: skip
    assert {path.parts[0] for path in kept} >= {
        "clarity.duckdb",
        "operations.duckdb",
        "answers",
        "backups",
        "logs",
        "published",
    }
    for path, mode in kept.items():
        allowed = 0o750 if path.parts[0] == "published" else 0o700
        assert mode & ~allowed == 0, f"{path} {mode:o}"


# --- secrets --------------------------------------------------------------------------------------------------------


def test_settings_show_no_secret_however_they_are_printed(tmp_path):
    (tmp_path / ".env").write_text("\n".join(f"{name}={value}" for name, value in SECRETS.items()))
    settings = Settings(_env_file=tmp_path / ".env")
    assert settings.alert_to.get_secret_value() == SECRETS["CLARITY_ALERT_TO"]
    shown = repr(settings) + str(settings) + settings.model_dump_json() + repr(settings.model_dump())
    assert "secret" not in shown.replace("SecretStr", "")


def test_a_bad_secret_is_named_and_not_shown():
    told = CliRunner().invoke(main, ["status"], env={"CLARITY_BACKUP_KEY": "short-one"})
    assert told.exit_code == 1
    assert "CLARITY_BACKUP_KEY=(hidden)" in told.output
    assert "short-one" not in told.output


# --- the supply chain -----------------------------------------------------------------------------------------------


def test_every_dependency_is_pinned_with_hashes_and_comes_from_no_named_place():
    text = (PROJECT / "requirements.lock").read_text()
    requirements = re.split(r"\n(?=\S)", text.strip())
    assert len(requirements) > 100
    for requirement in requirements:
        assert re.match(r"[a-z0-9._-]+(\[[a-z0-9,-]+\])?==\S+", requirement), requirement[:80]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", requirement), requirement[:80]
    assert not re.search(r"https?:|--index|--find-links|file:", text)


def test_an_installation_refuses_what_is_not_hashed():
    [line] = [line for line in (PROJECT / "Makefile").read_text().splitlines() if "-r requirements.lock" in line]
    assert "--require-hashes" in line
    assert "--no-deps" in line


# --- SQL, names and paths -------------------------------------------------------------------------------------------

FROM_OUTSIDE = {"project_id", "settings", "page", "url", "note", "token", "answer_id", "run_id", "text", "value", "env"}


def interpolated(path: Path) -> Iterator[tuple[int, str]]:
    """What f-strings that ruff knows as SQL (they carry S608) are put together from, with its line."""
    lines = path.read_text().splitlines()
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.JoinedStr) and any(
            "S608" in line for line in lines[node.lineno - 1 : node.end_lineno + 1]
        ):
            yield from (
                (node.lineno, ast.unparse(part.value)) for part in node.values if isinstance(part, ast.FormattedValue)
            )


def test_sql_is_put_together_from_names_of_ours_and_never_from_values():
    parts = [
        (path, *part) for path in sorted((PROJECT / "clarity_assets").rglob("*.py")) for part in interpolated(path)
    ]
    assert len(parts) > 50
    for path, line, expression in parts:
        names = {node.id for node in ast.walk(ast.parse(expression)) if isinstance(node, ast.Name)}
        names |= {node.attr for node in ast.walk(ast.parse(expression)) if isinstance(node, ast.Attribute)}
        assert not names & FROM_OUTSIDE, f"{path.relative_to(PROJECT)}:{line} puts {expression} into SQL"


def hostile(answer: list[dict]) -> list[dict]:
    for block in answer:
        block["information"][0]["Url"] = f"https://{HOSTILE}"
    return answer


def test_a_page_that_is_sql_is_stored_as_text(tmp_path):
    project = Project.in_folder(tmp_path)
    project.bench.api.fail = {("URL", "Device"): hostile}
    project.collect(0)
    pages = {page for (page,) in project.bench.sql("select page from landing.clarity_url_device")}
    assert any("drop table" in (page or "") for page in pages)
    assert project.bench.sql("select count(*) > 0 from ops.clarity_answer") == [(True,)]


@pytest.mark.parametrize("name", ["../etc", "a/b", "a' or 1=1", "x" * 65, "..", "a\nb", "a b"])
def test_a_project_id_is_a_plain_name(name):
    with pytest.raises(ValidationError, match="CLARITY_PROJECT_ID"):
        Settings(_env_file=None, CLARITY_PROJECT_ID=name)


NAMED = {"report": ["../../../etc/passwd"], "recommend": ["show", "../../../etc/passwd"], "trace": ["../../../etc/passwd"],
         "restore": ["../../../etc/passwd"], "withdraw": ["../../../etc/passwd"]}  # fmt: skip


@pytest.mark.parametrize("command", NAMED)
def test_a_name_that_climbs_out_of_its_folder_is_refused_and_nothing_is_written(command, tmp_path):
    project = Project.in_folder(tmp_path / "data").collect(0)
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    env = {"CLARITY_PROJECT_ID": "test", "CLARITY_WAREHOUSE": str(project.warehouse),
           "CLARITY_REPORTS": str(tmp_path / "reports"),
           "CLARITY_NOW": f"{FIRST_DAY + timedelta(days=1)}T02:00:00"}  # fmt: skip
    result = CliRunner().invoke(main, [command, *NAMED[command]], env=env)
    assert result.exit_code in (1, 2)
    assert isinstance(result.exception, (SystemExit, click.ClickException, ClarityAssetsError)), result.exception
    made = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert {path.relative_to(tmp_path).parts[0] for path in made} <= {"data"}
    assert project.bench.sql("select count(*) > 0 from ops.clarity_answer") == [(True,)]
