"""On each channel no end without its beginning, no beginning after its end, and a critical one is not lost for good."""

from datetime import timedelta

import pytest

from clarity_assets.delivery.ledger import drop, find_delivery
from clarity_assets.delivery.outbox import SendResult
from clarity_assets.delivery.queueing import queue_given_up
from clarity_assets.delivery.sending import FAILED, SENT, UNKNOWN, Outcome
from clarity_assets.warehouse.tables import transaction
from clarity_assets_tests.unit.delivery.conftest import NOON, FakeSend

DOWN = Outcome(FAILED, "no connection", is_channel_down=True)
SEVEN = tuple(f"alert:a{i}" for i in range(7))
TWO = "json://127.0.0.1:9/one json://127.0.0.1:9/two"


def minutes(count: float):
    return NOON + timedelta(minutes=count)


@pytest.fixture
def desk(office):
    return office()


def sent_until_empty(office, *, since) -> list[str]:
    """What is sent in the twelve hours after, by a channel that works."""
    send = FakeSend()
    for count in range(13):
        office.send(send, at=since + timedelta(hours=count))
    return send.subjects


def statuses(office) -> dict[str, str]:
    return {row.message_id: row.status for row in office.rows}


# --- digests --------------------------------------------------------------------------------------------------------


def test_a_digest_that_is_over_before_it_could_be_told_is_not_told_and_neither_is_its_end(desk):
    desk.queue("alert:digest-1:opened", about=SEVEN)
    desk.send(FakeSend(DOWN))
    desk.queue("alert:digest-2:resolved", about=SEVEN, at=minutes(60))

    assert sent_until_empty(desk, since=minutes(61)) == []
    assert set(statuses(desk).values()) == {"cancelled"}


def test_the_end_of_one_of_a_waiting_digest_is_not_sent_and_the_digest_is(desk):
    desk.queue("alert:digest-1:opened", about=SEVEN)
    desk.send(FakeSend(DOWN))
    desk.queue("alert:a0:resolved", at=minutes(0.5))

    assert sent_until_empty(desk, since=minutes(0.5)) == ["alert:digest-1:opened"]


def test_a_waiting_digest_whose_alerts_end_one_by_one_is_not_told(desk):
    desk.queue("alert:digest-1:opened", about=SEVEN[:2])
    for i in range(2):
        desk.queue(f"alert:a{i}:resolved")
        desk.send(FakeSend(DOWN))

    assert set(statuses(desk).values()) == {"cancelled"}


def test_the_end_of_a_digest_that_was_told_is_told(desk):
    desk.queue("alert:digest-1:opened", about=SEVEN)
    desk.send(FakeSend())
    desk.queue("alert:digest-2:resolved", about=SEVEN)

    assert sent_until_empty(desk, since=NOON) == ["alert:digest-2:resolved"]


def test_an_end_of_told_and_waiting_alerts_comes_after_the_waiting_ones(desk):
    desk.queue("alert:a0:opened")
    desk.send(FakeSend())
    desk.queue("alert:a1:opened")
    desk.send(FakeSend(DOWN))
    desk.queue("alert:digest-2:resolved", about=SEVEN[:2])
    assert desk.send(FakeSend()).sent == 0

    assert sent_until_empty(desk, since=minutes(1)) == ["alert:a1:opened", "alert:digest-2:resolved"]


# --- while it is being told -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("outcome", "following"), [(Outcome(SENT), ["alert:a0:resolved"]), (DOWN, [])])
def test_an_end_waits_while_its_opening_is_being_sent(desk, outcome, following):
    desk.queue("alert:a0:opened")
    seen: list[SendResult] = []

    def slow(channel, parcel, *, limit_s):
        desk.queue("alert:a0:resolved")
        seen.append(desk.send(FakeSend()))
        return outcome

    desk.send(slow, budget_s=0.0)
    assert [(result.sent, result.cancelled) for result in seen] == [(0, 0)]
    assert sent_until_empty(desk, since=minutes(1)) == following


