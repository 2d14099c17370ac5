"""`clarity-assets demo` as a new user runs it: 45 days with their mishaps, marts, reports, and true words about all."""

import json
import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from clarity_assets.dagster_home import PROJECT
from clarity_assets.demo.event_people import cohort_week
from clarity_assets.demo.run import DAYS, FIRST_DAY
from clarity_assets.demo.site import PLANTED

pytestmark = pytest.mark.xdist_group("demo")  # what the module shares is made once

BIN = Path(sys.executable).parent
LOST_DAYS = [FIRST_DAY + timedelta(days=i) for i in (30, 31, 32)]  # the first three of the five-day outage


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> tuple[Path, str]:
    """The demo's folder and what it printed."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("CLARITY_", "CLICKSTREAM_", "DAGSTER_"))}
    done = subprocess.run(
        [str(BIN / "clarity-assets"), "demo", "--folder", str(folder)],
        capture_output=True, text=True, env=clean, timeout=900, cwd=tmp_path_factory.mktemp("cwd"),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout


def query(folder: Path, sql: str, *params) -> list[tuple]:
    con = duckdb.connect(str(folder / "clarity.duckdb"), read_only=True)
    try:
        return con.execute(sql, params).fetchall()
    finally:
        con.close()


def test_it_says_in_a_few_lines_what_is_known_and_where_things_are(demo):
    folder, told = demo
    assert re.search(r"browser_device +38 measured, 4 derived, 3 lost, 0 pending", told)
    assert re.search(r"source_medium +38 measured, 3 derived, 4 lost, 0 pending", told)
    assert "never more than 10 a day" in told
    for every, kind in (("Weekly", "summary"), ("Weekly", "ux"), ("Monthly", "summary"), ("Monthly", "product")):
        report = folder / re.search(rf"{every} +{kind} +\S*?(reports/\S+)", told)[1]
        assert report.read_text().lower().startswith("<!doctype html>")
    assert re.search(r"DuckDB file +(\S+)", told)[1].endswith("clarity.duckdb")
    assert "make demo-ui" in told


def test_the_readme_shows_what_the_demo_prints(demo):
    shown = (PROJECT / "README.md").read_text().partition("What is known of")[2].partition("DuckDB file")[0]
    assert shown in demo[1].partition("What is known of")[2]


def test_no_quota_day_has_more_than_ten_requests(demo):
    rows = query(demo[0], "select reserved_at::date, count(*) from ops.api_request group by all order by 2 desc")
    assert rows[0][1] <= 10


def test_every_mishap_left_its_mark(demo):
    folder, _ = demo
    assert query(
        folder, "select distinct date from ops.clarity_day where request = 'base' and status = 'lost' order by 1"
    ) == [(day,) for day in LOST_DAYS]
    failed = query(
        folder, "select http_status, count(*) from ops.api_request where outcome = 'server_error' group by all"
    )
    assert failed == [(500, 6)]
    truncated = query(folder, "select date from ops.clarity_day where is_truncated")
    assert truncated == [(FIRST_DAY + timedelta(days=23),)]
    missed = query(
        folder,
        "select status, method from ops.clarity_day where request = 'url_device' and date = ?",
        FIRST_DAY + timedelta(days=9),
    )
    assert missed == [("derived", "difference")]


def test_each_day_has_a_row_in_the_site_mart_known_or_not(demo):
    rows = query(demo[0], "select status, count(*), count(sessions) from marts.fct_site_daily group by all order by 1")
    assert rows == [("derived", 4, 4), ("lost", 3, 0), ("measured", 38, 38)]
    assert DAYS == 45


def test_the_planted_checkout_on_mobile_leads_the_rage_clicks(demo):
    assert "checkout_on_mobile" in PLANTED
    [(page, device)] = query(
        demo[0],
        """select page, device from marts.fct_frustration_daily where signal = 'rage_click' and not is_truncated
           group by all order by sum("count") desc limit 1""",
    )
    assert page.endswith("/checkout")
    assert device == "Mobile"


def test_it_ends_with_what_to_do_first(demo):
    first, second, third = re.findall(r"^  (r[0-9a-f]{8}) +(HIGH|MEDIUM|LOW) +(.*)", demo[1], re.M)
    for _, level, statement in (first, second):
        assert level == "HIGH"
        assert statement.startswith("On shop.example/checkout, ")
        assert " on Mobile had " in statement
    assert "instagram / paid_social" in third[2]


@pytest.mark.parametrize("report", ["weekly_summary/2026-09-21", "monthly_summary/2026-09"])
def test_the_weekly_and_the_monthly_summary_find_every_planted_truth(demo, report):
    told = json.loads((demo[0] / "reports" / f"{report}.json").read_text())
    found = [(f["what"], f["where"], f["is_change"]) for section in told["sections"] for f in section["findings"]]
    checkout = {"page": "shop.example/checkout", "device": "Mobile"}
    for what in ("rage_clicks_on_page", "dead_clicks_on_page"):
        assert (what, checkout, False) in found
    assert any(where.get("source") == "instagram" for _, where, _ in found)
    assert any(where.get("page") == "shop.example/category/outdoor" for _, where, _ in found)
    assert any(where.get("country") == "Portugal" and is_change for _, where, is_change in found)


def test_the_monthly_summary_names_the_lost_days(demo):
    text = (demo[0] / "reports/monthly_summary/2026-09.txt").read_text()
    assert "27 of 30 days are known" in text
    for day in LOST_DAYS:
        assert f"{day:%a} {day.day} {day:%b}" in text


def test_a_number_of_the_demos_report_is_traced_to_intact_answers(demo):
    folder, _ = demo
    told = json.loads((folder / "reports/weekly_ux/2026-09-21.json").read_text())
    number_id = re.search(r'"id": ?"(n[0-9a-f]{12})"', json.dumps(told["sections"]))[1]
    env = {k: v for k, v in os.environ.items() if not k.startswith(("CLARITY_", "CLICKSTREAM_"))}
    done = subprocess.run(
        [str(BIN / "clarity-assets"), "trace", number_id], capture_output=True, text=True, cwd=folder,
        env=env | {"CLARITY_PROJECT_ID": "demo", "CLARITY_WAREHOUSE": str(folder / "clarity.duckdb")},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "sha256" in done.stdout


def test_the_exports_of_the_last_week_stand_under_names_that_stay(demo):
    latest = demo[0] / "reports/exports/latest/week"
    names = {path.name for path in latest.iterdir()}
    assert {"traffic.csv", "clarity.xlsx", "powerbi_feed.json", "weekly_summary.json", "manifest.json"} <= names


def test_a_rebuild_of_the_demo_gives_equal_landing_rows(demo):
    folder, _ = demo
    tables = [t for (t,) in query(folder, "select table_name from duckdb_tables() where schema_name = 'landing'")]
    before = {t: sorted(query(folder, f"select * from landing.{t}"), key=repr) for t in tables}
    env = {k: v for k, v in os.environ.items() if not k.startswith(("CLARITY_", "CLICKSTREAM_"))}
    done = subprocess.run(
        [str(BIN / "clarity-assets"), "rebuild"], capture_output=True, text=True, cwd=folder,
        env=env | {"CLARITY_PROJECT_ID": "demo", "CLARITY_WAREHOUSE": str(folder / "clarity.duckdb")},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert {t: sorted(query(folder, f"select * from landing.{t}"), key=repr) for t in tables} == before


def test_no_token_is_left_in_any_file_of_the_demo(demo):
    for path in demo[0].rglob("*"):
        if path.is_file():
            assert b"eyJhbGciOi" not in path.read_bytes(), path


def blocks(language: str) -> list[str]:
    """The README's snippets of a language."""
    return re.findall(rf"```{language}\n(.*?)```", (PROJECT / "README.md").read_text(), re.S)


