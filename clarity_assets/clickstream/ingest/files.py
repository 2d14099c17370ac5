"""A delivered file in; its kind, its hash and a plain copy or link that DuckDB can read, out."""

import gzip
import hashlib
import os
import shutil
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import zstandard

from clarity_assets.clickstream.ingest.troubles import FileUnreadable

Format = Literal["json", "csv", "parquet"]
FORMATS: dict[str, Format] = {
    ".jsonl": "json", ".ndjson": "json", ".json": "json", ".csv": "csv", ".tsv": "csv", ".txt": "csv",
    ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip
PACKED = {".gz": b"\x1f\x8b", ".zst": b"\x28\xb5\x2f\xfd"}
PARQUET = b"PAR1"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
CHUNK_BYTES = 1 << 20

Stamp = tuple[int, int, int, int]
"""Size, time of writing, time of any change, inode."""


@dataclass(frozen=True)
class EventFile:
    """A file as delivered. `stamp`: its `stamp_of` when it was looked at."""

    path: Path
    format: Format
    packed: str | None
    sha256: str
    stamp: Stamp

    @property
    def is_empty(self) -> bool:
        return not self.stamp[0]


def is_event_file(path: Path) -> bool:
    """Whether its name says that it may be one: what `look_at` does not refuse by its name."""
    return not path.name.startswith(".") and format_of(path.name) is not None


def format_of(name: str) -> Format | None:
    """What a file of that name holds."""
    return FORMATS.get(Path(name.lower().removesuffix(".gz").removesuffix(".zst")).suffix)


def stamp_of(path: Path) -> Stamp | None:
    """What changes when somebody writes to the file or puts another one there. None: there is none."""
    try:
        return _stamp(path.stat())
    except OSError:
        return None


def look_at(path: Path) -> EventFile:
    """Kind and hash of a file, by its name and its first bytes. Raises FileUnreadable."""
    if not is_event_file(path):
        raise FileUnreadable(
            f"{path.name}: the name does not say what it is; a file of events ends with {', '.join(FORMATS)}, and may "
            f"be packed ({', '.join(PACKED)})"
        )
    try:
        with path.open("rb") as stream:
            stamp = _stamp(os.fstat(stream.fileno()))
            start = stream.read(4)
            stream.seek(0)
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise FileUnreadable(f"{path.name}: cannot be read: {error.strerror}") from error
    packed = next((suffix for suffix, magic in PACKED.items() if start.startswith(magic)), None)
    if start and packed is None and path.suffix.lower() in PACKED:
        raise FileUnreadable(f"{path.name}: is not packed as its ending says; rename it, or pack it anew")
    return EventFile(path, format_of(path.name), packed, sha256, stamp)


def make_plain(file: EventFile, target: Path) -> None:
    """A link to the file at `target`, or what was packed in it, whole. Raises FileUnreadable.

    DuckDB unpacks too, but takes a cut-off zst and a gz with a wrong checksum for whole files (2.0.0, measured). Links
    have names without `*` and `[`, which it would look for.
    """
    if file.packed is None:
        target.symlink_to(file.path.resolve())
    else:
        try:
            with file.path.open("rb") as source, target.open("wb") as plain:
                for piece in _unpacked(source, file.packed):
                    plain.write(piece)
        except (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError) as error:
            raise FileUnreadable(
                f"{file.path.name}: is damaged or cut off ({error}); deliver it again, under a name that ends with "
                ".part until it is whole"
            ) from error
    _refuse_other_kinds(file, target)


def need_unchanged(file: EventFile) -> None:
    """Raises FileUnreadable where somebody has written to the file since it was looked at."""
    try:
        with file.path.open("rb") as stream:
            stamp = _stamp(os.fstat(stream.fileno()))
    except OSError as error:
        raise FileUnreadable(f"{file.path.name}: went away while it was read: {error.strerror}") from error
    if stamp != file.stamp:
        raise FileUnreadable(
            f"{file.path.name}: was written to while it was read; deliver it under a name that ends with .part "
            "until it is whole"
        )


def _stamp(facts: os.stat_result) -> Stamp:
    return facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino


def _unpacked(source: BinaryIO, packed: str) -> Iterator[bytes]:
    if packed == ".gz":
        with gzip.GzipFile(fileobj=source) as stream:
            yield from iter(lambda: stream.read(CHUNK_BYTES), b"")
        return
    unpacker = zstandard.ZstdDecompressor().decompressobj()
    is_within = False
    while chunk := source.read(CHUNK_BYTES):
        while chunk:  # a file may be several frames, one after another
            yield unpacker.decompress(chunk)
            is_within, chunk = not unpacker.eof, unpacker.unused_data
            if unpacker.eof:
                unpacker = zstandard.ZstdDecompressor().decompressobj()
    if is_within:
        raise EOFError("the last frame has no end")


def _refuse_other_kinds(file: EventFile, plain: Path) -> None:
    """Kinds that DuckDB would read in a strange way, or tell in words that do not help."""
    with plain.open("rb") as stream:
        start = stream.read(4)
    is_parquet = start == PARQUET
    if is_parquet != (file.format == "parquet") and start:
        raise FileUnreadable(f"{file.path.name}: is {'' if is_parquet else 'not '}Parquet, against its name; rename it")
    if start[:2] in UTF_16:
        raise FileUnreadable(f"{file.path.name}: is UTF-16; save it as UTF-8 (iconv -f utf-16 -t utf-8)")
    if file.format == "json" and start.lstrip().startswith(b"["):
        raise FileUnreadable(
            f"{file.path.name}: is one JSON list; write an object a line (jq -c '.[]' FILE > FILE.jsonl)"
        )


def with_unix_newlines(plain: Path) -> None:
    """Rewrite a link or file so that lines end with `\\n` alone: DuckDB refuses a file of both kinds."""
    part = plain.with_name(f"{plain.name}.lines")
    with plain.open("rb") as source, part.open("wb") as target:
        kept = b""
        while chunk := source.read(CHUNK_BYTES):
            chunk = kept + chunk
            kept = b"\r" if chunk.endswith(b"\r") else b""
            target.write(chunk.removesuffix(kept).replace(b"\r\n", b"\n"))
        target.write(kept)
    shutil.move(part, plain)
