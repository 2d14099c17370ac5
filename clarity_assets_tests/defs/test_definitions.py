"""The map as Dagster loads it: assets with all that a person sees in the UI, and no warnings."""

import subprocess
import sys
import warnings
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from clarity_assets.clarity.columns import landing_columns
from clarity_assets.clarity.requests import STANDARD_REQUESTS
from clarity_assets.dagster_home import PROJECT, TEMPLATE
from clarity_assets.project_models import ROOT
from clarity_assets.runs import MODEL_GROUPS, load_definitions

BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return load_definitions()


@pytest.fixture
def home(tmp_path) -> dict[str, str]:
    (tmp_path / "dagster.yaml").write_text(TEMPLATE.read_text())
    return {"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(tmp_path), "DAGSTER_HOME": str(tmp_path)}


def specs(definitions: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


def test_definitions_load_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_definitions()


def test_each_request_is_a_daily_partitioned_asset_with_all_that_a_person_needs(definitions):
    found = specs(definitions)
    for request in STANDARD_REQUESTS:
        spec = found[f"clarity/{request.name}"]
        assert spec.group_name == "clarity_landing"
        assert spec.kinds == {"api", "duckdb"}
        assert spec.owners == ["team:analytics"]
        assert request.table in spec.description
        assert isinstance(spec.partitions_def, dg.DailyPartitionsDefinition)
        schema = spec.metadata["dagster/column_schema"].schema if hasattr(
            spec.metadata["dagster/column_schema"], "schema") else spec.metadata["dagster/column_schema"]  # fmt: skip
        assert [(c.name, c.type) for c in schema.columns] == [(c.name, c.type) for c in landing_columns(request)]
        assert all(c.description for c in schema.columns)


def test_collection_backfills_a_run_a_day_and_marts_a_range_in_one_run(definitions):
    graph = definitions.resolve_asset_graph()
    collecting = graph.get(dg.AssetKey(["clarity", "base"])).backfill_policy
    marts = graph.get(dg.AssetKey(["marts", "fct_site_daily"])).backfill_policy
    assert collecting == dg.BackfillPolicy.multi_run(max_partitions_per_run=1)
    assert marts == dg.BackfillPolicy.single_run()


def test_daily_requests_and_tables_must_be_fresh_and_views_seeds_and_extras_need_not(definitions):
    found = specs(definitions)
    for name in ("clarity/base", "marts/fct_page_daily"):
        policy = found[name].freshness_policy
        assert (policy.warn_window.to_timedelta(), policy.fail_window.to_timedelta()) == (
            timedelta(hours=27),
            timedelta(hours=48),
        )
    assert found["staging/stg_clarity__base"].freshness_policy is None
    assert found["seeds/channel_rules"].freshness_policy is None


def test_the_groups_of_the_models_are_the_folders_of_their_files(definitions):
    models = {spec.group_name for spec in specs(definitions).values() if "materialized" in spec.tags}
    assert models == set(MODEL_GROUPS) == {folder.name for folder in ROOT.iterdir() if folder.is_dir()}


def test_the_most_valuable_request_runs_first(definitions):
    job = definitions.resolve_job_def("collect")
    priorities = {
        node.name.removeprefix("clarity__"): int(node.definition.tags["dagster/priority"]) for node in job.nodes
    }
    assert sorted(priorities, key=priorities.get, reverse=True) == [r.name for r in STANDARD_REQUESTS]


def test_runs_stay_in_one_process(definitions):
    assert definitions.executor == dg.in_process_executor


@pytest.mark.parametrize(
    "command",
    [("dg", "check", "defs"), ("dg", "list", "defs"), ("dagster", "definitions", "validate", "-w", "workspace.yaml")],
    ids=["dg check defs", "dg list defs", "dagster definitions validate"],
)
def test_the_definitions_pass_the_command_line_checks_without_warnings(command, home):
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=PROJECT, env=home, capture_output=True, text=True, timeout=120
    )
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    # Dagster itself recommends `dg check defs` whenever `dagster definitions validate` runs
    told = "\n".join(line for line in told.splitlines() if "definitions_validate_command` is superseded" not in line)
    assert "warning" not in told.lower(), told


def test_extra_requests_become_assets_of_the_same_kind(home):
    script = (
        "from clarity_assets.runs import load_definitions\n"
        "print(sorted(s.key.to_user_string() for s in load_definitions().resolve_all_asset_specs() if s.tags.get('plan') == 'extra'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, timeout=120,
        env=home | {"CLARITY_EXTRA_REQUESTS": "Campaign, channel+Device"},
    )  # fmt: skip
    assert done.stdout.strip() == "['clarity/campaign', 'clarity/channel_device']", done.stderr


def test_a_drill_ahead_of_the_system_clock_has_its_partitions(home):
    script = (
        "from clarity_assets.defs.partitions import daily, weekly\n"
        "print(daily.get_last_partition_key(), weekly.get_last_partition_key())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, timeout=120,
        env=home | {"CLARITY_NOW": "2099-01-07T01:00:00Z"},
    )  # fmt: skip
    last_day, last_week = done.stdout.split()
    assert last_day == "2099-01-06", done.stderr
    assert last_week >= "2098-12-29"  # the last full week; Mondays only


def test_a_bad_setting_stops_loading_with_its_name_and_rule(home):
    done = subprocess.run(
        [sys.executable, "-c", "from clarity_assets.runs import load_definitions; load_definitions()"],
        cwd=PROJECT, capture_output=True, text=True, timeout=120, env=home | {"CLARITY_EXTRA_REQUESTS": "Country/Region"},
    )  # fmt: skip
    assert done.returncode != 0
    assert "the API drops 'Country/Region' in silence; write 'Country'" in done.stderr
