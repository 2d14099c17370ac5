"""Which rows a number is of: its source in; conditions on the mart and on the landing tables below it out."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date

from clarity_assets.clarity.requests import ClarityRequest
from clarity_assets.errors import ClarityAssetsError
from clarity_assets.reports.figures import Source, Where
from clarity_assets.reports.measures import MEASURES, Measure
from clarity_assets.warehouse.tables import identifier

IS_OTHER = "is_other"
REMAINDER = "is_remainder"  # what the site has and a truncated day's rows lack: no report counts it, unless it says so
DATE_COLUMNS = {
    "ops.api_request": "reserved_at",
    "ops.check_result": "partition_start",
    "marts.dim_page": "first_seen_date",
    "marts.collection_gap": "first_date",
    "ops.recommendation_found": "period_start",
    "marts.recommendation": "first_period_start",
}
"""What tells the day of a row in tables without a column `date`."""

CONTENT_TYPE = "content_type"
"""A column that every mart of pages has here besides its own: what `marts.dim_page` calls the page."""

ALWAYS = {"ops.api_request": "outcome is distinct from 'not_sent'"}  # a slot that was given back is no request

SITE = "base"
TABLE_REQUESTS = {
    "marts.fct_site_daily": (SITE,),
    "marts.fct_page_daily": ("url_device",),
    "marts.fct_frustration_daily": ("url_device",),
    "marts.fct_geography_daily": ("country",),
}
"""The requests whose landing rows a mart's rows are made of."""

VALUE_REQUESTS = {
    "dimension": {
        "site": SITE, "device": "device", "browser": "browser_device", "os": "os", "country": "country",
    },
    "breakdown": {"source_medium": "source_medium", "campaign": "campaign", "clarity_channel": "channel"},
}  # fmt: skip
"""The same where a column of the mart tells it: column -> value -> request."""


class SourceUnreadable(ClarityAssetsError):
    """The number's source names a table, a column or a measure that is not there (any more)."""


@dataclass(frozen=True)
class Selection:
    """Rows of one table over UTC days [start, end): those of `where`, without those of `but_not`.

    `only_on`: of these days alone, where given: days without any session of `but_not` say nothing of a difference.
    """

    label: str
    table: str
    where: Where
    start: date
    end: date
    but_not: Where = ()
    only_on: tuple[date, ...] | None = None


def sides_of(source: Source) -> list[Selection]:
    """The number's own rows; then its baseline; then what it is compared with.

    Of a number that is of all others itself, `against` names the rows that it leaves out.
    """
    is_of_others = dict(source.where).get(IS_OTHER) is True
    but_not = (source.against or ()) if is_of_others else ()
    own = Selection("own rows", source.table, _named(source.where), source.start, source.end, but_not)
    sides = [own]
    if source.baseline:
        sides.append(replace(own, label="baseline", start=source.baseline[0], end=source.baseline[1]))
    if source.against is not None and not is_of_others:
        but_not = source.where if dict(source.against).get(IS_OTHER) is True else ()
        sides.append(replace(own, label="compared with", where=_named(source.against), but_not=but_not))
    return sides


def is_vague(source: Source) -> bool:
    """Whether it is of all others without a word of which rows these leave out."""
    return dict(source.where).get(IS_OTHER) is True and source.against is None


def _named(where: Where) -> Where:
    return tuple((column, value) for column, value in where if column != IS_OTHER)


def measure_of(source: Source) -> Measure:
    """The source's measure. Raises SourceUnreadable."""
    if source.measure not in MEASURES:
        raise SourceUnreadable(
            f"{source.id} is of the measure {source.measure!r}, which reports/measures.py does not have; "
            "make its report anew"
        )
    return MEASURES[source.measure]


def columns_read(measure: Measure, columns: Collection[str]) -> tuple[str, ...]:
    """The columns of a mart that the measure reads, in the mart's order."""
    named = set(re.findall(r"[a-z_][a-z0-9_]*", f"{measure.numerator} {measure.denominator or ''}"))
    return tuple(column for column in columns if column in named)


def date_column(table: str, columns: Collection[str]) -> str:
    """What tells a row's day. Raises SourceUnreadable where nothing does."""
    found = "date" if "date" in columns else DATE_COLUMNS.get(table, "date")
    if found not in columns:
        raise SourceUnreadable(f"{table} has no column {found!r} that would tell a row's day")
    return found


