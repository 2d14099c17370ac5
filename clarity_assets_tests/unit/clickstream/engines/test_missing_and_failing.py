"""What is said where something lacks (PySpark, Java, a server) and where an engine fails; and what is left behind."""

import json
import os
import subprocess
import sys
import time

import pyarrow as pa
import pytest

from clarity_assets.clickstream.engines.choose import open_engine
from clarity_assets.clickstream.engines.duckdb_engine import DuckDBEngine
from clarity_assets.clickstream.engines.engine import EngineSql
from clarity_assets.clickstream.engines.results import remove_left_behind
from clarity_assets.clickstream.engines.spark_engine import SparkEngine
from clarity_assets.clickstream.engines.spark_session import refuse_without_java
from clarity_assets.errors import EngineFailed, EngineMissing
from clarity_assets.settings import Settings
from clarity_assets_tests.fixtures.engines import assert_same, needs_spark

DRILL = "clarity_assets_tests.unit.clickstream.engines.connect_drill"
OPEN_SPARK = """
import sys
sys.modules |= {}
from clarity_assets.clickstream.engines.spark_engine import SparkEngine
from clarity_assets.errors import EngineMissing
try:
    SparkEngine(url=sys.argv[1]).__enter__()
except EngineMissing as error:
    print(error)
"""


def said(url: str, *, without: str = "{}", **environment: str) -> str:
    """What a new process says that cannot open Spark."""
    code = OPEN_SPARK.replace("{}", without)
    env = {name: value for name, value in os.environ.items() if name != "JAVA_HOME"} | environment
    done = subprocess.run([sys.executable, "-c", code, url], env=env, capture_output=True, text=True, check=True)
    return done.stdout


def test_a_missing_pyspark_names_the_extra_to_install():
    assert "pip install 'clarity-assets[spark]'" in said("local[*]", without='{"pyspark": None}')


def test_a_missing_java_names_the_version_and_the_ways_out(tmp_path):
    told = said("local[*]", PATH=str(tmp_path))
    assert "needs Java 17 or later: install it" in told
    assert "sc://" in told
    with pytest.raises(EngineMissing, match=f"none in JAVA_HOME={tmp_path}"):
        refuse_without_java({"JAVA_HOME": str(tmp_path), "PATH": os.environ["PATH"]})


def test_a_java_that_ends_at_once_is_named(tmp_path):
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\nexit 1\n")
    java.chmod(0o700)
    assert f"needs Java 17 or later ({java} ended at once)" in said("local[*]", PATH=f"{tmp_path}:{os.environ['PATH']}")


@needs_spark
def test_a_spark_connect_server_is_an_engine_like_any_other():
    done = subprocess.run([sys.executable, "-m", DRILL], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2_000:]
    found = json.loads(done.stdout)
    assert "nowhere" in found.pop("error")
    assert found == {"read": [1], "kept": [1], "written": ["2026-10-01"]}


def test_too_little_memory_is_told_with_what_to_do(tmp_path):
    sql = EngineSql("select list(i) as all_of_them from range(20_000_000) as numbers (i)", "")
    told = r"out of memory or disk .* CLICKSTREAM_ENGINE=spark"
    with DuckDBEngine(memory_limit="20MB", temp_folder=tmp_path) as engine, pytest.raises(EngineFailed, match=told):
        engine.rows(sql)


def test_what_spilled_is_gone_at_the_end_and_what_a_killed_process_left_after_a_day(tmp_path):
    old, new = tmp_path / "engine-old", tmp_path / "engine-new"
    for folder, age_s in ((old, 90_000), (new, 3_600)):
        folder.mkdir()
        os.utime(folder, (time.time() - age_s,) * 2)
    with DuckDBEngine(temp_folder=tmp_path):
        assert len(list(tmp_path.iterdir())) == 2
    assert list(tmp_path.iterdir()) == [new]
    remove_left_behind(tmp_path / "nowhere", prefix="engine-")


@pytest.mark.parametrize(("name", "kind"), [("duckdb", DuckDBEngine), ("spark", SparkEngine)])
def test_the_settings_name_the_engine(tmp_path, name, kind):
    settings = Settings(_env_file=None).model_copy(
        update={"clickstream_engine": name, "clickstream_folder": tmp_path, "clickstream_spark_url": "local[1]"}
    )
    engine = open_engine(settings)
    assert isinstance(engine, kind)
    assert engine.name == name


def test_rows_that_differ_between_engines_are_named_with_both_values():
    ours = pa.table({"day": [1, 2], "value": [1.0, 2.0]})
    assert_same(ours, pa.table({"value": [2.0, 1.0 + 1e-12], "day": [2, 1]}), keys=["day"])
    with pytest.raises(AssertionError, match=r"'day': 2.*value is 2.0 by DuckDB, 2.1 by Spark"):
        assert_same(ours, pa.table({"day": [1, 2], "value": [1.0, 2.1]}), keys=["day"])
    with pytest.raises(AssertionError, match=r"only DuckDB has \(2,\), only Spark has \(3,\)"):
        assert_same(ours, pa.table({"day": [1, 3], "value": [1.0, 2.0]}), keys=["day"])
    with pytest.raises(AssertionError, match="different types"):
        assert_same(ours, pa.table({"day": [1, 2], "value": [1, 2]}), keys=["day"])
    with pytest.raises(AssertionError, match="name 1 rows of 2"):
        assert_same(pa.table({"day": [1, 1]}), pa.table({"day": [1, 1]}), keys=["day"])
