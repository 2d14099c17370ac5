"""Persons with habits in, the sessions and steps that they leave in some weeks out: with or without anything to learn."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np

from clarity_assets.clickstream.engines.engine import Engine
from clarity_assets.clickstream.modules.module import Module, Rows, Run
from clarity_assets.project_models import project_models
from clarity_assets.quality.checking import check_model
from clarity_assets.settings import load_settings
from clarity_assets.warehouse.models.run import replace_rows
from clarity_assets_tests.fixtures.clickstream import engine_with, session_rows, step_rows

MONDAY = date(2026, 10, 5)
END = MONDAY + timedelta(days=7)


@dataclass(frozen=True)
class Event:
    """One event of a person; events of a person and `visit` are a session."""

    person: int
    at: datetime
    event_type: str = "view"
    price: float | None = None
    quantity: float | None = None
    visit: int = 0
    is_bot: bool = False
    device: str = "PC"


@dataclass(frozen=True)
class Habit:
    """How a person behaves: chance of a session a day, product views in it, chances of a cart and a purchase in it."""

    session: float
    views: int = 3
    cart: float = 0.2
    purchase: float = 0.05


Chance = np.random.Generator


def days_before(end: date, count: int) -> list[date]:
    return [end - timedelta(days=count - i) for i in range(count)]


def events_of(habits: Iterable[Habit], days: list[date], chance: Chance) -> list[Event]:
    """Every person's events of the days, persons numbered from 1."""
    events = []
    for person, habit in enumerate(habits, start=1):
        for number in np.flatnonzero(chance.random(len(days)) < habit.session):
            midnight = datetime.combine(days[number], datetime.min.time())
            at = midnight + timedelta(seconds=int(chance.integers(0, 80_000)))
            kinds = ["view"] * (1 + int(chance.poisson(habit.views)))
            kinds += ["cart"] * int(chance.random() < habit.cart)
            kinds += ["purchase"] * int(chance.random() < habit.purchase)
            for i, kind in enumerate(kinds):
                price = 20.0 if kind != "view" else None
                events.append(Event(person, at + timedelta(seconds=30 * i), kind, price, price and 1.0, int(number)))
    return events


def of_alike(count: int) -> list[Habit]:
    """Nobody differs: who buys next week cannot be known."""
    return [Habit(session=0.12, purchase=0.2)] * count


def of_different(count: int, chance: Chance) -> list[Habit]:
    """Persons who put much into carts also buy much."""
    liking = chance.normal(size=count)
    return [
        Habit(0.15, cart=1 / (1 + np.exp(1 - 2 * z)), purchase=1 / (1 + np.exp(2.5 - 2 * z))) for z in liking.tolist()
    ]


def read_events(engine: Engine, folder: Path, events: Iterable[Event]) -> Engine:
    """The engine with the events as its views `session` and `step`; a session's day is that of its first event."""
    visits: dict[tuple[int, int], list[Event]] = {}
    for event in events:
        visits.setdefault((event.person, event.visit), []).append(event)
    sessions, steps = [], []
    for key, ((person, _), visit) in enumerate(visits.items(), start=1):
        visit = sorted(visit, key=lambda event: event.at)
        day = visit[0].at.date()
        told = {"session_key": key, "person_id": person, "is_bot": visit[0].is_bot, "device": visit[0].device}
        sessions.append(told | {"started_at": visit[0].at, "date": day})
        steps += [
            told | {
                "date": day, "step": number, "event_at": event.at, "event_type": event.event_type,
                "price": event.price, "quantity": event.quantity,
            }
            for number, event in enumerate(visit, start=1)
        ]  # fmt: skip
    return engine_with(engine, folder, session=session_rows(sessions), step=step_rows(steps))


def changed(events: list[Event], is_meant: Callable[[Event], bool], **values: object) -> list[Event]:
    return [replace(event, **values) if is_meant(event) else event for event in events]


def week_of(engine: Engine, **settings: object) -> Run:
    """The run of the week of MONDAY."""
    made = load_settings(**settings)
    return Run(engine, MONDAY, END, made, project_models(made))


def run_module(module: Module, engine: Engine, **settings: object) -> Rows:
    return module.compute(week_of(engine, **settings))


def failed_checks(rows: Rows, run: Run) -> list[str]:
    """Land the rows in a warehouse of their own; the checks of their contracts that they break."""
    with duckdb.connect() as con:
        for table, found in rows.items():
            replace_rows(con, run.models[table], found, project_id="p", start=run.start, end=run.end)
        results = [result for table in rows for result in check_model(con, run.models[table])]
    return [f"{result.check.name}: {result.error or result.observed}" for result in results if not result.passed]
