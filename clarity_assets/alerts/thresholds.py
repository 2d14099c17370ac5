"""The text of CLARITY_THRESHOLDS in, checked rules out: scope, measure, comparison and number."""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from clarity_assets.errors import SettingsError
from clarity_assets.reports.measures import MEASURES, SIGNAL_TITLES, Measure

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt,
}  # fmt: skip
RULE = re.compile(r"(?:(?P<scope>\S+)\s+)?(?P<measure>[A-Za-z_]+)\s*(?P<comparison><=|>=|<|>)\s*(?P<limit>\S+)")
EXAMPLE = "`page rage_click > 100, site dead_click_rate > 0.08, device sessions < 50`"

TRAFFIC_MEASURES = ("sessions", "bot_sessions", "bot_share", "pageviews")
TIME_MEASURES = ("pages_per_session", "total_time_s", "active_time_s", "active_share", "scroll_depth_pct")


@dataclass(frozen=True)
class Scope:
    """What a rule is about: the mart's column that names its keys (None: one key), and the rows that are looked at."""

    name: str
    key: str | None
    request: str
    rows: Mapping[str, str]


SCOPES = {
    scope.name: scope
    for scope in (
        Scope("site", None, "base", {}),
        Scope("page", "page", "url_device", {}),
        Scope("device", "segment", "device", {"dimension": "device"}),
        Scope("country", "country", "country", {}),
        Scope("source", "source", "source_medium", {"breakdown": "source_medium"}),
    )
}
"""A rule without a scope is about the site."""


@dataclass(frozen=True)
class Rule:
    """One limit. `limit` is a count, a share of 0-1, seconds, or percent for scroll_depth_pct, as `measure` has it."""

    scope: Scope
    measure: str
    comparison: str
    limit: float

    @property
    def name(self) -> str:
        """Such as `page_rage_click>100`: part of the cause's id."""
        return f"{self.scope.name}_{self.measure}{self.comparison}{self.limit:.10g}"

    @property
    def text(self) -> str:
        """Such as `page rage_click > 100`."""
        return f"{self.scope.name} {self.measure} {self.comparison} {self.limit:.10g}"

    @property
    def is_upper(self) -> bool:
        """Whether large values break it."""
        return self.comparison in (">", ">=")

    @property
    def signal(self) -> str | None:
        return next((s for s in SIGNAL_TITLES if self.measure in (s, f"{s}_rate")), None)

    @property
    def is_share(self) -> bool:
        """Whether the limit is a share (0-1)."""
        return self.measure.endswith(("_rate", "_share"))

    @property
    def is_count(self) -> bool:
        return self.read_as.denominator is None

    @property
    def is_by_signal(self) -> bool:
        """Whether its mart has a row for each signal."""
        return self.scope.name == "device" and self.signal is not None

    @property
    def rows(self) -> dict[str, str]:
        """Which rows of the mart, as column = value."""
        return dict(self.scope.rows) | ({"signal": self.signal} if self.is_by_signal else {})

    @property
    def read_as(self) -> Measure:
        """The measure as the mart has it."""
        if self.signal is None:
            return MEASURES[self.measure]
        kind = "rate" if self.is_share else "count"
        if self.is_by_signal:
            return MEASURES[{"rate": "affected_session_rate", "count": "count"}[kind]]
        return MEASURES[f"{self.signal}_{'session_rate' if self.is_share else 'count'}"]

    def value_of(self, told: float) -> float:
        """A mart's figure in the rule's unit."""
        return told / 100 if self.is_share else told

    def is_broken_by(self, value: float) -> bool:
        return COMPARISONS[self.comparison](value, self.limit)


KNOWN_MEASURES = (
    *SIGNAL_TITLES, *(f"{signal}_rate" for signal in SIGNAL_TITLES), *TRAFFIC_MEASURES, *TIME_MEASURES
)  # fmt: skip


def parse_thresholds(text: str) -> tuple[Rule, ...]:
    """The rules of CLARITY_THRESHOLDS, each once. Raises SettingsError that names the part and what is wrong."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    rules = {rule.name: rule for rule in map(_rule, parts)}
    return tuple(rules.values())


def _rule(part: str) -> Rule:
    found = RULE.fullmatch(part)
    if found is None:
        raise _wrong(part, "must be [scope] measure < | > | <= | >= number")
    scope = (found["scope"] or "site").lower()
    measure = found["measure"].lower()
    if scope not in SCOPES:
        raise _wrong(part, f"{scope!r} is no scope; known are {', '.join(SCOPES)}")
    if measure not in KNOWN_MEASURES:
        raise _wrong(part, f"{measure!r} is no measure; known are {', '.join(KNOWN_MEASURES)}")
    rule = Rule(SCOPES[scope], measure, found["comparison"], _limit(part, found["limit"]))
    if rule.is_share and rule.limit > 1:
        raise _wrong(
            part, f"{measure} is a share of 0-1, so {rule.limit:g} is never reached; write {rule.limit / 100:g}"
        )
    return rule


def _limit(part: str, text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise _wrong(part, f"{text!r} is no number of 0 or more, such as 100 or 0.08")
    return float(text)


def _wrong(part: str, why: str) -> SettingsError:
    return SettingsError(f"CLARITY_THRESHOLDS: {part!r}: {why}; write such as {EXAMPLE}, or leave it empty")
