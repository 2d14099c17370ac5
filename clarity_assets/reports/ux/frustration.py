"""Facts in; the section on frustration out: which pages and devices stand out, what changed, and by how much."""

from clarity_assets.reports.document import Finding, Section, TrendChart
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.marts import FRUSTRATION, PAGE, SIGNAL, SITE
from clarity_assets.reports.measures import SIGNAL_TITLES
from clarity_assets.reports.period import Period
from clarity_assets.reports.rendering.numbers import number_text
from clarity_assets.reports.ux.findings import (
    RATE,
    by_excess,
    change_finding,
    difference_finding,
    named_changes,
    worse_signals,
)
from clarity_assets.reports.ux.shared import MOST_FINDINGS, Read, first_of, of_days, plain
from clarity_assets.reports.ux.signal_tables import (
    BROWSER,
    browser_table,
    heat_chart,
    page_tables,
    pair_chart,
    pair_tables,
    read_pairs,
    site_table,
)
from clarity_assets.reports.ux.weeks import by_week, first_monday

SIGNALS = ("rage_click", "dead_click", "quick_back", "excessive_scroll", "script_error")
"""What this section finds; error clicks, and errors of the whole site, are told under usability."""

CANNOT_TELL = (
    "Which element was clicked: the export tells pages and devices alone. Clarity's heatmaps and recordings show it.",
    "What a single session or person met: the export has totals alone. Filter Clarity's recordings by the signal.",
)


def frustration(facts: Facts, read: Read) -> Section:
    """Rage and dead clicks by page and device, pages by signal, quick backs by week, scrolling and script errors."""
    blocks = []
    if read.is_site_known:
        signals = tuple(SIGNAL_TITLES)
        blocks.append(site_table(facts, read.site, "frustration_site", "Signals on the whole site", signals=signals))
    for signal in ("rage_click", "dead_click"):
        pairs = read_pairs(facts, signal)
        if pairs:
            blocks += [pair_chart(signal, pairs), *pair_tables(facts, signal, pairs)]
    blocks += [block for block in (heat_chart(read.pages), quick_back_trend(facts)) if block]
    for signal in ("excessive_scroll", "script_error"):
        blocks += page_tables(facts, signal, read.pages, section="frustration")
    blocks += browser_table(facts)
    return Section(
        "frustration", "Frustration", _findings(facts), tuple(blocks),
        of_days(facts, facts.page_days, request="url_device", what="Pages"), CANNOT_TELL,
    )  # fmt: skip


def quick_back_trend(facts: Facts) -> TrendChart | None:
    """Share of sessions with quick backs by week; None with fewer than two weeks."""
    rate = f"quick_back{RATE}"
    series = facts.marts.series(SITE, [rate], start=first_monday(facts.period), end=facts.period.end, keys=[()])[rate]
    source = facts.marts.source(SITE, rate, {}, Period(first_monday(facts.period), facts.period.end))
    trend = by_week(facts, {"Quick backs": series[()]}, measure=rate, sources={"Quick backs": source})
    if len(trend.known) < 2:
        return None
    least, most, newest = (number_text(value, 1) for value in (min(trend.known), max(trend.known), trend.known[-1]))
    return TrendChart(
        "frustration_quick_back_trend", "Quick backs by week",
        f"In {len(trend.known)} known weeks, {least} to {most} % of sessions had quick backs (a page left again at "
        f"once for the one before; this is no bounce); {newest} % in the newest.",
        "% of sessions", trend.dates, trend.lines, trend.lost, trend.marked, decimals=1,
    )  # fmt: skip


def _findings(facts: Facts) -> tuple[Finding, ...]:
    errors = facts.contrasts.all(SIGNAL, "affected_session_rate", **BROWSER)
    worse = by_excess([*worse_signals(facts, SIGNALS), *(d for d in errors if d.is_worse)])
    rates = [f"{signal}{RATE}" for signal in SIGNALS]
    changed = named_changes(facts, SITE, [rate for rate in rates if "error" not in rate])
    changed += [pair for signal in SIGNALS
                for pair in named_changes(facts, FRUSTRATION, ["affected_session_rate"], signal=signal)]  # fmt: skip
    changed += named_changes(facts, PAGE, rates)
    changed += named_changes(facts, SIGNAL, ["affected_session_rate"], **BROWSER)
    changed.sort(key=lambda pair: pair[1].is_good is not False)
    found = first_of(
        [difference_finding(facts, difference) for difference in worse[:MOST_FINDINGS]],
        [change_finding(facts, *pair) for pair in changed[:MOST_FINDINGS]],
    )
    return found if worse else (*found, _quiet(facts))[:MOST_FINDINGS]


def _quiet(facts: Facts) -> Finding:
    """What is said where no page stands out."""
    tested = [d for d in facts.contrasts.all(FRUSTRATION, "affected_session_rate") if d.p_adjusted is not None]
    text = "No page has more frustration than the others by more than chance, on any device."
    if not tested:
        text = "Too little is known to tell whether a page has more frustration than the others."
    return plain("affected_session_rate", text)
