"""The clickstream on the map: its assets, and what its two sensors ask for."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from clarity_assets.clickstream.ingest import dropped
from clarity_assets.clickstream.ingest.ingesting import ingest
from clarity_assets.clickstream.ingest.mapping import load_mapping
from clarity_assets.clickstream.modules.registry import MODULES
from clarity_assets.clickstream.run import run_clickstream
from clarity_assets.defs.clickstream.sensors import clickstream_behind, clickstream_files
from clarity_assets.runs import load_definitions
from clarity_assets.settings import load_settings

LINE = (
    '{"event_time": "2026-10-05T10:00:00Z", "event_type": "pageview", "visitor_id": "v1", "url": "https://a.test/"}\n'
)


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A project's folder, named by the environment, as the daemon has it."""
    for name in [n for n in os.environ if n.startswith(("CLARITY_", "CLICKSTREAM_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLARITY_PROJECT_ID", "shop")
    monkeypatch.setenv("CLARITY_WAREHOUSE", str(tmp_path / "clarity.duckdb"))
    monkeypatch.setenv("CLARITY_NOW", "2026-10-20T06:00Z")
    return tmp_path


def asked(sensor, instance) -> list[dg.RunRequest] | str:
    """The runs that a tick asks for, or why none."""
    repository = load_definitions().get_repository_def()
    with dg.build_sensor_context(instance=instance, repository_def=repository) as context:
        found = sensor.evaluate_tick(context)
    return list(found.run_requests) or found.skip_message


def drop(folder: Path, name: str, text: str = LINE, *, age_s: float = 60) -> None:
    path = folder / "clickstream/drop/events" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    then = datetime.now(UTC).timestamp() - age_s
    os.utime(path, (then, then))


def land(folder: Path) -> None:
    file = folder / "some.jsonl"
    file.write_text(LINE)
    settings = load_settings()
    ingest([file], mapping=load_mapping("events", settings), settings=settings, now=settings.clock())


def test_every_table_of_every_analysis_is_an_asset_of_the_group_with_its_columns():
    specs = {s.key.path[-1]: s for s in load_definitions().resolve_all_asset_specs() if s.group_name == "clickstream"}
    for module in MODULES.values():
        kind = dg.WeeklyPartitionsDefinition if module.every == "week" else dg.DailyPartitionsDefinition
        for table in module.tables:
            assert isinstance(specs[table].partitions_def, kind), table
            assert specs[table].metadata["dagster/column_schema"].columns[1].name == "date"
    assert {"event_files", "events", "sessions"} < set(specs)


def test_without_files_and_events_nothing_is_asked_and_the_next_step_is_told(project):
    with dg.instance_for_test() as instance:
        assert "no finished file" in asked(clickstream_files, instance)
        assert "clarity-assets ingest" in asked(clickstream_behind, instance)


def test_without_a_project_nothing_is_asked(project, monkeypatch):
    monkeypatch.delenv("CLARITY_PROJECT_ID")
    with dg.instance_for_test() as instance:
        assert "CLARITY_PROJECT_ID" in asked(clickstream_files, instance)


def test_a_file_that_is_still_written_waits(project):
    drop(project, "new.jsonl", age_s=0)
    with dg.instance_for_test() as instance:
        assert "no finished file" in asked(clickstream_files, instance)


def test_a_file_that_lies_in_no_mapping_s_folder_is_told(project, monkeypatch):
    monkeypatch.setattr(dropped, "QUIET_S", 0)
    drop(project, "../lost.jsonl")
    with dg.instance_for_test() as instance:
        told = asked(clickstream_files, instance)
    assert "lost.jsonl lies in no mapping's folder" in told


def test_days_are_asked_first_then_their_weeks_then_nothing(project):
    land(project)
    with dg.instance_for_test() as instance:
        [days] = asked(clickstream_behind, instance)
        assert (days.job_name, days.tags["dagster/asset_partition_range_start"]) == ("clickstream_days", "2026-10-05")
        run_clickstream(load_settings(), modules=[name for name, module in MODULES.items() if module.every == "day"])
        [week] = asked(clickstream_behind, instance)
        assert (week.job_name, week.partition_key) == ("clickstream_weeks", "2026-10-05")
        run_clickstream(load_settings())
        assert "the analyses tell what the events tell" in asked(clickstream_behind, instance)


def test_analyses_wait_for_one_another_and_not_for_files_that_keep_coming(project):
    land(project)
    with dg.instance_for_test() as instance:
        instance.add_run(dg.DagsterRun(job_name="clickstream_ingest", status=dg.DagsterRunStatus.STARTED))
        [days] = asked(clickstream_behind, instance)
        assert days.job_name == "clickstream_days"
        drop(project, "new.jsonl")
        assert "clickstream_ingest is queued or running" in asked(clickstream_files, instance)
        instance.add_run(dg.DagsterRun(job_name="clickstream_days", status=dg.DagsterRunStatus.STARTED))
        assert "clickstream_days is queued or running" in asked(clickstream_behind, instance)


def test_what_was_tried_is_tried_again_hours_later_and_at_once_where_a_setting_changed(project, monkeypatch):
    land(project)
    with dg.instance_for_test() as instance:
        [first] = asked(clickstream_behind, instance)
        instance.add_run(_run_of(first))
        assert "tried just now" in asked(clickstream_behind, instance)
        monkeypatch.setenv("CLICKSTREAM_BOT_EVENTS", "500")
        [other] = asked(clickstream_behind, instance)
        assert other.run_key != first.run_key
        monkeypatch.delenv("CLICKSTREAM_BOT_EVENTS")
        later = datetime(2026, 10, 20, 6, tzinfo=UTC) + timedelta(hours=3)
        monkeypatch.setenv("CLARITY_NOW", later.isoformat())
        [again] = asked(clickstream_behind, instance)
        assert again.run_key != first.run_key


def _run_of(request: dg.RunRequest) -> dg.DagsterRun:
    tags = {"dagster/run_key": request.run_key}
    return dg.DagsterRun(job_name=request.job_name, tags=tags, status=dg.DagsterRunStatus.FAILURE)
