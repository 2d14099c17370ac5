"""A BubbleChart in, its drawing out: the biggest bubbles carry their name."""

import math

from clarity_assets.reports.document import BubbleChart, Point
from clarity_assets.reports.rendering.charts.drawing import Drawing
from clarity_assets.reports.rendering.charts.lettering import fitted, text_px, words_layer
from clarity_assets.reports.rendering.charts.palette import SERIES, colour
from clarity_assets.reports.rendering.charts.scales import round_ticks, tick_text
from clarity_assets.reports.rendering.charts.words import WIDE_PX, label_text, plain, with_ids

LINE_PX = 15
TOP_PX, RIGHT_PX, BOTTOM_PX = 30, 16, 44


def bubble_drawing(chart: BubbleChart, *, width_px: int) -> Drawing:
    """Points from the biggest to the smallest, so that a small one is never hidden."""
    is_wide = width_px >= WIDE_PX
    inner_px, area = (280, 1800) if is_wide else (240, 900)
    points = sorted(chart.points, key=lambda point: -point.size)
    x_ticks, y_ticks = _ticks([p.x for p in points], count=8 if is_wide else 4), _ticks([p.y for p in points], count=5)
    left_px = int(max(text_px(tick_text(tick)) for tick in y_ticks)) + 12
    plot_px = (width_px - left_px - RIGHT_PX, inner_px)
    rows = [{"x": p.x, "y": p.y, "area": _area(p, points, area), "tip": _tip(chart, p)} for p in points]
    names = _names(points, rows, x=_ends(x_ticks), y=_ends(y_ticks), plot_px=plot_px, most=10 if is_wide else 5)
    mark = {"type": "point", "filled": True, "shape": "circle", "opacity": 1, "fillOpacity": 0.35, "strokeWidth": 1.3,
            "fill": colour(SERIES[0]), "stroke": colour(SERIES[0])}  # fmt: skip
    size = {"field": "area", "type": "quantitative", "scale": None, "legend": None}
    bubbles = {"data": {"values": rows}, "mark": mark, "encoding": {"size": size, "description": {"field": "tip"}}}
    spec = {
        "width": plot_px[0], "height": plot_px[1],
        "layer": [bubbles, words_layer(names, anchor="middle", dy=-LINE_PX / 2),
                  *_axis_words(chart, x_ticks, y_ticks, plot_px, left_px)],
        "encoding": {"x": _axis("x", x_ticks), "y": _axis("y", y_ticks)},
    }  # fmt: skip
    return Drawing(((left_px, TOP_PX, spec),), width_px, inner_px + TOP_PX + BOTTOM_PX)


def _axis_words(
    chart: BubbleChart, x_ticks: list[float], y_ticks: list[float], plot_px: tuple[int, int], left_px: int
) -> list[dict]:
    """Numbers of both axes; the y title above its axis, the x title below at the right."""
    width, height = plot_px
    below = [{"x": tick, "said": tick_text(tick)} for tick in x_ticks]
    beside = [{"y": tick, "said": tick_text(tick)} for tick in y_ticks]
    x_title, y_title = (
        fitted(label_text(title, length=60), width_px=width) for title in (chart.x_title, chart.y_title)
    )
    return [
        words_layer(below, anchor="middle", ink="muted", dy=13, y={"value": height}),
        words_layer(beside, anchor="end", ink="muted", dx=-6, x={"value": 0}),
        words_layer(
            [{"said": f"{x_title} →"}], anchor="end", ink="muted", dy=33, x={"value": width}, y={"value": height}
        ),
        words_layer(
            [{"said": f"↑ {y_title}"}],
            anchor="start",
            ink="muted",
            dx=6 - left_px,
            dy=-16,
            x={"value": 0},
            y={"value": 0},
        ),
    ]


def _axis(field: str, ticks: list[float]) -> dict:
    axis = {"values": ticks, "domain": field == "x", "ticks": field == "x"}
    return {
        "field": field,
        "type": "quantitative",
        "scale": {"domain": list(_ends(ticks)), "nice": False},
        "axis": axis,
    }


def _ends(ticks: list[float]) -> tuple[float, float]:
    return ticks[0], ticks[-1]


def _ticks(values: list[float], *, count: int) -> list[float]:
    """From 0 (or from below the least, where all lie far from 0) to above the largest."""
    low, high = min(values), max(values)
    span = (high - low) or abs(high) or 1
    start = low - 0.15 * span if low > 1.5 * span or low < 0 else 0
    return round_ticks(start, high + 0.12 * ((high - start) or 1), count=count, whole=False)


def _area(point: Point, points: list[Point], largest: int) -> float:
    top = points[0].size
    return max(16.0, largest * point.size / top) if top > 0 else 16.0


def _tip(chart: BubbleChart, point: Point) -> str:
    told = ((chart.x_title, point.x), (chart.y_title, point.y), (chart.size_title, point.size))
    tip = f"{label_text(point.label)}: " + " · ".join(f"{label_text(title)} {plain(value)}" for title, value in told)
    return with_ids(tip, point.source, point.y_source, point.size_source)


def _names(
    points: list[Point], rows: list[dict], *, x: tuple[float, float], y: tuple[float, float],
    plot_px: tuple[int, int], most: int,
) -> list[dict]:  # fmt: skip
    """Names of the biggest bubbles, each above or below its own, where they do not cover each other."""
    found, taken = [], []
    for point, row in zip(points, rows, strict=True):
        said = label_text(point.label, length=28)
        rise_px = math.sqrt(row["area"] / math.pi) + 3
        centre = plot_px[0] * (point.x - x[0]) / (x[1] - x[0])
        half = min(text_px(said) / 2, plot_px[0] / 2)
        shown = min(max(centre, half), plot_px[0] - half)  # kept inside of the picture
        height = plot_px[1] * (point.y - y[0]) / (y[1] - y[0])
        bases = (height + rise_px, height - rise_px - LINE_PX)
        free = [base for base in bases if base >= 0 and not _is_taken(shown, half, base, taken)]
        if not free:
            continue
        base = free[0]
        taken.append((shown - half, shown + half, base, base + LINE_PX))
        found.append({"said": said, "x": x[0] + shown * (x[1] - x[0]) / plot_px[0],
                      "y": y[0] + base * (y[1] - y[0]) / plot_px[1]})  # fmt: skip
        if len(found) == most:
            break
    return found


def _is_taken(middle: float, half: float, base: float, taken: list[tuple[float, float, float, float]]) -> bool:
    """Whether a line of words there would cover another one."""
    return any(
        middle - half < right and left < middle + half and base < top and bottom < base + LINE_PX
        for left, right, bottom, top in taken
    )