def condition(
    selection: Selection,
    *,
    project_id: str,
    columns: Collection[str],
    name_of: Callable[[str], str | None] | None = None,
    prefix: str = "",
) -> tuple[str, dict[str, object]]:
    """SQL (and its parameters) that is true for the selection's rows of a table with these columns.

    `name_of`: what a column of `where` is called in that table; None: nothing there tells it, so it is left out.
    `prefix` keeps the parameters of two conditions in one query apart.
    Raises SourceUnreadable where the table has no such column.
    """
    day = identifier(date_column(selection.table, columns))
    values: dict[str, object] = {"from_day": selection.start, "to_day": selection.end}
    parts = [f"{day} >= $from_day and {day} < $to_day"]
    if selection.only_on is not None:
        parts.append(f"list_contains($only_on, cast({day} as date))")
        values["only_on"] = list(selection.only_on)
    if "project_id" in columns:
        parts.append("project_id = $project")
        values["project"] = project_id
    if selection.table in ALWAYS and name_of is None:
        parts.append(ALWAYS[selection.table])
    if REMAINDER in columns and REMAINDER not in dict(selection.where):
        parts.append(f"not {REMAINDER}")
    names = {"columns": columns, "name_of": name_of, "table": selection.table, "values": values, "prefix": prefix}
    parts += _equal(selection.where, **names)
    others = _equal(selection.but_not, **names)
    if others:
        parts.append(f"not coalesce({' and '.join(others)}, false)")
    return " and ".join(parts), values


def _equal(where: Where, *, columns, name_of, table: str, values: dict[str, object], prefix: str) -> list[str]:
    """Conditions that each column has its value; the values are added to `values`."""
    parts = []
    for column, value in where:
        name = name_of(column) if name_of else column
        if name is None:
            continue
        if name not in columns:
            raise SourceUnreadable(
                f"{table} has no column {column!r} (its columns: {', '.join(columns)}); the number was told of another "
                "version of it: make its report anew"
            )
        if value is None:
            parts.append(f"{identifier(name)} is null")
        else:
            parameter = f"{prefix}value_{len(values)}"
            values[parameter] = value
            parts.append(f"{identifier(name)} = ${parameter}")
    return parts


# --- below the mart -----------------------------------------------------------------------------------------------


def requests_of(selection: Selection) -> tuple[str, ...]:
    """The requests that tell these rows, by table and by the value of `dimension` or `breakdown`; none: no mart."""
    if selection.table in TABLE_REQUESTS:
        return TABLE_REQUESTS[selection.table]
    named = dict(selection.where)
    if "breakdown" in named or selection.table == "marts.fct_attribution_daily":
        column = "breakdown"
    elif selection.table.startswith("marts.") and selection.table.removeprefix("marts.") in (
        "fct_signal_daily", "fct_engagement_daily", "fct_traffic_daily",
    ):  # fmt: skip
        column = "dimension"
    else:
        return ()
    known = VALUE_REQUESTS[column]
    if column in named:
        return (known[named[column]],) if named[column] in known else ()
    return tuple(known.values())


def landing_name(request: ClarityRequest, where: Where) -> Callable[[str], str | None]:
    """What a mart's column is called in the request's landing table; None where nothing there tells it."""
    dimension = dict(where).get("dimension")

    def name(column: str) -> str | None:
        told = dimension if column == "segment" else column
        return told if told in request.columns else None

    return name


DERIVED = {"channel": "source_medium", CONTENT_TYPE: "url_device"}
"""Columns of marts that rules make of a request's dimensions."""


def derived_condition(selection: Selection, request: ClarityRequest, *, relation: str, on_mart: str) -> str:
    """For rows chosen by what rules make: the landing rows whose day and dimensions the mart has; else nothing.

    `relation`: the mart with its columns; `on_mart`: the condition on it.
    """
    named = dict((*selection.where, *selection.but_not))
    if request.name not in {DERIVED[column] for column in named if column in DERIVED}:
        return ""
    keys = [name for name in request.columns if not (name == "device" and selection.table == "marts.fct_page_daily")]
    listed = ", ".join(f"{identifier(name)} as of_{name}" for name in keys)
    same = " and ".join(f"of_{name} is not distinct from landed.{identifier(name)}" for name in keys)
    return f""" and exists (select 1 from (select date as on_day, {listed} from {relation} where {on_mart})
                            where on_day = landed.date and {same})"""  # noqa: S608 - names are checked


def by_request(requests: Collection[ClarityRequest]) -> Mapping[str, ClarityRequest]:
    return {request.name: request for request in requests}
