"""What a report found, as data: every number with its unit, and with what is known of it."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

MEASURED, DERIVED, PENDING, LOST, UNRECORDED = "measured", "derived", "pending", "lost", "unrecorded"
STATUSES = (MEASURED, DERIVED, PENDING, LOST, UNRECORDED)
"""How a day is known; `unrecorded` = the marts have no row of it."""

DAYS_A_WEEK = 7


@dataclass(frozen=True)
class Quantity:
    """A number and its unit. `value` None: unknown. `is_upper_bound`: the true number may be smaller."""

    value: float | None
    unit: str
    is_upper_bound: bool = False


@dataclass(frozen=True)
class Rate:
    """A numerator on its denominator, divided last; both rest on the same rows."""

    numerator: Quantity
    denominator: Quantity
    per: int = 100

    @property
    def value(self) -> float | None:
        """None where either is unknown, or the denominator is zero."""
        if self.numerator.value is None or not self.denominator.value:
            return None
        return self.per * self.numerator.value / self.denominator.value

    @property
    def unit(self) -> str:
        return f"{self.numerator.unit} per {self.per} {self.denominator.unit}"

    @property
    def is_lower_bound(self) -> bool:
        """With too large a denominator the true rate may be larger (unless there was nothing to divide)."""
        return self.denominator.is_upper_bound and bool(self.numerator.value)


@dataclass(frozen=True)
class Day:
    """One UTC day of the site, or of its page figures. `coverage`: share (0-1) of the day inside the windows used."""

    date: date
    status: str = UNRECORDED
    method: str | None = None
    coverage: Quantity = Quantity(None, "share")
    cause: str | None = None
    sessions: Quantity = Quantity(None, "sessions")
    is_sample: bool = False

    @property
    def is_known(self) -> bool:
        return self.status in (MEASURED, DERIVED)


@dataclass(frozen=True)
class SignalFinding:
    """One frustration signal of the whole site, over the days that tell it."""

    signal: str
    count: Quantity
    rate: Rate
    day_count: int


@dataclass(frozen=True)
class DeviceFinding:
    """One signal on one page and device class. `untold_days`: days of which its count or its sessions are unknown."""

    device: str | None
    count: Quantity
    rate: Rate
    untold_days: int = 0


@dataclass(frozen=True)
class PageFinding:
    """One signal on one page (None: sessions without a page), by device."""

    page: str | None
    count: Quantity
    devices: tuple[DeviceFinding, ...]


@dataclass(frozen=True)
class PageRanking:
    """The pages with most of one signal. `page_count` and `total` are of all pages that have any."""

    signal: str
    pages: tuple[PageFinding, ...]
    page_count: Quantity
    total: Quantity


@dataclass(frozen=True)
class WeeklyOverview:
    """One week of one project: what is known of its days, and what they tell."""

    project_id: str
    monday: date
    made_at: datetime
    trend: tuple[Day, ...]
    sessions: Quantity
    sessions_day_count: int
    bot_sessions: Quantity
    signals: tuple[SignalFinding, ...]
    page_days: tuple[Day, ...]
    rankings: tuple[PageRanking, ...]

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=DAYS_A_WEEK - 1)

    @property
    def days(self) -> tuple[Day, ...]:
        """The week's seven days: the last ones of the trend."""
        return self.trend[-DAYS_A_WEEK:]

    @property
    def known_days(self) -> tuple[Day, ...]:
        return tuple(day for day in self.days if day.is_known)

    @property
    def has_signals(self) -> bool:
        """Whether any day tells any signal of the site."""
        return any(found.day_count for found in self.signals)

    @property
    def status_counts(self) -> dict[str, int]:
        """Status -> how many of the seven days have it; those with none are left out."""
        counts = Counter(day.status for day in self.days)
        return {status: counts[status] for status in STATUSES if counts[status]}

    @property
    def coverage(self) -> Quantity:
        """Share of the week's hours that the windows used cover."""
        return Quantity(sum(day.coverage.value or 0 for day in self.days) / DAYS_A_WEEK, "share of the week")
