"""Tables and charts in, lines of plain text out: fitted to the width, wide characters counted as two columns."""

from collections.abc import Sequence
from itertools import groupby

from rich.cells import cell_len

from clarity_assets.reports.document import (
    BarChart,
    BubbleChart,
    Chart,
    Column,
    FlowChart,
    HeatChart,
    Line,
    Part,
    Table,
    TrendChart,
)
from clarity_assets.reports.figures import Figure
from clarity_assets.reports.period import day_name
from clarity_assets.reports.rendering.charts.rows import chart_rows
from clarity_assets.reports.rendering.numbers import cell_text, number_text
from clarity_assets.reports.rendering.texts import name_text, part_text

WIDTH = 100
BLOCK_WIDTH = WIDTH - 2  # blocks are indented
GAP = "  "
LEAST_TEXT_WIDTH = 28  # a name is not shortened further, so that names stay apart
PROSE_WIDTH = 60  # longer texts of ours are sentences
BAR_WIDTH = 32
MOST_BARS = 24
MOST_FLOWS = 12
MOST_LABEL = 36
LEVELS = "▁▂▃▄▅▆▇█"


# --- fitting ------------------------------------------------------------------------------------------------------


def wrapped(text: str, *, indent: str = "", width: int = WIDTH) -> list[str]:
    """The text in lines of at most `width` columns, the first one behind `indent`, the others below it."""
    room = width - cell_len(indent)
    lines, line = [], ""
    for word in text.split(" "):
        candidate = f"{line} {word}" if line else word
        if cell_len(candidate) > room and line:
            lines.append(line)
            candidate = word
        while cell_len(candidate) > room:
            head = _head(candidate, room)
            lines.append(head)
            candidate = candidate[len(head) :]
        line = candidate
    lines.append(line)
    return [(indent if i == 0 else " " * cell_len(indent)) + line for i, line in enumerate(lines)]


