"""A report as typed data: sections of findings, tables and charts; every rendering is made from it alone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from itertools import chain

from clarity_assets.reports.figures import Figure, Source
from clarity_assets.reports.period import Period


class Level(StrEnum):
    """How much a finding matters: reach x strength, see `recommendations`."""

    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


@dataclass(frozen=True)
class Name:
    """A text from outside (page, source, country, ...), to be escaped, kept apart and shortened where it is shown."""

    text: str | None
    kind: str = "text"


Part = str | Name | Figure | None


@dataclass(frozen=True)
class Sentence:
    """Words with `{places}`, and the names and numbers that stand in them."""

    template: str
    values: dict[str, Part] = field(default_factory=dict)

    def parts(self) -> Iterator[Part]:
        """Words, names and numbers in their order."""
        for i, piece in enumerate(re.split(r"{(\w+)}", self.template)):
            if i % 2:
                yield self.values[piece]
            elif piece:
                yield piece


@dataclass(frozen=True)
class Finding:
    """One thing found. `what`: the measure; `where`: page, device, segment; `sessions`: how many it is about.

    `evidence`: the numbers behind it. `level`: how much it matters, None where it is a plain fact.
    """

    what: str
    where: dict[str, str | None]
    sentence: Sentence
    sessions: Figure | None = None
    evidence: tuple[Figure, ...] = ()
    level: Level | None = None
    is_change: bool = False


@dataclass(frozen=True)
class Column:
    """A column of a table. `is_number`: to be set right and sorted as a number. `meaning`: said where one asks."""

    title: str
    is_number: bool = False
    meaning: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of names, words and numbers; `name` is unique in the report. `is_long`: folded away until asked for."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Part, ...], ...]
    note: str = ""
    is_long: bool = False


@dataclass(frozen=True)
class DayState:
    """How one UTC day is known: status measured, derived, pending, lost or unrecorded; coverage 0-1."""

    date: date
    status: str
    coverage: float | None = None
    cause: str | None = None
    method: str | None = None
    is_sample: bool = False

    @property
    def is_known(self) -> bool:
        return self.status in ("measured", "derived")


@dataclass(frozen=True)
class Line:
    """One line of a trend; a place a date of the chart, None where unknown; `low`, `high` a band around it.

    `source`: the measure, rows and days of the whole line.
    """

    label: str
    values: tuple[float | None, ...]
    low: tuple[float | None, ...] | None = None
    high: tuple[float | None, ...] | None = None
    is_forecast: bool = False
    source: Source | None = None


@dataclass(frozen=True)
class TrendChart:
    """Values over UTC days (or weeks, by their Monday); `lost` dates are hatched, [mark_start, mark_end) shaded.

    `is_split`: a small picture for each line, on one scale, in place of one picture with all.
    """

    name: str
    title: str
    summary: str
    unit: str
    dates: tuple[date, ...]
    lines: tuple[Line, ...]
    lost: tuple[date, ...] = ()
    marked: tuple[date, date] | None = None
    is_split: bool = False
    decimals: int = 0


@dataclass(frozen=True)
class Bar:
    """One bar; `group` (such as the device) colours it, `low` and `high` are its whisker; `source` is its value's."""

    label: Name | str
    value: float
    group: str = ""
    low: float | None = None
    high: float | None = None
    source: Source | None = None


@dataclass(frozen=True)
class BarChart:
    """Bars from top to bottom in the order given; bars of one label are stacked where `is_stacked`, else beside."""

    name: str
    title: str
    summary: str
    unit: str
    bars: tuple[Bar, ...]
    is_stacked: bool = False
    decimals: int = 0


@dataclass(frozen=True)
class HeatChart:
    """A table in colours: `values[row][column]`, None where unknown; colours are scaled by column.

    `sources`: where each value comes from, as `values`; empty where nobody tells. `nothing`: what a cell without a
    value says where that is no gap in what is known. `is_one_scale`: all columns tell the same, so that one scale
    holds for them all.
    """

    name: str
    title: str
    summary: str
    unit: str
    rows: tuple[Name | str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]
    decimals: int = 1
    sources: tuple[tuple[Source | None, ...], ...] = ()
    nothing: str = ""
    is_one_scale: bool = False


