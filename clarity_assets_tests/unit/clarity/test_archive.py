"""Kept answers in every form that tools leave them in, and what is refused with which words."""

from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from clarity_assets.clarity.archive import END_KEYS, LENGTH_KEYS, Archived, ArchiveReader, files_of, save_envelope
from clarity_assets.clarity.requests import STANDARD_REQUESTS, all_requests
from clarity_assets.clarity.store import Answer
from clarity_assets.errors import ImportRefused

NOW = datetime(2026, 9, 10, tzinfo=UTC)
END = datetime(2026, 9, 6, 3, 30, tzinfo=UTC)


def answer(sessions: int = 5, **keys) -> list:
    """A short answer: one row of traffic with these dimension keys."""
    return [{"metricName": "Traffic", "information": [{"totalSessionCount": sessions, **keys}]}]


BASE = answer()
EMPTY = [{"metricName": "Traffic", "information": []}, {"metricName": "DeadClickCount", "information": []}]


def reader(extras: str = "", **options) -> ArchiveReader:
    return ArchiveReader(all_requests(extras=extras), NOW, **options)


def write(folder: Path, value: object, name: str = "kept.json") -> Path:
    path = folder / name
    path.write_bytes(value if isinstance(value, bytes) else orjson.dumps(value))
    return path


def told(found: list[Archived]) -> list[tuple]:
    return [(a.request.name, a.num_of_days, a.window_end, a.window_end_source) for a in found]


# --- forms ----------------------------------------------------------------------------------------------------------


def test_a_bare_answer_takes_window_and_length_from_the_options(tmp_path):
    found = reader(window_end="2026-09-06T03:30Z", num_of_days=3).read(write(tmp_path, BASE))
    assert told(found) == [("base", 3, END, "given")]
    assert orjson.loads(found[0].body) == BASE
    assert found[0].origin == "kept.json"


@pytest.mark.parametrize("key", END_KEYS)
def test_an_envelope_tells_the_window_s_end_by_many_names(tmp_path, key):
    found = reader(num_of_days=1).read(write(tmp_path, {key: "2026-09-06T03:30:00Z", "answer": BASE}))
    assert told(found) == [("base", 1, END, "file")]


@pytest.mark.parametrize("key", LENGTH_KEYS)
@pytest.mark.parametrize("length", [2, "2", " 2 "])
def test_an_envelope_tells_the_length_by_many_names_and_as_text(tmp_path, key, length):
    path = write(tmp_path, {"window_end": "2026-09-06T03:30Z", key: length, "answer": BASE})
    assert told(reader(num_of_days=1).read(path)) == [("base", 2, END, "file")]


@pytest.mark.parametrize("key", ["answer", "data", "response", "body", "result", "metrics"])
def test_an_envelope_holds_the_answer_by_many_names(tmp_path, key):
    path = write(tmp_path, {"window_end": "2026-09-06T03:30Z", "num_of_days": 1, key: BASE})
    assert [orjson.loads(a.body) for a in reader().read(path)] == [BASE]


@pytest.mark.parametrize(
    "text",
    [
        "2026-09-06T03:30:00Z", "2026-09-06T03:30:00.123456Z", "2026-09-06 03:30:00+00:00", "2026-09-06T05:30+02:00",
        "2026-09-06T03:30", "20260906T033000Z", " 2026-09-06T03:30Z ", "2026-09-06T03-30-00Z",
    ],
)  # fmt: skip
def test_an_instant_is_read_in_any_iso_spelling_and_offset(tmp_path, text):
    path = write(tmp_path, {"window_end": text, "num_of_days": 1, "answer": BASE})
    assert [a.window_end for a in reader().read(path)] == [END]


def test_a_list_of_envelopes_gives_each_answer_with_its_place(tmp_path):
    device = answer(Device="PC")
    path = write(tmp_path, [
        {"window_end": "2026-09-06T03:30Z", "num_of_days": 1, "answer": BASE},
        {"window_end": "2026-09-06T03:30Z", "num_of_days": 3, "answer": device},
    ])  # fmt: skip
    found = reader().read(path)
    assert told(found) == [("base", 1, END, "file"), ("device", 3, END, "file")]
    assert [a.origin for a in found] == ["kept.json#1", "kept.json#2"]


def test_a_list_of_bare_answers_of_one_call_time_is_read(tmp_path):
    path = write(tmp_path, [BASE, answer(Device="PC"), answer(Country="Chile")])
    found = reader(window_end="2026-09-06T03:30Z", num_of_days=1).read(path)
    assert [a.request.name for a in found] == ["base", "device", "country"]


def test_answers_by_date_are_completed_by_a_time_of_day(tmp_path):
    path = write(tmp_path, {"2026-09-05": BASE, "2026-09-06": answer(6)})
    found = reader(window_end="03:30", num_of_days=3).read(path)
    assert told(found) == [("base", 3, END.replace(day=5), "given"), ("base", 3, END, "given")]
    assert [a.origin for a in found] == ["kept.json#2026-09-05", "kept.json#2026-09-06"]


