"""Environment variables (and `.env`) in, typed settings out: each with unit, meaning and default."""

import re
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from clarity_assets.errors import SettingsError

API_LIMIT = 10  # requests a project and day (Data Export docs, 2025-12)
SCHEMAS = ("ops", "landing", "seeds", "staging", "intermediate", "marts", "quality")


def _setting(name: str, default, meaning: str, **rules):
    return Field(default, validation_alias=AliasChoices(name), description=meaning, **rules)


class Settings(BaseSettings):
    """All settings. Raises `pydantic.ValidationError` on a bad value; use `load_settings` for our own error."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", env_ignore_empty=True, frozen=True)

    api_token: SecretStr | None = _setting(
        "CLARITY_API_TOKEN",
        None,
        "JWT of the Clarity project: Settings -> Data Export -> Generate new API token. Never logged.",
    )
    project_id: str | None = _setting(
        "CLARITY_PROJECT_ID",
        None,
        "Public id of the Clarity project (in its dashboard's address); the key of every stored row.",
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
    )
    api_base_url: str = _setting(
        "CLARITY_API_BASE_URL",
        "https://www.clarity.ms/export-data/api/v1",
        "Where the Data Export API (or a stand-in) answers.",
        pattern=r"^https?://",
    )
    warehouse: Path = _setting("CLARITY_WAREHOUSE", Path(".data/clarity.duckdb"), "The DuckDB file.")
    reports: Path = _setting("CLARITY_REPORTS", Path(".data/reports"), "Folder of the report files.")
    now: datetime | None = _setting(
        "CLARITY_NOW", None, "ISO 8601 instant that replaces the system clock, for drills. UTC if no offset is given."
    )
    first_date: date = _setting(
        "CLARITY_FIRST_DATE", date(2026, 1, 1), "First UTC day that partitions exist for (ISO date)."
    )
    extra_requests: str = _setting(
        "CLARITY_EXTRA_REQUESTS",
        "",
        "Further dimension sets, collected out of the reserve: comma between sets, plus between dimensions, "
        "such as `Campaign, Channel+Device`. Campaign, Channel and OS by themselves reach the marts; others land only.",
    )
    request_order: str = _setting(
        "CLARITY_REQUEST_ORDER",
        "",
        "Request names, most valuable first, comma between: who is served when the budget is short. "
        "Those not named follow in the built-in order.",
    )
    request_pause_s: float = _setting("CLARITY_REQUEST_PAUSE_S", 1.0, "Seconds between two requests.", ge=0, le=600)
    connect_timeout_s: float = _setting(
        "CLARITY_CONNECT_TIMEOUT_S", 10.0, "Seconds to wait for a connection.", gt=0, le=300
    )
    answer_timeout_s: float = _setting(
        "CLARITY_ANSWER_TIMEOUT_S", 120.0, "Seconds until the whole answer must be here.", gt=0, le=1800
    )
    connect_attempts: int = _setting(
        "CLARITY_CONNECT_ATTEMPTS",
        1,
        "How often to try a connection that is refused before anything is sent. A sent request is never retried.",
        ge=1,
        le=10,
    )
    quota_limit: int = _setting(
        "CLARITY_QUOTA_LIMIT", API_LIMIT, "Requests a quota day that may be spent.", ge=1, le=API_LIMIT
    )
    quota_reserve: int = _setting(
        "CLARITY_QUOTA_RESERVE", 4, "How many of them missed days and extra requests may spend.", ge=0, le=API_LIMIT
    )
    quota_day: Literal["utc", "rolling"] = _setting(
        "CLARITY_QUOTA_DAY", "utc", "When the count starts anew: `utc` at 00:00 UTC, `rolling` 24 h after each request."
    )
    skew_tolerance_min: float = _setting(
        "CLARITY_SKEW_TOLERANCE_MIN",
        15.0,
        "Minutes that two window edges may lie apart and still be taken for one.",
        ge=0,
        le=120,
    )
    max_arcs: int = _setting(
        "CLARITY_MAX_ARCS", 50, "Number of windows that may be added and subtracted to know one day.", ge=1, le=500
    )
    min_coverage: float = _setting(
        "CLARITY_MIN_COVERAGE",
        0.5,
        "Share (0-1) of a UTC day that windows must cover before the day counts as known.",
        ge=0.5,
        le=0.95,
    )
    page_keep_scheme: bool = _setting(
        "CLARITY_PAGE_KEEP_SCHEME", False, "Whether a page's name keeps http:// or https://."
    )
    page_keep_host: bool = _setting("CLARITY_PAGE_KEEP_HOST", True, "Whether a page's name keeps the host.")
    warehouse_timeout_s: float = _setting(
        "CLARITY_WAREHOUSE_TIMEOUT_S", 60.0, "Seconds to wait for one's turn at the warehouse.", gt=0, le=3600
    )

    @field_validator("now", "first_date", mode="before")
    @classmethod
    def _no_bare_number(cls, value: object) -> object:
        """Refuse what would be taken for seconds since 1970: `CLARITY_NOW=2026` must not mean that year's digits."""
        if isinstance(value, str) and re.fullmatch(r"[+-]?[\d.]+", value.strip()):
            raise ValueError("write an ISO 8601 date such as 2026-10-04 (or 2026-10-04T01:00Z for an instant)")
        return value

    @field_validator("warehouse")
    @classmethod
    def _name_of_no_schema(cls, value: Path) -> Path:
        """DuckDB calls a file's catalogue by its name, and `marts.fct_x` in a file marts.duckdb means two things."""
        if value.stem in SCHEMAS:
            raise ValueError(f"a file may not be named like one of its schemas ({', '.join(SCHEMAS)}); rename it")
        return value

    @field_validator("api_base_url")
    @classmethod
    def _address_that_keeps_the_token_safe(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise ValueError(f"is no address ({error})") from None
        if not host or parts.username is not None:
            raise ValueError("must name a host, and no user")
        if parts.scheme == "http" and host not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError("must begin with https://; only a stand-in on this machine may be asked without")
        return value

    @field_validator("now")
    @classmethod
    def _now_in_utc(cls, value: datetime | None) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    @cached_property
    def skew_tolerance_s(self) -> float:
        return self.skew_tolerance_min * 60

    def clock(self) -> datetime:
        """The current instant in UTC, without microseconds: `CLARITY_NOW` if set, else the system clock."""
        return (self.now or datetime.now(UTC)).replace(microsecond=0)

    def need_project(self) -> str:
        """The project id. Raises SettingsError where it is not set."""
        if not self.project_id:
            raise SettingsError(
                "CLARITY_PROJECT_ID is not set; put the id from the address of your Clarity dashboard "
                "(clarity.microsoft.com/projects/view/<id>) into .env"
            )
        return self.project_id


def load_settings(**overrides) -> Settings:
    """Settings from the environment and `.env`, read anew on every call; overrides go by field name.

    Raises SettingsError that names variable, value and rule (never a secret's value).
    """
    try:
        settings = Settings()
        return settings.model_copy(update=overrides) if overrides else settings
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            name = str(problem["loc"][0]) if problem["loc"] else "settings"
            secret = "TOKEN" in name or "@" in str(problem.get("input"))
            shown = "(hidden)" if secret else repr(problem.get("input"))
            lines.append(f"{name}={shown}: {problem['msg'].removeprefix('Value error, ')}")
        raise SettingsError("; ".join(lines) + " - see .env.example for unit and default") from None
    except (OSError, UnicodeDecodeError) as error:
        # `from None`: a decoding error holds the file's bytes, the token among them
        raise SettingsError(f".env cannot be read ({_reason(error)}); save it as UTF-8 text") from None


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return f"byte {error.start} is no UTF-8" if isinstance(error, UnicodeDecodeError) else f"{error.strerror}"
