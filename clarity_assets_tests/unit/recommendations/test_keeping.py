"""Recommendations are kept by period, decided on, counted, and told again with what came of them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from clarity_assets.errors import RequestRefused
from clarity_assets.project_models import ensure_project
from clarity_assets.recommendations.decisions import RecommendationUnknown, decide, find_id, implemented_share
from clarity_assets.recommendations.effect import CAUTION, effects
from clarity_assets.recommendations.evidence import find_recommendations
from clarity_assets.recommendations.store import (
    read_decided,
    read_history,
    read_recommendations,
    read_states,
    store_found,
)
from clarity_assets.recommendations.told import LIST_COLUMNS, decided_line, list_rows, show_lines
from clarity_assets.reports.period import Period
from clarity_assets.reports.rendering.texts import sentence_text
from clarity_assets.statistics.change import Outcome
from clarity_assets_tests.sql.by_hand import PROJECT, warehouse
from clarity_assets_tests.unit.recommendations.worlds import MADE_AT, MONDAY, SETTINGS, WEEK, facts_of, land

FIXED = date(2026, 9, 30)  # place 23: a Wednesday


def bad_until_fixed(request: str, key: tuple, place: int) -> dict:
    """Rage clicks on /a on mobile until they are mended; dead clicks on /b all the time."""
    if request != "url_device":
        return {}
    is_bad = key == ("/a", "Mobile") and place < 23
    return {"rage_click_sessions": 30 if is_bad else 3, "dead_click_sessions": 30 if key == ("/b", "PC") else 3}


@pytest.fixture
def con():
    """Each of the five weeks evaluated and kept."""
    with land(bad_until_fixed) as con:
        for week in range(5):
            keep(con, Period.week(MONDAY + timedelta(weeks=week)))
        yield con


def keep(con, period: Period) -> int:
    found = find_recommendations(facts_of(con, period))
    return store_found(con, project_id=PROJECT, period=period, found=found, found_at=MADE_AT)


def told(con, state: str, its_id: str, *, on: date = FIXED, by: str | None = "Ana", note: str | None = None):
    return decide(
        con, project_id=PROJECT, recommendation_id=its_id, state=state, on=on, by=by, note=note, recorded_at=MADE_AT
    )


def ids(con) -> dict[str, str]:
    """Rule -> id."""
    return {one.rule: one.recommendation_id for one in read_recommendations(con, project_id=PROJECT)}


# --- keeping ----------------------------------------------------------------------------------------------------------


def test_a_recommendation_is_one_row_with_its_newest_evidence(con):
    rage, dead = (
        next(one for one in read_recommendations(con, project_id=PROJECT) if one.rule == rule)
        for rule in ("rage_clicks_on_page", "dead_clicks_on_page")
    )
    assert (rage.times_found, rage.first_period_start, rage.last_period_start) == (3, MONDAY, date(2026, 9, 21))
    assert (dead.times_found, dead.last_period_end, dead.last_period_kind) == (5, WEEK.end, "week")
    assert (dead.own, dead.other, dead.affected_sessions, dead.site_sessions) == (
        pytest.approx(20),
        pytest.approx(2),
        210,
        6300,
    )
    assert (dead.state, dead.level, dead.unit, dead.place) == ("open", "HIGH", "%", {"page": "/b", "device": "PC"})
    assert dead.severity == pytest.approx(dead.reach * dead.strength)
    assert dead.mart_rows == {"device": "PC", "page": "/b", "signal": "dead_click"}
    assert {number["measure"] for number in dead.evidence} >= {"affected_sessions", "sessions", "affected_session_rate"}
    assert all(number["id"].startswith("n") for number in dead.evidence)


def test_a_month_beside_its_weeks_does_not_hide_what_the_newest_week_says(con):
    keep(con, Period(MONDAY, WEEK.end))
    [dead] = [one for one in read_recommendations(con, project_id=PROJECT) if one.rule == "dead_clicks_on_page"]
    assert (dead.times_found, dead.last_period_kind, dead.last_period_start) == (6, "week", WEEK.start)


def test_a_period_evaluated_anew_is_replaced_and_one_without_a_finding_cleared(con):
    before = con.execute("select count(*) from ops.recommendation_found").fetchall()
    assert keep(con, WEEK) == 1
    assert con.execute("select count(*) from ops.recommendation_found").fetchall() == before
    assert store_found(con, project_id=PROJECT, period=WEEK, found=[], found_at=MADE_AT) == 0
    [dead] = [one for one in read_recommendations(con, project_id=PROJECT) if one.rule == "dead_clicks_on_page"]
    assert (dead.times_found, dead.last_period_end) == (4, WEEK.start)


def test_the_history_of_one_is_told_week_by_week(con):
    history = read_history(con, project_id=PROJECT, recommendation_id=ids(con)["rage_clicks_on_page"])
    # the week from 28 September has two bad days alone: days differ too much for a name
    assert [(e.period.start, round(e.own, 1)) for e in history] == [
        (date(2026, 9, 21), 20.0),
        (date(2026, 9, 14), 20.0),
        (date(2026, 9, 7), 20.0),
    ]


# --- deciding ---------------------------------------------------------------------------------------------------------


def test_any_state_may_follow_any_and_the_last_word_counts(con):
    its_id = ids(con)["dead_clicks_on_page"]
    was = [told(con, state, its_id).was for state in ("accepted", "done", "open", "dismissed", "done")]
    assert was == ["open", "accepted", "done", "open", "dismissed"]
    assert read_states(con, project_id=PROJECT) == {its_id: "done"}
    [one] = read_recommendations(con, project_id=PROJECT, states=("done",))
    assert (one.recommendation_id, one.decided_on, one.decided_by) == (its_id, FIXED, "Ana")
    assert read_recommendations(con, project_id=PROJECT)[-1].recommendation_id == its_id  # open ones come first
    assert con.execute("select count(*) from ops.recommendation_decision").fetchall() == [(5,)]  # nothing is forgotten


def test_the_same_word_again_adds_nothing_and_another_day_corrects_it(con):
    its_id = ids(con)["dead_clicks_on_page"]
    assert told(con, "open", its_id).is_repeat  # nobody has decided: it is open
    first, again = told(con, "done", its_id), told(con, "done", its_id)
    assert (first.is_repeat, again.is_repeat) == (False, True)
    assert decided_line(first) == f"{its_id} is done since 2026-09-30 by Ana (it was open)"
    assert decided_line(again) == f"{its_id} is done already; nothing was added"
    corrected = told(con, "done", its_id, on=date(2026, 10, 1))
    assert decided_line(corrected) == f"{its_id} is done since 2026-10-01 by Ana: corrected"
    assert con.execute("select count(*) from ops.recommendation_decision").fetchall() == [(2,)]


def test_the_start_of_an_id_will_do_and_wrong_ones_are_told_what_is_near(con):
    rage, dead = ids(con)["rage_clicks_on_page"], ids(con)["dead_clicks_on_page"]
    assert find_id(con, f"#{rage[:6].upper()}", project_id=PROJECT) == rage
    wrong = dead[:-1] + ("0" if dead[-1] != "0" else "1")
    with pytest.raises(
        RecommendationUnknown, match=rf"close to it: {dead} \(Dead clicks on /b on PC\).*recommend list"
    ):
        told(con, "done", wrong)
    with pytest.raises(RecommendationUnknown, match="'checkout' is no recommendation's id: that is r and 8"):
        told(con, "done", "checkout")
    with pytest.raises(RecommendationUnknown, match="ids of reports over other days than a week or month are not kept"):
        told(con, "accepted", wrong)
    with pytest.raises(RecommendationUnknown, match="in project 'other' has the id"):
        find_id(con, dead, project_id="other")
    con.execute("update ops.recommendation_found set recommendation_id = 'rab' || right(recommendation_id, 6)")
    with pytest.raises(RecommendationUnknown, match=r"rab is the start of 2 ids: rab.*give more digits"):
        told(con, "done", "rab")


def test_what_lies_in_the_future_or_is_no_state_is_refused(con):
    its_id = ids(con)["dead_clicks_on_page"]
    with pytest.raises(RequestRefused, match=r"2026-10-13 lies in the future \(today is 2026-10-12, UTC\)"):
        told(con, "done", its_id, on=date(2026, 10, 13))
    with pytest.raises(RequestRefused, match="'fixed' is no state of a recommendation; there are open, accepted, done"):
        told(con, "fixed", its_id)
    assert read_states(con, project_id=PROJECT) == {}


def test_a_day_before_it_was_ever_found_is_refused(con):
    its_id = ids(con)["dead_clicks_on_page"]
    words = rf"1999-01-01 lies before {MONDAY}, when the first period begins in which {its_id} was found.*from {MONDAY}"
    for state in ("done", "accepted", "open"):
        with pytest.raises(RequestRefused, match=words):
            told(con, state, its_id, on=date(1999, 1, 1))
    with pytest.raises(RequestRefused, match="2026-09-06 lies before"):
        told(con, "done", its_id, on=MONDAY - timedelta(days=1))
    assert read_states(con, project_id=PROJECT) == {}
    assert told(con, "done", its_id, on=MONDAY).decided_on == MONDAY


def test_what_was_decided_by_a_day_is_told_with_its_day(con):
    rage, dead = ids(con)["rage_clicks_on_page"], ids(con)["dead_clicks_on_page"]
    told(con, "accepted", rage, on=date(2026, 9, 29))
    told(con, "done", rage)
    told(con, "dismissed", dead, on=date(2026, 10, 2))
    told(con, "dismissed", dead, on=date(2026, 10, 4))  # corrects the day

    def decided(until: date | None):
        return read_decided(con, project_id=PROJECT, until=until)

    assert decided(date(2026, 9, 29)) == {}
    assert decided(FIXED) == {rage: ("accepted", date(2026, 9, 29))}
    assert decided(date(2026, 10, 4)) == {rage: ("done", FIXED)}
    assert decided(WEEK.end) == decided(None) == {rage: ("done", FIXED), dead: ("dismissed", date(2026, 10, 4))}
    assert read_decided(con, project_id="other", until=None) == {}


def test_the_implemented_share_is_of_those_that_were_not_dismissed_by_that_day(con):
    def share(until: date):
        return implemented_share(con, project_id=PROJECT, until=until).value

    rage, dead = ids(con)["rage_clicks_on_page"], ids(con)["dead_clicks_on_page"]
    assert share(WEEK.end) == 0
    told(con, "done", rage)
    assert (share(WEEK.end), share(FIXED), share(FIXED + timedelta(days=1))) == (50, 0, 50)
    told(con, "dismissed", dead, on=date(2026, 10, 2))
    assert (share(date(2026, 10, 2)), share(date(2026, 10, 3))) == (50, 100)
    assert share(MONDAY) is None  # nothing was found before
    assert implemented_share(con, project_id=PROJECT, until=WEEK.end).source.table == "marts.recommendation"


# --- what came of it --------------------------------------------------------------------------------------------------


def test_what_was_mended_shows_a_decrease_and_what_was_not_shows_no_change(con):
    rage, dead = ids(con)["rage_clicks_on_page"], ids(con)["dead_clicks_on_page"]
    told(con, "done", rage)
    told(con, "done", dead, on=date(2026, 10, 1))
    unmended, mended = effects(facts_of(con))
    assert (mended.recommendation.recommendation_id, unmended.recommendation.recommendation_id) == (rage, dead)
    assert (mended.own_after.value, mended.own_before.value) == (pytest.approx(2), pytest.approx(20))
    assert (mended.change.outcome, mended.change.is_good) == (Outcome.DECREASE, True)
    assert mended.change.value == pytest.approx(0.1)
    assert (mended.after.start, mended.after.end, mended.before.start) == (
        date(2026, 10, 1),
        WEEK.end,
        date(2026, 9, 2),
    )
    words = sentence_text(mended.statement)
    assert words.startswith("Rage clicks on /a on Mobile, done on Wed 30 Sep 2026: 2.0 % (")
    assert words.endswith("%). That is better.")
    assert unmended.change.outcome is Outcome.NO_CHANGE_SHOWN
    assert sentence_text(unmended.statement).endswith("no change shown (−12 to +14 %). It is still found.")
    assert all(figure.source for figure in mended.finding.evidence)


def test_what_is_found_again_says_so_also_beside_a_longer_period_that_began_before(con):
    def words(on: date) -> str:
        told(con, "done", ids(con)["dead_clicks_on_page"], on=on)
        [effect] = effects(facts_of(con))
        return sentence_text(effect.statement)

    assert words(date(2026, 9, 23)).endswith("It is still found.")  # by the weeks from 28 September on
    keep(con, Period(MONDAY, WEEK.end))
    con.execute("delete from ops.recommendation_found where period_start = ? and period_kind = 'week'", [WEEK.start])
    [dead] = [one for one in read_recommendations(con, project_id=PROJECT) if one.rule == "dead_clicks_on_page"]
    assert dead.last_period_kind == "range"
    assert words(date(2026, 9, 24)).endswith("It is still found.")  # the longer one is the newest, a week in it tells
    con.execute("delete from ops.recommendation_found where period_kind = 'week'")
    assert words(date(2026, 9, 25)).endswith("It is still found, in a period that holds days before it too.")
    con.execute("delete from ops.recommendation_found where period_kind = 'range'")
    keep(con, Period.week(MONDAY))
    assert words(date(2026, 9, 26)).endswith("no change shown (−11 to +12 %).")


def test_an_effect_is_of_the_thirteen_weeks_after_it_was_done_at_most():
    """Mended on day 23; 91 good days follow, and then it is as bad as before: that is another story."""

    def tweak(request, key, place):
        is_bad = place < 23 or place > 23 + 91
        return {"rage_click_sessions": 30} if is_bad and key == ("/a", "Mobile") and request == "url_device" else {}

    with land(tweak, days=126) as con:
        keep(con, Period.week(MONDAY))
        [its_id] = ids(con).values()
        told(con, "done", its_id)
        [effect] = effects(facts_of(con, Period.week(MONDAY + timedelta(weeks=17))))
    assert (effect.after.start, effect.after.day_count) == (date(2026, 10, 1), 91)
    assert effect.own_after.value == pytest.approx(2)
    assert "of the sessions in the 13 weeks after, against " in sentence_text(effect.statement)
    assert effect.change.value == pytest.approx(0.1)


def test_only_what_was_done_by_the_periods_end_is_told_and_few_days_are_too_few(con):
    dead = ids(con)["dead_clicks_on_page"]
    told(con, "accepted", dead)
    assert effects(facts_of(con)) == []
    told(con, "done", dead, on=date(2026, 10, 9))
    [early] = effects(facts_of(con))
    assert early.change.outcome is Outcome.TOO_FEW
    assert "too early to say what came of it (2 of 2 days of the period are" in sentence_text(early.statement)
    told(con, "done", dead, on=WEEK.last)
    [last_day] = effects(facts_of(con))
    assert (last_day.own_after, last_day.change.value) == (None, None)
    told(con, "done", dead, on=WEEK.end)  # after the period: not yet
    assert effects(facts_of(con)) == []
    told(con, "open", dead, on=WEEK.end)
    assert effects(facts_of(con)) == []


def test_an_effect_on_devices_sources_and_counts_reads_the_right_days():
    def tweak(request, key, place):
        is_after = place > 21
        if (request, key) == ("device", ("Mobile",)):
            return {"quick_back_sessions": 9 if is_after else 45}
        if (request, key) == ("source_medium", ("news", "email")):
            return {"total_time_s": 100.0 if is_after else 30.0}
        if (request, key) == ("country", ("Portugal",)) and 14 <= place <= 21:
            return {"sessions": 300}
        return {}

    with land(tweak) as con:
        week = Period.week(MONDAY + timedelta(weeks=2))
        assert keep(con, week) == 3
        for its_id in ids(con).values():
            told(con, "done", its_id, on=date(2026, 9, 28))
        found = {effect.recommendation.rule: effect for effect in effects(facts_of(con))}
    device, source = found["device_gap"], found["source_of_low_quality"]
    assert (device.own_before.value, device.own_after.value) == (pytest.approx(10), pytest.approx(2))
    assert (source.own_before.value, source.own_after.value) == (pytest.approx(30), pytest.approx(100))
    assert device.change.is_good
    assert source.change.is_good
    assert found["country_worth_localising"].own_after is None  # sessions of 13 and of 28 days do not compare
    assert "sessions a day since, against the 28 days before" in sentence_text(
        found["country_worth_localising"].statement
    )


# --- for a terminal ---------------------------------------------------------------------------------------------------


def test_a_list_has_a_row_for_each_and_one_is_shown_with_all_that_is_known(con):
    rage, dead = ids(con)["rage_clicks_on_page"], ids(con)["dead_clicks_on_page"]
    told(con, "done", rage, note="A bigger button.")
    rows = list_rows(con, settings=SETTINGS)
    assert [row[:4] for row in rows] == [(dead, "open", "HIGH", "now"), (rage, "done", "HIGH", "now")]
    assert all(len(row) == len(LIST_COLUMNS) for row in rows)
    assert list_rows(con, settings=SETTINGS, states=("done",)) == rows[1:]
    text = "\n".join(show_lines(con, settings=SETTINGS, recommendation_id=rage[:5]))
    for words in (
        f"{rage}  Rage clicks on /a on Mobile", "done on 2026-09-30 by Ana: A bigger button.", "Why it matters: ",
        "What to try:", "Touches 210 of the 6,300 sessions of Mon 21 Sep", "Found in 3 periods, first from 2026-09-07:",
        "Mon 21 Sep – Sun 27 Sep 2026: HIGH, 20.0 %, against 2.0", "What came of it:", "That is better.", CAUTION,
    ):  # fmt: skip
        assert words in text
    assert text.count(CAUTION) == 1
    with pytest.raises(RecommendationUnknown):
        show_lines(con, settings=SETTINGS, recommendation_id="r00000000")


def test_a_chance_has_no_severity_in_the_list():
    def tweak(request, key, place):
        return {"sessions": 300} if (request, key) == ("country", ("Portugal",)) and place >= 28 else {}

    with land(tweak) as con:
        assert keep(con, WEEK) == 1
        [row] = list_rows(con, settings=SETTINGS)
        [its_id] = ids(con).values()
        text = "\n".join(show_lines(con, settings=SETTINGS, recommendation_id=its_id))
    assert row[LIST_COLUMNS.index("severity")] == "chance"
    assert (
        "Touches 2,100 of the 6,300 sessions of Mon 5 Oct – Sun 11 Oct 2026; a chance: added sessions 22.22 %" in text
    )
    assert "hit without need" not in text


def test_nothing_was_ever_found_in_an_empty_project():
    with warehouse() as con:
        ensure_project(con, SETTINGS)
        assert list_rows(con, settings=SETTINGS) == []
        assert effects(facts_of(con)) == []
        assert implemented_share(con, project_id=PROJECT, until=WEEK.end).value is None
        with pytest.raises(RecommendationUnknown, match="nothing in project 'shop' has the id rffff"):
            decide(con, project_id=PROJECT, recommendation_id="rffff", state="done", on=FIXED, by=None, note=None,
                   recorded_at=datetime(2026, 10, 12, tzinfo=UTC))  # fmt: skip


def test_names_from_outside_are_kept_whole_and_shown_harmless():
    evil = "/<script>alert('x')</script>\u202e" + "y" * 2000

    def tweak(request, key, place):
        return {"rage_click_sessions": 30} if key == (evil, "PC") else {}

    with land(tweak, more={"url_device": {(evil, "PC"): 150}}) as con:
        keep(con, WEEK)
        [one] = read_recommendations(con, project_id=PROJECT)
        [(page,)] = con.execute("select page from marts.recommendation").fetchall()
        text = "\n".join(show_lines(con, settings=SETTINGS, recommendation_id=one.recommendation_id))
    assert (one.place["page"], page) == (evil, evil)
    assert "\u202e" not in text + one.title + one.statement
    assert max(map(len, text.splitlines())) < 400
