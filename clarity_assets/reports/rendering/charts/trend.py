"""A TrendChart in, its drawing out: lines that never cross an unknown day."""

from collections.abc import Iterator
from datetime import date

from clarity_assets.reports.document import Line, TrendChart
from clarity_assets.reports.period import MONTHS
from clarity_assets.reports.rendering.charts.drawing import Drawing, KeyItem
from clarity_assets.reports.rendering.charts.lettering import text_px, words_layer
from clarity_assets.reports.rendering.charts.palette import DASHES, SERIES, colour
from clarity_assets.reports.rendering.charts.scales import round_ticks, tick_text
from clarity_assets.reports.rendering.charts.words import WIDE_PX, amount, date_text, is_weekly, label_text

TICK_PX = 58  # one label such as `28 Sep` with air
TOP_PX, RIGHT_PX, BOTTOM_PX, TITLE_PX = 24, 12, 24, 18
FORECAST_DASH = (3, 3)
DENSE = 70  # dates; from here on, points are small


def trend_drawing(chart: TrendChart, *, width_px: int) -> Drawing:
    """One picture, or a small one for each line where `is_split`, all on one scale."""
    is_wide = width_px >= WIDE_PX
    is_split = chart.is_split and len(chart.lines) > 1
    column_count = min(3, len(chart.lines)) if is_split and is_wide else 1
    inner_px = (130 if is_wide else 90) if is_split else (180 if is_wide else 150)
    ticks = _value_ticks(chart, count=max(2, inner_px // 36))
    left_px = int(max(text_px(tick_text(tick)) for tick in ticks)) + 12
    top_px = TOP_PX + (TITLE_PX if is_split else 0)
    each_px = (width_px - column_count * (left_px + RIGHT_PX)) // column_count
    groups = [(line,) for line in chart.lines] if is_split else [chart.lines]
    size = {"width": each_px, "height": inner_px}
    step_px = (left_px + each_px + RIGHT_PX, top_px + inner_px + BOTTOM_PX)
    pictures = tuple(
        (left_px + i % column_count * step_px[0], top_px + i // column_count * step_px[1],
         {**size, **_picture(chart, lines, ticks=ticks, left_px=left_px, **size)})
        for i, lines in enumerate(groups)
    )  # fmt: skip
    key = () if is_split or len(chart.lines) < 2 else tuple(_key_item(chart, line) for line in chart.lines)
    return Drawing(pictures, width_px, -(-len(groups) // column_count) * step_px[1], key, left_px)


def _picture(
    chart: TrendChart, lines: tuple[Line, ...], *, ticks: list[float], left_px: int, width: int, height: int
) -> dict:
    """Spans below, then bands, lines, points and words."""
    labels = list(_date_labels(chart.dates, width_px=width))
    x = {"field": "i", "type": "quantitative",
         "scale": {"domain": [-0.5, len(chart.dates) - 0.5], "nice": False, "zero": False},
         "axis": {"values": [row["i"] for row in labels], "grid": False}}  # fmt: skip
    y = {"field": "v", "type": "quantitative", "scale": {"domain": [ticks[0], ticks[-1]], "nice": False},
         "axis": {"values": ticks, "domain": False, "ticks": False}}  # fmt: skip
    beside = [{"v": tick, "said": tick_text(tick)} for tick in ticks]
    layers = [
        *_spans(chart), *_bands(chart, lines), *_strokes(chart, lines),
        words_layer(beside, anchor="end", ink="muted", dx=-6, x={"value": 0}),
        words_layer(labels, anchor="middle", ink="muted", dy=13, y={"value": height}),
        words_layer([{"said": label_text(chart.unit)}], anchor="start", ink="muted", dx=6 - left_px, dy=-15,
                    x={"value": 0}, y={"value": 0}),
    ]  # fmt: skip
    if chart.is_split and len(chart.lines) > 1:
        title = [{"said": label_text(lines[0].label)}]
        layers.append(
            words_layer(title, anchor="start", title=True, dx=6 - left_px, dy=-33, x={"value": 0}, y={"value": 0})
        )
    return {"layer": layers, "encoding": {"x": x, "y": y}}


def _value_ticks(chart: TrendChart, *, count: int) -> list[float]:
    """Round numbers from 0, or from below it, over everything that any line shows."""
    told = [
        v for line in chart.lines for some in (line.values, line.low, line.high) for v in some or () if v is not None
    ]
    return round_ticks(min([*told, 0]), max([*told, 0]), count=count, whole=not chart.decimals)


def _spans(chart: TrendChart) -> Iterator[dict]:
    """The shaded period, and the hatched lost days over the whole height."""
    edges = {
        "x": {"field": "a", "type": "quantitative"},
        "x2": {"field": "b"},
        "y": {"value": 0},
        "y2": {"value": "height"},
    }
    marked = [i for i, day in enumerate(chart.dates) if chart.marked and chart.marked[0] <= day < chart.marked[1]]
    if marked:
        span = {"a": marked[0] - 0.5, "b": marked[-1] + 0.5}
        yield {
            "data": {"values": [span]},
            "mark": {"type": "rect", "color": colour("mark"), "aria": False},
            "encoding": edges,
        }
    weekly = is_weekly(chart.dates)
    lost = [{"a": i - 0.5, "b": i + 0.5, "tip": f"{date_text(day, weekly=weekly)}: lost"}
            for i, day in enumerate(chart.dates) if day in chart.lost]  # fmt: skip
    if lost:
        yield {"data": {"values": lost}, "mark": {"type": "rect", "color": colour("pattern-lost")},
               "encoding": {**edges, "description": {"field": "tip"}}}  # fmt: skip


def _bands(chart: TrendChart, lines: tuple[Line, ...]) -> Iterator[dict]:
    """Where a line has a low and a high value."""
    for line in lines:
        if line.low is None or line.high is None:
            continue
        rows = [{"i": i, "v": low, "w": high, "run": run} for i, run in _runs(line)
                if (low := line.low[i]) is not None and (high := line.high[i]) is not None]  # fmt: skip
        if rows:
            yield {"data": {"values": rows}, "mark": {"type": "area", "color": _colour(chart, line), "opacity": 0.18},
                   "encoding": {"y2": {"field": "w"}, "detail": {"field": "run"}}}  # fmt: skip


def _strokes(chart: TrendChart, lines: tuple[Line, ...]) -> Iterator[dict]:
    """The lines, and a point for each known day, which tells its number."""
    weekly = is_weekly(chart.dates)
    for line in lines:
        who = f"{label_text(line.label)}, " if len(chart.lines) > 1 else ""
        rows = [
            {"i": i, "v": line.values[i], "run": run,
             "tip": f"{who}{date_text(chart.dates[i], weekly=weekly)}: {_value_text(chart, line, i)}"}
            for i, run in _runs(line)
        ]  # fmt: skip
        data = {"data": {"values": rows}}
        stroke = {"type": "line", "color": _colour(chart, line), "strokeWidth": 2, "strokeJoin": "round",
                  "strokeDash": _dash(chart, line)}  # fmt: skip
        yield {**data, "mark": stroke, "encoding": {"detail": {"field": "run"}}}
        point = {"type": "point", "filled": True, "color": _colour(chart, line), "opacity": 1,
                 "size": 9 if len(chart.dates) > DENSE else 22}  # fmt: skip
        yield {**data, "mark": point, "encoding": {"description": {"field": "tip"}}}


def _runs(line: Line) -> Iterator[tuple[int, int]]:
    """Places of known values, each with the number of its run of days without a gap."""
    run = 0
    for i, value in enumerate(line.values):
        if value is None:
            run += 1
        else:
            yield i, run


def _value_text(chart: TrendChart, line: Line, i: int) -> str:
    low, high = (values[i] if values else None for values in (line.low, line.high))
    return amount(line.values[i], chart.unit, decimals=chart.decimals, low=low, high=high)


def _key_item(chart: TrendChart, line: Line) -> KeyItem:
    return KeyItem(label_text(line.label), _colour(chart, line), dash=tuple(_dash(chart, line)))


def _colour(chart: TrendChart, line: Line) -> str:
    """A forecast has the colour of the first line, which it carries on."""
    lines = [one for one in chart.lines if not one.is_forecast]
    return colour(SERIES[lines.index(line) % len(SERIES) if line in lines else 0])


def _dash(chart: TrendChart, line: Line) -> list[int]:
    """Lines of one picture differ by their dashes too."""
    if line.is_forecast:
        return list(FORECAST_DASH)
    return DASHES[0 if chart.is_split else chart.lines.index(line) % len(DASHES)]


def _date_labels(dates: tuple[date, ...], *, width_px: int) -> Iterator[dict]:
    """All dates, or Mondays, or firsts of months, as many as have room; none over the right edge."""
    room = max(2, width_px // TICK_PX)
    mondays = [i for i, day in enumerate(dates) if day.weekday() == 0]
    firsts = [i for i, day in enumerate(dates) if i and day.month != dates[i - 1].month]
    is_monthly = len(dates) > room and len(mondays) > 3 * room
    places = list(range(len(dates))) if len(dates) <= room else firsts if is_monthly else mondays or [0]
    for i in places[:: -(-len(places) // room) or 1]:
        day = dates[i]
        said = f"{MONTHS[day.month - 1]} {day.year}" if is_monthly else f"{day.day} {MONTHS[day.month - 1]}"
        if (i + 0.5) / len(dates) * width_px + text_px(said) / 2 <= width_px + RIGHT_PX:
            yield {"i": i, "said": said}
