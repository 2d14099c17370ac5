"""Facts and a signal in; its table by page and device, by page, by browser and for the site, and its chart, out."""

from collections.abc import Sequence

from clarity_assets.reports.document import Bar, BarChart, Column, HeatChart, Name, Part, Table
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.figures import Figure
from clarity_assets.reports.marts import FRUSTRATION, PAGE, SIGNAL, SITE, Total
from clarity_assets.reports.measures import SIGNAL_TITLES
from clarity_assets.reports.rendering.numbers import number_text
from clarity_assets.reports.ux.shared import (
    DEVICE_COLUMN,
    LONG_ROWS,
    PAGE_COLUMN,
    PAGE_SESSIONS,
    SHOWN_ROWS,
    against_cell,
    against_column,
    change_cells,
    change_columns,
    page_name,
    said,
)

CHART_PAGES = 8
HEAT_PAGES = 12
BROWSER = {"dimension": "browser", "signal": "script_error"}
Rows = tuple[tuple[Part, ...], ...]
MEASURES_OF_PAIRS = ("count", "sessions", "affected_sessions", "affected_session_rate")


def read_pairs(facts: Facts, signal: str) -> list[Total]:
    """Pages by device that have the signal, most occurrences first."""
    return facts.marts.totals(
        FRUSTRATION, MEASURES_OF_PAIRS, by=("page", "device"), where={"signal": signal}, top=LONG_ROWS,
        at_least={"count": 1},
    )  # fmt: skip


# --- pages by device ----------------------------------------------------------------------------------------------


def pair_tables(facts: Facts, signal: str, pairs: Sequence[Total]) -> tuple[Table, ...]:
    """The pages by device with most of the signal; all of them in a long table where there are more."""
    title, name = SIGNAL_TITLES[signal], f"frustration_{signal}_pages"
    columns = (
        PAGE_COLUMN, DEVICE_COLUMN, Column(title, True), PAGE_SESSIONS,
        Column(f"Sessions with {title.lower()}", True, "Share of the sessions on the page, with its 95 % interval."),
        against_column("the other pages on the device"), *change_columns(facts, "the share"),
    )  # fmt: skip
    rows = tuple(_pair_row(facts, signal, line) for line in pairs)
    return tables_of(name, f"{title}: top pages by device", columns, rows)


def tables_of(
    name: str, title: str, columns: tuple[Column, ...], rows: tuple[tuple[Part, ...], ...]
) -> tuple[Table, ...]:
    """The first rows as a table; all of them as a long one where there are more."""
    short = Table(name, title, columns, rows[:SHOWN_ROWS])
    if len(rows) <= SHOWN_ROWS:
        return (short,)
    return (short, Table(f"{name}_all", title.replace(": top", ": more"), columns, rows, is_long=True))


def _pair_row(facts: Facts, signal: str, line: Total) -> tuple[Part, ...]:
    where = {"signal": signal, **line.keys}
    return (
        page_name(line), Name(line.keys["device"], "device"), line["count"], line["sessions"],
        line["affected_session_rate"],
        against_cell(facts.contrasts.of(FRUSTRATION, "affected_session_rate", **where)),
        *change_cells(facts, FRUSTRATION, "affected_session_rate", **where),
    )  # fmt: skip


def pair_chart(signal: str, pairs: Sequence[Total]) -> BarChart:
    """Occurrences on the pages with most of them, stacked by device."""
    by_page: dict[str | None, list[Total]] = {}
    for line in pairs:
        by_page.setdefault(line.keys["page"], []).append(line)
    pages = sorted(by_page.values(), key=lambda lines: -sum(line.value("count") for line in lines))[:CHART_PAGES]
    devices = list(dict.fromkeys(line.keys["device"] for line in pairs))
    bars = tuple(
        Bar(
            page_name(line), line.value("count"), said(Name(line.keys["device"], "device")), source=line["count"].source
        )
        for lines in pages
        for line in sorted(lines, key=lambda line: devices.index(line.keys["device"]))
    )
    title, most = SIGNAL_TITLES[signal], pages[0]
    total = Figure(sum(line.value("count") for line in most), title.lower())
    summary = f"{said(page_name(most[0]))} has most: {said(total)}"
    if len(most) > 1:
        summary += f", {number_text(most[0].value('count'))} of them on {said(Name(most[0].keys['device'], 'device'))}"
    return BarChart(
        f"frustration_{signal}_chart",
        f"{title} by page and device",
        f"{summary}.",
        title.lower(),
        bars,
        is_stacked=True,
    )


