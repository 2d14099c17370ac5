"""A Spark Connect server in this process, and the engine as its client in another: what the client found, as JSON."""

import json
import socket
import subprocess
import sys
import tempfile
from datetime import date, datetime
from pathlib import Path

from clarity_assets.clickstream.engines.engine import EngineSql
from clarity_assets.clickstream.engines.spark_engine import SparkEngine
from clarity_assets.errors import EngineFailed
from clarity_assets_tests.fixtures.clickstream import engine_with, step_rows

STEPS = EngineSql("", "select date, step from clickstream_step where date >= :start and date < :end")
COUNT = EngineSql("", "select count(*) as steps from clickstream_kept")
DAYS = {"start": date(2026, 10, 1), "end": date(2026, 10, 2)}


def serve() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = {
        "spark.driver.memory": "1g",
        "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
    }
    with SparkEngine(url="local[2]", options=options):
        subprocess.run([sys.executable, "-W", "error", "-m", __spec__.name, f"sc://127.0.0.1:{port}"], check=True)


def ask(url: str) -> None:
    steps = step_rows([{"event_at": datetime(2026, 10, day, 12), "step": day} for day in (1, 2)])
    with tempfile.TemporaryDirectory() as folder, SparkEngine(url=url) as engine:
        engine_with(engine, Path(folder, "in"), step=steps)
        engine.keep("kept", STEPS, DAYS)
        written = engine.write_days(STEPS, DAYS, folder=Path(folder, "out"))
        try:
            engine.rows(EngineSql("", "select\n  nowhere as n"))
        except EngineFailed as error:
            told = str(error)
        found = {
            "read": engine.rows(STEPS, DAYS)["step"].to_pylist(),
            "kept": engine.rows(COUNT)["steps"].to_pylist(),
            "written": [str(day) for day, files in written.items() if all(file.exists() for file in files)],
            "error": told,
        }
    print(json.dumps(found))


if __name__ == "__main__":
    ask(sys.argv[1]) if len(sys.argv) > 1 else serve()
