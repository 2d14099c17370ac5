"""Days of events: the same content whatever came when and in which file; late events change their days and no others."""

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import settings as run_settings
from hypothesis import strategies as st

from clarity_assets.clickstream.ingest.folder import alone, clear_left, tidy_days
from clarity_assets.clickstream.ingest.ledger import event_files
from clarity_assets.clickstream.ingest.troubles import EventsMissing, IngestBusy, MappingWrong
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets_tests.unit.clickstream.ingest.shop import (
    NOW,
    asked,
    days,
    deliver,
    deliver_rows,
    event,
    events,
    json_lines,
    settings_of,
    view,
)

FIVE, SIX = date(2026, 10, 5), date(2026, 10, 6)
STORE = "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n"
CART = "2026-10-05 10:00:00 UTC,cart,1,2,a.b,x,9.50,7,s\n"


def on(day: int, hour: int = 10, **others) -> dict:
    return view(event_time=f"2026-10-{day:02}T{hour:02}:00:00Z", **others)


def files_of(settings) -> set[str]:
    return {
        str(path.relative_to(settings.events_folder)) for path in (settings.events_folder / "events").rglob("*.parquet")
    }


def named(settings) -> set[str]:
    return {name for (name,) in asked(settings, "select file from ops.clickstream_day")}


# --- exact duplicates -----------------------------------------------------------------------------------------------


def test_a_file_delivered_again_is_known_and_not_read(settings, tmp_path):
    file = json_lines(tmp_path / "a.jsonl", [on(5), on(6)])
    deliver(settings, file)
    before = asked(settings, "from ops.clickstream_file"), days(settings), files_of(settings)
    [again] = deliver(settings, file, now=NOW.replace(hour=13)).files
    assert again.is_known
    assert (again.rows_read, again.first_date, again.last_date) == (0, FIVE, SIX)
    assert (asked(settings, "from ops.clickstream_file"), days(settings), files_of(settings)) == before


def test_a_known_file_can_be_read_again_and_adds_what_is_missing(settings, tmp_path):
    file = json_lines(tmp_path / "a.jsonl", [on(5), on(6, price=-1)])
    deliver(settings, file)
    [again] = deliver(settings, file, again=True).files
    assert (again.is_known, again.rows_read, again.events_new, again.events_known, again.rows_rejected) == (
        False,
        2,
        0,
        1,
        1,
    )
    assert asked(settings, "select count(*) from landing.clickstream_rejected") == [(1,)]
    assert asked(settings, "select count(*) from ops.clickstream_file") == [(1,)]


def test_reading_again_keeps_what_a_file_has_brought(settings, tmp_path):
    file = json_lines(tmp_path / "a.jsonl", [on(5), on(5), on(6)])
    deliver(settings, file)
    asked_for = "select name, events_new, events_known, days from ops.clickstream_file"
    before = asked(settings, asked_for)
    assert before == [("a.jsonl", 2, 1, 2)]
    deliver(settings, file.rename(tmp_path / "b.jsonl"), again=True)
    assert asked(settings, asked_for) == before


OWN = """
description: A source of one's own.
fields: {FIELDS}
event_types: {seen: TYPE}
"""


def own_mapping(settings, fields: str, kind: str = "view"):
    (settings.clickstream_mappings / "own.yml").write_text(OWN.replace("FIELDS", fields).replace("TYPE", kind))


@pytest.fixture
def owned(tmp_path):
    (tmp_path / "mappings").mkdir()
    return settings_of(tmp_path, clickstream_mappings=tmp_path / "mappings", clickstream_key=settings_key())


