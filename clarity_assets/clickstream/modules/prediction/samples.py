"""A week's end in, two sets of persons out whose features lie before their cut-off and whose label lies after it."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from clarity_assets.clickstream.engines.engine import Engine
from clarity_assets.clickstream.modules.module import Run
from clarity_assets.clickstream.modules.prediction.features import (
    DATED,
    buyers,
    days_told,
    features_told,
    matrix,
    person_features,
)
from clarity_assets.settings import Settings

WEEK_DAYS = 7
DAYS_BEFORE = 7  # days before the window; a session on any of them: no first day without one is where events begin


@dataclass(frozen=True, eq=False)
class Samples:
    """Persons x features `x` (float64, columns `names`), and whether each bought. Rows by person."""

    names: tuple[str, ...]
    x: np.ndarray
    is_buyer: np.ndarray

    def __len__(self) -> int:
        return len(self.is_buyer)

    @property
    def buyers(self) -> int:
        return int(self.is_buyer.sum())

    @property
    def others(self) -> int:
        return len(self) - self.buyers

    def take(self, rows: np.ndarray) -> "Samples":
        return replace(self, x=self.x[rows], is_buyer=self.is_buyer[rows])

    def part(self, most: int, *, least_buyers: int, seed: int) -> "Samples":
        """About `most` rows by chance, buyers in their share, but `least_buyers` of them where there are as many."""
        if len(self) <= most:
            return self
        chance = np.random.default_rng(seed)
        share = most / len(self)
        parts = []
        for is_buyer, least in ((True, least_buyers), (False, 0)):
            rows = np.flatnonzero(self.is_buyer == is_buyer)
            parts.append(chance.choice(rows, min(len(rows), max(least, round(share * len(rows)))), replace=False))
        return self.take(np.sort(np.concatenate(parts)))


@dataclass(frozen=True)
class Cutoffs:
    """UTC days at whose start features end and the horizon begins; features begin `lookback_days` before each alike.

    `window_days`: how many days they would look back on if the events began early enough.
    """

    train: date
    test: date
    newest: date
    horizon_days: int
    lookback_days: int
    window_days: int

    @property
    def features(self) -> tuple[str, ...]:
        """What is learnt from at every cut-off, in the order of the matrix."""
        return features_told(is_short=self.lookback_days < self.window_days)

    def first(self, cutoff: date) -> date:
        return cutoff - timedelta(days=self.lookback_days)


@dataclass(frozen=True)
class Split:
    """What is learnt from, what it is tested on, and what to know about both."""

    cutoffs: Cutoffs
    train: Samples
    test: Samples
    notes: tuple[str, ...]


def days_back(settings: Settings) -> int:
    """Days before the week's Monday that the features of the train cut-off reach back, and a week to see if any is."""
    weeks = settings.clickstream_window_weeks - 1
    return WEEK_DAYS * weeks + 2 * settings.clickstream_horizon_days + DAYS_BEFORE


def split_by_time(run: Run) -> Split | None:
    """Train cut-off two horizons before the week's end, test cut-off one. None: nobody came on any day looked at."""
    horizon = timedelta(days=run.settings.clickstream_horizon_days)
    window_days = WEEK_DAYS * run.settings.clickstream_window_weeks
    train = run.end - 2 * horizon
    first = train - timedelta(days=window_days)
    told = days_told(run.engine, first=first - timedelta(days=DAYS_BEFORE), until=run.end)
    if not told or told[-1] < first:
        return None
    lookback_days = min(window_days, max(0, (train - told[0]).days))
    cutoffs = Cutoffs(train, run.end - horizon, run.end, horizon.days, lookback_days, window_days)
    notes = [*_short(cutoffs, told[0]), *_missing(cutoffs, told)]
    samples = [samples_at(run.engine, cutoffs, cutoff) for cutoff in (cutoffs.train, cutoffs.test)]
    return Split(cutoffs, *samples, tuple(notes))


def samples_at(engine: Engine, cutoffs: Cutoffs, cutoff: date) -> Samples:
    """Who came before the cut-off, what they did, and who of them bought within the horizon after it."""
    rows = person_features(engine, first=cutoffs.first(cutoff), cutoff=cutoff)
    until = cutoff + timedelta(days=cutoffs.horizon_days)
    is_buyer = np.isin(rows.column("person_id").to_numpy(), buyers(engine, cutoff=cutoff, until=until))
    return Samples(cutoffs.features, matrix(rows, cutoffs.features), is_buyer)


def _short(cutoffs: Cutoffs, first: date) -> list[str]:
    if cutoffs.lookback_days == cutoffs.window_days:
        return []
    return [
        f"events begin on {first}: features of {cutoffs.lookback_days} days, not {cutoffs.window_days}, before a "
        f"cut-off, and without {' and '.join(DATED)}, which would tell the calendar"
    ]


def _missing(cutoffs: Cutoffs, told: list[date]) -> list[str]:
    """Days of either horizon without any event: a purchase then is not known, and its buyer counts as none."""
    notes = []
    for name, cutoff in (("train", cutoffs.train), ("test", cutoffs.test)):
        days = [cutoff + timedelta(days=i) for i in range(cutoffs.horizon_days)]
        if missing := sorted(set(days) - set(told)):
            notes.append(
                f"no events on {len(missing)} of {len(days)} days after the {name} cut-off (first {missing[0]}): "
                "purchases of those days are not known"
            )
    return notes
