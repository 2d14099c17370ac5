"""Sums of a mart's rows in; figures with value, unit, interval and what is known of them, or series, out."""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from clarity_assets.reports.figures import Figure, Source
from clarity_assets.reports.measures import SIGNAL_TITLES, Measure
from clarity_assets.statistics.intervals import weighted_mean_interval, wilson
from clarity_assets.statistics.series import DailySeries


def plain_key(value: object) -> object:
    """A value as a source keeps it: a date as text."""
    return value.isoformat() if isinstance(value, date) else value


def listed_days(place: int, measure: Measure) -> str:
    """The days of a mean, which alone tell how far it scatters."""
    if measure.kind != "mean":
        return "null, null"
    return f"list(num{place} order by date), list(den{place} order by date)"


def divided(place: int, measure: Measure) -> str:
    return f"sum(num{place})" if measure.denominator is None else f"sum(num{place}) / nullif(sum(den{place}), 0)"


def unit_of(measure: Measure, where: Mapping) -> str:
    """The measure's unit; of a row for each signal, the signal's."""
    signal = where.get("signal")
    if signal and measure.name == "count":
        return SIGNAL_TITLES[signal].lower()
    return measure.unit


def figure_of(
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


def series_of(measure: Measure, first: date, values: np.ndarray, exposure: np.ndarray) -> DailySeries:
    return DailySeries(first, values, None if measure.kind == "count" else exposure, measure.kind)
