"""A BarChart in, its drawing out: names at the left (above on a phone), numbers at the bars' ends."""

from collections.abc import Iterator

from clarity_assets.reports.document import Bar, BarChart
from clarity_assets.reports.rendering.charts.drawing import Drawing, KeyItem
from clarity_assets.reports.rendering.charts.lettering import fitted, names_layer, row_names, text_px, words_layer
from clarity_assets.reports.rendering.charts.palette import GROUPS, SERIES, colour
from clarity_assets.reports.rendering.charts.words import WIDE_PX, amount, label_text, with_ids
from clarity_assets.reports.rendering.numbers import MEASURING_UNITS

ROW_PX, BESIDE_PX, PHONE_PX = 26, 18, 20
NAMES_SHARE = 0.36  # of the width, for names at the left


def bar_drawing(chart: BarChart, *, width_px: int) -> Drawing:
    """A row for each label, in the order given; bars of one label behind or beneath each other."""
    is_wide = width_px >= WIDE_PX
    labels = list(dict.fromkeys(bar.label for bar in chart.bars))
    groups = list(dict.fromkeys(bar.group for bar in chart.bars))
    is_beside = len(groups) > 1 and not chart.is_stacked
    names = [fitted(label_text(label), width_px=width_px * (NAMES_SHARE if is_wide else 1)) for label in labels]
    left_px = int(max(map(text_px, names))) + 16 if is_wide else 2
    rows = [_row(chart, bar, labels, groups, slotted=is_beside and not is_wide) for bar in chart.bars]
    ends = _ends(chart, rows)
    right_px = int(max(text_px(end["said"]) for end in ends)) + 12
    order = row_names(
        len(names), is_wide=is_wide, slots=tuple(f" {i}" for i in range(len(groups))) if is_beside else ("",)
    )
    row_px = PHONE_PX if not is_wide else 8 + BESIDE_PX * len(groups) if is_beside else ROW_PX
    y = {"field": "row", "type": "ordinal", "axis": None,
         "scale": {"domain": order, "padding": 0.22 if is_wide else 0.12}}  # fmt: skip
    offset = {"yOffset": {"field": "place", "type": "ordinal", "scale": {"domain": list(range(len(groups)))}}}
    spec = {
        "width": width_px - left_px - right_px, "height": row_px * len(order),
        "layer": [*_bars(rows, groups), *_whiskers(rows), words_layer(ends, anchor="start", dx=6),
                  names_layer(names, is_wide=is_wide)],
        "encoding": {"y": y, "x": _x(ends, rows)},
    }  # fmt: skip
    if is_beside and is_wide:
        for layer in spec["layer"][:-1]:
            layer["encoding"] |= offset
    key = tuple(KeyItem(_shown(group), _edge(i), _fill(i)) for i, group in enumerate(groups)) if len(groups) > 1 else ()
    return Drawing(((left_px, 4, spec),), width_px, row_px * len(order) + 8, key, left_px)


def _row(chart: BarChart, bar: Bar, labels: list, groups: list[str], *, slotted: bool) -> dict:
    shown = amount(bar.value, chart.unit, decimals=chart.decimals, low=bar.low, high=bar.high)
    who = ", ".join(filter(None, (label_text(bar.label), label_text(bar.group))))
    place = groups.index(bar.group)
    return {
        "row": f"{labels.index(bar.label)}{f' {place}' if slotted else ''}", "place": place, "v": bar.value,
        "low": bar.low, "high": bar.high, "tip": with_ids(f"{who}: {shown}", bar.source),
        "said": _short(chart, bar.value),
    }  # fmt: skip


def _short(chart: BarChart, value: float) -> str:
    """The number at a bar's end; a unit in words stands in the title."""
    unit = "%" if chart.unit.startswith("%") else chart.unit if chart.unit in MEASURING_UNITS else ""
    return amount(value, unit, decimals=chart.decimals)


def _shown(group: str) -> str:
    return label_text(group) or "(none)"


def _fill(place: int) -> str:
    return colour(GROUPS[place % len(GROUPS)])


def _edge(place: int) -> str:
    return colour(SERIES[place % len(SERIES)])


def _ends(chart: BarChart, rows: list[dict]) -> list[dict]:
    """Where each bar (or stack) ends, and the number that stands there."""
    if not chart.is_stacked:
        return [{**row, "v": max(row["v"], row["high"] or row["v"], 0)} for row in rows]
    sums: dict[str, float] = {}
    for row in rows:
        sums[row["row"]] = sums.get(row["row"], 0) + row["v"]
    return [{"row": row, "v": total, "said": _short(chart, total)} for row, total in sums.items()]


def _x(ends: list[dict], rows: list[dict]) -> dict:
    """From 0 to the longest bar; its numbers make an axis needless."""
    bottom = min([*(row["v"] for row in rows), *(row["low"] for row in rows if row["low"] is not None), 0])
    domain = [bottom, max([*(end["v"] for end in ends), 0]) or 1]
    return {"field": "v", "type": "quantitative", "axis": None, "scale": {"domain": domain, "nice": False}}


def _bars(rows: list[dict], groups: list[str]) -> Iterator[dict]:
    """Bars with a fill of their own for each group; light ones where whiskers lie on them."""
    has_whiskers = any(row["low"] is not None for row in rows)
    fills = [colour("heat-3") if has_whiskers and not i else _fill(i) for i in range(len(groups))]
    painted = [{**row, "fill": fills[row["place"]], "edge": _edge(row["place"])} for row in rows]
    plain = {"type": "nominal", "scale": None, "legend": None}
    encoding = {"fill": {"field": "fill", **plain}, "stroke": {"field": "edge", **plain}, "order": {"field": "place"},
                "detail": {"field": "place"}, "description": {"field": "tip"}}  # fmt: skip
    yield {"data": {"values": painted}, "mark": {"type": "bar", "strokeWidth": 1}, "encoding": encoding}


def _whiskers(rows: list[dict]) -> Iterator[dict]:
    """A thin line from low to high with a tick at both ends."""
    known = [row for row in rows if row["low"] is not None and row["high"] is not None]
    if not known:
        return
    ends = {"x": {"field": "low", "type": "quantitative"}, "x2": {"field": "high"}}
    yield {
        "data": {"values": known},
        "mark": {"type": "rule", "color": colour("ink"), "strokeWidth": 1.3},
        "encoding": ends,
    }
    tick = {"type": "tick", "color": colour("ink"), "thickness": 1.3, "size": 8, "aria": False}
    both = [{**row, "v": row[side]} for row in known for side in ("low", "high")]
    yield {"data": {"values": both}, "mark": tick, "encoding": {}}
