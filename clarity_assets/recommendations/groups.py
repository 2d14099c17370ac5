"""The contrasts of devices, browsers and sources in; recommendations for those that fare worse than the others out."""

from collections.abc import Sequence

from clarity_assets.recommendations.found import Found, is_far, of_difference
from clarity_assets.recommendations.rules import MAX_MEAN_RATIO, Rule
from clarity_assets.recommendations.severity import affected_of, strength_of
from clarity_assets.reports.contrasts import Difference
from clarity_assets.reports.document import Name, Sentence
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.figures import in_hundredths
from clarity_assets.reports.marts import FRUSTRATION
from clarity_assets.reports.measures import MEASURES, SIGNAL_TITLES

SOURCE_MEANS = {
    "total_time_s": "stay {own} on average: {ratio} as long as those of {against} ({other})",
    "scroll_depth_pct": "see {own} of their pages on average: {ratio} as much as those of {against} ({other})",
}
"""Measures that say of a source, besides quick backs, that its visits are short; and how."""
QUICK_BACKS = "go straight back in {own} of the sessions: {ratio} as many as those of {against} ({other})"


def find_segments(facts: Facts, rule: Rule, *, pages: Sequence[Found] = ()) -> list[Found]:
    """Devices or browsers with a signal more than the others, unless pages that were `found` explain it."""
    where = {"dimension": rule.dimension} | ({"signal": rule.signal} if rule.signal else {})
    found = []
    for difference in facts.contrasts.all(rule.table, rule.measure, **where):
        segment, signal = difference.where["segment"], difference.where["signal"]
        if segment is None or not is_far(rule, difference) or _is_of_pages(facts, rule, difference, pages):
            continue
        place = {rule.dimension: segment} | ({} if rule.signal else {"signal": signal})
        statement = Sentence(
            f"{'In' if rule.dimension == 'browser' else 'On'} {{segment}}, {{own}} of the sessions had "
            f"{SIGNAL_TITLES[signal].lower()}: {{ratio}} as many as {'in' if rule.dimension == 'browser' else 'on'} "
            f"{difference.against} ({{other}}).",
            {"segment": Name(segment, rule.dimension), "own": difference.own, "ratio": in_hundredths(difference.ratio),
             "other": difference.other},
        )  # fmt: skip
        found.append(of_difference(facts, rule, difference, place=place, statement=statement))
    return [one for one in found if one]


def _is_of_pages(facts: Facts, rule: Rule, gap: Difference, pages: Sequence[Found]) -> bool:
    """Whether the device's rate, without the sessions affected on pages with a recommendation, is no longer far off.

    A session affected on two such pages is taken off twice, so a small gap beside them goes untold.
    """
    if rule.dimension != "device" or not gap.other.value:
        return False
    signal, device = gap.where["signal"], gap.where["segment"]
    of_pages = 0.0
    for page in (one.place["page"] for one in pages if one.rule.signal == signal and one.rule.looks == "page"):
        its = facts.contrasts.of(FRUSTRATION, "affected_session_rate", signal=signal, page=page, device=device)
        of_pages += affected_of(its) if its else 0.0
    left = max(0.0, affected_of(gap) - of_pages)
    rate = MEASURES[gap.measure].per * left / (gap.sessions.value or 1.0)
    return of_pages > 0 and rate < rule.min_ratio * gap.other.value


def find_sources(facts: Facts, rule: Rule) -> list[Found]:
    """Sources whose visitors turn back more, or stay or see less, than those of the others; one for each source."""
    measures = (rule.measure, *SOURCE_MEANS)
    far: dict[tuple, list[Difference]] = {}
    for measure in measures:
        limit = MAX_MEAN_RATIO if MEASURES[measure].better == "high" else rule.min_ratio
        for difference in facts.contrasts.all(rule.table, measure, breakdown="source_medium"):
            key = difference.where.get("source"), difference.where.get("medium")
            if "source" in difference.where and any(key) and is_far(rule, difference, limit=limit):
                far.setdefault(key, []).append(difference)
    return [one for key, those in far.items() if (one := _source(facts, rule, key, those))]


def _source(facts: Facts, rule: Rule, key: tuple, those: list[Difference]) -> Found | None:
    """The recommendation that rests on the first; its sentence tells the strongest of the others too, no more."""
    first, *others = those
    others.sort(key=lambda difference: -strength_of(difference.ratio, better=MEASURES[difference.measure].better))
    parts, values = [], {"source": Name(key[0], "source"), "medium": Name(key[1], "medium")}
    for i, difference in enumerate((first, *others[:1])):
        words = SOURCE_MEANS.get(difference.measure, QUICK_BACKS).replace("{against}", difference.against)
        for name in ("own", "ratio", "other"):
            words = words.replace(f"{{{name}}}", f"{{{name}{i}}}")
        parts.append(words)
        values |= {f"own{i}": difference.own, f"ratio{i}": in_hundredths(difference.ratio),
                   f"other{i}": difference.other}  # fmt: skip
    statement = Sentence(f"Visitors from {{source}} / {{medium}} {'; they '.join(parts)}.", values)
    evidence = tuple(figure for d in others for figure in (d.own, d.other, in_hundredths(d.ratio)))
    place = {"source": key[0], "medium": key[1]}
    return of_difference(facts, rule, first, place=place, statement=statement, evidence=evidence)
