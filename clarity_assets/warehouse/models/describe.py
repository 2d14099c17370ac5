"""Models in, their documentation as Markdown out: what docs/models.md holds."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from clarity_assets.warehouse.models.model import Model

LAYERS = {
    "seeds": "Rules and lists that people keep, as CSV files.",
    "staging": "Views on the landing tables: one a request, with the sums that averages came from.",
    "intermediate": "What several marts share.",
    "marts": "What notebooks and reports read.",
    "quality": "Views that set figures side by side that must agree; their checks say where they do not.",
}
"""The folders of `dbt_like_sql/`, and what stands in each."""

KINDS = {
    "incremental": "table, replaced by UTC days",
    "table": "table, replaced whole",
    "view": "view",
    "seed": "table, filled from the CSV file beside the contract",
    "engine": "table, computed by DuckDB or Spark",
}


class CheckLike(Protocol):
    """A check's name, its rule in words, what the contract says of it, and whether it blocks."""

    @property
    def name(self) -> str: ...
    @property
    def words(self) -> str: ...
    @property
    def description(self) -> str | None: ...
    @property
    def is_blocking(self) -> bool: ...


def models_page(models: Mapping[str, Model], *, checks: Mapping[str, Sequence[CheckLike]]) -> str:
    """All of docs/models.md; `checks` are of each table."""
    parts = [
        "# Models",
        "Every table and view that stands on the landing tables, made by `clarity-assets docs` from the contracts "
        "under `dbt_like_sql/`.\nSchema = folder = asset group. NULL is unknown, 0 is none. Checks that block stop "
        "what is downstream; the others warn.",
    ]
    for layer, meaning in LAYERS.items():
        own = sorted((m for m in models.values() if m.layer == layer), key=lambda m: m.name)
        if own:
            parts += [f"## {layer}", meaning]
            parts += [_model(model, models=models, checks=checks.get(model.table, ())) for model in own]
    return "\n\n".join(parts) + "\n"


def _model(model: Model, *, models: Mapping[str, Model], checks: Sequence[CheckLike]) -> str:
    meta = model.contract.meta
    reads = ", ".join(f"[{t}](#{_anchor(t)})" if t in models else f"`{t}`" for t in model.upstream)
    facts = [
        f"**Grain** {', '.join(f'`{name}`' for name in meta.grain)}",
        f"**Kind** {_kind(model)}",
        *([f"**Reads** {reads}"] if reads else []),
    ]
    columns = _table(
        ("column", "type", "meaning"), ((f"`{c.name}`", c.type, c.meaning) for c in model.contract.columns)
    )
    told = [f"### {model.table}", model.contract.description, " · ".join(facts), columns]
    if checks:
        told.append(_table(("check", "rule", "if it fails"), map(_check, checks)))
    return "\n\n".join(told)


def _kind(model: Model) -> str:
    if not model.is_by_engine:
        return KINDS[model.contract.meta.materialized]
    days = "weeks" if model.contract.meta.every == "week" else "UTC days"
    return f"{KINDS[model.contract.meta.materialized]}{'' if model.sql else ' through Python'}, replaced by {days}"


def _check(check: CheckLike) -> tuple[str, str, str]:
    told = " ".join(filter(None, (check.words, check.description)))
    return f"`{check.name}`", told, "blocks" if check.is_blocking else "warns"


def _table(names: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [names, ("---",) * len(names), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _anchor(table: str) -> str:
    return table.replace(".", "")
