"""The facts of a period in; what should be done, by the rules, what matters most first, out."""

from clarity_assets.recommendations.found import Found
from clarity_assets.recommendations.groups import find_segments, find_sources
from clarity_assets.recommendations.pages import find_page_means, find_page_signals
from clarity_assets.recommendations.rises import find_bots, find_growing_countries, find_new_pages, find_rises
from clarity_assets.recommendations.rules import RULES, Rule
from clarity_assets.reports.facts import Facts


def find_recommendations(facts: Facts) -> list[Found]:
    """Everything that the rules find in the period, the highest level and severity first.

    Each rests on a difference or change that may be named (corrected for all that was looked at) and that is, at the
    careful end of its interval, large enough to matter. A page and signal has one at most; a device's gap that pages
    explain, and a site's rise that a page explains, have none.
    """
    pages = _all(find_page_signals, facts, "page")
    [rise] = _rules("rise")
    rises, pages = find_rises(facts, rise, pages=pages)
    found = [
        *pages,
        *rises,
        *_all(find_page_means, facts, "page_mean"),
        *(one for rule in _rules("segment") for one in find_segments(facts, rule, pages=pages)),
        *_all(find_sources, facts, "source"),
        *_all(find_growing_countries, facts, "country"),
        *_all(find_new_pages, facts, "new_page"),
        *_all(find_bots, facts, "bots"),
    ]
    return sorted(found, key=lambda one: one.weight)


def _rules(looks: str) -> list[Rule]:
    return [rule for rule in RULES if rule.looks == looks]


def _all(find, facts: Facts, looks: str) -> list[Found]:
    return [one for rule in _rules(looks) for one in find(facts, rule)]
