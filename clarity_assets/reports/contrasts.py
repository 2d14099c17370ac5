"""The marts of a period in; how pages, devices, sources and countries differ from the others (corrected) out."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from clarity_assets.reports.figures import Figure, Source, Where
from clarity_assets.reports.marts import ATTRIBUTION, ENGAGEMENT, FRUSTRATION, GEOGRAPHY, PAGE, SIGNAL, Keys, Marts
from clarity_assets.reports.measures import MEASURES, SIGNAL_RATES
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

    where: dict[str, str | bool | None]
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

    def of(self, table: str, measure: str, **where: str | bool | None) -> Difference | None:
        """The difference of one group from the others; None where it is not watched (too small)."""
        return self._found.get((table, measure, tuple(sorted(where.items()))))

    def all(self, table: str, measure: str, **where: str | bool | None) -> list[Difference]:
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
class _Family:
    """Groups of one mart, each held against all others that share the values of `within`."""

    table: str
    measures: Sequence[str]
    by: tuple[str, ...]
    where: Mapping[str, str | bool | None]
    against: str
    within: tuple[str, ...] = ()


def _families() -> list[_Family]:
    of_device, of_browser = {"dimension": "device"}, {"dimension": "browser"}
    return [
        _Family(PAGE, (*SIGNAL_RATES, "total_time_s", "scroll_depth_pct"), ("page",), {}, "the other pages"),
        _Family(FRUSTRATION, ("affected_session_rate",), ("signal", "page", "device"), {},
                "the other pages on the same device", ("signal", "device")),
        _Family(SIGNAL, ("affected_session_rate",), ("signal", "segment"), of_device, "the other devices", ("signal",)),
        _Family(SIGNAL, ("affected_session_rate",), ("segment",), of_browser | {"signal": "script_error"},
                "the other browsers"),
        _Family(ENGAGEMENT, ("total_time_s", "scroll_depth_pct"), ("segment",), of_device, "the other devices"),
        _Family(GEOGRAPHY, ("total_time_s", *SIGNAL_RATES), ("country",), {}, "the other countries"),
        _Family(ATTRIBUTION, ("total_time_s", "scroll_depth_pct", "quick_back_session_rate"), ("source", "medium"),
                {"breakdown": "source_medium"}, "the other sources"),
        _Family(ATTRIBUTION, ("total_time_s", "scroll_depth_pct", "quick_back_session_rate"), ("channel",),
                {"breakdown": "source_medium"}, "the other channels"),
        _Family(ATTRIBUTION, ("total_time_s", "scroll_depth_pct", "quick_back_session_rate"), ("campaign",),
                {"breakdown": "campaign"}, "the other campaigns"),
    ]  # fmt: skip


def find_contrasts(marts: Marts) -> Contrasts:
    """Hold every watched group against the others of its family, over the days of the period; corrected together."""
    pairs: dict[Key, tuple[DailySeries, DailySeries]] = {}
    told: dict[Key, tuple[_Family, dict]] = {}
    pages = [line.keys["page"] for line in marts.totals(PAGE, ["sessions"], by=("page",), top=WATCHED)]
    for family in _families():
        only = {"page": pages} if "page" in family.by else None
        for measure, key, own, others in _held_against(marts, family, only=only):
            rows = dict(family.where) | dict(zip(family.by, key, strict=True))
            name = (family.table, measure, tuple(sorted(rows.items())))
            pairs[name], told[name] = (own, others), (family, rows)
    found = contrast_all(pairs, alike=lambda key: (key[1], dict(key[2]).get("signal")))
    return Contrasts({key: _difference(marts, key, found[key], pairs[key], *told[key]) for key in pairs})


def _held_against(
    marts: Marts, family: _Family, *, only: Mapping[str, list] | None
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


def _difference(
    marts: Marts, key: Key, contrast: Contrast, pair: tuple, family: _Family, rows: dict[str, str | bool | None]
) -> Difference:
    table, name, _ = key
    measure, period = MEASURES[name], marts.period
    source = marts.source(table, name, rows, period)
    rest = tuple({**family.where, **{column: rows[column] for column in family.within}, "is_other": True}.items())

    others = replace(source, where=rest, against=source.where)  # all but the own rows

    def figure(value: float, of: Source) -> Figure:
        told = None if math.isnan(value) else measure.per * value
        return Figure(told, measure.unit, of, decimals=measure.decimals)

    ratio = Figure(
        contrast.ratio, "times",
        replace(source, statistic="ratio", against=rest),
        low=contrast.interval.low if contrast.interval else None,
        high=contrast.interval.high if contrast.interval else None, decimals=1,
    )  # fmt: skip
    sessions = Figure(_exposure(pair[0]), "sessions", day_count=int(pair[0].is_known.sum()))
    return Difference(
        rows, name, figure(contrast.own, source), figure(contrast.other, others), ratio,
        sessions, contrast.is_named, contrast.p_adjusted, contrast.reason, family.against,
    )  # fmt: skip
