"""Values of a trace in, printable pieces of text out: one line each, shortened, in columns that fit a terminal."""

import textwrap
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from clarity_assets.reports.figures import Where
from clarity_assets.reports.rendering.texts import printable, shorten

WIDTH = 100
CELL = 44  # a longer text keeps its beginning and its end
LEAST_CELL = 8

STATISTICS = {
    "value": "the measure over its rows",
    "change": "ratio to the baseline by weekday, day by day (statistics/change.py); below, the plain quotient",
    "ratio": "the measure of its rows against that of others, on the same days",
    "trend": "percent a week by a log-linear fit with a weekday pattern (statistics/trend.py)",
    "series": "the measure day by day, as a line of a chart; below, over all of its days",
    "median": "that of the rows in place of the mean; below, the mean",
    "forecast": "by statistics.forecast (level and weekday pattern, or last week's same days where that does better)",
}
"""How each statistic is made, in words."""


def shown(value: object, *, length: int = CELL) -> str:
    """A value as one printable line; NULL and the empty text are told apart."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return shorten(printable(str(value)), length=length) or "''"


def number(value: float | None) -> str:
    """Such as `5,829`, `2.95944` or `unknown`."""
    if value is None:
        return "unknown"
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.2f}" if abs(value) >= 1000 else f"{value:.6g}"


def instant(value: datetime | None) -> str:
    return f"{value:%Y-%m-%d %H:%M} UTC" if value else "unknown"


def span(start: date, end: date) -> str:
    """Such as `2026-10-05 to 2026-10-11 (7 days)`."""
    days = (end - start).days
    return f"{start}" if days == 1 else f"{start} to {end - timedelta(days=1)} ({days} days)"


def conditions(where: Where) -> str:
    """Such as `device = Mobile, page = NULL`."""
    return ", ".join(f"{printable(column)} = {shown(value, length=70)}" for column, value in where) or "all rows"


def wrapped(text: str, *, indent: str = "  ", later: str | None = None) -> list[str]:
    """Lines of at most WIDTH columns."""
    later = indent if later is None else later
    return textwrap.wrap(printable(text), WIDTH, initial_indent=indent, subsequent_indent=later)


def table(names: Sequence[str], rows: Sequence[Sequence[object]], *, indent: str = "    ") -> list[str]:
    """Rows under their names; the widest columns give way until a line fits. Texts left, numbers right."""
    cells = [[shown(value) for value in row] for row in rows]
    is_number = [all(isinstance(row[i], int | float) or row[i] is None for row in rows) for i in range(len(names))]
    widths = [max(len(line[i]) for line in [list(names), *cells]) for i in range(len(names))]
    room = WIDTH - len(indent)
    while sum(widths) + 2 * (len(widths) - 1) > room and max(widths) > LEAST_CELL:
        widths[widths.index(max(widths))] -= 1

    def line(values: Sequence[str]) -> str:
        short = [shorten(value, length=width) for value, width in zip(values, widths, strict=True)]
        set_ = [v.rjust(w) if right else v.ljust(w) for v, w, right in zip(short, widths, is_number, strict=True)]
        return (indent + "  ".join(set_))[:WIDTH].rstrip()

    return [line(names), *(line(row) for row in cells)]
