"""The quota ledger: a slot is reserved and committed before anything is sent, so an eleventh request never leaves."""

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import duckdb

from clarity_assets.clarity.token import NEXT_STEP
from clarity_assets.errors import ApiError, QuotaExhausted, TokenError
from clarity_assets.settings import Settings
from clarity_assets.warehouse.query import one

PLAN, RESERVE = "plan", "reserve"
# A token that the API refused is not sent again at once; an hour is long enough to stop the other requests of a
# run and short enough that a right granted meanwhile is noticed the same day.
REFUSED_TOKEN_PAUSE = timedelta(hours=1)

# A request reaches the API between the reservation of its slot and its outcome. A slot without an outcome (a crash, or
# a request under way) may still be sent so long after its reservation: pause, connecting and answer take less.
UNDER_WAY = timedelta(hours=1)


@dataclass(frozen=True)
class Budget:
    """What is left in the quota day that `label` names; `next_at` is when something comes free again."""

    limit: int
    spent: int
    reserve: int
    reserve_spent: int
    label: str
    next_at: datetime
    is_rate_limited: bool = False

    @property
    def left(self) -> int:
        return 0 if self.is_rate_limited else max(0, self.limit - self.spent)

    @property
    def reserve_left(self) -> int:
        return min(self.left, max(0, self.reserve - self.reserve_spent))

    def check(self, purposes: list[str], *, what: str) -> None:
        """Raises QuotaExhausted unless all these requests can still be sent."""
        if len(purposes) <= self.left and purposes.count(RESERVE) <= self.reserve_left:
            return
        again = f"next at {self.next_at:%Y-%m-%d %H:%M} UTC"
        if self.is_rate_limited:
            raise QuotaExhausted(f"{what}: the API said that the limit of {self.label} is spent (429); {again}")
        if len(purposes) > self.left:
            need = "" if len(purposes) == 1 else f" and {len(purposes)} are needed"
            raise QuotaExhausted(
                f"{what}: {self.spent} of {self.limit} requests of {self.label} are spent{need}; {again}"
            )
        raise QuotaExhausted(
            f"{what}: {self.reserve_spent} of the {self.reserve} requests that missed days and extra requests may "
            f"spend on {self.label} (CLARITY_QUOTA_RESERVE) are spent and {purposes.count(RESERVE)} needed; {again}"
        )


@dataclass(frozen=True)
class Ledger:
    """The slots of one project in `ops.api_request`. `quota_day`: `utc` or `rolling`."""

    con: duckdb.DuckDBPyConnection
    project_id: str
    limit: int
    reserve_limit: int
    quota_day: str

    def budget(self, *, now: datetime) -> Budget:
        """What is spent and left at `now`. Every slot counts but those given back because nothing was sent.

        A slot counts for as long as its request may have reached the API in the quota day: one that was reserved just
        before midnight and answered after it counts for both days. So does one of the future: a clock that was put
        back since then does not say when it was sent.
        """
        start, label = self._quota_day(now)
        spent, reserve_spent, first, limited = one(
            self.con,
            """with slot as (select *, coalesce(finished_at, reserved_at + $under_way) as until_at from ops.api_request
                             where project_id = $project and outcome <> 'not_sent')
               select count(*), count(*) filter (purpose = 'reserve'), min(until_at),
                      max(reserved_at) filter (outcome = 'rate_limited' and reserved_at >= $start)
               from slot where until_at >= $start""",
            {"project": self.project_id, "start": naive(start), "under_way": UNDER_WAY},
        )
        if self.quota_day == "utc":
            next_at = start + timedelta(days=1)
        else:
            next_at = (limited or first or naive(now)).replace(tzinfo=UTC) + timedelta(days=1)
        return Budget(self.limit, spent, self.reserve_limit, reserve_spent, label, next_at, limited is not None)

    def _quota_day(self, now: datetime) -> tuple[datetime, str]:
        """Start and name of the quota day."""
        if self.quota_day == "utc":
            return now.replace(hour=0, minute=0, second=0, microsecond=0), f"{now:%Y-%m-%d}"
        return now - timedelta(days=1) + timedelta(seconds=1), "the last 24 h"

    def reserve(
        self, *, request: str, num_of_days: int, purpose: str, for_date: date, now: datetime, token_hash: str,
        run_id: str | None = None,
    ) -> str:  # fmt: skip
        """Take a slot and return its id; the caller must commit before it sends.

        Raises QuotaExhausted where none is left, TokenError where the API refused this very token a moment ago.
        """
        self.budget(now=now).check([purpose], what=f"{request} of {for_date}")
        self._check_token_not_refused(token_hash, now=now)
        request_id = uuid.uuid4().hex
        self.con.execute(
            """insert into ops.api_request (request_id, project_id, request, num_of_days, purpose, for_date,
                                            reserved_at, outcome, token_hash, run_id)
               values (?, ?, ?, ?, ?, ?, ?, 'reserved', ?, ?)""",
            [
                request_id,
                self.project_id,
                request,
                num_of_days,
                purpose,
                for_date,
                naive(now),
                token_hash,
                run_id,
            ],
        )
        return request_id

    def _check_token_not_refused(self, token_hash: str, *, now: datetime) -> None:
        refused = one(
            self.con,
            """select http_status, finished_at from ops.api_request
               where project_id = ? and token_hash = ? and outcome in ('unauthorized', 'forbidden')
                 and finished_at > ? order by finished_at desc limit 1""",
            [self.project_id, token_hash, naive(now - REFUSED_TOKEN_PAUSE)],
        )
        if refused:
            again = refused[1] + REFUSED_TOKEN_PAUSE
            raise TokenError(
                f"the API refused this token with {refused[0]} at {refused[1]:%Y-%m-%d %H:%M} UTC, so it is not sent "
                f"again before {again:%H:%M} UTC; {NEXT_STEP}"
            )

    def finish(self, request_id: str, *, outcome: str, now: datetime, http_status: int | None = None,
               error: str | None = None, first_bytes: str | None = None) -> None:  # fmt: skip
        """Store a slot's outcome; the caller commits it together with what the outcome brought."""
        self.con.execute(
            """update ops.api_request set outcome = ?, finished_at = ?, http_status = ?, error = ?, first_bytes = ?
               where request_id = ?""",
            [outcome, naive(now), http_status, error, first_bytes, request_id],
        )

    def fail(self, request_id: str, error: ApiError, *, now: datetime) -> None:
        """Store a failed attempt with its status and first bytes."""
        self.finish(request_id, outcome=error.outcome, now=now, http_status=error.http_status, error=str(error),
                    first_bytes=error.first_bytes)  # fmt: skip


def ledger_of(con, settings: Settings) -> Ledger:
    """The ledger of the settings' project."""
    return Ledger(con, settings.need_project(), settings.quota_limit, settings.quota_reserve, settings.quota_day)


def naive(instant: datetime) -> datetime:
    """A UTC instant as the warehouse stores it (TIMESTAMP without zone)."""
    return instant.astimezone(UTC).replace(tzinfo=None)
