"""The marts of a period in; how pages, devices, sources and countries differ from the others (corrected) out."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from clarity_assets.reports.figures import Figure, Where
from clarity_assets.reports.marts import ATTRIBUTION, ENGAGEMENT, FRUSTRATION, GEOGRAPHY, PAGE, SIGNAL, Keys, Marts
from clarity_assets.reports.measures import MEASURES, SIGNAL_TITLES
from clarity_assets.statistics.contrast import Contrast, contrast_all
from clarity_assets.statistics.series import DailySeries

WATCHED = 100  # largest of each kind by sessions; smaller ones could show nothing
SIGNAL_RATES = tuple(f"{signal}_session_rate" for signal in SIGNAL_TITLES)

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
    for family in _families():
        for measure, by_key in _series(marts, family).items():
            for key, own, others in _held_against(by_key, family):
                rows = dict(family.where) | dict(zip(family.by, key, strict=True))
                name = (family.table, measure, tuple(sorted(rows.items())))
                pairs[name], told[name] = (own, others), (family, rows)
    found = contrast_all(pairs, alike=lambda key: (key[1], dict(key[2]).get("signal")))
    return Contrasts({key: _difference(marts, key, found[key], pairs[key], *told[key]) for key in pairs})


def _series(marts: Marts, family: _Family) -> dict[str, dict[Keys, DailySeries]]:
    period = marts.period
    return marts.series(
        family.table, family.measures, by=family.by, where=family.where, start=period.start, end=period.end
    )


def _held_against(
    by_key: Mapping[Keys, DailySeries], family: _Family
) -> Iterator[tuple[Keys, DailySeries, DailySeries]]:
    """Each of the largest groups with the sum of all others in its set."""
    places = [family.by.index(column) for column in family.within]
    sets: dict[tuple, list[tuple[Keys, DailySeries]]] = {}
    for key, series in by_key.items():
        sets.setdefault(tuple(key[i] for i in places), []).append((key, series))
    for members in sets.values():
        values, exposure = (sum(getattr(series, name) for _, series in members) for name in ("values", "exposure"))
        largest = sorted(members, key=lambda m: -float(m[1].exposure[m[1].is_known].sum()))[:WATCHED]
        for key, own in largest:
            rest = DailySeries(
                own.first, (values - own.values).clip(min=0), (exposure - own.exposure).clip(min=0), own.kind
            )
            yield key, own, rest


def _difference(
    marts: Marts, key: Key, contrast: Contrast, pair: tuple, family: _Family, rows: dict[str, str | bool | None]
) -> Difference:
    table, name, _ = key
    measure, period = MEASURES[name], marts.period
    source = marts.source(table, name, rows, period)
    rest = tuple({**family.where, **{column: rows[column] for column in family.within}, "is_other": True}.items())

    def figure(value: float, where: Where) -> Figure:
        told = None if math.isnan(value) else measure.per * value
        return Figure(told, measure.unit, replace(source, where=where), decimals=measure.decimals)

    ratio = Figure(
        contrast.ratio, "times",
        replace(source, statistic="ratio", against=rest),
        low=contrast.interval.low if contrast.interval else None,
        high=contrast.interval.high if contrast.interval else None, decimals=1,
    )  # fmt: skip
    known = pair[0].is_known
    sessions = Figure(float(pair[0].exposure[known].sum()), "sessions", day_count=int(known.sum()))
    return Difference(
        rows, name, figure(contrast.own, source.where), figure(contrast.other, rest), ratio,
        sessions, contrast.is_named, contrast.p_adjusted, contrast.reason, family.against,
    )  # fmt: skip
