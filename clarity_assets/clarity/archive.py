"""Answers that somebody kept: files in, answers with their windows out; and the file form that we keep them in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from pathlib import Path

import orjson

from clarity_assets.clarity.payload import DIMENSION_KEYS, KNOWN_BLOCKS
from clarity_assets.clarity.requests import ClarityRequest
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

_DATE_IN_NAME = re.compile(r"\d{4}-\d{2}-\d{2}(?:T\d{2}[-:]?\d{2}(?:[-:]?\d{2})?Z?)?")


@dataclass(frozen=True)
class Archived:
    """One kept answer: its JSON, and the window and request that it answers."""

    body: bytes
    request: ClarityRequest
    num_of_days: int
    window_end: datetime
    window_end_source: str
    origin: str


@dataclass(frozen=True)
class ArchiveReader:
    """Reads kept answers. Options stand for what a file does not say.

    `window_end`: an ISO instant, or a time of day such as `03:30` (UTC) to complete dates in the file or its name.
    """

    requests: tuple[ClarityRequest, ...]
    now: datetime
    window_end: str | None = None
    num_of_days: int | None = None
    request: str | None = None
    _by_name: dict[str, ClarityRequest] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {r.name: r for r in self.requests})

    def read(self, path: Path) -> list[Archived]:
        """Every answer of one file: a bare answer, one in an envelope, a list of envelopes, or {date: answer}.

        Raises ImportRefused, which names file and lack; nothing of the file is to be stored then.
        """
        try:
            value = orjson.loads(path.read_bytes())
        except OSError as error:
            raise ImportRefused(f"{path}: cannot be read ({error.strerror})") from error
        except orjson.JSONDecodeError as error:
            raise ImportRefused(f"{path}: is no JSON ({error})") from None
        try:
            return [self._archived(path, *entry) for entry in _entries(value)]
        except ImportRefused as error:
            raise ImportRefused(f"{path}: {error}") from None

    def _archived(self, path: Path, label: str | None, envelope: dict, answer: list) -> Archived:
        end, source = self._end(path, label, envelope)
        if end > self.now:
            raise ImportRefused(
                f"window end {end:%Y-%m-%d %H:%M} UTC lies in the future (now {self.now:%Y-%m-%d %H:%M})"
            )
        length = _first(envelope, LENGTH_KEYS)
        length = self.num_of_days if length is None else length
        if length not in (1, 2, 3):
            raise ImportRefused(
                f"number of days is {length!r}; give --num-of-days 1, 2 or 3 (the length of its window)"
            )
        name = f"{path.name}#{label}" if label else path.name
        return Archived(orjson.dumps(answer), self._request(envelope, answer), length, end, source, name)

    def _end(self, path: Path, label: str | None, envelope: dict) -> tuple[datetime, str]:
        """The window's end: from the entry, the option, or a date (of entry or file name) and the option's time."""
        told = label or _first(envelope, END_KEYS)
        given = self._given()
        if isinstance(told, str) and (instant := _instant(told)) is not None:
            return instant, "file"
        if isinstance(given, datetime):
            return given, "given"
        named = _DATE_IN_NAME.findall(path.stem)
        day = told if isinstance(told, str) else named[-1] if named else None
        if day is not None and (instant := _instant(day)) is not None:
            return instant, "file"
        if day is not None and given is not None:
            try:
                return datetime.combine(datetime.fromisoformat(day).date(), given, UTC), "given"
            except ValueError:
                raise ImportRefused(f"{day!r} is no ISO date") from None
        lacks = f"only the date {day} is known" if day else "the window's end is unknown"
        raise ImportRefused(
            f"{lacks}; give --window-end as an instant (2026-08-04T03:30Z) or, beside dates, a time of day (03:30, UTC)"
        )

    def _given(self) -> datetime | time | None:
        if self.window_end is None:
            return None
        try:
            return time.fromisoformat(self.window_end)
        except ValueError:
            instant = _instant(self.window_end)
        if instant is None:
            raise ImportRefused(
                f"--window-end {self.window_end!r} is neither an ISO instant with a time nor a time of day"
            )
        return instant

    def _request(self, envelope: dict, answer: list) -> ClarityRequest:
        """The request by name (option or envelope), else by the dimensions in the rows."""
        name = self.request or envelope.get("request")
        if name is not None:
            if name not in self._by_name:
                raise ImportRefused(f"request {name!r} is not known; known are {', '.join(self._by_name)}")
            return self._by_name[name]
        found = _dimensions(answer)
        if found is None:
            raise ImportRefused(
                f"all metrics are empty, so nothing tells the request; give --request {'|'.join(self._by_name)}"
            )
        for request in self.requests:
            if set(request.dimensions) == found:
                return request
        wanted = "+".join(sorted(found))
        raise ImportRefused(f"no request has the dimensions {wanted}; add {wanted} to CLARITY_EXTRA_REQUESTS")


def files_of(paths: tuple[Path, ...]) -> list[Path]:
    """The files among the paths, folders replaced by the .json files below them, in order."""
    found = []
    for path in paths:
        found += sorted(path.rglob("*.json")) if path.is_dir() else [path]
    return found


def save_envelope(answer: Answer, folder: Path) -> Path:
    """Write one answer as a file that `ArchiveReader` reads without options; returns its path."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{answer.answer_id}.json"
    envelope = {
        "request": answer.request,
        "num_of_days": answer.num_of_days,
        "window_end": answer.window_end.astimezone(UTC).isoformat(),
        "answer": orjson.loads(answer.stored),
    }
    path.touch(mode=0o600)
    path.write_bytes(orjson.dumps(envelope))
    return path


def _entries(value: object) -> Iterator[tuple[str | None, dict, list]]:
    """(label, envelope, answer) of every answer in a file's value."""
    if isinstance(value, list) and value and all(isinstance(v, dict) and "metricName" in v for v in value):
        yield None, {}, value
    elif isinstance(value, list) and value:
        for item in value:
            yield from _entries(item)
    elif isinstance(value, dict) and isinstance(answer := _first(value, ANSWER_KEYS), list):
        yield None, value, answer
    elif isinstance(value, dict) and value and all(isinstance(v, list) for v in value.values()):
        for label, answer in value.items():
            yield label, {}, answer
    else:
        raise ImportRefused("holds no Clarity answer (a list of metric blocks, alone, in an envelope or by date)")


def _first(envelope: dict, keys: tuple[str, ...]):
    return next((envelope[key] for key in keys if envelope.get(key) is not None), None)


def _instant(text: str) -> datetime | None:
    """An ISO instant in UTC; None for a bare date or other text."""
    text = re.sub(r"T(\d{2})-(\d{2})(?:-(\d{2}))?", lambda m: "T" + ":".join(g for g in m.groups() if g), text.strip())
    if not re.match(r"\d{4}-?\d{2}-?\d{2}[T ]\d", text):
        return None
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _dimensions(answer: list) -> set[str] | None:
    """The dimensions in the rows; None where there are no rows to tell."""
    for block in answer:
        if isinstance(block, dict) and str(block.get("metricName")).replace(" ", "").lower() in KNOWN_BLOCKS:
            for row in block.get("information") or ():
                return {DIMENSION_KEYS[k.lower()].parameter for k in row if k.lower() in DIMENSION_KEYS}
    return None
