"""A mapping's rules in; SQL of the first one that a row breaks, and of the row as it may be kept, out."""

from datetime import UTC, datetime, timedelta

from clarity_assets.clickstream.ingest.mapping import FIELDS, NUMBERS, PLACEHOLDER, PRIVATE, Mapping, asked
from clarity_assets.warehouse.tables import literal

FIRST_YEAR = 2000  # no tracker is older; 1970 and the like are clocks that nobody set
AHEAD = timedelta(days=1)  # clocks and time zones may be wrong by less
LONGEST_VALUE = 40  # characters of a value that a reason quotes
HIDDEN = "'(hidden)'"
ABOUT = ("product_id", "category", "brand", "order_id")  # a URL now and then, whose query string is cut off
WANTED_TIMES = {
    "iso8601": "ISO 8601", "epoch_s": "seconds since 1970", "epoch_ms": "milliseconds since 1970",
    "epoch_us": "microseconds since 1970",
}  # fmt: skip


def earliest() -> str:
    """SQL of the first instant that an event may have."""
    return f"timestamp '{FIRST_YEAR}-01-01'"


def latest(now: datetime) -> str:
    """SQL of the last instant that an event may have."""
    return f"timestamp '{(now + AHEAD).astimezone(UTC):%Y-%m-%d %H:%M:%S}'"


def our_type(mapping: Mapping, text: str) -> str:
    """SQL of our name of an event's type: by the mapping's table, else the source's in lower_snake."""
    words = rf"regexp_replace({text}, '([a-z0-9])([A-Z])', '\1_\2', 'g')"
    snake = rf"nullif(trim(regexp_replace(lower({words}), '[^a-z0-9]+', '_', 'g'), '_'), '')"
    if not mapping.event_types:
        return snake
    cases = " ".join(f"when {literal(name)} then {literal(ours)}" for name, ours in mapping.event_types.items())
    return f"case {text} {cases} else {snake} end"


def first_broken(mapping: Mapping, *, now: datetime) -> str:
    """The first rule that the row breaks: {rule, reason}, NULL for an event."""
    wanted = WANTED_TIMES.get(mapping.time.format, mapping.time.format)
    who = " or ".join(name for name in ("visitor_id", "user_id") if name in mapping.fields)
    rules = [("broken is not null", r"regexp_replace(broken, ' \(.*', '')", "broken")]
    for rule in mapping.reject:
        rules.append((asked(rule.when), literal(rule.reason), _filled(rule.reason)))
        rules.append(_simple(f"{asked(rule.when)} is null", f"the mapping's rule cannot be asked of it: {rule.when}"))
    rules += [
        _simple("event_time is null", "event_time is missing"),
        _simple("event_at is null", f"event_time is no time ({wanted})", "event_time"),
        _simple(f"event_at > {latest(now)}", "event_time lies more than a day in the future", "event_time"),
        _simple(f"event_at < {earliest()}", f"event_time lies before {FIRST_YEAR}", "event_time"),
        _simple("event_type is null", "event_type is missing"),
        _simple("our_type is null", "event_type has neither letter nor digit", "event_type"),
        _simple("visitor_id is null and user_id is null", f"{who} is missing"),
    ]
    for name in NUMBERS:
        rules.append(
            _simple(
                f"told_{name} is not null and not coalesce(isfinite({name}), false)",
                f"{name} is no number",
                f"told_{name}",
            )
        )
        rules.append(_simple(f"{name} < 0", f"{name} is negative", f"told_{name}"))
    cases = " ".join(f"when {when} then {{'rule': {rule}, 'reason': {reason}}}" for when, rule, reason in rules)
    return f"case {cases} end"


def _simple(when: str, rule: str, value: str | None = None) -> tuple[str, str, str]:
    """Condition, rule, and rule with the value."""
    return when, literal(rule), f"{literal(rule + ': ')} || {_quoted(value)}" if value else literal(rule)


def _filled(reason: str) -> str:
    """A mapping's reason with the values of its row."""
    parts = PLACEHOLDER.split(reason)  # text, name, text, name, …, text
    listed = [
        (
            f"coalesce({_quoted(f'told_{part}' if part in NUMBERS else part, quote='')}, 'unknown')"
            if i % 2
            else literal(part)
        )
        for i, part in enumerate(parts)
        if part
    ]
    return " || ".join(listed)


def _quoted(name: str, quote: str = "'") -> str:
    """A value as a reason may tell it: short, and hidden where it could say who somebody is."""
    short = f"case when length({name}) > {LONGEST_VALUE} then left({name}, {LONGEST_VALUE}) || '…' else {name} end"
    mark = literal(quote)
    return f"case when {is_private(name)} then {HIDDEN} else {mark} || {short} || {mark} end"


def is_private(name: str) -> str:
    """Whether a value is no time, number or word, but an address or a URL that stands in the wrong column."""
    return f"regexp_matches({name}, '@|://|=')"


def row_as_json(identifiers: dict[str, str]) -> str:
    """SQL of a rejected row as it may be kept: pseudonyms for ids (SQL by name), pages for URLs, no user agent."""
    told = {name: f"told_{name}" if name in NUMBERS else name for name in FIELDS if name not in PRIVATE}
    told = {
        name: sql if name in ABOUT else f"case when {is_private(sql)} then {HIDDEN} else {sql} end"
        for name, sql in told.items()
    }
    told |= identifiers | {"page": "page", "referrer_host": "referrer_host"}
    listed = ", ".join(f"{literal(name)}: {sql}" for name, sql in told.items())
    return f"json_strip_nulls(to_json({{{listed}}}))::varchar"
