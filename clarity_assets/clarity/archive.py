"""Answers that somebody kept: files in, answers with their windows out; and the file form that we keep them in."""

import os
import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import orjson
import zstandard

from clarity_assets.clarity.instants import date_of, in_utc, instant_of
from clarity_assets.clarity.payload import DIMENSION_KEYS, KNOWN_BLOCKS
from clarity_assets.clarity.requests import DIMENSIONS, ClarityRequest
from clarity_assets.clarity.store import Answer
from clarity_assets.errors import ImportRefused

# Where other tools keep the window's end (the moment of the call), its length and the answer itself.
END_KEYS = (
    "window_end",
    "windowEnd",
    "fetched_at",
    "fetchedAt",
    "collected_at",
    "collectedAt",
    "timestamp",
    "date",
)
LENGTH_KEYS = ("num_of_days", "numOfDays", "days")
ANSWER_KEYS = ("answer", "data", "response", "body", "result", "metrics")

# A real capture is never older; a year typed wrong would make every day since then a day to settle.
EARLIEST_END = datetime(2018, 12, 1, tzinfo=UTC)  # Clarity's first public preview

PACKED = ".json.zst"
LONGEST_FILE = 256 << 20  # bytes, unpacked: a full-sized answer has 1.5 MB

_DATE_IN_NAME = re.compile(r"\d{4}-\d{2}-\d{2}(?:T\d{2}[-:]?\d{2}(?:[-:]?\d{2})?Z?)?")
_TIME_OF_DAY = re.compile(r"\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?")


@dataclass(frozen=True)
class Kept:
    """What our own envelope tells besides, so that the answer comes back as it was: columns of `ops.clarity_answer`."""

    project_id: str
    origin: str
    received_at: datetime
    window_end_source: str
    request_id: str | None = None
    quarantine_reason: str | None = None


@dataclass(frozen=True)
class Archived:
    """One kept answer: its JSON, and the window and request that it answers; `origin` names file and place in it."""

    body: bytes
    request: ClarityRequest
    num_of_days: int
    window_end: datetime
    window_end_source: str
    origin: str
    kept: Kept | None = None


