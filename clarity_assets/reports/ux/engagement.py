"""Facts in; the section on engagement out: time, pages per session and scroll depth, by device and by content type."""

import math

from clarity_assets.reports.document import (
    Bar,
    BarChart,
    Chart,
    Column,
    Finding,
    Name,
    Section,
    Sentence,
    Table,
    TrendChart,
)
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.marts import ENGAGEMENT, PAGE, SITE, Total
from clarity_assets.reports.measures import MEASURES
from clarity_assets.reports.period import Period
from clarity_assets.reports.rendering.numbers import number_text
from clarity_assets.reports.ux.findings import change_finding, named_changes
from clarity_assets.reports.ux.shared import (
    DEVICE,
    ENOUGH_SESSIONS,
    MOST_FINDINGS,
    OF_SITE,
    Read,
    against_cell,
    against_column,
    change_cells,
    change_columns,
    no_sessions,
    nothing_known,
    of_days,
    plain,
    said,
)
from clarity_assets.reports.ux.weeks import by_day, four_weeks_start

TIME, ACTIVE, PAGES, SCROLL = "total_time_s", "active_time_s", "pages_per_session", "scroll_depth_pct"
COMPARED = (TIME, PAGES, SCROLL)
MOST_DEVICES = 3

CANNOT_TELL = (
    "How many sessions lasted longer than 30 s: the export has the mean time of all sessions alone.",
    "Whether a visitor came back: the export counts visitors of a day and does not tell them apart.",
)


def engagement(facts: Facts, read: Read) -> Section:
    """Total and active time, pages per session and scroll depth: of the site by day, by device, by content type."""
    site, devices = read.site, read.devices
    of_what = {"request": "base", "what": "Numbers of the whole site"}
    notes = of_days(facts, facts.days, **of_what)
    if not site.value("sessions"):
        note = no_sessions(facts) if read.is_site_known else nothing_known(facts, **of_what)
        return Section("engagement", "Engagement", notes=(note,), cannot_tell=CANNOT_TELL)
    blocks = [
        _site_table(facts, site), *_site_trend(facts), _device_table(facts, devices), *_device_trend(facts, devices),
        *_content_types(facts),
    ]  # fmt: skip
    return Section("engagement", "Engagement", _findings(facts, site), tuple(blocks), notes, CANNOT_TELL)


def _findings(facts: Facts, site: Total) -> tuple[Finding, ...]:
    """How long and how far sessions went; then what changed, of the site first."""
    text = "A session lasts {time} on average, {active} of it active, and scrolls to {scroll} of a page."
    level = Finding(TIME, {}, Sentence(text, {"time": site[TIME], "active": site[ACTIVE], "scroll": site[SCROLL]}),
                    sessions=site["sessions"])  # fmt: skip
    changed = named_changes(facts, SITE, COMPARED)
    changed += named_changes(facts, ENGAGEMENT, COMPARED, **DEVICE)
    found = [change_finding(facts, *pair) for pair in changed[: MOST_FINDINGS - 1]]
    return (level, *(found or [_quiet(facts)]))


def _quiet(facts: Facts) -> Finding:
    compared = [facts.compared(SITE, measure) for measure in COMPARED]
    if all(one.before.value is None and one.four_weeks.value is None for one in compared):
        return plain(TIME, "There are too few days before to tell whether engagement changed.")
    return plain(TIME, "No change is shown in engagement time, pages per session or scroll depth, on any device.")


# --- tables -------------------------------------------------------------------------------------------------------


def _site_table(facts: Facts, site: Total) -> Table:
    before, after = change_columns(facts)
    earlier = facts.marts.totals(SITE, OF_SITE, period=facts.period.four_weeks_before)[0]
    columns = (
        Column("Measure"),
        Column(f"This {facts.period.noun}", True),
        Column("Four weeks before", True),
        before,
        after,
    )
    rows = [(MEASURES[name].title, site[name], earlier[name], *change_cells(facts, SITE, name)) for name in OF_SITE]
    note = "Times are means of sessions without bots. Pages per session include bots."
    return Table("engagement_site", "Engagement on the whole site", columns, tuple(rows), note)


def _device_table(facts: Facts, devices: list[Total]) -> Table:
    columns = (
        Column("Device"), Column("Sessions", True), Column("Engagement time", True), Column("Active time", True),
        Column("Pages per session", True, "Bots included."), Column("Scroll depth", True),
        against_column("the other devices, time"), Column("Time, against the four weeks before", True),
    )  # fmt: skip
    rows = tuple(
        (
            Name(line.keys["segment"], "device"), line["sessions"], line[TIME], line[ACTIVE], line[PAGES], line[SCROLL],
            against_cell(facts.contrasts.of(ENGAGEMENT, TIME, **DEVICE, **line.keys)),
            change_cells(facts, ENGAGEMENT, TIME, **DEVICE, **line.keys)[1],
        )
        for line in devices
    )  # fmt: skip
    return Table("engagement_devices", "Engagement by device", columns, rows)


