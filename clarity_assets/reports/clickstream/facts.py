"""The clickstream's marts of a period in; what all its sections rest on out."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from clarity_assets.reports.changes import Changes, compare_watched
from clarity_assets.reports.clickstream.tables import CART, EVENT_DAYS, SITE
from clarity_assets.reports.clickstream.watched import held_groups, watched_series
from clarity_assets.reports.contrasts import Contrasts, contrast_held
from clarity_assets.reports.document import DayState
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.figures import Figure, Source
from clarity_assets.reports.known import EVENTS
from clarity_assets.reports.marts import Total
from clarity_assets.statistics.series import DailySeries
from clarity_assets.warehouse.query import one

STRAY_PCT = 10  # of sessions with a purchase: from here on, carts without a cart event are no exception any more


@dataclass(frozen=True)
class EventFacts(Facts):
    """The same as `Facts`, of events in place of Clarity's answers."""

    @cached_property
    def changes(self) -> Changes:
        """Everything compared at once."""
        return compare_watched(watched_series(self.marts))

    @cached_property
    def contrasts(self) -> Contrasts:
        """Every group held against the others at once."""
        return contrast_held(self.marts, held_groups(self.marts))

    @cached_property
    def days(self) -> tuple[DayState, ...]:
        """How each day of the period is known from events."""
        return self.marts.days(EVENTS)

    @property
    def known_days(self) -> Figure:
        """Days of the period whose events are analysed, as a number that can be traced."""
        of_days = f"of {self.period.day_count} days" if self.period.day_count > 1 else "days"
        return Figure(self.known_day_count, of_days, Source(SITE, "event_days", (), self.period.start, self.period.end))

    @cached_property
    def first_known_day(self) -> date | None:
        """The first UTC day with sessions, before the end of the period; None: none."""
        sql = f"select min(date) from {SITE} where project_id = ? and date < ?"  # noqa: S608 - a constant
        return one(self.marts.con, sql, [self.project_id, self.period.end])[0]

    @cached_property
    def event_span(self) -> tuple[date, date] | None:
        """The first and the last UTC day of all that has events; None: none was ever ingested."""
        sql = f"select min(date), max(date) from {EVENT_DAYS} where project_id = ? and events > 0"  # noqa: S608
        first, last = one(self.marts.con, sql, [self.project_id])
        return (first, last) if first else None

    @cached_property
    def has_events(self) -> bool:
        """Whether the period has any event."""
        return any(day.status != "lost" for day in self.days)

    @cached_property
    def period_sessions(self) -> DailySeries:
        """Sessions of the whole site, day by day of the period."""
        return self.marts.series(SITE, ["sessions"], start=self.period.start, end=self.period.end)["sessions"][()]

    @cached_property
    def logging(self) -> Total:
        """Cart events, purchase events and purchases without a cart of the period."""
        measures = ["cart_events", "purchase_events", "purchases_without_cart", "purchases_without_cart_share"]
        return self.marts.totals(CART, measures)[0]

    @property
    def is_cart_logging_incomplete(self) -> bool:
        """Whether more was bought than put into carts, or more than STRAY_PCT of buying sessions have no cart event."""
        told = self.logging
        is_more = told.value("purchase_events") > told.value("cart_events")
        return is_more or told.value("purchases_without_cart_share") > STRAY_PCT
