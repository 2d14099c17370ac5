"""The outbox: what is queued once, sent once, tried again, held back in quiet hours, or not sent at all."""

from datetime import datetime, timedelta

import pytest
from pydantic import SecretStr

from clarity_assets.delivery.outbox import send_due
from clarity_assets.delivery.sending import FAILED, SENT, UNKNOWN, Outcome
from clarity_assets.delivery.waiting import PAUSES_MIN, is_quiet
from clarity_assets.errors import RequestRefused
from clarity_assets.warehouse.tables import transaction
from clarity_assets_tests.unit.delivery.conftest import NOON, FakeSend

TWO = "json://127.0.0.1:9/one json://127.0.0.1:9/two"
BUSY = Outcome(FAILED, "the server said 451 later")
DOWN = Outcome(FAILED, "no connection", is_channel_down=True)


def test_a_message_is_queued_once_for_each_address_and_sent_once(office):
    office = office(TWO)
    assert office.queue() == 2
    assert office.queue(subject="another wording") == 0
    send = FakeSend()
    assert office.send(send).sent == 2
    assert office.send(send).sent == 0
    assert send.subjects == ["alert:a1:opened"] * 2
    assert {row.status for row in office.rows} == {"sent"}
    assert all(row.sent_at == NOON.replace(tzinfo=None) and row.attempts == 1 for row in office.rows)


def test_without_an_address_nothing_is_queued(office):
    office = office("")
    assert office.queue() == 0
    assert office.send(FakeSend()).sent == 0
    assert office.rows == []


def test_a_message_that_was_queued_for_one_address_reaches_a_second_one_that_is_added(office, tmp_path):
    first = office("json://127.0.0.1:9/one")
    first.queue()
    second = office(TWO)
    assert second.queue() == 1


def test_a_row_says_to_whom_without_the_address(office):
    office = office("jsons://robot:s3cret-pw@hooks.example/SECRETPATH?+X-Key=abcdef123")
    office.queue()
    office.send(FakeSend(Outcome(FAILED, "refused")))
    [row] = office.rows
    assert row.channel == "jsons://hooks.example"
    with office.opened() as con:
        stored = repr(con.execute("select * from ops.delivery").fetchall()) + repr(row)
    for secret in ("s3cret-pw", "SECRETPATH", "abcdef123"):
        assert secret not in stored


# --- tried again --------------------------------------------------------------------------------------------------


def test_a_failed_message_is_tried_again_after_growing_pauses_and_given_up_at_the_end(office):
    office = office(delivery_attempts=6)
    office.queue()
    at, pauses = NOON, []
    for _ in range(6):
        assert office.send(FakeSend(BUSY), at=at - timedelta(seconds=1)).failed == 0
        result = office.send(FakeSend(BUSY), at=at)
        assert result.failed + result.given_up == 1
        following = office.row().next_attempt_at
        if following:
            pauses.append((following - at.replace(tzinfo=None)).total_seconds() / 60)
            at = following.replace(tzinfo=NOON.tzinfo)
    assert tuple(pauses) == PAUSES_MIN[:5] == (1, 5, 15, 60, 180)
    row = office.row()
    assert (row.status, row.attempts, row.last_error) == ("given_up", 6, "the server said 451 later")
    assert office.send(FakeSend(), at=at + timedelta(days=9)).sent == 0


def test_the_first_and_the_last_error_are_kept_and_a_later_success_stays(office):
    office = office()
    office.queue()
    office.send(FakeSend(Outcome(FAILED, "first")))
    office.send(FakeSend(Outcome(FAILED, "second")), at=NOON + timedelta(minutes=1))
    office.send(FakeSend(), at=NOON + timedelta(minutes=6))
    row = office.row()
    assert (row.status, row.first_error, row.last_error, row.attempts) == ("sent", "first", None, 3)


def test_a_channel_that_is_down_keeps_its_other_messages_waiting_and_no_other_channel(office):
    office = office(TWO)
    office.queue("alert:a1:opened")
    office.queue("alert:a2:opened")
    down = office.rows[0].channel_id
    sent = []

    def send(channel, parcel, *, limit_s):
        sent.append(channel.channel_id)
        return DOWN if channel.channel_id == down else Outcome(SENT)

    result = office.send(send)
    assert (result.sent, result.failed) == (2, 1)
    assert sent.count(down) == 1
    assert sorted(row.status for row in office.rows) == ["failed", "queued", "sent", "sent"]


