"""Make one day of one request known: settle it from stored answers, or ask the least that tells it."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from clarity_assets import errors
from clarity_assets.backups.answer_files import archive_answer
from clarity_assets.clarity import store
from clarity_assets.clarity.archive import save_envelope
from clarity_assets.clarity.client import ClarityClient, Pacer, RawAnswer, first_bytes
from clarity_assets.clarity.quota import PLAN, RESERVE, Budget, Ledger, ledger_of, naive
from clarity_assets.clarity.reading import read_answer
from clarity_assets.clarity.requests import ClarityRequest
from clarity_assets.clarity.settle import Settlement
from clarity_assets.clarity.solve import JUST_ASKED_S
from clarity_assets.clarity.store import LOST, Answer, DayState
from clarity_assets.clarity.token import Token, check_subject, check_token
from clarity_assets.clarity.totals import Totals
from clarity_assets.clarity.windows import last_chance, newest_complete_day
from clarity_assets.operations.logs import log_event
from clarity_assets.operations.request_log import logged_request
from clarity_assets.settings import Settings
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.query import one
from clarity_assets.warehouse.queue import WriterQueue
from clarity_assets.warehouse.tables import transaction

# Further apart than this, the API's clock and ours cannot both be right; a machine without NTP drifts by minutes.
CLOCK_LIMIT = timedelta(hours=1)
CLOCK_PAUSE = timedelta(hours=1)  # between two requests that find the clock wrong: each of them counts


@dataclass
class Collected:
    """What one collection brought: the day's state, other days solved by the way, requests sent, budget left."""

    state: DayState
    others: list[DayState] = field(default_factory=list)
    sent: int = 0
    budget: Budget | None = None
    warnings: list[str] = field(default_factory=list)
    asked: set[int] = field(default_factory=set)


@dataclass
class _Slot:
    """One reserved request."""

    request: ClarityRequest
    num_of_days: int
    request_id: str
    day: date
    purpose: str
    left: int
    duration_s: float | None = None


_pacer = Pacer()


