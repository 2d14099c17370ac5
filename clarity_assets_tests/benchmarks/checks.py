"""A warehouse with days in it, or a number of rows, in; seconds that their checks take out."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from clarity_assets.clarity.requests import all_requests
from clarity_assets.project_models import ensure_inputs, in_steps, project_models
from clarity_assets.quality.checking import check_model
from clarity_assets.quality.results import store_results
from clarity_assets.quality.suite import Check, checks_of
from clarity_assets.quality.verdicts import load_library
from clarity_assets.settings import Settings
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.models.contract import Shared, read_contract
from clarity_assets.warehouse.models.model import Model
from clarity_assets.warehouse.models.run import run_model
from clarity_assets_tests.benchmarks.measure import Result, clocked, timed

CHECKS_TARGET_S = 1.0
SIZES = (1_000, 20_000, 100_000, 1_000_000)
LARGE = """
models:
  - name: large
    description: As wide as fct_frustration_daily.
    meta: {grain: [date, page, device], materialized: incremental, owners: ["team:analytics"]}
    data_tests:
      - expect_table_row_count_to_be_between: {arguments: {min_value: 1}}
    columns:
      - {name: date, data_type: DATE, description: d, data_tests: [expect_column_values_to_not_be_null]}
      - {name: page, data_type: VARCHAR, description: d, data_tests: [expect_column_values_to_match_regex: {arguments: {regex: "^[^?#]*$"}}]}
      - {name: device, data_type: VARCHAR, description: d, data_tests: [expect_column_values_to_be_in_set: {arguments: {value_set: [PC, Mobile]}}]}
      - {name: sessions, data_type: BIGINT, description: d, data_tests: [expect_column_values_to_not_be_null, expect_column_values_to_be_between: {arguments: {min_value: 0}}]}
      - {name: affected, data_type: BIGINT, description: d, data_tests: [expect_column_values_to_be_between: {arguments: {min_value: 0}}]}
      - {name: share, data_type: DOUBLE, description: d, data_tests: [expect_column_values_to_be_between: {arguments: {min_value: 0, max_value: 1}}]}
      - {name: is_truncated, data_type: BOOLEAN, description: d, data_tests: [expect_column_values_to_not_be_null]}
"""
ROWS = """
select $start as date, '/page/' || (i // 2) as page, if(i % 2 = 0, 'PC', 'Mobile') as device, i % 97 as sessions,
       i % 13 as affected, (i % 100) / 100 as share, false as is_truncated
from range($count) t(i)
"""


def day_of_checks(settings: Settings, day: date, *, repeats: int) -> list[Result]:
    """Every check of every model on one day; seeds are left out, since they are checked when they change."""
    models = {table: model for table, model in project_models(settings).items() if not model.is_seed}
    with clocked() as importing:
        load_library()
    model_s = _materialize(settings, models, day)
    with duckdb.connect() as scratch:
        checks = {table: checks_of(model, scratch=scratch) for table, model in models.items()}
        loading = timed(lambda: [checks_of(model, scratch=scratch) for model in models.values()], repeats=repeats)
    checked = timed(lambda: _check(settings, models, checks, day, is_kept=False), repeats=repeats)
    kept = timed(lambda: _check(settings, models, checks, day, is_kept=True), repeats=repeats)
    what = f"{sum(map(len, checks.values()))} expectations on {len(models)} tables and views"
    return [
        Result("**checks of a day**", checked, target=CHECKS_TARGET_S, note=f"{what}; one opening"),
        Result("the same, results kept", kept, note="an opening a step, a transaction a table, as runs do it"),
        Result("beside it: the day's models themselves", [model_s], note="one opening"),
        Result("contracts made checks", loading, note="when definitions load"),
        Result("import of Great Expectations", [importing.seconds], note="once a process, and only where checks run"),
    ]  # fmt: skip


def _materialize(settings: Settings, models: dict[str, Model], day: date) -> float:
    requests = all_requests(extras=settings.extra_requests, order=settings.request_order)
    with open_warehouse(settings.warehouse, label="benchmark models") as con:
        for model in models.values():
            ensure_inputs(con, model, models=project_models(settings), requests=requests)
        with clocked() as clock:
            for model in (model for model in models.values() if not model.is_by_engine):
                run_model(con, model, start=day, end=day + timedelta(days=1))
    return clock.seconds


def _check(
    settings: Settings, models: dict[str, Model], checks: dict[str, tuple[Check, ...]], day: date, *, is_kept: bool
) -> None:
    span = {"start": day, "end": day + timedelta(days=1)}
    if not is_kept:
        with open_warehouse(settings.warehouse, label="benchmark checks") as con:
            for table, model in models.items():
                check_model(con, model, checks=checks[table], **span)
        return
    for step in in_steps(models.values()):
        with open_warehouse(settings.warehouse, label="benchmark checks") as con:
            for model in step:
                results = check_model(con, model, checks=checks[model.table], **span)
                store_results(con, model.table, results, checked_at=datetime.now(UTC), **span)


def sizes_of_checks(folder: Path, *, repeats: int) -> list[Result]:
    """Ten checks on a table of so many rows: all rows as one DataFrame, and reduced by SQL."""
    path = folder / "large.yml"
    path.write_text(LARGE, encoding="utf-8")
    model = Model(ROWS, folder / "large.sql", path, "marts", read_contract(path, Shared((), {})), {})
    checks, day = checks_of(model), date(2026, 10, 5)
    results = []
    with duckdb.connect() as con:
        con.execute("create schema marts")
        for count in SIZES:
            with clocked() as making:
                con.execute(f"create or replace table {model.table} as {ROWS}", {"start": day, "count": count})

            def run(whole_rows: int) -> None:
                found = check_model(
                    con, model, checks=checks, start=day, end=day + timedelta(days=1), whole_rows=whole_rows
                )
                assert all(result.passed for result in found), found

            whole, reduced = (timed(lambda n=n: run(n), repeats=repeats) for n in (count, 0))
            results += [
                Result(f"{len(checks)} checks on {count:,} rows, whole", whole),
                Result(f"{len(checks)} checks on {count:,} rows, reduced", reduced,
                       note=f"making the table took {1000 * making.seconds:.0f} ms"),
            ]  # fmt: skip
    return results
