"""What is kept no longer: what goes, what stays, and that nothing of it is taken for lost, damaged or empty."""

import json
import shutil
from datetime import timedelta

import duckdb
import pytest

from clarity_assets import errors
from clarity_assets.clarity.importing import import_answers, withdraw_answers
from clarity_assets.clarity.kept import closed_before, open_part
from clarity_assets.clarity.rebuild import rebuild
from clarity_assets.clarity.status import read_status
from clarity_assets.operations.retention import tidy
from clarity_assets.project_models import ensure_project
from clarity_assets.reports.figures import Figure, Source
from clarity_assets.trace.answers import verify_answers
from clarity_assets.trace.registry import remember_numbers
from clarity_assets.trace.rendering import render_trace, render_verified
from clarity_assets.trace.tracing import trace
from clarity_assets_tests.fixtures.collecting import FIRST_DAY, Bench
from clarity_assets_tests.unit.operations.kept import (
    ANSWERS_KEPT,
    LANDING_KEPT,
    NIGHTS,
    REACH,
    build,
    collect_nights,
    days_of,
    marts,
    midnight,
    project,
    settings_now,
    tidied,
)


@pytest.fixture(scope="module")
def collected(tmp_path_factory) -> Bench:
    """Eighteen nights, of which the sixth day was missed and derived the morning after."""
    bench = project(tmp_path_factory.mktemp("collected"))
    collect_nights(bench, FIRST_DAY, 5, build_each=False)
    seventh = FIRST_DAY + timedelta(days=6)
    collect_nights(bench, seventh, 1, build_each=False)
    bench.collect_all(FIRST_DAY + timedelta(days=5))
    last = collect_nights(bench, seventh + timedelta(days=1), NIGHTS - 7, build_each=False)
    read_status(settings_now(bench))
    build(bench, FIRST_DAY, last + timedelta(days=1))
    return bench


@pytest.fixture
def bench(collected, tmp_path) -> Bench:
    copy = project(tmp_path)
    shutil.copyfile(collected.settings.warehouse, copy.settings.warehouse)
    copy.api.now = collected.api.now
    return copy


def write(bench: Bench, query: str, *params) -> None:
    with duckdb.connect(str(bench.settings.warehouse)) as con:
        con.execute(query, params)


def bodies(bench: Bench) -> list[tuple]:
    return bench.sql("select answer_id, window_end::date, body is null from ops.clarity_answer order by all")


def audited(bench: Bench) -> list[dict]:
    return [json.loads(line) for path in sorted(bench.settings.logs_folder.glob("audit-*.jsonl"))
            for line in path.read_text().splitlines()]  # fmt: skip


def test_without_settings_nothing_is_deleted(bench):
    before = bench.settings.warehouse.read_bytes()
    done = tidied(bench, answers=0, landing=0)
    assert done.metadata() == {
        "answers_deleted": 0, "landing_rows_deleted": 0, "landing_kept_from": "for ever", "reports_deleted": 0,
        "archived_answers_deleted": 0, "logs_compressed": 0, "logs_deleted": 0, "notes": "none", "troubles": "none",
    }  # fmt: skip
    assert bench.settings.warehouse.read_bytes() == before
    assert audited(bench) == []


def test_there_is_nothing_to_tidy_before_the_first_collection(tmp_path):
    bench = project(tmp_path)
    done = tidied(bench)
    assert (done.warehouse.answers, done.warehouse.landing_rows) == (0, 0)
    assert not bench.settings.warehouse.exists()


def test_an_answer_loses_its_body_when_it_is_older_than_the_setting_and_out_of_reach(bench):
    today, rows = bench.api.now.date(), bodies(bench)
    assert not any(is_null for _, _, is_null in rows)
    done = tidied(bench, landing=0)
    gone = {name for name, end, _ in rows if end < today - timedelta(days=REACH)}
    assert {name for name, _, is_null in bodies(bench) if is_null} == gone
    assert len(gone) == done.warehouse.answers > 40
    assert bench.sql("select what, before_date, deleted_count from ops.retention") == [
        ("answers", today - timedelta(days=REACH), len(gone))
    ]
    [line] = audited(bench)
    assert (line["event"], line["what"], line["count"]) == ("deleted_by_retention", "answers", len(gone))


