"""Years of landing rows made by SQL in; seconds and peak memory of the marts, and of queries that reports ask, out.

python -m clarity_assets_tests.benchmarks.marts WAREHOUSE DAYS   runs every model over all days, and tells what it took
"""

import json
import resource
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import duckdb

from clarity_assets.clarity.columns import SIGNALS
from clarity_assets.clarity.requests import STANDARD_REQUESTS
from clarity_assets.clarity.store import ensure_tables
from clarity_assets.project_models import ensure_inputs, in_steps, project_models, read_requests
from clarity_assets.settings import Settings, load_settings
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.models.model import Model
from clarity_assets.warehouse.models.run import run_model
from clarity_assets_tests.benchmarks.measure import MB, Result, clocked, shown, timed

FIRST = date(2023, 11, 1)
PAGES = 3044  # times three devices and 1,095 days: ten million rows
ONE_DAY_TARGET_S = 2.0
RANGE_TARGET_S = 60.0
RANGE_TARGET_MB = 2 * 1024**3 / MB
QUERY_TARGET_S = 0.1

KEYS = {  # how many values each dimension has; page carries the weight
    "page": "'/page/' || (k % {pages})", "device": "['PC', 'Mobile', 'Tablet'][(k % 3) + 1]",
    "browser": "'browser ' || (k % 7)", "country": "'country ' || (k % 60)", "source": "'source ' || (k % 40)",
    "medium": "['organic', 'cpc', 'referral', null][(k % 4) + 1]",
}  # fmt: skip
ROWS_A_DAY = {"base": 1, "device": 3, "browser_device": 21, "source_medium": 40, "country": 60}

QUERIES = {
    "ten pages with most rage clicks, one week, by device": """
        select page, device, sum(count) as count, sum(affected_sessions) / nullif(sum(sessions), 0) as rate
        from marts.fct_frustration_daily
        where signal = 'rage_click' and date >= $end - interval 7 days and date < $end
        group by page, device order by count desc limit 10""",
    "ten pages with most rage clicks, all years": """
        select page, sum(rage_click_count) as count, sum(rage_click_sessions) / nullif(sum(sessions), 0) as rate
        from marts.fct_page_daily group by page order by count desc limit 10""",
    "quick-back rate by week and device, all years": """
        select date_trunc('week', date) as week, segment, sum(affected_sessions) / nullif(sum(sessions), 0) as rate
        from marts.fct_signal_daily where signal = 'quick_back' and dimension = 'device' group by all order by all""",
    "every page, device and signal by day, five weeks": """
        select page, device, signal, list(affected_sessions order by date), list(sessions order by date)
        from marts.fct_frustration_daily where date >= $end - interval 35 days and date < $end
            and page in (select page from marts.fct_page_daily where date >= $end - interval 35 days and date < $end
                         group by page order by sum(sessions) desc limit 100)
        group by all""",
    "sessions by country and month, all years": """
        select date_trunc('month', date) as month, country, sum(sessions) from marts.fct_geography_daily
        group by all order by all""",
    "channels, all years": """
        select channel, sum(sessions) as sessions, sum(total_time_sum_s) / nullif(sum(sessions), 0) as total_time_s
        from marts.fct_attribution_daily where breakdown = 'source_medium' group by channel order by sessions desc""",
    "the site day by day, all years": """
        select date, sessions, status, coverage, rage_click_sessions from marts.fct_site_daily order by date""",
}  # fmt: skip


def make_landing(path: Path, *, days: int, pages: int = PAGES) -> int:
    """Fill the landing tables and `ops.clarity_day` with rows of so many days; how many page × device rows."""
    signals = ", ".join(
        f"if(hash(d, k, {i}) % 10 < 2, (hash(d, k, {i}, 1) % 5)::bigint, 0) as {signal}_{suffix}"
        for i, signal in enumerate(SIGNALS)
        for suffix in ("count", "pageviews", "sessions")
    )
    rows_a_day = ROWS_A_DAY | {"url_device": 3 * pages}
    with duckdb.connect(str(path)) as con:
        ensure_tables(con, read_requests(STANDARD_REQUESTS))
        for request in STANDARD_REQUESTS:
            keys = "".join(f"{KEYS[column].format(pages=pages)} as {column}, " for column in request.columns)
            told = "'shop' as project_id, $first + d::integer as date, "
            con.execute(
                f"""insert into {request.table} by name
                select {told} {keys} (hash(d, k) % 50)::bigint as sessions, 1 as bot_sessions, 12 as visitors,
                    1.5 as pages_per_session, (hash(d, k) % 300)::double as total_time_s, 30.0 as active_time_s,
                    44.0 as scroll_depth_pct, {signals}, 'measured' as status, false as is_truncated,
                    false as sessions_is_upper_bound
                from range({days}) t(d), range({rows_a_day[request.name]}) u(k)""",
                {"first": FIRST},
            )
            con.execute(
                f"""insert into ops.clarity_day by name
                select {told} $name as request, 'measured' as status, 'window' as method, 1.0 as coverage,
                    ($first + d::integer)::timestamp as window_start, ($first + d::integer + 1)::timestamp as window_end,
                    0 as skew_s, false as is_truncated, true as is_final, 0 as refused_keys, {rows_a_day[request.name]}
                    as row_count
                from range({days}) t(d)""",
                {"first": FIRST, "name": request.name},
            )
    return days * rows_a_day["url_device"]


