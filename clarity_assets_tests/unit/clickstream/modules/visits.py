"""Visits told in few words in; sessions and steps that agree with one another, and what a module makes of them, out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np

from clarity_assets.clickstream.engines.engine import Engine
from clarity_assets.clickstream.modules.module import Module, Rows, Run
from clarity_assets.project_models import project_models
from clarity_assets.settings import load_settings
from clarity_assets_tests.fixtures.clickstream import engine_with, session_rows, step_rows

DAY = date(2026, 10, 5)
NEXT_DAY = DAY + timedelta(days=1)
NOON = datetime(2026, 10, 5, 12)
PRODUCTS = ["A", "B", "C", "D", "E", "F", "G", None]
TYPES = ["pageview", "view", "cart", "cart", "remove", "checkout", "purchase", "search"]


@dataclass(frozen=True)
class Step:
    """One event of a visit."""

    event_type: str
    product_id: str | None = None
    price: float | None = None
    quantity: float | None = 1.0


@dataclass(frozen=True)
class Visit:
    """A session as its steps, `seconds` apart (0: all at one instant); `told`: columns of the session as they are."""

    steps: Sequence[Step]
    started_at: datetime = NOON
    seconds: float = 10.0
    told: dict = field(default_factory=dict)


def put(product: str | None, price: float | None = None, quantity: float = 1.0) -> Step:
    return Step("cart", product, price, quantity)


def take_out(product: str | None, price: float | None = None, quantity: float = 1.0) -> Step:
    return Step("remove", product, price, quantity)


def buy(product: str | None, price: float | None = None, quantity: float = 1.0) -> Step:
    return Step("purchase", product, price, quantity)


def look(product: str | None = None) -> Step:
    return Step("view", product, None, None) if product else Step("pageview", None, None, None)


def read_visits(engine: Engine, folder: Path, visits: Iterable[Visit]) -> Engine:
    """The engine with the visits as its views `session` and `step`; keys are their places, from 1."""
    visits = list(visits)
    sessions = session_rows(_session(key, visit) for key, visit in enumerate(visits, start=1))
    steps = step_rows(row for key, visit in enumerate(visits, start=1) for row in _steps(key, visit))
    return engine_with(engine, folder, session=sessions, step=steps)


def run_module(module: Module, engine: Engine, start: date = DAY, end: date = NEXT_DAY) -> Rows:
    settings = load_settings()
    return module.compute(Run(engine, start, end, settings, project_models(settings)))


def rows_of(rows: Rows, table: str, *keys: str) -> list[dict]:
    """A table's rows in the order of `keys`, NULL last."""
    return sorted(rows[f"marts.{table}"].to_pylist(), key=lambda row: [(row[k] is None, row[k]) for k in keys])


def random_visits(seed: int, *, count: int, days: int) -> list[Visit]:
    """Visits of every kind: without product, price, source, page or local time; bots; many steps at one instant."""
    chance = np.random.default_rng(seed)

    def one_of(values):
        return values[int(chance.integers(len(values)))]

    visits = []
    for _ in range(count):
        visitor = int(chance.integers(1, count // 3))
        start = datetime(2026, 10, 5) + timedelta(seconds=float(chance.integers(0, days * 86_400)))
        steps = []
        for _ in range(int(chance.integers(1, 12))):
            told = one_of([None, 0.0, 4.99, 10.0, 333.33]), float(one_of([1, 1, 2, 3, 0.5]))
            kind = one_of(TYPES)
            has_quantity = kind in ("cart", "remove", "purchase")
            steps.append(Step(kind, one_of(PRODUCTS), told[0], told[1] if has_quantity else None))
        told = {
            "visitor_id": visitor, "is_known_user": bool(chance.random() < 0.3), "is_bot": bool(chance.random() < 0.1),
            "source": one_of([None, "", "google", "Müller & Co"]), "medium": one_of([None, "cpc"]), "campaign": one_of([None, None, "x"]),
            "channel": one_of(["Direct", "Paid Search"]), "landing_page": one_of([None, "https://shop.example/", "https://shop.example/ä"]),
            "started_local_at": one_of([None, start + timedelta(hours=2), start - timedelta(hours=9, minutes=30)]),
        }  # fmt: skip
        visits.append(Visit(steps, start, one_of([0.0, 0.1, 33.3]), told))
    return visits


def _session(key: int, visit: Visit) -> dict:
    kinds = [step.event_type for step in visit.steps]
    bought = [(step.price or 0.0) * (step.quantity or 0.0) for step in visit.steps if step.event_type == "purchase"]
    counted = {
        "pageviews": "pageview", "product_views": "view", "cart_adds": "cart", "cart_removes": "remove",
        "checkouts": "checkout", "purchases": "purchase",
    }  # fmt: skip
    return {
        "session_key": key,
        "visitor_id": key,
        "started_at": visit.started_at,
        "ended_at": visit.started_at + timedelta(seconds=visit.seconds * (len(kinds) - 1)),
        "events": len(kinds),
        "revenue": sum(bought),
        **{column: kinds.count(kind) for column, kind in counted.items()},
        **visit.told,
    }


def _steps(key: int, visit: Visit) -> Iterable[dict]:
    for number, step in enumerate(visit.steps):
        yield {
            "date": visit.started_at.date(),
            "session_key": key,
            "step": number + 1,
            "event_at": visit.started_at + timedelta(seconds=visit.seconds * number),
            "event_type": step.event_type,
            "product_id": step.product_id,
            "price": step.price,
            "quantity": step.quantity,
            "is_bot": visit.told.get("is_bot", False),
        }