def test_what_is_kept_longer_because_a_path_may_need_it_is_told(bench):
    done = tidied(bench, landing=0)
    [note] = done.notes
    assert f"CLARITY_KEEP_ANSWERS_DAYS={ANSWERS_KEPT}" in note
    assert "CLARITY_MAX_ARCS=2" in note
    assert tidied(bench, answers=REACH, landing=0).notes == ()


def test_days_keep_their_states_rows_and_marts_when_their_answers_go(bench):
    before = (bench.landing(), days_of(bench), marts(bench))
    tidied(bench, landing=0)
    read_status(settings_now(bench))
    build(bench, FIRST_DAY, bench.api.now.date())
    assert (bench.landing(), days_of(bench), marts(bench)) == before


def test_a_rebuild_leaves_days_alone_whose_answers_are_gone_and_makes_the_others_anew(bench):
    before = (bench.landing(), days_of(bench))
    tidied(bench, landing=0)
    write(bench, "delete from landing.clarity_base where date >= ?", bench.api.now.date() - timedelta(days=3))
    done = rebuild(settings_now(bench))
    assert (bench.landing(), days_of(bench)) == before
    deleted = {name for name, _, is_null in bodies(bench) if is_null}
    resting = [row for row in days_of(bench) if {signed[1:] for signed in row[9]} & deleted]
    assert done.kept == len(resting) > 30
    assert done.days == len([row for row in days_of(bench) if row[3] in ("measured", "derived")]) - done.kept


def test_a_stricter_setting_forgets_no_day_that_could_not_be_made_again(bench):
    before = (bench.landing(), days_of(bench))
    tidied(bench, landing=0)
    strict = settings_now(bench, min_coverage=1)  # 01:00 to 01:00 covers 23 of a day's 24 hours
    assert rebuild(strict).days == 0
    kept = {(row[1], row[2]) for row in days_of(bench) if row[3] in ("measured", "derived")}
    assert kept
    assert max(day for _, day in kept) < bench.api.now.date() - timedelta(days=REACH - 1)
    rebuild(settings_now(bench))
    assert (bench.landing(), days_of(bench)) == before


def test_a_withdrawn_answer_tells_no_day_any_more_although_it_is_deleted(bench):
    tidied(bench, landing=0)
    [(answer_id,)] = bench.sql(
        "select answer_id from ops.clarity_answer where request = 'country' and body is null order by window_end limit 1"
    )
    withdraw_answers(settings_now(bench), (answer_id,))
    [(status, cause)] = bench.sql(
        "select status, cause from ops.clarity_day where request = 'country' and date = ?", FIRST_DAY
    )
    assert status == "lost"
    assert bench.sql("select count(*) from landing.clarity_country where date = ?", FIRST_DAY) == [(0,)]
    assert "the answers do not tell this day" in cause


def test_a_withdrawal_beside_it_says_that_the_answers_left_were_deleted(bench):
    tidied(bench, landing=0)
    derived = FIRST_DAY + timedelta(days=5)  # 48 h of the day after, less its 24 h
    [(path,)] = bench.sql("select answers from ops.clarity_day where request = 'country' and date = ?", derived)
    imported = path[0][1:]
    write(
        bench,
        "update ops.clarity_day set status = 'lost', answers = [] where request = 'country' and date = ?",
        derived,
    )
    import_elsewhere(bench)
    [(status, cause)] = bench.sql(
        "select status, cause from ops.clarity_day where request = 'country' and date = ?", derived
    )
    assert status == "lost"
    assert "the answers that told it were deleted (CLARITY_KEEP_ANSWERS_DAYS)" in cause
    assert imported in {name for name, _, is_null in bodies(bench) if is_null}


def import_elsewhere(bench: Bench) -> None:
    """Settle all days of the country request anew, as an import does."""
    [(answer_id,)] = bench.sql(
        "select answer_id from ops.clarity_answer where request = 'country' order by window_end desc limit 1"
    )
    withdraw_answers(settings_now(bench), (answer_id,))


