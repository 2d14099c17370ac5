"""A mart's columns in; the lines from them through the models to the landing tables out."""

from collections.abc import Collection, Mapping

from clarity_assets.clarity.columns import SIGNALS
from clarity_assets.trace.traced import Column
from clarity_assets.warehouse.models.model import Model, Tables
from clarity_assets.warehouse.models.sql_text import column_lineage

Lines = dict[Column, tuple[Column, ...]]

_known: dict[tuple[str, str], dict[str, list[Column]]] = {}  # a model's lines cost 50 ms, and traces come in rows


def _lines_of(model: Model, tables: Tables) -> dict[str, list[Column]]:
    """The model's own lines; read once for each version of its SQL."""
    key = (model.table, model.code_version)
    if key not in _known:
        _known[key] = column_lineage(model, tables=tables)
    return _known[key]


def lines_down(models: Mapping[str, Model], *, table: str, columns: Collection[str], tables: Tables) -> Lines:
    """Each column, and those that it is made of, layer by layer, until tables that no model makes."""
    found: Lines = {}
    waiting = [(table, column) for column in columns]
    while waiting:
        here = waiting.pop(0)
        if here in found or here[0] not in models:
            continue
        found[here] = tuple(_lines_of(models[here[0]], tables).get(here[1], ()))
        waiting += found[here]
    return found


def leaves_of(lines: Lines, start: Column) -> set[Column]:
    """The columns at the ends of the lines from one column."""
    ends, waiting, seen = set(), [start], set()
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        if here in lines:
            waiting += lines[here]
        else:
            ends.add(here)
    return ends


def pruned(lines: Lines, *, keep: Collection[Column], signal: str | None) -> Lines:
    """The lines that lead to the columns `keep`, and not through those of another signal."""
    others = tuple(f"{name}_" for name in SIGNALS if signal is not None and name != signal)

    def leads(column: Column) -> bool:
        if others and column[1].startswith(others):
            return False
        return column in keep or any(leads(below) for below in lines.get(column, ()))

    kept = {column: tuple(below for below in sources if leads(below)) for column, sources in lines.items()}
    return {column: sources for column, sources in kept.items() if sources and leads(column)}
