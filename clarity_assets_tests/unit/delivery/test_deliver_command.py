"""`clarity-assets deliver`: sends, lists, sends once more, queues a report, tries the addresses."""

import pytest
from click.testing import CliRunner

from clarity_assets.cli.deliver import deliver
from clarity_assets.cli.shared import Group
from clarity_assets_tests.unit.delivery.conftest import NOON, FakeSend
from clarity_assets_tests.unit.delivery.servers import unused_port


@pytest.fixture
def run(tmp_path, office, mail):
    """The command on the office's file, as a terminal runs it."""
    office = office(mail.url())

    def call(*words: str, alert_to: str | None = None, **more: str):
        environment = {
            "CLARITY_PROJECT_ID": "test", "CLARITY_WAREHOUSE": str(tmp_path / "clarity.duckdb"),
            "CLARITY_NOW": NOON.isoformat(), "CLARITY_REPORTS": str(tmp_path / "reports"),
            "CLARITY_ALERT_TO": office.settings.alert_to.get_secret_value() if alert_to is None else alert_to,
            "CLARITY_REPORT_TO": "",
        } | more  # fmt: skip
        group = Group(commands={"deliver": deliver})
        return CliRunner().invoke(group, ["deliver", *words], env=environment)

    call.office = office
    return call


def test_what_waits_is_sent_and_listed(run, mail):
    run.office.queue(subject="No data for 48 h")
    told = run()
    assert (told.exit_code, told.output) == (0, "1 sent\n")
    assert run().output == "nothing to send\n"
    listed = run("--list").output
    assert "No data for 48 h" in listed
    assert "sent" in listed
    assert len(mail.mails) == 1


def test_what_quiet_hours_hold_back_is_told_with_their_end(run, mail):
    for i in range(2):
        run.office.queue(f"alert:a{i}:opened")
    told = run(CLARITY_QUIET_HOURS="11:00-13:30")
    assert (told.exit_code, told.output) == (
        0,
        "nothing to send now\n  2 messages wait, the first until 2026-10-12 13:30 UTC (quiet hours 11:00-13:30)\n",
    )
    assert mail.mails == []


def test_a_failure_is_told_with_its_reason_and_exit_code_1(run, mail):
    mail.answers = ["451 later"]
    run.office.queue()
    told = run()
    assert told.exit_code == 1
    assert "1 failed, tried again later" in told.output
    assert "451 later" in told.output
    assert "1 message waits until 2026-10-12 12:01 UTC\n" in told.output


def test_again_sends_what_was_interrupted(run, mail):
    from clarity_assets.delivery.sending import UNKNOWN, Outcome

    run.office.queue()
    run.office.send(FakeSend(Outcome(UNKNOWN, "broke")))
    told = run("--again", run.office.row().delivery_id)
    assert (told.exit_code, told.output) == (0, "1 sent\n")
    assert len(mail.mails) == 1


def test_what_is_dropped_is_never_sent(run, mail):
    run.office.queue(subject="It did arrive")
    its_id = run.office.row().delivery_id
    assert run("--drop", its_id[:7]).output == f"dropped  {its_id}  It did arrive\n"
    assert run().output == "nothing to send\n"
    assert (run.office.row().status, run.office.row().reason, mail.mails) == ("cancelled", "dropped by hand", [])


def test_what_is_sent_is_neither_dropped_nor_sent_again(run):
    run.office.queue()
    run()
    for option in ("--drop", "--again"):
        told = run(option, run.office.row().delivery_id)
        assert told.exit_code == 1
        assert "sent" in told.output


def test_the_addresses_are_tried_and_each_outcome_told(run, mail):
    bad = f"json://robot:s3cret-pw@127.0.0.1:{unused_port()}/SECRETPATH"
    told = run("--test", alert_to=f"{mail.url()} {bad}")
    assert told.exit_code == 1
    assert "sent  mailto://127.0.0.1" in told.output
    assert "failed  json://127.0.0.1" in told.output
    assert "s3cret-pw" not in told.output
    assert "SECRETPATH" not in told.output
    assert str(mail.mails[0]["Subject"]) == "Clarity assets: test"


def test_without_an_address_the_setting_is_named(run):
    told = run(alert_to="")
    assert told.exit_code == 1
    assert "CLARITY_ALERT_TO" in told.output


def test_a_bad_address_is_refused_before_anything_is_sent(run, mail):
    run.office.queue()
    told = run(alert_to=f"{mail.url()} schrott://T0PSECRET")
    assert told.exit_code == 1
    assert "address 2 (schrott://…)" in told.output
    assert "T0PSECRET" not in told.output
    assert mail.mails == []


def test_a_report_for_nobody_is_refused(run):
    told = run("--weekly")
    assert told.exit_code == 1
    assert "CLARITY_REPORT_TO names nobody" in told.output