def test_verification_counts_deleted_answers_and_calls_none_of_them_damaged(bench):
    done = tidied(bench, landing=0)
    with duckdb.connect(str(bench.settings.warehouse)) as con:
        found = verify_answers(con, project_id="test")
    total = bench.sql("select count(*) from ops.clarity_answer")[0][0]
    assert found.is_intact
    assert (found.answers, found.deleted) == (total - done.warehouse.answers, done.warehouse.answers)
    assert f"{found.deleted} more were deleted (CLARITY_KEEP_ANSWERS_DAYS)" in render_verified(found)


def test_a_body_that_is_missing_although_its_time_is_not_over_is_damage(bench):
    tidied(bench, landing=0)
    write(
        bench,
        "update ops.clarity_answer set body = null where window_end = (select max(window_end) from ops.clarity_answer)",
    )
    with duckdb.connect(str(bench.settings.warehouse)) as con:
        found = verify_answers(con, project_id="test")
    assert [answer.damage.partition(":")[0] for answer in found.damaged] == ["DAMAGED"] * 6


# --- tracing ------------------------------------------------------------------------------------------------------


def traced(bench: Bench):
    """The trace of the site's sessions of the first ten days."""
    settings = settings_now(bench)
    source = Source("marts.fct_site_daily", "sessions", (), FIRST_DAY, FIRST_DAY + timedelta(days=10))
    with duckdb.connect(str(settings.warehouse)) as con:
        ensure_project(con, settings)
        remember_numbers(con, project_id="test", report="ux", figures=(Figure(1.0, "sessions", source),),
                         reported_at=bench.api.now)  # fmt: skip
        return trace(con, source.id, settings=settings)


def test_a_trace_says_which_answers_were_deleted_and_is_intact(bench):
    tidied(bench, landing=0)
    found = traced(bench)
    assert found.is_intact
    deleted = [answer for answer in found.answers if answer.is_deleted]
    assert 5 < len(deleted) < len(found.answers)
    assert f"The bodies of {len(deleted)} of its {len(found.answers)} answers were deleted" in found.notes[-1]
    assert found.derivation.days + len(found.derivation.left_out) == 10
    assert "an answer of it was deleted" in found.derivation.left_out[0]
    told = render_trace(found)
    assert f"but for {len(deleted)} that were deleted" in told
    assert "its body was deleted" in told


def test_a_trace_says_which_landing_rows_were_deleted_and_calls_no_mart_outdated(bench):
    horizon = tidied(bench, answers=0).warehouse.landing_before
    found = traced(bench)
    assert found.is_intact
    assert [side.is_modelled for side in found.sides] == [False]
    assert f"Landing rows of days before {horizon} were deleted" in found.notes[-1]
    assert f"base of {FIRST_DAY}: its landing rows were deleted" in found.derivation.left_out[-1]
    assert "NOT UP TO DATE" not in render_trace(found)


# --- landing rows -------------------------------------------------------------------------------------------------


def test_landing_rows_go_and_their_marts_and_states_stay(bench):
    horizon = bench.api.now.date() - timedelta(days=LANDING_KEPT)
    before = (days_of(bench), marts(bench))
    old = sum(row[1] < horizon for rows in bench.landing().values() for row in rows)
    done = tidied(bench, answers=0)
    assert done.warehouse.landing_rows == old > 200
    assert done.warehouse.landing_before == horizon
    assert min(row[1] for rows in bench.landing().values() for row in rows) == horizon
    read_status(settings_now(bench))
    assert (days_of(bench), marts(bench)) == before
    assert tidied(bench, answers=0).warehouse.landing_rows == 0


def test_a_build_over_closed_days_leaves_their_marts_alone(bench):
    before = marts(bench)
    tidied(bench)
    build(bench, FIRST_DAY, bench.api.now.date())
    assert marts(bench) == before


