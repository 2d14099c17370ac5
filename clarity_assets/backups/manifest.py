"""What a backup says of itself: JSON in it, typed facts out."""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

import orjson

FORMAT = 1
NAME = "manifest.json"
KEY_NAME = "key.age"
WAREHOUSE, OPERATIONS = "warehouse.duckdb", "operations.duckdb"
FILES = (WAREHOUSE, OPERATIONS)


@dataclass(frozen=True)
class PackedFile:
    """One database in a backup: `stored_as` is its member's name; hash and bytes as it was, and as it is packed."""

    stored_as: str
    sha256: str
    size_bytes: int
    packed_sha256: str
    packed_bytes: int
    tables: dict[str, int]

    def __post_init__(self) -> None:
        for name, kind in (("size_bytes", int), ("packed_bytes", int), ("stored_as", str), ("tables", dict)):
            if not isinstance(getattr(self, name), kind):
                raise TypeError(f"{name} is {getattr(self, name)!r}")


@dataclass(frozen=True)
class Manifest:
    """The last member of a backup. `files`: name -> what is packed; `versions`: of the project and of DuckDB.

    `is_shrunk`: an older backup has more answers, so that this one is never taken by itself.
    """

    made_at: datetime
    project_id: str | None
    is_encrypted: bool
    versions: dict[str, str]
    files: dict[str, PackedFile]
    warnings: tuple[str, ...] = ()
    format: int = field(default=FORMAT)
    is_shrunk: bool = False

    def encoded(self) -> bytes:
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def read_manifest(told: bytes) -> Manifest:
    """Raises ValueError that says what is wrong with it."""
    value = orjson.loads(told)
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        found = value.get("format") if isinstance(value, dict) else None
        raise ValueError(f"its manifest has format {found!r}, and this version reads {FORMAT}")
    try:
        files = {name: PackedFile(**told) for name, told in value["files"].items()}
        made_at = datetime.fromisoformat(value["made_at"]).astimezone(UTC)
        manifest = Manifest(**value | {"files": files, "made_at": made_at, "warnings": tuple(value["warnings"])})
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"its manifest lacks or has too much ({error})") from None
    if WAREHOUSE not in files or set(files) - set(FILES):
        raise ValueError(f"its manifest names {', '.join(sorted(files)) or 'no file'}; {WAREHOUSE} must be among them")
    return manifest
