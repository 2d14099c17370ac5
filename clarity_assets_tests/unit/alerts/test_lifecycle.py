"""Opened, kept, resolved, back again: each is told once, and nothing is forgotten."""

import pytest
from pydantic import SecretStr

from clarity_assets.alerts.store import FLAPPING, acknowledge, all_alerts, note_event, open_alerts
from clarity_assets.errors import RequestRefused
from clarity_assets.warehouse.tables import transaction
from clarity_assets_tests.unit.alerts.stage import NOW, cause, hours, stage


@pytest.fixture
def ops(tmp_path):
    return stage(tmp_path)


OVER = {"collection_failed": "2026-10-04 is known"}


def test_a_cause_is_told_when_it_opens_and_not_again_while_it_lasts(ops):
    for hour in range(5):
        ops.found(cause(detail=f"seen {hour}"), now=NOW + hours(hour))

    assert ops.told == [("alert", "[critical] test: Title of collection_failed")]
    [alert] = ops.alerts
    assert (alert.opened_at, alert.updated_at, alert.detail) == (NOW, NOW + hours(4), "seen 4")


def test_its_end_is_told_with_how_it_ended(ops):
    ops.found(cause())
    ops.found(over=OVER, now=NOW + hours(24))
    ops.found(over=OVER, now=NOW + hours(25))

    assert [kind for kind, _ in ops.told] == ["alert", "resolved"]
    [[text]] = ops.sql("select text from ops.delivery where kind = 'resolved'")
    assert "2026-10-04 is known." in text
    assert "(24 h)" in text
    assert not ops.alerts[0].is_open


def test_what_is_unknown_neither_opens_nor_resolves(ops):
    ops.found(cause())
    ops.found(now=NOW + hours(1))

    assert [alert.is_open for alert in ops.alerts] == [True]
    assert len(ops.told) == 1


def test_an_end_of_what_was_never_open_says_nothing(ops):
    assert ops.found(over=OVER) == 0
    assert ops.alerts == []


def test_a_cause_that_is_seen_is_not_over_whatever_else_says_so(ops):
    ops.found(cause())
    ops.found(cause(), over=OVER, now=NOW + hours(1))

    assert ops.alerts[0].is_open


def test_a_warning_that_becomes_critical_is_told_once_more_and_urgently(ops):
    ops.found(cause("disk_low:/", "warning"))
    for hour, severity in enumerate(("critical", "warning", "critical"), 1):
        ops.found(cause("disk_low:/", severity), now=NOW + hours(hour))

    assert [subject.split("]")[0] for _, subject in ops.told] == ["[warning", "[critical"]
    assert ops.sql("select is_urgent from ops.delivery order by rowid") == [(False,), (True,)]


def test_a_cause_that_comes_back_within_hours_is_the_same_alert_and_is_not_told(ops):
    ops.found(cause())
    ops.found(over=OVER, now=NOW + hours(1))
    ops.found(cause(), now=NOW + hours(2))
    ops.found(over=OVER, now=NOW + hours(3))

    [alert] = ops.alerts
    assert alert.reopened_count == 1
    assert [kind for kind, _ in ops.told] == ["alert", "resolved"]


def test_a_cause_that_came_back_and_stays_is_told_after_all_and_its_end_too(ops):
    ops.found(cause())
    ops.found(over=OVER, now=NOW + hours(1))
    back = NOW + hours(2)
    for later in (hours(0), FLAPPING, FLAPPING + hours(1)):
        ops.found(cause(), now=back + later)
    ops.found(over=OVER, now=back + hours(12))

    assert [kind for kind, _ in ops.told] == ["alert", "resolved", "alert", "resolved"]
    texts = [text for (text,) in ops.sql("select text from ops.delivery order by rowid")]
    assert "It came back once within 6 hours of being over" in texts[2]
    assert len({i for (i,) in ops.sql("select message_id from ops.delivery")}) == 4


def test_a_cause_that_comes_back_worse_is_told_at_once_and_its_end_too(ops):
    ops.found(cause("disk_low:/", "warning"))
    ops.found(over={"disk_low:/": "free"}, now=NOW + hours(1))
    ops.found(cause("disk_low:/", "critical"), now=NOW + hours(2))
    ops.found(over={"disk_low:/": "free"}, now=NOW + hours(3))

    assert [kind for kind, _ in ops.told] == ["alert", "resolved", "alert", "resolved"]


def test_a_cause_that_comes_back_later_is_a_new_alert(ops):
    ops.found(cause())
    ops.found(over=OVER, now=NOW + hours(1))
    ops.found(cause(), now=NOW + hours(7))

    assert len({alert.alert_id for alert in ops.alerts}) == 2
    assert [kind for kind, _ in ops.told] == ["alert", "resolved", "alert"]


def test_a_clock_that_was_put_back_opens_nothing_twice(ops):
    ops.found(cause(), now=NOW + hours(9000))
    ops.found(over=OVER, now=NOW + hours(9001))
    for hour in range(3):
        ops.found(cause(), now=NOW + hours(hour))

    assert [alert.is_open for alert in ops.alerts] == [True, False]
    assert [kind for kind, _ in ops.told] == ["alert", "resolved", "alert"]


