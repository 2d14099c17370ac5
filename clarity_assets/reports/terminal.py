"""Findings in, plain text for a terminal out: no colours, no control characters, about 100 columns."""

import textwrap

from clarity_assets.reports import words
from clarity_assets.reports.findings import Day, PageRanking, WeeklyOverview

WIDTH = 100
BAR_WIDTH = 24


def render_text(overview: WeeklyOverview) -> str:
    """The report as lines of text."""
    head = f"Clarity weekly overview · {words.week_name(overview)} (UTC) · project {overview.project_id}"
    known = f"{words.status_counts(overview)}. The windows used cover {words.percent(overview.coverage)} of the week."
    lines = [head, "=" * len(head), "", *_wrapped(words.week_sentence(overview)), *_wrapped(known), ""]
    lines += [*_days(overview.days), *_signals(overview), *_pages(overview)]
    lines += ["", "What Clarity cannot tell", *(w for t in words.CANNOT_TELL for w in _wrapped(t, indent="  - "))]
    return "\n".join(lines) + "\n"


def _wrapped(text: str, *, indent: str = "") -> list[str]:
    later = " " * len(indent)
    return textwrap.wrap(words.printable(text), WIDTH, initial_indent=indent, subsequent_indent=later)


def _days(days: tuple[Day, ...]) -> list[str]:
    top = max((day.sessions.value or 0 for day in days), default=0) or 1
    lines = []
    for day in days:
        bar = "█" * round(BAR_WIDTH * (day.sessions.value or 0) / top)
        figures = f"{words.percent(day.coverage):>7}  {words.number(day.sessions):>11}"
        lines.append(f"  {words.day_name(day.date):<10}  {day.status:<10} {figures}  {bar}".rstrip())
        if day.cause or not day.is_known:
            lines += _wrapped(words.day_note(day), indent=" " * 14)
    return ["Sessions per day (status, share of the day covered, sessions without bots)", *lines, ""]


def _signals(overview: WeeklyOverview) -> list[str]:
    lines = ["Frustration signals of the whole site"]
    if not overview.has_signals:
        return [*lines, f"  {words.NO_SIGNALS}", ""]
    for found in overview.signals:
        figures = f"{words.number(found.count):>11}  {words.rate(found.rate):>8} per 100 sessions"
        basis = f"({words.fraction(found.rate)}; {found.day_count} of 7 days)"
        lines.append(f"  {words.SIGNAL_TITLES[found.signal]:<18} {figures}  {basis}")
    return [*lines, ""]


def _pages(overview: WeeklyOverview) -> list[str]:
    lines = ["Pages", *(w for line in words.page_basis(overview) for w in _wrapped(line, indent="  "))]
    for ranking in overview.rankings:
        lines += ["", f"  {words.SIGNAL_TITLES[ranking.signal]} by page and device",
                  *_wrapped(words.ranking_line(ranking, overview), indent="  "), *_ranking(ranking)]  # fmt: skip
    note = words.bounds_note(overview)
    return [*lines, "", *_wrapped(note, indent="  ")] if note else lines


def _ranking(ranking: PageRanking) -> list[str]:
    lines = []
    for page in ranking.pages:
        lines.append(f"    {words.page_name(page.page)}")
        for device in page.devices:
            note = words.device_note(device)
            lines.append(
                f"      {device.device or '(no device)':<10} {words.number(device.count):>8}"
                f"   {words.rate(device.rate)} per 100 sessions ({words.fraction(device.rate)})"
                f"{f'  [{note}]' if note else ''}"
            )
    return lines
