"""One side of a number in; its value now, its mart rows, the landing rows below them and the missing days out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

import duckdb

from clarity_assets.clarity.columns import landing_columns
from clarity_assets.clarity.requests import ClarityRequest
from clarity_assets.clarity.store import KNOWN
from clarity_assets.reports.measures import Measure
from clarity_assets.trace.selecting import (
    CONTENT_TYPE,
    SITE,
    Selection,
    SourceUnreadable,
    columns_read,
    condition,
    date_column,
    derived_condition,
    landing_name,
    requests_of,
)
from clarity_assets.trace.traced import Column, MissingDay, Rows, Side
from clarity_assets.warehouse.models.model import Model
from clarity_assets.warehouse.query import one
from clarity_assets.warehouse.tables import identifier, quoted

SHOWN_ROWS = 10
MODELLED_DAYS = 31  # a longer range is not computed again from the landing tables: that costs as much as building it
SHOWN_COLUMNS = {
    "ops.api_request": ("reserved_at", "request", "purpose", "for_date", "outcome", "http_status", "request_id"),
    "ops.recommendation_found": (
        "period_start",
        "period_kind",
        "level",
        "rule",
        "page",
        "segment",
        "recommendation_id",
    ),
    "ops.check_result": ("partition_start", "table_name", "check_name", "severity", "outcome", "failing_rows"),
}
"""What tells rows apart in tables that no model makes; of others the first columns are shown."""
FIRST_COLUMNS = 8
UNRECORDED, NOT_IN_MART = "unrecorded", "not in the mart"


@dataclass(frozen=True)
class Sums:
    """The measure over some rows: its value, numerator and denominator, and how many rows tell it or do not."""

    value: float | None
    numerator: float | None
    denominator: float | None
    rows: int
    untold: int


@dataclass(frozen=True)
class Reader:
    """What all sides of one number share."""

    con: duckdb.DuckDBPyConnection
    project_id: str
    measure: Measure
    models: Mapping[str, Model]
    requests: Mapping[str, ClarityRequest]
    closed_before: date | None = None  # the landing rows of days before it are deleted

    def columns(self, selection: Selection) -> tuple[str, ...]:
        """The table's columns in the warehouse. Raises SourceUnreadable where there is none of the name."""
        sql = f"select * from {self.relation(selection)} limit 0"  # noqa: S608 - quoted
        try:
            return tuple(column[0] for column in self.con.execute(sql).description)
        except duckdb.CatalogException as error:
            raise SourceUnreadable(
                f"there is no {selection.table} in the warehouse; run the models: clarity-assets build"
            ) from error

    def relation(self, selection: Selection, sql: str = "") -> str:
        """The table, or a query with its columns; with the pages' content types where the selection asks for one."""
        told = f"({sql}\n)" if sql else quoted(selection.table)
        if CONTENT_TYPE not in dict((*selection.where, *selection.but_not)):
            return told
        return f"""(select told.*, kind.{CONTENT_TYPE} from {told} as told left join marts.dim_page as kind
                    on kind.project_id = told.project_id and kind.page = told.page)"""  # noqa: S608 - quoted

    def read(self, selection: Selection, *, landing: Mapping[str, set[str]]) -> Side:
        """The side. `landing`: the columns of the landing tables that the measure's columns are made of, by request."""
        columns = self.columns(selection)
        sums = self.sums(selection, columns=columns)
        requests = requests_of(selection)
        missing = [day for name in requests for day in self.missing(selection, name)]
        days = (selection.end - selection.start).days
        gaps = {day.date for day in missing if not requests or day.request == requests[0]}
        known = days - len(gaps) if requests else self._days(selection, columns=columns)
        is_modelled = self._is_modelled(selection)
        none = 0.0 if known and self.measure.denominator is None else None  # nobody saw the page on days that are known
        return Side(
            selection.label, selection.where, selection.but_not, selection.start, selection.end,
            sums.value if sums.rows else none,
            sums.numerator, sums.denominator, sums.untold, known, self.rows(selection, columns=columns),
            tuple(self.landing(selection, self.requests[name], landing[name], columns=columns) for name in landing),
            tuple(missing), self.by_model(selection, columns=columns, none=none) if is_modelled else None, is_modelled,
        )  # fmt: skip

    def on_days_of_own(self, selection: Selection) -> Selection:
        """Of all others: on the days alone on which the rows left out have any exposure (statistics/contrast.py)."""
        if not selection.but_not or self.measure.denominator is None:
            return selection
        own = replace(selection, where=selection.but_not, but_not=())
        where, values = condition(own, project_id=self.project_id, columns=self.columns(own))
        days = self.con.execute(
            f"""select date from (select date, {self.measure.numerator} as above, {self.measure.denominator} as below
                                  from {self.relation(own)} where {where})
                where above is not null group by date having sum(below) > 0 order by date""",  # noqa: S608
            values,
        ).fetchall()
        return replace(selection, only_on=tuple(day for (day,) in days))

    # --- the mart -------------------------------------------------------------------------------------------------

    def sums(self, selection: Selection, *, columns: tuple[str, ...], sql: str = "", **parameters) -> Sums:
        """The measure over the rows of the mart, or of a query with its columns."""
        where, values = condition(selection, project_id=self.project_id, columns=columns)
        numerator, denominator = self.measure.numerator, self.measure.denominator or "1"
        try:
            above, below, rows, untold = one(
                self.con,
                f"""select sum(above) filter (is_told)::double, sum(below) filter (is_told)::double, count(*),
                           count(*) filter (not is_told)
                    from (select *, above is not null and below is not null as is_told
                          from (select {numerator} as above, {denominator} as below
                                from {self.relation(selection, sql)} where {where}))""",  # noqa: S608
                values | parameters,
            )
        except (duckdb.BinderException, duckdb.ConversionException) as error:
            raise SourceUnreadable(
                f"the measure {self.measure.name!r} ({self.measure.formula}) does not fit {selection.table}: {error}"
            ) from error
        if self.measure.denominator is None:
            return Sums(above, above, None, rows, untold)
        value = self.measure.per * above / below if above is not None and below else None
        return Sums(value, above, below, rows, untold)

    def rows(self, selection: Selection, *, columns: tuple[str, ...]) -> Rows:
        """The first rows: what tells them apart, and the columns that the measure reads."""
        model = self.models.get(selection.table)
        read = columns_read(self.measure, columns)
        if model and read:
            fixed = {column for column, _ in selection.where} | {"project_id"}
            keys = [c for c in ("date", *model.contract.meta.grain) if c in columns and (c == "date" or c not in fixed)]
            shown = tuple(dict.fromkeys((*keys, *read)))
        else:
            others = tuple(column for column in columns if column != "project_id")[:FIRST_COLUMNS]
            shown = SHOWN_COLUMNS.get(selection.table, others)
        where, values = condition(selection, project_id=self.project_id, columns=columns)
        order = (date_column(selection.table, columns), *shown)
        return self._first(selection.table, shown, where, values, order=order, relation=self.relation(selection))

    def _first(
        self, table: str, columns: tuple[str, ...], where: str, values: dict, *, order: tuple[str, ...], relation: str
    ) -> Rows:
        [count] = one(self.con, f"select count(*) from {relation} as landed where {where}", values)  # noqa: S608
        listed, ordered = (", ".join(map(identifier, dict.fromkeys(names))) for names in (columns, order))
        rows = self.con.execute(
            f"select {listed} from {relation} as landed where {where} order by {ordered} limit {SHOWN_ROWS}",  # noqa: S608
            values,
        ).fetchall()
        return Rows(table, columns, count, tuple(rows))

    def _days(self, selection: Selection, *, columns: tuple[str, ...]) -> int:
        where, values = condition(selection, project_id=self.project_id, columns=columns)
        day = identifier(date_column(selection.table, columns))
        sql = f"select count(distinct cast({day} as date)) from {self.relation(selection)} where {where}"  # noqa: S608
        return one(self.con, sql, values)[0]

    def _is_modelled(self, selection: Selection) -> bool:
        model = self.models.get(selection.table)
        is_closed = self.closed_before is not None and selection.start < self.closed_before
        is_short = (selection.end - selection.start).days <= MODELLED_DAYS
        return bool(model and model.takes_range and is_short and not is_closed)

    def by_model(self, selection: Selection, *, columns: tuple[str, ...], none: float | None) -> float | None:
        """The measure over the rows that the mart's SQL gives from the tables below now; `none` without rows."""
        sql = self.models[selection.table].sql
        days = {"start": selection.start, "end": selection.end}
        sums = self.sums(selection, columns=columns, sql=sql, **days)
        return sums.value if sums.rows else none

    # --- the days -------------------------------------------------------------------------------------------------

    def missing(self, selection: Selection, request: str) -> list[MissingDay]:
        """The days of which the request tells nothing, or whose rows the mart does not have; and why."""
        days = {"start": selection.start, "end": selection.end}
        states = {
            day: (status, cause, rows)
            for day, status, cause, rows in self.con.execute(
                """select date, status, cause, row_count from ops.clarity_day
                   where project_id = $project and request = $request and date >= $start and date < $end""",
                {"project": self.project_id, "request": request} | days,
            ).fetchall()
        }
        sql = f"""select distinct date from {quoted(selection.table)}
                  where project_id = $project and date >= $start and date < $end"""  # noqa: S608 - quoted
        in_mart = {day for (day,) in self.con.execute(sql, {"project": self.project_id} | days).fetchall()}
        found = []
        for place in range((selection.end - selection.start).days):
            day = selection.start + timedelta(days=place)
            status, cause, rows = states.get(day, (UNRECORDED, "before the collection began, or not over yet", 0))
            if status in KNOWN:
                if not rows or day in in_mart:
                    continue
                status, cause = NOT_IN_MART, "known, but the mart has no row of it: clarity-assets build"
            found.append(MissingDay(request, day, status, cause or ""))
        return found

    # --- the landing tables ---------------------------------------------------------------------------------------

    def landing(
        self, selection: Selection, request: ClarityRequest, read: set[str], *, columns: tuple[str, ...]
    ) -> Rows:
        """The landing rows that fall under the same conditions, as far as the request's dimensions tell them."""
        names = [column.name for column in landing_columns(request)]
        is_site_beside = request.name == SITE and SITE not in requests_of(selection)
        name_of = (lambda column: None) if is_site_beside else landing_name(request, selection.where)
        where, values = condition(selection, project_id=self.project_id, columns=names, name_of=name_of)
        on_mart, mart_values = condition(selection, project_id=self.project_id, columns=columns, prefix="mart_")
        derived = derived_condition(selection, request, relation=self.relation(selection), on_mart=on_mart)
        if derived:
            where, values = where + derived, mart_values | values
        shown = ("date", *request.columns, *(name for name in names if name in read))
        order = ("date", *request.columns)
        return self._first(request.table, shown, where, values, order=order, relation=quoted(request.table))


def landing_read(leaves: set[Column], requests: Mapping[str, ClarityRequest]) -> dict[str, set[str]]:
    """The columns of each request's landing table among these."""
    found: dict[str, set[str]] = {}
    for table, column in leaves:
        for request in requests.values():
            if request.table == table:
                found.setdefault(request.name, set()).add(column)
    return found


def days_of(sides: tuple[Side, ...]) -> list[date]:
    """All days of all sides, in their order."""
    return sorted({side.start + timedelta(days=i) for side in sides for i in range((side.end - side.start).days)})
