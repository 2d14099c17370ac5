"""The whole site's newest day against its own weekday history."""

from datetime import UTC, datetime, timedelta

import numpy as np

from clarity_assets.alerts.causes import Found
from clarity_assets.alerts.unusual import unusual_figures
from clarity_assets.project_models import project_models
from clarity_assets.reports.marts import Marts
from clarity_assets.reports.period import Period
from clarity_assets_tests.sql.by_hand import PROJECT
from clarity_assets_tests.unit.recommendations.worlds import MONDAY, SETTINGS, land

DAYS = 100
LAST = MONDAY + timedelta(days=DAYS - 1)
NOISE = np.random.default_rng(4).poisson(900, DAYS)


def noisy(request: str, key: tuple, place: int) -> dict:
    """Counting noise in the site's sessions; 4 % of them have each signal."""
    if request != "base":
        return {}
    count = int(NOISE[place])
    return {"sessions": count} | {
        f"{s}_{what}": count // 25 for s in ("dead_click", "rage_click") for what in ("count", "sessions")
    }


def planted(**on_last_day: int):
    return lambda request, key, place: (
        noisy(request, key, place) | (on_last_day if request == "base" and place == DAYS - 1 else {})
    )


def figures(con, *open_ids: str, later: int = 0) -> Found:
    day = LAST + timedelta(days=1 + later)
    marts = Marts(con, project_id=PROJECT, period=Period(LAST, day), models=project_models(SETTINGS))
    return unusual_figures(
        marts, now=datetime(day.year, day.month, day.day, 2, tzinfo=UTC), open_ids=frozenset(open_ids)
    )


def test_an_unremarkable_day_is_no_anomaly_and_ends_one():
    with land(noisy, days=DAYS) as con:
        found = figures(con, "anomaly:sessions", "anomaly:rage_click")

    assert found.causes == ()
    assert set(found.over) == {"anomaly:sessions", "anomaly:rage_click"}


def test_a_day_with_half_of_the_sessions_is_told_with_what_is_usual():
    with land(planted(sessions=450), days=DAYS) as con:
        causes = {cause.cause_id: cause for cause in figures(con, "anomaly:sessions").causes}

    cause = causes["anomaly:sessions"]
    assert cause.severity == "warning"
    assert cause.title == f"Sessions: far less than usual on {LAST}"
    assert cause.detail.startswith("Sessions: 450 sessions, where about ")


def test_a_signal_is_one_cause_whether_more_sessions_meet_it_or_each_meets_it_more_often():
    with land(planted(rage_click_sessions=180, rage_click_count=400), days=DAYS) as con:
        [cause] = figures(con).causes

    assert cause.cause_id == "anomaly:rage_click"
    assert "per 100 sessions" in cause.detail
    assert "Sessions with rage clicks: " in cause.detail


def test_without_enough_history_nothing_is_judged():
    with land(planted(sessions=450), days=DAYS) as con:
        con.execute("delete from marts.fct_collection_daily where date < ?", [LAST - timedelta(days=20)])
        assert figures(con, "anomaly:sessions") == Found()


def test_a_newest_day_of_last_week_is_no_news():
    with land(planted(sessions=450), days=DAYS) as con:
        assert figures(con, later=3).causes != ()
        assert figures(con, "anomaly:sessions", later=4) == Found()


def test_a_lost_newest_day_leaves_the_verdict_to_the_day_before():
    with land(planted(sessions=450), days=DAYS) as con:
        con.execute("update marts.fct_collection_daily set is_gap = true, status = 'lost' where date = ?", [LAST])
        found = figures(con, "anomaly:sessions")

    assert f"{LAST - timedelta(days=1)} lies within" in found.over["anomaly:sessions"]
