"""The marts of a period in; how pages, devices, sources and countries differ from the others (corrected) out."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from clarity_assets.reports.figures import Figure, Source, Where
from clarity_assets.reports.marts import ATTRIBUTION, ENGAGEMENT, FRUSTRATION, GEOGRAPHY, PAGE, SIGNAL, Keys, Marts
from clarity_assets.reports.measures import MEASURES, SIGNAL_RATES
from clarity_assets.reports.period import Period
from clarity_assets.statistics.contrast import Contrast, contrast_all
from clarity_assets.statistics.series import DailySeries

WATCHED = 100  # largest of each kind by sessions; smaller ones could show nothing

Key = tuple[str, str, Where]
"""Mart, measure, and the rows (column = value) that are held against the others."""


@dataclass(frozen=True)
class Difference:
    """One group against the others. `own`, `other`: rate or mean of either; `ratio`: own / other, with interval.

    `sessions`: sessions of the group that tell the measure. `is_named`: whether it may be called a difference.
    `against` says in words what the others are.
    """

    where: dict[str, str | int | bool | None]
    measure: str
    own: Figure
    other: Figure
    ratio: Figure
    sessions: Figure
    is_named: bool
    p_adjusted: float | None
    reason: str
    against: str

    @property
    def is_worse(self) -> bool:
        """Whether it is named, and in the direction that is bad for visitors."""
        better = MEASURES[self.measure].better
        if not self.is_named or better is None or self.ratio.value is None:
            return False
        return (self.ratio.value > 1) == (better == "low")


class Contrasts:
    """What `find_contrasts` found."""

    def __init__(self, found: Mapping[Key, Difference]) -> None:
        self._found = found

    def of(self, table: str, measure: str, **where: str | int | bool | None) -> Difference | None:
        """The difference of one group from the others; None where it is not watched (too small)."""
        return self._found.get((table, measure, tuple(sorted(where.items()))))

    def all(self, table: str, measure: str, **where: str | int | bool | None) -> list[Difference]:
        """All differences of a mart's measure among groups with these values, highest ratio first."""
        found = [
            difference
            for (its_table, its_measure, _), difference in self._found.items()
            if (its_table, its_measure) == (table, measure) and where.items() <= difference.where.items()
        ]
        return sorted(found, key=lambda d: d.ratio.value if d.ratio.value is not None else -1.0, reverse=True)

    def __len__(self) -> int:
        return len(self._found)


@dataclass(frozen=True)
class Family:
    """Groups of one mart, each held against all others that share the values of `within`.

    `against` says in words what these are.
    """

    table: str
    measures: Sequence[str]
    by: tuple[str, ...]
    where: Mapping[str, str | int | bool | None]
    against: str
    within: tuple[str, ...] = ()


def _families() -> list[Family]:
    of_device, of_browser = {"dimension": "device"}, {"dimension": "browser"}
    return [
        Family(PAGE, (*SIGNAL_RATES, "total_time_s", "scroll_depth_pct"), ("page",), {}, "the other pages"),
        Family(FRUSTRATION, ("affected_session_rate",), ("signal", "page", "device"), {},
               "the other pages on the same device", ("signal", "device")),
        Family(SIGNAL, ("affected_session_rate",), ("signal", "segment"), of_device, "the other devices", ("signal",)),
        Family(SIGNAL, ("affected_session_rate",), ("segment",), of_browser | {"signal": "script_error"},
               "the other browsers"),
        Family(ENGAGEMENT, ("total_time_s", "scroll_depth_pct"), ("segment",), of_device, "the other devices"),
        Family(GEOGRAPHY, ("total_time_s", *SIGNAL_RATES), ("country",), {}, "the other countries"),
        Family(ATTRIBUTION, ("total_time_s", "scroll_depth_pct", "quick_back_session_rate"), ("source", "medium"),
               {"breakdown": "source_medium"}, "the other sources"),
        Family(ATTRIBUTION, ("total_time_s", "scroll_depth_pct", "quick_back_session_rate"), ("channel",),
               {"breakdown": "source_medium"}, "the other channels"),
        Family(ATTRIBUTION, ("total_time_s", "scroll_depth_pct", "quick_back_session_rate"), ("campaign",),
               {"breakdown": "campaign"}, "the other campaigns"),
    ]  # fmt: skip


