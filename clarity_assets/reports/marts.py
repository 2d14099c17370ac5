"""Measures of a mart by any of its columns in; figures with intervals and sources, or daily series, out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import numpy as np

from clarity_assets.errors import RequestRefused
from clarity_assets.reports.clickstream.tables import MODULE_OF
from clarity_assets.reports.document import DayState
from clarity_assets.reports.figures import Figure, Source
from clarity_assets.reports.known import EVENTS, analysed_dates, collected_dates, collected_days, event_days
from clarity_assets.reports.measured import divided, figure_of, listed_days, plain_key, series_of, unit_of
from clarity_assets.reports.measures import MEASURES, Measure
from clarity_assets.reports.period import Period
from clarity_assets.statistics.series import DailySeries
from clarity_assets.warehouse.models.model import Model
from clarity_assets.warehouse.query import one
from clarity_assets.warehouse.tables import identifier, quoted

Key = str | int | bool | None
Keys = tuple[Key, ...]

SITE, PAGE, FRUSTRATION = "marts.fct_site_daily", "marts.fct_page_daily", "marts.fct_frustration_daily"
TRAFFIC, ENGAGEMENT, SIGNAL = "marts.fct_traffic_daily", "marts.fct_engagement_daily", "marts.fct_signal_daily"
GEOGRAPHY, ATTRIBUTION = "marts.fct_geography_daily", "marts.fct_attribution_daily"
COLLECTION, DIM_PAGE = "marts.fct_collection_daily", "marts.dim_page"

CONTENT_TYPE = "content_type"
"""A column that every mart of pages has here besides its own: what `DIM_PAGE` calls the page."""

_WITH_CONTENT_TYPE = f"""(select told.*, kind.{CONTENT_TYPE} from {{table}} as told
    left join {DIM_PAGE} as kind on kind.project_id = told.project_id and kind.page = told.page)"""  # noqa: S608

EVERYTHING: Mapping[str, Sequence[Key]] = {}

REQUESTS = {
    SITE: "base",
    PAGE: "url_device",
    FRUSTRATION: "url_device",
    GEOGRAPHY: "country",
    "site": "base",
    "device": "device",
    "browser": "browser_device",
    "os": "os",
    "country": "country",
    "source_medium": "source_medium",
    "campaign": "campaign",
    "clarity_channel": "channel",
}
"""Mart, or value of its column `dimension` or `breakdown` -> the request whose answers tell its rows.

A clickstream mart has no request: see `known`.
"""


@dataclass(frozen=True)
class Total:
    """One line of `totals`: the values it is of by column, and its figures by measure."""

    keys: dict[str, Key]
    figures: dict[str, Figure]

    def __getitem__(self, name: str) -> Figure:
        return self.figures[name]

    def value(self, name: str) -> float:
        """The figure's value; 0 where it is unknown, for sorting."""
        return self.figures[name].value or 0.0


