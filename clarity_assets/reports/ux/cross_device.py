"""Facts in; the section on devices side by side out, led by the one difference that is surest and largest."""

import math
from dataclasses import replace

from clarity_assets.reports.contrasts import Difference
from clarity_assets.reports.document import Bar, BarChart, Column, Finding, Name, Section, Sentence, Table, TrendChart
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.figures import Figure
from clarity_assets.reports.marts import ENGAGEMENT, FRUSTRATION, SIGNAL, TRAFFIC
from clarity_assets.reports.measures import MEASURES, SIGNAL_TITLES
from clarity_assets.reports.period import Period
from clarity_assets.reports.rendering.numbers import number_text
from clarity_assets.reports.ux.findings import change_finding, difference_finding, named_changes, signal_of
from clarity_assets.reports.ux.shared import (
    DEVICE,
    ENOUGH_SESSIONS,
    MOST_FINDINGS,
    Read,
    change_cells,
    change_columns,
    first_of,
    no_sessions,
    nothing_known,
    of_days,
    plain,
    said,
)
from clarity_assets.reports.ux.weeks import by_week, first_monday

MOST_DEVICES = 5
MOST_OF_IT = 2 / 3  # of the affected sessions beyond the others' rate
SHOWN_SESSIONS = 30  # a device with fewer shows nothing but chance; it is named below the table
RATE = "affected_session_rate"
OF_ENGAGEMENT = ("total_time_s", "active_time_s", "pages_per_session", "scroll_depth_pct")
CANNOT_TELL = ("Whether one person came with two devices: the export has totals of each device, no persons.",)

Values = dict[str, dict[str | None, Figure]]
"""Figures by the title of their row and by device."""


def cross_device(facts: Facts, read: Read) -> Section:
    """The signals and engagement of each device side by side, their weeks in small pictures, and what differs."""
    values = _values(facts, read)
    devices = _devices(values)
    notes = of_days(facts, read.device_days, request="device", what="Devices")
    if not devices:
        is_known = any(day.is_known for day in read.device_days)
        note = no_sessions(facts) if is_known else nothing_known(facts, request="device", what="Devices")
        return Section("cross_device", "Devices side by side", notes=(note,), cannot_tell=CANNOT_TELL)
    differences = _named(facts)
    blocks = [_table(values, devices)]
    large = [device for device in devices if (values["Sessions"][device].value or 0) >= ENOUGH_SESSIONS]
    if large:
        blocks.append(_signal_chart(values, large))
        blocks += _weeks(facts, large, _told_signal(differences))
    blocks.append(_change_table(facts, devices))
    return Section("cross_device", "Devices side by side", _findings(facts, devices, differences), tuple(blocks), notes,
                   CANNOT_TELL)  # fmt: skip


# --- what is read -------------------------------------------------------------------------------------------------


def _values(facts: Facts, read: Read) -> Values:
    """A row for each measure, in the order of the table."""
    shares = facts.marts.totals(TRAFFIC, ["site_share"], by=("segment",), where=DEVICE)
    signals = facts.marts.totals(SIGNAL, [RATE], by=("signal", "segment"), where=DEVICE)
    values: Values = {
        "Sessions": {line.keys["segment"]: line["sessions"] for line in read.devices},
        "Share of sessions": {line.keys["segment"]: line["site_share"] for line in shares},
    }
    for signal, title in SIGNAL_TITLES.items():
        values[title] = {line.keys["segment"]: line[RATE] for line in signals if line.keys["signal"] == signal}
    return values | {
        MEASURES[name].title: {line.keys["segment"]: line[name] for line in read.devices} for name in OF_ENGAGEMENT
    }


def _devices(values: Values) -> list[str | None]:
    """Devices with sessions, most first; without those with hardly any, where there are others."""
    sessions = {device: figure.value or 0 for device, figure in values["Sessions"].items()}
    told = [device for device in sorted(sessions, key=lambda d: -sessions[d]) if sessions[device] > 0]
    return ([device for device in told if sessions[device] >= SHOWN_SESSIONS] or told)[:MOST_DEVICES]


# --- what differs -------------------------------------------------------------------------------------------------


def _named(facts: Facts) -> list[Difference]:
    """Named differences, the farthest from 1 first; one for each measure or signal, for the worse if there is one."""
    all_of = [
        *facts.contrasts.all(SIGNAL, RATE, **DEVICE),
        *facts.contrasts.all(ENGAGEMENT, "total_time_s", **DEVICE),
        *facts.contrasts.all(ENGAGEMENT, "scroll_depth_pct", **DEVICE),
    ]
    found: dict[tuple, Difference] = {}
    for one in sorted((d for d in all_of if d.is_named), key=lambda d: (d.is_worse, _strength(d)), reverse=True):
        found.setdefault((one.measure, one.where.get("signal")), one)
    return sorted(found.values(), key=lambda d: (d.is_worse, _strength(d)), reverse=True)


def _strength(difference: Difference) -> float:
    """How far the nearer end of the interval is from 1, on the scale of ratios."""
    low, high = difference.ratio.low or 0.0, difference.ratio.high or math.inf
    if low > 1:
        return math.log(low)
    return -math.log(high) if high < 1 else 0.0


def _told_signal(differences: list[Difference]) -> str:
    """The signal that differs most; rage clicks where none does."""
    return next((s for d in differences if (s := signal_of(d.measure, d.where))), "rage_click")


