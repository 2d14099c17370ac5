"""The contrasts of pages in; for each page and signal one recommendation at most, where it is worst, out."""

from clarity_assets.recommendations.found import Found, is_far, of_difference
from clarity_assets.recommendations.rules import ONE_DEVICE_SHARE, Rule
from clarity_assets.recommendations.severity import affected_of
from clarity_assets.reports.contrasts import Difference
from clarity_assets.reports.document import Name, Sentence
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.figures import Figure, in_hundredths
from clarity_assets.reports.marts import FRUSTRATION
from clarity_assets.reports.measures import MEASURES, SIGNAL_TITLES


def find_page_signals(facts: Facts, rule: Rule) -> list[Found]:
    """One recommendation for each page that has the signal more than the others, on the whole or on a device.

    Its place has the device where one device has most of what is too much, whether or not that device could be named by
    itself: so the same problem keeps its id in weeks with fewer sessions. Its numbers are of what could be named, the
    device first.
    """
    whole = {d.where["page"]: d for d in facts.contrasts.all(rule.table, rule.measure)}
    by_device: dict[str | None, list[Difference]] = {}
    for difference in facts.contrasts.all(FRUSTRATION, "affected_session_rate", signal=rule.signal):
        by_device.setdefault(difference.where["page"], []).append(difference)
    pages = [page for page in dict.fromkeys((*whole, *by_device)) if page is not None]
    found = [_page_signal(facts, rule, page, whole.get(page), by_device.get(page, [])) for page in pages]
    return [one for one in found if one]


def _page_signal(
    facts: Facts, rule: Rule, page: str, whole: Difference | None, devices: list[Difference]
) -> Found | None:
    named = [d for d in devices if is_far(rule, d) and d.where["device"] is not None]
    is_whole = is_far(rule, whole)
    if not (named or is_whole):
        return None
    chief = _chief_device(devices)
    place = {"page": page} | ({"device": chief.where["device"]} if chief else {})
    if chief in named:
        return of_difference(facts, rule, chief, place=place, statement=_on_device(rule, chief),
                             evidence=_shown(whole, devices, but=chief))  # fmt: skip
    if is_whole:
        return of_difference(facts, rule, whole, place=place, statement=_on_page(rule, whole, chief),
                             evidence=_shown(None, devices, but=chief))  # fmt: skip
    worst = max(named, key=affected_of)
    return of_difference(facts, rule, worst, place=place, statement=_on_device(rule, worst),
                         evidence=_shown(whole, devices, but=worst))  # fmt: skip


def _chief_device(devices: list[Difference]) -> Difference | None:
    """The device that has ONE_DEVICE_SHARE or more of the sessions that the others' rates would not have affected."""
    excess = {id(d): max(0.0, _excess(d)) for d in devices if d.where["device"] is not None}
    chief = max(devices, key=lambda d: excess.get(id(d), 0.0), default=None)
    if chief is None or not (most := excess.get(id(chief), 0.0)):
        return None
    return chief if most >= ONE_DEVICE_SHARE * sum(excess.values()) else None


def _excess(difference: Difference) -> float:
    own, other = difference.own.value, difference.other.value
    if own is None or other is None:
        return 0.0
    return (difference.sessions.value or 0.0) * (own - other) / MEASURES[difference.measure].per


def _on_device(rule: Rule, difference: Difference) -> Sentence:
    return Sentence(
        f"On {{page}}, {{own}} of the sessions on {{device}} had {SIGNAL_TITLES[rule.signal].lower()}: {{ratio}} as "
        f"many as on {difference.against} ({{other}}).",
        {"page": Name(difference.where["page"], "page"), "device": Name(difference.where["device"], "device"),
         "own": difference.own, "ratio": in_hundredths(difference.ratio), "other": difference.other},
    )  # fmt: skip


def _on_page(rule: Rule, difference: Difference, chief: Difference | None) -> Sentence:
    values = {"page": Name(difference.where["page"], "page"), "own": difference.own,
              "ratio": in_hundredths(difference.ratio), "other": difference.other}  # fmt: skip
    most = ""
    if chief:
        most = " Most of them are on {device} ({own_of_device})."
        values |= {"device": Name(chief.where["device"], "device"), "own_of_device": chief.own}
    return Sentence(
        f"On {{page}}, {{own}} of the sessions had {SIGNAL_TITLES[rule.signal].lower()}: {{ratio}} as many as on "
        f"{difference.against} ({{other}}).{most}",
        values,
    )


def _shown(whole: Difference | None, devices: list[Difference], *, but: Difference | None) -> tuple[Figure, ...]:
    """The rates beside: of the whole page, and of its other devices that have enough sessions to be compared."""
    beside = (*((whole,) if whole else ()), *devices)
    return tuple(d.own for d in beside if d is not but and not d.reason)


def find_page_means(facts: Facts, rule: Rule) -> list[Found]:
    """Pages whose mean is far below the others'."""
    found = [
        of_difference(
            facts, rule, difference, place={"page": difference.where["page"]},
            statement=Sentence(
                f"On {{page}}, sessions see {{own}} of the page on average: {{ratio}} as much as on "
                f"{difference.against} ({{other}}).",
                {"page": Name(difference.where["page"], "page"), "own": difference.own,
                 "ratio": in_hundredths(difference.ratio), "other": difference.other},
            ),
        )
        for difference in facts.contrasts.all(rule.table, rule.measure)
        if difference.where["page"] is not None and is_far(rule, difference)
    ]  # fmt: skip
    return [one for one in found if one]