def test_an_end_of_what_came_back_and_stayed_is_not_told_after_that(desk):
    desk.queue("alert:a0:opened")
    desk.send(FakeSend())
    desk.queue("alert:a0:resolved")
    desk.queue("alert:a0.1:opened", is_urgent=True)

    assert sent_until_empty(desk, since=NOON) == ["alert:a0.1:opened"]


# --- given up, dropped ----------------------------------------------------------------------------------------------


@pytest.fixture
def lost(office):
    """A critical opening that was given up after one attempt."""
    made = office(delivery_attempts=1)
    made.queue("alert:a0:opened", is_urgent=True)
    made.send(FakeSend(DOWN))
    return made


def again(office, *openings: str, at=NOON) -> int:
    with office.opened() as con, transaction(con):
        return queue_given_up(con, openings=openings, to=office.settings.alert_to, project_id="test", now=at)


def test_the_end_of_what_was_given_up_is_not_told(lost):
    lost.queue("alert:a0:resolved")

    assert sent_until_empty(lost, since=NOON) == []
    assert "nobody was told here that it began" in lost.row("alert:a0:resolved").reason


def test_what_was_given_up_is_queued_once_more_when_a_later_message_was_sent_there(lost):
    assert again(lost, "alert:a0") == 0
    lost.queue("alert:a1:opened")
    lost.send(FakeSend(), at=minutes(1))

    assert again(lost, "alert:a5") == 0
    assert again(lost, "alert:a0", at=minutes(2)) == 1
    assert again(lost, "alert:a0", at=minutes(2)) == 0
    lost.queue("alert:a0:critical", is_urgent=False)
    assert "alert:a0:opened" in sent_until_empty(lost, since=minutes(2))
    assert lost.row("alert:a0:opened").status == "given_up"
    assert (lost.row("alert:a0:opened:again").status, lost.row("alert:a0:opened:again").attempts) == ("sent", 1)


def test_what_was_given_up_twice_is_not_queued_a_third_time(lost):
    lost.queue("alert:a1:opened")
    lost.send(FakeSend(), at=minutes(1))
    again(lost, "alert:a0", at=minutes(2))
    lost.send(FakeSend(DOWN), at=minutes(2))
    lost.queue("alert:a2:opened")
    lost.send(FakeSend(), at=minutes(3))

    assert lost.row("alert:a0:opened:again").status == "given_up"
    assert again(lost, "alert:a0", at=minutes(4)) == 0


def test_what_is_over_when_it_waits_once_more_is_not_told(lost):
    lost.queue("alert:a1:opened")
    lost.send(FakeSend(), at=minutes(1))
    again(lost, "alert:a0", at=minutes(2))
    lost.queue("alert:a0:resolved")

    assert sent_until_empty(lost, since=minutes(3)) == []


def test_the_end_is_told_of_what_was_dropped_because_it_had_arrived_only(desk):
    for name, outcome in (("alert:a0", Outcome(UNKNOWN, "broke")), ("alert:a1", DOWN)):
        desk.queue(f"{name}:opened")
        desk.send(FakeSend(outcome))
        with desk.opened() as con, transaction(con):
            its_id = desk_id(desk, con, f"{name}:opened")
            drop(con, its_id, project_id="test")
        desk.queue(f"{name}:resolved")

    assert sent_until_empty(desk, since=NOON) == ["alert:a0:resolved"]


def desk_id(desk, con, message_id: str) -> str:
    [[its_id]] = con.execute("select delivery_id from ops.delivery where message_id = ?", [message_id]).fetchall()
    return find_delivery(con, its_id, project_id="test").delivery_id


def test_an_address_that_was_added_later_hears_of_no_end_whose_beginning_it_did_not_hear(desk, office):
    desk.queue("alert:a0:opened")
    desk.send(FakeSend())
    both = office(TWO)
    both.queue("alert:a0:resolved")

    assert sent_until_empty(both, since=NOON) == ["alert:a0:resolved"]
