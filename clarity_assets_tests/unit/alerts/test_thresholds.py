"""The user's limits: their text read, or refused with what is wrong; and held against the newest known day."""

from datetime import UTC, datetime, timedelta

import pytest

from clarity_assets.alerts.causes import Found
from clarity_assets.alerts.limits import passed_limits
from clarity_assets.alerts.thresholds import KNOWN_MEASURES, SCOPES, parse_thresholds
from clarity_assets.errors import SettingsError
from clarity_assets.project_models import project_models
from clarity_assets.reports.marts import Marts
from clarity_assets.reports.period import Period
from clarity_assets_tests.sql.by_hand import PROJECT
from clarity_assets_tests.unit.recommendations.worlds import MONDAY, SETTINGS, land

DAYS = 3
LAST = MONDAY + timedelta(days=DAYS - 1)
NOW = datetime(LAST.year, LAST.month, LAST.day, 2, tzinfo=UTC) + timedelta(days=1)


def test_a_rule_has_scope_measure_comparison_and_number():
    one, two, three = parse_thresholds("page rage_click > 100, dead_click_rate>=0.08 ,device sessions < 50,")

    assert (one.scope.name, one.measure, one.comparison, one.limit) == ("page", "rage_click", ">", 100)
    assert (two.scope.name, two.text) == ("site", "site dead_click_rate >= 0.08")
    assert three.name == "device_sessions<50"


def test_no_text_is_no_rule_and_a_rule_counts_once():
    assert parse_thresholds("") == parse_thresholds(" , ") == ()
    assert len(parse_thresholds("sessions < 50, site sessions < 50.0")) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("page rage_click 100", "'page rage_click 100': must be [scope] measure < | > | <= | >= number"),
        ("page rage_click = 100", "must be [scope] measure"),
        ("shop rage_click > 100", "'shop' is no scope; known are site, page, device, country, source"),
        ("page angry_click > 100", "'angry_click' is no measure; known are rage_click"),
        ("page rage_click > many", "'many' is no number of 0 or more"),
        ("page rage_click > -1", "'-1' is no number"),
        ("site sessions > nan", "'nan' is no number"),
        ("site dead_click_rate > 8", "is a share of 0-1, so 8 is never reached; write 0.08"),
        ("sessions > 1; drop table ops.alert", "must be [scope] measure"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_text_the_rule_and_an_example(text, told):
    with pytest.raises(SettingsError) as caught:
        parse_thresholds(f"sessions < 5, {text}")

    assert str(caught.value).startswith("CLARITY_THRESHOLDS: ")
    assert told in str(caught.value)
    assert "write such as `page rage_click > 100" in str(caught.value)


# --- held against a day ----------------------------------------------------------------------------------------------


def held(con, text: str, *open_ids: str, now: datetime = NOW) -> Found:
    marts = Marts(
        con, project_id=PROJECT, period=Period(LAST, LAST + timedelta(days=1)), models=project_models(SETTINGS)
    )
    return passed_limits(marts, parse_thresholds(text), now=now, open_ids=frozenset(open_ids))


def ids(found: Found) -> list[str]:
    return [cause.cause_id for cause in found.causes]


@pytest.fixture(scope="module")
def shop():
    """900 sessions; 150 a page and device, 2 % with each signal."""
    with land(days=DAYS) as con:
        yield con


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("measure", KNOWN_MEASURES)
def test_every_scope_tells_every_measure(shop, scope, measure):
    assert held(shop, f"{scope} {measure} >= 0").causes != ()


def test_values_are_in_the_units_that_the_rules_say(shop):
    assert ids(held(shop, "sessions > 899, sessions > 900, rage_click >= 18, rage_click > 18")) == [
        "threshold:site_sessions>899:site", "threshold:site_rage_click>=18:site",
    ]  # fmt: skip
    assert len(ids(held(shop, "dead_click_rate > 0.019, dead_click_rate > 0.021"))) == 1
    assert len(ids(held(shop, "bot_share > 0.06, bot_share > 0.07"))) == 1  # 60 of 960
    assert len(ids(held(shop, "scroll_depth_pct < 51, total_time_s > 99, pages_per_session > 3"))) == 2


def test_a_page_adds_up_over_its_devices(shop):
    assert ids(held(shop, "page rage_click > 5")) == [f"threshold:page_rage_click>5:/{page}" for page in "abc"]
    assert ids(held(shop, "page rage_click > 6")) == []


def test_the_cause_names_value_day_and_limit(shop):
    [cause] = held(shop, "country sessions < 101").causes

    assert cause.title == f"Sessions of Portugal: 100 on {LAST} (limit < 101)"
    assert cause.severity == "warning"


def test_at_most_five_are_named_the_worst_first_and_open_ones_stay():
    pages = {(f"/p{i}", "PC"): 100 * i for i in range(1, 8)}
    with land(more={"url_device": pages}, days=DAYS) as con:
        first = ids(held(con, "page rage_click > 1"))
        assert [i.rpartition(":")[2] for i in first] == ["/p7", "/p6", "/p5", "/p4", "/a"]
        later = ids(held(con, "page rage_click > 1", "threshold:page_rage_click>1:/p1"))
        assert later[0].endswith("/p1")
        assert len(later) == 5


def test_a_limit_that_is_kept_again_or_no_longer_set_is_over(shop):
    kept, gone, vanished = "site_sessions>1000:site", "page_dead_click>1:/a", "page_rage_click>500:/no-more"
    over = held(
        shop, "sessions > 1000, page rage_click > 500", *(f"threshold:{i}" for i in (kept, gone, vanished))
    ).over

    assert over == {
        f"threshold:{kept}": f"sessions 900 on {LAST}",
        f"threshold:{gone}": "the limit is no longer in CLARITY_THRESHOLDS",
        f"threshold:{vanished}": f"rage_click 0 on {LAST}",
    }


def test_a_key_that_is_gone_stays_below_a_lower_limit(shop):
    found = held(shop, "device sessions < 50", "threshold:device_sessions<50:Tablet")

    assert ids(found) == ["threshold:device_sessions<50:Tablet"]
    assert found.over == {}


def test_a_share_of_few_sessions_is_not_judged():
    with land(more={"url_device": {("/tiny", "PC"): 29}}, days=DAYS) as con:
        con.execute("update marts.fct_page_daily set dead_click_sessions = 29 where page = '/tiny'")
        found = held(con, "page dead_click_rate > 0.5", "threshold:page_dead_click_rate>0.5:/tiny")

    assert found.causes == ()
    assert found.over == {"threshold:page_dead_click_rate>0.5:/tiny": f"less than 30 sessions on {LAST}"}


def test_of_a_sample_too_much_is_told_and_too_little_is_not():
    with land(cut=range(DAYS), days=DAYS) as con:
        found = held(con, "page rage_click > 5, page sessions < 500", "threshold:page_rage_click>5:/gone")

    assert ids(found) == [f"threshold:page_rage_click>5:/{page}" for page in "abc"]
    assert "in part only" in found.causes[0].detail
    assert found.over == {}


def test_a_day_that_is_lost_or_old_says_nothing():
    with land(days=DAYS) as con:
        con.execute("update marts.fct_collection_daily set is_gap = true, status = 'lost' where request = 'url_device'")
        assert held(con, "page rage_click > 5", "threshold:page_rage_click>5:/a") == Found()
        assert held(con, "sessions > 5", "threshold:site_sessions>5:site", now=NOW + timedelta(days=5)) == Found()
        assert len(held(con, "sessions > 5", now=NOW + timedelta(days=3)).causes) == 1