@pytest.mark.parametrize(
    ("option", "end"),
    [
        ("03:30", END),
        ("03:30:00", END),
        ("03:30Z", END),
        ("05:30+02:00", END),
        ("22:30-05:00", END.replace(day=7)),  # half past three UTC on the day after
    ],
)
def test_a_time_of_day_has_its_own_offset(tmp_path, option, end):
    path = write(tmp_path, {"2026-09-06": BASE})
    assert [a.window_end for a in reader(window_end=option, num_of_days=3).read(path)] == [end]


def test_answers_by_instant_need_no_option_for_their_end(tmp_path):
    path = write(tmp_path, {"2026-09-06T03:30:00Z": BASE, "2026-09-05T03:31:07Z": answer(6)})
    assert told(reader(num_of_days=1).read(path)) == [
        ("base", 1, END, "file"),
        ("base", 1, datetime(2026, 9, 5, 3, 31, 7, tzinfo=UTC), "file"),
    ]


@pytest.mark.parametrize(
    ("name", "options", "end", "source"),
    [
        ("site-2026-09-06.json", {"window_end": "03:30"}, END, "given"),
        ("2026-09-01-to-2026-09-06.json", {"window_end": "03:30"}, END, "given"),  # the last date counts
        ("base-2026-09-06T03-30-00Z.json", {}, END, "file"),
        ("base-2026-09-06T0330.json", {"window_end": "04:00"}, END, "file"),
        ("base-2026-09-06T0330.json", {"window_end": "2026-09-06T04:00Z"}, END.replace(hour=4, minute=0), "given"),
    ],
)
def test_a_date_or_instant_in_the_file_s_name_is_used(tmp_path, name, options, end, source):
    found = reader(num_of_days=1, **options).read(write(tmp_path, BASE, name))
    assert told(found) == [("base", 1, end, source)]


def test_a_byte_order_mark_does_not_matter(tmp_path):
    path = write(tmp_path, b"\xef\xbb\xbf" + orjson.dumps(BASE))
    assert len(reader(window_end="2026-09-06T03:30Z", num_of_days=1).read(path)) == 1


def test_a_saved_envelope_is_read_without_any_option(tmp_path):
    kept = Answer("shop", "url_device", 2, END, "server", END, "api", orjson.dumps(BASE), 1)
    path = save_envelope(kept, tmp_path / "rescued")
    assert path.stat().st_mode & 0o777 == 0o600
    assert told(reader().read(path)) == [("url_device", 2, END, "file")]


def test_files_of_a_folder_come_in_order_from_all_depths(tmp_path):
    (tmp_path / "deep").mkdir()
    for name in ("b.json", "a.JSON", "notes.txt", "deep/c.json"):
        (tmp_path / name).write_text("[]")
    assert [str(p.relative_to(tmp_path)) for p in files_of(tmp_path)] == ["a.JSON", "b.json", "deep/c.json"]
    assert files_of(tmp_path / "notes.txt") == [tmp_path / "notes.txt"]


# --- which request ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("request_", STANDARD_REQUESTS, ids=lambda r: r.name)
def test_the_request_is_told_by_the_dimensions_in_the_rows_whatever_their_case(tmp_path, request_):
    keys = {("url" if d == "URL" else d.upper()): "x" for d in request_.dimensions}
    found = reader(window_end="2026-09-06T03:30Z", num_of_days=1).read(write(tmp_path, answer(**keys)))
    assert [a.request for a in found] == [request_]


def test_an_extra_request_is_found_by_its_dimensions(tmp_path):
    path = write(tmp_path, answer(Channel="Direct", Campaign=None))
    found = reader("Campaign+Channel", window_end="2026-09-06T03:30Z", num_of_days=1).read(path)
    assert [a.request.name for a in found] == ["campaign_channel"]


def test_the_request_of_an_empty_answer_is_given_by_option_or_envelope(tmp_path):
    given = {"window_end": "2026-09-06T03:30Z", "num_of_days": 1}
    assert [a.request.name for a in reader(request="country", **given).read(write(tmp_path, EMPTY))] == ["country"]
    path = write(tmp_path, given | {"request": "device", "answer": EMPTY})
    assert [a.request.name for a in reader().read(path)] == ["device"]


def test_a_request_that_is_no_name_leaves_it_to_the_rows(tmp_path):
    path = write(tmp_path, {"window_end": "2026-09-06T03:30Z", "num_of_days": 1,
                            "request": {"dimension1": "Device"}, "answer": answer(Device="PC")})  # fmt: skip
    assert [a.request.name for a in reader().read(path)] == ["device"]


# --- refusals -----------------------------------------------------------------------------------------------------------

COMPLETE = {"window_end": "2026-09-06T03:30Z", "num_of_days": 1, "answer": BASE}


