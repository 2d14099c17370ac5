"""Daily series in; on which days of the period they stood out from their own history out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from clarity_assets.reports.document import Finding, Name, Sentence
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.figures import Figure, Source
from clarity_assets.reports.period import day_name
from clarity_assets.reports.product.parts import days_words
from clarity_assets.statistics.anomalies import Anomaly, anomalies
from clarity_assets.statistics.series import DailySeries

HISTORY = timedelta(weeks=12)  # as far back as statistics/anomalies.py looks
LEAST_DAYS = 2  # of one direction: of 1,000 single days that hold nothing 1-3 stand out, and a report looks at hundreds


@dataclass(frozen=True)
class Unusual:
    """Days of the period that stood out in one direction; `widest` is the one that did most."""

    direction: Literal["high", "low"]
    days: tuple[date, ...]
    widest: Anomaly


def history_start(facts: Facts) -> date:
    """First day of the series that tell what is usual."""
    first = facts.first_known_day or facts.period.start
    return max(facts.period.start - HISTORY, min(first, facts.period.start))


def unusual_days(series: DailySeries, *, since: date) -> Unusual | None:
    """The direction with most such days, where they are LEAST_DAYS or more."""
    found = anomalies(series, since=since).found
    for direction in ("high", "low"):
        those = [one for one in found if one.direction == direction]
        if len(those) >= LEAST_DAYS and 2 * len(those) > len(found):
            return Unusual(direction, tuple(one.date for one in those), max(those, key=lambda one: abs(one.score)))
    return None


def unusual_finding(
    unusual: Unusual, *, table: str, where: Mapping[str, str | None], name: Name | None, history: date
) -> Finding:
    """Such as `Sessions from x were more than usual on Tue 6 Oct, Wed 7 Oct: …`; of the whole site without `name`."""
    widest, rows = unusual.widest, tuple(where.items())
    day = Source(table, "sessions", rows, widest.date, widest.date + timedelta(days=1))
    value = Figure(widest.value, "sessions", day)
    usual = Source(table, "sessions", rows, day.start, day.end, "forecast", baseline=(history, widest.date))
    more = "more" if unusual.direction == "high" else "fewer"
    whose = "Sessions from {name}" if name else "Sessions of the site"
    sentence = Sentence(
        f"{whose} were {more} than usual on {{days}}: {{value}} on {{day}}, where about {{usual}} were usual for the "
        "weekday.",
        {"name": name, "days": days_words(unusual.days), "value": value, "day": day_name(widest.date),
         "usual": Figure(widest.expected, "", usual)},
    )  # fmt: skip
    segment = {key: told for key, told in where.items() if key != "breakdown"}
    return Finding("sessions", segment, sentence, sessions=value)