def _content_types(facts: Facts) -> list[Table | Chart]:
    """What kinds of pages hold people; nothing where no page is known."""
    lines = facts.marts.totals(PAGE, ("sessions", TIME, ACTIVE, SCROLL), by=("content_type",))
    told = [line for line in lines if line.value("sessions") > 0 and line.keys["content_type"] is not None]
    if not told:
        return []
    names = [Name(line.keys["content_type"], "content type") for line in told]
    columns = (
        Column("Content type", False, "By the rules of content_type_rules, from the page's path."),
        Column("Sessions on its pages", True, "A session counts once on each page of the type."),
        Column("Engagement time", True, "Mean on a page of the type."), Column("Active time", True),
        Column("Scroll depth", True),
    )  # fmt: skip
    rows = tuple(
        (name, line["sessions"], line[TIME], line[ACTIVE], line[SCROLL]) for name, line in zip(names, told, strict=True)
    )
    table = Table("engagement_content_types", "Engagement by content type", columns, rows)
    shown = [
        (name, line[TIME]) for name, line in zip(names, told, strict=True) if line.value("sessions") >= ENOUGH_SESSIONS
    ]
    shown = sorted((pair for pair in shown if pair[1].value is not None), key=lambda pair: -pair[1].value)
    if len(shown) < 2:
        return [table]
    (longest, most), (shortest, least) = shown[0], shown[-1]
    summary = (f"From {said(most)} on a page of type {said(longest)} to {said(least)} on one of type {said(shortest)}. "
               "Whiskers are 95 % intervals.")  # fmt: skip
    bars = tuple(
        Bar(name, figure.value, low=figure.low, high=figure.high, source=figure.source) for name, figure in shown
    )
    return [BarChart("engagement_content_type_times", "Engagement time by content type", summary, "s", bars), table]


# --- trends -------------------------------------------------------------------------------------------------------


def _site_trend(facts: Facts) -> list[TrendChart]:
    series = facts.marts.series(
        SITE, [TIME, ACTIVE], keys=[()], start=four_weeks_start(facts.period), end=facts.period.end
    )
    lines = {"Engagement time": series[TIME][()], "Active time": series[ACTIVE][()]}
    span = Period(four_weeks_start(facts.period), facts.period.end)
    names = zip(lines, (TIME, ACTIVE), strict=True)
    sources = {label: facts.marts.source(SITE, measure, {}, span) for label, measure in names}
    return _trend(facts, lines, "engagement_trend", "Engagement time by day", request="base", sources=sources)


def _device_trend(facts: Facts, devices: list[Total]) -> list[TrendChart]:
    large = [line.keys["segment"] for line in devices if line.value("sessions") >= ENOUGH_SESSIONS][:MOST_DEVICES]
    if not large:
        return []
    series = facts.marts.series(
        ENGAGEMENT, [TIME], by=("segment",), where=DEVICE, keys=[(device,) for device in large],
        start=four_weeks_start(facts.period), end=facts.period.end,
    )[TIME]  # fmt: skip
    lines = {said(Name(device, "device")): series[device,] for device in large}
    title = "Engagement time by day and device"
    span = Period(four_weeks_start(facts.period), facts.period.end)
    sources = {
        said(Name(device, "device")): facts.marts.source(ENGAGEMENT, TIME, DEVICE | {"segment": device}, span)
        for device in large
    }
    return _trend(facts, lines, "engagement_device_trend", title, request="device", sources=sources, is_split=True)


def _trend(
    facts: Facts, series: dict, name: str, title: str, *, request: str, sources: dict, is_split: bool = False
) -> list[TrendChart]:
    """The chart of daily means, with what each line did in the summary; none with fewer than two known days."""
    trend = by_day(facts, series, measure=TIME, request=request, sources=sources)
    told = {line.label: [v for v in line.values if v is not None] for line in trend.lines}
    if max(map(len, told.values())) < 2:
        return []
    spans = "; ".join(f"{label} {number_text(math.floor(min(v)))} to {number_text(math.ceil(max(v)))} s"
                      for label, v in told.items() if v)  # fmt: skip
    known = len(trend.dates) - len(trend.lost)
    summary = f"On {known} known of {len(trend.dates)} days: {spans} a session."
    return [
        TrendChart(name, title, summary, "s", trend.dates, trend.lines, trend.lost, trend.marked, is_split=is_split)
    ]
