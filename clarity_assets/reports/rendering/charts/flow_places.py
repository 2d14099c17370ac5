"""Flows from column to column in; where each node and each flow stands in a picture of some height out."""

from collections.abc import Sequence
from dataclasses import dataclass

from clarity_assets.reports.document import Flow, FlowChart
from clarity_assets.reports.rendering.charts.words import label_text

OTHER = "(other)"
GAP_PX = 9  # between the nodes of a column


@dataclass
class Node:
    """One node of a column, in pixels from the top; `came`, `left`: how far its two sides are taken by flows."""

    name: str
    value: float
    top_px: float = 0
    height_px: float = 0
    came_px: float = 0
    left_px: float = 0


@dataclass(frozen=True)
class Ribbon:
    """One flow between two nodes: where it leaves and where it comes in, in pixels from the top."""

    place: int
    start: str
    end: str
    flows: tuple[Flow, ...]
    value: float
    leaves_px: float
    comes_px: float
    height_px: float


@dataclass(frozen=True)
class Places:
    """Columns of nodes, each from top to bottom, and the flows between them."""

    columns: tuple[tuple[Node, ...], ...]
    ribbons: tuple[Ribbon, ...]


def places_of(chart: FlowChart, *, columns: int, most: int, height_px: float) -> Places:
    """The first columns; of each the `most` largest nodes, the others together; goals stand first, ends last."""
    flows = [flow for flow in chart.flows if flow.place < columns - 1 and flow.value > 0]
    ranked = _ranked(chart, flows)
    kept = [_kept(flows, place, ranked, most=most, ends=chart.ends) for place in range(columns)]

    def shown(name: str, place: int) -> str:
        return name if name in kept[place] else OTHER

    together: dict[tuple[int, str, str], list[Flow]] = {}
    for flow in flows:
        key = (flow.place, shown(label_text(flow.start), flow.place), shown(label_text(flow.end), flow.place + 1))
        together.setdefault(key, []).append(flow)
    order = [*ranked, OTHER] if not chart.ends else [*(n for n in ranked if n not in chart.ends), OTHER, *chart.ends]
    values = {key: sum(flow.value for flow in those) for key, those in together.items()}
    nodes = [_column(values, place, order) for place in range(columns)]
    scale = min(
        ((height_px - GAP_PX * (len(column) - 1)) / sum(node.value for node in column.values())
         for column in nodes if column),
        default=1.0,
    )  # fmt: skip
    for column in nodes:
        _set(column.values(), scale)
    found = []
    for place, start, end in sorted(values, key=lambda key: (key[0], order.index(key[1]), order.index(key[2]))):
        key = (place, start, end)
        height = values[key] * scale
        here, there = nodes[place][start], nodes[place + 1][end]
        found.append(Ribbon(place, start, end, tuple(together[key]), values[key],
                            here.top_px + here.left_px, there.top_px + there.came_px, height))  # fmt: skip
        here.left_px += height
        there.came_px += height
    return Places(tuple(tuple(column.values()) for column in nodes), tuple(found))


def _ranked(chart: FlowChart, flows: Sequence[Flow]) -> list[str]:
    """All names, goals first, then by how much comes to them and leaves them."""
    sums: dict[str, float] = {}
    for flow in flows:
        for name in (label_text(flow.start), label_text(flow.end)):
            sums[name] = sums.get(name, 0) + flow.value
    return sorted(sums, key=lambda name: (name not in chart.goals, -sums[name], name))


def _kept(flows: Sequence[Flow], place: int, ranked: list[str], *, most: int, ends: tuple[str, ...]) -> set[str]:
    """The names of a column that are drawn by themselves."""
    here = {label_text(flow.start) for flow in flows if flow.place == place}
    here |= {label_text(flow.end) for flow in flows if flow.place == place - 1}
    sums = {
        name: sum(f.value for f in flows if (f.place, label_text(f.start)) == (place, name)
                  or (f.place, label_text(f.end)) == (place - 1, name))
        for name in here
    }  # fmt: skip
    largest = sorted((n for n in here if n not in ends), key=lambda n: (-sums[n], ranked.index(n)))
    return set(largest[:most]) | (here & set(ends))


def _column(values: dict[tuple[int, str, str], float], place: int, order: list[str]) -> dict[str, Node]:
    """The nodes of a column in their order; each is as high as what comes or what leaves, whichever is more."""
    came: dict[str, float] = {}
    left: dict[str, float] = {}
    for (at, start, end), value in values.items():
        if at == place:
            left[start] = left.get(start, 0) + value
        if at == place - 1:
            came[end] = came.get(end, 0) + value
    names = sorted(came.keys() | left.keys(), key=order.index)
    return {name: Node(name, max(came.get(name, 0), left.get(name, 0))) for name in names}


def _set(column, scale: float) -> None:
    top = 0.0
    for node in column:
        node.top_px, node.height_px = top, node.value * scale
        top += node.height_px + GAP_PX