@dataclass(frozen=True)
class ArchiveReader:
    """Reads kept answers. Options stand for what a file does not say.

    `window_end`: an ISO instant, or a time of day such as `03:30` (UTC without an offset) to complete dates in the
    file or its name. `skew_tolerance_s`: so far may the server's clock, which told the window's end of an answer that
    we kept ourselves, be ahead of `now`. Raises ImportRefused for an option that no file could use.
    """

    requests: tuple[ClarityRequest, ...]
    now: datetime
    window_end: str | None = None
    num_of_days: int | None = None
    request: str | None = None
    skew_tolerance_s: float = 0.0
    _by_name: dict[str, ClarityRequest] = field(init=False)
    _given: datetime | time | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {r.name: r for r in self.requests})
        object.__setattr__(self, "_given", _end_option(self.window_end))
        if self.num_of_days is not None:
            _checked_length(self.num_of_days)
        if self.request is not None:
            self._named(self.request)

    def read(self, path: Path) -> list[Archived]:
        """Every answer of one file: a bare answer, one in an envelope, a list of these, or {date: answer}.

        Raises ImportRefused, which names file, entry and lack; nothing of the file is to be stored then.
        """
        try:
            value = orjson.loads(_text(path).removeprefix(BOM_UTF8))
        except OSError as error:
            raise ImportRefused(f"{path}: cannot be read ({error.strerror})") from error
        except zstandard.ZstdError as error:
            raise ImportRefused(f"{path}: cannot be unpacked ({error})") from error
        except orjson.JSONDecodeError as error:
            raise ImportRefused(f"{path}: is no JSON ({error})") from None
        found = []
        for entry in _entries(value):
            try:
                found.append(self._archived(path, entry))
            except ImportRefused as error:
                raise ImportRefused(f"{path}{entry.place}: {error}") from None
        return found

    def _archived(self, path: Path, entry: "_Entry") -> Archived:
        if entry.answer is None:
            raise ImportRefused("holds no Clarity answer (a list of metric blocks, alone, in an envelope or by date)")
        end, source = self._end(path, entry)
        kept = _kept(entry.envelope.get("kept"))
        if end > self.now + timedelta(seconds=self.skew_tolerance_s if kept else 0):
            raise ImportRefused(
                f"window end {end:%Y-%m-%d %H:%M:%S} UTC lies in the future (now {self.now:%Y-%m-%d %H:%M:%S}); "
                "set the clock right, or import it later"
            )
        if end < EARLIEST_END:
            raise ImportRefused(
                f"window end {end.isoformat()} lies before {EARLIEST_END:%Y-%m-%d}, before Clarity began"
            )
        told = _first(entry.envelope, LENGTH_KEYS)
        length = _checked_length(self.num_of_days if told is None else told)
        request = self._request(entry.envelope, entry.answer)
        return Archived(orjson.dumps(entry.answer), request, length, end, source, f"{path.name}{entry.place}", kept)

    def _end(self, path: Path, entry: "_Entry") -> tuple[datetime, str]:
        """The window's end and what told it: an instant in the file, one that is given, or a date and a given time.

        What the entry tells comes before the file's name. A given instant must not contradict a date that stands there.
        """
        told, name = entry.label or _first(entry.envelope, END_KEYS), None
        if told is None and (dates := _DATE_IN_NAME.findall(path.stem)):
            told = name = dates[-1]
        instant, day = instant_of(told), date_of(told)
        if instant is not None and (name is None or not isinstance(self._given, datetime)):
            return instant, "file"
        if isinstance(self._given, datetime):
            if day not in (None, self._given.date()):
                raise ImportRefused(
                    f"--window-end {self.window_end} is not on {day}, the date that stands there; "
                    "to complete dates give a time of day (03:30, UTC)"
                )
            return self._given, "given"
        if day is not None and self._given is not None:
            return in_utc(datetime.combine(day, self._given)), "given"
        lacks = "the window's end is unknown" if told is None else f"only the date {told} is known"
        if told is not None and day is None:
            lacks = f"{told!r} is neither an ISO instant nor a date"
        raise ImportRefused(
            f"{lacks}; give --window-end as an instant (2026-08-04T03:30Z) or, beside dates, a time of day (03:30, UTC)"
        )

    def _request(self, envelope: dict, answer: list) -> ClarityRequest:
        """The request by name (option or envelope), else by the dimensions in the rows."""
        name = self.request or envelope.get("request")
        if isinstance(name, str):
            return self._named(name)
        found = _dimensions(answer)
        if found is None:
            raise ImportRefused(
                f"all metrics are empty, so nothing tells the request; give --request {'|'.join(self._by_name)}"
            )
        for request in self.requests:
            if set(request.dimensions) == found:
                return request
        wanted = "+".join(d for d in DIMENSIONS if d in found)
        raise ImportRefused(f"no request has the dimensions {wanted}; add {wanted} to CLARITY_EXTRA_REQUESTS")

    def _named(self, name: str) -> ClarityRequest:
        if name not in self._by_name:
            raise ImportRefused(f"request {name!r} is not known; known are {', '.join(self._by_name)}")
        return self._by_name[name]


def files_of(path: Path) -> list[Path]:
    """The file itself, or the .json and .json.zst files below a folder, in order. Raises ImportRefused for none."""
    if not path.is_dir():
        return [path]
    found = sorted(p for p in path.rglob("*") if p.name.lower().endswith((".json", PACKED)))
    if not found:
        raise ImportRefused(f"{path}: holds no .json file")
    return found


def save_envelope(answer: Answer, folder: Path, *, is_packed: bool = False) -> Path:
    """Write one answer as a file that `ArchiveReader` reads without options; returns its path. Raises OSError.

    `is_packed`: as .json.zst. The file is private, durable, and there whole or not at all.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{answer.answer_id}{PACKED if is_packed else '.json'}"
    kept = Kept(
        answer.project_id, answer.origin, answer.received_at.astimezone(UTC), answer.window_end_source,
        answer.request_id, answer.quarantine_reason,
    )  # fmt: skip
    told = orjson.dumps({
        "request": answer.request,
        "num_of_days": answer.num_of_days,
        "window_end": answer.window_end.astimezone(UTC).isoformat(),
        "kept": asdict(kept),
        "answer": orjson.loads(answer.stored),
    })  # fmt: skip
    half = folder / f"{answer.answer_id}.half"
    try:
        half.touch(mode=0o600)
        with half.open("wb") as stream:
            stream.write(zstandard.ZstdCompressor(level=9).compress(told) if is_packed else told)
            stream.flush()
            os.fsync(stream.fileno())
        return half.replace(path)
    finally:
        half.unlink(missing_ok=True)


def _text(path: Path) -> bytes:
    """The file's bytes, unpacked. Raises OSError, ZstdError, and ImportRefused where it unpacks to too much."""
    with path.open("rb") as stream:
        if not path.name.lower().endswith(".zst"):
            return stream.read()
        told = zstandard.ZstdDecompressor().stream_reader(stream, closefd=False).read(LONGEST_FILE + 1)
    if len(told) > LONGEST_FILE:
        raise ImportRefused(f"{path}: unpacks to more than {LONGEST_FILE:,} bytes")
    return told


