"""The collection's ledger and days in; what fails, is spent, is silent or is about to be lost out."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby

import duckdb

from clarity_assets.alerts.causes import Cause, Found, key_of, of_kind, utc
from clarity_assets.clarity.quota import ledger_of, naive
from clarity_assets.clarity.requests import STANDARD_REQUESTS
from clarity_assets.clarity.settle import Settlement
from clarity_assets.clarity.store import KNOWN, LOST, PENDING
from clarity_assets.clarity.windows import last_chance, newest_complete_day
from clarity_assets.settings import Settings
from clarity_assets.warehouse.query import one

NAMES = tuple(request.name for request in STANDARD_REQUESTS)
COLLECTED_AFTER = timedelta(hours=1)  # a collection takes minutes; a retry at the same hour is given its time
SILENCE = timedelta(hours=48)
ENDANGERED = timedelta(hours=24)
LONGEST_REASON = 300  # characters of one request's cause
ATTEMPTS = re.compile(r" \(\d+ attempts?, last [^()]*\)$")  # differs from request to request, the reason does not

Day = dict[str, tuple[str, str]]
"""Request -> status and cause."""


def read_days(con: duckdb.DuckDBPyConnection, *, project_id: str, since: date) -> dict[date, Day]:
    """What is known of each day from `since` on, of the six standard requests."""
    rows = con.execute(
        """select date, request, status, coalesce(cause, '') from ops.clarity_day
           where project_id = ? and date >= ? and request in (select unnest(?::varchar[])) order by date""",
        [project_id, since, list(NAMES)],
    ).fetchall()
    days: dict[date, Day] = {}
    for day, request, status, cause in rows:
        days.setdefault(day, {})[request] = (status, cause)
    return days


def unknown(day: Day) -> list[str]:
    """The standard requests that the day does not know, in the plan's order."""
    return [name for name in NAMES if day.get(name, (PENDING, ""))[0] not in KNOWN]


# --- two days in a row ----------------------------------------------------------------------------------------------


def collection_failed(
    con: duckdb.DuckDBPyConnection, *, settings: Settings, now: datetime, open_ids: frozenset[str]
) -> Found:
    """The two newest days whose collection is due both lack a request. Over when the newest one is known."""
    newest = _newest_due(settings, now)
    before = newest - timedelta(days=1)
    days = read_days(con, project_id=settings.need_project(), since=before)
    lacking = {day: unknown(days[day]) for day in (before, newest) if day in days}
    over = {i: f"{newest} is known" for i in of_kind(open_ids, "collection_failed") if lacking.get(newest) == []}
    if len(lacking) < 2 or not all(lacking.values()):
        return Found(over=over)
    until = last_chance(before, min_coverage=settings.min_coverage)
    told = " ".join(_told(day, days[day], names) for day, names in lacking.items())
    saved = (
        f"The older day can be asked until {utc(until)}." if until > now else "The older day can no longer be asked."
    )
    cause = Cause(
        "collection_failed", "collection_failed", "critical",
        f"Collection failed 2 days in a row ({before} and {newest})",
        f"{told} {saved}",
        f"Look at the reason; when it is mended: clarity-assets collect --from {before} --to {newest}",
    )  # fmt: skip
    return Found((cause,))


def _newest_due(settings: Settings, now: datetime) -> date:
    """The newest day whose hour of collection is past."""
    newest = newest_complete_day(now)
    midnight = datetime.combine(now.date(), time(), UTC)
    hour, minute = map(int, settings.collect_at.split(":"))
    due = midnight + timedelta(hours=hour, minutes=minute) + COLLECTED_AFTER
    return newest if now >= due else newest - timedelta(days=1)


