"""Several processes at one outbox: each message leaves once, and what a killed one was sending is not sent again."""

from datetime import timedelta

from clarity_assets_tests.unit.delivery.conftest import NOON, FakeSend
from clarity_assets_tests.unit.delivery.drain import started


def test_two_processes_that_drain_at_once_send_each_message_once(office, mail, tmp_path):
    office = office(mail.url())
    messages = [f"alert:a{i}:opened" for i in range(8)]
    for message_id in messages:
        office.queue(message_id)
    both = [started(tmp_path, mail.url()) for _ in range(2)]
    said = [process.communicate(timeout=60)[0].split() for process in both]
    assert sum(int(words[1]) for words in said) == 8
    assert sorted(str(told["Subject"]) for told in mail.mails) == messages
    assert {row.status for row in office.rows} == {"sent"}


def test_a_message_that_a_killed_process_was_sending_is_interrupted_and_not_sent_again(office, mail, tmp_path):
    mail.wait_s = 3.0
    office = office(mail.url())
    office.queue()
    process = started(tmp_path, mail.url())
    assert mail.is_asked.wait(30)
    assert office.row().status == "sending"
    assert office.send(FakeSend()).interrupted == 0  # it is alive, and may yet say
    process.kill()
    process.communicate(timeout=30)
    send = FakeSend()
    result = office.send(send)
    assert (result.interrupted, send.sent) == (1, [])
    row = office.row()
    assert row.status == "interrupted"
    assert "nobody knows whether it arrived" in row.reason
    assert office.send(send, at=NOON + timedelta(days=1)).sent == 0


def test_what_another_machine_was_sending_is_left_alone_for_ten_minutes(office):
    office = office()
    office.queue()
    with office.opened() as con:
        con.execute(
            "update ops.delivery set status = 'sending', process = 'elsewhere/1/1', reserved_at = ?",
            [NOON.replace(tzinfo=None)],
        )
    assert office.send(FakeSend(), at=NOON + timedelta(minutes=9)).interrupted == 0
    assert office.send(FakeSend(), at=NOON + timedelta(minutes=10)).interrupted == 1


def test_the_operations_file_is_free_while_a_message_is_being_sent(office):
    office = office()
    office.queue()
    seen = []

    def send(channel, parcel, *, limit_s):
        seen.append(office.row().status)
        return FakeSend()(channel, parcel, limit_s=limit_s)

    assert office.send(send).sent == 1
    assert seen == ["sending"]
