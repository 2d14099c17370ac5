"""A number of days in, a warehouse out that holds their answers and ledger as years of collecting leave them."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache

from clarity_assets.clarity import store
from clarity_assets.clarity.payload import stored_form
from clarity_assets.clarity.requests import all_requests
from clarity_assets.clarity.store import Answer
from clarity_assets.settings import Settings
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.query import one
from clarity_assets.warehouse.tables import transaction
from clarity_assets_tests.benchmarks.answers import Shape, answer, shapes

HISTORY_START = date(2023, 10, 1)
MISSED_EVERY = 30  # one day in so many was missed and saved the day after, by four windows of 48 h
OUTAGE = range(200, 205)  # days of each year when nothing could be asked: lost
SAVING = ("browser_device", "url_device", "source_medium", "country")  # the others roll up from browser_device
DAYS_A_COMMIT = 20


@dataclass(frozen=True)
class Built:
    """What was put into the warehouse."""

    days: int
    answers: int
    metric_rows: int
    answer_bytes: int
    packed_bytes: int


@cache
def day_shapes() -> dict[str, Shape]:
    """The requests of a full-sized day, made once a process."""
    return shapes()


def asked_at(day: int) -> datetime:
    """When day number `day` was asked for: between 00:30 and 00:36 UTC of the next one, as schedules do."""
    midnight = datetime.combine(HISTORY_START + timedelta(days=day + 1), time(), UTC)
    return midnight + timedelta(minutes=30, seconds=day * 7919 % 360)


def is_lost(day: int) -> bool:
    return day % 365 in OUTAGE


def is_missed(day: int) -> bool:
    return day % MISSED_EVERY == MISSED_EVERY // 2 and not is_lost(day)


def bodies_of(day: int) -> dict[str, bytes]:
    """The six answers that tell one day, by request."""
    return {name: answer(shape, [day]) for name, shape in day_shapes().items()}


def answers_of(settings: Settings, day: int) -> list[Answer]:
    """All answers that were asked on the morning after the day, in the form that is stored."""
    if is_missed(day) or is_lost(day):
        return []
    asked = [(name, 1) for name in day_shapes()]
    if is_missed(day - 1):
        asked += [(name, 2) for name in SAVING]
    return [_answer(settings, day, name, num_of_days=n) for name, n in asked]


def _answer(settings: Settings, day: int, name: str, *, num_of_days: int) -> Answer:
    shape = day_shapes()[name]
    body = answer(shape, range(day - num_of_days + 1, day + 1))
    return Answer(
        project_id=settings.need_project(), request=name, num_of_days=num_of_days, window_end=asked_at(day),
        window_end_source="server", received_at=asked_at(day), origin="api", stored=stored_form(body),
        row_count=shape.rows, request_id=f"{name}-{num_of_days}d-{day}",
    )  # fmt: skip


def build(settings: Settings, *, days: int, workers: int = 2) -> Built:
    """Store the answers of days 0 to `days` - 1 and their slots; no day is settled, so `rebuild` has all to do."""
    for chunk in _chunks(settings, days=days, workers=workers):
        with open_warehouse(settings.warehouse, label="benchmark history") as con, transaction(con):
            store.ensure_tables(con, all_requests())
            for stored in chunk:
                store.insert_answer(con, stored)
    with open_warehouse(settings.warehouse, label="benchmark ledger") as con:
        con.execute("""insert into ops.api_request
                       select request_id, project_id, request, num_of_days, if(num_of_days = 1, 'plan', 'reserve'),
                              window_start::date, window_end, window_end, 'answered', 200, null, null, 'none', null
                       from ops.clarity_answer""")
        figures = one(
            con,
            """select count(*), sum(row_count)::bigint, sum(byte_count)::bigint,
                                     sum(octet_length(body))::bigint from ops.clarity_answer""",
        )
    return Built(days, *figures)


def _chunks(settings: Settings, *, days: int, workers: int) -> Iterator[list[Answer]]:
    firsts = range(0, days, DAYS_A_COMMIT)
    lasts = [min(first + DAYS_A_COMMIT, days) for first in firsts]
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(_answers_between, [settings] * len(lasts), firsts, lasts)


def _answers_between(settings: Settings, first: int, last: int) -> list[Answer]:
    return [stored for day in range(first, last) for stored in answers_of(settings, day)]