def _told(day: date, states: Day, names: Iterable[str]) -> str:
    """Such as `2026-10-04 lacks base, device (ServerFailed: 500 …).`; requests of one reason together."""
    causes = {name: ATTEMPTS.sub("", states.get(name, ("", "never asked"))[1]) for name in names}
    reason = {name: cause[:LONGEST_REASON] for name, cause in causes.items()}
    groups = groupby(sorted(names, key=lambda name: (reason[name], NAMES.index(name))), key=lambda name: reason[name])
    return (
        f"{day} lacks "
        + "; ".join(f"{', '.join(those)} ({why or 'no reason is known'})" for why, those in groups)
        + "."
    )


# --- the budget ------------------------------------------------------------------------------------------------------


def budget_exceeded(
    con: duckdb.DuckDBPyConnection, *, settings: Settings, now: datetime, open_ids: frozenset[str]
) -> Found:
    """A request of this quota day was refused for the budget, or the API said 429. Over on a later quota day."""
    start = now - timedelta(days=1) if settings.quota_day == "rolling" else datetime.combine(now.date(), time(), UTC)
    about = {"project": settings.need_project(), "start": naive(start), "now": naive(now)}
    limited = one(
        con,
        """select count(*), min(reserved_at), arg_min(request, reserved_at) from ops.api_request
           where project_id = $project and outcome = 'rate_limited' and reserved_at > $start and reserved_at <= $now""",
        about,
    )
    refused = one(
        con,
        """select count(*), string_agg(distinct request || ' of ' || for_date, ', '), arg_max(reason, refused_at)
           from ops.clarity_refusal where project_id = $project and reason like 'QuotaExhausted%'
             and refused_at > $start and refused_at <= $now""",
        about,
    )
    if not limited[0] and not refused[0]:
        return Found(over=_answered_again(con, about, of_kind(open_ids, "budget_exceeded")))
    return Found((_budget_cause(con, about, limited, refused, settings=settings),))


def _budget_cause(con, about: dict, limited: tuple, refused: tuple, *, settings: Settings) -> Cause:
    [spent] = one(
        con,
        """select count(*) from ops.api_request where project_id = $project and outcome <> 'not_sent'
             and reserved_at > $start and reserved_at <= $now""",
        about,
    )
    details = [f"{spent} of {settings.quota_limit} requests are in our ledger since {utc(about['start'])}."]
    if limited[0]:
        details.insert(0, f"The API answered {limited[2]} with 429 (limit exceeded) at {utc(limited[1])}.")
    if refused[0]:
        details.append(f"Not sent: {refused[1]}. {refused[2][:LONGEST_REASON]}.")
    title = "The API says that the day's limit is spent (429)" if limited[0] else "Requests were refused for the budget"
    return Cause(
        "budget_exceeded", "budget_exceeded", "warning", title, " ".join(details),
        "Wait for the next quota day: it is collected by itself. If it comes again, look for another program that uses "
        "the same Clarity project, or lower CLARITY_QUOTA_LIMIT",
    )  # fmt: skip


def _answered_again(con, about: dict, open_ids: list[str]) -> dict[str, str]:
    if not open_ids:
        return {}
    [first] = one(
        con,
        """select min(reserved_at) from ops.api_request where project_id = $project and outcome = 'answered'
             and reserved_at > $start and reserved_at <= $now""",
        about,
    )
    return {i: f"the API answers within the budget again since {utc(first)}" for i in open_ids} if first else {}


# --- silence ---------------------------------------------------------------------------------------------------------


def no_data(con: duckdb.DuckDBPyConnection, *, settings: Settings, now: datetime, open_ids: frozenset[str]) -> Found:
    """No answer of the API for 48 h, or since the first attempt. A project that never asked anything is no cause."""
    project = {"project": settings.need_project()}
    [last] = one(
        con,
        "select max(received_at) from ops.clarity_answer where project_id = $project and origin = 'api'",
        project,
    )
    since = last or first_seen(con, project_id=settings.need_project())
    if since is None:
        return Found()
    since = since.replace(tzinfo=UTC)
    if now - since < SILENCE:
        told = f"an answer came at {utc(since)}"
        return Found(over={i: told for i in of_kind(open_ids, "no_data")} if last else {})
    what = (
        f"The last answer came at {utc(since)}" if last else f"No answer came since the first attempt at {utc(since)}"
    )
    cause = Cause(
        "no_data", "no_data", "critical", f"No answer of the API since {utc(since)}", f"{what}.",
        "Look whether schedules and daemon run (clarity-assets health) and what the last requests met "
        "(clarity-assets status); the API keeps 72 hours",
    )  # fmt: skip
    return Found((cause,))


