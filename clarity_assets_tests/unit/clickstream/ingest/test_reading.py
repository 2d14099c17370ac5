"""Files as they come: JSON lines, CSV, Parquet, packed or not; what cannot be read is told, row by row or whole."""

import gzip
import json
from datetime import datetime

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from clarity_assets.clickstream.ingest.troubles import FileUnreadable
from clarity_assets_tests.unit.clickstream.ingest.shop import (
    asked,
    csv_text,
    days,
    deliver,
    deliver_rows,
    event,
    events,
    json_lines,
    rejected,
    view,
)

ROWS = [view(product_id=f"p{i}", event_time=f"2026-10-05T10:00:{i:02}Z", price=f"{i}.5") for i in range(10)]
STORE_HEADER = "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session"
STORE_ROW = "2026-10-05 10:00:00 UTC,view,1,2,a.b,x,9.50,7,s"


def unreadable(settings, path, mapping: str = "events") -> str:
    """Why the file cannot be read; nothing of it was landed."""
    done = deliver(settings, path, mapping=mapping)
    assert done.files == ()
    assert days(settings) == {}
    assert asked(settings, "select count(*) from ops.clickstream_file") == [(0,)]
    [error] = done.unreadable.values()
    assert isinstance(error, FileUnreadable)
    return f"{error}"


def write_parquet(path, rows=ROWS):
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def content_of(name: str) -> bytes:
    if "csv" in name:
        return csv_text(ROWS).encode()
    if "parquet" in name:
        sink = pa.BufferOutputStream()
        pq.write_table(pa.Table.from_pylist(ROWS), sink)
        return sink.getvalue().to_pybytes()
    return b"".join(orjson.dumps(row) + b"\n" for row in ROWS)


# --- kinds of files -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.json", "a.csv", "a.parquet"])
@pytest.mark.parametrize("packed", ["", ".gz", ".zst"])
def test_the_same_rows_are_the_same_events_whatever_holds_them(settings, tmp_path, name, packed):
    deliver_rows(settings, ROWS[::-1], name="first.jsonl")
    before = days(settings)
    content = content_of(name)
    pack = {"": lambda b: b, ".gz": gzip.compress, ".zst": zstandard.compress}[packed]
    file = tmp_path / f"{name}{packed}"
    file.write_bytes(pack(content))
    [done] = deliver(settings, file).files
    assert (done.rows_read, done.events_new, done.events_known, done.rows_rejected) == (10, 0, 10, 0)
    assert days(settings) == before


def test_a_packed_file_may_be_several_one_after_another(settings, tmp_path):
    lines = [orjson.dumps(row) + b"\n" for row in ROWS]
    for name, pack in (("a.jsonl.gz", gzip.compress), ("b.jsonl.zst", zstandard.compress)):
        (tmp_path / name).write_bytes(b"".join(pack(line) for line in lines))
        assert deliver(settings, tmp_path / name).rows_read == 10


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_any_line_end_and_a_byte_order_mark_are_fine_in_csv(settings, tmp_path, newline, mark):
    (tmp_path / "a.csv").write_bytes(mark + csv_text(ROWS, newline=newline).encode())
    [done] = deliver(settings, tmp_path / "a.csv").files
    assert (done.events_new, done.rows_rejected) == (10, 0)


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_line_ends_of_both_kinds_in_one_file_are_fine(settings, tmp_path, name):
    first, second = content_of(name)[:-1].replace(b"\n", b"\r\n"), b"".join(content_of(name).splitlines(True)[-1:])
    (tmp_path / name).write_bytes(first + b"\n" + second)
    [done] = deliver(settings, tmp_path / name).files
    assert (done.rows_read, done.events_new, done.rows_rejected) == (11, 10, 0)


def test_a_byte_order_mark_and_windows_lines_are_fine_in_json(settings, tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"\xef\xbb\xbf" + content_of("a.jsonl").replace(b"\n", b"\r\n"))
    assert deliver(settings, tmp_path / "a.jsonl").events_new == 10


def test_text_of_any_script_and_quoted_line_breaks_survive(settings, tmp_path):
    name = 'Lämpchen "groß",\n灯 🛋️'
    (tmp_path / "a.csv").write_text(csv_text([view(product_id=name)]), encoding="utf-8", newline="")
    deliver(settings, tmp_path / "a.csv")
    assert event(settings)["product_id"] == name
    json_lines(tmp_path / "a.jsonl", [view(product_id=name)])
    assert deliver(settings, tmp_path / "a.jsonl").events_known == 1