def _kept(told: object) -> Kept | None:
    """What our own envelope tells; None for all others. Raises ImportRefused where it was changed."""
    if told is None:
        return None
    try:
        kept = Kept(**told | {"received_at": in_utc(datetime.fromisoformat(told["received_at"]))})
    except (TypeError, KeyError, ValueError) as error:
        raise ImportRefused(f"its `kept` tells other facts than we write ({error}); remove `kept`") from None
    texts = (kept.project_id, kept.origin, kept.window_end_source, kept.request_id or "", kept.quarantine_reason or "")
    if not all(isinstance(text, str) for text in texts):
        raise ImportRefused("its `kept` holds something else than texts; remove `kept`")
    return kept


@dataclass(frozen=True)
class _Entry:
    """One part of a file: `place` in it (such as `#2026-05-23`), label, envelope, and the answer, if it is one."""

    place: str
    label: str | None = None
    envelope: dict = field(default_factory=dict)
    answer: list | None = None


def _entries(value: object, place: str = "") -> Iterator[_Entry]:
    """Every answer in a file's value; an entry without an answer stands for whatever is none."""
    if _is_answer(value):
        yield _Entry(place, answer=value)
    elif isinstance(value, list) and value and all(isinstance(v, dict) or _is_answer(v) for v in value):
        for number, item in enumerate(value, 1):
            yield from _entries(item, f"{place}#{number}")
    elif isinstance(value, dict) and isinstance(answer := _first(value, ANSWER_KEYS), list):
        yield _Entry(place, envelope=value, answer=answer)
    elif isinstance(value, dict) and value and all(isinstance(v, list) for v in value.values()):
        for label, answer in value.items():
            yield _Entry(f"{place}#{label}", label=label, answer=answer)
    else:
        yield _Entry(place)


def _is_answer(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) and "metricName" in v for v in value)


def _first(envelope: dict, keys: tuple[str, ...]):
    return next((envelope[key] for key in keys if envelope.get(key) is not None), None)


def _checked_length(told: object) -> int:
    """1, 2 or 3, from a number or its text (the API's own parameter is text). Raises ImportRefused."""
    text = str(told).strip() if type(told) in (int, str) else ""
    if text not in ("1", "2", "3"):
        raise ImportRefused(f"number of days is {told!r}; give --num-of-days 1, 2 or 3 (the length of its window)")
    return int(text)


def _end_option(text: str | None) -> datetime | time | None:
    """What --window-end says: an instant, or a time of day with its offset. Raises ImportRefused for neither."""
    if text is None:
        return None
    try:
        if _TIME_OF_DAY.fullmatch(text.strip()):
            told = time.fromisoformat(text.strip())
            return told if told.tzinfo else told.replace(tzinfo=UTC)
    except ValueError:
        pass
    instant = instant_of(text)
    if instant is None:
        raise ImportRefused(f"--window-end {text!r} is neither an ISO instant with a time nor a time of day")
    return instant


def _dimensions(answer: list) -> set[str] | None:
    """The dimensions in the rows; None where there are no rows to tell."""
    for block in answer:
        if isinstance(block, dict) and str(block.get("metricName")).replace(" ", "").lower() in KNOWN_BLOCKS:
            rows = block.get("information")
            for row in rows if isinstance(rows, list) else ():
                if isinstance(row, dict):
                    return {DIMENSION_KEYS[k.lower()].parameter for k in row if k.lower() in DIMENSION_KEYS}
    return None