def fitted(text: str, width: int) -> str:
    """The text in at most `width` columns: its beginning and end around `…` where it is longer."""
    if cell_len(text) <= width:
        return text
    head = _head(text, (width - 1) * 2 // 3)
    tail = _head(text[::-1], width - 1 - cell_len(head))[::-1]
    return f"{head}…{tail}"


def _head(text: str, width: int) -> str:
    """As much of the beginning as fits; at least one character."""
    taken = 0
    for i, character in enumerate(text):
        taken += cell_len(character)
        if taken > width and i:
            return text[:i]
    return text


def _padded(text: str, width: int, *, is_right: bool = False) -> str:
    space = " " * (width - cell_len(text))
    return space + text if is_right else text + space


# --- tables -------------------------------------------------------------------------------------------------------


def table_lines(table: Table) -> list[str]:
    """Title, head, rows and note. Columns that do not fit follow in a second table with the first column again."""
    lines = wrapped(table.title, width=BLOCK_WIDTH)
    if _is_prose(table):
        lines += [line for row in table.rows for line in _paragraph(table.columns, row)]
    elif table.rows:
        cells = [[_cell(part) for part in row] for row in table.rows]
        lines += _grid(table.columns, list(map(list, zip(*cells, strict=True))))
    else:
        lines.append("(no rows)")
    return lines + (wrapped(table.note, width=BLOCK_WIDTH) if table.note else [])


def _is_prose(table: Table) -> bool:
    """Whether our own words in it are sentences, which must not be shortened."""
    return any(isinstance(part, str) and cell_len(part) > PROSE_WIDTH for row in table.rows for part in row)


def _paragraph(columns: Sequence[Column], row: Sequence[Part]) -> list[str]:
    """One row as a title with a line or more for each further column."""
    first, *rest = (part_text(part) for part in row)
    told = [f"{column.title}: {text}" for column, text in zip(columns[1:], rest, strict=True)]
    lines = [line for text in told for line in wrapped(text, indent="    ", width=BLOCK_WIDTH)]
    return [*wrapped(first, indent="- ", width=BLOCK_WIDTH), *lines]


def _cell(part: Part) -> tuple[str, str]:
    """A part's text, and its interval that is set in a row of its own."""
    return cell_text(part) if isinstance(part, Figure) else (part_text(part), "")


def _grid(columns: Sequence[Column], cells: list[list[tuple[str, str]]]) -> list[str]:
    """The table of columns of cells, in as many parts below one another as the width needs."""
    texts = [_joined(column) for column in cells]
    least = [_least_width(column, text) for column, text in zip(columns, texts, strict=True)]
    count = 1
    while count < len(columns) and sum(least[: count + 1]) + len(GAP) * count <= BLOCK_WIDTH:
        count += 1
    lines = _part(columns[:count], texts[:count], least[:count])
    if count == len(columns) or count == 1:
        rest = range(count, len(columns))
        return lines if not rest else [*lines, "", *_grid(columns[1:], cells[1:])]
    return [*lines, "", *_grid([columns[0], *columns[count:]], [cells[0], *cells[count:]])]


def _joined(cells: list[tuple[str, str]]) -> list[str]:
    """Values with their intervals, which begin at one place."""
    values, intervals = (max(cell_len(cell[i]) for cell in cells) for i in (0, 1))
    if not intervals:
        return [value for value, _ in cells]
    return [f"{_padded(value, values, is_right=True)} {_padded(interval, intervals)}" for value, interval in cells]


def _least_width(column: Column, texts: list[str]) -> int:
    widest = max(map(cell_len, texts))
    word = max(map(cell_len, column.title.split()), default=0)
    return min(BLOCK_WIDTH, max(widest if column.is_number else min(widest, LEAST_TEXT_WIDTH), word))


def _part(columns: Sequence[Column], texts: list[list[str]], least: list[int]) -> list[str]:
    """Lines of a table that fits when its texts are shortened; the room left goes to texts, then to titles."""
    widths = list(least)
    room = BLOCK_WIDTH - sum(widths) - len(GAP) * (len(widths) - 1)
    wanted = [max(map(cell_len, text)) for text in texts] + [cell_len(column.title) for column in columns]
    for i, width in enumerate(wanted):
        more = max(0, min(room, width - widths[i % len(widths)]))
        widths[i % len(widths)] += more
        room -= more
    heads = [wrapped(column.title, width=width) for column, width in zip(columns, widths, strict=True)]
    height = max(map(len, heads))
    lines = [_row([([""] * (height - len(head)) + head)[i] for head in heads], columns, widths) for i in range(height)]
    lines.append(GAP.join("─" * width for width in widths))
    return lines + [_row(row, columns, widths) for row in zip(*texts, strict=True)]


def _row(texts: Sequence[str], columns: Sequence[Column], widths: list[int]) -> str:
    return GAP.join(
        _padded(fitted(text, width), width, is_right=column.is_number)
        for text, column, width in zip(texts, columns, widths, strict=True)
    ).rstrip()


# --- charts -------------------------------------------------------------------------------------------------------


def chart_lines(chart: Chart) -> list[str]:
    """Title, what it shows, and a small picture or table."""
    head = [*wrapped(chart.title, width=BLOCK_WIDTH), *wrapped(chart.summary, width=BLOCK_WIDTH)]
    if isinstance(chart, TrendChart):
        return head + _sparklines(chart)
    if isinstance(chart, BarChart):
        return head + _bars(chart)
    if isinstance(chart, FlowChart):
        return head + _flows(chart)
    return head + (_heat(chart) if isinstance(chart, HeatChart) else _bubbles(chart))


def _sparklines(chart: TrendChart) -> list[str]:
    """A line of signs for each line of the chart, on one scale; days (or weeks) are put together where many."""
    known = [value for line in chart.lines for value in line.values if value is not None]
    if not known:
        return ["(nothing is known)"]
    labels = [fitted(line.label, MOST_LABEL) for line in chart.lines]
    label_width = max(map(cell_len, labels))
    together = -(-len(chart.dates) // (BLOCK_WIDTH - label_width - 26))
    lines = []
    for label, line in zip(labels, chart.lines, strict=True):
        values = [value for value in line.values if value is not None]
        span = [number_text(value, chart.decimals) for value in (min(values), max(values))] if values else ["unknown"]
        drawn = _sparkline(chart, line, together, max(known))
        lines.append(f"{_padded(label, label_width)}  {drawn}  {' to '.join(dict.fromkeys(span))}")
    each = f", {together} of them a sign" if together > 1 else ""
    lost = ", × lost" if chart.lost else ""
    first, last = day_name(chart.dates[0]), day_name(chart.dates[-1])
    return [*lines, *wrapped(f"({chart.unit}; {first} – {last} {chart.dates[-1].year}{each}{lost})", width=BLOCK_WIDTH)]


def _sparkline(chart: TrendChart, line: Line, together: int, top: float) -> str:
    signs = []
    for i in range(0, len(chart.dates), together):
        values = [value for value in line.values[i : i + together] if value is not None]
        if values:
            share = max(0.0, sum(values) / len(values)) / top if top > 0 else 0
            signs.append(LEVELS[min(len(LEVELS) - 1, int(share * len(LEVELS)))])
        elif not line.is_forecast and any(day in chart.lost for day in chart.dates[i : i + together]):
            signs.append("×")
        else:
            signs.append(" ")
    return "".join(signs)


def _bars(chart: BarChart) -> list[str]:
    shown = chart.bars[:MOST_BARS]
    if not shown:
        return ["(no bars)"]
    top = max(bar.value for bar in shown)
    labels = [name_text(bar.label) for bar in shown]
    rows = []
    for label, those in groupby(zip(labels, shown, strict=True), key=lambda pair: pair[0]):
        for i, (_, bar) in enumerate(those):
            low_high = "" if bar.low is None or bar.high is None else (
                f"  ({number_text(bar.low, chart.decimals)}–{number_text(bar.high, chart.decimals)})")  # fmt: skip
            length = round(BAR_WIDTH * max(0.0, bar.value) / top) if top > 0 else 0
            rows.append(("" if i else fitted(label, MOST_LABEL), bar.group, number_text(bar.value, chart.decimals),
                         "█" * length or "▏", low_high))  # fmt: skip
    widths = [max(cell_len(row[i]) for row in rows) for i in range(3)]
    lines = []
    for label, group, value, bar, low_high in rows:
        named = GAP.join(filter(None, (_padded(label, widths[0]), _padded(group, widths[1]))))
        lines.append(f"{named}{GAP}{_padded(value, widths[2], is_right=True)}{GAP}{bar}{low_high}")
    more = len(chart.bars) - len(shown)
    return [*lines, f"({chart.unit}{f'; {more} more bars are in the report as HTML' if more else ''})"]


def _heat(chart: HeatChart) -> list[str]:
    if not chart.rows:
        return ["(no rows)"]
    columns = [Column(""), *(Column(title, True) for title in chart.columns)]
    names = [(name_text(row), "") for row in chart.rows]
    numbers = [[("–" if row[i] is None else number_text(row[i], chart.decimals), "") for row in chart.values]
               for i in range(len(chart.columns))]  # fmt: skip
    return [*_grid(columns, [names, *numbers]), f"({chart.unit})"]


def _bubbles(chart: BubbleChart) -> list[str]:
    if not chart.points:
        return ["(no points)"]
    titles = (chart.x_title, chart.y_title, chart.size_title)
    names = [(name_text(point.label), "") for point in chart.points]
    numbers = [[(number_text(value, 0 if max(map(abs, column)) >= 100 else 1), "") for value in column]
               for column in zip(*((p.x, p.y, p.size) for p in chart.points), strict=True)]  # fmt: skip
    return _grid([Column(""), *(Column(title, True) for title in titles)], [names, *numbers])


def _flows(chart: FlowChart) -> list[str]:
    """The largest ones."""
    if not chart.flows:
        return ["(no flows)"]
    titles, rows = chart_rows(chart)
    columns = [Column(title, title == titles[-1]) for title in titles]
    cells = [[(name_text(cell), "") for cell in row] for row in rows[:MOST_FLOWS]]
    more = len(rows) - MOST_FLOWS
    note = [f"({more} smaller ones are in the report as HTML and as JSON)"] if more > 0 else []
    return [*_grid(columns, list(map(list, zip(*cells, strict=True)))), *note]
