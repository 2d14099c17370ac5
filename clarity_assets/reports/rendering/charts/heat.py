"""A HeatChart in, its drawing out: cells with their number, coloured by their share of a column's or all largest."""

from clarity_assets.reports.document import HeatChart
from clarity_assets.reports.figures import Source
from clarity_assets.reports.rendering.charts.drawing import Drawing
from clarity_assets.reports.rendering.charts.lettering import fitted, names_layer, row_names, text_px, words_layer
from clarity_assets.reports.rendering.charts.palette import HEAT_STEPS, colour
from clarity_assets.reports.rendering.charts.words import WIDE_PX, amount, label_text, with_ids

ROW_PX, LINE_PX = 27, 15
NAMES_SHARE = 0.36  # of the width, for names at the left


def heat_drawing(chart: HeatChart, *, width_px: int) -> Drawing:
    """Rows from top to bottom, columns from left to right; an unknown cell is hatched."""
    is_wide = width_px >= WIDE_PX
    names = [fitted(label_text(row), width_px=width_px * (NAMES_SHARE if is_wide else 1)) for row in chart.rows]
    left_px = int(max(map(text_px, names))) + 16 if is_wide else 2
    inner_px = width_px - left_px - 2
    lines = [_lines(label_text(title), width_px=inner_px / len(chart.columns) - 1) for title in chart.columns]
    top_px = LINE_PX * max(map(len, lines)) + 6
    order = row_names(len(names), is_wide=is_wide)
    x = {
        "field": "column",
        "type": "ordinal",
        "axis": None,
        "scale": {"domain": list(range(len(chart.columns))), "padding": 0},
    }
    y = {"field": "row", "type": "ordinal", "axis": None, "scale": {"domain": order, "padding": 0}}
    cells = _cells(chart)
    fill = {"field": "fill", "type": "nominal", "scale": None, "legend": None}
    spec = {
        "width": inner_px, "height": ROW_PX * len(order), "encoding": {"x": x, "y": y},
        "layer": [
            {"data": {"values": cells}, "mark": {"type": "rect", "stroke": colour("paper"), "strokeWidth": 2},
             "encoding": {"fill": fill, "description": {"field": "tip"}}},
            words_layer([cell for cell in cells if cell["said"]], anchor="middle"),
            names_layer(names, is_wide=is_wide), *_titles(lines),
        ],
    }  # fmt: skip
    return Drawing(((left_px, top_px, spec),), width_px, ROW_PX * len(order) + top_px + 4)


def _lines(title: str, *, width_px: float) -> list[str]:
    """The title, a line a word where it would not fit the column."""
    parts = [title] if text_px(title) <= width_px else title.split(" ")
    return [fitted(part, width_px=width_px) for part in parts]


def _titles(lines: list[list[str]]) -> list[dict]:
    """Titles that stand on the columns' tops; the first of a title's lines stands highest."""
    return [
        words_layer(
            [{"column": j, "said": said}],
            anchor="middle", ink="muted", dy=-12 - LINE_PX * (len(title) - 1 - i), y={"value": 0},
        )
        for j, title in enumerate(lines) for i, said in enumerate(title)
    ]  # fmt: skip


def _cells(chart: HeatChart) -> list[dict]:
    tops = _tops(chart)
    return [
        {
            "row": f"{i}", "column": j,
            "said": "" if value is None else amount(value, "", decimals=chart.decimals),
            "fill": colour(_fill(chart, value, tops[j])),
            "tip": with_ids(f"{label_text(chart.rows[i])}, {label_text(chart.columns[j])}: " + _told(chart, value),
                            _source(chart, i, j)),
        }
        for i, row in enumerate(chart.values) for j, value in enumerate(row)
    ]  # fmt: skip


def _tops(chart: HeatChart) -> list[float]:
    """What the strongest colour stands for, by column."""
    tops = [max((abs(v) for v in column if v is not None), default=0) for column in zip(*chart.values, strict=True)]
    return [max(tops)] * len(tops) if chart.is_one_scale and tops else tops


def _fill(chart: HeatChart, value: float | None, top: float) -> str:
    """The name of a cell's colour; hatched where it is a gap."""
    if value is None:
        return "paper" if chart.nothing else "pattern-lost"
    return _step(value, top)


def _told(chart: HeatChart, value: float | None) -> str:
    if value is None and chart.nothing:
        return label_text(chart.nothing)
    return amount(value, chart.unit, decimals=chart.decimals)


def _source(chart: HeatChart, row: int, column: int) -> Source | None:
    return chart.sources[row][column] if chart.sources else None


def _step(value: float, top: float) -> str:
    """The name of a cell's colour: the stronger, the nearer to the largest."""
    share = abs(value) / top if top else 0
    return HEAT_STEPS[min(round(share * (len(HEAT_STEPS) - 1)), len(HEAT_STEPS) - 1)]