def test_only_the_last_attempt_goes_to_some_of_several_recipients(office):
    office = office(delivery_attempts=2)
    office.queue()
    send = FakeSend(BUSY, BUSY)
    office.send(send)
    office.send(send, at=NOON + timedelta(minutes=1))
    assert [parcel.is_last_attempt for _, parcel in send.sent] == [False, True]


def test_the_budget_ends_a_pass_and_the_rest_waits_for_the_next(office):
    office = office()
    for i in range(3):
        office.queue(f"alert:a{i}:opened")
    result = office.send(FakeSend(), budget_s=0.0)
    assert (result.sent, result.is_done) == (1, False)
    assert office.send(FakeSend()).sent == 2


def test_urgent_messages_go_first_and_reports_last(office):
    office = office()
    office.queue("report:weekly:2026-10-05", kind="report", at=NOON - timedelta(hours=1))
    office.queue("alert:a1:opened", at=NOON - timedelta(minutes=2))
    office.queue("alert:a2:opened", is_urgent=True)
    send = FakeSend()
    office.send(send)
    assert send.subjects == ["alert:a2:opened", "alert:a1:opened", "report:weekly:2026-10-05"]


# --- nobody knows -------------------------------------------------------------------------------------------------


def test_what_may_have_arrived_is_interrupted_and_not_sent_again_by_itself(office):
    office = office()
    office.queue()
    result = office.send(FakeSend(Outcome(UNKNOWN, "the connection broke")))
    assert (result.interrupted, office.row().status) == (1, "interrupted")
    assert "--again" in office.row().reason
    assert office.send(FakeSend(), at=NOON + timedelta(days=1)).sent == 0


def test_an_interrupted_message_is_sent_again_when_a_person_says_so(office):
    from clarity_assets.delivery.ledger import send_again

    office = office()
    office.queue()
    office.send(FakeSend(Outcome(UNKNOWN, "the connection broke")))
    its_id = office.row().delivery_id
    with office.opened() as con, transaction(con):
        send_again(con, its_id[:6], project_id="test", now=NOON)
    send = FakeSend()
    assert office.send(send).sent == 1
    assert send.sent[0][1].delivery_id == its_id
    with office.opened() as con, transaction(con), pytest.raises(RequestRefused, match="sent at 2026-10-12 12:00"):
        send_again(con, its_id, project_id="test", now=NOON)
    with office.opened() as con, transaction(con), pytest.raises(RequestRefused, match="--list"):
        send_again(con, "dffff", project_id="test", now=NOON)


def test_an_error_while_sending_leaves_the_message_reserved_and_interrupted_ten_minutes_later(office):
    office = office()
    office.queue()

    def broken(channel, parcel, *, limit_s):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        office.send(broken)
    assert office.row().status == "sending"
    assert office.send(FakeSend(), at=NOON + timedelta(minutes=9)).interrupted == 0
    assert office.send(FakeSend(), at=NOON + timedelta(minutes=10)).interrupted == 1


# --- quiet hours --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "time", "expected"),
    [
        ("22:00-07:00", "21:59", False),
        ("22:00-07:00", "22:00", True),
        ("22:00-07:00", "00:00", True),
        ("22:00-07:00", "06:59", True),
        ("22:00-07:00", "07:00", False),
        ("12:00-13:00", "12:30", True),
        ("12:00-13:00", "13:00", False),
        ("12:00-12:00", "12:00", False),
        ("", "03:00", False),
    ],
)
def test_quiet_hours_are_half_open_and_may_span_midnight(hours, time, expected):
    assert is_quiet(hours, now=datetime.fromisoformat(f"2026-10-12T{time}+00:00")) is expected


def test_in_quiet_hours_only_urgent_messages_go_out_and_the_others_at_their_end(office):
    office = office(quiet_hours="22:00-07:00")
    night = NOON.replace(hour=23)
    office.queue("alert:a1:opened", at=night)
    office.queue("alert:a2:opened", at=night, is_urgent=True)
    send = FakeSend()
    office.send(send, at=night)
    office.send(send, at=night.replace(day=13, hour=6, minute=59))
    assert send.subjects == ["alert:a2:opened"]
    office.send(send, at=night.replace(day=13, hour=7))
    assert send.subjects == ["alert:a2:opened", "alert:a1:opened"]


