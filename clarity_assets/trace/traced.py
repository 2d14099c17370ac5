"""What a trace found, as typed data: text and JSON are renderings of it."""

import math
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Literal

from clarity_assets.reports.figures import Source, Where
from clarity_assets.trace.events import EventsTold
from clarity_assets.trace.registry import Told

Cell = str | float | int | bool | date | datetime | None
Column = tuple[str, str]
"""Table and column."""


@dataclass(frozen=True)
class Rows:
    """The first rows of a table that a number rests on. `count`: of all of them."""

    table: str
    columns: tuple[str, ...]
    count: int
    first: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class MissingDay:
    """A day of one request that the number does not rest on. `status`: pending, lost, unrecorded or not in the mart."""

    request: str
    date: date
    status: str
    cause: str


@dataclass(frozen=True)
class Side:
    """The rows of one side of a number: of its own days, of its baseline, or of what it is compared with.

    `value` is the measure over the mart's rows now; `value_by_model` the same over the rows that the SQL model gives
    from the landing tables now (None where that was not looked at). `numerator`, `denominator`: their sums. `untold`:
    rows that tell nothing of it (NULL). `known_days`: UTC days whose figures are known.
    """

    label: str
    where: Where
    but_not: Where
    start: date
    end: date
    value: float | None
    numerator: float | None
    denominator: float | None
    untold: int
    known_days: int
    rows: Rows
    landing: tuple[Rows, ...] = ()
    missing: tuple[MissingDay, ...] = ()
    value_by_model: float | None = None
    is_modelled: bool = False

    @property
    def is_current(self) -> bool | None:
        """Whether the mart's rows are what its model gives now; None where that was not looked at."""
        if not self.is_modelled:
            return None
        if self.value is None or self.value_by_model is None:
            return self.value == self.value_by_model
        return math.isclose(self.value, self.value_by_model, rel_tol=1e-9)


@dataclass(frozen=True)
class ModelTold:
    """The SQL model of the mart, and the lines of the columns that the measure reads, down to the landing tables."""

    table: str
    path: str
    upstream: tuple[str, ...]
    lineage: tuple[tuple[Column, tuple[Column, ...]], ...] = ()


@dataclass(frozen=True)
class Use:
    """What an answer does for a day: `sign` + (added) or - (subtracted); `request` is the answer's or a coarser one."""

    request: str
    date: date
    sign: Literal["+", "-"]
    method: str


@dataclass(frozen=True)
class LedgerEntry:
    """The slot of one request in the quota ledger."""

    request_id: str
    reserved_at: datetime
    outcome: str
    http_status: int | None
    purpose: str


@dataclass(frozen=True)
class AnswerTold:
    """One stored answer. `damage` names what is wrong with it; None: its bytes are those that were stored.

    `is_deleted`: its body was deleted because its time was over, so that nothing can be said of its bytes.
    """

    answer_id: str
    request: str
    window_start: datetime | None
    window_end: datetime | None
    received_at: datetime | None
    origin: str
    sha256: str
    byte_count: int
    damage: str | None = None
    ledger: LedgerEntry | None = None
    uses: tuple[Use, ...] = ()
    is_deleted: bool = False


@dataclass(frozen=True)
class Derivation:
    """Landing rows made again from the answers, beside the stored ones: of so many of the number's days.

    `differences` names rows that are others; `left_out` days that could not be made again, and why.
    """

    days: int
    of_days: int
    rows: int
    differences: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Traced:
    """A number and all that it came from.

    `now`: the value by today's mart rows (of a change a plain quotient; None for a trend and a forecast). `is_same`:
    whether it is what the newest report told, None where the two are not alike enough to say. `changed_days`: days
    whose answers (or events) came after that report. `events`: what a number of the clickstream rests on.
    """

    number_id: str
    source: Source
    told: tuple[Told, ...]
    title: str
    formula: str
    now: float | None
    is_same: bool | None
    sides: tuple[Side, ...]
    model: ModelTold | None = None
    answers: tuple[AnswerTold, ...] = ()
    derivation: Derivation | None = None
    changed_days: tuple[date, ...] = ()
    notes: tuple[str, ...] = field(default=())
    events: EventsTold | None = None

    @property
    def damaged(self) -> tuple[AnswerTold, ...]:
        return tuple(answer for answer in self.answers if answer.damage)

    @property
    def is_intact(self) -> bool:
        """Whether every answer (or event file) is as it was stored, and the landing rows are what the answers tell."""
        if self.events and self.events.damaged:
            return False
        return not self.damaged and not (self.derivation and self.derivation.differences)

    def as_json(self) -> dict:
        """Plain values, texts as they are stored."""
        told = _plain(asdict(self))
        told["source"] = self.source.as_json()
        for side, found in zip(told["sides"], self.sides, strict=True):
            side |= {"where": dict(found.where), "but_not": dict(found.but_not), "is_current": found.is_current}
        damaged = [one.damage for one in (*self.damaged, *(self.events.damaged if self.events else ()))]
        return told | {"is_intact": self.is_intact, "damaged": damaged}


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, date):  # instants too
        return value.isoformat()
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)
