"""Real answers through all models and their checks: what is known comes out as it went in, gaps stay gaps."""

import shutil
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from clarity_assets.clarity.importing import import_answers
from clarity_assets.clarity.requests import all_requests
from clarity_assets.project_models import ensure_inputs, project_models
from clarity_assets.quality.checking import check_model
from clarity_assets.quality.suite import checks_of
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.models.run import ensure_models, run_model
from clarity_assets_tests.fixtures.collecting import Bench, FakeApi, make_settings
from clarity_assets_tests.real_data.test_series import NOW, STRETCH_ENDS, import_series

FPR_DAY = date(2026, 8, 27)


def build_and_check(bench: Bench, start: date, end: date) -> dict[tuple[str, str], object]:
    """Run every model of the warehouse's own over [start, end), and every check; the results by table and check.

    Tables of an engine stay empty: these answers come without events.
    """
    settings, found = bench.settings, {}
    models = project_models(settings)
    requests = all_requests(extras=settings.extra_requests)
    for table, model in models.items():
        days = {"start": start, "end": end} if model.is_daily else {}
        with open_warehouse(settings.warehouse) as con:
            ensure_inputs(con, model, models=models, requests=requests)
            if model.is_by_engine:
                ensure_models(con, {table}, models=models)
            else:
                run_model(con, model, start=start, end=end)
            for result in check_model(con, model, checks=checks_of(model), **days):
                found[table, result.check.name] = result
    return found


def outcomes(found: dict) -> dict[tuple[str, str], int]:
    """The checks that did not pass, with their failing rows."""
    assert not [key for key, result in found.items() if result.outcome == "error"]
    return {key: result.failing_rows for key, result in found.items() if not result.passed}


@pytest.fixture
def fpr(tmp_path, clarity_data) -> Bench:
    """Three real answers of one site as if each told a day: by device, campaign and channel."""
    now = datetime(2026, 8, 28, 2, tzinfo=UTC)
    settings = make_settings(tmp_path, now=now, extra_requests="Campaign, Channel", first_date=FPR_DAY)
    for name in ("Device", "Campaign", "Channel"):
        [source] = clarity_data.glob(f"fpr__3d_by_{name}__*.json")
        file = tmp_path / f"{name.lower()}.json"
        shutil.copy(source, file)
        import_answers(settings, (file,), window_end="2026-08-28T00:00Z", num_of_days=1, request=name.lower())
    return Bench(settings, FakeApi(site=None))


def test_device_rows_become_the_site_too_and_nothing_blocks(fpr):
    found = build_and_check(fpr, FPR_DAY, FPR_DAY + timedelta(days=1))
    assert fpr.sql("select sessions, bot_sessions, status, method from marts.fct_site_daily") == [
        (528, 98, "derived", "rolled_up")
    ]
    devices = fpr.sql(
        "select segment, sessions, bot_sessions from marts.fct_traffic_daily where dimension = 'device' order by all"
    )
    assert devices == [("Mobile", 294, 41), ("Other", 0, 37), ("PC", 219, 20), ("Tablet", 15, 0)]
    [(seconds,)] = fpr.sql("select total_time_s from marts.fct_engagement_daily where dimension = 'site'")
    assert seconds == pytest.approx((294 * 147 + 15 * 258 + 219 * 299) / 528, abs=1)
    assert [key for key, result in found.items() if not result.passed and result.check.is_blocking] == []


def test_campaigns_and_clarity_s_channels_are_there_where_they_were_asked_for(fpr):
    build_and_check(fpr, FPR_DAY, FPR_DAY + timedelta(days=1))
    counted = fpr.sql(
        "select breakdown, sum(dead_click_count)::bigint, count(*) from marts.fct_attribution_daily group by all order by all"
    )
    assert [(breakdown, clicks) for breakdown, clicks, _ in counted] == [("campaign", 406), ("clarity_channel", 406)]
    kept_apart = fpr.sql("select count(*) from marts.fct_attribution_daily where campaign = '' or campaign is null")
    assert kept_apart[0][0] > 1  # Clarity tells both '' and null


def test_a_real_archive_gives_a_row_for_every_day_and_names_every_gap(tmp_path, clarity_data):
    bench = Bench(make_settings(tmp_path, now=NOW, first_date=date(2026, 5, 1)), FakeApi(site=None))
    import_series(bench, clarity_data, lengths=(1, 2), ends=STRETCH_ENDS)
    start, end = date(2026, 5, 20), date(2026, 8, 5)
    found = build_and_check(bench, start, end)
    settled = bench.sql("select date, status from ops.clarity_day where request = 'base' order by date")
    assert bench.sql("select date, status from marts.fct_site_daily order by date") == settled
    known = Counter(status in ("measured", "derived") for _, status in settled)
    figures = bench.sql("select count(sessions), count(*) from marts.fct_site_daily")[0]
    assert figures == (known[True], known[True] + known[False])
    in_gaps = bench.sql("select sum(day_count)::bigint from marts.collection_gap where request = 'base'")
    assert in_gaps == [(known[False],)]
    failed = outcomes(found)
    assert failed["marts.fct_site_daily", "day_is_known"] == known[False]
    assert not [key for key in failed if found[key].check.is_blocking]
