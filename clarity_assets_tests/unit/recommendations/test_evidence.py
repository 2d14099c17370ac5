"""Each rule on rows by hand: found where its thing is, with numbers worked out here, and not found where it is not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from clarity_assets.clarity.columns import SIGNALS
from clarity_assets.recommendations.evidence import find_recommendations
from clarity_assets.recommendations.found import Found
from clarity_assets.recommendations.severity import level_of_difference, severity_of
from clarity_assets.reports.country_growth import Growth
from clarity_assets.reports.figures import Figure, Source
from clarity_assets.reports.marts import FRUSTRATION, GEOGRAPHY, PAGE
from clarity_assets.reports.period import Period
from clarity_assets.reports.product.features import feature_usage
from clarity_assets.reports.rendering.texts import sentence_text
from clarity_assets_tests.sql.by_hand import warehouse
from clarity_assets_tests.unit.recommendations.worlds import MONDAY, WEEK, facts_of, land

LAST_WEEK = 28  # place of its Monday


def found_in(tweak=lambda *_: {}, *, period: Period = WEEK, **more) -> list[Found]:
    with land(tweak, **more) as con:
        return find_recommendations(facts_of(con, period))


def told(found: list[Found]) -> list[tuple[str, dict, str]]:
    return [(one.rule.name, one.place, one.level.value) for one in found]


def pages_differ(request: str, key: tuple, place: int) -> dict:
    """Rage clicks on /a on mobile, dead clicks on all of /b, and so on; each another page or device."""
    if request != "url_device":
        return {}
    page = key[0]
    return {
        "rage_click_sessions": 30 if key == ("/a", "Mobile") else 3,
        "dead_click_sessions": 15 if page == "/b" else 3,
        "quick_back_sessions": 45 if key == ("/c", "PC") else 3,
        "excessive_scroll_sessions": 9 if page == "/a" else 3,
        "script_error_sessions": 12 if key == ("/b", "PC") else 3,
        "error_click_sessions": 9 if key == ("/c", "Mobile") else 3,
        "scroll_depth_pct": 20.0 if page == "/c" else 50.0,
    }


@pytest.fixture(scope="module")
def of_pages() -> list[Found]:
    return found_in(pages_differ)


def test_a_signal_of_a_page_is_told_once_by_device_where_one_device_has_most_of_it(of_pages):
    assert sorted((name, str(place)) for name, place, _ in told(of_pages)) == sorted(
        (name, str(place))
        for name, place in [
            ("rage_clicks_on_page", {"page": "/a", "device": "Mobile"}),
            ("dead_clicks_on_page", {"page": "/b"}),
            ("quick_backs_on_page", {"page": "/c", "device": "PC"}),
            ("excessive_scroll_on_page", {"page": "/a"}),
            ("script_errors_on_page", {"page": "/b", "device": "PC"}),
            ("error_clicks_on_page", {"page": "/c", "device": "Mobile"}),
            ("shallow_page", {"page": "/c"}),
        ]
    )


def test_its_numbers_are_those_of_the_rows(of_pages):
    [rage] = [one for one in of_pages if one.rule.name == "rage_clicks_on_page"]
    assert (rage.own.value, rage.other.value) == (pytest.approx(20.0), pytest.approx(2.0))  # 30 of 150, 6 of 300
    assert rage.ratio.value == pytest.approx(10)
    assert 5 < rage.ratio.low < 10
    assert (rage.affected.value, rage.site_sessions.value) == (7 * 30, 7 * 900)
    assert rage.reach == pytest.approx(210 / 6300)
    assert rage.severity == pytest.approx(210 / 6300 * (1 - 1 / rage.ratio.low))
    assert (rage.level, rage.horizon) == ("HIGH", "now")
    assert sentence_text(rage.title) == "Rage clicks on /a on Mobile"
    assert sentence_text(rage.statement).startswith(
        "On /a, 20.0 % of the sessions on Mobile had rage clicks: 10.0 times ("
    )
    assert rage.finding.level == "HIGH"
    assert rage.finding.sessions.id == rage.affected.id
    assert all(figure.source for figure in rage.finding.evidence)


def test_a_mean_touches_all_sessions_of_its_page_and_is_never_high(of_pages):
    [shallow] = [one for one in of_pages if one.rule.name == "shallow_page"]
    assert (shallow.own.value, shallow.other.value, shallow.affected.value) == (20, 50, 7 * 300)
    assert shallow.severity == pytest.approx(300 / 900 * 0.6)
    assert shallow.level == "MEDIUM"


def test_what_matters_most_comes_first_and_sections_give_the_same_level(of_pages):
    levels = [one.level.value for one in of_pages]
    assert levels == sorted(levels, key=["HIGH", "MEDIUM", "LOW"].index)
    with land(pages_differ) as con:
        facts = facts_of(con)
        rows = {"signal": "rage_click", "page": "/a", "device": "Mobile"}
        difference = facts.contrasts.of(FRUSTRATION, "affected_session_rate", **rows)
        [rage] = [one for one in of_pages if one.rule.name == "rage_clicks_on_page"]
        assert severity_of(facts, difference) == pytest.approx(rage.severity)
        assert level_of_difference(facts, difference) == "HIGH"
        assert level_of_difference(facts, facts.contrasts.of(PAGE, "scroll_depth_pct", page="/c")) == "MEDIUM"
        assert level_of_difference(facts, facts.contrasts.of(PAGE, "scroll_depth_pct", page="/a")) is None


def test_where_all_is_alike_nothing_is_recommended():
    assert found_in() == []


def test_a_sure_but_small_difference_is_not_worth_one():
    def tweak(request, key, place):
        """1.2 times as many dead clicks on /a, of so many sessions that it is sure; /c is a little shallower."""
        if request != "url_device":
            return {"sessions": 90_000} if request == "base" else {}
        rate = 0.024 if key[0] == "/a" else 0.02
        return {"sessions": 15_000, "dead_click_sessions": round(15_000 * rate),
                "scroll_depth_pct": 40.0 if key[0] == "/c" else 50.0}  # fmt: skip

    with land(tweak) as con:
        facts = facts_of(con)
        assert facts.contrasts.of(PAGE, "dead_click_session_rate", page="/a").is_worse
        assert facts.contrasts.of(PAGE, "scroll_depth_pct", page="/c").is_worse
        assert find_recommendations(facts) == []


def test_too_few_affected_sessions_are_not_worth_one():
    def tweak(request, key, place):
        if request != "url_device" or key != ("/rare", "PC"):
            return {"rage_click_sessions": 0}
        return {"sessions": 6, "rage_click_sessions": 2}  # 14 in the week, and no other page has any

    more = {"url_device": {("/rare", "PC"): 6}}
    assert found_in(tweak, more=more) == []
    often = found_in(
        lambda r, k, p: tweak(r, k, p) | ({"rage_click_sessions": 4} if k == ("/rare", "PC") else {}), more=more
    )
    assert told(often) == [("rage_clicks_on_page", {"page": "/rare", "device": "PC"}, "MEDIUM")]  # 28 of 6,300


def segments_differ(request: str, key: tuple, place: int) -> dict:
    """Script errors in Safari, quick backs on PC, short visits from news, many bots at last, and no word of why."""
    changes = {}
    if request == "browser_device" and key[0] == "Safari":
        changes["script_error_sessions"] = 45
    if request == "device" and key == ("PC",):
        changes["quick_back_sessions"] = 36
    if request == "source_medium" and key[0] == "news":
        changes |= {"quick_back_sessions": 60, "total_time_s": 30.0}
    if request == "source_medium" and key[0] is None:
        changes["quick_back_sessions"] = 20
    if request == "base" and place >= LAST_WEEK:
        changes["bot_sessions"] = 200
    if request == "country" and key == ("Portugal",) and place >= LAST_WEEK:
        changes["sessions"] = 300
    return changes


@pytest.fixture(scope="module")
def of_segments() -> dict[str, Found]:
    found = found_in(segments_differ)
    assert len({one.rule.name for one in found}) == len(found)
    return {one.rule.name: one for one in found}


def test_browsers_devices_sources_countries_and_bots_have_rules_of_their_own(of_segments):
    assert {name: (one.place, one.level.value) for name, one in of_segments.items()} == {
        "script_errors_in_browser": ({"browser": "Safari"}, "HIGH"),
        "device_gap": ({"device": "PC", "signal": "quick_back"}, "HIGH"),
        "source_of_low_quality": ({"source": "news", "medium": "email"}, "MEDIUM"),  # never HIGH; direct: nobody to ask
        "country_worth_localising": ({"country": "Portugal"}, "MEDIUM"),
        "bots_rise": ({}, "LOW"),
    }
    assert sentence_text(of_segments["script_errors_in_browser"].title) == "Script errors in Safari"
    assert sentence_text(of_segments["device_gap"].title) == "Quick backs on PC"


def test_their_numbers_are_those_of_the_rows(of_segments):
    source, bots = of_segments["source_of_low_quality"], of_segments["bots_rise"]
    assert (source.own.value, source.affected.value) == (pytest.approx(20.0), 7 * 60)
    assert "they stay 30 s on average: 0.30 times" in sentence_text(source.statement)
    assert bots.own.value == pytest.approx(100 * 200 / 1100)
    assert bots.other.value == pytest.approx(100 * 60 / 960)
    assert (bots.affected.value, bots.reach) == (7 * 200, pytest.approx(200 / 1100))
    grows = of_segments["country_worth_localising"]
    assert (grows.own.value, grows.affected.value) == (7 * 300, 7 * 300)
    assert grows.reach == pytest.approx(200 / 900)  # two of three of them are added
    assert grows.ratio.value == pytest.approx(3)  # 300 of 900 sessions, after 100 of 900
    assert grows.ratio.is_named
    assert grows.severity == pytest.approx(300 / 900 * (1 - 1 / grows.ratio.low))  # surely added
    assert sentence_text(grows.statement).startswith(
        "Portugal sends more visitors: 2,100 sessions in the week. Its share of the site's sessions rose: +200 % ("
    )


def test_a_sentence_of_a_source_holds_two_of_its_three_differences_and_the_evidence_all():
    """Twice as many quick backs; they stay a tenth as long, and see half as much: the stronger of these is told."""
    weak = {"quick_back_sessions": 18, "total_time_s": 10.0, "scroll_depth_pct": 25.0}
    [one] = found_in(lambda r, k, p: weak if k == ("news", "email") else {})
    words = sentence_text(one.statement)
    assert words.startswith("Visitors from news / email go straight back in 6.0 % of the sessions: ")
    assert "; they stay 10 s on average: 0.10 times" in words
    assert "of their pages" not in words
    assert {figure.source.measure for figure in one.evidence} == {"total_time_s", "scroll_depth_pct"}


def test_a_country_with_a_steady_trend_alone_is_told_by_it():
    """Ten weeks at 10 % a week, 7 to 10 at 5: in the last of them, what ten weeks less half of one make."""
    end = WEEK.end
    source = Source(GEOGRAPHY, "site_share", (("country", "Malta"),), end - timedelta(weeks=10), end, "trend")
    trend = Figure(10.0, "% a week", source, low=5.0, high=15.0)
    falling = replace(trend, value=-10.0, low=-15.0, high=-5.0)
    growth = Growth({}, None, 10, {"Malta": trend, "Oman": falling}, frozenset(), (WEEK.start, end),
                    (end - timedelta(weeks=10), end - timedelta(weeks=6)), {}, True)  # fmt: skip
    assert list(growth.rises()) == ["Malta"]
    rise = growth.rises()["Malta"]
    assert (rise.figure, rise.days.start, rise.days.end) == (trend, WEEK.start, end)
    assert rise.ratio == pytest.approx(1.1**9.5)
    assert rise.surely_added == pytest.approx(1 - 1.05**-9.5)


def test_a_source_whose_visits_are_only_short_is_told_by_their_time():
    [one] = found_in(lambda r, k, p: {"total_time_s": 30.0} if k == ("news", "email") else {})
    assert (one.rule.name, one.own.unit, one.affected.value) == ("source_of_low_quality", "s", 7 * 300)


def test_a_gap_of_a_device_that_a_page_explains_is_not_told_beside_it():
    def tweak(request, key, place):
        """36 sessions a day more with rage clicks on mobile, all of them on /a."""
        more = {("device", ("Mobile",)): 45, ("url_device", ("/a", "Mobile")): 39}.get((request, key))
        return {"rage_click_sessions": more} if more else {}

    assert told(found_in(tweak)) == [("rage_clicks_on_page", {"page": "/a", "device": "Mobile"}, "HIGH")]
    only_device = found_in(lambda r, k, p: tweak(r, k, p) if r == "device" else {})
    assert told(only_device) == [("device_gap", {"device": "Mobile", "signal": "rage_click"}, "HIGH")]


def test_countries_that_grow_with_the_whole_site_are_not_worth_one():
    def tweak(request, key, place):
        """Three times as many of everything in the last week."""
        sessions = {
            "base": 900,
            "country": {"Germany": 500, "Austria": 300, "Portugal": 100}.get(key[0] if key else ""),
        }
        return {"sessions": 3 * sessions[request]} if place >= LAST_WEEK and sessions.get(request) else {}

    assert "country_worth_localising" not in [one.rule.name for one in found_in(tweak)]


def test_a_new_page_is_told_once_many_see_it():
    def tweak(request, key, place, *, sessions):
        if request != "url_device" or key[0] != "/new":
            return {}
        return {"sessions": sessions} if place >= 24 else None

    more = {"url_device": {("/new", "PC"): 60}}
    [one] = found_in(lambda *a: tweak(*a, sessions=60), more=more)
    assert (one.rule.name, one.place, one.affected.value) == ("new_page_takes_off", {"page": "/new"}, 420)
    assert one.ratio is None
    assert one.other is None
    assert one.level == "MEDIUM"
    assert "first seen on Thu 1 Oct" in sentence_text(one.statement)
    assert one.severity == pytest.approx(0.0608, abs=3e-4)  # Wilson's lower end of 420 of 6,300
    assert found_in(lambda *a: tweak(*a, sessions=5), more=more) == []  # 35 of 6,300


def test_a_new_page_is_told_from_the_day_on_that_it_was_there_all_day_as_the_product_report_does():
    """A window of Wed 30 Sep reaches an hour into the day after: four sessions of it are told of that day."""

    def tweak(request, key, place):
        if request != "url_device" or key[0] != "/new":
            return {}
        return {"sessions": 4 if place == 23 else 60} if place >= 23 else None

    with land(tweak, more={"url_device": {("/new", "PC"): 60}}) as con:
        facts = facts_of(con)
        [one] = find_recommendations(facts)
        [product] = [words for f in feature_usage(facts).findings if "New page" in (words := sentence_text(f.sentence))]
    assert sentence_text(one.statement).startswith("/new was first seen on Thu 1 Oct; ")
    assert "first seen on Thu 1 Oct:" in product


# --- what has got worse -----------------------------------------------------------------------------------------------


def test_a_rise_is_told_at_the_page_where_it_is_and_not_of_the_site_too():
    def tweak(request, key, place):
        """Everywhere three times as many dead clicks as before."""
        usual = {"base": 18, "url_device": 3}.get(request)
        return {"dead_click_sessions": 3 * usual} if usual and place >= LAST_WEEK else {}

    found = found_in(tweak)
    assert {one.rule.name for one in found} == {"signal_rises"}
    assert sorted(one.place["page"] for one in found) == ["/a", "/b", "/c"]
    assert all(one.place["signal"] == "dead_click" for one in found)
    [site] = found_in(lambda r, k, p: tweak(r, k, p) if r == "base" else {})
    assert (site.place, site.level) == ({"signal": "dead_click"}, "HIGH")
    assert (site.own.value, site.other.value) == (pytest.approx(6.0), pytest.approx(2.0))
    assert sentence_text(site.statement).startswith("Dead clicks rise on the whole site: +200 % (")
    assert site.finding.is_change


def test_a_page_that_is_bad_and_has_got_worse_is_one_recommendation_that_says_both():
    def tweak(request, key, place):
        if (request, key) != ("url_device", ("/a", "Mobile")):
            return {}
        return {"rage_click_sessions": 45 if place >= LAST_WEEK else 15}

    [one] = found_in(tweak)
    assert (one.rule.name, one.place) == ("rage_clicks_on_page", {"page": "/a", "device": "Mobile"})
    assert "It has got worse: +200 % (" in sentence_text(one.statement)


def test_what_gets_better_is_not_recommended():
    assert found_in(lambda r, k, p: {"dead_click_sessions": 0} if p >= LAST_WEEK else {}) == []


# --- stable ids, odd data ---------------------------------------------------------------------------------------------


def test_the_same_problem_has_the_same_id_in_every_week_and_month():
    with land(pages_differ) as con:
        weeks = [Period.week(MONDAY + timedelta(weeks=i)) for i in range(5)]
        ids = [
            {one.id for one in find_recommendations(facts_of(con, p))} for p in (*weeks, Period.span(MONDAY, WEEK.last))
        ]
    assert len(ids[0]) == 7
    assert all(those == ids[0] for those in ids)


def test_an_id_stays_where_fewer_sessions_name_the_page_alone():
    def tweak(request, key, place):
        """/a on mobile, named by itself in busy weeks; in the first, 28 sessions a device are too few for that."""
        if request != "url_device" or key[0] != "/a":
            return {}
        sessions, affected = (4, 4) if place < 7 else (150, 30)
        return {"sessions": sessions, "rage_click_sessions": affected if key[1] == "Mobile" else 0}

    with land(tweak) as con:
        [quiet], [busy] = (
            [one for one in find_recommendations(facts_of(con, week)) if one.rule.signal == "rage_click"]
            for week in (Period.week(MONDAY), WEEK)
        )
    assert quiet.id == busy.id
    assert quiet.place == busy.place == {"page": "/a", "device": "Mobile"}
    assert (quiet.own.value, busy.own.value) == (pytest.approx(50), pytest.approx(20))  # of the page, of the device
    assert sentence_text(quiet.statement).endswith("(2.0 %). Most of them are on Mobile (100.0 %).")


def test_lost_and_cut_days_of_pages_do_not_make_a_problem_smaller():
    [whole] = found_in(lambda r, k, p: {"rage_click_sessions": 30} if k == ("/a", "Mobile") else {})
    [partly] = found_in(
        lambda r, k, p: {"rage_click_sessions": 30} if k == ("/a", "Mobile") else {}, lost={28, 29}, cut={30}
    )
    assert partly.id == whole.id
    assert partly.reach == pytest.approx(whole.reach)
    assert (whole.affected.value, partly.affected.value, partly.affected.is_sample) == (210, 150, True)


def test_an_empty_project_one_day_and_bots_alone_give_no_error():
    with warehouse() as con:
        assert find_recommendations(facts_of(con)) == []
    assert found_in(period=Period.span(WEEK.start, WEEK.start)) == []
    nobody = {"sessions": 0, "total_time_s": None, "active_time_s": None, "scroll_depth_pct": None}
    nobody |= {f"{signal}_{suffix}": 0 for signal in SIGNALS for suffix in ("count", "pageviews", "sessions")}
    assert found_in(lambda *_: nobody) == []


def test_names_from_outside_stay_names():
    long, evil = "/" + "x" * 2000, "/<script>alert(1)</script>\u202e"

    def tweak(request, key, place):
        return {"rage_click_sessions": 30} if key in ((long, "PC"), (evil, "PC")) else {}

    found = found_in(tweak, more={"url_device": {(long, "PC"): 150, (evil, "PC"): 150, (None, "PC"): 150}})
    assert {one.place["page"] for one in found} == {long, evil}
    for one in found:
        assert one.place["page"] not in one.statement.template + one.title.template
        assert len(sentence_text(one.statement)) < 400
        assert "\u202e" not in sentence_text(one.title)