def test_the_readmes_question_names_the_planted_page_and_device_first(demo):
    [sql] = blocks("sql")
    page, device, *_ = query(demo[0], sql)[0]
    planted = PLANTED["checkout_on_mobile"].dimensions
    assert (f"https://{page}", device) == (planted["URL"], planted["Device"])


def test_the_readmes_python_runs_on_the_demo(demo):
    [snippet] = blocks("python")
    code = snippet.replace(".data/demo/", f"{demo[0].as_posix()}/")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT)
    assert done.returncode == 0, done.stderr
    assert re.match(r"(Outcome\.)?\w+ [\d.]+ Interval", done.stdout)


def test_only_the_gaps_and_the_truncated_day_fail_their_checks_and_none_of_them_blocks(demo):
    failed = query(demo[0], "select table_name, check_name, severity from ops.check_result where outcome <> 'passed'")
    assert set(failed) == {
        ("marts.fct_collection_daily", "no_gaps", "warn"),
        ("marts.fct_collection_daily", "not_truncated", "warn"),
        ("marts.fct_frustration_daily", "pages_are_not_truncated", "warn"),
        ("marts.fct_site_daily", "day_is_known", "warn"),
    }


def test_the_page_that_nobody_had_seen_is_new_on_its_day(demo):
    truth = PLANTED["new_page"]
    [(first, is_certain, content_type)] = query(
        demo[0],
        "select first_seen_date, is_first_seen_certain, content_type from marts.dim_page where ends_with(page, '/outdoor')",
    )
    site_days = DAYS + 4  # the demo's site begins three days before its first night
    opened = FIRST_DAY - timedelta(days=3) + timedelta(days=truth.day_range(site_days).start)
    assert first == opened - timedelta(days=1)  # the window of the day before ends at 01:00, an hour into it
    assert (is_certain, content_type) == (True, "category")