@dataclass(frozen=True)
class Point:
    """One bubble. `source`: where its `x` comes from; `y_source`, `size_source`: the same of the other two."""

    label: Name | str
    x: float
    y: float
    size: float
    source: Source | None = None
    y_source: Source | None = None
    size_source: Source | None = None


@dataclass(frozen=True)
class BubbleChart:
    """Points by two measures; the area is a third one."""

    name: str
    title: str
    summary: str
    x_title: str
    y_title: str
    size_title: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Flow:
    """How much goes from `start`, in column `place` of the picture (from 0), to `end` in the next one."""

    place: int
    start: Name | str
    end: Name | str
    value: float
    source: Source | None = None


@dataclass(frozen=True)
class FlowChart:
    """What goes from node to node, column by column. `columns`: their titles, one more than the flows have places.

    `ends`: nodes at which it ends; `goals`: those that it is hoped for.
    """

    name: str
    title: str
    summary: str
    unit: str
    columns: tuple[str, ...]
    flows: tuple[Flow, ...]
    ends: tuple[str, ...] = ()
    goals: tuple[str, ...] = ()


Chart = TrendChart | BarChart | HeatChart | BubbleChart | FlowChart


@dataclass(frozen=True)
class Section:
    """One part of a report: what was found first, then pictures and tables, then what Clarity cannot tell here."""

    name: str
    title: str
    findings: tuple[Finding, ...] = ()
    blocks: tuple[Chart | Table, ...] = ()
    notes: tuple[Sentence, ...] = ()
    cannot_tell: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """One report. `days`: how each day of the period is known. `lead`: the period in a few sentences."""

    kind: str
    title: str
    project_id: str
    period: Period
    made_at: datetime
    days: tuple[DayState, ...]
    lead: tuple[Sentence, ...]
    sections: tuple[Section, ...]
    dashboard_url: str = ""

    @property
    def known_days(self) -> int:
        return sum(day.is_known for day in self.days)

    @property
    def figures(self) -> list[Figure]:
        """Every number with a source, once each (with its interval, where any of its places has it), as they come."""
        found: dict[str | None, Figure] = {}
        for figure in _figures(self):
            if figure.source and (figure.id not in found or found[figure.id].low is None):
                found[figure.id] = figure
        for mark in _marks(self):
            found.setdefault(mark.id, mark)
        return list(found.values())


def _figures(thing: object) -> Iterator[Figure]:
    if isinstance(thing, Figure):
        yield thing
    elif isinstance(thing, dict):
        for value in thing.values():
            yield from _figures(value)
    elif isinstance(thing, tuple):
        for value in thing:
            yield from _figures(value)
    elif hasattr(thing, "__dataclass_fields__"):
        for name in thing.__dataclass_fields__:
            yield from _figures(getattr(thing, name))


def _marks(report: Report) -> Iterator[Figure]:
    """The values of bars, heat cells, bubbles and flows; lines, without a single value. A table may tell more."""
    for block in (block for section in report.sections for block in section.blocks):
        match block:
            case BarChart():
                found = [Figure(b.value, block.unit, b.source, b.low, b.high, block.decimals) for b in block.bars]
            case HeatChart():
                pairs = zip(chain(*block.values), chain(*block.sources), strict=True) if block.sources else ()
                found = [Figure(value, block.unit, source, decimals=block.decimals) for value, source in pairs]
            case TrendChart():
                found = [Figure(None, block.unit, line.source) for line in block.lines]
            case FlowChart():
                found = [Figure(flow.value, block.unit, flow.source) for flow in block.flows]
            case BubbleChart():
                found = [figure for point in block.points for figure in _of_point(block, point)]
            case _:
                found = []
        yield from (figure for figure in found if figure.source)


def _of_point(chart: BubbleChart, point: Point) -> tuple[Figure, Figure, Figure]:
    return (
        Figure(point.x, chart.x_title, point.source),
        Figure(point.y, chart.y_title, point.y_source),
        Figure(point.size, chart.size_title, point.size_source),
    )