@pytest.mark.parametrize(
    ("value", "options", "words"),
    [
        (BASE, {"num_of_days": 1}, r"kept.json: the window's end is unknown; give --window-end as an instant"),
        (BASE, {"num_of_days": 1, "window_end": "03:30"}, "the window's end is unknown"),
        ({"2026-09-06": BASE}, {"num_of_days": 1}, "kept.json#2026-09-06: only the date 2026-09-06 is known"),
        ({"latest": BASE}, {"num_of_days": 1, "window_end": "03:30"}, "'latest' is neither an ISO instant nor a date"),
        (COMPLETE | {"window_end": "2026-09-06 03:30 UTC"}, {"window_end": "04:00"}, "is neither an ISO instant nor"),
        (COMPLETE | {"window_end": 1788665400}, {}, "1788665400 is neither an ISO instant nor a date"),
        (COMPLETE | {"window_end": "2026-09-10T00:00:01Z"}, {}, r"2026-09-10 00:00:01 UTC lies in the future"),
        (COMPLETE | {"window_end": "1026-09-06T03:30Z"}, {}, "1026-09-06T03:30:00.* before Clarity began"),
        (COMPLETE | {"window_end": "0001-01-01T00:00+01:00"}, {}, "is neither an ISO instant nor a date"),
        (COMPLETE | {"num_of_days": None}, {}, "number of days is None; give --num-of-days 1, 2 or 3"),
        *((COMPLETE | {"num_of_days": n}, {}, "number of days is ") for n in (0, 4, -1, 1.0, True, "three", [1])),
        (COMPLETE | {"request": "sessions"}, {}, "request 'sessions' is not known; known are browser_device"),
        (COMPLETE | {"answer": EMPTY}, {}, r"nothing tells the request; give --request browser_device\|"),
        (COMPLETE | {"answer": []}, {}, "nothing tells the request"),
        (COMPLETE | {"answer": [{"metricName": "Traffic", "information": 5}]}, {}, "nothing tells the request"),
        (COMPLETE | {"answer": [{"metricName": "Traffic", "information": [1, "x"]}]}, {}, "nothing tells the request"),
        (
            COMPLETE | {"answer": answer(Channel="Direct", Campaign="x")},
            {},
            "no request has the dimensions Campaign.Channel; add Campaign.Channel to CLARITY_EXTRA_REQUESTS",
        ),
        (b"", {}, "kept.json: is no JSON"),
        (b"<html>busy</html>", {}, "is no JSON"),
        (b'[{"metricName": "Traffic", "infor', {}, "is no JSON"),
        (b"\x00\xff\xfe\x89PNG\r\n", {}, "is no JSON"),
        (orjson.dumps(BASE).decode().encode("utf-16"), {}, "is no JSON"),
        (b"[" * 990 + b"]" * 990, {}, "holds no Clarity answer"),
        *((value, {}, "holds no Clarity answer") for value in (5, "text", None, [], {}, [[]], [1], {"a": 1}, [BASE, 5])),
        ([COMPLETE, {"message": "busy"}], {}, "kept.json#2: holds no Clarity answer"),
    ],
)  # fmt: skip
def test_what_cannot_be_placed_is_refused_with_file_place_and_next_step(tmp_path, value, options, words):
    with pytest.raises(ImportRefused, match=words):
        reader(**options).read(write(tmp_path, value))


@pytest.mark.parametrize(
    ("value", "name"), [({"2026-09-05": BASE, "2026-09-06": BASE}, "kept.json"), (BASE, "kept-2026-09-05.json")]
)
def test_one_instant_for_answers_of_another_date_is_refused(tmp_path, value, name):
    """Else a whole series would be stored as if all were asked at once."""
    with pytest.raises(ImportRefused, match="2026-09-06T03:30Z is not on 2026-09-05, the date that stands there"):
        reader(window_end="2026-09-06T03:30Z", num_of_days=3).read(write(tmp_path, value, name))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"window_end": "nonsense"}, "--window-end 'nonsense' is neither an ISO instant with a time nor a time of day"),
        ({"window_end": "2026-09-06"}, "'2026-09-06' is neither"),
        ({"window_end": "2026"}, "'2026' is neither"),
        ({"window_end": "25:00"}, "'25:00' is neither"),
        ({"window_end": ""}, "'' is neither"),
        ({"num_of_days": 4}, "number of days is 4"),
        ({"request": "sessions"}, "request 'sessions' is not known"),
    ],
)
def test_an_option_that_no_file_could_use_is_refused_before_any_is_read(options, words):
    with pytest.raises(ImportRefused, match=words):
        reader(**options)


def test_what_cannot_be_read_is_refused_with_its_reason(tmp_path):
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere")
    for name, words in (("folder.json", "Is a directory"), ("gone.json", "No such file")):
        with pytest.raises(ImportRefused, match=rf"{name}: cannot be read \({words}"):
            reader().read(tmp_path / name)


def test_a_folder_without_answers_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("none")
    with pytest.raises(ImportRefused, match=r"holds no \.json file"):
        files_of(tmp_path)
