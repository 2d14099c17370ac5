"""Facts in, the section that tells the next two weeks' sessions with their intervals out."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from clarity_assets.reports.document import Column, Finding, Line, Name, Section, Sentence, Table, TrendChart
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.figures import Figure, Source
from clarity_assets.reports.marts import SITE
from clarity_assets.reports.period import day_name
from clarity_assets.reports.site_shares import site_sessions
from clarity_assets.statistics.forecast import Forecast, forecast

DAYS_AHEAD = 14
HISTORY = timedelta(days=3 * 365)
SHOWN_DAYS = 35
NOTE = "Each interval is for its own day, and holds in 95 of 100 days if the site goes on as it did."


def outlook(facts: Facts) -> Section:
    """Sessions of each of the next 14 days: median, 95 % interval, and what last week's same weekday would say."""
    end = facts.period.end
    if facts.first_known_day is None:
        return _none("no day is known yet")
    start = min(max(end - HISTORY, facts.first_known_day), end - timedelta(days=SHOWN_DAYS))
    series = site_sessions(facts, start)
    told = forecast(series, days=DAYS_AHEAD)
    if told.outcome == "too_few":
        return _none(told.reason)
    figures = [
        Figure(
            float(told.median[i]), "sessions", Source(SITE, "sessions", (), day, day + timedelta(days=1), "forecast",
                                                      baseline=(start, end)),
            low=float(told.low[i]), high=float(told.high[i]),
        )
        for i, day in enumerate(told.dates)
    ]  # fmt: skip
    ahead = replace(figures[0].source, end=figures[-1].source.end)
    return Section(
        "outlook",
        "The next two weeks",
        findings=(_finding(told, figures, start=start, end=end),),
        blocks=(_chart(facts, series.values, told, source=ahead), _table(told, figures)),
        notes=(Sentence(NOTE),),
    )


def _none(reason: str) -> Section:
    sentence = Sentence(f"No forecast: {reason}.")
    return Section("outlook", "The next two weeks", findings=(Finding("sessions", {}, sentence),))


def _finding(told: Forecast, figures: list[Figure], *, start: date, end: date) -> Finding:
    whole = Source(SITE, "sessions", (), end, end + timedelta(days=DAYS_AHEAD), "forecast", baseline=(start, end))
    a_day = Figure(float(np.mean(told.median)), "sessions", whole)
    low = min(figures, key=lambda figure: figure.value)
    high = max(figures, key=lambda figure: figure.value)
    words = "If things go on as they did: about {a_day} a day, between {low} on {low_day} and {high} on {high_day}."
    days = {"low_day": told.dates[figures.index(low)], "high_day": told.dates[figures.index(high)]}
    return Finding(
        "sessions", {}, Sentence(words, {"a_day": a_day, "low": low, "high": high}
                                 | {name: day_name(day) for name, day in days.items()}),
        evidence=(a_day,),
    )  # fmt: skip


def _chart(facts: Facts, values: np.ndarray, told: Forecast, *, source: Source) -> TrendChart:
    end = facts.period.end
    shown = [None if np.isnan(value) else float(value) for value in values[-SHOWN_DAYS:]]
    before = tuple(end - timedelta(days=SHOWN_DAYS - i) for i in range(SHOWN_DAYS))
    gap, ahead = (None,) * SHOWN_DAYS, (None,) * DAYS_AHEAD
    lines = (
        Line("Sessions", (*shown, *ahead), source=Source(SITE, "sessions", (), before[0], end, "series")),
        Line("Forecast", gap + tuple(map(float, told.median)), gap + tuple(map(float, told.low)),
             gap + tuple(map(float, told.high)), is_forecast=True, source=source),
    )  # fmt: skip
    lost = tuple(day.date for day in facts.marts.days(start=before[0], end=end) if not day.is_known)
    summary = (
        f"About {np.mean(told.median):,.0f} sessions a day are expected; single days between "
        f"{np.min(told.low):,.0f} and {np.max(told.high):,.0f}."
    )
    return TrendChart("outlook_sessions", "Sessions a day, and the next two weeks", summary, "sessions",
                      (*before, *told.dates), lines, lost, (facts.period.start, end))  # fmt: skip


def _table(told: Forecast, figures: list[Figure]) -> Table:
    columns = (Column("Day (UTC)"), Column("Sessions expected", True, "The day's 95 % interval in brackets."))
    rows = tuple((Name(day_name(day), "day"), figure) for day, figure in zip(told.dates, figures, strict=True))
    return Table("outlook_days", "Day by day", columns, rows, note=_how(told), is_long=True)


def _how(told: Forecast) -> str:
    """What the forecast is made of, and how good it was on the own history."""
    if told.method == "seasonal_naive":
        return "Made by repeating last week's same days: nothing did better on this history."
    how = "Made from level and weekday pattern of the own history."
    if told.mase is None or not told.naive_mase:
        return how
    return (
        f"{how} On this history its error was {told.mase:.2f} against {told.naive_mase:.2f} of repeating last week "
        "(mean absolute scaled error)."
    )
