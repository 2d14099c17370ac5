"""A mart's rows by page, source or campaign in; a finding for each that had sessions and has none any more out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

import numpy as np

from clarity_assets.reports.arrivals import presences
from clarity_assets.reports.document import Finding, Name, Sentence
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.marts import Keys
from clarity_assets.reports.period import day_name
from clarity_assets.reports.product.parts import source_name
from clarity_assets.reports.site_shares import MIN_SESSIONS
from clarity_assets.statistics.enough import MIN_EXPECTED_EVENTS, MIN_KNOWN_DAYS_AFTER
from clarity_assets.statistics.series import DailySeries

MOST_GONE = 2


def gone_findings(facts: Facts, table: str, by: Sequence[str], *, where: Mapping[str, str]) -> Iterator[Finding]:
    """What had sessions in the four weeks before and none on the known days of the period, the largest first."""
    before = facts.period.four_weeks_before
    absent = [one.key for one in presences(facts, table, by, where=where, since=before.start)
              if one.last < facts.period.start and any(one.key)]  # fmt: skip
    if not absent:
        return
    series = facts.marts.series(table, ["sessions"], by=by, where=where, keys=absent, start=before.start,
                                end=facts.period.end)["sessions"]  # fmt: skip
    for key, last in gone(series.items(), since=facts.period.start)[:MOST_GONE]:
        keys = dict(zip(by, key, strict=True))
        [earlier] = facts.marts.totals(table, ["sessions"], where=dict(where) | keys, period=before)
        change = facts.compared(table, "sessions", **where, **keys).named
        words = (
            f"No session {'on' if 'page' in keys else 'from'} {{name}} in this {facts.period.noun}, after {{earlier}} "
        )
        words += f"in the four weeks before; last seen on {day_name(last)}."
        values = {
            "name": source_name(keys) if "source" in keys else Name(key[0], by[0]),
            "earlier": earlier["sessions"],
        }
        sentence = Sentence(words, values)
        evidence = (change,) if change else ()
        yield Finding("sessions", keys, sentence, earlier["sessions"], evidence, is_change=True)


def gone(found: Iterable[tuple[Keys, DailySeries]], *, since: date) -> list[tuple[Keys, date]]:
    """What had sessions before `since` and none from then on, most sessions first; with its last day.

    Only where its earlier pace would have brought MIN_EXPECTED_EVENTS sessions on the known days from then on, and
    MIN_KNOWN_DAYS_AFTER of these are known: fewer may be none by chance.
    """
    lost = []
    for key, series in found:
        is_before = np.array([day < since for day in series.dates], dtype=bool)
        earlier, later = series.values[series.is_known & is_before], series.values[series.is_known & ~is_before]
        if len(later) < MIN_KNOWN_DAYS_AFTER or later.any() or not earlier.size:
            continue
        if earlier.mean() * len(later) >= MIN_EXPECTED_EVENTS and earlier.sum() >= MIN_SESSIONS:
            last = np.flatnonzero(np.nan_to_num(series.values) > 0)[-1]
            lost.append((float(earlier.sum()), key, series.dates[last]))
    return [(key, last) for _, key, last in sorted(lost, key=lambda one: -one[0])]
