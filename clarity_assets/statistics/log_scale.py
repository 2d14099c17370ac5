"""A daily series in, its values on a log scale out and back: effects are factors there, and bounds stay above zero."""

from dataclasses import dataclass

import numpy as np

from clarity_assets.statistics.series import DailySeries

ADDED = 0.5  # so that a day without any event has a logarithm; the least biased for Poisson counts (Cox 1955)


@dataclass(frozen=True)
class LogScale:
    """log(value + added), where the value is a count, a rate or a mean a day. `added` is in the value's unit."""

    added: float

    def log(self, values: np.ndarray) -> np.ndarray:
        """NaN stays NaN."""
        return np.log(values + self.added)

    def value(self, logs: np.ndarray) -> np.ndarray:
        """The way back; never below zero."""
        return np.maximum(np.exp(logs) - self.added, 0.0)


def log_scale(series: DailySeries) -> LogScale:
    """The scale of one series. Added to a count: half an event; to a rate: half an event on a usual day's exposure.

    To a mean (seconds per session): half of the smallest known mean above zero, and only if a day has none at all.
    """
    known = series.ratio[np.isfinite(series.ratio)]
    if series.kind == "count":
        return LogScale(ADDED)
    if series.kind == "rate":
        exposure = series.exposure[series.is_known & (np.nan_to_num(series.exposure) > 0)]
        return LogScale(ADDED / float(np.median(exposure)) if exposure.size else ADDED)
    above_zero = known[known > 0]
    return LogScale(ADDED * float(above_zero.min()) if 0 < above_zero.size < known.size else 0.0)
