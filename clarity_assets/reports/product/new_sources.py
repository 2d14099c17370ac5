"""Facts in; the sources and campaigns that were not there before, with what their sessions were like, out."""

from collections.abc import Iterator, Mapping

from clarity_assets.reports.arrivals import Arrival, arrival, is_new, presences
from clarity_assets.reports.contrasts import Difference
from clarity_assets.reports.document import Finding, Name, Part, Sentence
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.figures import in_hundredths
from clarity_assets.reports.marts import ATTRIBUTION
from clarity_assets.reports.period import FOUR_WEEKS, Period, day_name
from clarity_assets.reports.product.parts import share_of_site, source_name
from clarity_assets.reports.site_shares import site_sessions
from clarity_assets.statistics.series import DailySeries

MOST_NEW = 3
QUALITY = {
    "quick_back_session_rate": "Quick backs in {own} of its sessions",
    "total_time_s": "Engagement time {own}",
    "scroll_depth_pct": "Scroll depth {own}",
}
"""What is said of a new source's sessions, in this order."""


def new_sources(facts: Facts, by: tuple[str, ...], *, where: Mapping[str, str]) -> Iterator[Finding]:
    """A finding for each of the largest: since when, how many, how good. Not where the days before are unknown."""
    known = facts.marts.known_dates(ATTRIBUTION, where)
    new = [one for one in presences(facts, ATTRIBUTION, by, where=where)
           if any(one.key) and is_new(facts, one, known=known)]  # fmt: skip
    if not new:
        return
    start, end = facts.period.start - FOUR_WEEKS, facts.period.end
    series = facts.marts.series(ATTRIBUTION, ["sessions"], by=by, where=where, start=start, end=end,
                                keys=[one.key for one in new])["sessions"]  # fmt: skip
    site = site_sessions(facts, start)
    found = [told for one in new if (told := arrival(one.key, series[one.key].between(one.first, end)))]
    for one in sorted(found, key=lambda told: -told.sessions)[:MOST_NEW]:
        keys = dict(zip(by, one.key, strict=True))
        yield _finding(facts, one, keys, where=dict(where), own=series[one.key], site=site)


def _finding(
    facts: Facts,
    new: Arrival,
    keys: dict[str, str | None],
    *,
    where: dict[str, str],
    own: DailySeries,
    site: DailySeries,
) -> Finding:
    kind = "source" if "source" in keys else "campaign"
    [total] = facts.marts.totals(ATTRIBUTION, ["sessions"], where=where | keys)
    sessions = total["sessions"]
    name = source_name(keys) if kind == "source" else Name(keys["campaign"], kind)
    values: dict[str, Part] = {"name": name, "sessions": sessions, "share": share_of_site(sessions, own, site)}
    words = [f"New {kind} {{name}}, first seen on {day_name(new.since)}: {{sessions}} in this {facts.period.noun}, "
             "{share} of the site's."]  # fmt: skip
    if new.since < facts.period.start:
        [since] = facts.marts.totals(ATTRIBUTION, ["sessions"], where=where | keys,
                                     period=Period(new.since, facts.period.end))  # fmt: skip
        values["since"] = since["sessions"]
        words.append("{since} since then.")
    if new.stopped:
        words.append(f"None after {day_name(new.stopped)}.")
    differences = {name: facts.contrasts.of(ATTRIBUTION, name, **where, **keys) for name in QUALITY}
    told = {name: one for name, one in differences.items() if one and one.own.value is not None}
    for name, one in told.items():
        words.append(_compared(name, one, kind))
        values |= {f"{name}_own": one.own, f"{name}_other": one.other, f"{name}_ratio": in_hundredths(one.ratio)}
    return Finding("sessions", keys, Sentence(" ".join(words), values), sessions, is_change=True)


def _compared(name: str, one: Difference, kind: str) -> str:
    """A template; a difference is called one only where it is named."""
    own, other, ratio = (f"{{{name}_{side}}}" for side in ("own", "other", "ratio"))
    words = QUALITY[name].replace("{own}", own)
    if one.is_named:
        return f"{words}, {ratio} the other {kind}s' {other}."
    why = "no difference shown" if one.ratio.value is not None else "too few to compare"
    return f"{words} (the other {kind}s {other}; {why})."
