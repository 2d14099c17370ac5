"""Lines of the log: whole whoever writes, private, without secrets, compressed a day later and deleted in time."""

import gzip
import json
import multiprocessing
import os
import stat
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from filelock import FileLock
from pydantic import SecretStr

from clarity_assets.demo.token import make_token
from clarity_assets.operations.logs import log_event, tidy_logs
from clarity_assets.settings import Settings
from clarity_assets_tests.fixtures.collecting import FIRST_DAY, TOKEN, make_settings

NOW = datetime(2026, 10, 4, 1, 0, 5, tzinfo=UTC)
PROCESSES, LINES = 8, 1_000


@pytest.fixture
def settings(tmp_path) -> Settings:
    return make_settings(tmp_path, now=NOW)


def lines(settings: Settings, kind: str = "api") -> list[dict]:
    told = (settings.logs_folder / f"{kind}-{NOW:%Y-%m-%d}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in told if line]


def test_a_line_tells_when_who_and_what(settings):
    assert log_event(
        settings, "audit", event="exported", files=[Path("a.csv")], day=FIRST_DAY, at_once=True, took_s=0.5
    )
    assert lines(settings, "audit") == [{
        "at": "2026-10-04T01:00:05Z", "kind": "audit", "project_id": "test", "pid": os.getpid(), "event": "exported",
        "files": ["a.csv"], "day": f"{FIRST_DAY}", "at_once": True, "took_s": 0.5,
    }]  # fmt: skip


def test_the_file_and_its_folder_are_private(settings):
    log_event(settings, "run", event="started")
    [path] = settings.logs_folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def write_lines(settings: Settings, worker: int) -> None:
    for i in range(LINES):
        log_event(settings, "api", worker=worker, line=i, text="é" * (i % 500))


def test_lines_of_many_processes_stay_whole(settings):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=write_lines, args=(settings, worker)) for worker in range(PROCESSES)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * PROCESSES
    found = lines(settings)
    assert {(line["worker"], line["line"]) for line in found} == {
        (w, i) for w in range(PROCESSES) for i in range(LINES)
    }
    assert len(found) == PROCESSES * LINES
    assert all(line["text"] == "é" * (line["line"] % 500) for line in found)


def test_a_line_that_was_cut_does_not_spoil_the_next(settings):
    log_event(settings, "api", line=1)
    [path] = settings.logs_folder.iterdir()
    with path.open("ab") as file:
        file.write(b'{"at": "2026-10-')
    log_event(settings, "api", line=2)
    told = path.read_text().splitlines()
    assert [json.loads(told[0])["line"], json.loads(told[2])["line"]] == [1, 2]
    assert len(told) == 3


def test_a_log_that_cannot_be_written_is_told_once_and_stops_nothing(settings, capsys):
    settings.logs_folder.write_text("a file where the folder should be")
    assert not log_event(settings, "api", line=1)
    assert not log_event(settings, "api", line=2)
    told = capsys.readouterr().err
    assert told.count("cannot be written") == 1
    assert '"line":1' in told
    assert "CLARITY_LOGS" in told


def test_a_full_disk_is_told_and_stops_nothing(settings, capsys):
    settings.logs_folder.mkdir()
    (settings.logs_folder / f"api-{NOW:%Y-%m-%d}.jsonl").symlink_to("/dev/full")
    assert not log_event(settings, "api", line=1)
    assert "cannot be written" in capsys.readouterr().err


def test_a_link_is_not_followed(settings, tmp_path):
    settings.logs_folder.mkdir()
    (settings.logs_folder / f"run-{NOW:%Y-%m-%d}.jsonl").symlink_to(tmp_path / "elsewhere")
    assert not log_event(settings, "run", line=1)
    assert not (tmp_path / "elsewhere").exists()


# --- secrets ------------------------------------------------------------------------------------------------------

SECRETS = {
    "Bearer abcdef123456": "abcdef123456",
    "mailtos://ann:pa55word@mail.example?to=a@b.c": "pa55word",
    "slack://T0AAAAAAA/B0AAAAAAA/cccccccccccc": "cccccccccccc",
    "tgram://123456789:AAAAAAA_secret/12345/": "AAAAAAA_secret",
    "https://hooks.slack.com/services/T00/B00/XXXXXXX": "XXXXXXX",
    "https://api.telegram.org/bot123:ZZZZZZZ/sendMessage": "ZZZZZZZ",
    "https://user:hunter22@host.example/path": "hunter22",
    "https://shop.example/cart?email=ann@example.com#x": "ann@example.com",
}


