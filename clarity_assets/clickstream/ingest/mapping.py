"""A small YAML file in; the checked mapping out: which columns of a source are which of ours, what is no event."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

import duckdb
import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from clarity_assets.clickstream.ingest.paths import PATH_RULE, is_path
from clarity_assets.clickstream.ingest.troubles import MappingWrong
from clarity_assets.clickstream.settings import EVENT_TYPE
from clarity_assets.settings import Settings

BUILT_IN = Path(__file__).parents[1] / "mappings"
NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}")
IDENTIFIERS = ("visitor_id", "user_id", "session_id")
NUMBERS = ("price", "quantity", "rating")
PRIVATE = (*IDENTIFIERS, "url", "referrer", "user_agent")
FIELDS = (
    "event_id", "event_time", "event_type", *IDENTIFIERS, "url", "referrer", "source", "medium", "campaign",
    "user_agent", "device", "browser", "os", "country", "timezone", "product_id", "category", "brand", *NUMBERS,
    "order_id",
)  # fmt: skip
DEVICES = ("PC", "Mobile", "Tablet", "Other")
TIME_FORMATS = ("iso8601", "epoch_s", "epoch_ms", "epoch_us")
PLACEHOLDER = re.compile(r"\{(\w*)\}")

Text = Annotated[str, BeforeValidator(lambda value: value if isinstance(value, list | dict) else f"{value}")]
Paths = Annotated[tuple[Text, ...], BeforeValidator(lambda value: value if isinstance(value, list) else [value])]


class _Rules(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TimeRule(_Rules):
    """How event_time is written: ISO 8601, a number since 1970, or a format of strptime; `zone` where it names none."""

    format: str = "iso8601"
    zone: str = "UTC"

    @field_validator("format")
    @classmethod
    def _a_known_format(cls, value: str) -> str:
        if value not in TIME_FORMATS and "%" not in value:
            raise ValueError(
                f"write one of {', '.join(TIME_FORMATS)}, or a format of strptime such as '%d.%m.%Y %H:%M'"
            )
        return value

    @field_validator("zone")
    @classmethod
    def _a_known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"{value!r} is no IANA time zone such as Europe/Berlin")
        return value


class CsvRule(_Rules):
    """How a CSV file is written."""

    delimiter: str = Field(",", min_length=1, max_length=1)
    decimal: Literal[".", ","] = "."


class RejectRule(_Rules):
    """Rows that are no events: an SQL condition over our fields (price, quantity and rating as numbers, others as text)
    and the reason, in which {quantity} and the like stand for the value."""

    when: str = Field(min_length=1)
    reason: str = Field(min_length=1)

    @field_validator("reason")
    @classmethod
    def _names_nobody(cls, value: str) -> str:
        allowed = [name for name in FIELDS if name not in PRIVATE]
        if wrong := [name for name in PLACEHOLDER.findall(value) if name not in allowed]:
            raise ValueError(f"{{{wrong[0]}}} may not stand in a reason; {', '.join(allowed)} may")
        return value


class EachRule(_Rules):
    """A list inside of a row: its elements are an event each, where the event's type (ours) is one of `of`.

    `fields`: paths inside of an element; they come before the row's own.
    """

    path: str
    of: tuple[str, ...]
    fields: dict[str, Paths]


class Mapping(_Rules):
    """How the rows of a source become events. Reasons for its choices stand in the file, as comments."""

    name: str
    description: str
    fields: dict[str, Paths]
    constants: dict[str, Text] = {}
    time: TimeRule = TimeRule()
    event_types: dict[Text, str] = {}
    devices: dict[Text, Literal["PC", "Mobile", "Tablet", "Other"]] = {}
    identical_rows: Literal["drop", "keep"] = "drop"
    session_of_visitor: bool = False
    """Whether session ids are unique for one visitor only."""
    nulls: tuple[Text, ...] = ()
    """Texts that mean: not told, besides the empty one."""
    each: EachRule | None = None
    reject: tuple[RejectRule, ...] = ()
    csv: CsvRule = CsvRule()

    @model_validator(mode="after")
    def _names_what_it_must(self) -> Self:
        told = set(self.fields) | set(self.constants) | set(self.each.fields if self.each else ())
        if unknown := sorted(told - set(FIELDS)):
            raise ValueError(f"there is no field {', '.join(unknown)}; fields are {', '.join(FIELDS)}")
        if both := sorted(set(self.fields) & set(self.constants)):
            raise ValueError(f"{', '.join(both)} has both columns and a constant; leave one out")
        if "event_time" not in self.fields:
            raise ValueError("fields must name the column of event_time")
        if "event_type" not in told:
            raise ValueError("fields must name the column of event_type, or constants give it")
        if not {"visitor_id", "user_id"} & set(self.fields):
            raise ValueError("fields must name the column of visitor_id or of user_id")
        if set(self.constants) & {"event_id", "event_time", *IDENTIFIERS}:
            raise ValueError("event_id, event_time and ids of visitors, users, sessions are no constants")
        return self

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        paths = [path for told in self.fields.values() for path in told]
        if self.each:
            paths += [self.each.path, *(path for told in self.each.fields.values() for path in told)]
        if wrong := [path for path in paths if not is_path(path)]:
            raise ValueError(f"{wrong[0]!r} is no path: {PATH_RULE}")
        types = (*self.event_types.values(), *(self.each.of if self.each else ()))
        if wrong := [name for name in types if not EVENT_TYPE.fullmatch(name)]:
            raise ValueError(f"{wrong[0]!r} is no event type of ours: lower-case letters, digits and _")
        return self

    @model_validator(mode="after")
    def _conditions_are_sql(self) -> Self:
        columns = ", ".join(f"null::{'double' if name in NUMBERS else 'varchar'} as {name}" for name in FIELDS)
        with duckdb.connect() as con:
            for rule in self.reject:
                try:
                    con.execute(f"select cast(({rule.when}) as boolean), {asked(rule.when)} from (select {columns})")  # noqa: S608
                except duckdb.Error as error:
                    raise ValueError(f"when: {rule.when!r} is no condition: {f'{error}'.splitlines()[0]}") from None
        return self


def asked(when: str) -> str:
    """SQL of whether a rule's condition holds; NULL where it has no answer, as a cast of a text that is no number."""
    return f"try(coalesce(cast(({when}) as boolean), false))"


