"""Measures of a mart by any of its columns in; figures with intervals and sources, or daily series, out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import numpy as np

from clarity_assets.errors import RequestRefused
from clarity_assets.reports.document import DayState
from clarity_assets.reports.figures import Figure, Source
from clarity_assets.reports.measures import MEASURES, SIGNAL_TITLES, Measure
from clarity_assets.reports.period import Period
from clarity_assets.statistics.intervals import weighted_mean_interval, wilson
from clarity_assets.statistics.series import MIN_COVERAGE, DailySeries
from clarity_assets.warehouse.models.model import Model

Keys = tuple[str | None, ...]

SITE, PAGE, FRUSTRATION = "marts.fct_site_daily", "marts.fct_page_daily", "marts.fct_frustration_daily"
TRAFFIC, ENGAGEMENT, SIGNAL = "marts.fct_traffic_daily", "marts.fct_engagement_daily", "marts.fct_signal_daily"
GEOGRAPHY, ATTRIBUTION = "marts.fct_geography_daily", "marts.fct_attribution_daily"
COLLECTION, DIM_PAGE = "marts.fct_collection_daily", "marts.dim_page"

CONTENT_TYPE = "content_type"
"""A column that every mart of pages has here besides its own: what `DIM_PAGE` calls the page."""

_WITH_CONTENT_TYPE = f"""(select told.*, kind.{CONTENT_TYPE} from {{table}} as told
    left join {DIM_PAGE} as kind on kind.project_id = told.project_id and kind.page = told.page)"""  # noqa: S608

EVERYTHING: Mapping[str, Sequence[str | None]] = {}

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
"""Mart, or value of its column `dimension` or `breakdown` -> the request whose answers tell its rows."""


@dataclass(frozen=True)
class Total:
    """One line of `totals`: the values it is of by column, and its figures by measure."""

    keys: dict[str, str | None]
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
        where: Mapping[str, str | bool | None] | None = None,
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
        limits = [f"{_divided(measures.index(name), MEASURES[name])} >= {least:g}"
                  for name, least in (at_least or {}).items()]  # fmt: skip
        having = f"having {' and '.join(limits)}" if limits else ""
        keys = "".join(f"{column}, " for column in by)
        sums = ", ".join(
            f"sum(num{i}), sum(den{i}), {_lists(i, measure)}, count(num{i})" for i, measure in enumerate(asked)
        )
        sql = f"""
            with per_day as ({self._per_day(table, asked, by=by, where=where)})
            select {keys}{sums}, bool_or(is_truncated), bool_or(is_upper_bound),
            from per_day
            {f"group by {', '.join(by)}" if by else ""}
            {having}
            order by {_divided(order, asked[order])} desc nulls last{"".join(f", {column}" for column in by)}
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
        where: Mapping[str, str | bool | None] | None = None,
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
            measure.name: {key: _series(measure, start, numbers[2 * i, p], numbers[2 * i + 1, p])
                           for key, p in places.items()}
            for i, measure in enumerate(asked)
        }  # fmt: skip

    def known_dates(self, table: str, where: Mapping[str, str | bool | None]) -> frozenset[date]:
        """UTC days that the mart's request tells whole: not a gap, not truncated, MIN_COVERAGE or more of it."""
        dimension = where.get("dimension") or where.get("breakdown") or table
        request = REQUESTS[dimension]
        if request not in self._known:
            rows = self.con.execute(
                """select date from marts.fct_collection_daily
                   where project_id = ? and request = ? and not is_gap and not is_truncated and coverage >= ?""",
                [self.project_id, request, MIN_COVERAGE],
            ).fetchall()
            self._known[request] = frozenset(day for (day,) in rows)
        return self._known[request]

    def days(
        self, request: str = "base", *, start: date | None = None, end: date | None = None
    ) -> tuple[DayState, ...]:
        """How each UTC day (of the period, unless given) is known from a request; `unrecorded` without any word."""
        start, end = start or self.period.start, end or self.period.end
        rows = self.con.execute(
            """select date, status, coverage, cause, method, coalesce(is_truncated, false)
               from marts.fct_collection_daily where project_id = ? and request = ? and date >= ? and date < ?""",
            [self.project_id, request, start, end],
        ).fetchall()
        told = {row[0]: DayState(*row) for row in rows}
        dates = [start + timedelta(days=i) for i in range((end - start).days)]
        return tuple(told.get(day, DayState(day, "unrecorded")) for day in dates)

    def source(self, table: str, measure: str, where: Mapping[str, str | bool | None], period: Period) -> Source:
        """Where a total of the measure comes from."""
        return Source(table, measure, tuple(where.items()), period.start, period.end)

    def _per_day(
        self, table: str, asked: Sequence[Measure], *, by: Sequence[str], where: Mapping, only: Mapping = EVERYTHING
    ) -> str:
        """SQL: numerators and denominators of each day and `by`, of rows that tell both."""
        columns, relation = self._models[table].column_types, table
        if "page" in columns and CONTENT_TYPE in (*by, *where):
            columns, relation = {**columns, CONTENT_TYPE: "VARCHAR"}, _WITH_CONTENT_TYPE.format(table=table)
        for column in (*by, *where, *only):
            if column not in columns:
                raise RequestRefused(f"{table} has no column {column!r}; it has {', '.join(columns)}")
        sums = ", ".join(
            f"sum({m.numerator}) as num{i}, null::double as den{i}"
            if m.denominator is None
            else f"sum({m.numerator}) filter ({m.denominator} is not null) as num{i}, "
            f"sum({m.denominator}) filter ({m.numerator} is not null) as den{i}"
            for i, m in enumerate(asked)
        )
        rules = ["project_id = $project_id", "date >= $from_date", "date < $until_date"]
        rules += [f"{name} is not distinct from $w_{name}" for name in where]
        rules += [
            f"({name} in (select unnest($only_{name}::varchar[])){f' or {name} is null' if None in values else ''})"
            for name, values in only.items()
        ]
        rules += ["not is_remainder"] if "is_remainder" in columns else []
        cut = "bool_or(coalesce(is_truncated, false))" if "is_truncated" in columns else "false"
        bound = "bool_or(sessions_is_upper_bound)" if "sessions_is_upper_bound" in columns else "false"
        return f"""
            select {", ".join(("date", *by))}, {sums}, {cut} as is_truncated, {bound} as is_upper_bound,
            from {relation} where {" and ".join(rules)} group by {", ".join(("date", *by))}
        """  # noqa: S608 - columns come from the code, values are bound

    def _parameters(self, where: Mapping, start: date, end: date) -> dict:
        return {"project_id": self.project_id, "from_date": start, "until_date": end} | {
            f"w_{name}": value for name, value in where.items()
        }

    def _total(
        self, table: str, asked: Sequence[Measure], by: Sequence[str], where: Mapping, period: Period, row: tuple
    ) -> Total:
        keys = dict(zip(by, row, strict=False))
        *numbers, is_sample, is_bound = row[len(by) :]
        all_of = where | keys
        figures = {
            measure.name: _figure(
                measure, numbers[5 * i : 5 * i + 5], source=self.source(table, measure.name, all_of, period),
                unit=_unit(measure, all_of), is_sample=bool(is_sample), is_bound=bool(is_bound),
            )
            for i, measure in enumerate(asked)
        }  # fmt: skip
        return Total(keys, figures)


