"""A published folder in; what one reader saw in it until it was told to stop, as JSON, out.

python -m clarity_assets_tests.end_to_end.reader FOLDER STOP_FILE

It knows nothing of the project but the two paths, as a notebook on another desk.
"""

import json
import os
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import duckdb

DAILY = ("fct_collection_daily", "fct_site_daily", "fct_traffic_daily")
PAUSE_S = 0.4  # a person at a notebook is no busy loop
NICENESS = 10  # readers sit at other machines' cores; here all share two, and the scheduler is not what is tested
ONE_THREAD = {"threads": 1}


def main(folder: Path, stop: Path) -> None:
    os.nice(NICENESS)
    seen = {"copy": [], "parquet": []}
    while not stop.exists():
        with duckdb.connect(str(folder / "clarity_published.duckdb"), read_only=True, config=ONE_THREAD) as con:
            tables = {name: f"marts.{name}" for name in DAILY}
            first = look(con, tables)
            time.sleep(PAUSE_S)  # a publication may come meanwhile
            assert look(con, tables) == first, "an open copy changed under its reader"
        if not seen["copy"]:
            print("ready", flush=True)
        seen["copy"].append(first)
        version = (folder / "parquet").resolve()
        with duckdb.connect(config=ONE_THREAD) as con:
            seen["parquet"].append(look(con, {name: f"'{version / name}.parquet'" for name in DAILY}))
        time.sleep(PAUSE_S)
        told = json.loads((version / "manifest.json").read_bytes())["newest_date"]
        assert told == f"{date(2026, 9, 1) + timedelta(days=seen['parquet'][-1] - 1)}"
    print(json.dumps(seen))


def look(con: duckdb.DuckDBPyConnection, tables: dict[str, str]) -> int:
    """The number of days in the marts. Fails where they are not all of one moment, or do not add up."""
    newest_of = " union all ".join(f"select '{name}', max(date) from {table}" for name, table in tables.items())
    newest = dict(con.execute(newest_of).fetchall())
    assert len(set(newest.values())) == 1, f"tables of several moments: {newest}"
    days = con.execute(
        f"""select site.date, site.sessions, sum(parts.sessions) filter (parts.dimension = 'device'),
                   sum(parts.sessions) filter (parts.dimension = 'browser')
            from {tables["fct_site_daily"]} site join {tables["fct_traffic_daily"]} parts using (project_id, date)
            group by all order by 1"""
    ).fetchall()
    assert [day[0] for day in days] == [days[0][0] + timedelta(days=i) for i in range(len(days))]
    assert all(sessions == devices == browsers > 0 for _, sessions, devices, browsers in days), f"torn: {days}"
    assert days[-1][0] == newest["fct_site_daily"]
    return len(days)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
