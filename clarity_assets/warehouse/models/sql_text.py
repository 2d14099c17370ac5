"""A query's text in, the tables that it reads and the lines of things out (sqlglot)."""

import re
from pathlib import Path

import duckdb

from clarity_assets.warehouse.models.contract import SqlModelError
from clarity_assets.warehouse.models.model import Model, Tables


def upstream_of(sql: str, path: Path) -> dict[str, int]:
    """The tables that the query reads, CTEs excluded, each with the first line that names it. Raises SqlModelError."""
    import sqlglot
    from sqlglot import exp

    try:
        query = sqlglot.parse_one(sql, dialect="duckdb")
    except sqlglot.errors.SqlglotError as error:
        first = next(iter(getattr(error, "errors", [])), {"description": str(error), "start_context": ""})
        line = sql.count("\n", 0, sql.find(first["start_context"]) + len(first["start_context"])) + 1
        problem = f"DuckDB reads this, but sqlglot does not, so its upstream is unknown: {first['description']}"
        raise SqlModelError.at(path, line, problem) from error
    for union in query.find_all(exp.SetOperation):
        if union.args.get("by_name"):  # sqlglot 30.30 follows columns by place, so their lineage would be wrong
            raise SqlModelError.at(path, _line_of_set_operation(sql), "write `union all` by place, not `by name`")
    ctes = {cte.alias for cte in query.find_all(exp.CTE)}
    upstream: dict[str, int] = {}
    for table in query.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier) and (table.db or table.name not in ctes):
            name = ".".join(filter(None, (table.db, table.name)))
            line = _line_of(sql, table.this)
            upstream[name] = min(line, upstream.get(name, line))
    return dict(sorted(upstream.items()))


def line_of_column(sql: str, name: str) -> int:
    """The line where the last select names a column last; its first line where a star brings the column."""
    import sqlglot
    from sqlglot import exp

    query = sqlglot.parse_one(sql, dialect="duckdb")
    named = [i for s in query.selects for i in s.find_all(exp.Identifier) if i.name == name and "start" in i.meta]
    return _line_of(sql, named[-1]) if named else 1


def _line_of(sql: str, identifier) -> int:
    """By the offset: sqlglot's own line numbers are too high behind a CTE (30.30, measured)."""
    return sql.count("\n", 0, identifier.meta["start"]) + 1


def _line_of_set_operation(sql: str) -> int:
    found = re.search(r"\bby\s+name\b", sql, re.IGNORECASE)
    return sql.count("\n", 0, found.start()) + 1 if found else 1


def located(path: Path, error: duckdb.Error) -> SqlModelError:
    """DuckDB's error with our file and its line (of the query, or of a CSV file)."""
    found = re.search(r"^LINE (\d+):|CSV Error on Line: (\d+)", str(error), re.MULTILINE)
    line = int(found[1] or found[2]) if found else 1
    return SqlModelError.at(path, line, str(error).split("\n\nLINE")[0])


def column_lineage(model: Model, *, tables: Tables) -> dict[str, list[tuple[str, str]]]:
    """Column -> the (table, column) pairs that it is made of; `tables` must hold all upstream tables."""
    from sqlglot import exp
    from sqlglot.lineage import lineage

    if model.is_seed:
        return {column: [] for column in model.column_types}
    schema: dict[str, dict] = {}
    for table in model.upstream:
        schema_name, _, table_name = table.partition(".")
        schema.setdefault(schema_name, {})[table_name] = dict(tables[table])
    found = {}
    for column, root in lineage(None, model.sql, schema=schema, dialect="duckdb", trim_selects=False).items():
        leaves = [node for node in root.walk() if isinstance(node.source, exp.Table)]
        found[column] = sorted({(f"{n.source.db}.{n.source.name}", exp.to_column(n.name).name) for n in leaves})
    return found