def test_tabs_separate_in_a_tsv(settings, tmp_path):
    (tmp_path / "a.tsv").write_text(csv_text(ROWS, delimiter="\t"))
    assert deliver(settings, tmp_path / "a.tsv").events_new == 10


def test_odd_names_of_files_are_names_and_no_patterns(settings, tmp_path):
    for number, name in enumerate(["a[1].jsonl", "b*?.jsonl", "it's.jsonl", "ä ö.jsonl"]):
        json_lines(tmp_path / name, [view(product_id=f"{number}")])
        assert deliver(settings, tmp_path / name).events_new == 1


@pytest.mark.parametrize("content", [b"", b"\n\n"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.csv.gz"])
def test_an_empty_file_is_fine(settings, tmp_path, name, content):
    if name == "a.csv.gz":
        content = gzip.compress(csv_text(ROWS).splitlines(True)[0].encode() if content else b"")
    (tmp_path / name).write_bytes(content)
    [done] = deliver(settings, tmp_path / name).files
    assert (done.rows_read, done.events_new, done.rows_rejected, done.days) == (0, 0, 0, ())
    assert deliver(settings, tmp_path / name).files[0].is_known


def test_folders_are_searched_and_what_is_no_file_of_events_is_left_alone(settings, tmp_path, caplog):
    inner = tmp_path / "in" / "deep"
    inner.mkdir(parents=True)
    json_lines(inner / "a.jsonl", ROWS[:5])
    json_lines(inner.parent / "b.jsonl", ROWS[5:])
    (inner / ".hidden.jsonl").write_text("x")
    (inner / "readme.md").write_text("x")
    done = deliver(settings, tmp_path / "in")
    assert [file.path.name for file in done.files] == ["b.jsonl", "a.jsonl"]
    assert done.events_new == 10
    assert done.left_out == (inner / "readme.md",)
    assert "1 files left out, whose names are none of a file of events: readme.md" in caplog.text


# --- typed and nested Parquet ---------------------------------------------------------------------------------------


def test_typed_columns_of_parquet_are_taken_as_they_are_meant(settings, tmp_path):
    at = datetime(2026, 10, 5, 10, 0, 0, 123456)
    row = {
        "event_time": at,
        "event_type": "purchase",
        "visitor_id": 13085.0,
        "product_id": 22,
        "price": 1.25,
        "quantity": 3,
    }
    write_parquet(tmp_path / "a.parquet", [row, row | {"visitor_id": None}])
    [done] = deliver(settings, tmp_path / "a.parquet").files
    told = event(settings)
    assert told["event_at"] == at
    assert (told["product_id"], told["price"], told["quantity"]) == ("22", 1.25, 3.0)
    assert done.rejected[0].rule == "visitor_id or user_id is missing"
    deliver_rows(settings, [view(visitor_id="13085")])
    assert {row["visitor_id"] for row in events(settings)} == {told["visitor_id"]}


def test_columns_of_parquet_may_be_called_as_ours_within(settings, tmp_path):
    rows = [
        row | {"row_number": 9, "item": "x", "broken": "yes", "items": [1], "doc": "d", "v": 1, "told_host": "h"}
        for row in ROWS
    ]
    write_parquet(tmp_path / "a.parquet", rows)
    [done] = deliver(settings, tmp_path / "a.parquet").files
    assert (done.events_new, done.rows_rejected) == (10, 0)


# --- rows that are none ---------------------------------------------------------------------------------------------


BAD = [
    ({"event_time": None}, "event_time is missing"),
    ({"event_time": "yesterday"}, "event_time is no time (ISO 8601): 'yesterday'"),
    ({"event_time": "2026-02-30T00:00:00Z"}, "event_time is no time (ISO 8601): '2026-02-30T00:00:00Z'"),
    ({"event_time": "1999-12-31T23:59:59Z"}, "event_time lies before 2000: '1999-12-31T23:59:59Z'"),
    ({"event_time": "2026-11-22T12:00:01Z"}, "event_time lies more than a day in the future: '2026-11-22T12:00:01Z'"),
    ({"event_time": "infinity"}, "event_time is no time (ISO 8601): 'infinity'"),
    ({"event_type": None}, "event_type is missing"),
    ({"event_type": " "}, "event_type is missing"),
    ({"event_type": "???"}, "event_type has neither letter nor digit: '???'"),
    ({"visitor_id": ""}, "visitor_id or user_id is missing"),
    ({"price": "cheap"}, "price is no number: 'cheap'"),
    ({"price": "NaN"}, "price is no number: 'NaN'"),
    ({"price": -0.01}, "price is negative: '-0.01'"),
    ({"quantity": "1,5"}, "quantity is no number: '1,5'"),
    ({"quantity": -1}, "quantity is negative: '-1'"),
    ({"rating": "five"}, "rating is no number: 'five'"),
    ({"price": "x" * 50}, f"price is no number: '{'x' * 40}…'"),
    ({"price": "ada@shop.example"}, "price is no number: (hidden)"),
]


@pytest.mark.parametrize(("wrong", "reason"), BAD, ids=[reason[:40] for _, reason in BAD])
def test_a_row_that_breaks_a_rule_is_rejected_with_value_and_rule(settings, wrong, reason):
    done = deliver_rows(settings, [view(), view(product_id="sofa") | wrong, view(product_id="desk")])
    assert (done.rows_read, done.events_new, done.rows_rejected) == (3, 2, 1)
    assert [told[:2] for told in rejected(settings)] == [(2, reason)]
    assert done.rejected[0].example == reason
    assert done.rejected[0].row_number == 2


@pytest.mark.parametrize("fine", [
    {"event_time": "2026-11-22T12:00:00Z"}, {"event_time": "2000-01-01"}, {"price": 0}, {"price": "1e2"}, {"quantity": 0.5},
    {"event_time": "2026-10-05 10:00:00 UTC"}, {"event_time": "2026-10-05T12:00:00.123456+0200"}, {"event_time": "2026-10-05T10:00z"},
    {"event_time": "2026-10-05 12:00:00 Europe/Berlin"}, {"event_time": "2026-10-05 12:00:00 America/La_Paz"},
])  # fmt: skip
def test_the_edge_of_what_is_allowed_is_allowed(settings, fine):
    done = deliver_rows(settings, [view(**fine)])
    assert (done.events_new, done.rejected) == (1, ())


@pytest.mark.parametrize(("text", "at"), [
    ("2026-10-05T12:00:00+02:00", "2026-10-05 10:00:00"), ("2026-10-05T12:00:00.5Z", "2026-10-05 12:00:00.500000"),
    ("2026-10-05 12:00:00 Europe/Berlin", "2026-10-05 10:00:00"), ("2026-10-05 12:00", "2026-10-05 12:00:00"),
    ("2026-10-05", "2026-10-05 00:00:00"), ("2026-10-05T01:00:00-0330", "2026-10-05 04:30:00"),
    ("2026-10-05T12:00+02", "2026-10-05 10:00:00"), ("2026-10-05 12:00:00 GMT", "2026-10-05 12:00:00"),
    ("2026-10-05 12:00:00 America/Port-au-Prince", "2026-10-05 16:00:00"), ("2026-10-5 9:05", "2026-10-05 09:05:00"),
    ("2026-10-05 12:00:00.123456789", "2026-10-05 12:00:00.123456"),
])  # fmt: skip
def test_times_are_utc_whatever_zone_they_are_told_in(settings, text, at):
    deliver_rows(settings, [view(event_time=text)])
    assert f"{event(settings)['event_at']}" == at


AMBIGUOUS = [
    "2026-10-05 10:00:00 PM", "2026-10-05 10:00 PM", "2026-10-05T10:00:00 EST", "2026-10-05T10:00:00 CEST",
    "2026-10-05T10:00:00 foo", "2026-10-05 10:00:00 GMT+2", "2026-10-05 10:00:00 UTC+2", "2026-10-05 10:00:00 Etc/GMT+5",
    "2026-10-05 10:00:00 +2", "2026-10-05 10:00:00 +5:30", "2026-10-05 10:00:00+05:30:00", "2026-10-05 10:00:00 Foo/Bar",
    "2026-10-05 10:00:00+15", "2026-10-05 10", "2026-10-05Z", "epoch",
]  # fmt: skip


def test_a_time_with_a_word_or_an_offset_that_nobody_can_read_is_no_time(settings):
    done = deliver_rows(settings, [view(event_time=text) for text in AMBIGUOUS])
    assert (done.events_new, done.rows_rejected) == (0, len(AMBIGUOUS))
    assert [reason for _, reason, _ in rejected(settings)] == [
        f"event_time is no time (ISO 8601): '{text}'" for text in AMBIGUOUS
    ]


def test_a_file_of_two_columns_instead_of_one_is_told_by_its_first_bad_row(settings):
    done = deliver_rows(settings, [view(event_time="x"), view(event_time="y"), view(price=-1)])
    assert [(r.rule, r.rows, r.row_number) for r in done.rejected] == [
        ("event_time is no time (ISO 8601)", 2, 1),
        ("price is negative", 1, 3),
    ]


def test_broken_json_lines_are_rejected_and_counted_as_rows(settings):
    rows = [
        view(),
        '{"event_time": "2026-',
        "[1, 2]",
        '"text"',
        view(price=-1),
        "{}",
        b'{"event_type": "\xff"}',
        '{"a": "\x01"}',
        view(brand="x"),
    ]
    done = deliver_rows(settings, rows)
    assert (done.rows_read, done.events_new, done.rows_rejected) == (9, 2, 7)
    assert [(number, reason) for number, reason, _ in rejected(settings)] == [
        (2, "is no JSON object (21 characters)"),
        (3, "is no JSON object (6 characters)"),
        (4, "is no JSON object (6 characters)"),
        (5, "price is negative: '-1'"),
        (6, "event_time is missing"),
        (7, "is no UTF-8 text"),
        (8, "is no JSON object: it has a control character"),
    ]


def test_lines_with_another_number_of_fields_are_rejected_and_keep_others_numbers_right(settings, tmp_path):
    bad_price = STORE_ROW.replace("9.50", "-1")
    lines = [STORE_HEADER, STORE_ROW, "too,few", STORE_ROW + ",x", bad_price, STORE_ROW, 'a,"b', *[STORE_ROW] * 3]
    (tmp_path / "a.csv").write_text("\n".join(lines[:5] + [bad_price] + lines[5:6] + ["cut,off"]))
    [done] = deliver(settings, tmp_path / "a.csv", mapping="store").files
    assert (done.rows_read, done.events_new, done.rows_rejected) == (7, 2, 5)
    assert [(number, reason) for number, reason, _ in rejected(settings)] == [
        (2, "has 2 fields where the header has 9"),
        (3, "has 10 fields where the header has 9, or more"),
        (4, "price is negative: '-1'"),
        (5, "price is negative: '-1'"),
        (7, "has 2 fields where the header has 9"),
    ]


def test_a_quote_that_nothing_closes_tells_how_many_lines_it_swallowed(settings, tmp_path):
    lines = [STORE_HEADER, STORE_ROW, STORE_ROW.replace("view,1", 'view,"1'), STORE_ROW, STORE_ROW]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    [done] = deliver(settings, tmp_path / "a.csv", mapping="store").files
    assert (done.events_new, done.rows_rejected) == (1, 1)
    assert rejected(settings)[0][:2] == (2, "has a quote that nothing closes: 3 lines")


def test_bytes_that_are_no_utf_8_are_rejected_by_row(settings, tmp_path):
    text = f"{STORE_HEADER}\n{STORE_ROW}\n{STORE_ROW.replace('x', 'Müller')}\n".encode("latin-1")
    (tmp_path / "a.csv").write_bytes(text)
    [done] = deliver(settings, tmp_path / "a.csv", mapping="store").files
    assert done.events_new == 1
    assert rejected(settings)[0][:2] == (2, "is no UTF-8 text")


def test_a_line_without_end_is_rejected_and_the_next_one_read(settings):
    done = deliver_rows(settings, [view(), '{"a": "' + "x" * 9_000_000 + '"}', view(brand="x")])
    assert (done.events_new, done.rows_rejected) == (2, 1)
    assert rejected(settings)[0][:2] == (2, "is longer than 8,000,000 bytes")


def test_a_rejected_row_is_kept_as_json_of_our_fields(settings):
    deliver_rows(settings, [view(price=-1, url="https://S.example/p?x=1", quantity=2, country="DE")])
    [(_, _, row)] = rejected(settings)
    told = json.loads(row)
    assert told.pop("visitor_id") > 1000
    assert told == {
        "event_time": "2026-10-05T10:00:00Z", "event_type": "view", "product_id": "lamp", "price": "-1", "quantity": "2",
        "page": "s.example/p", "country": "DE",
    }  # fmt: skip


# --- files that cannot be read at all -------------------------------------------------------------------------------


def test_a_name_that_says_nothing_is_refused(settings, tmp_path):
    (tmp_path / "a.xlsx").write_bytes(b"PK")
    assert "a.xlsx: the name does not say what it is; a file of events ends with .jsonl" in unreadable(
        settings, tmp_path / "a.xlsx"
    )


@pytest.mark.parametrize("cut", [0.5, 0.99])
@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".zst", zstandard.compress)])
def test_a_packed_file_that_was_cut_off_lands_nothing(settings, tmp_path, suffix, pack, cut):
    content = pack(content_of("a.jsonl") * 50)
    (tmp_path / f"a.jsonl{suffix}").write_bytes(content[: int(len(content) * cut)])
    assert "is damaged or cut off" in unreadable(settings, tmp_path / f"a.jsonl{suffix}")


