"""The user's rules and the newest known day in; what passes a limit out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from clarity_assets.alerts.causes import Cause, Found, key_of, of_kind
from clarity_assets.alerts.thresholds import TRAFFIC_MEASURES, Rule
from clarity_assets.alerts.unusual import newest_day
from clarity_assets.reports.document import Name
from clarity_assets.reports.marts import ATTRIBUTION, ENGAGEMENT, GEOGRAPHY, PAGE, SIGNAL, SITE, TRAFFIC, Marts
from clarity_assets.reports.period import Period
from clarity_assets.reports.rendering.texts import name_text
from clarity_assets.statistics.series import MIN_COVERAGE

MOST_NAMED = 5  # pages of one rule: more of them are one thing going wrong, not six
LEAST_SESSIONS = 30  # of a share or a mean, as in statistics/enough.py; with fewer, one visitor is a third of it
SITE_KEY = "site"
TABLES = {"site": SITE, "page": PAGE, "country": GEOGRAPHY, "source": ATTRIBUTION}


@dataclass(frozen=True)
class Read:
    """The values of one rule's keys on a day. `is_whole`: keys that are not there had nothing."""

    day: date
    values: dict[str, float]
    is_whole: bool
    is_sample: bool


def passed_limits(marts: Marts, rules: Sequence[Rule], *, now: datetime, open_ids: frozenset[str]) -> Found:
    """One cause a rule and key. Over when the newest known day keeps the limit, or the rule is no longer set."""
    causes: list[Cause] = []
    over: dict[str, str] = {}
    ids = of_kind(open_ids, "threshold")
    for rule in rules:
        own = [i for i in ids if i.startswith(f"threshold:{rule.name}:")]
        read = _read(marts, rule, now=now)
        if read is not None:
            broken = _broken(rule, read, open_keys=[_key(i, rule) for i in own])
            causes += [_cause(rule, read, key, value, others=len(broken)) for key, value in _named(broken, own, rule)]
            over |= {i: how for i in own if (how := _ending(rule, read, _key(i, rule)))}
    names = {rule.name for rule in rules}
    over |= {i: "the limit is no longer in CLARITY_THRESHOLDS" for i in ids if _rule_name(i) not in names}
    return Found(tuple(causes), over)


def _table(rule: Rule) -> str:
    """The mart that has the rule's figures."""
    if rule.scope.name in TABLES:
        return TABLES[rule.scope.name]
    return SIGNAL if rule.is_by_signal else TRAFFIC if rule.measure in TRAFFIC_MEASURES else ENGAGEMENT


def _key(cause_id: str, rule: Rule) -> str:
    return cause_id.removeprefix(f"threshold:{rule.name}:")


def _rule_name(cause_id: str) -> str:
    return key_of(cause_id).partition(":")[0]


def _read(marts: Marts, rule: Rule, *, now: datetime) -> Read | None:
    """The rule's values on the newest day that its request knows; None where no such day is news."""
    day = newest_day(marts, now=now, request=rule.scope.request)
    if day is None:
        return None
    one_day = Period(day, day + timedelta(days=1))
    [state] = marts.days(rule.scope.request, start=one_day.start, end=one_day.end)
    by = (rule.scope.key,) if rule.scope.key else ()
    measures = list(dict.fromkeys([rule.read_as.name, "sessions"]))
    least = {} if rule.is_count or rule.measure == "bot_share" else {"sessions": LEAST_SESSIONS}
    totals = marts.totals(_table(rule), measures, by=by, where=rule.rows, period=one_day, at_least=least)
    values = {}
    for total in totals:
        told = total[rule.read_as.name].value
        if told is not None:
            values[_shown_key(total.keys.get(rule.scope.key)) if by else SITE_KEY] = rule.value_of(told)
    is_whole = not state.is_sample and (state.coverage or 0) >= MIN_COVERAGE
    return Read(day, values, is_whole, state.is_sample)


def _shown_key(key: str | None) -> str:
    return "(none)" if key is None else key


def _broken(rule: Rule, read: Read, *, open_keys: list[str]) -> dict[str, float]:
    """The keys that pass the limit, those furthest beyond it first.

    Of a day that is not whole the true figure is larger than what is seen, so no count of it is too small.
    """
    if rule.is_count and not rule.is_upper and not read.is_whole:
        return {}
    values = dict(read.values)
    if read.is_whole and rule.is_count:
        values |= {key: 0.0 for key in open_keys if key not in values}
    broken = {key: value for key, value in values.items() if rule.is_broken_by(value)}
    return dict(sorted(broken.items(), key=lambda item: (-item[1] if rule.is_upper else item[1], item[0])))


def _named(broken: dict[str, float], own: list[str], rule: Rule) -> list[tuple[str, float]]:
    """The open ones, which stay, and further ones up to MOST_NAMED."""
    stay = [key for key in broken if f"threshold:{rule.name}:{key}" in own]
    new = [key for key in broken if key not in stay]
    return [(key, broken[key]) for key in (*stay, *new[: max(0, MOST_NAMED - len(stay))])]


def _ending(rule: Rule, read: Read, key: str) -> str:
    """How an open one is over; empty where the day does not tell."""
    told = read.values.get(key)
    if told is None and not read.is_whole:
        return ""
    if told is None and not rule.is_count:
        return f"less than {LEAST_SESSIONS} sessions on {read.day}"
    value = told or 0.0
    is_certain = read.is_whole or not rule.is_count or not rule.is_upper
    return f"{_shown(rule, value)} on {read.day}" if is_certain and not rule.is_broken_by(value) else ""


def _cause(rule: Rule, read: Read, key: str, value: float, *, others: int) -> Cause:
    where = "the site" if key == SITE_KEY and rule.scope.key is None else name_text(Name(key, rule.scope.name))
    more = f" {others} of them pass this limit; {MOST_NAMED} are named." if others > MOST_NAMED else ""
    limit = f"limit {rule.comparison} {_number(rule.limit)}"
    part = "" if read.is_whole else " The day is known in part only, so this is a part of it."
    return Cause(
        f"threshold:{rule.name}:{key}", "threshold", "warning",
        f"{_title(rule)} of {where}: {_number(value)} on {read.day} ({limit})",
        f"Your limit is `{rule.text}`. {read.day}: {_shown(rule, value)}.{more}{part}",
        f"clarity-assets report ux --from {read.day} --to {read.day} says more; change the limit in CLARITY_THRESHOLDS",
    )  # fmt: skip


def _title(rule: Rule) -> str:
    return rule.read_as.title if rule.signal is None else rule.measure.replace("_", " ").capitalize()


def _shown(rule: Rule, value: float) -> str:
    return f"{rule.measure} {_number(value)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.4g}"
