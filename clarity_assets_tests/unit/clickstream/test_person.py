"""Rows of models by hand in; what `clickstream run --user` says of one person, and of which week, out."""

from datetime import UTC, date, datetime

import duckdb
import pytest
from click.testing import CliRunner
from pydantic import SecretStr

from clarity_assets.cli.clickstream import clickstream
from clarity_assets.clickstream import person
from clarity_assets.clickstream.modules.prediction.evaluate import _reserve
from clarity_assets.clickstream.person import NO_WEEK, NOT_SEEN, Chance, Offer, Segment, find_person
from clarity_assets.clickstream.pseudonyms import pseudonym
from clarity_assets.settings import Settings, load_settings
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets_tests.fixtures.clickstream import event_rows, land
from clarity_assets_tests.fixtures.clickstream_marts import ensure
from clarity_assets_tests.sql.by_hand import PROJECT, insert

OLD, NEW = date(2026, 9, 7), date(2026, 10, 26)
KEY = "k" * 32


@pytest.fixture
def settings(tmp_path) -> Settings:
    return load_settings(
        warehouse=tmp_path / "clarity.duckdb", project_id=PROJECT, clickstream_key=SecretStr(KEY),
        now=datetime(2026, 11, 2, 6, tzinfo=UTC),
    )  # fmt: skip


@pytest.fixture
def con():
    with duckdb.connect() as con:
        yield ensure(con)


def number(name: str, kind: str = "user") -> int:
    return pseudonym(name, key=KEY.encode(), kind=kind)


def put(con, table: str, week: date, **values: object) -> None:
    insert(con, table, project_id=PROJECT, date=week, **values)


def grouped(con, week: date, *, k: int = 3, note: str | None = None, **names: str) -> None:
    """A week's segmentation, and the segments of users by name."""
    put(con, person.SEGMENTATION, week, k=k, persons=40, compared_persons=0, is_default_k=False, note=note)
    for user, name in names.items():
        put(con, person.SEGMENT, week, person_id=number(user), segment=1, name=name)


def modelled(con, week: date, verdict: str, *, note: str | None = None, **chances: tuple[float, int]) -> None:
    """A week's purchase model, and probability and tenth of users by name."""
    put(con, person.MODEL, week, verdict=verdict, note=note)
    for user, (probability, decile) in chances.items():
        put(con, person.PURCHASE, week, person_id=number(user), probability=probability, decile=decile)


def offered(con, week: date, person_id: int | None, *products: str) -> None:
    for rank, product in enumerate(products, start=1):
        put(con, person.RECOMMENDATION, week, person_id=person_id, rank=rank, product_id=product, score=1.0,
            method="popularity" if person_id is None else "als")  # fmt: skip


def test_a_probability_is_of_the_newest_models_week_or_it_is_none(con, settings):
    modelled(con, OLD, "signal", ann=(0.93, 1))
    modelled(con, NEW, "no signal", note="the AUC's interval, 0.41 to 0.60, does not lie above 0.5")
    assert find_person(con, "ann", settings=settings).chance == Chance(NEW, why="not known: the model has no signal")


def test_too_few_to_learn_from_is_told_with_its_numbers(con, settings):
    modelled(con, OLD, "signal", ann=(0.93, 1))
    modelled(con, NEW, "too few", note="12 buyers to learn from, 30 are needed")
    found = find_person(con, "ann", settings=settings).chance
    assert found == Chance(NEW, why="not known: too few: 12 buyers to learn from, 30 are needed")


def test_a_segment_is_of_the_newest_segmentation_or_it_is_none(con, settings):
    grouped(con, OLD, ann="many purchases")
    grouped(con, NEW, k=0, note="too few: 20 persons, 30 are needed")
    found = find_person(con, "ann", settings=settings).segment
    assert found == Segment(NEW, why="not known: too few: 20 persons, 30 are needed")


def test_who_a_model_with_a_signal_does_not_cover_is_told_that_not_that_it_has_none(con, settings):
    grouped(con, NEW, ann="many purchases")
    modelled(con, NEW, "signal", bob=(0.03, 3))
    found = find_person(con, "ann", settings=settings)
    assert (found.segment, found.chance) == (Segment(NEW, "many purchases"), Chance(NEW, why=NOT_SEEN))
    assert find_person(con, "bob", settings=settings).segment == Segment(NEW, why=NOT_SEEN)