def test_more_than_five_of_one_kind_at_once_are_one_message_and_so_is_their_end(ops):
    many = [cause(f"anomaly:{i}", "warning") for i in range(6)]
    ops.found(*many, cause())
    ops.found(*many, cause(), now=NOW + hours(1))
    ops.found(over={one.cause_id: "it fits again" for one in many}, now=NOW + hours(30))

    kinds = [kind for kind, _ in ops.told]
    assert kinds == ["alert", "alert", "resolved"]
    digest = next(subject for _, subject in ops.told if "6 alerts" in subject)
    assert digest == "[warning] test: 6 alerts: A figure is far outside of its own history"
    assert len(ops.alerts) == 7


def test_a_digest_and_a_single_message_say_which_openings_they_tell(ops):
    many = [cause(f"anomaly:{i}", "warning") for i in range(6)]
    ops.found(*many, cause())
    alerts = {alert.cause_id: f"alert:{alert.alert_id}" for alert in ops.alerts}
    single = [alerts.pop("collection_failed")]

    [[one], [six]] = ops.sql("select about from ops.delivery order by len(about)")
    assert (one, six) == (single, sorted(alerts.values()))


def test_five_of_one_kind_are_five_messages(ops):
    ops.found(*(cause(f"anomaly:{i}", "warning") for i in range(5)))

    assert len(ops.told) == 5


def test_without_an_address_alerts_are_kept_and_told_once_there_is_one(tmp_path):
    silent, loud = stage(tmp_path, alert_to=SecretStr("")), stage(tmp_path)
    silent.found(cause(), cause("no_data"))
    silent.found(over={"no_data": "an answer came"}, now=NOW + hours(1))
    assert silent.told == []

    loud.found(now=NOW + hours(2))
    assert loud.told == [("alert", "[critical] test: Title of collection_failed")]


def test_projects_do_not_see_one_another(tmp_path):
    one, other = stage(tmp_path), stage(tmp_path, project_id="other")
    one.found(cause())
    other.found(over=OVER, now=NOW + hours(1))

    assert [alert.is_open for alert in one.alerts] == [True]
    assert other.alerts == []


# --- events and acknowledgement -------------------------------------------------------------------------------------


def test_an_event_is_told_by_the_next_look_and_stays_until_it_is_acknowledged(ops):
    with ops.open() as con, transaction(con):
        note_event(con, cause("warehouse_restored"), project_id="test", now=NOW)
    assert ops.told == []

    ops.found(now=NOW + hours(1))
    ops.found(over={"warehouse_restored": "whatever"}, now=NOW + hours(2))
    assert [kind for kind, _ in ops.told] == ["alert"]
    [alert] = ops.alerts
    assert alert.is_open

    with ops.open() as con, transaction(con):
        acknowledge(con, alert.alert_id, project_id="test", now=NOW + hours(3))
        assert open_alerts(con, project_id="test") == []
    [alert] = ops.alerts
    assert (alert.resolution, alert.resolved_at) == ("acknowledged", NOW + hours(3))


def test_a_second_event_after_the_first_was_acknowledged_is_an_alert_of_its_own(ops):
    for hour in (0, 1):
        with ops.open() as con, transaction(con):
            event = note_event(con, cause("warehouse_restored"), project_id="test", now=NOW + hours(hour))
            acknowledge(con, event.alert_id, project_id="test", now=NOW + hours(hour + 0.5))

    assert len({alert.alert_id for alert in ops.alerts}) == 2


def test_a_condition_is_no_event(ops):
    with ops.open() as con, pytest.raises(RequestRefused, match="'no_data' is no event"):
        note_event(con, cause("no_data"), project_id="test", now=NOW)


def test_an_acknowledged_cause_is_silent_until_it_is_over_and_new_when_it_comes_again(ops):
    ops.found(cause("run_failed:daily"))
    with ops.open() as con, transaction(con):
        acknowledge(con, all_alerts(con, project_id="test")[0].alert_id, project_id="test", now=NOW + hours(1))
    ops.found(cause("run_failed:daily"), now=NOW + hours(2))
    ops.found(over={"run_failed:daily": "it succeeded"}, now=NOW + hours(3))
    assert [kind for kind, _ in ops.told] == ["alert"]

    ops.found(cause("run_failed:daily"), now=NOW + hours(48))
    assert [kind for kind, _ in ops.told] == ["alert", "alert"]


def test_an_unknown_alert_cannot_be_acknowledged(ops):
    ops.found(cause())
    with ops.open() as con, pytest.raises(RequestRefused, match="'nope' is no open alert; open are: "):
        acknowledge(con, "nope", project_id="test", now=NOW)


# --- the message ----------------------------------------------------------------------------------------------------


def test_texts_from_outside_do_nothing_in_a_message(ops):
    nasty = "<script>alert(1)</script>\nBcc: x@y.z \u202e"
    ops.found(cause("anomaly:x", "warning", title=nasty, detail=nasty))

    [[subject, text, html]] = ops.sql("select subject, text, html from ops.delivery")
    assert "\n" not in subject
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "\u202e" not in subject + text + html


def test_a_message_says_what_is_known_what_to_do_and_where_to_read_on(ops):
    ops.found(cause())

    [[text]] = ops.sql("select text from ops.delivery")
    for part in (
        "Numbers and times",
        "What to do: Do this.",
        "docs/runbook.md#collection-failed",
        "2026-10-05 02:30 UTC",
    ):
        assert part in text