def _findings(facts: Facts, devices: list[str | None], differences: list[Difference]) -> tuple[Finding, ...]:
    changed = named_changes(facts, SIGNAL, [RATE], **DEVICE) + named_changes(facts, ENGAGEMENT, MEASURES, **DEVICE)
    found = [_with_page(facts, one, difference_finding(facts, one)) for one in differences[:MOST_FINDINGS]]
    if not found:
        found = [_quiet(facts, devices)]
    return first_of(found, [change_finding(facts, *pair) for pair in changed[:MOST_FINDINGS]])


def _with_page(facts: Facts, difference: Difference, finding: Finding) -> Finding:
    """The finding with the page that most of it is on; it then has no level, since the page has one of its own."""
    where, excess = difference.where, _excess(difference)
    signal = where.get("signal")
    pages = facts.contrasts.all(FRUSTRATION, RATE, signal=signal, device=where["segment"]) if signal else []
    page = max((one for one in pages if one.is_worse), key=_excess, default=None)
    if page is None or excess <= 0 or _excess(page) < MOST_OF_IT * excess:
        return finding
    said = finding.sentence
    sentence = Sentence(
        f"{said.template} Most of it is on {{page}}.", said.values | {"page": Name(page.where["page"], "page")}
    )
    return replace(finding, sentence=sentence, level=None)


def _excess(difference: Difference) -> float:
    """Affected sessions beyond the others' rate."""
    return (difference.sessions.value or 0.0) * ((difference.own.value or 0.0) - (difference.other.value or 0.0)) / 100


def _quiet(facts: Facts, devices: list[str | None]) -> Finding:
    if len(devices) == 1:
        return plain(RATE, "All sessions are on {device}; there is no other device to compare it with.",
                     device=Name(devices[0], "device"))  # fmt: skip
    if all(d.p_adjusted is None for d in facts.contrasts.all(SIGNAL, RATE, **DEVICE)):
        return plain(RATE, "Too little is known to tell whether a device differs from the others.")
    return plain(RATE, "No device differs from the others by more than chance.")


# --- tables and charts --------------------------------------------------------------------------------------------


def _table(values: Values, devices: list[str | None]) -> Table:
    columns = (Column("Measure"), *(Column(said(Name(device, "device")), True) for device in devices))
    rows = tuple((title, *(by_device.get(device) for device in devices)) for title, by_device in values.items())
    note = "A signal's % is the share of the device's sessions that have it. Without bots, except pages per session."
    left_out = [
        said(Name(d, "device")) for d, figure in values["Sessions"].items() if figure.value and d not in devices
    ]
    if left_out:
        note += f" Left out: {', '.join(left_out)}, with few sessions."
    return Table("cross_device_measures", "Signals and engagement by device", columns, rows, note)


def _change_table(facts: Facts, devices: list[str | None]) -> Table:
    measures = [
        ("Engagement time", ENGAGEMENT, "total_time_s", {}),
        ("Scroll depth", ENGAGEMENT, "scroll_depth_pct", {}),
    ]
    measures += [(title, SIGNAL, RATE, {"signal": signal}) for signal, title in SIGNAL_TITLES.items()]
    rows = tuple(
        (Name(device, "device"), title, *change_cells(facts, table, measure, **DEVICE, segment=device, **where))
        for device in devices
        for title, table, measure, where in measures
    )
    columns = (Column("Device"), Column("Measure"), *change_columns(facts))
    return Table("cross_device_changes", "What changed on each device", columns, rows, is_long=True)


def _signal_chart(values: Values, devices: list[str | None]) -> BarChart:
    """Share of sessions with each signal, a bar for each device with enough sessions."""
    bars, top = [], None
    for title in SIGNAL_TITLES.values():
        for device in devices:
            figure = values[title].get(device)
            if figure is None or figure.value is None:
                continue
            who = said(Name(device, "device"))
            bars.append(Bar(title, figure.value, who, figure.low, figure.high, figure.source))
            if top is None or figure.value > top[0].value:
                top = (figure, title, device)
    summary = "No signal is known." if top is None else (
        f"Most frequent: {top[1].lower()} on {said(Name(top[2], 'device'))}, in {said(top[0])} of its sessions. "
        "Whiskers are 95 % intervals.")  # fmt: skip
    return BarChart("cross_device_signals", "Signals by device", summary, "% of sessions", tuple(bars), decimals=1)


def _weeks(facts: Facts, devices: list[str | None], signal: str) -> list[TrendChart]:
    """The signal's weeks, a small picture for each device; none with fewer than two known weeks."""
    title = SIGNAL_TITLES[signal]
    series = facts.marts.series(
        SIGNAL, [RATE], by=("segment",), where=DEVICE | {"signal": signal}, keys=[(device,) for device in devices],
        start=first_monday(facts.period), end=facts.period.end,
    )[RATE]  # fmt: skip
    labelled = {said(Name(device, "device")): series[device,] for device in devices}
    span = Period(first_monday(facts.period), facts.period.end)
    sources = {
        said(Name(device, "device")): facts.marts.source(
            SIGNAL, RATE, DEVICE | {"signal": signal, "segment": device}, span)
        for device in devices
    }  # fmt: skip
    trend = by_week(facts, labelled, measure=RATE, sources=sources)
    if len(trend.dates) - len(trend.lost) < 2:
        return []
    told = [(line.label, [v for v in line.values if v is not None]) for line in trend.lines]
    spans = "; ".join(f"{label} {number_text(min(v), 1)} to {number_text(max(v), 1)} %" for label, v in told if v)
    return [TrendChart(
        "cross_device_weeks", f"Sessions with {title.lower()}, by week and device", f"By week: {spans} of sessions.",
        "% of sessions", trend.dates, trend.lines, trend.lost, trend.marked, is_split=True, decimals=1,
    )]  # fmt: skip