@pytest.mark.parametrize("text", SECRETS)
def test_credentials_in_a_text_are_hidden(settings, text):
    log_event(settings, "run", error=f"failed at {text} with 500", nested={"list": [text, Exception(text)]})
    raw = (settings.logs_folder / f"run-{NOW:%Y-%m-%d}.jsonl").read_text()
    assert SECRETS[text] not in raw
    assert "failed at" in raw


def test_no_part_of_a_token_is_told(settings):
    token = make_token(expires_at=NOW)
    log_event(
        settings, "api", error=f"token {token} refused", token=SecretStr(token), header=f"Authorization: Bearer {token}"
    )
    raw = (settings.logs_folder / f"api-{NOW:%Y-%m-%d}.jsonl").read_text()
    assert not any(part in raw for part in token.split("."))


def test_what_the_settings_hold_as_secret_is_hidden_in_whatever_form(tmp_path):
    settings = make_settings(tmp_path, now=NOW, backup_key=SecretStr("correct horse battery"),
                             alert_to=SecretStr("mailtos://ann:xyzzy42x@mail.example"))  # fmt: skip
    log_event(settings, "run", error="key correct horse battery, password xyzzy42x, token " + TOKEN.get_secret_value())
    [line] = lines(settings, "run")
    assert line["error"] == "key (hidden), password (hidden), token (hidden)"


def test_a_long_text_is_cut(settings):
    log_event(settings, "run", error="x" * 10_000)
    assert lines(settings, "run")[0]["error"] == "x" * 2_000 + "… (10,000 characters)"


# --- old files ----------------------------------------------------------------------------------------------------


def log_on(settings: Settings, day: date, text: str) -> None:
    log_event(settings, "api", now=datetime.combine(day, datetime.min.time(), UTC), text=text)


def packed(settings: Settings, day: date) -> list[str]:
    raw = gzip.decompress((settings.logs_folder / f"api-{day}.jsonl.gz").read_bytes())
    return [json.loads(line)["text"] for line in raw.splitlines()]


def test_days_before_today_are_compressed_and_today_is_not(settings):
    yesterday = date(2026, 10, 3)
    log_on(settings, yesterday, "old")
    log_on(settings, NOW.date(), "new")
    assert tidy_logs(settings).compressed == ("api-2026-10-03.jsonl",)
    assert sorted(p.name for p in settings.logs_folder.glob("api*")) == [
        "api-2026-10-03.jsonl.gz",
        "api-2026-10-04.jsonl",
    ]
    assert packed(settings, yesterday) == ["old"]
    assert stat.S_IMODE((settings.logs_folder / "api-2026-10-03.jsonl.gz").stat().st_mode) == 0o600


def test_a_line_that_comes_late_is_added(settings):
    yesterday = date(2026, 10, 3)
    for text in ("first", "late", "later still"):
        log_on(settings, yesterday, text)
        tidy_logs(settings)
    assert packed(settings, yesterday) == ["first", "late", "later still"]


@pytest.mark.parametrize("was_packed", [False, True])
def test_a_run_that_was_ended_between_is_finished_without_a_line_lost_or_twice(settings, was_packed):
    yesterday = date(2026, 10, 3)
    log_on(settings, yesterday, "first")
    path = settings.logs_folder / "api-2026-10-03.jsonl"
    if was_packed:
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.rename(path.with_name(f"{path.name}.closed"))
    log_on(settings, yesterday, "late")
    (settings.logs_folder / "api-2026-10-03.jsonl.half").write_bytes(b"half")
    tidy_logs(settings)
    assert packed(settings, yesterday) == ["first", "late"]
    assert not list(settings.logs_folder.glob("*.closed"))


def test_files_older_than_the_setting_go_and_all_others_stay(settings):
    folder = settings.logs_folder
    folder.mkdir()
    names = ["api-2026-09-03.jsonl", "run-2026-09-03.jsonl.gz", "audit-2020-01-01.jsonl.closed"]
    stay = [
        "api-2026-09-04.jsonl.gz",
        "other-2026-09-03.jsonl",
        "api-2026-13-01.jsonl",
        "notes.txt",
        "api-2027-01-01.jsonl",
    ]
    for name in (*names, *stay):
        (folder / name).write_bytes(b"")
    assert sorted(tidy_logs(settings).deleted) == sorted(names)
    assert sorted(p.name for p in folder.iterdir() if not p.name.startswith(".")) == sorted(stay)


def test_one_tidies_at_a_time(settings):
    log_on(settings, date(2026, 10, 3), "old")
    with FileLock(settings.logs_folder / ".tidy.lock"):
        assert tidy_logs(settings).compressed == ()


def test_there_may_be_no_logs(settings):
    assert tidy_logs(settings).deleted == ()
    assert not settings.logs_folder.exists()