def test_a_build_of_closed_days_alone_is_refused(bench):
    horizon = tidied(bench).warehouse.landing_before
    with duckdb.connect(str(bench.settings.warehouse)) as con:
        with pytest.raises(
            errors.RequestRefused, match=rf"days before {horizon} are closed.*begin at {horizon} or later"
        ):
            open_part(con, start=FIRST_DAY, end=horizon)
        assert open_part(con, start=FIRST_DAY, end=horizon + timedelta(days=1))["start"] == horizon
        assert closed_before(con, "other") is None


def test_a_rebuild_does_not_bring_closed_days_back(bench):
    tidied(bench, answers=0)
    before = (bench.landing(), days_of(bench), marts(bench))
    rebuild(settings_now(bench))
    assert (bench.landing(), days_of(bench), marts(bench)) == before


def test_landing_rows_whose_marts_were_never_made_stay_and_this_is_told(bench):
    missing = FIRST_DAY + timedelta(days=2)
    write(bench, "delete from ops.built_day where date = ?", missing)
    done = tidied(bench, answers=0)
    assert done.warehouse.landing_before == missing
    [note] = done.notes
    assert (
        f"`clarity-assets build --from {missing} --to {bench.api.now.date() - timedelta(days=LANDING_KEPT + 1)}`"
        in note
    )
    build(bench, missing, missing + timedelta(days=1))
    assert tidied(bench, answers=0).warehouse.landing_before == bench.api.now.date() - timedelta(days=LANDING_KEPT)


def test_no_landing_row_goes_before_there_are_marts(bench):
    write(bench, "delete from ops.built_day")
    done = tidied(bench, answers=0)
    assert done.warehouse.landing_rows == 0


def test_an_answer_of_a_closed_day_is_taken_and_said_to_tell_nothing(bench, tmp_path):
    horizon = tidied(bench).warehouse.landing_before
    path = tmp_path / "old.json"
    end = midnight(FIRST_DAY - timedelta(days=1)).isoformat() + "Z"
    path.write_text(json.dumps({"request": "base", "num_of_days": 1, "window_end": end, "answer": [
        {"metricName": "Traffic", "information": [{"totalSessionCount": "5", "totalBotSessionCount": "0",
         "distinctUserCount": "4", "pagesPerSessionPercentage": 1.0}]}]}))  # fmt: skip
    before = (days_of(bench), bench.landing())
    done = import_answers(settings_now(bench), (path,))
    assert done.stored == 1
    assert done.quarantined == [
        f"old.json: stored, but it tells no day: those before {horizon} are closed (CLARITY_KEEP_LANDING_DAYS)"
    ]
    assert (days_of(bench), bench.landing()) == before


def test_a_closed_day_that_nothing_is_known_of_cannot_be_collected(bench):
    tidied(bench)
    error = bench.collector_error("base", FIRST_DAY - timedelta(days=3))
    assert isinstance(error, errors.DayLost)
    assert "closed" in str(error)


def test_another_project_of_the_same_warehouse_keeps_its_own(bench):
    write(bench, "insert into landing.clarity_base (project_id, date, sessions) values ('other', ?, 7)", FIRST_DAY)
    write(bench, "update ops.clarity_answer set project_id = 'other' where request = 'country'")
    tidied(bench)
    assert bench.sql("select count(*) from landing.clarity_base where project_id = 'other'") == [(1,)]
    assert bench.sql("select count(*) from ops.clarity_answer where project_id = 'other' and body is null") == [(0,)]


def test_a_warehouse_that_is_damaged_does_not_stop_the_rest(bench, tmp_path):
    bench.settings.warehouse.write_bytes(b"no database" * 400)
    old = bench.settings.logs_folder / "api-2026-01-01.jsonl"
    old.parent.mkdir()
    old.write_text("{}\n")
    done = tidy(settings_now(bench, keep_answers_days=30))
    assert [trouble.partition(":")[0] for trouble in done.troubles] == ["warehouse"]
    assert done.logs.deleted == ("api-2026-01-01.jsonl",)
    assert [line["event"] for line in audited(bench)] == ["deleted_by_retention", "retention_failed"]
