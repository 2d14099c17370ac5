"""An open warehouse and a period in; what all sections of all reports rest on out."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

import duckdb

from clarity_assets.project_models import ensure_project
from clarity_assets.reports.changes import UNWATCHED, Changes, Compared, find_changes
from clarity_assets.reports.contrasts import Contrasts, find_contrasts
from clarity_assets.reports.document import DayState
from clarity_assets.reports.figures import Figure, Source
from clarity_assets.reports.marts import COLLECTION, SITE, Marts
from clarity_assets.reports.period import Period
from clarity_assets.settings import Settings
from clarity_assets.statistics.series import DailySeries
from clarity_assets.warehouse.query import one


@dataclass(frozen=True)
class Facts:
    """The marts of one project and period, what changed in them, and how each day is known."""

    marts: Marts
    made_at: datetime

    @property
    def period(self) -> Period:
        return self.marts.period

    @property
    def project_id(self) -> str:
        return self.marts.project_id

    @cached_property
    def changes(self) -> Changes:
        """Everything compared at once."""
        return find_changes(self.marts)

    @cached_property
    def contrasts(self) -> Contrasts:
        """Every group held against the others at once."""
        return find_contrasts(self.marts)

    @cached_property
    def days(self) -> tuple[DayState, ...]:
        """How each day of the period is known of the whole site."""
        return self.marts.days()

    @cached_property
    def page_days(self) -> tuple[DayState, ...]:
        """How each day of the period is known of pages."""
        return self.marts.days("url_device")

    @property
    def known_day_count(self) -> int:
        """Days of the period that the site's own figures are known of."""
        return sum(day.is_known for day in self.days)

    @property
    def known_days(self) -> Figure:
        """The same as a number that can be traced."""
        source = Source(COLLECTION, "known_days", (("request", "base"),), self.period.start, self.period.end)
        of_days = f"of {self.period.day_count} days" if self.period.day_count > 1 else "days"
        return Figure(self.known_day_count, of_days, source)

    @cached_property
    def first_known_day(self) -> date | None:
        """The first UTC day that the site's figures are known of, before the end of the period; None: none."""
        return one(
            self.marts.con,
            """select min(date) from marts.fct_collection_daily
               where project_id = ? and request = 'base' and not is_gap and date < ?""",
            [self.project_id, self.period.end],
        )[0]

    @cached_property
    def period_sessions(self) -> DailySeries:
        """Sessions of the whole site, day by day of the period."""
        return self.marts.series(SITE, ["sessions"], start=self.period.start, end=self.period.end)["sessions"][()]

    @cached_property
    def newest_known_day(self) -> date | None:
        """The newest UTC day that the site's figures are known of, whatever the period."""
        return one(
            self.marts.con,
            """select max(date) from marts.fct_collection_daily
               where project_id = ? and request = 'base' and not is_gap""",
            [self.project_id],
        )[0]

    @cached_property
    def requests_used(self) -> int:
        """Requests that the days of the period spent: every slot but those given back because nothing was sent."""
        [count] = one(
            self.marts.con,
            """select count(*) from ops.api_request where project_id = ? and reserved_at >= ? and reserved_at < ?
               and outcome is distinct from 'not_sent'""",
            [self.project_id, self.period.start, self.period.end],
        )
        return count

    def compared(self, table: str, measure: str, **where: str | bool | None) -> Compared:
        """The comparison of one series; `too few` where it is not watched."""
        return self.changes.of(table, measure, **where) or Compared(UNWATCHED, UNWATCHED)


def read_facts(con: duckdb.DuckDBPyConnection, *, settings: Settings, period: Period, made_at: datetime) -> Facts:
    """The facts of the settings' project; marts that were never made are empty tables. Raises SettingsError."""
    models = ensure_project(con, settings)
    return Facts(Marts(con, project_id=settings.need_project(), period=period, models=models), made_at)
