"""A number of a report, with its unit, what is known of it, and where it comes from; its id leads back there."""

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

from clarity_assets.statistics.change import Outcome

Where = tuple[tuple[str, str | int | bool | None], ...]
"""Column = value of the rows that a number is of; None is NULL."""

Statistic = Literal["value", "change", "ratio", "trend", "forecast", "series", "median"]
"""What is made of the rows; a `series` is the measure day by day, as a line of a chart; a `median` is that of the rows
in place of their mean."""


@dataclass(frozen=True)
class Source:
    """Which measure of which table, rows and days a number is; what it is compared with, where it compares.

    `start`, `end`: UTC days, half-open. `baseline`: the days that a change compares with. `against`: the rows that a
    ratio compares with (of the same days); ("is_other", True) means: all others.
    """

    table: str
    measure: str
    where: Where
    start: date
    end: date
    statistic: Statistic = "value"
    baseline: tuple[date, date] | None = None
    against: Where | None = None

    def as_json(self) -> dict:
        """Plain values, the same for the same source."""
        told = {
            "table": self.table,
            "measure": self.measure,
            "where": dict(self.where),
            "from": f"{self.start}",
            "until": f"{self.end}",
            "statistic": self.statistic,
        }
        if self.baseline:
            told["baseline"] = [f"{day}" for day in self.baseline]
        if self.against is not None:
            told["against"] = dict(self.against)
        return told

    @classmethod
    def from_json(cls, told: dict) -> "Source":
        """The source that `as_json` told."""
        return cls(
            told["table"], told["measure"], tuple(told["where"].items()), date.fromisoformat(told["from"]),
            date.fromisoformat(told["until"]), told["statistic"],
            tuple(date.fromisoformat(day) for day in told["baseline"]) if "baseline" in told else None,
            tuple(told["against"].items()) if "against" in told else None,
        )  # fmt: skip

    @property
    def id(self) -> str:
        """`n` and 12 hexadecimal digits; the same number has the same id in every report."""
        text = json.dumps(self.as_json(), sort_keys=True, ensure_ascii=False)
        return f"n{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


@dataclass(frozen=True)
class Figure:
    """One number. `value` None: unknown. `low`, `high`: 95 % interval in the same unit, None where there is none.

    `is_at_most`: the true number may be smaller, `is_at_least`: larger. `is_sample`: some of its days were cut at 1,000
    rows. `day_count`: UTC days that tell it.
    """

    value: float | None
    unit: str
    source: Source | None = None
    low: float | None = None
    high: float | None = None
    decimals: int = 0
    is_at_most: bool = False
    is_at_least: bool = False
    is_sample: bool = False
    day_count: int | None = None

    @property
    def id(self) -> str | None:
        return self.source.id if self.source else None


@dataclass(frozen=True)
class ChangeFigure(Figure):
    """A number that says how many times as much as in the baseline; `value` is the ratio, 1 = the same.

    `outcome` is what may be said: only INCREASE and DECREASE are changes. `better`: which way is good. `before`,
    `after`: the level a day (or the rate, or the mean) on both sides, unknown where there is none.
    """

    outcome: Outcome = Outcome.TOO_FEW
    better: Literal["low", "high"] | None = None
    before: float | None = None
    after: float | None = None
    p_adjusted: float | None = None
    reason: str = field(default="", compare=False)

    @property
    def is_named(self) -> bool:
        """Whether it may be called a change."""
        return self.outcome in (Outcome.INCREASE, Outcome.DECREASE)

    @property
    def is_good(self) -> bool | None:
        """Whether a named change is one for the better; None where nobody can say."""
        if not self.is_named or self.better is None:
            return None
        return (self.outcome is Outcome.INCREASE) == (self.better == "high")


def in_hundredths(ratio: Figure) -> Figure:
    """The same ratio, with two decimals where one would say little: 0.23 (0.21-0.25), not 0.2 (0.2-0.2)."""
    return replace(ratio, decimals=2) if ratio.value is not None and ratio.value < 1 else ratio
