"""Facts in; the section on usability out: errors, pages that are little scrolled, long and short engagement time."""

from collections.abc import Sequence

from clarity_assets.reports.contrasts import Difference
from clarity_assets.reports.document import Bar, BarChart, Column, Finding, Section, Sentence, Table
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.marts import PAGE, SITE, Total
from clarity_assets.reports.ux.findings import (
    RATE,
    by_excess,
    change_finding,
    difference_finding,
    named_changes,
    worse_signals,
)
from clarity_assets.reports.ux.shared import (
    ENOUGH_SESSIONS,
    MOST_FINDINGS,
    PAGE_COLUMN,
    PAGE_SESSIONS,
    READ_PAGES,
    SHOWN_ROWS,
    Read,
    against_cell,
    against_column,
    change_cells,
    change_columns,
    first_of,
    of_days,
    page_name,
    plain,
    said,
)
from clarity_assets.reports.ux.signal_tables import page_tables, site_table

ERRORS = ("script_error", "error_click")
SCROLL, TIME = "scroll_depth_pct", "total_time_s"
EACH_END = 5  # pages with the longest and with the shortest engagement time
NOTE = (
    f"Pages with {ENOUGH_SESSIONS} sessions or more, of the {READ_PAGES} busiest. Pages have different jobs: low is "
    "not always bad."
)

CANNOT_TELL = (
    "What share of sessions reached the bottom of a page: the export has the mean scroll depth alone. Clarity's scroll "
    "heatmaps show how far people get.",
    "What the text of a script error was: the export counts errors. Clarity's dashboard lists them.",
)


def usability(facts: Facts, read: Read) -> Section:
    """Errors with their rate and change, the least scrolled pages, pages with most and least engagement time."""
    blocks = []
    if read.is_site_known:
        blocks.append(site_table(facts, read.site, "usability_errors", "Errors on the whole site", signals=ERRORS))
    blocks += page_tables(facts, "error_click", read.pages, section="usability")
    enough = [line for line in read.pages if line.value("sessions") >= ENOUGH_SESSIONS]
    notes = of_days(facts, facts.page_days, request="url_device", what="Pages")
    if enough:
        blocks += _scroll(facts, enough) + _times(facts, enough)
    elif read.pages:
        notes += (
            Sentence(f"No page has {ENOUGH_SESSIONS} sessions: too few to hold the means of pages side by side."),
        )
    return Section("usability", "Usability", _findings(facts), tuple(blocks), notes, CANNOT_TELL)


# --- scroll depth and time ----------------------------------------------------------------------------------------


def _scroll(facts: Facts, pages: Sequence[Total]) -> list[Table]:
    told = sorted((line for line in pages if line[SCROLL].value is not None), key=lambda line: line.value(SCROLL))
    title = Column("Scroll depth", True, "Mean of the page's sessions, 100 % is the bottom; with its 95 % interval.")
    return (
        [_table(facts, "usability_scroll", "Pages scrolled least", told[:SHOWN_ROWS], SCROLL, [title])] if told else []
    )


def _times(facts: Facts, pages: Sequence[Total]) -> list[Table | BarChart]:
    told = sorted((line for line in pages if line[TIME].value is not None), key=lambda line: -line.value(TIME))
    longest, shortest = (
        told[: min(EACH_END, (len(told) + 1) // 2)],
        told[max(len(told) - EACH_END, (len(told) + 1) // 2) :],
    )
    titles = [Column("Engagement time", True, "Mean of the page's sessions, with its 95 % interval."),
              Column("Active time", True, "Of it, with the page in use.")]  # fmt: skip
    blocks: list[Table | BarChart] = []
    if told:
        blocks.append(_time_chart(longest, shortest))
        blocks.append(_table(facts, "usability_longest", "Longest engagement time", longest, TIME, titles))
    if shortest:
        shortest = shortest[::-1]
        blocks.append(_table(facts, "usability_shortest", "Shortest engagement time", shortest, TIME, titles))
    return blocks


def _table(
    facts: Facts, name: str, title: str, lines: Sequence[Total], measure: str, columns: Sequence[Column]
) -> Table:
    measures = (measure,) if measure == SCROLL else (measure, "active_time_s")
    heads = (PAGE_COLUMN, PAGE_SESSIONS, *columns, against_column("the other pages"), *change_columns(facts))
    rows = tuple(
        (
            page_name(line), line["sessions"], *(line[one] for one in measures),
            against_cell(facts.contrasts.of(PAGE, measure, **line.keys)),
            *change_cells(facts, PAGE, measure, **line.keys),
        )
        for line in lines
    )  # fmt: skip
    return Table(name, title, heads, rows, NOTE)


def _time_chart(longest: Sequence[Total], shortest: Sequence[Total]) -> BarChart:
    bars = tuple(
        Bar(page_name(line), line.value(TIME), low=line[TIME].low, high=line[TIME].high, source=line[TIME].source)
        for line in (*longest, *shortest)
    )
    summary = f"Longest on {said(page_name(longest[0]))}, {said(longest[0][TIME])} a session"
    if shortest:
        summary += f"; shortest on {said(page_name(shortest[-1]))}, {said(shortest[-1][TIME])}"
    return BarChart("usability_time", "Engagement time by page: both ends", f"{summary}. Whiskers are 95 % intervals.",
                    "s", bars)  # fmt: skip


# --- findings -----------------------------------------------------------------------------------------------------


def _findings(facts: Facts) -> tuple[Finding, ...]:
    shallow = [d for d in facts.contrasts.all(PAGE, SCROLL) if d.is_worse]
    worse = worse_signals(facts, ["error_click"]) + by_excess(shallow)
    times = [d for d in facts.contrasts.all(PAGE, TIME) if d.is_named]  # highest ratio first
    ends = times[:1] + times[1:][-1:]
    changed = named_changes(facts, SITE, [f"{signal}{RATE}" for signal in ERRORS])
    changed += named_changes(facts, PAGE, [f"error_click{RATE}", SCROLL, TIME])
    changed.sort(key=lambda pair: pair[1].is_good is not False)
    differences = [difference_finding(facts, d) for d in (worse[: MOST_FINDINGS - len(ends)] + ends)]
    if not differences:
        differences = [_quiet(facts.contrasts.all(PAGE, SCROLL) + facts.contrasts.all(PAGE, TIME))]
    return first_of(differences, [change_finding(facts, *pair) for pair in changed[:MOST_FINDINGS]])


def _quiet(tested: Sequence[Difference]) -> Finding:
    """What is said where no page stands out."""
    if all(d.p_adjusted is None for d in tested):
        return plain(SCROLL, "Too little is known to tell whether a page's scroll depth or time differs.")
    return plain(SCROLL, "No page differs from the others by more than chance in error clicks, scroll depth or time.")
