"""Sessions by the hour they begin, by UTC and by the visitors' own clocks, in; the peak, a chart and a table out."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from clarity_assets.reports.clickstream.parts import hours_text, share_of
from clarity_assets.reports.document import Column, Finding, HeatChart, Sentence, Table
from clarity_assets.reports.figures import Figure
from clarity_assets.reports.marts import Total

CLOCKS = {"utc": "UTC", "visitor": "by the visitors' own clocks"}


def peak_finding(site: Total, hours: Sequence[Total]) -> Finding | None:
    """At which hour most sessions begin, by both clocks."""
    by_clock = {clock: [h for h in hours if h.keys["clock"] == clock and h["sessions"].value] for clock in CLOCKS}
    if not by_clock["utc"]:
        return None
    told, values = [], {}
    for clock, lines in by_clock.items():
        if lines:
            first = max(lines, key=lambda line: line.value("sessions"))
            whole = sum(line.value("sessions") for line in lines)
            told.append(f"{hours_text(first.keys['hour'])} {CLOCKS[clock]} ({{share_{clock}}})")
            values[f"share_{clock}"] = _share_of_clock(first, whole, clock)
    words = f"Most sessions begin at {', and at '.join(told)}: the hour for mails, offers and staff in the chat."
    if by_clock["visitor"]:
        words += " The visitors' own clock is known of {known}."
        values["known"] = site["local_time_share"]
    return Finding("sessions", {}, Sentence(words, values))


def _share_of_clock(line: Total, whole: float, clock: str) -> Figure:
    """An hour's sessions in percent of all of its clock."""
    share = share_of(line["sessions"], whole)
    return replace(share, source=replace(share.source, against=(("clock", clock),)))


def hour_blocks(hours: Sequence[Total]) -> Iterator[HeatChart | Table]:
    """Sessions that begin in each hour by clock; and, folded away, the share of them that buys."""
    told = {(line.keys["clock"], line.keys["hour"]): line for line in hours}
    clocks = [clock for clock in CLOCKS if any(key[0] == clock for key in told)]
    cells = [
        [told[clock, hour]["sessions"] if (clock, hour) in told else None for clock in clocks] for hour in range(24)
    ]
    first = max((line for line in hours if line.keys["clock"] == clocks[0]), key=lambda line: line.value("sessions"))
    peak = f"{hours_text(first.keys['hour'])} {CLOCKS[clocks[0]]}: {first.value('sessions'):,.0f}"
    yield HeatChart(
        "traffic_hours", "Peak hours", f"Most sessions begin at {peak}.", "sessions",
        tuple(hours_text(hour) for hour in range(24)), tuple(f"Sessions, {CLOCKS[clock]}" for clock in clocks),
        tuple(tuple(cell.value if cell else 0.0 for cell in row) for row in cells), decimals=0,
        sources=tuple(tuple(cell.source if cell else None for cell in row) for row in cells),
    )  # fmt: skip
    columns = (Column("Hour"), *(Column(f"{m}, {CLOCKS[clock]}", True) for clock in clocks
                                 for m in ("Sessions", "Conversion rate")))  # fmt: skip
    rows = tuple(
        (hours_text(hour), *(told[clock, hour][m] if (clock, hour) in told else None
                             for clock in clocks for m in ("sessions", "conversion_rate")))
        for hour in range(24)
    )  # fmt: skip
    yield Table("traffic_hour_quality", "Sessions and purchases by hour", columns, rows, is_long=True,
                note="By the hour in which a session begins.")  # fmt: skip
