"""Findings in, the words that every rendering of them shares out; and texts made safe to show."""

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date

from clarity_assets.reports.findings import (
    DAYS_A_WEEK,
    DERIVED,
    LOST,
    MEASURED,
    PENDING,
    UNRECORDED,
    Day,
    DeviceFinding,
    PageRanking,
    Quantity,
    Rate,
    WeeklyOverview,
)

UNKNOWN = "unknown"
NO_PAGE = "(sessions without a page)"
JOINERS = "\u200c\u200d"
SHOWN_PAGE_LENGTH = 100  # a longer name keeps its beginning and its end
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

STATUS_MEANING = {
    MEASURED: "one 24-hour window tells the day",
    DERIVED: "several windows, or finer figures, were combined to tell the day",
    PENDING: "not known yet, can still be asked",
    LOST: "can no longer be asked: the hours have left the 72 that Clarity keeps",
    UNRECORDED: "no row in the marts: before the collection began, or not run yet",
}
METHOD_MEANING = {
    "window": "one window",
    "difference": "a difference of windows",
    "rolled_up": "rolled up from finer figures",
}
SIGNAL_TITLES = {
    "rage_click": "Rage clicks",
    "dead_click": "Dead clicks",
    "quick_back": "Quick backs",
    "excessive_scroll": "Excessive scrolls",
    "script_error": "Script errors",
    "error_click": "Error clicks",
}
CANNOT_TELL = (
    "How many visitors the week had: Clarity tells distinct visitors of a window, and those of several days "
    "cannot be added up.",
    "Who was new and who came back.",
    "Which element was clicked: Clarity's export names the page; the recordings show the rest.",
    "Sessions of several pages together: one session sees many pages, so the sessions of pages do not add up.",
    "What happened in the hours outside the windows used (coverage below 100 %), and on lost days: nothing is "
    "filled in.",
    "Whether one week differs from another by more than chance: this report compares nothing.",
)
NO_SIGNALS = "Unknown: no day of the week tells them."
BOUNDS = (
    "“Up to”: several addresses make the page, so that a session may be counted more than once; the rate beside it is "
    "then the least that it can be."
)


# --- texts made safe ----------------------------------------------------------------------------------------------


def printable(text: str) -> str:
    """The text on one line, with control and direction-changing characters shown as `�` (emoji joiners stay)."""
    return "".join(
        "�" if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs") and c not in JOINERS else c for c in text
    )


def shorten(text: str, *, length: int = SHOWN_PAGE_LENGTH) -> str:
    """The text, or its beginning and end around `…` where it is longer."""
    if len(text) <= length:
        return text
    head = length * 2 // 3
    return f"{text[:head]}…{text[head + 1 - length :]}"


def page_name(page: str | None) -> str:
    """A page as it is shown: one printable line, shortened."""
    return NO_PAGE if page is None else shorten(printable(page)) or "(empty)"


def markdown_text(value: object) -> str:
    """A value as Markdown that shows it and does nothing else."""
    text = "" if value is None else printable(str(value))
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*_\[\]|~#])", r"\\\1", text)
    return text.replace("://", ":&#47;/").replace("www.", "www&#46;").replace("@", "&#64;")  # no links by themselves


def markdown_table(
    names: Sequence[str], rows: Iterable[Sequence], *, cell_length: int | None = SHOWN_PAGE_LENGTH
) -> str:
    """A Markdown table; every cell is escaped, and shortened where it is longer than `cell_length`."""

    def cell(value: object) -> str:
        text = "" if value is None else str(value)
        return markdown_text(shorten(text, length=cell_length) if cell_length else text)

    def line(cells: Iterable) -> str:
        return f"| {' | '.join(map(cell, cells))} |"

    return "\n".join([line(names), "|" + " --- |" * len(names), *(line(row) for row in rows)])


# --- numbers ------------------------------------------------------------------------------------------------------


def number(quantity: Quantity) -> str:
    """Such as `8,412`, `up to 812` or `unknown`."""
    if quantity.value is None:
        return UNKNOWN
    return f"{'up to ' if quantity.is_upper_bound else ''}{quantity.value:,.0f}"


def with_unit(quantity: Quantity) -> str:
    """Such as `8,412 sessions` or `1 session`."""
    unit = quantity.unit.removesuffix("s") if quantity.value == 1 else quantity.unit
    return f"{number(quantity)} {unit}"


def rate(found: Rate) -> str:
    """Such as `4.9`, or `at least 4.9` where the sessions are an upper bound."""
    if found.value is None:
        return UNKNOWN if found.numerator.value is None or found.denominator.value is None else "–"
    return f"{'at least ' if found.is_lower_bound else ''}{found.value:,.1f}"


def fraction(found: Rate) -> str:
    """Such as `40 in up to 812`."""
    return f"{number(found.numerator)} in {number(found.denominator)}"


def percent(share: Quantity) -> str:
    """A share (0-1) as percent; never rounded up to 100."""
    if share.value is None:
        return UNKNOWN
    shown = math.floor(share.value * 1000 + 1e-6) / 10
    return f"{shown:.0f} %" if shown == int(shown) else f"{shown:.1f} %"


