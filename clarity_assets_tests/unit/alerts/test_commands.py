"""The commands `watch` and `alerts`, with a webhook that gets what is told."""

import json

import pytest
from click.testing import CliRunner

from clarity_assets.alerts.store import note_event
from clarity_assets.cli.alerts import alerts, watch
from clarity_assets.warehouse.tables import transaction
from clarity_assets_tests.unit.alerts.stage import NOW, Stage, cause, stage
from clarity_assets_tests.unit.delivery.servers import webhook


@pytest.fixture
def ops(tmp_path) -> Stage:
    """A project in a folder, with one event that nobody was told of."""
    made = stage(tmp_path)
    with made.open() as con, transaction(con):
        note_event(con, cause("warehouse_restored", title="The warehouse was restored"), project_id="test", now=NOW)
    return made


def run(ops: Stage, command, *arguments: str, **more: str):
    told = {
        "CLARITY_PROJECT_ID": "test",
        "CLARITY_WAREHOUSE": str(ops.settings.warehouse),
        "CLARITY_NOW": NOW.isoformat(),
        "CLARITY_DISK_MIN_FREE_PCT": "0",
        "CLARITY_THRESHOLDS": "",
        "CLARITY_API_TOKEN": "",
        "NO_PROXY": "127.0.0.1",
    }
    return CliRunner().invoke(command, list(arguments), env=told | more, catch_exceptions=False)


def test_watch_tells_once_and_ends_with_1_while_something_critical_is_open(ops):
    with webhook() as hook:
        first = run(ops, watch, CLARITY_ALERT_TO=hook.url())
        second = run(ops, watch, CLARITY_ALERT_TO=hook.url())

    assert (first.exit_code, second.exit_code) == (1, 1)
    assert "critical The warehouse was restored" in first.output
    assert "1 open, 0 over, 1 messages queued" in first.output
    assert [body["title"] for body in hook.bodies] == ["[critical] test: The warehouse was restored"]


def test_watch_says_of_what_is_wrong_the_value_the_rule_and_the_next_step(ops):
    told = " ".join(run(ops, watch, CLARITY_ALERT_TO="", CLARITY_THRESHOLDS="page clicks > 9").output.split())

    assert "CLARITY_THRESHOLDS: 'page clicks > 9': 'clicks' is no measure; known are rage_click" in told
    assert "What to do: Put it right in .env" in told


def test_watch_says_that_nobody_is_told_without_an_address(ops):
    assert "CLARITY_ALERT_TO is empty, so nobody is told." in run(ops, watch, CLARITY_ALERT_TO="").output


def test_alerts_lists_what_is_open_and_ack_ends_an_event(ops):
    [alert] = json.loads(run(ops, alerts, "--json").output)
    assert alert["opened_at"] == NOW.isoformat()
    assert "Do this" in run(ops, alerts).output

    assert "is over" in run(ops, alerts, "ack", alert["alert_id"]).output
    assert "No alert is open." in run(ops, alerts).output
    assert "(acknowledged)" in run(ops, alerts, "--all").output
    assert run(ops, watch, "--no-send", CLARITY_ALERT_TO="").exit_code == 0
    assert "acknowledge" in next(ops.settings.logs_folder.glob("audit-*.jsonl")).read_text()