@dataclass(frozen=True)
class Held:
    """One group, the rows of the others that it is held against, and what both have a day."""

    table: str
    measure: str
    rows: dict[str, str | int | bool | None]
    rest: Where
    against: str
    own: DailySeries
    others: DailySeries
    period: Period

    @property
    def key(self) -> Key:
        return self.table, self.measure, tuple(sorted(self.rows.items()))


def find_contrasts(marts: Marts) -> Contrasts:
    """Hold every watched group against the others of its family, over the days of the period; corrected together."""
    pages = {"page": [line.keys["page"] for line in marts.totals(PAGE, ["sessions"], by=("page",), top=WATCHED)]}
    return contrast_held(
        marts,
        [
            held
            for family in _families()
            for held in held_of(marts, family, only=pages if "page" in family.by else None)
        ],
    )


def contrast_held(marts: Marts, groups: Iterable[Held]) -> Contrasts:
    """The difference of each group from the others it is held against; corrected together."""
    held = {one.key: one for one in groups}
    pairs = {key: (one.own, one.others) for key, one in held.items()}
    found = contrast_all(pairs, alike=lambda key: (key[1], dict(key[2]).get("signal")))
    return Contrasts({key: _difference(marts, one, found[key]) for key, one in held.items()})


def held_of(marts: Marts, family: Family, *, only: Mapping[str, list] | None = None) -> Iterator[Held]:
    """Each group of a family, and what its set (the same values of `within`) has besides it."""
    for measure, key, own, others in _held_against(marts, family, only=only):
        rows = dict(family.where) | dict(zip(family.by, key, strict=True))
        rest = {**family.where, **{column: rows[column] for column in family.within}, "is_other": True}
        yield Held(family.table, measure, rows, tuple(rest.items()), family.against, own, others, marts.period)


def _held_against(
    marts: Marts, family: Family, *, only: Mapping[str, list] | None
) -> Iterator[tuple[str, Keys, DailySeries, DailySeries]]:
    """Measure and key of each group, its series, and what its set (the same values of `within`) has besides it."""

    def read(by: tuple[str, ...], **options) -> dict[str, dict[Keys, DailySeries]]:
        span = {"start": marts.period.start, "end": marts.period.end}
        return marts.series(family.table, family.measures, by=by, where=family.where, **span, **options)

    sets, groups = read(family.within), read(family.by, only=only)
    places = [family.by.index(column) for column in family.within]
    for measure, by_key in groups.items():
        largest = sorted(by_key, key=lambda key: -_exposure(by_key[key]))
        for key in largest if only else largest[:WATCHED]:
            own, whole = by_key[key], sets[measure][tuple(key[i] for i in places)]
            rest = DailySeries(
                own.first,
                (whole.values - own.values).clip(min=0),
                (whole.exposure - own.exposure).clip(min=0),
                own.kind,
            )
            yield measure, key, own, rest


def _exposure(series: DailySeries) -> float:
    return float(series.exposure[series.is_known].sum())


def _difference(marts: Marts, held: Held, contrast: Contrast) -> Difference:
    measure = MEASURES[held.measure]
    source = marts.source(held.table, held.measure, held.rows, held.period)
    others = replace(source, where=held.rest, against=source.where)  # all but the own rows

    def figure(value: float, of: Source) -> Figure:
        told = None if math.isnan(value) else measure.per * value
        return Figure(told, measure.unit, of, decimals=measure.decimals)

    ratio = Figure(
        contrast.ratio, "times",
        replace(source, statistic="ratio", against=held.rest),
        low=contrast.interval.low if contrast.interval else None,
        high=contrast.interval.high if contrast.interval else None, decimals=1,
    )  # fmt: skip
    sessions = Figure(_exposure(held.own), "sessions", day_count=int(held.own.is_known.sum()))
    return Difference(
        held.rows, held.measure, figure(contrast.own, source), figure(contrast.other, others), ratio,
        sessions, contrast.is_named, contrast.p_adjusted, contrast.reason, held.against,
    )  # fmt: skip