# --- pages --------------------------------------------------------------------------------------------------------


def page_tables(facts: Facts, signal: str, pages: Sequence[Total], *, section: str) -> tuple[Table, ...]:
    """Pages with most of a signal, all devices together; no table where no page has it."""
    told = [line for line in pages if line.value(f"{signal}_count") > 0]
    if not told:
        return ()
    told.sort(key=lambda line: -line.value(f"{signal}_count"))
    title, rate = SIGNAL_TITLES[signal], f"{signal}_session_rate"
    columns = (
        PAGE_COLUMN, Column(title, True), PAGE_SESSIONS, Column(f"Sessions with {title.lower()}", True),
        against_column("the other pages"), *change_columns(facts, "the share"),
    )  # fmt: skip
    rows = tuple(
        (
            page_name(line), line[f"{signal}_count"], line["sessions"], line[rate],
            against_cell(facts.contrasts.of(PAGE, rate, **line.keys)), *change_cells(facts, PAGE, rate, **line.keys),
        )
        for line in told
    )  # fmt: skip
    return tables_of(f"{section}_{signal}_pages", f"{title}: top pages", columns, rows)


def heat_chart(pages: Sequence[Total]) -> HeatChart | None:
    """Share of sessions with each signal, on the pages with most affected sessions; None where no page has any."""
    rates = [f"{signal}_session_rate" for signal in SIGNAL_TITLES]
    affected = {id(line): line.value("sessions") * sum(line.value(rate) for rate in rates) for line in pages}
    shown = sorted((line for line in pages if affected[id(line)] > 0), key=lambda line: -affected[id(line)])[
        :HEAT_PAGES
    ]
    if not shown:
        return None
    top, rate, signal = max(
        ((line, rate, signal) for line in shown for rate, signal in zip(rates, SIGNAL_TITLES, strict=True)),
        key=lambda cell: cell[0].value(cell[1]),
    )
    return HeatChart(
        "frustration_heat", "Pages by signal",
        f"Share of each page's sessions with each signal, on the {len(shown)} pages with most affected sessions. "
        f"The highest: {SIGNAL_TITLES[signal].lower()} on {said(page_name(top))}, {said(top[rate])} of sessions.",
        "% of sessions", tuple(page_name(line) for line in shown), tuple(SIGNAL_TITLES.values()),
        tuple(tuple(line[rate].value for rate in rates) for line in shown),
        sources=tuple(tuple(line[rate].source for rate in rates) for line in shown),
    )  # fmt: skip


# --- browsers and the site ----------------------------------------------------------------------------------------


def browser_table(facts: Facts) -> tuple[Table, ...]:
    """Script errors by browser, most first; no table where there are none."""
    lines = facts.marts.totals(SIGNAL, MEASURES_OF_PAIRS, by=("segment",), where=BROWSER, top=SHOWN_ROWS)
    told = [line for line in lines if line.value("sessions") > 0]
    if not any(line.value("count") for line in told):
        return ()
    columns = (
        Column("Browser"), Column("Script errors", True), Column("Sessions", True, "Without bots."),
        Column("Sessions with script errors", True), against_column("the other browsers"),
        *change_columns(facts, "the share"),
    )  # fmt: skip
    rows = tuple(
        (
            Name(line.keys["segment"], "browser"), line["count"], line["sessions"], line["affected_session_rate"],
            against_cell(facts.contrasts.of(SIGNAL, "affected_session_rate", **BROWSER, **line.keys)),
            *change_cells(facts, SIGNAL, "affected_session_rate", **BROWSER, **line.keys),
        )
        for line in told
    )  # fmt: skip
    return (Table("frustration_script_error_browsers", "Script errors by browser", columns, rows),)


def site_table(facts: Facts, line: Total, name: str, title: str, *, signals: Sequence[str]) -> Table:
    """A row for each signal: how often, in how many sessions, and what changed; `line`: the site's totals."""
    columns = (
        Column("Signal"), Column("Occurrences", True), Column("Affected sessions", True, "A session counts once."),
        Column("Share of sessions", True), *change_columns(facts, "the share"),
    )  # fmt: skip
    rows = tuple(
        (
            SIGNAL_TITLES[signal], line[f"{signal}_count"], line[f"{signal}_sessions"], line[f"{signal}_session_rate"],
            *change_cells(facts, SITE, f"{signal}_session_rate"),
        )
        for signal in signals
    )  # fmt: skip
    return Table(name, title, columns, rows)