def test_every_mart_has_rows_of_the_demo(demo):
    for table in ("site", "traffic", "engagement", "signal", "frustration", "page", "attribution", "geography"):
        [(days,)] = query(demo[0], f"select count(distinct date) from marts.fct_{table}_daily")
        assert days == DAYS if table == "site" else days in (DAYS - 3, DAYS - 4), table


# --- the events of the same sessions --------------------------------------------------------------------------------


def test_every_row_of_the_events_is_landed_known_or_rejected_and_the_mishaps_are_told(demo):
    folder, _ = demo
    files = {row[0]: row[1:] for row in query(
        folder, "select name, rows_read, events_new, events_known, rows_rejected, days from ops.clickstream_file"
    )}  # fmt: skip
    assert all(read == new + known + rejected for read, new, known, rejected, _ in files.values())
    twice = [files[f"2026-08-28{name}.jsonl.gz"][2] for name in ("", "-again")]
    assert sorted(twice) == [0, 500]  # whichever of the two was read first
    assert files["2026-09-23.jsonl.gz"][3] == 5
    assert files["2026-09-09-late.jsonl.gz"][4] == 1
    [(landed,)] = query(folder, "select sum(events) from ops.clickstream_day")
    assert landed == sum(new for _, new, *_ in files.values())
    assert len(query(folder, "select distinct reason from landing.clickstream_rejected")) == 5


def test_sessions_of_the_events_are_clarity_s_on_every_day_that_clarity_knows(demo):
    rows = query(demo[0], "select difference_sessions from quality.clickstream_sessions_against_clarity")
    assert len(rows) == 42  # of 45, three are lost
    assert set(rows) == {(0,)}


def test_the_product_that_is_put_in_and_not_bought_stands_out(demo):
    rows = query(
        demo[0],
        """select product_id, sum(abandoned_sessions) / sum(carted_sessions) as abandoned
           from marts.fct_clickstream_cart_product_daily group by product_id order by abandoned desc""",
    )
    (first, worst), (_, second), *_ = rows
    assert first == "standing-desk"
    assert worst > 0.9
    assert second < 0.8


def test_the_funnel_leaks_between_checkout_and_purchase_on_phones(demo):
    kept = dict(
        query(
            demo[0],
            """select device, 1 - sum(dropped) / sum(persons) from marts.fct_clickstream_funnel_daily
               where step = 'checkout' group by device""",
        )
    )
    assert kept["Mobile"] < 0.4
    assert kept["PC"] > 0.65


def test_the_cohort_that_comes_back_stands_out_by_week(demo):
    rows = query(
        demo[0],
        """select cohort_start, period, retained / visitors from marts.fct_clickstream_cohort_weekly
           where cohort_kind = 'week' and period in (1, 3) and is_complete
           and date = (select max(date) from marts.fct_clickstream_cohort_weekly)""",
    )
    planted = cohort_week(FIRST_DAY - timedelta(days=3), DAYS + 4)
    share = {(start, period): rate for start, period, rate in rows}
    assert share[planted, 1] > 2 * max(rate for (start, period), rate in share.items() if start != planted)
    assert share[planted, 3] > 10 * max(r for (start, period), r in share.items() if start != planted and period == 3)


def test_the_two_kinds_of_visitors_are_the_two_segments(demo):
    [(weeks,)] = query(demo[0], "select count(*) from marts.fct_clickstream_segmentation_weekly where k = 2")
    assert weeks == 2
    rows = query(
        demo[0],
        """select product_views, cart_adds from marts.fct_clickstream_segment_weekly
           where date = (select max(date) from marts.fct_clickstream_segment_weekly) order by product_views""",
    )
    (few_views, few_carts), (many_views, many_carts) = rows
    assert many_views > 4 * few_views
    assert many_carts > 10 * few_carts
