"""A report in, all of it as JSON out: every number with its id and source, every chart with its data."""

import math
import re
from dataclasses import fields
from datetime import date, datetime
from numbers import Integral, Real

import orjson

from clarity_assets.reports.document import (
    Bar,
    BarChart,
    BubbleChart,
    Flow,
    FlowChart,
    HeatChart,
    Line,
    Name,
    Point,
    Report,
    Sentence,
    Table,
    TrendChart,
)
from clarity_assets.reports.figures import ChangeFigure, Figure, Source
from clarity_assets.reports.period import Period
from clarity_assets.reports.rendering.numbers import figure_text
from clarity_assets.reports.rendering.texts import sentence_text

SCHEMA_VERSION = 1  # to be raised when a field changes its meaning or goes
BLOCK_TYPES = {
    Table: "table",
    TrendChart: "trend_chart",
    BarChart: "bar_chart",
    HeatChart: "heat_chart",
    BubbleChart: "bubble_chart",
    FlowChart: "flow_chart",
}
IDS = {"source": "id", "y_source": "y_id", "size_source": "size_id"}
"""Where a mark of a chart says the id of its number in place of its source."""

FLAGS = ("is_at_most", "is_at_least", "is_sample")


def render_json(report: Report) -> str:
    """The whole report, indented, with a newline at its end.

    The tree is that of `Report`; a block says its `type`. A number is {"id", "value", "unit", "low", "high", "text",
    "source"} with the flags that are true; a bar, a bubble, a flow and a cell of a heat chart have the ids of theirs;
    a value that JSON cannot hold (infinite, unknown) is null and told by "text". A lone surrogate, which UTF-8 cannot
    hold, becomes `�`.
    """
    tree = {"schema_version": SCHEMA_VERSION, **_plain(report), "known_days": report.known_days}
    return orjson.dumps(tree, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def _plain(value: object) -> object:
    """Anything of a report as what JSON holds."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Real):
        return _number(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, dict):
        return {_text(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return _thing(value)


def _thing(value: object) -> dict:
    """A dataclass of a report as its fields, and what people read of it."""
    if isinstance(value, Figure):
        return _figure(value)
    if isinstance(value, Source):
        return _plain(value.as_json())
    if isinstance(value, (Bar, Flow, Point, Line)):
        return _mark(value)
    told = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, HeatChart):
        told["ids"] = [[source and source.id for source in row] for row in value.sources]
        del told["sources"]
    if isinstance(value, Sentence):
        return {"text": sentence_text(value), **told}
    if isinstance(value, Period):
        return {**told, "name": value.name}
    if isinstance(value, Name):
        return {"text": told["text"], "kind": told["kind"]}
    return {"type": BLOCK_TYPES[type(value)], **told} if type(value) in BLOCK_TYPES else told


def _mark(mark: Bar | Flow | Point | Line) -> dict:
    """A bar, bubble or flow with the id of each of its numbers; a line with its source, from which it is drawn."""
    told = {}
    for name in (field.name for field in fields(mark)):
        value = getattr(mark, name)
        told |= {IDS[name]: value and value.id} if name in IDS else {name: _plain(value)}
    return {**told, "source": _plain(mark.source)} if isinstance(mark, Line) else told


def _figure(figure: Figure) -> dict:
    told = {
        "id": figure.id,
        "value": _plain(figure.value),
        "unit": _text(figure.unit),
        "low": _plain(figure.low),
        "high": _plain(figure.high),
        "text": figure_text(figure, interval=True),
        **{flag: True for flag in FLAGS if getattr(figure, flag)},
    }
    if figure.day_count is not None:
        told["day_count"] = _plain(figure.day_count)
    if isinstance(figure, ChangeFigure):
        for name in ("outcome", "better", "before", "after", "p_adjusted", "reason"):
            told[name] = _plain(getattr(figure, name))
    return {**told, "source": _plain(figure.source)}


def _number(value: Real) -> int | float | None:
    if isinstance(value, Integral):
        return int(value)
    return float(value) if math.isfinite(value) else None


def _text(text: str) -> str:
    return re.sub("[\ud800-\udfff]", "�", str(text))
