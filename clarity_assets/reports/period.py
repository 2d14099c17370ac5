"""First and last day in; the span that a report tells, and what it is compared with, out."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, Self

from clarity_assets.errors import RequestRefused

FOUR_WEEKS = timedelta(days=28)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTH_NAMES = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

Kind = Literal["week", "month", "range"]


@dataclass(frozen=True)
class Period:
    """UTC days [start, end). A `week` begins on Monday, a `month` on its first; a `range` is any other span."""

    start: date
    end: date
    kind: Kind = "range"

    @classmethod
    def week(cls, monday: date) -> Self:
        """The seven days from `monday`. Raises RequestRefused for another weekday."""
        if monday.weekday() != 0:
            raise RequestRefused(f"{monday} is a {WEEKDAYS[monday.weekday()]}; a week begins on Monday")
        return cls(monday, monday + timedelta(days=7), "week")

    @classmethod
    def month(cls, first: date) -> Self:
        """The month that `first` is the first day of. Raises RequestRefused for another day."""
        if first.day != 1:
            raise RequestRefused(f"{first} is not the first of its month; give {first.replace(day=1)}")
        return cls(first, _next_month(first), "month")

    @classmethod
    def span(cls, first: date, last: date) -> Self:
        """The days from `first` to `last`, both included: a week or a month where they are just that.

        Raises RequestRefused where `first` lies after `last`.
        """
        if first > last:
            raise RequestRefused(f"{first} lies after {last}; give the earlier day first")
        end = last + timedelta(days=1)
        if first.day == 1 and end == _next_month(first):
            return cls(first, end, "month")
        if first.weekday() == 0 and (end - first).days == 7:
            return cls(first, end, "week")
        return cls(first, end)

    @property
    def last(self) -> date:
        return self.end - timedelta(days=1)

    @property
    def day_count(self) -> int:
        return (self.end - self.start).days

    @property
    def dates(self) -> list[date]:
        return [self.start + timedelta(days=i) for i in range(self.day_count)]

    @property
    def before(self) -> "Period":
        """What comes just before: the week, the month, or as many days."""
        if self.kind == "month":
            return Period.month((self.start - timedelta(days=1)).replace(day=1))
        return Period(self.start - timedelta(days=self.day_count), self.start, self.kind)

    @property
    def four_weeks_before(self) -> "Period":
        """The 28 days before the first."""
        return Period(self.start - FOUR_WEEKS, self.start)

    @property
    def name(self) -> str:
        """Such as `Mon 5 Oct – Sun 11 Oct 2026`, or `October 2026`."""
        if self.kind == "month":
            return f"{MONTH_NAMES[self.start.month - 1]} {self.start.year}"
        if self.day_count == 1:
            return f"{day_name(self.start)} {self.start.year}"
        year = "" if self.start.year == self.last.year else f" {self.start.year}"
        return f"{day_name(self.start)}{year} – {day_name(self.last)} {self.last.year}"

    @property
    def slug(self) -> str:
        """Such as `2026-10-05` (a week), `2026-10` or `2026-10-05_2026-10-09`: for names of files."""
        if self.kind == "week":
            return f"{self.start}"
        return f"{self.start:%Y-%m}" if self.kind == "month" else f"{self.start}_{self.last}"

    @property
    def noun(self) -> str:
        """`week`, `month` or `period`."""
        return "period" if self.kind == "range" else self.kind


def newest_week(newest_day: date) -> Period:
    """The last week that is over on `newest_day` (the newest complete UTC day)."""
    sunday = newest_day - timedelta(days=(newest_day.weekday() + 1) % 7)
    return Period.week(sunday - timedelta(days=6))


def newest_month(newest_day: date) -> Period:
    """The last month that is over on `newest_day` (the newest complete UTC day)."""
    following = newest_day + timedelta(days=1)
    return Period.month((following.replace(day=1) - timedelta(days=1)).replace(day=1))


def day_name(day: date) -> str:
    """Such as `Tue 6 Oct`."""
    return f"{WEEKDAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]}"


def _next_month(first: date) -> date:
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1)
