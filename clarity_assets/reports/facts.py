"""An open warehouse and a period in; what all sections of all reports rest on out."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import duckdb

from clarity_assets.project_models import ensure_project
from clarity_assets.reports.changes import UNWATCHED, Changes, Compared, find_changes
from clarity_assets.reports.contrasts import Contrasts, find_contrasts
from clarity_assets.reports.document import DayState
from clarity_assets.reports.marts import Marts
from clarity_assets.reports.period import Period
from clarity_assets.settings import Settings


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

    def compared(self, table: str, measure: str, **where: str | bool | None) -> Compared:
        """The comparison of one series; `too few` where it is not watched."""
        return self.changes.of(table, measure, **where) or Compared(UNWATCHED, UNWATCHED)


def read_facts(con: duckdb.DuckDBPyConnection, *, settings: Settings, period: Period, made_at: datetime) -> Facts:
    """The facts of the settings' project; marts that were never made are empty tables. Raises SettingsError."""
    models = ensure_project(con, settings)
    return Facts(Marts(con, project_id=settings.need_project(), period=period, models=models), made_at)