class Collector:
    """Collects for one project. `run_id` goes into the ledger; `clock` and `client` are given by tests."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], datetime] | None = None,
        client: Callable[[Token], ClarityClient] | None = None,
        run_id: str | None = None,
        pacer: Pacer = _pacer,
    ):
        self.settings = settings
        self.clock = clock or settings.clock
        self._client = client or self._default_client
        self._run_id = run_id
        self._pacer = pacer
        self.project_id = settings.need_project()

    def collect(self, name: str, day: date) -> Collected:
        """Make the day known, with as few requests as possible and none where it is known already.

        One collection at a time has the project: another process waits here, and then finds the day known.

        Raises DayNotOver, DayLost, TokenError or QuotaExhausted before anything is sent; an ApiError where a
        request failed (its slot is counted); DayPending where the answers came but do not tell the day;
        WarehouseError where it cannot be stored.
        """
        now = self.clock()
        if day > newest_complete_day(now):
            over = datetime.combine(day + timedelta(days=1), datetime.min.time())
            raise errors.DayNotOver(
                f"{name} of {day}: the day is not over before {over:%Y-%m-%d %H:%M} UTC, and it is "
                f"{now:%Y-%m-%d %H:%M} UTC; nothing was asked"
            )
        turns = WriterQueue(self.settings.warehouse.with_name(f"{self.settings.warehouse.name}.collection"))
        with turns.turn(timeout_s=self._longest_collection_s, label=f"collect {name} {day}"):
            return self._collect(name, day, self.clock())

    @property
    def _longest_collection_s(self) -> float:
        """Seconds that another collection of one request may take: three windows, and its turns at the warehouse."""
        s = self.settings
        window_s = s.request_pause_s + s.connect_timeout_s * s.connect_attempts + s.answer_timeout_s
        return 3 * window_s + s.warehouse_timeout_s

    def _collect(self, name: str, day: date, now: datetime) -> Collected:
        collected, slot, token = self._begin(name, day, now)
        while slot is not None:
            collected.asked.add(slot.num_of_days)
            with logged_request(self.settings, slot, clock=self.clock, run_id=self._run_id):
                raw = self._fetch(slot, token)
                slot = self._land(slot, raw, day, token, collected)
        if not collected.state.is_known:
            raise errors.DayPending(f"{name} of {day}: {collected.state.cause}")
        return collected

    # --- before a request ---------------------------------------------------------------------------------------

    def _begin(self, name: str, day: date, now: datetime) -> tuple[Collected, _Slot | None, Token | None]:
        """Settle the day; where it is not known, check everything and reserve the first slot."""
        refusal: errors.ClarityAssetsError | None = None
        slot = token = None
        with self._open(f"collect {name} {day}") as con, transaction(con):
            settlement = self._settlement(con, now)
            settlement.settle(name, also=day)
            if (state := self._state(con, name, day)) is None:
                raise errors.DayLost(
                    f"{name} of {day} is not known, and days before {settlement.closed_before} are closed "
                    "(CLARITY_KEEP_LANDING_DAYS); no request was spent"
                )
            collected = Collected(state, budget=self._ledger(con).budget(now=now))
            try:
                calls = self._calls(settlement, collected, day)
                if calls:
                    self._check_clock(con, now)
                    token = check_token(self.settings.api_token, now=now)
                    others = self._subjects(con)
                    known_hash = others.pop(self.project_id, None)
                    check_subject(token, known_hash=known_hash, project_id=self.project_id, others=others)
                    slot = self._reserve(con, settlement, name, calls, day, token)
            except (errors.QuotaExhausted, errors.TokenError, errors.ClockWrong) as error:
                refusal = self._refuse(settlement, collected.state, error)
            except errors.ClarityAssetsError as error:
                refusal = error
        if refusal is not None:
            raise refusal
        return collected, slot, token

    def _check_clock(self, con, now: datetime) -> None:
        """Raises ClockWrong where an answer of the last hour was of another time: the next would be in vain too."""
        off = one(
            con,
            """select received_at, window_end from ops.clarity_answer
               where project_id = ? and origin = 'api' and quarantine_reason is not null
                 and abs(epoch(window_end) - epoch(received_at)) > ? and received_at between ? and ?
               order by received_at desc limit 1""",
            [self.project_id, CLOCK_LIMIT.total_seconds(), naive(now - CLOCK_PAUSE), naive(now)],
        )
        if off:
            raise errors.ClockWrong(
                f"when this machine's clock said {off[0]:%Y-%m-%d %H:%M} UTC, the API's said "
                f"{off[1]:%Y-%m-%d %H:%M} UTC; set the clock right. Nothing is asked before "
                f"{off[0] + CLOCK_PAUSE:%H:%M} UTC"
            )

    def _refuse(self, settlement: Settlement, state: DayState, error: errors.ClarityAssetsError):
        """Keep why nothing was sent, as the day's cause; a day that is known by roll-up does without."""
        if state.is_known:
            return None
        settlement.con.execute(
            "insert into ops.clarity_refusal values (?, ?, ?, ?, ?)",
            [self.project_id, state.request, state.date, naive(settlement.now), f"{type(error).__name__}: {error}"],
        )
        settlement.settle(state.request, also=state.date)
        return error

    def _calls(self, settlement: Settlement, collected: Collected, day: date) -> tuple[int, ...]:
        """The windows (numbers of days) to be asked now; none where the day is known.

        One exception: the newest day is asked its one 24 h window although it is known, where it is rolled up from a
        finer request (a window of its own tells visitors), or where windows of an afternoon tell half of it only.
        Never asks one window twice. Raises DayLost or DayPending.
        """
        state = collected.state
        request = settlement.request(state.request)
        if state.is_final:
            return ()
        plan = settlement.solver.plan(request, day)
        if plan is not None and collected.asked & set(plan.num_of_days):
            plan = None
        if state.is_known:
            is_of_the_plan = plan is not None and plan.num_of_days == (1,) and not request.is_extra
            return (1,) if is_of_the_plan and day == newest_complete_day(settlement.now) else ()
        if plan is None:
            if state.status == LOST:
                raise errors.DayLost(f"{state.request} of {day} is lost: {state.cause}; no request was spent")
            raise errors.DayPending(
                f"{state.request} of {day} cannot be told by windows that end now ({state.cause}); collect it again "
                f"near 00:00 UTC, and not within {JUST_ASKED_S // 60} minutes of the last answer"
            )
        return plan.num_of_days

    def _reserve(self, con, settlement, name: str, calls: tuple[int, ...], day: date, token: Token) -> _Slot:
        """Reserve the first of the calls, provided that all of them can be afforded."""
        request, now = settlement.request(name), settlement.now
        purposes = [purpose_of(settlement, request, num_of_days=n) for n in calls]
        budget = self._ledger(con).budget(now=now)
        budget.check(purposes, what=f"{name} of {day}")
        request_id = self._ledger(con).reserve(
            request=name, num_of_days=calls[0], purpose=purposes[0], for_date=day, now=now,
            token_hash=token.token_hash, run_id=self._run_id,
        )  # fmt: skip
        return _Slot(request, calls[0], request_id, day, purposes[0], budget.left - 1)

    # --- the request --------------------------------------------------------------------------------------------

    def _fetch(self, slot: _Slot, token: Token) -> RawAnswer:
        """Send the reserved request; a failure is stored in the ledger before it is raised."""
        self._pacer.wait(self.settings.request_pause_s)
        began_s = time.monotonic()
        try:
            return self._client(token).fetch(slot.request.dimensions, num_of_days=slot.num_of_days)
        except errors.ApiError as error:
            self._fail(slot, error)
            raise self._named(slot, error) from error
        finally:
            slot.duration_s = round(time.monotonic() - began_s, 3)

    def _named(self, slot: _Slot, error: errors.ApiError) -> errors.ApiError:
        """The error with its request, and until when to try again where that is the next step."""
        chance = last_chance(slot.day, min_coverage=self.settings.min_coverage)
        heals = isinstance(error, (errors.ServerFailed, errors.TimedOut, errors.ConnectionLost, errors.UnusableAnswer))
        again = f"; {slot.day} stays open: collect it again before {chance:%Y-%m-%d %H:%M} UTC" if heals else ""
        return type(error)(
            f"{slot.request.name}, {slot.num_of_days * 24} h: {error}{again}",
            http_status=error.http_status, first_bytes=error.first_bytes,
        )  # fmt: skip

    def _fail(self, slot: _Slot, error: errors.ApiError) -> None:
        with self._open("store a failed request") as con, transaction(con):
            now = self.clock()
            self._ledger(con).fail(slot.request_id, error, now=now)
            self._settlement(con, now).settle(slot.request.name, also=slot.day)

    # --- the answer ---------------------------------------------------------------------------------------------

    def _land(self, slot: _Slot, raw: RawAnswer, day: date, token: Token, collected: Collected) -> _Slot | None:
        """Store answer, rows and the slot's outcome together; reserve the next slot if the day needs it."""
        try:
            answer, totals = self._read(slot, raw)
        except errors.UnusableAnswer as error:
            named = errors.UnusableAnswer(str(error), http_status=200, first_bytes=first_bytes(raw.body, token))
            self._fail(slot, named)
            raise self._named(slot, named) from error
        try:
            following, refusal = self._store(slot, answer, totals, day, token, collected)
        except errors.WarehouseError as error:
            kept = self._rescue(answer)
            raise type(error)(
                f"{error} - the answer was paid for and is kept in {kept}: `clarity-assets import {kept}`"
            ) from error
        self._archive(answer, collected)
        if answer.quarantine_reason:
            raise errors.AnswerQuarantined(
                f"{slot.request.name}, {slot.num_of_days * 24} h: {answer.quarantine_reason}; "
                f"the answer is kept as {answer.answer_id} and not used", http_status=200,
            )  # fmt: skip
        if refusal is not None:
            raise refusal
        return following

    def _read(self, slot: _Slot, raw: RawAnswer) -> tuple[Answer, Totals | None]:
        """The answer in its stored form, and its totals; quarantined where they cannot be trusted."""
        now = self.clock()
        answer, totals = read_answer(
            raw.body, slot.request, settings=self.settings, num_of_days=slot.num_of_days, window_end=raw.window_end,
            window_end_source=raw.window_end_source, received_at=now, origin="api", request_id=slot.request_id,
        )  # fmt: skip
        if abs(raw.window_end - now) > CLOCK_LIMIT and answer.quarantine_reason is None:
            reason = (
                f"the API's clock says {raw.window_end:%Y-%m-%d %H:%M} UTC and this machine's "
                f"{now:%Y-%m-%d %H:%M} UTC, so "
                "nobody knows which hours it tells; set the clock (or CLARITY_NOW) right"
            )
            return replace(answer, quarantine_reason=reason), None
        return answer, totals

    def _store(self, slot, answer: Answer, totals: Totals | None, day, token, collected: Collected):
        """Commit the answer with all that it brings; then the next slot, or what refuses it."""
        name = slot.request.name
        with self._open(f"land {name}") as con, transaction(con):
            now = self.clock()
            ledger = self._ledger(con)
            store.insert_answer(con, answer)
            outcome = "answered" if answer.quarantine_reason is None else "quarantined"
            ledger.finish(slot.request_id, outcome=outcome, now=now, http_status=200, error=answer.quarantine_reason)
            self._remember_subject(con, token, now)
            settlement = self._settlement(con, now)
            if totals is not None:
                settlement.solver.known_totals[answer.answer_id] = totals
            near = (answer.window_start.date() - timedelta(days=1), answer.window_end.date())
            changed = settlement.settle(name, near=near)
            collected.sent += 1
            collected.warnings += answer.warnings
            collected.state = self._state(con, name, day)
            collected.others += [s for s in changed if s.is_known and (s.request, s.date) != (name, day)]
            following = refusal = None
            if not answer.quarantine_reason and not collected.state.is_final:
                try:
                    calls = self._calls(settlement, collected, day)
                    following = self._reserve(con, settlement, name, calls, day, token) if calls else None
                except errors.ClarityAssetsError as error:
                    refusal = None if collected.state.is_known else error  # after the commit: the answer stays
            collected.budget = ledger.budget(now=now)
        return following, refusal

    def _archive(self, answer: Answer, collected: Collected) -> None:
        """Keep the landed answer as a file too. It is safe in the warehouse, so that failing here only warns."""
        try:
            archive_answer(self.settings, answer)
        except OSError as error:
            told = (
                f"answer {answer.answer_id} is stored, but not in a file as well ({error.strerror or error}); until "
                f"the next backup the warehouse alone holds it: look at {self.settings.archive_folder}"
            )
            collected.warnings.append(told)
            log_event(self.settings, "run", now=self.clock(), event="archive_failed", error=told)

    def _rescue(self, answer: Answer) -> Path:
        """Keep an answer that the warehouse could not take, in a file that `clarity-assets import` reads.

        Beside the warehouse, or where that cannot be written either, in the folder for temporary files.
        """
        try:
            return save_envelope(answer, self.settings.warehouse.with_name("rescued"))
        except OSError:
            return save_envelope(answer, Path(tempfile.gettempdir()) / "clarity-assets-rescued")

    # --- helpers ------------------------------------------------------------------------------------------------

    def _open(self, label: str):
        return open_warehouse(self.settings.warehouse, timeout_s=self.settings.warehouse_timeout_s, label=label)

    def _settlement(self, con, now: datetime) -> Settlement:
        settlement = Settlement(con, self.settings, now)
        store.ensure_tables(con, settlement.requests)
        return settlement

    def _ledger(self, con) -> Ledger:
        return ledger_of(con, self.settings)

    def _state(self, con, name: str, day: date) -> DayState:
        return store.load_day(con, self.project_id, name, day)

    def _subjects(self, con) -> dict[str, str]:
        """The hash of the token's subject, by project id."""
        return dict(con.execute("select project_id, token_subject_hash from ops.clarity_project").fetchall())

    def _remember_subject(self, con, token: Token, now: datetime) -> None:
        if self.project_id not in self._subjects(con):
            con.execute(
                "insert into ops.clarity_project values (?, ?, ?)",
                [self.project_id, token.subject_hash, naive(now)],
            )

    def _default_client(self, token: Token) -> ClarityClient:
        s = self.settings
        return ClarityClient(
            s.api_base_url, token, self.clock, s.connect_timeout_s, s.answer_timeout_s, s.connect_attempts
        )


def purpose_of(settlement: Settlement, request: ClarityRequest, *, num_of_days: int) -> str:
    """What a window is spent on: the newest day's 24 h of the six requests are the plan; all else is the reserve."""
    if request.is_extra or num_of_days != 1:
        return RESERVE
    newest = settlement.solver.plan(request, newest_complete_day(settlement.now))
    return PLAN if newest is not None and 1 in newest.num_of_days else RESERVE