def run_models(path: Path, settings: Settings, *, start: date, end: date) -> dict[str, float]:
    """Every model over [start, end), a connection a step, as their assets run: seconds by table (opening left out)."""
    models, took = project_models(settings), {}
    for step in in_steps(model for model in models.values() if not model.is_by_engine):
        with open_warehouse(path, label=step[0].table) as con:
            for model in step:
                with clocked() as clock:
                    ensure_inputs(con, model, models=models, requests=STANDARD_REQUESTS)
                    run_model(con, model, start=start, end=end)
                took[model.table] = clock.seconds
    return took


def plain_day(path: Path, models: dict[str, Model], *, start: date, end: date) -> None:
    """What a user might write instead: one script, one connection, delete and insert, nothing checked."""
    with duckdb.connect(str(path)) as con:
        for model in models.values():
            if model.takes_range:
                days = {"start": start, "end": end}
                con.execute(f"delete from {model.table} where date >= $start and date < $end", days)
                con.execute(f"insert into {model.table} by name {model.sql}", days)


def marts(settings: Settings, *, days: int, repeats: int) -> list[Result]:
    """All of it on the settings' warehouse, filled with so many days."""
    path = settings.warehouse
    page_rows = make_landing(path, days=days)
    end = FIRST + timedelta(days=days)
    command = [sys.executable, "-m", "clarity_assets_tests.benchmarks.marts", str(path), str(days)]
    done = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    slowest = sorted(done["took"].items(), key=lambda item: -item[1])[:2]
    told = ", ".join(f"{table.partition('.')[2]} {shown(seconds, 's')}" for table, seconds in slowest)
    models = project_models(settings)
    one_day = {"start": end - timedelta(days=1), "end": end}
    ours = timed(lambda: run_models(path, settings, **one_day), repeats=repeats)
    plain = timed(lambda: plain_day(path, models, **one_day), repeats=repeats)
    return [
        Result(f"**all {len(models)} models, {days:,} days in one run**", [done["seconds"]],
               target=RANGE_TARGET_S, note=f"{page_rows:,} page × device rows; {told}"),
        Result("its peak memory", [done["peak_bytes"] / MB], "MB", RANGE_TARGET_MB),
        Result(f"**all {len(models)} models, one day** of them", ours, target=ONE_DAY_TARGET_S,
               note="each opens the file, is checked, and commits, as its asset does"),
        Result("beside it: the same SQL as a plain script", plain, note="one opening, no checks, no transaction, no views"),
        *queries(path, end=end, repeats=repeats),
    ]  # fmt: skip


def queries(path: Path, *, end: date, repeats: int) -> list[Result]:
    """Seconds of each query that reports ask, in one open connection."""
    found = []
    with duckdb.connect(str(path), read_only=True) as con:
        for what, sql in QUERIES.items():
            parameters = {"end": end} if "$end" in sql else None
            rows = len(con.execute(sql, parameters).fetchall())
            samples = timed(
                lambda sql=sql, parameters=parameters: con.execute(sql, parameters).fetchall(), repeats=repeats
            )
            found.append(Result(f"query: {what}", samples, target=QUERY_TARGET_S, note=f"{rows:,} rows"))
    return found


def main() -> None:
    path, days = Path(sys.argv[1]), int(sys.argv[2])
    with clocked() as clock:
        took = run_models(path, load_settings(), start=FIRST, end=FIRST + timedelta(days=days))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": clock.seconds, "took": took, "peak_bytes": peak}))


if __name__ == "__main__":
    main()