# --- what is not to be told any more ------------------------------------------------------------------------------


def test_an_alert_that_is_over_before_it_was_told_is_not_told_and_neither_is_its_end(office):
    office = office(TWO, quiet_hours="22:00-07:00")
    night = NOON.replace(hour=23)
    for message_id in ("alert:a1:opened", "alert:a1:escalated", "alert:a1:resolved", "alert:a2:opened"):
        office.queue(message_id, at=night)
    send = FakeSend()
    assert office.send(send, at=NOON + timedelta(days=1)).cancelled == 6
    assert send.subjects == ["alert:a2:opened"] * 2
    assert {row.reason for row in office.rows if row.status == "cancelled"} == {
        "the alert was over before it could be told"
    }


def test_an_alert_that_failed_to_be_told_and_is_over_is_not_told_either(office):
    office = office()
    office.queue("alert:a1:opened")
    office.send(FakeSend(BUSY))
    office.queue("alert:a1:resolved")
    assert office.send(FakeSend(), at=NOON + timedelta(hours=1)).cancelled == 2


def test_the_end_of_an_alert_that_was_told_is_told_and_what_lies_between_is_not(office):
    office = office()
    office.queue("alert:a1:opened")
    office.send(FakeSend())
    office.queue("alert:a1:escalated")
    office.queue("alert:a1:resolved", kind="resolved")
    send = FakeSend()
    office.send(send)
    assert send.subjects == ["alert:a1:resolved"]
    assert office.row("alert:a1:escalated").status == "cancelled"


def test_the_end_is_told_on_the_channel_that_heard_of_the_alert_only(office):
    office = office(TWO)
    office.queue("alert:a1:opened")
    first = office.rows[0].channel_id

    office.send(lambda channel, parcel, *, limit_s: Outcome(SENT) if channel.channel_id == first else DOWN)
    office.queue("alert:a1:resolved")
    send = FakeSend()
    result = office.send(send)
    assert (result.sent, result.cancelled) == (1, 2)
    assert {row.channel_id for row in office.rows if row.status == "sent"} == {first}


def test_the_end_of_an_alert_whose_opening_was_told_in_a_digest_is_told(office):
    office = office()
    office.queue("alert:digest-1:opened", about=("alert:a1", "alert:a2"))
    office.send(FakeSend())
    office.queue("alert:a1:resolved")
    assert office.send(FakeSend()).sent == 1


def test_what_waits_for_an_address_that_is_gone_is_cancelled_and_says_so(office):
    before = office(TWO)
    before.queue()
    after = office("json://127.0.0.1:9/two")
    result = after.send(FakeSend())
    assert (result.sent, result.cancelled) == (1, 1)
    [gone] = [row for row in after.rows if row.status == "cancelled"]
    assert "no longer in CLARITY_ALERT_TO" in gone.reason


def test_a_report_address_is_a_channel_too(office):
    office = office()
    office.queue()
    settings = office.settings.model_copy(update={"alert_to": SecretStr(""), "report_to": office.settings.alert_to})
    assert send_due(settings, now=NOON, send=FakeSend()).sent == 1


# --- what a message is made of ------------------------------------------------------------------------------------


def test_a_subject_is_one_line_however_it_was_made(office):
    office = office()
    office.queue(subject="Page\r\nBcc: evil@example.com\x00 \u202egnp.exe " + "x" * 500)
    subject = office.row().subject
    assert subject.startswith("Page Bcc: evil@example.com gnp.exe xxx")
    assert len(subject) == 180
    assert subject.endswith("…")


def test_a_lone_surrogate_and_controls_in_a_text_do_not_stop_a_message(office):
    office = office()
    office.queue(text="a\ud800b\x1b[31m\tc\nd 👩‍💻", html="<p>\udfff</p>")
    row = office.row()
    assert (row.text, row.html) == ("ab[31m\tc\nd 👩‍💻", "<p></p>")
