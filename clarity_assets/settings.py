"""Environment variables (and `.env`) in, typed settings out: each with unit, meaning and default."""

import re
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from clarity_assets.clickstream.settings import LEAST_KEY_LENGTH, ClickstreamSettings
from clarity_assets.clickstream.settings import setting as _setting
from clarity_assets.errors import SettingsError

API_LIMIT = 10  # requests a project and day (Data Export docs, 2025-12)
LEAST_KEPT_DAYS = 30
TIME_OF_DAY = r"^([01]\d|2[0-3]):[0-5]\d$"
SCHEMAS = ("ops", "landing", "seeds", "staging", "intermediate", "marts", "quality")


class Settings(ClickstreamSettings):
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
    clock_speed: float = _setting(
        "CLARITY_CLOCK_SPEED",
        0.0,
        "How many times as fast as time the clock runs on from CLARITY_NOW, for drills; 0 stands still.",
        ge=0,
        le=100_000,
    )
    now_since: datetime | None = _setting(
        "CLARITY_NOW_SINCE",
        None,
        "ISO 8601 instant of the system clock at which CLARITY_NOW was set; with a speed only.",
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

    # --- by itself: when things run ---------------------------------------------------------------------------------

    automation: Literal["on", "off"] = _setting(
        "CLARITY_AUTOMATION",
        "on",
        "Whether schedules and sensors run where nobody has switched them in Dagster's UI: `on` or `off`.",
    )
    collect_at: str = _setting(
        "CLARITY_COLLECT_AT", "01:00", "UTC time of day of the daily collection, marts and checks.", pattern=TIME_OF_DAY
    )
    backup_at: str = _setting("CLARITY_BACKUP_AT", "02:30", "UTC time of day of the backup.", pattern=TIME_OF_DAY)
    reports_at: str = _setting(
        "CLARITY_REPORTS_AT",
        "08:00",
        "UTC time of day of the weekly (Monday) and monthly (the 1st) reports and exports.",
        pattern=TIME_OF_DAY,
    )
    run_limit_min: float = _setting(
        "CLARITY_RUN_LIMIT_MIN", 30.0, "Minutes after which a run is ended, and told.", gt=0, le=1440
    )
    retry_after_h: int = _setting(
        "CLARITY_RETRY_AFTER_H", 3, "Hours between two attempts by itself to collect the same day.", ge=1, le=24
    )

    # --- who is told ------------------------------------------------------------------------------------------------

    alert_to: SecretStr = _setting(
        "CLARITY_ALERT_TO",
        SecretStr(""),
        "Where alerts go: addresses as apprise spells them, blanks between: "
        "mailtos://ada:password@example.com/team@example.com?smtp=mail.example.com, slack://…, msteams://…, "
        "twilio://…, tgram://…, json://host/path. Never logged.",
    )
    report_to: SecretStr = _setting(
        "CLARITY_REPORT_TO", SecretStr(""), "Where weekly and monthly reports go; as CLARITY_ALERT_TO. Never logged."
    )
    report_if_incomplete: Literal["mark", "hold"] = _setting(
        "CLARITY_REPORT_IF_INCOMPLETE",
        "mark",
        "A report that is stale or has unknown days: `mark` sends it and says so, `hold` keeps it until it is whole.",
    )
    quiet_hours: str = _setting(
        "CLARITY_QUIET_HOURS",
        "",
        "UTC hours in which only critical alerts are sent, such as 22:00-07:00; others wait for their end.",
        pattern=rf"^$|{TIME_OF_DAY[:-1]}-{TIME_OF_DAY[1:]}",
    )
    thresholds: str = _setting(
        "CLARITY_THRESHOLDS",
        "",
        "Limits of your own on a day's figures, comma between, such as "
        "`page rage_click > 100, site dead_click_rate > 0.08, device sessions < 50` (docs/runbook.md).",
    )
    alert_checks: Literal["error", "warn"] = _setting(
        "CLARITY_ALERT_CHECKS", "error", "Which failed checks are told: `error` (they block), or `warn` as well."
    )
    disk_min_free_pct: float = _setting(
        "CLARITY_DISK_MIN_FREE_PCT", 10.0, "Free space in percent below which the disk is told.", ge=0, le=90
    )
    delivery_attempts: int = _setting(
        "CLARITY_DELIVERY_ATTEMPTS", 6, "How often a message is tried, with growing pauses.", ge=1, le=20
    )

    # --- kept safe --------------------------------------------------------------------------------------------------

    operations: Path | None = _setting(
        "CLARITY_OPERATIONS", None, "DuckDB file of alerts and deliveries; operations.duckdb beside the warehouse."
    )
    published: Path | None = _setting(
        "CLARITY_PUBLISHED", None, "Folder of the read-only copy and Parquet files; published/ beside the warehouse."
    )
    backups: Path | None = _setting(
        "CLARITY_BACKUPS", None, "Folder of the backups, better on another disk; backups/ beside the warehouse."
    )
    backup_key: SecretStr | None = _setting(
        "CLARITY_BACKUP_KEY",
        None,
        "Passphrase (12 characters or more) that backups are encrypted with; without it they are not. Never logged.",
    )
    backup_keep_daily: int = _setting("CLARITY_BACKUP_KEEP_DAILY", 7, "Daily backups kept.", ge=1, le=3660)
    backup_keep_weekly: int = _setting("CLARITY_BACKUP_KEEP_WEEKLY", 4, "Weekly backups kept.", ge=0, le=520)
    backup_keep_monthly: int = _setting("CLARITY_BACKUP_KEEP_MONTHLY", 12, "Monthly backups kept.", ge=0, le=120)
    archive: Path | None = _setting(
        "CLARITY_ARCHIVE", None, "Folder that gets every answer as a file too; answers/ beside the warehouse."
    )
    logs: Path | None = _setting("CLARITY_LOGS", None, "Folder of the logs; logs/ beside the warehouse.")
    keep_logs_days: int = _setting("CLARITY_KEEP_LOGS_DAYS", 30, "Days that logs are kept.", ge=1, le=3660)
    keep_archive_days: int = _setting(
        "CLARITY_KEEP_ARCHIVE_DAYS", 60, "Days that answers' files are kept; 0 for ever.", ge=0, le=36_600
    )
    keep_answers_days: int = _setting(
        "CLARITY_KEEP_ANSWERS_DAYS",
        0,
        "Days that answers are kept in the warehouse, and numbers can be traced to them; 0 for ever, else 30 or more.",
        ge=0,
        le=36_600,
    )
    keep_landing_days: int = _setting(
        "CLARITY_KEEP_LANDING_DAYS",
        0,
        "Days that landing rows are kept, and marts can be made anew; 0 for ever, else 30 or more. Marts stay.",
        ge=0,
        le=36_600,
    )
    keep_reports_days: int = _setting(
        "CLARITY_KEEP_REPORTS_DAYS", 0, "Days that report files and exports are kept; 0 for ever.", ge=0, le=36_600
    )

    @field_validator("now", "now_since", "first_date", mode="before")
    @classmethod
    def _no_bare_number(cls, value: object) -> object:
        """Refuse what would be taken for seconds since 1970: `CLARITY_NOW=2026` must not mean that year's digits."""
        if isinstance(value, str) and re.fullmatch(r"[+-]?[\d.]+", value.strip()):
            raise ValueError("write an ISO 8601 date such as 2026-10-04 (or 2026-10-04T01:00Z for an instant)")
        return value

    @field_validator("keep_answers_days", "keep_landing_days")
    @classmethod
    def _longer_than_a_month(cls, value: int) -> int:
        """A month's report and its comparison must find what they read."""
        if 0 < value < LEAST_KEPT_DAYS:
            raise ValueError(f"must be 0 (for ever) or at least {LEAST_KEPT_DAYS} days")
        return value

    @field_validator("backup_key")
    @classmethod
    def _key_of_some_length(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < LEAST_KEY_LENGTH:
            raise ValueError(f"must have at least {LEAST_KEY_LENGTH} characters, such as `openssl rand -hex 32` gives")
        return value

    @field_validator("warehouse", "operations")
    @classmethod
    def _name_of_no_schema(cls, value: Path | None) -> Path | None:
        """DuckDB calls a file's catalogue by its name, and `marts.fct_x` in a file marts.duckdb means two things."""
        if value is not None and value.stem in SCHEMAS:
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

    @field_validator("now", "now_since")
    @classmethod
    def _now_in_utc(cls, value: datetime | None) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    @model_validator(mode="after")
    def _a_running_clock_knows_its_start(self) -> Self:
        if self.clock_speed and (self.now is None or self.now_since is None):
            raise ValueError("CLARITY_CLOCK_SPEED needs CLARITY_NOW and CLARITY_NOW_SINCE")
        return self

    @cached_property
    def skew_tolerance_s(self) -> float:
        return self.skew_tolerance_min * 60

    def clock(self) -> datetime:
        """The current instant in UTC, without microseconds.

        The system clock, or `CLARITY_NOW` if set, which runs on at `CLARITY_CLOCK_SPEED`.
        """
        system = datetime.now(UTC)
        now = system if self.now is None else self.now
        if self.clock_speed:
            now += (system - self.now_since) * self.clock_speed
        return now.replace(microsecond=0)

    @property
    def operations_file(self) -> Path:
        return self.operations or self.warehouse.with_name("operations.duckdb")

    @property
    def published_folder(self) -> Path:
        return self.published or self.warehouse.with_name("published")

    @property
    def backups_folder(self) -> Path:
        return self.backups or self.warehouse.with_name("backups")

    @property
    def archive_folder(self) -> Path:
        return self.archive or self.warehouse.with_name("answers")

    @property
    def events_folder(self) -> Path:
        """Folder of events, sessions and steps, and of the key of the pseudonyms."""
        return self.clickstream_folder or self.warehouse.with_name("clickstream")

    @property
    def drop_folder(self) -> Path:
        return self.clickstream_drop or self.events_folder / "drop"

    @property
    def logs_folder(self) -> Path:
        return self.logs or self.warehouse.with_name("logs")

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
    except ValidationError as error:
        trouble = _told(error)
    except (OSError, UnicodeDecodeError) as error:
        trouble = f".env cannot be read ({_reason(error)}); save it as UTF-8 text"
    else:
        return settings.model_copy(update=overrides) if overrides else settings
    # outside of `except`: the errors above hold what they refused, the file's bytes and the token among them
    raise SettingsError(trouble)


def _told(error: ValidationError) -> str:
    """Variable, value (unless it is a secret) and rule of each refusal."""
    lines = []
    for problem in error.errors(include_context=False):
        name = str(problem["loc"][0]) if problem["loc"] else "settings"
        is_secret = name.endswith(("_TOKEN", "_KEY", "_TO")) or "@" in str(problem.get("input"))
        shown = "(hidden)" if is_secret else repr(problem.get("input"))
        lines.append(f"{name}={shown}: {problem['msg'].removeprefix('Value error, ')}")
    return "; ".join(lines) + " - see .env.example for unit and default"


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return f"byte {error.start} is no UTF-8" if isinstance(error, UnicodeDecodeError) else f"{error.strerror}"