def identity_hash(mapping: Mapping) -> str:
    """A hash of all that an event's id and day follow from: where it changes, the same row would be another event.

    With a column for event_id that is little; else all columns, since the id is a hash of their values.
    """
    told = mapping.model_dump(mode="json")
    kept = {"time": told["time"], "each": told["each"]}
    if mapping.each:
        kept["event_types"] = told["event_types"]
    if "event_id" in mapping.fields:
        kept["fields"] = {name: told["fields"][name] for name in ("event_id", "event_time")}
    else:
        kept |= {name: told[name] for name in ("name", "fields", "constants", "nulls", "identical_rows", "csv")}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:32]


def read_mapping(file: Path) -> Mapping:
    """The mapping of one file, named after it. Raises MappingWrong that names file and rule."""
    try:
        told = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise MappingWrong(f"{file}: cannot be read as YAML: {' '.join(f'{error}'.split())}") from error
    if not NAME.fullmatch(file.stem):
        raise MappingWrong(f"{file}: a mapping is called by its file: lower-case letters, digits, _ and -, then .yml")
    if not isinstance(told, dict):
        raise MappingWrong(
            f"{file}: holds no mapping; write `description:`, `fields:` and the rest (docs/runbook.md, Events)"
        )
    try:
        return Mapping.model_validate({"name": file.stem} | told)
    except ValidationError as error:
        lines = [
            ".".join([*map(str, problem["loc"])])
            + ": " * bool(problem["loc"])
            + problem["msg"].removeprefix("Value error, ")
            for problem in error.errors()
        ]
        raise MappingWrong(f"{file}: {'; '.join(lines)}") from error


def find_mappings(settings: Settings) -> dict[str, Path]:
    """Files of mappings by name, our own and those of CLICKSTREAM_MAPPINGS. Raises MappingWrong for a name of both."""
    found = {file.stem: file for file in _files(BUILT_IN)}
    if settings.clickstream_mappings is not None:
        if not settings.clickstream_mappings.is_dir():
            raise MappingWrong(f"CLICKSTREAM_MAPPINGS={settings.clickstream_mappings}: there is no such folder")
        for file in _files(settings.clickstream_mappings):
            if file.stem in found:
                raise MappingWrong(f"{file}: there is a mapping {file.stem} already ({found[file.stem]}); rename yours")
            found[file.stem] = file
    return found


def load_mapping(name: str, settings: Settings) -> Mapping:
    """The mapping of that name. Raises MappingWrong that tells which there are."""
    found = find_mappings(settings)
    if name not in found:
        raise MappingWrong(
            f"there is no mapping {name!r}; there are {', '.join(sorted(found))}. A new one is a file {name}.yml in "
            "the folder CLICKSTREAM_MAPPINGS"
        )
    return read_mapping(found[name])


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in sorted(folder.iterdir()) if file.suffix in (".yml", ".yaml") and file.is_file())
