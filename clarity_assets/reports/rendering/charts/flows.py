"""A FlowChart in, its drawing out: bars for nodes, and ribbons as wide as what goes between them."""

import math
from collections.abc import Iterator

from clarity_assets.reports.document import FlowChart
from clarity_assets.reports.rendering.charts.drawing import Drawing
from clarity_assets.reports.rendering.charts.flow_places import Node, Places, Ribbon, places_of
from clarity_assets.reports.rendering.charts.lettering import fitted, text_px, words_layer
from clarity_assets.reports.rendering.charts.palette import colour
from clarity_assets.reports.rendering.charts.words import WIDE_PX, amount, label_text, with_ids

TOP_PX, BOTTOM_PX = 26, 8
NODE_PX = 11
LEAST_NAMED_PX = 11  # a lower node has no room for its name
CURVE = ((0, 0), (0.4, 0), (0.6, 1), (1, 1))  # of the way across, and of the way down: leaves and comes in level


def flow_drawing(chart: FlowChart, *, width_px: int) -> Drawing:
    """All columns; on a phone the first four."""
    is_wide = width_px >= WIDE_PX
    columns = min(len(chart.columns), 9 if is_wide else 4)
    height_px = 340 if is_wide else 300
    places = places_of(chart, columns=columns, most=6 if is_wide else 5, height_px=height_px)
    ends_px = max((text_px(_said(node)) for node in places.columns[-1] if _is_named(node)), default=0)
    step_px = (width_px - NODE_PX - min(ends_px + 8, width_px / 4)) / max(1, columns - 1)
    x = {"field": "x", "type": "quantitative", "axis": None, "scale": {"domain": [0, width_px], "nice": False}}
    y = {"field": "y", "type": "quantitative", "axis": None, "scale": {"domain": [height_px, 0], "nice": False}}
    spec = {
        "width": width_px, "height": height_px, "encoding": {"x": x, "y": y},
        "layer": [
            *_ribbons(chart, places, step_px), _bars(chart, places, step_px), _names(places, step_px, width_px),
            words_layer(list(_titles(chart, columns, step_px)), anchor="start", ink="muted", dy=-14, y={"value": 0}),
        ],
    }  # fmt: skip
    return Drawing(((0, TOP_PX, spec),), width_px, height_px + TOP_PX + BOTTOM_PX)


def _titles(chart: FlowChart, columns: int, step_px: float) -> Iterator[dict]:
    for place, title in enumerate(chart.columns[:columns]):
        yield {"x": place * step_px, "said": fitted(label_text(title), width_px=step_px - 6)}


def _ribbons(chart: FlowChart, places: Places, step_px: float) -> Iterator[dict]:
    """One layer a ribbon's colour; the thin ones above the thick ones."""
    rows: dict[str, list[dict]] = {"series-1": [], "rule": [], "good": []}
    for i, ribbon in enumerate(sorted(places.ribbons, key=lambda one: -one.value)):
        kind = "rule" if ribbon.end in chart.ends else "good" if ribbon.end in chart.goals else "series-1"
        left_px = ribbon.place * step_px + NODE_PX
        for across, down in CURVE:
            top_px = ribbon.leaves_px + (ribbon.comes_px - ribbon.leaves_px) * down
            rows[kind].append({"x": left_px + across * (step_px - NODE_PX), "y": top_px,
                               "y2": top_px + ribbon.height_px, "flow": i, "tip": _tip(chart, ribbon)})  # fmt: skip
    for kind, opacity in (("rule", 0.5), ("series-1", 0.28), ("good", 0.45)):
        if rows[kind]:
            mark = {"type": "area", "interpolate": "basis", "fill": colour(kind), "fillOpacity": opacity,
                    "opacity": 1, "aria": True}  # fmt: skip
            yield {"data": {"values": rows[kind]}, "mark": mark,
                   "encoding": {"y2": {"field": "y2"}, "detail": {"field": "flow"},
                                "description": {"field": "tip"}}}  # fmt: skip


def _tip(chart: FlowChart, ribbon: Ribbon) -> str:
    told = f"{ribbon.start} to {ribbon.end}, {label_text(chart.columns[ribbon.place])}: "
    sources = [flow.source for flow in ribbon.flows] if len(ribbon.flows) == 1 else []
    return with_ids(told + amount(ribbon.value, chart.unit, decimals=0), *sources)


def _bars(chart: FlowChart, places: Places, step_px: float) -> dict:
    rows = [
        {"x": place * step_px, "x2": place * step_px + NODE_PX, "y": node.top_px,
         "y2": node.top_px + max(node.height_px, 1),
         "fill": colour("muted" if node.name in chart.ends else "good" if node.name in chart.goals else "series-1"),
         "tip": f"{node.name}, {label_text(chart.columns[place])}: {amount(node.value, chart.unit, decimals=0)}"}
        for place, column in enumerate(places.columns) for node in column
    ]  # fmt: skip
    fill = {"field": "fill", "type": "nominal", "scale": None, "legend": None}
    return {"data": {"values": rows}, "mark": {"type": "rect"},
            "encoding": {"x2": {"field": "x2"}, "y2": {"field": "y2"}, "fill": fill,
                         "description": {"field": "tip"}}}  # fmt: skip


def _names(places: Places, step_px: float, width_px: int) -> dict:
    """Right of each node that is high enough."""
    last = len(places.columns) - 1
    rows = [
        {"x": place * step_px + NODE_PX + 5, "y": node.top_px + node.height_px / 2,
         "said": _said(node, width_px=(width_px - place * step_px if place == last else step_px) - NODE_PX - 8)}
        for place, column in enumerate(places.columns) for node in column if _is_named(node)
    ]  # fmt: skip
    return words_layer(rows, anchor="start")


def _is_named(node: Node) -> bool:
    return node.height_px >= LEAST_NAMED_PX


def _said(node: Node, *, width_px: float = math.inf) -> str:
    """The name with its number where both fit."""
    whole = f"{node.name} {node.value:,.0f}"
    return whole if text_px(whole) <= width_px else fitted(node.name, width_px=width_px)