def _lists(place: int, measure: Measure) -> str:
    """The days of a mean, which alone tell how far it scatters."""
    if measure.kind != "mean":
        return "null, null"
    return f"list(num{place} order by date), list(den{place} order by date)"


def _divided(place: int, measure: Measure) -> str:
    return f"sum(num{place})" if measure.denominator is None else f"sum(num{place}) / nullif(sum(den{place}), 0)"


def _unit(measure: Measure, where: Mapping) -> str:
    """The measure's unit; of a row for each signal, the signal's."""
    signal = where.get("signal")
    if signal and measure.name == "count":
        return SIGNAL_TITLES[signal].lower()
    return measure.unit


def _figure(
    measure: Measure, numbers: Sequence, *, source: Source, unit: str, is_sample: bool, is_bound: bool
) -> Figure:
    numerator, denominator, daily, weights, days = numbers
    low = high = value = None
    if numerator is not None:
        if measure.denominator is None:
            value = float(numerator)
        elif denominator:
            value = measure.per * numerator / denominator
            low, high = _interval(measure, numerator, denominator, daily, weights)
    is_at_most = is_bound and not is_sample and measure.denominator is None and unit == "sessions"
    return Figure(
        value, unit, source, low=low, high=high, decimals=measure.decimals, is_at_most=is_at_most,
        is_at_least=is_bound and measure.name.endswith("per_100_sessions") and bool(value), is_sample=is_sample,
        day_count=days,
    )  # fmt: skip


def _interval(measure: Measure, numerator: float, denominator: float, daily: list, weights: list) -> tuple:
    """Low and high in the measure's unit; none for occurrences, which one session can have many of."""
    if measure.is_share and numerator <= denominator:
        limits = wilson(numerator, denominator)
    elif measure.kind == "mean":
        pairs = [(n / d, d) for n, d in zip(daily, weights, strict=True) if n is not None and d]
        limits = weighted_mean_interval([p[0] for p in pairs], [p[1] for p in pairs]) if pairs else None
    else:
        limits = None
    return (None, None) if limits is None else (measure.per * max(0.0, limits.low), measure.per * limits.high)


def _series(measure: Measure, first: date, values: np.ndarray, exposure: np.ndarray) -> DailySeries:
    return DailySeries(first, values, None if measure.kind == "count" else exposure, measure.kind)