class Marts:
    """The marts of one project as a report reads them; `models` tell which columns each of them has."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, *, project_id: str, period: Period, models: Mapping[str, Model]
    ) -> None:
        self.con, self.project_id, self.period = con, project_id, period
        self._models = models
        self._known: dict[str, frozenset[date]] = {}

    def totals(
        self,
        table: str,
        measures: Sequence[str],
        *,
        by: Sequence[str] = (),
        where: Mapping[str, Key] | None = None,
        period: Period | None = None,
        top: int | None = None,
        order_by: str | None = None,
        at_least: Mapping[str, float] | None = None,
    ) -> list[Total]:
        """A line for each combination of `by`, largest `order_by` (default: the first measure) first.

        `where`: column = value (None: NULL). `at_least`: only lines whose measure is at least so much. Without rows, no
        lines; without `by`, one line always. Shares of sessions have a Wilson interval, means one from their days.
        Remainder rows of truncated days stay out. Raises RequestRefused for a column that the mart has not.
        """
        period, where = period or self.period, dict(where or {})
        asked = [MEASURES[name] for name in measures]
        order = measures.index(order_by or measures[0])
        limits = [f"{divided(measures.index(name), MEASURES[name])} >= {least:g}"
                  for name, least in (at_least or {}).items()]  # fmt: skip
        having = f"having {' and '.join(limits)}" if limits else ""
        keys = "".join(f"{column}, " for column in by)
        sums = ", ".join(
            f"sum(num{i}), sum(den{i}), {listed_days(i, measure)}, count(num{i})" for i, measure in enumerate(asked)
        )
        sql = f"""
            with per_day as ({self._per_day(table, asked, by=by, where=where)})
            select {keys}{sums}, bool_or(is_truncated), bool_or(is_upper_bound),
            from per_day
            {f"group by {', '.join(by)}" if by else ""}
            {having}
            order by {divided(order, asked[order])} desc nulls last{"".join(f", {column}" for column in by)}
            {f"limit {top:d}" if top else ""}
        """  # noqa: S608 - columns come from the code, values are bound
        found = self.con.execute(sql, self._parameters(where, period.start, period.end)).fetchall()
        return [self._total(table, asked, by, where, period, row) for row in found]

    def series(
        self,
        table: str,
        measures: Sequence[str],
        *,
        start: date,
        end: date,
        by: Sequence[str] = (),
        where: Mapping[str, Key] | None = None,
        keys: Iterable[Keys] | None = None,
        only: Mapping[str, Sequence[str | None]] | None = None,
    ) -> dict[str, dict[Keys, DailySeries]]:
        """By measure and by values of `by`: the UTC days [start, end), unknown ones unknown, none where nothing was.

        `keys`: only these (in their order, of nothing where the mart has no row of them); else all that have rows.
        `only`: column -> values; other rows are not read.
        Days that are truncated or whose windows cover less than MIN_COVERAGE are unknown.
        """
        asked, where = [MEASURES[name] for name in measures], dict(where or {})
        columns = ", ".join(f"num{i}, den{i}" for i in range(len(asked)))
        wanted = None if keys is None else list(dict.fromkeys(keys))
        only = {column: list(values) for column, values in (only or {}).items()}
        if wanted is not None:
            only |= {column: list({key[i] for key in wanted}) for i, column in enumerate(by)}
        per_day = self._per_day(table, asked, by=by, where=where, only=only)
        sql = f"with per_day as ({per_day}) select {', '.join(('date', *by))}, {columns} from per_day where not is_truncated"  # noqa: S608, E501
        limits = {f"only_{column}": values for column, values in only.items()}
        found = self.con.execute(sql, self._parameters(where, start, end) | limits).fetchall()
        places = {key: i for i, key in enumerate(wanted if by else [()])} if wanted is not None or not by else {}
        if wanted is None:
            for row in found:
                places.setdefault(row[1 : 1 + len(by)], len(places))
        known = np.array(
            [start + timedelta(days=i) in self.known_dates(table, where) for i in range((end - start).days)]
        )
        numbers = np.full((2 * len(asked), len(places), len(known)), np.nan)
        numbers[:, :, known] = 0.0
        if not by:
            numbers[:] = np.nan  # a table of the whole site has a row on every known day
        told = np.zeros((len(asked), len(known)), bool)
        seen = np.zeros(len(known), bool)
        for row in found:
            day = (row[0] - start).days
            if not known[day]:
                continue
            seen[day] = True
            values = row[1 + len(by) :]
            told[:, day] |= [value is not None for value in values[::2]]
            place = places.get(row[1 : 1 + len(by)])
            if place is not None:
                numbers[:, place, day] = [np.nan if value is None else value for value in values]
        for i in range(len(asked)):
            numbers[2 * i : 2 * i + 2, :, seen & ~told[i]] = np.nan  # the answer lacked this metric
        return {
            measure.name: {key: series_of(measure, start, numbers[2 * i, p], numbers[2 * i + 1, p])
                           for key, p in places.items()}
            for i, measure in enumerate(asked)
        }  # fmt: skip

    def known_dates(self, table: str, where: Mapping[str, Key]) -> frozenset[date]:
        """UTC days that are known whole: what is not there on them was none.

        Of a clickstream mart those that were analysed; else those that its request tells with MIN_COVERAGE or more.
        """
        name = table if table in MODULE_OF else REQUESTS[where.get("dimension") or where.get("breakdown") or table]
        if name not in self._known:
            known_dates = analysed_dates if table in MODULE_OF else collected_dates
            self._known[name] = known_dates(self.con, self.project_id, name)
        return self._known[name]

    def days(
        self, request: str = "base", *, start: date | None = None, end: date | None = None
    ) -> tuple[DayState, ...]:
        """How each UTC day (of the period, unless given) is known from a request, or from events."""
        span = {"start": start or self.period.start, "end": end or self.period.end}
        if request == EVENTS:
            return event_days(self.con, self.project_id, **span)
        return collected_days(self.con, self.project_id, request, **span)

    def rows(
        self,
        table: str,
        columns: Sequence[str],
        *,
        where: Mapping[str, Key] | None = None,
        period: Period | None = None,
        order_by: Sequence[str] = (),
        top: int | None = None,
    ) -> list[dict]:
        """Rows of the mart as they are, by column: for words, and for limits that a model has found itself.

        Raises RequestRefused for a column that the mart has not.
        """
        period, where = period or self.period, dict(where or {})
        self._need(table, (*columns, *where))
        listed, order = (", ".join(map(identifier, names)) for names in (columns, order_by or columns))
        sql = f"select {listed} from {quoted(table)} where {self._rules(table, where)} order by {order}"  # noqa: S608
        found = self.con.execute(
            f"{sql} {f'limit {top:d}' if top else ''}", self._parameters(where, period.start, period.end)
        ).fetchall()
        return [dict(zip(columns, map(plain_key, row), strict=True)) for row in found]

    def has_rows(self, table: str, period: Period | None = None) -> bool:
        """Whether the mart tells anything of the period."""
        return bool(self.rows(table, ["date"], period=period, top=1))

    def newest_week(self, table: str) -> Period | None:
        """Of a mart of weeks: the newest whole week within the period that it tells; None: it tells none."""
        sql = f"select max(date) from {quoted(table)} where {self._rules(table, {})}"  # noqa: S608 - quoted
        last = self.period.end - timedelta(days=6)  # a Monday before it begins a week that is over by then
        [monday] = one(self.con, sql, self._parameters({}, self.period.start, last))
        return Period.week(monday) if monday else None

    def source(self, table: str, measure: str, where: Mapping[str, Key], period: Period) -> Source:
        """Where a total of the measure comes from."""
        return Source(table, measure, tuple(where.items()), period.start, period.end)

    def _per_day(
        self, table: str, asked: Sequence[Measure], *, by: Sequence[str], where: Mapping, only: Mapping = EVERYTHING
    ) -> str:
        """SQL: numerators and denominators of each day and `by`, of rows that tell both."""
        columns, relation = self._models[table].column_types, table
        if "page" in columns and CONTENT_TYPE in (*by, *where):
            columns, relation = {**columns, CONTENT_TYPE: "VARCHAR"}, _WITH_CONTENT_TYPE.format(table=table)
        self._need(table, [name for name in (*by, *where, *only) if name not in columns])
        sums = ", ".join(
            f"sum({m.numerator}) as num{i}, null::double as den{i}"
            if m.denominator is None
            else f"sum({m.numerator}) filter ({m.denominator} is not null) as num{i}, "
            f"sum({m.denominator}) filter ({m.numerator} is not null) as den{i}"
            for i, m in enumerate(asked)
        )
        rules = [self._rules(table, where)]
        rules += [
            f"({name}::varchar in (select unnest($only_{name}::varchar[]))"
            f"{f' or {name} is null' if None in values else ''})"
            for name, values in only.items()
        ]
        rules += ["not is_remainder"] if "is_remainder" in columns else []
        cut = "bool_or(coalesce(is_truncated, false))" if "is_truncated" in columns else "false"
        bound = "bool_or(sessions_is_upper_bound)" if "sessions_is_upper_bound" in columns else "false"
        return f"""
            select {", ".join(("date", *by))}, {sums}, {cut} as is_truncated, {bound} as is_upper_bound,
            from {relation} where {" and ".join(rules)} group by {", ".join(("date", *by))}
        """  # noqa: S608 - columns come from the code, values are bound

    def _need(self, table: str, named: Sequence[str]) -> None:
        """Raises RequestRefused for a column that the mart has not."""
        columns = self._models[table].column_types
        for column in named:
            if column not in columns:
                raise RequestRefused(f"{table} has no column {column!r}; it has {', '.join(columns)}")

    def _rules(self, table: str, where: Mapping) -> str:
        """SQL: the project's rows of the period that have these values."""
        rules = ["project_id = $project_id", "date >= $from_date", "date < $until_date"]
        return " and ".join([*rules, *(f"{name} is not distinct from $w_{name}" for name in where)])

    def _parameters(self, where: Mapping, start: date, end: date) -> dict:
        return {"project_id": self.project_id, "from_date": start, "until_date": end} | {
            f"w_{name}": value for name, value in where.items()
        }

    def _total(
        self, table: str, asked: Sequence[Measure], by: Sequence[str], where: Mapping, period: Period, row: tuple
    ) -> Total:
        keys = dict(zip(by, map(plain_key, row), strict=False))
        *numbers, is_sample, is_bound = row[len(by) :]
        all_of = where | keys
        figures = {
            measure.name: figure_of(
                measure, numbers[5 * i : 5 * i + 5], source=self.source(table, measure.name, all_of, period),
                unit=unit_of(measure, all_of), is_sample=bool(is_sample), is_bound=bool(is_bound),
            )
            for i, measure in enumerate(asked)
        }  # fmt: skip
        return Total(keys, figures)
