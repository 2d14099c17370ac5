"""Probabilities and what came true in, a few bins of persons with what was foretold and what was seen out."""

from dataclasses import dataclass

import numpy as np

from clarity_assets.statistics.intervals import wilson

MOST_BINS = 10


@dataclass(frozen=True)
class Bin:
    """Persons of like probability, bin 1 the lowest. Shares 0-1; `low` to `high` Wilson's interval of the observed."""

    bin: int
    persons: int
    predicted_mean: float
    observed_rate: float
    low: float
    high: float


def calibration(probabilities: np.ndarray, is_buyer: np.ndarray) -> list[Bin]:
    """At most MOST_BINS bins of about as many persons each; equal probabilities are never parted."""
    if not len(probabilities):
        return []
    edges = np.unique(np.quantile(probabilities, np.arange(1, MOST_BINS) / MOST_BINS))
    numbers = np.searchsorted(edges, probabilities, side="left")
    return [
        _bin(number, probabilities[numbers == found], is_buyer[numbers == found])
        for number, found in enumerate(np.unique(numbers), start=1)
    ]


def deciles(probabilities: np.ndarray) -> np.ndarray:
    """1 for the tenth with the highest probability … 10 for the lowest; equal probabilities are in one tenth."""
    from scipy.stats import rankdata

    above = rankdata(-probabilities, method="min") - 1
    return (above * 10 // max(1, len(probabilities))).astype(int) + 1


def _bin(number: int, probabilities: np.ndarray, is_buyer: np.ndarray) -> Bin:
    interval = wilson(int(is_buyer.sum()), len(is_buyer))
    mean, rate = float(probabilities.mean()), float(is_buyer.mean())
    low, high = min(interval.low, rate), max(interval.high, rate)  # of a rate of 0, low is 1e-18 by rounding
    return Bin(number, len(is_buyer), mean, rate, low, high)
