"""marts.recommendation on rows by hand: the newest evidence, the first period, and the last decision of each."""

from datetime import date, datetime

import pytest

from clarity_assets.warehouse.models.run import run_model
from clarity_assets_tests.sql.by_hand import MODELS, insert, rows, warehouse

SEP, OCT = date(2026, 9, 1), date(2026, 10, 1)
MODEL = MODELS["marts.recommendation"]


@pytest.fixture
def con():
    with warehouse() as con:
        assert run_model(con, MODEL) == 0
        yield con


def found(con, its_id: str, kind: str, start: date, end: date, own: float, *, project: str = "shop") -> None:
    insert(con, "ops.recommendation_found", project_id=project, recommendation_id=its_id, period_kind=kind,
           period_start=start, period_end=end, own=own, found_at=datetime(2026, 10, 12))  # fmt: skip


def decided(con, its_id: str, number: int, state: str, on: date, *, project: str = "shop") -> None:
    insert(con, "ops.recommendation_decision", project_id=project, recommendation_id=its_id, decision_no=number,
           state=state, decided_on=on)  # fmt: skip


def test_the_period_that_ends_last_tells_and_of_two_the_shorter(con):
    found(con, "r1", "week", date(2026, 9, 7), date(2026, 9, 14), 1)
    found(con, "r1", "month", SEP, OCT, 2)
    found(con, "r1", "week", date(2026, 9, 24), OCT, 3)
    found(con, "r2", "month", SEP, OCT, 4)
    found(con, "r2", "week", date(2026, 9, 21), date(2026, 9, 28), 5)
    assert rows(con, "select recommendation_id, own, last_period_kind, times_found, first_period_start, state "
                     "from marts.recommendation order by 1") == [
        {"recommendation_id": "r1", "own": 3.0, "last_period_kind": "week", "times_found": 3,
         "first_period_start": SEP, "state": "open"},
        {"recommendation_id": "r2", "own": 4.0, "last_period_kind": "month", "times_found": 2,
         "first_period_start": SEP, "state": "open"},
    ]  # fmt: skip


def test_the_last_decision_counts_whatever_day_it_names(con):
    found(con, "r1", "month", SEP, OCT, 1)
    decided(con, "r1", 1, "accepted", date(2026, 10, 9))
    decided(con, "r1", 2, "done", date(2026, 10, 2))
    [row] = rows(con, "select state, decided_on, decided_by from marts.recommendation")
    assert row == {"state": "done", "decided_on": date(2026, 10, 2), "decided_by": None}


def test_projects_do_not_see_one_another_and_a_decision_alone_is_no_recommendation(con):
    found(con, "r1", "month", SEP, OCT, 1)
    found(con, "r1", "month", SEP, OCT, 2, project="other")
    decided(con, "r1", 1, "done", OCT, project="other")
    decided(con, "r2", 2, "done", OCT)
    assert rows(con, "select project_id, own, state, times_found from marts.recommendation order by 1") == [
        {"project_id": "other", "own": 2.0, "state": "done", "times_found": 1},
        {"project_id": "shop", "own": 1.0, "state": "open", "times_found": 1},
    ]
