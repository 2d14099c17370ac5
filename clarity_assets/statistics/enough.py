"""Aligned series in, for each the stated minimum that it misses out: too little is known, or too little happened.

None of the minimums but the last looks at the difference between the periods, so leaving a series out does not bend the
p-values of the others: Bourgon, Gentleman & Huber (2010), PNAS 107, 9546-9551 (independent filtering).
"""

import numpy as np

from clarity_assets.statistics.aligned import Aligned
from clarity_assets.statistics.weekday_ratio import WeekdayRatio

MIN_KNOWN_DAYS_AFTER = 4  # of a week, with sessions for a rate or a mean; with fewer, one odd day decides
MIN_KNOWN_DAYS_BEFORE = 7  # once around the week
MIN_KNOWN_SHARE = 0.5  # of the days of either period; with less it is another period
MIN_EXPECTED_EVENTS = 10.0  # on each side without a change; even a doubling of 10 hardly stands out among hundreds
MIN_DAYS_WITH_EVENTS = 5  # of both periods; what fell on fewer is a burst, and its size tells no level
MIN_EXPOSURE_OF_MEAN = 30.0  # sessions behind a mean, on each side
MIN_DF = 5  # days left to tell the spread, after a level for each weekday and the change


def missing_minimums(aligned: Aligned, fit: WeekdayRatio) -> list[str]:
    """By series, the first stated minimum that it misses, in words; "" where there is enough to test."""
    days_after, days_before = aligned.calendar.is_after.sum(), (~aligned.calendar.is_after).sum()
    told_before, told_after = aligned.telling_days
    checks = (
        _days("the period", told_after, days_after, minimum=MIN_KNOWN_DAYS_AFTER, kinds=aligned.kinds),
        _days("the baseline", told_before, days_before, minimum=MIN_KNOWN_DAYS_BEFORE, kinds=aligned.kinds),
        _events(aligned, fit),
        _bursts(aligned),
        _degrees(fit),
    )
    return [next((reason for reason in reasons if reason), "") for reasons in zip(*checks, strict=True)]


def _days(name: str, told: np.ndarray, of: int, *, minimum: int, kinds: np.ndarray) -> list[str]:
    need = max(minimum, int(np.ceil(MIN_KNOWN_SHARE * of)))
    known = np.where(kinds == "count", "known", "known and have sessions")
    each = zip(told, known, strict=True)
    return ["" if n >= need else f"{n} of {of} days of {name} are {what}; {need} are needed" for n, what in each]


def _events(aligned: Aligned, fit: WeekdayRatio) -> list[str]:
    least = least_expected(fit)
    exposures = [aligned.exposure[:, side].sum(axis=1) for side in (fit.is_after, ~fit.is_after)]
    sessions = np.minimum(*exposures)
    reasons = []
    for i, kind in enumerate(aligned.kinds):
        if not fit.is_shared[i].any():
            reasons.append("nothing happened on a weekday that is known in both periods")
        elif kind == "mean" and sessions[i] < MIN_EXPOSURE_OF_MEAN:
            reasons.append(f"{sessions[i]:.0f} sessions in the smaller period; {MIN_EXPOSURE_OF_MEAN:.0f} are needed")
        elif kind != "mean" and least[i] < MIN_EXPECTED_EVENTS:
            reasons.append(
                f"{least[i]:.1f} events expected in the smaller period; {MIN_EXPECTED_EVENTS:.0f} are needed"
            )
        else:
            reasons.append("")
    return reasons


def least_expected(fit: WeekdayRatio) -> np.ndarray:
    """Events that the smaller side would have without a change, by series."""
    return np.minimum(fit.expected_after, fit.total - fit.expected_after)


def _bursts(aligned: Aligned) -> list[str]:
    days_with = (aligned.values > 0).sum(axis=1)
    return [
        ""
        if n >= MIN_DAYS_WITH_EVENTS
        else f"all of it fell on {n} days; {MIN_DAYS_WITH_EVENTS} are needed, or it is a burst"
        for n in days_with
    ]


def _degrees(fit: WeekdayRatio) -> list[str]:
    return [
        "" if df >= MIN_DF else f"{max(0, df)} days left to tell how days differ; {MIN_DF} are needed"
        for df in fit.residual_df
    ]


def too_clumped(least: float, spread: float) -> str:
    """The minimum of events in independent ones: ten clicks of one session are one event, and the spread says so."""
    if least >= MIN_EXPECTED_EVENTS * max(1.0, spread):
        return ""
    return (
        f"{least:.1f} events expected in the smaller period come in clumps of about {spread:.1f}: "
        f"{least / spread:.1f} independent ones; {MIN_EXPECTED_EVENTS:.0f} are needed"
    )
