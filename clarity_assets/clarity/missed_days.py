"""Days that are not known but can still be asked in; which of them to ask now out of the budget, and which not, out."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from clarity_assets.clarity import store
from clarity_assets.clarity.collect import purpose_of
from clarity_assets.clarity.quota import RESERVE, Budget, ledger_of
from clarity_assets.clarity.settle import Settlement
from clarity_assets.clarity.store import PENDING
from clarity_assets.clarity.windows import last_chance, newest_complete_day
from clarity_assets.settings import Settings
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.tables import transaction

# The daily collection comes first to its own day; only after so long is it taken for missed.
GRACE = timedelta(minutes=15)


@dataclass(frozen=True)
class Cost:
    """Windows that one request of a day would need now, and how many of them are paid out of the reserve."""

    request: str
    windows: int
    of_reserve: int


@dataclass(frozen=True)
class MissedDay:
    """A UTC day with requests that are pending, what it would cost now, and when the day can be asked no more.

    `costs` are of those that must be asked, most valuable first; the others are rolled up from them.
    """

    date: date
    requests: tuple[str, ...]
    costs: tuple[Cost, ...]
    lost_at: datetime
    is_whole: bool = True
    """Whether all of `costs` can be afforded; else they are the ones that can."""

    @property
    def cost(self) -> int:
        return sum(cost.windows for cost in self.costs)

    @property
    def reserve_cost(self) -> int:
        return sum(cost.of_reserve for cost in self.costs)

    @property
    def told(self) -> str:
        """Such as `2026-10-04: 4 requests (country, …); lost after 2026-10-07 12:00 UTC`."""
        return (
            f"{self.date}: {self.cost} request{'s' * (self.cost != 1)} ({', '.join(self.requests)}); "
            f"lost after {self.lost_at:%Y-%m-%d %H:%M} UTC"
        )


@dataclass(frozen=True)
class MissedDays:
    """`ask` now, the most endangered first; `left`: the others, each with the reason."""

    ask: tuple[MissedDay, ...]
    left: tuple[tuple[MissedDay, str], ...]
    budget: Budget


def find_missed_days(settings: Settings, *, now: datetime | None = None) -> MissedDays:
    """The missed days of the project that the budget allows now, and those that it does not.

    A day is asked whole, or in part where it is lost before the budget comes anew (the most valuable requests come
    first). What the next daily collection needs is never spent. The newest day counts as
    missed when the time of its collection (CLARITY_COLLECT_AT) has passed without it; days before CLARITY_FIRST_DATE
    never do. Raises WarehouseError and SettingsError.
    """
    now = now or settings.clock()
    opened = open_warehouse(settings.warehouse, timeout_s=settings.warehouse_timeout_s, label="missed days")
    with opened as con, transaction(con):
        settlement = Settlement(con, settings, now)
        store.ensure_tables(con, settlement.requests)
        settlement.settle_all()
        ledger = ledger_of(con, settings)
        budget = ledger.budget(now=now)
        coming = next_collection(settings, now)
        kept = ledger.budget(now=coming + GRACE).left - sum(not r.is_extra for r in settlement.requests)
        if settings.quota_day == "utc" and coming.date() != now.date():
            kept = budget.left  # what is spent now is forgotten by then
        return _within(budget, most=kept, days=list(_missed(settlement)), next_collection=coming)


def next_collection(settings: Settings, now: datetime) -> datetime:
    """The next instant of the daily collection after `now`."""
    at = datetime.combine(now.date(), time.fromisoformat(settings.collect_at), UTC)
    return at if at > now else at + timedelta(days=1)


def _within(budget: Budget, *, most: int, days: list[MissedDay], next_collection: datetime) -> MissedDays:
    """Days by the budget. `most`: requests that may be spent so that the next collection has what it needs."""
    ask, left = [], []
    spent = reserve_spent = 0
    for day in sorted(days, key=lambda d: d.lost_at):
        can_spend, can_spend_of_reserve = min(budget.left, most) - spent, budget.reserve_left - reserve_spent
        part = _affordable(day, can_spend, can_spend_of_reserve)
        if not day.costs:
            left.append((day, "no window that ends now tells it; it is tried again near 00:00 UTC"))
        elif part.is_whole or (part.costs and day.lost_at <= budget.next_at):
            ask.append(part)
            spent += part.cost
            reserve_spent += part.reserve_cost
        elif day.cost <= budget.left - spent and day.reserve_cost <= can_spend_of_reserve:
            left.append((day, f"the collection of {next_collection:%Y-%m-%d %H:%M} UTC needs what is left"))
        else:
            left.append((day, _why_not(day, budget, spent, reserve_spent)))
    return MissedDays(tuple(ask), tuple(left), budget)


def _affordable(day: MissedDay, can_spend: int, can_spend_of_reserve: int) -> MissedDay:
    """The day with those of its requests that can be paid, each with all of its windows."""
    chosen: list[Cost] = []
    for cost in day.costs:
        windows = sum(c.windows for c in chosen) + cost.windows
        of_reserve = sum(c.of_reserve for c in chosen) + cost.of_reserve
        if windows <= can_spend and of_reserve <= can_spend_of_reserve:
            chosen.append(cost)
    return replace(day, costs=tuple(chosen), is_whole=len(chosen) == len(day.costs))


def _why_not(day: MissedDay, budget: Budget, spent: int, reserve_spent: int) -> str:
    again = f"anew at {budget.next_at:%Y-%m-%d %H:%M} UTC"
    if budget.is_rate_limited:
        return f"the API said that the limit of {budget.label} is spent (429); {again}"
    if day.cost > budget.left - spent:
        return f"{budget.left - spent} of {budget.limit} requests of {budget.label} are left; {again}"
    return f"{budget.reserve_left - reserve_spent} requests of the reserve are left on {budget.label}; {again}"


def _missed(settlement: Settlement) -> Iterator[MissedDay]:
    """Every missed day from CLARITY_FIRST_DATE on, with its cost now."""
    settings, now = settlement.settings, settlement.now
    pending: dict[date, list[str]] = {}
    for request in settlement.requests:
        for day, state in store.load_days(settlement.con, settlement.project_id, request.name).items():
            if state.status == PENDING and not request.is_extra:
                pending.setdefault(day, []).append(request.name)
    newest = newest_complete_day(now)
    if newest not in pending and not _is_known(settlement, newest):
        pending[newest] = [r.name for r in settlement.requests if not r.is_extra]  # a project that never collected
    if now < datetime.combine(now.date(), time.fromisoformat(settings.collect_at), UTC) + GRACE:
        pending.pop(newest, None)
    for day, names in pending.items():
        if day >= settings.first_date:
            yield _missed_day(settlement, day, names)


def _is_known(settlement: Settlement, day: date) -> bool:
    states = [store.load_day(settlement.con, settlement.project_id, r.name, day) for r in settlement.requests]
    return any(state is not None for state in states)


def _missed_day(settlement: Settlement, day: date, names: list[str]) -> MissedDay:
    """The windows that would be asked: of an older day none for what a finer request tells as well."""
    is_newest = day == newest_complete_day(settlement.now)
    costs: list[Cost] = []
    for name in names:
        request = settlement.request(name)
        if any(settlement.request(c.request).rolls_up_to(request) for c in costs) and not is_newest:
            continue
        plan = settlement.solver.plan(request, day)
        if plan is not None:
            purposes = [purpose_of(settlement, request, num_of_days=n) for n in plan.num_of_days]
            costs.append(Cost(name, len(purposes), purposes.count(RESERVE)))
    chance = last_chance(day, min_coverage=settlement.settings.min_coverage)
    return MissedDay(day, tuple(names), tuple(costs), lost_at=chance)