def test_after_a_change_of_columns_events_with_an_id_are_told_anew_and_days_change(owned, tmp_path):
    fields = "event_id: id, event_time: at, event_type: what, user_id: who"
    rows = [
        {"id": f"{n}", "at": f"2026-10-05T10:00:0{n}Z", "what": "seen", "who": f"u{n}", "sku": f"s{n}", "ua": agent}
        for n, agent in enumerate(["curl/8", None, None])
    ]
    own_mapping(owned, fields)
    file = json_lines(tmp_path / "a.jsonl", rows)
    deliver(owned, file, mapping="own")
    deliver_rows(owned, [on(5, hour=11)])
    before = days(owned)
    [same] = deliver(owned, file, mapping="own", again=True).files
    assert (same.events_changed, same.days, days(owned)) == (0, (), before)
    own_mapping(owned, fields + ", product_id: sku, user_agent: ua")
    [told] = deliver(owned, file, mapping="own", again=True).files
    assert (told.events_new, told.events_known, told.events_changed, told.days) == (0, 3, 3, (FIVE,))
    assert [e["product_id"] for e in events(owned)] == ["s0", "s1", "s2", "lamp"]
    assert asked(owned, "select events, bot_events from ops.clickstream_day") == [(4, 1)]
    fresh = settings_of(
        tmp_path / "fresh", clickstream_mappings=owned.clickstream_mappings, clickstream_key=settings_key()
    )
    (tmp_path / "fresh").mkdir()
    deliver_rows(fresh, [on(5, hour=11)])
    deliver(fresh, file, mapping="own")
    assert days(fresh) == days(owned) != before


def test_after_a_change_of_columns_events_without_an_id_are_not_doubled(owned, tmp_path):
    fields = "event_time: at, event_type: what, user_id: who"
    own_mapping(owned, fields)
    file = json_lines(tmp_path / "a.jsonl", [{"at": "2026-10-05", "what": "seen", "who": "u", "sku": "s"}])
    deliver(owned, file, mapping="own")
    before = days(owned)
    own_mapping(owned, fields + ", product_id: sku")
    with pytest.raises(MappingWrong, match="its events would be there twice; undo that change, or delete"):
        deliver(owned, file, mapping="own", again=True)
    assert days(owned) == before
    own_mapping(owned, fields, kind="looked")
    assert deliver(owned, file, mapping="own", again=True).files[0].events_changed == 1
    assert event(owned)["event_type"] == "looked"


def test_the_same_bytes_under_a_name_that_cannot_be_read_are_read_under_the_right_one(settings, tmp_path):
    row = json_lines(tmp_path / "b.jsonl", [on(5)])
    (tmp_path / "a.csv").write_bytes(row.read_bytes())
    done = deliver(settings, tmp_path / "a.csv", row)
    assert list(done.unreadable) == [tmp_path / "a.csv"]
    assert done.events_new == 1


def test_a_table_that_was_called_json_is_read_under_its_right_name(settings, tmp_path):
    (tmp_path / "a.jsonl").write_text("event_time,event_type,visitor_id\n2026-10-05,view,v\n")
    assert deliver(settings, tmp_path / "a.jsonl").rows_rejected == 2
    (tmp_path / "a.csv").write_bytes((tmp_path / "a.jsonl").read_bytes())
    assert deliver(settings, tmp_path / "a.csv").events_new == 1
    assert asked(settings, "select name, events_new, rows_rejected from ops.clickstream_file") == [("a.csv", 1, 0)]
    assert deliver(settings, tmp_path / "a.csv").files[0].is_known


def test_rows_equal_in_all_fields_are_one_event(settings):
    done = deliver_rows(settings, [on(5), on(5), on(5, product_id="sofa")])
    assert (done.rows_read, done.events_new, done.events_known) == (3, 2, 1)
    assert deliver_rows(settings, [on(5, product_id="sofa"), on(5)]).events_new == 0


def test_an_id_makes_equal_rows_different_and_different_rows_equal(settings):
    done = deliver_rows(settings, [on(5, event_id="a"), on(5, event_id="b"), on(5, event_id="a", product_id="sofa")])
    assert done.events_new == 2
    assert deliver_rows(settings, [on(5, event_id="a", product_id="desk"), on(6, event_id="a")]).events_new == 1


def test_sources_that_count_their_events_from_one_lose_none_of_each_other(owned, tmp_path):
    own_mapping(owned, "event_id: id, event_time: at, event_type: what, user_id: who")
    row = {"id": "1", "at": "2026-10-05T10:00:00Z", "what": "seen", "who": "ada"}
    first = json_lines(tmp_path / "own.jsonl", [row])
    second = json_lines(tmp_path / "shop.jsonl", [on(5, event_id="1"), on(5, event_id="2")])
    assert deliver(owned, first, mapping="own").events_new == 1
    assert deliver(owned, second).events_new == 2
    before = days(owned)
    assert [(e["seq"], e["event_id"], e["origin"]) for e in events(owned)] == [
        (1, "1", "events"), (2, "1", "own"), (3, "2", "events"),
    ]  # fmt: skip
    for file, mapping in ((first, "own"), (second, "events")):
        assert deliver(owned, file, mapping=mapping, again=True).events_new == 0
    assert days(owned) == before


