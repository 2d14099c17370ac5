"""What Great Expectations does beside its verdicts: nothing is sent, written, shown or warned about."""

import json
import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[3]

SCRIPT = """
import json, os, socket, sys, warnings
warnings.simplefilter("error")
sent, written = [], []
def watch(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname"):
        sent.append((event, repr(args)))
    if event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"):
        written.append(str(args[0]))
sys.addaudithook(watch)
import duckdb, pathlib, tempfile
from clarity_assets_tests.unit.quality.by_hand import checked, fill, make_model
early = [m for m in ("great_expectations", "pandas") if m in sys.modules]
folder = pathlib.Path(tempfile.mkdtemp())
model = make_model(folder, columns={"n": "BIGINT"}, tests="n| - expect_column_values_to_not_be_null")
with duckdb.connect() as con:
    fill(con, model, [(1,), (None,)])
    outcomes = [r.outcome for r in checked(con, model).values()]
outside = [path for path in written if not path.startswith((str(folder), "/dev/"))]
print(json.dumps([early, outcomes, sent, outside]))
"""


def test_nothing_is_sent_written_shown_or_warned_about(tmp_path):
    done = subprocess.run(
        [sys.executable, "-B", "-c", SCRIPT], cwd=tmp_path, capture_output=True, text=True, timeout=120,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), "HOME": str(tmp_path), "TMPDIR": str(tmp_path.parent)},
    )  # fmt: skip
    assert done.stderr == ""
    assert json.loads(done.stdout) == [[], ["passed", "failed"], [], []]
    assert list(tmp_path.iterdir()) == []


def test_loading_the_map_loads_neither_great_expectations_nor_pandas():
    script = "import sys\nfrom clarity_assets.runs import load_definitions\nload_definitions()\nprint([m for m in ('great_expectations', 'pandas') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr
