"""Whatever comes and goes: a message for each opening, one for each end, never two in a row of a kind for one cause."""

from collections import defaultdict
from datetime import timedelta

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from clarity_assets.alerts.causes import Found
from clarity_assets.alerts.store import all_alerts
from clarity_assets.alerts.tables import ALERT_TABLES
from clarity_assets.alerts.watching import store_and_tell
from clarity_assets.settings import Settings, load_settings
from clarity_assets.warehouse.tables import ensure_tables, transaction
from clarity_assets_tests.unit.alerts.stage import HOOK, NOW, cause

SETTINGS: Settings = load_settings(project_id="test", alert_to=HOOK)
CAUSES = ("no_data", "disk_low:/", "anomaly:sessions")
STATES = st.sampled_from(["warning", "critical", "over", "unknown"])
LOOKS = st.lists(st.tuples(st.integers(1, 600), st.tuples(*[STATES] * len(CAUSES))), max_size=12)


@settings(max_examples=40, deadline=None)
@given(LOOKS)
def test_messages_and_openings_agree(looks):
    messages: dict[str, list[str]] = defaultdict(list)
    sent: list[str] = []

    def queue(con, message, *, to: SecretStr, project_id, now) -> int:
        sent.append(message.message_id)
        messages[message.text.splitlines()[0].removeprefix("Over: ")].append(message.message_id.rpartition(":")[2])
        return 1

    now = NOW
    with duckdb.connect() as con:
        ensure_tables(con, ALERT_TABLES)
        for minutes, states in looks:
            now += timedelta(minutes=minutes)
            seen = dict(zip(CAUSES, states, strict=True))
            found = Found(
                tuple(cause(i, state) for i, state in seen.items() if state in ("warning", "critical")),
                {i: "well" for i, state in seen.items() if state == "over"},
            )
            with transaction(con):
                store_and_tell(con, found, settings=SETTINGS, now=now, queue=queue)
        alerts = all_alerts(con, project_id="test")

    assert len(sent) == len(set(sent))
    openings = sum(alert.told_severity is not None for alert in alerts) + sum(alert.told_count for alert in alerts)
    assert sum(i.endswith(":opened") for i in sent) == openings
    assert len(alerts) == sum(alert.told_severity is not None for alert in alerts)
    for told in messages.values():
        spoken = [what for what in told if what != "critical"]
        assert spoken == [("opened", "resolved")[i % 2] for i in range(len(spoken))]
        assert all(told[i - 1] == "opened" for i, what in enumerate(told) if what == "critical")
    for alert in alerts:
        unresolved = [a for a in alerts if a.cause_id == alert.cause_id and a.is_open]
        assert len(unresolved) <= 1
