"""The newest known day of the whole site in; the figures that lie far outside of their own weekday's history out."""

from datetime import date, datetime, timedelta

from clarity_assets.alerts.causes import Cause, Found, of_kind
from clarity_assets.clarity.windows import newest_complete_day
from clarity_assets.reports.marts import SITE, Marts
from clarity_assets.reports.measures import MEASURES, SIGNAL_TITLES, Measure
from clarity_assets.reports.period import WEEKDAYS
from clarity_assets.statistics.anomalies import REACH, Anomaly, anomalies
from clarity_assets.statistics.series import DailySeries

# 14 series are looked at every day. With THRESHOLD of statistics/anomalies.py (3.5) they give an alarm a month where
# nothing is, with 4.5 one in 7 to 16 months, and sites of 900 sessions still have a campaign found on its first day
# (scores of 7 to 9; docs/metrics.md, measured by test_false_alarms.py).
THRESHOLD = 4.5
HISTORY = timedelta(weeks=2 * REACH)  # a day's weekday needs REACH weeks, and the spread as many of their days again
NEWS = timedelta(days=3)  # a newest known day older than that is no news

WATCHED = {
    "sessions": ("sessions",),
    "bot_share": ("bot_share",),
    **{signal: (f"{signal}_session_rate", f"{signal}_per_100_sessions") for signal in SIGNAL_TITLES},
}
"""What one cause is about -> the measures that are judged: of a signal, how many sessions meet it and how often."""


def newest_day(marts: Marts, *, now: datetime, request: str = "base") -> date | None:
    """The newest day that the request's marts know, where it is news; else None."""
    last = newest_complete_day(now)
    states = marts.days(request, start=last - NEWS, end=last + timedelta(days=1))
    return max((state.date for state in states if state.is_known), default=None)


def unusual_figures(marts: Marts, *, now: datetime, open_ids: frozenset[str]) -> Found:
    """One cause a figure; over when the newest known day is judged and fits. A day that is not judged says nothing."""
    day = newest_day(marts, now=now)
    if day is None:
        return Found()
    names = [name for measures in WATCHED.values() for name in measures]
    series = marts.series(SITE, names, start=day - HISTORY, end=day + timedelta(days=1))
    causes, fits = [], {}
    for subject, measures in WATCHED.items():
        judged = {name: _judged(series[name][()], day) for name in measures}
        odd = [(MEASURES[name], found) for name, found in judged.items() if isinstance(found, Anomaly)]
        if odd:
            causes.append(_cause(subject, odd))
        elif all(found is not None for found in judged.values()):
            fits[f"anomaly:{subject}"] = f"{day} lies within its own history again"
    return Found(tuple(causes), {i: fits[i] for i in of_kind(open_ids, "anomaly") if i in fits})


def _judged(series: DailySeries, day: date) -> Anomaly | bool | None:
    """The day as an anomaly; True where it fits, None where it cannot be judged."""
    found = anomalies(series, threshold=THRESHOLD, since=day)
    return found.found[-1] if found.found else True if found.judged_days else None


def _cause(subject: str, odd: list[tuple[Measure, Anomaly]]) -> Cause:
    measure, found = max(odd, key=lambda one: abs(one[1].score))
    more = "more" if found.direction == "high" else "less"
    weekday = WEEKDAYS[found.date.weekday()]
    told = " ".join(
        f"{m.title}: {_shown(m, a.value)}, where about {_shown(m, a.expected)} are usual for a {weekday} "
        f"({a.score:+.1f} robust standard deviations; named beyond {THRESHOLD})."
        for m, a in odd
    )
    return Cause(
        f"anomaly:{subject}", "anomaly", "warning", f"{measure.title}: far {more} than usual on {found.date}", told,
        "Look at that day in Clarity's dashboard (release, campaign, bots, a broken page?); "
        f"clarity-assets report ux --from {found.date} --to {found.date} says where it was",
    )  # fmt: skip


def _shown(measure: Measure, value: float) -> str:
    """A value of a series in the measure's unit, such as `4.1 %` or `1,204 sessions`."""
    return f"{measure.per * value:,.{measure.decimals}f} {measure.unit}".strip()