def test_each_line_is_of_its_own_week(con, settings):
    grouped(con, NEW, ann="many purchases")
    modelled(con, OLD, "signal", ann=(0.93, 1))
    found = find_person(con, "ann", settings=settings)
    assert (found.segment.week, found.chance.week, found.offer.week) == (NEW, OLD, None)


def test_a_number_of_both_a_user_and_a_visitor_is_the_users(con, settings):
    offered(con, NEW, number("7", "visitor"), "theirs")
    assert find_person(con, "7", settings=settings).kind == "visitor"
    grouped(con, NEW, **{"7": "many purchases"})
    offered(con, NEW, number("7"), "first", "second")
    found = find_person(con, "7", settings=settings)
    assert (found.kind, found.offer) == ("user", Offer(NEW, True, ((1, "first", "als"), (2, "second", "als"))))


def test_a_user_who_stands_in_older_weeks_alone_is_not_taken_for_the_visitor_of_that_number(con, settings):
    grouped(con, OLD, **{"7": "many purchases"})
    grouped(con, NEW)
    offered(con, NEW, number("7", "visitor"), "theirs")
    offered(con, NEW, None, "best")
    found = find_person(con, "7", settings=settings)
    assert (found.kind, found.segment.name) == ("user", None)
    assert found.offer == Offer(NEW, False, ((1, "best", "popularity"),))


def test_the_reserve_on_probabilities_stays_with_the_number(con, settings):
    note = f"{_reserve('cart adds (more)', True, True)}; events begin on 2026-07-07"
    modelled(con, NEW, "signal", note=note, ann=(0.93, 1))
    reserve = find_person(con, "ann", settings=settings).chance.reserve
    assert reserve == "probabilities come no closer than the share of buyers does: use their order"


# --- the command --------------------------------------------------------------------------------------------------


@pytest.fixture
def said(settings):
    """What `clickstream run --module traffic --user` says of a name, line by line."""
    land(settings, event_rows([{"visitor_id": 1, "event_at": datetime(2026, 10, 5, 10)}]))
    environment = {
        "CLARITY_PROJECT_ID": PROJECT, "CLARITY_WAREHOUSE": f"{settings.warehouse}", "CLICKSTREAM_KEY": KEY,
        "CLICKSTREAM_FOLDER": f"{settings.events_folder}", "CLARITY_NOW": "2026-11-02T06:00:00Z",
    }  # fmt: skip

    def called(name: str) -> list[str]:
        arguments = ["run", "--module", "traffic", "--user", name]
        found = CliRunner().invoke(clickstream, arguments, env=environment, catch_exceptions=False)
        lines = [" ".join(line.split()) for line in found.output.splitlines()]
        return lines[lines.index("") + 1 :]

    return called


def test_where_no_week_is_made_the_command_says_so(said):
    assert said("ann") == [
        "Nobody knows 'ann'", f"segment {NO_WEEK}", f"will buy {NO_WEEK}", "recommended nothing: no week is made yet",
    ]  # fmt: skip


def test_the_command_tells_the_tenth_and_the_week_of_each_line(said, settings):
    with open_warehouse(settings.warehouse) as con:
        ensure(con)
        grouped(con, NEW, ann="many purchases", bob="few [visits]")
        modelled(con, OLD, "signal", note=_reserve("", False, True), ann=(0.031, 3), bob=(0.93, 1))
        offered(con, NEW, number("ann"), "lamp")
        offered(con, NEW, None, "rug")
    reserve = "probabilities come no closer than the share of buyers does: use their order"
    assert said("ann") == [
        "user ann", "segment many purchases (week of 2026-10-26)",
        f"will buy tenth 3 of 10, 1 is the highest: 3.1%, but {reserve} (week of 2026-09-07)",
        "recommended (week of 2026-10-26)", "1. lamp (als)",
    ]  # fmt: skip
    assert said("bob") == [
        "user bob", "segment few [visits] (week of 2026-10-26)",
        f"will buy highest of 10: 93.0%, but {reserve} (week of 2026-09-07)",
        "recommended to everybody new (week of 2026-10-26)", "1. rug (popularity)",
    ]  # fmt: skip
