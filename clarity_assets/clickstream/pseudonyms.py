"""A visitor's, user's or session's id as the source has it in; the number it is known by, made with a key, out.

The number is the first 63 bits of HMAC-SHA256 (RFC 2104) over kind and id: equal here and in DuckDB.
"""

import contextlib
import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path
from typing import Literal, get_args

import duckdb

from clarity_assets.clickstream.ingest.troubles import KeyMissing
from clarity_assets.settings import Settings
from clarity_assets.warehouse.tickets import PRIVATE_FILE, make_private_folder

Kind = Literal["visitor", "user", "session"]
KINDS: tuple[Kind, ...] = get_args(Kind)
KEY_FILE, CHECK_FILE = "pseudonym.key", "pseudonym.check"
BLOCK_BYTES = 64  # of SHA-256
_INNER, _OUTER = bytes(x ^ 0x36 for x in range(256)), bytes(x ^ 0x5C for x in range(256))  # RFC 2104
_WHOLE = re.compile(r"([0-9]+)\.0")  # pandas writes a whole number so where others are missing


def pseudonym(raw: str, *, key: bytes, kind: Kind) -> int:
    """The number (0 to 2^63 - 1) that stands for the id `raw` of a source."""
    raw = raw.strip(" \t\r\n\u00a0")
    whole = _WHOLE.fullmatch(raw)
    digest = hmac.digest(key, f"{kind}:{whole[1] if whole else raw}".encode(), "sha256")
    return int.from_bytes(digest[:8]) >> 1


def add_macro(con: duckdb.DuckDBPyConnection, *, key: bytes) -> None:
    """Give the connection `pseudonym_of(kind, id)` and `keyed_hash(text)` (32 hex digits).

    The key stands in variables of the connection, never in the text of a query, which errors quote.
    """
    block = (key if len(key) <= BLOCK_BYTES else hashlib.sha256(key).digest()).ljust(BLOCK_BYTES, b"\0")
    con.execute("set variable inner_key = $1", [block.translate(_INNER)])
    con.execute("set variable outer_key = $1", [block.translate(_OUTER)])
    con.execute("""
        create or replace temp macro keyed(message) as
            sha256(getvariable('outer_key') || unhex(sha256(getvariable('inner_key') || encode(message))))""")
    # half of the digest: nothing that could be extended is told, so that the key before the text is enough
    con.execute("""
        create or replace temp macro keyed_hash(message) as
            left(sha256(getvariable('inner_key') || encode(message)), 32)""")
    con.execute("""
        create or replace temp macro pseudonym_of(kind, raw) as
            (('0x' || left(keyed(kind || ':' || regexp_replace(raw, '^([0-9]+)\\.0$', '\\1')), 16))::ubigint >> 1)
            ::bigint""")


def pseudonym_key(settings: Settings) -> bytes:
    """The key: CLICKSTREAM_KEY, else the one in the folder of events, which is made where there are no events yet.

    Raises KeyMissing where the events were made with another one: the same visitor would become two.
    """
    folder = settings.events_folder
    told = settings.clickstream_key
    key = told.get_secret_value().encode() if told else _kept_key(folder)
    check = folder / CHECK_FILE
    shown = hmac.digest(key, b"which key the pseudonyms of this folder are made with", "sha256").hex()
    if _made_once(check, shown.encode()).decode() != shown:
        raise KeyMissing(
            f"the events in {folder} were made with another key ({check.name} tells), so that every visitor would be "
            "taken for a new one; set CLICKSTREAM_KEY as it was, or begin with an empty CLICKSTREAM_FOLDER"
        )
    return key


def _kept_key(folder: Path) -> bytes:
    file = folder / KEY_FILE
    if not file.exists() and (folder / CHECK_FILE).exists():
        raise KeyMissing(
            f"{file} is missing, and the events beside it were made with a key; bring the file back from a backup, or "
            "set CLICKSTREAM_KEY as it was: with a new key every visitor would be taken for a new one"
        )
    return _made_once(file, secrets.token_hex(32).encode())


def _made_once(file: Path, content: bytes) -> bytes:
    """What stands in the file; `content`, which is written whole or not at all, where nobody else was first."""
    if not file.exists():
        make_private_folder(file.parent)
        part = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(part, file)
        finally:
            part.unlink()
    return file.read_bytes()