def first_seen(con: duckdb.DuckDBPyConnection, *, project_id: str) -> datetime | None:
    """When anything of the project was asked, refused or stored first (UTC, without zone); None: never."""
    [first] = one(
        con,
        """select least((select min(reserved_at) from ops.api_request where project_id = $project),
                        (select min(refused_at) from ops.clarity_refusal where project_id = $project),
                        (select min(received_at) from ops.clarity_answer where project_id = $project))""",
        {"project": project_id},
    )
    return first


# --- days about to be lost ------------------------------------------------------------------------------------------


def day_endangered(settlement: Settlement, *, open_ids: frozenset[str]) -> Found:
    """Pending days whose last chance is less than 24 h away, one cause a day; over when the day is saved, or lost."""
    now, coverage = settlement.now, settlement.settings.min_coverage
    ids = of_kind(open_ids, "day_endangered")
    oldest = min([date.fromisoformat(key_of(i)) for i in ids], default=now.date())
    reach = newest_complete_day(now) - timedelta(days=4)
    days = read_days(settlement.con, project_id=settlement.project_id, since=min(oldest, reach))
    causes = []
    for day, states in days.items():
        pending = [name for name in unknown(states) if states.get(name, (PENDING, ""))[0] == PENDING]
        chance = last_chance(day, min_coverage=coverage)
        if pending and now <= chance < now + ENDANGERED:
            causes.append(_endangered(settlement, day, pending, chance))
    there = {cause.cause_id for cause in causes}
    over = {i: _ending(days.get(date.fromisoformat(key_of(i)))) for i in ids if i not in there}
    return Found(tuple(causes), {i: how for i, how in over.items() if how})


def _endangered(settlement: Settlement, day: date, pending: list[str], chance: datetime) -> Cause:
    cost, cannot = _cost(settlement, day, pending)
    left = ledger_of(settlement.con, settlement.settings).budget(now=settlement.now)
    requests = "1 request" if cost == 1 else f"{cost} requests"
    budget = f"{requests} would save what can be saved, and {left.reserve_left} are left for that on {left.label}"
    also = f"; {', '.join(cannot)} cannot be told by windows that end now" if cannot else ""
    return Cause(
        f"day_endangered:{day}", "day_endangered", "critical", f"{day} will be lost at {utc(chance)}",
        f"Not known yet: {', '.join(pending)}. The API forgets the day at {utc(chance)}; {budget}{also}.",
        f"clarity-assets collect --from {day} --to {day}",
    )  # fmt: skip


def _cost(settlement: Settlement, day: date, pending: list[str]) -> tuple[int, list[str]]:
    """Requests that the day still costs, where those that roll up from another cost nothing; and what none tells."""
    requests = [settlement.request(name) for name in pending]
    own = [r for r in requests if not any(finer.rolls_up_to(r) for finer in requests)]
    plans = {r.name: settlement.solver.plan(r, day) for r in own}
    return sum(len(p.num_of_days) for p in plans.values() if p), [name for name, p in plans.items() if p is None]


def _ending(states: Day | None) -> str:
    """How a day that was endangered ended: saved, lost; empty where it is not over, or nothing tells."""
    if states is None:
        return ""
    lost = [name for name in unknown(states) if states.get(name, (PENDING, ""))[0] == LOST]
    if lost:
        return f"lost: {', '.join(lost)}"
    return "" if unknown(states) else "saved: every standard request of the day is known"
