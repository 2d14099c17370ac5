"""The marts' contracts and the period's days in; what stands on each sheet of the workbook out."""

from dataclasses import dataclass

from clarity_assets.clarity.columns import SIGNALS
from clarity_assets.exports.tables import NAMES, Mart, Source, days_sql, exported, read_mart, rows_sql
from clarity_assets.warehouse.columns import Column
from clarity_assets.warehouse.query import one

TYPES = {"VARCHAR": "text", "DATE": "date", "BIGINT": "whole number", "DOUBLE": "number", "BOOLEAN": "TRUE or FALSE"}
UNITS = (
    ("_sum_s", "seconds, added up"), ("_s", "seconds"), ("_sum_pct", "percent, added up"), ("_pct", "percent"),
    ("pages_per_session", "pages per session"), ("pageviews", "page views"),
)  # fmt: skip
COUNTED = {"count": "occurrences", "pageviews": "page views", "sessions": "sessions", "visitors": "visitors"}
UNRECORDED = "unrecorded"


@dataclass(frozen=True)
class Sheet:
    """A table of the workbook: `query` gives `row_count` rows of `columns`."""

    name: str
    about: str
    columns: tuple[Column, ...]
    query: str
    row_count: int


@dataclass(frozen=True)
class Part:
    """As many rows of a table as one sheet holds."""

    name: str
    sheet: Sheet
    row_count: int


def in_parts(sheets: list[Sheet], *, max_rows: int) -> list[Part]:
    """Each table as `traffic`, and what is beyond `max_rows` as `traffic_2`, …; an empty one is a part too."""
    parts = []
    for sheet in sheets:
        for i, first in enumerate(range(0, max(1, sheet.row_count), max_rows)):
            name = sheet.name if i == 0 else f"{sheet.name}_{i + 1}"
            parts.append(Part(name, sheet, min(max_rows, sheet.row_count - first)))
    return parts


def table_sheets(source: Source) -> list[Sheet]:
    """The five tables. Frustration has a row a day, page and device, and a column a signal: a sixth of the rows of
    the mart, which people can sort and filter by any signal."""
    sheets = []
    for name in NAMES:
        of_mart = exported(name)
        pivoted = name == "frustration"
        columns, query = _signals_side_by_side(source, of_mart) if pivoted else (None, rows_sql(source, of_mart))
        count = f"select count(*) from ({query})"  # noqa: S608 - names of contracts
        row_count = sum(one(source.con, count, chunk.parameters)[0] for chunk in source.in_chunks())
        about = ", a row a day, page and device, and a column a signal" if pivoted else ""
        sheets.append(Sheet(name, f"{of_mart.table}{about}", columns or of_mart.columns, query, row_count))
    return sheets


def _signals_side_by_side(source: Source, frustration: Mart) -> tuple[tuple[Column, ...], str]:
    """Columns as in the marts that have a column a signal, such as `rage_click_count`; and the query."""
    fields = {"count": "count", "pageviews": "signal_pageviews", "sessions": "affected_sessions"}
    named = [(f"{signal}_{field}", signal, of) for signal in SIGNALS for field, of in fields.items()]
    keys = ("project_id", "date", "page", "device", "sessions")
    states = ("status", "is_truncated", "is_remainder", "sessions_is_upper_bound")
    meanings = read_mart("fct_page_daily").named(*(name for name, _, _ in named))
    columns = frustration.named(*keys) + meanings + frustration.named(*states)
    values = ", ".join(f"max({of}) filter (signal = '{signal}') as {name}" for name, signal, of in named)
    key, state = ", ".join(keys), ", ".join(states)
    query = f"""select {key}, {values}, {state} from ({days_sql(source, frustration)}) group by {key}, {state}
        order by date, page nulls last, device nulls last, is_remainder"""  # noqa: S608 - names of contracts
    return columns, query


def dictionary_rows(parts: list[Part]) -> list[tuple[str, ...]]:
    """Sheet, column, type, unit and meaning of every column of the tables."""
    return [(p.name, c.name, TYPES[c.type], unit_of(c), c.meaning) for p in parts for c in p.sheet.columns]


def unit_of(column: Column) -> str:
    """What the column counts or measures, as its name says; empty where it measures nothing."""
    if column.type == "DATE":
        return "UTC day"
    if column.type == "DOUBLE":
        return next((unit for end, unit in UNITS if column.name.endswith(end)), "")
    return COUNTED.get(column.name.rpartition("_")[2], "")


def day_rows(source: Source) -> list[tuple]:
    """How each day of the period is known: date, status, coverage, cause, and the same of its pages; truncated or not.

    The last says whether the site's or the pages' answer was cut.
    """
    days = f"""select date, status, coverage, cause, page_status, page_coverage, page_cause,
            is_truncated or coalesce(pages.is_sample, false) as is_sample
        from ({days_sql(source, read_mart("fct_site_daily"))})
        left join (
            select date, bool_or(is_truncated) as is_sample
            from ({days_sql(source, exported("frustration"))})
            group by date
        ) as pages using (date)"""  # noqa: S608 - names of contracts
    told = {row[0]: row for row in source.con.execute(days, source.parameters).fetchall()}
    unrecorded = (UNRECORDED, None, None, None, None, None, None)
    return [told.get(day, (day, *unrecorded)) for day in source.period.dates]