def test_a_packed_file_with_a_wrong_checksum_lands_nothing(settings, tmp_path):
    content = gzip.compress(content_of("a.jsonl"))
    (tmp_path / "a.jsonl.gz").write_bytes(content[:-8] + bytes(4) + content[-4:])
    assert "is damaged or cut off (CRC check failed" in unreadable(settings, tmp_path / "a.jsonl.gz")


@pytest.mark.parametrize(("name", "content", "said"), [
    ("a.jsonl.gz", b'{"a": 1}\n', "is not packed as its ending says"),
    ("a.jsonl", b"PAR1xxxxPAR1", "is Parquet, against its name"),
    ("a.parquet", b'{"a": 1}\n', "is not Parquet, against its name"),
    ("a.parquet", b"PAR1 and then rubbish PAR1", "cannot be read as parquet"),
    ("a.csv", "event_time,x\n".encode("utf-16"), "is UTF-16; save it as UTF-8"),
    ("a.json", b'[{"a": 1}]', "is one JSON list; write an object a line"),
    ("a.csv", b"a;b;c\n1;2;3\n", "has no column event_time (event_time of mapping events), its columns are: a;b;c"),
    ("a.csv", b"event_time,event_type,price\n", "has no column visitor_id or user_id (visitor_id or user_id of mapping events)"),
    ("a.csv", b"event_time,event_type,visitor_id,event_type\n", "two columns are called 'event_type'"),
    ("a.csv", b"\xff\x00event_time\n", "its first line is no header of UTF-8 text"),
    ("a.csv", b"2026-10-05,view,ada-raw\n", "its first line is no header (it is not quoted: it may name somebody)"),
    ("a.csv", b"ada@raw.example,x,ada@raw.example\n", "its first line is no header (it is not quoted"),
    ("a.csv", b"ada-raw;2026-10-05\n", "its first line is no header (it is not quoted"),
    ("a.csv", b'{"event_time":"2026-10-05","user_id":"ada-raw"}\n', "its first line is no header (it is not quoted"),
])  # fmt: skip
def test_a_file_that_cannot_be_read_is_told_and_lands_nothing(settings, tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    told = unreadable(settings, tmp_path / name)
    assert told.startswith(f"{name}: ")
    assert said in told
    assert "raw" not in told


def test_a_file_that_is_not_there_is_told(settings, tmp_path):
    assert "a.jsonl: cannot be read: No such file" in unreadable(settings, tmp_path / "a.jsonl")


def test_one_unreadable_file_does_not_stop_the_others(settings, tmp_path):
    (tmp_path / "bad.jsonl.gz").write_bytes(b"\x1f\x8bxx")
    done = deliver(settings, tmp_path / "bad.jsonl.gz", json_lines(tmp_path / "good.jsonl", ROWS))
    assert done.events_new == 10
    assert list(done.unreadable) == [tmp_path / "bad.jsonl.gz"]


def test_columns_that_a_file_lacks_are_told(settings, tmp_path):
    (tmp_path / "a.csv").write_text("event_time,event_type,user_id\n2026-10-05,view,u1\n")
    [done] = deliver(settings, tmp_path / "a.csv").files
    assert done.events_new == 1
    assert "price" in done.missing
    assert "user_id" not in done.missing