def day_name(day: date) -> str:
    """Such as `Tue 6 Oct`."""
    return f"{WEEKDAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]}"


def week_name(overview: WeeklyOverview) -> str:
    """Such as `Mon 5 Oct - Sun 11 Oct 2026`."""
    return f"{day_name(overview.monday)} – {day_name(overview.sunday)} {overview.sunday.year}"


# --- sentences ----------------------------------------------------------------------------------------------------


def status_counts(overview: WeeklyOverview) -> str:
    """Such as `5 of 7 days are known: 4 measured, 1 derived, 1 pending, 1 lost`."""
    counts = ", ".join(f"{count} {status}" for status, count in overview.status_counts.items())
    known = len(overview.known_days)
    return f"{known} of {DAYS_A_WEEK} days {'is' if known == 1 else 'are'} known: {counts}"


def week_sentence(overview: WeeklyOverview) -> str:
    """The week in one sentence."""
    days = overview.sessions_day_count
    if not days:
        return f"Nothing is known of this week: {_counted(overview)}."
    on = "the only day" if days == 1 else f"all {days} days" if days == DAYS_A_WEEK else f"the {days} of 7 days"
    rage, dead = (
        with_unit(found.count) + (f" (on {found.day_count})" if found.day_count != days else "")
        for found in overview.signals[:2]
    )
    with_figures = "" if days == DAYS_A_WEEK else " with figures"
    return f"On {on}{with_figures}: {with_unit(overview.sessions)}, {rage} and {dead}."


def _counted(overview: WeeklyOverview) -> str:
    """Such as `6 days are lost and 1 is pending`, or `all 7 days are lost`."""
    counts = overview.status_counts.items()
    if len(counts) == 1:
        return "".join(f"all {count} days are {status}" for status, count in counts)
    parts = [f"{count} {'is' if count == 1 else 'are'} {status}" for status, count in counts]
    return f"of its {DAYS_A_WEEK} days, {', '.join(parts[:-1])} and {parts[-1]}"


def day_note(day: Day) -> str:
    """How the day is known, or why not."""
    if not day.is_known:
        return day.cause or STATUS_MEANING[day.status]
    how = METHOD_MEANING.get(day.method or "", "")
    return "; ".join(filter(None, [how, day.cause]))


def gaps(days: Iterable[Day]) -> list[str]:
    """The days that are not known, by name, with their cause; those of one cause together."""
    named: dict[tuple[str, str], list[str]] = {}
    for day in days:
        if not day.is_known:
            named.setdefault((day.status, day_note(day)), []).append(day_name(day.date))
    return [f"{', '.join(names)}: {status}: {note}" for (status, note), names in named.items()]


def page_basis(overview: WeeklyOverview) -> list[str]:
    """What the page figures rest on: how many days, which are missing and why, which are samples or partly covered."""
    days = overview.page_days
    known = [day for day in days if day.is_known]
    lines = [f"Page figures rest on {len(known)} of {DAYS_A_WEEK} days."]
    lines += [f"None for {gap}." for gap in gaps(days)]
    partly = [f"{day_name(d.date)} ({percent(d.coverage)})" for d in known if (d.coverage.value or 0) < 1]
    if partly:
        lines.append(f"Part of the day only: {', '.join(partly)}.")
    if samples := _sample_days(overview):
        lines.append(
            f"Sample: the answers of {samples} were cut at 1,000 rows and keep arbitrary pages, so a page may be "
            "missing and its numbers may be larger."
        )
    return lines


def ranking_line(ranking: PageRanking, overview: WeeklyOverview) -> str:
    """What the ranking is out of, and whether it rests on a sample."""
    unit, total = ranking.total.unit, with_unit(ranking.total)
    if not ranking.pages:
        known = any(day.is_known for day in overview.page_days)
        return f"No {unit} were told." if known else "Unknown: no day of the week has page figures."
    sample = f" Sample on {names}." if (names := _sample_days(overview)) else ""
    if len(ranking.pages) == ranking.page_count.value:
        return f"All pages with {unit}: {with_unit(ranking.page_count)}, {total}.{sample}"
    listed = Quantity(sum(page.count.value for page in ranking.pages), unit)
    pages = f"The first {len(ranking.pages)} of {with_unit(ranking.page_count)} with {unit}"
    return f"{pages}; they have {number(listed)} of {total}.{sample}"


def _sample_days(overview: WeeklyOverview) -> str:
    return ", ".join(day_name(day.date) for day in overview.page_days if day.is_known and day.is_sample)


def bounds_note(overview: WeeklyOverview) -> str:
    """What `up to` means; empty where the report does not say it."""
    devices = (device for ranking in overview.rankings for page in ranking.pages for device in page.devices)
    return BOUNDS if any(device.rate.denominator.is_upper_bound for device in devices) else ""


def device_note(device: DeviceFinding) -> str:
    """Of how many days this line is not fully told; empty where it is."""
    if not device.untold_days:
        return ""
    return f"{device.untold_days} day{'' if device.untold_days == 1 else 's'} not fully told"