def test_events_that_are_told_anew_leave_those_of_another_source_with_the_same_id(owned, tmp_path):
    fields = "event_id: id, event_time: at, event_type: what, user_id: who"
    own_mapping(owned, fields)
    row = {"id": "1", "at": "2026-10-05T10:00:00Z", "what": "seen", "who": "ada", "sku": "sofa"}
    file = json_lines(tmp_path / "own.jsonl", [row])
    deliver(owned, file, mapping="own")
    deliver_rows(owned, [on(5, event_id="1")])
    own_mapping(owned, fields + ", product_id: sku")
    assert deliver(owned, file, mapping="own", again=True).files[0].events_changed == 1
    assert [(e["origin"], e["product_id"]) for e in events(owned)] == [("events", "lamp"), ("own", "sofa")]


@pytest.mark.parametrize("name", ["[y]", "a*b"])
def test_a_folder_may_be_called_like_a_pattern(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    settings = settings_of(folder)
    assert deliver_rows(settings, [on(5), on(6), on(6, price=-1)]).rows_rejected == 1
    assert deliver_rows(settings, [on(5, hour=11)], name="b.jsonl").events_new == 1
    assert len(events(settings)) == 3


def test_of_one_id_with_two_contents_the_same_one_stays_whatever_their_order(tmp_path):
    rows = [on(5, event_id="a", product_id=name) for name in ("lamp", "sofa", "desk")]
    told = set()
    for number, order in enumerate([rows, rows[::-1], rows[1:] + rows[:1]]):
        settings = settings_of(tmp_path / f"{number}", clickstream_key=settings_key())
        (tmp_path / f"{number}").mkdir()
        deliver_rows(settings, order)
        told.add((event(settings)["product_id"], days(settings)[FIVE]))
    assert len(told) == 1


def settings_key():
    from pydantic import SecretStr

    return SecretStr("the same key everywhere")


def test_equal_rows_that_a_mapping_keeps_stay_and_come_again_as_none(settings, tmp_path):
    file = tmp_path / "a.csv"
    file.write_text(STORE + CART * 3)
    assert deliver(settings, file, mapping="store").events_new == 3
    (tmp_path / "b.csv").write_text(STORE + CART * 2)
    assert deliver(settings, tmp_path / "b.csv", mapping="store").events_new == 0
    (tmp_path / "c.csv").write_text(STORE + CART * 4)
    assert deliver(settings, tmp_path / "c.csv", mapping="store").events_new == 1
    assert len({e["event_id"] for e in events(settings)}) == 4


# --- late events ----------------------------------------------------------------------------------------------------


def test_late_events_replace_only_their_days(settings):
    deliver_rows(settings, [on(5), on(6), on(7)])
    before, at = days(settings), NOW.replace(hour=13)
    late = deliver_rows(settings, [on(6, hour=3), on(7)], now=at)
    assert late.days == (SIX,)
    after = days(settings)
    assert {day for day in after if after[day] != before[day]} == {SIX}
    changed = dict(asked(settings, "select date, changed_at from ops.clickstream_day"))
    assert changed == {
        FIVE: NOW.replace(tzinfo=None),
        SIX: at.replace(tzinfo=None),
        date(2026, 10, 7): NOW.replace(tzinfo=None),
    }
    assert [(e["seq"], e["event_at"].hour) for e in events(settings) if e["date"] == SIX] == [(1, 3), (2, 10)]


def test_counts_of_files_and_days_add_up(settings, tmp_path):
    first = json_lines(tmp_path / "a.jsonl", [on(5), on(5), on(6), on(6, price=-1), on(7, user_agent="curl/8")])
    second = json_lines(tmp_path / "b.jsonl", [on(6), on(8)])
    done = deliver(settings, first, second)
    assert [(f.rows_read, f.events_new, f.events_known, f.rows_rejected) for f in done.files] == [
        (5, 3, 1, 1),
        (2, 1, 1, 0),
    ]
    assert done.days_changed == (FIVE, SIX, date(2026, 10, 7), date(2026, 10, 8))
    told = asked(
        settings,
        "select name, rows_read, events_new, events_known, rows_rejected, days, first_date, last_date from ops.clickstream_file order by name",
    )
    assert told == [
        ("a.jsonl", 5, 3, 1, 1, 3, FIVE, date(2026, 10, 7)),
        ("b.jsonl", 2, 1, 1, 0, 1, SIX, date(2026, 10, 8)),
    ]
    stored = asked(settings, "select date, file, events, bot_events, byte_count from ops.clickstream_day order by date")
    assert [(count, bots) for _, _, count, bots, _ in stored] == [(1, 0), (1, 0), (1, 1), (1, 0)]
    assert all((settings.events_folder / file).stat().st_size == size for _, file, _, _, size in stored)


def test_the_same_file_twice_in_one_delivery_is_read_once(settings, tmp_path):
    done = deliver(settings, json_lines(tmp_path / "a.jsonl", [on(5)]), json_lines(tmp_path / "b.jsonl", [on(5)]))
    assert sorted((file.is_known, file.events_new) for file in done.files) == [(False, 1), (True, 0)]


# --- any split, any order -------------------------------------------------------------------------------------------

ROWS = [
    on(5 + n % 3, hour=n % 24, visitor_id=f"v{n % 4}", product_id=f"p{n % 5}", event_type=("view", "cart", "purchase")[n % 3])
    for n in range(24)
]  # fmt: skip


@given(
    st.lists(st.tuples(st.integers(0, 23), st.integers(0, 3)), min_size=24, max_size=40),
    st.randoms(use_true_random=False),
    st.booleans(),
)
@run_settings(max_examples=8, deadline=None)
def test_any_split_of_rows_over_files_in_any_order_gives_the_same_days(picked, order, is_at_once):
    """Each row at least once, some again, in up to four files, delivered together or one after another."""
    placed = [*picked, *((n, n % 4) for n in range(24))]
    order.shuffle(placed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = settings_of(folder / "whole", clickstream_key=settings_key())
        split = settings_of(folder / "split", clickstream_key=settings_key())
        for settings in (whole, split):
            settings.warehouse.parent.mkdir()
        deliver_rows(whole, ROWS)
        files = [json_lines(folder / f"{f}.jsonl", [ROWS[n] for n, place in placed if place == f]) for f in range(4)]
        for delivery in [files] if is_at_once else [[file] for file in files]:
            deliver(split, *delivery)
        assert days(split) == days(whole)
        assert events(split) == events(whole)


def test_half_and_then_the_whole_is_as_the_whole_at_once_where_equal_rows_are_kept(tmp_path):
    lines = [CART.replace("10:00:00", f"10:00:{n % 3:02}") for n in range(20)]
    told = []
    for name, portions in (("whole", [20]), ("halves", [10, 20])):
        settings = settings_of(tmp_path / name, clickstream_key=settings_key())
        (tmp_path / name).mkdir()
        for count in portions:
            file = tmp_path / f"{name}{count}.csv"
            file.write_text(STORE + "".join(lines[:count]))
            deliver(settings, file, mapping="store")
        told.append((days(settings), len(events(settings))))
    assert told[0] == told[1]
    assert told[0][1] == 20


def test_the_hash_of_a_day_is_that_of_its_events(settings):
    deliver_rows(settings, [on(5), on(5, hour=11)])
    deliver_rows(settings, [on(5, hour=12, price=3)])
    [file] = files_of(settings) & named(settings)
    assert file == f"events/date=2026-10-05/{days(settings)[FIVE]}.parquet"


# --- interrupted, at once, tidied -----------------------------------------------------------------------------------

SCRIPT = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from clarity_assets_tests.unit.clickstream.ingest.shop import NOW, deliver, settings_of
settings = settings_of(Path(sys.argv[1]))
deliver(settings, *map(Path, sys.argv[2:]))
"""


def test_two_ingests_at_once_lose_no_events(settings, tmp_path):
    halves = [
        json_lines(tmp_path / f"{half}.jsonl", [on(5, hour=n % 24, brand=f"{half}{n}") for n in range(200)])
        for half in "ab"
    ]
    running = [
        subprocess.Popen([sys.executable, "-c", SCRIPT, str(tmp_path), str(file)], cwd=Path.cwd()) for file in halves
    ]
    assert [process.wait(timeout=120) for process in running] == [0, 0]
    assert len(events(settings)) == 400
    assert len({e["brand"] for e in events(settings)}) == 400
    assert asked(settings, "select events from ops.clickstream_day") == [(400,)]


def test_who_waits_too_long_for_another_ingest_is_told(settings):
    with (
        alone(settings),
        pytest.raises(IngestBusy, match="another process has taken events in"),
        alone(settings, wait_s=0.1),
    ):
        pass


def test_files_that_nobody_names_stay_and_are_told(settings, caplog):
    deliver_rows(settings, [on(5)])
    other = settings.events_folder / "events" / "date=2026-10-05" / "0123.parquet"
    other.write_bytes(b"of another warehouse")
    os.utime(other, (time.time() - 7000,) * 2)
    path = json_lines(settings.warehouse.parent / "b.jsonl", [on(5, hour=11)])
    assert deliver(settings, path).unnamed == (other,)
    assert other.exists()
    assert "Ingest the source files again, or restore warehouse and folder together" in caplog.text


def test_a_day_s_former_file_stays_for_those_who_read_it_now(settings):
    deliver_rows(settings, [on(5)])
    [former] = files_of(settings)
    os.utime(settings.events_folder / former, (time.time() - 7000,) * 2)
    deliver_rows(settings, [on(5, hour=11)])
    assert former in files_of(settings)
    assert former not in named(settings)
    assert tidy_days(settings, named=named(settings)) == ([], [])
    later = {"named": named(settings), "clock": lambda: time.time() + 601}
    assert tidy_days(settings, **later) == ([settings.events_folder / former], [])
    assert files_of(settings) == named(settings)
    assert tidy_days(settings, **later) == ([], [])


def test_a_restored_warehouse_loses_no_events_of_the_folder(settings):
    deliver_rows(settings, [on(5)])
    backup = settings.warehouse.read_bytes()
    [first] = files_of(settings)
    files = [
        json_lines(settings.warehouse.parent / f"{n}.jsonl", [on(5, hour=11 + n), on(6, hour=n)]) for n in range(2)
    ]
    for file in files:
        deliver(settings, file)
    told, before = events(settings), files_of(settings)
    settings.warehouse.write_bytes(backup)
    for path in settings.events_folder.rglob("*.parquet"):
        os.utime(path, (time.time() - 7000,) * 2)
    assert len(tidy_days(settings, named={first}, clock=lambda: time.time() + 601)[1]) == 2
    assert named(settings) == {first}
    assert first in files_of(settings) <= before
    for file in files:
        assert not deliver(settings, file).files[0].is_known
    assert events(settings) == told
    assert named(settings) <= files_of(settings)


def test_killed_before_the_warehouse_knew_it_is_as_if_nothing_was_delivered(settings, tmp_path):
    deliver_rows(settings, [on(5)])
    before = days(settings)
    file = json_lines(tmp_path / "late.jsonl", [on(5, hour=11), on(6)])
    script = SCRIPT.replace("deliver(settings,", "import os, clarity_assets.clickstream.ingest.ingesting as i\n"
                            "i.record = lambda *a, **k: os._exit(9)\ndeliver(settings,")  # fmt: skip
    assert subprocess.run([sys.executable, "-c", script, str(tmp_path), str(file)], cwd=Path.cwd()).returncode == 9
    assert days(settings) == before
    assert len(files_of(settings)) == 3
    assert len(events(settings)) == 1
    assert deliver(settings, file).events_new == 2
    assert not (settings.events_folder / ".ingest").exists()


# --- for those who read them ----------------------------------------------------------------------------------------


def test_the_files_of_days_are_told_in_order_and_half_open(settings):
    deliver_rows(settings, [on(5), on(6), on(8)])
    with open_warehouse(settings.warehouse) as con:
        told = event_files(con, settings, start=FIVE, end=date(2026, 10, 8))
        assert [path.parent.name for path in told] == ["date=2026-10-05", "date=2026-10-06"]
        assert event_files(con, settings, start=date(2026, 10, 7), end=date(2026, 10, 8)) == []


def test_a_lost_day_file_is_told_and_nothing_is_written_over_it(settings):
    deliver_rows(settings, [on(5)])
    [file] = files_of(settings)
    (settings.events_folder / file).unlink()
    with pytest.raises(EventsMissing, match=r"is missing, and the warehouse names it; bring it back"):
        deliver_rows(settings, [on(5, hour=11)])
    with open_warehouse(settings.warehouse) as con, pytest.raises(EventsMissing):
        event_files(con, settings, start=FIVE, end=SIX)


def test_progress_is_told_by_file_and_by_day(settings, tmp_path):
    told = []
    deliver(settings, json_lines(tmp_path / "a.jsonl", [on(5), on(6)]), progress=lambda *step: told.append(step))
    assert told == [("read", 1, 1), ("land", 1, 2), ("land", 2, 2)]


# --- privacy --------------------------------------------------------------------------------------------------------

SECRETS = ("visitor-raw-1", "user-raw-2", "session-raw-3", "CLICK4", "agent-raw-5", "pw-raw-6", "query-raw-7")


def test_no_raw_id_click_id_query_string_or_user_agent_is_stored_anywhere(settings, tmp_path):
    url = "https://me:pw-raw-6@shop.example/p;jsessionid=query-raw-7?gclid=CLICK4&utm_campaign=c%26gclid%3DCLICK4&q=query-raw-7#query-raw-7"
    secret = {"visitor_id": "visitor-raw-1", "user_id": "user-raw-2", "session_id": "session-raw-3", "url": url,
              "referrer": url.replace("shop", "other"), "user_agent": "Mozilla/5.0 agent-raw-5",
              "category": "https://shop.example/c?x=query-raw-7"}  # fmt: skip
    rows = [view(**secret), view(price=-1, **secret), view(event_time="x", **secret), json.dumps(view(**secret))[:-5],
            view(**secret | {"event_type": None, "price": url})]  # fmt: skip
    deliver_rows(settings, rows)
    (tmp_path / "store.csv").write_text(
        STORE + CART.replace("7,s", "user-raw-2,session-raw-3") + "cut,user-raw-2,off\n"
    )
    deliver(settings, tmp_path / "store.csv", mapping="store")
    told = f"{events(settings)}"
    with open_warehouse(settings.warehouse) as con:
        for (table,) in con.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall():
            told += f"{con.execute(f'from {table}').fetchall()}"
        con.execute("checkpoint")
    for path in settings.events_folder.rglob("*.parquet"):
        with duckdb.connect() as con:
            told += f"{con.execute('from read_parquet(?)', [str(path)]).fetchall()}"
    raw = settings.warehouse.read_bytes()
    assert asked(settings, "select count(*) from landing.clickstream_rejected") == [(5,)]
    for secret in SECRETS:
        assert secret not in told
        assert secret.encode() not in raw


def test_an_address_as_the_id_of_an_event_or_in_its_campaign_is_not_stored(settings):
    url = "https://shop.example/?utm_source=news&utm_medium=email&utm_campaign=to-ada%40mail.example"
    other = "https://shop.example/?utm_source=x%40y.example"
    deliver_rows(settings, [on(5, event_id="ada@mail.example", url=url), on(5, event_id="plain-1", url=other)])
    assert deliver_rows(settings, [on(5, event_id="ada@mail.example")], name="b.jsonl").events_new == 0
    told = {e["event_id"]: (e["source"], e["medium"], e["campaign"]) for e in events(settings)}
    assert told.pop("plain-1") == ("(hidden)", None, None)
    [(made, campaign)] = told.items()
    assert (len(made), campaign) == (32, ("news", "email", "(hidden)"))


def test_what_a_killed_ingest_has_left_is_cleared_where_nobody_is_at_work(settings):
    clear_left(settings)
    with alone(settings) as work:
        (work / "raw.parquet").write_bytes(b"raw")
        clear_left(settings)
        assert (work / "raw.parquet").exists()
    work.mkdir()
    (work / "raw.parquet").write_bytes(b"raw")
    clear_left(settings)
    assert not work.exists()


def test_the_events_own_folder_is_for_this_user_alone(settings):
    deliver_rows(settings, [on(5)])
    assert settings.events_folder.stat().st_mode & 0o077 == 0


def test_the_id_of_an_event_cannot_be_guessed_from_what_it_tells(tmp_path):
    told = set()
    for name in "ab":
        (tmp_path / name).mkdir()
        settings = settings_of(tmp_path / name)
        deliver_rows(settings, [on(5)])
        told.add(event(settings)["event_id"])
    assert len(told) == 2
    assert all(len(one) == 32 for one in told)


def test_times_of_the_ledger_are_the_clock_s(settings):
    deliver_rows(settings, [on(5), on(5, price=-1)])
    at = datetime(2026, 11, 21, 12)
    assert asked(settings, "select ingested_at from ops.clickstream_file") == [(at,)]
    assert asked(settings, "select rejected_at from landing.clickstream_rejected") == [(at,)]
