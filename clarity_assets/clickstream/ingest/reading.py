"""A plain file of events in; its rows as text, a column for each of our fields, in one Parquet file out.

Rows that cannot be told apart into fields are there too, with the reason in `broken`.
"""

import csv
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from clarity_assets.clickstream.ingest.files import EventFile, make_plain, need_unchanged, with_unix_newlines
from clarity_assets.clickstream.ingest.lines import SEPARATOR, forget_broken_lines, number_broken_lines, read_csv
from clarity_assets.clickstream.ingest.mapping import FIELDS, Mapping
from clarity_assets.clickstream.ingest.paths import (
    Place,
    in_json,
    of_key,
    parameters,
    place_in_json,
    place_in_table,
    text_of_column,
)
from clarity_assets.clickstream.ingest.rules import our_type
from clarity_assets.clickstream.ingest.troubles import FileUnreadable
from clarity_assets.clickstream.ingest.urls import in_steps, referrer_steps
from clarity_assets.warehouse.tables import identifier, literal
from clarity_assets.warehouse.troubles import FULL

NO_TEXT = "' \t\r\n\u00a0'"  # what stands around a value and is none
HEADER_NAME = re.compile(r"(?!.*\d{6})[A-Za-z_][\w .-]{0,59}")
HEADER_OF_OTHERS = re.compile(r"[;|\t]")  # a header whose separator is another one than the mapping says
NO_HEADER = "its first line is no header (it is not quoted: it may name somebody); put a line of column names before it"
OF_READING = (duckdb.InvalidInputException, duckdb.IOException, duckdb.ConversionException, duckdb.OutOfRangeException)


@dataclass(frozen=True)
class Raw:
    """What was read. `missing`: columns that the mapping names and the file has not."""

    file: Path
    rows_read: int
    missing: tuple[str, ...]
    is_typed: bool
    """Whether times may be typed (Parquet), and so are ISO 8601 whatever the mapping says."""
    is_csv: bool = False


@dataclass(frozen=True)
class Document:
    """SQL of a file's rows as `doc`, and how to get at a path in them. `is_whole`: whether the row can be read."""

    doc: str
    value: Callable[[str], str]
    elements: str
    is_whole: str
    trouble: str
    missing: tuple[str, ...] = ()


def stage_raw(con: duckdb.DuckDBPyConnection, file: EventFile, mapping: Mapping, *, folder: Path) -> Raw:
    """Read the file into `folder/raw.parquet`. Raises FileUnreadable; rows that are broken are none of its reasons."""
    raw = folder / "raw.parquet"
    plain = folder / f"plain.{file.format}"
    if file.is_empty:
        plain.touch()
    else:
        make_plain(file, plain)
    if not plain.stat().st_size:
        return Raw(raw, 0, (), False)
    try:
        document = _document(con, file, plain, mapping)
        rows = _copy(con, document, mapping, plain, raw)
    except OF_READING as error:
        if FULL.search(f"{error}"):
            raise
        raise FileUnreadable(f"{file.path.name}: cannot be read as {file.format}: {_told(error, plain)}") from error
    need_unchanged(file)
    return Raw(raw, rows, document.missing, file.format == "parquet", file.format == "csv")


def _document(con, file: EventFile, plain: Path, mapping: Mapping) -> Document:
    if file.format == "json":
        return _json_lines(plain, mapping)
    if file.format == "csv":
        return _csv(file, plain, mapping)
    read = f"read_parquet({literal(str(plain))}, file_row_number = true)"
    told = con.execute(f"describe select * exclude (file_row_number) from {read}").fetchall()  # noqa: S608
    # by names of ours, so that none of theirs is one of ours
    renamed = ", ".join(f"{identifier(name)} as p{i}" for i, (name, *_) in enumerate(told))
    columns = {name: text_of_column(f"p{i}", type_name) for i, (name, type_name, *_) in enumerate(told)}
    source = f"select file_row_number + 1 as row_number, {renamed} from {read}"  # noqa: S608
    return _table(file, columns, source, mapping)


def _copy(con, document: Document, mapping: Mapping, plain: Path, raw: Path) -> int:
    """Write raw.parquet; returns the rows of the file, those included that are not even rows."""
    forget_broken_lines(con)
    _add_told(con, mapping)
    sql = f"copy ({_select(document, mapping)}) to {literal(str(raw))} (format parquet, compression lz4)"
    try:
        con.execute(sql)
    except duckdb.InvalidInputException:
        if plain.suffix == ".parquet":
            raise
        with_unix_newlines(plain)
        con.execute(sql)
    [(rows,)] = con.execute(f"select count(distinct row_number) from read_parquet({literal(str(raw))})").fetchall()  # noqa: S608
    return rows + number_broken_lines(con, has_header=plain.suffix == ".csv")


def _add_told(con, mapping: Mapping) -> None:
    nothing = ", ".join(literal(text) for text in ("", *mapping.nulls))
    con.execute(f"""
        create or replace temp macro told(value) as
            case when trim(value, {NO_TEXT}) not in ({nothing}) then trim(value, {NO_TEXT}) end""")


def _select(document: Document, mapping: Mapping) -> str:
    """A column a field. Elements of a list (`each`) are rows of their own, numbered from 1."""
    each = mapping.each
    own = {name: [document.value(path) for path in paths] for name, paths in mapping.fields.items()}
    if each:
        for name, paths in each.fields.items():
            inner = [in_json("item", place_in_json(path).path) for path in paths]
            own[name] = [*inner, *own.get(name, [])]
    fields = {name: _coalesced(own[name]) for name in own} | {n: literal(t) for n, t in mapping.constants.items()}
    listed = ",\n".join(f"{fields.get(name, 'null::varchar')} as {name}" for name in FIELDS)
    items = f"case when {document.is_whole} then {document.elements} end" if each else "null::json[]"
    return f"""
        with doc as ({document.doc}),
        listed as (select *, {items} as items from doc),
        single as (
            select * exclude (items),
                   unnest(case when len(items) > 0 then items else [null::json] end) as item,
                   unnest(case when len(items) > 0 then range(1, len(items) + 1) else [0] end) as item_number
            from listed
        ),
        fields as (
            select row_number, item_number, case when not {document.is_whole} then {document.trouble} end as broken,
                   {listed}
            from single
        )
        select * exclude (host_1, host_2) from {in_steps("fields", referrer_steps("referrer"))}"""  # noqa: S608


def _coalesced(values: list[str]) -> str:
    told = [f"told({value})" for value in values]
    return told[0] if len(told) == 1 else f"coalesce({', '.join(told)})"


def _of_these_types(mapping: Mapping, type_text: str, elements: str) -> str:
    """The elements of a list, where the row's event type is one that has an event for each."""
    types = ", ".join(literal(name) for name in mapping.each.of)
    return f"case when {our_type(mapping, type_text)} in ({types}) then {elements} end"


# --- JSON lines ----------------------------------------------------------------------------------------------------


def _json_lines(plain: Path, mapping: Mapping) -> Document:
    """Each line is parsed once for all simple paths, and once for each list of parameters."""
    wanted = [place_in_json(path) for paths in mapping.fields.values() for path in paths]
    simple = list(dict.fromkeys(place.path for place in wanted if place.key is None))
    lists = list(dict.fromkeys(place.path for place in wanted if place.key is not None))
    taken = [
        f"case when is_json then json_extract_string(line, [{', '.join(literal(path) for path in simple)}]) end as v"
    ]
    taken += [f"case when is_json then {parameters('line', path)} end as k{i}" for i, path in enumerate(lists)]

    def value(path: str) -> str:
        place = place_in_json(path)
        if place.key is None:
            return f"v[{simple.index(place.path) + 1}]"
        return of_key(f"k{lists.index(place.path)}", place.key)

    kept = ""
    elements = "null::json[]"
    if mapping.each:
        kept = ", line"
        inside = f"json_extract(line, {literal(place_in_json(mapping.each.path).path + '[*]')})"
        types = mapping.fields.get("event_type")
        type_text = _coalesced([value(path) for path in types]) if types else literal(mapping.constants["event_type"])
        elements = _of_these_types(mapping, type_text, inside)
    doc = f"""
        select row_number, is_json, length(line) as characters, {", ".join(taken)}{kept}
        from (
            select row_number() over () as row_number, line,
                json_valid(line) and starts_with(ltrim(line), '{{') as is_json
            from {read_csv(plain, ["line"], delimiter=SEPARATOR, quote="''", has_header=False)}
        )
        where trim(line) <> ''"""  # noqa: S608
    trouble = "'is no JSON object (' || characters || ' characters)'"
    return Document(doc, value, elements, "is_json", trouble)


# --- tables --------------------------------------------------------------------------------------------------------


def _csv(file: EventFile, plain: Path, mapping: Mapping) -> Document:
    delimiter = mapping.csv.delimiter
    if file.path.name.lower().removesuffix(".gz").removesuffix(".zst").endswith(".tsv") and delimiter == ",":
        delimiter = "\t"
    header = _header(file, plain, delimiter)
    columns = {name: f'"c{i}"' for i, name in enumerate(header)}
    names = [f"c{i}" for i in range(len(header))]
    read = read_csv(plain, names, delimiter=literal(delimiter), quote="'\"'", has_header=True)
    return _table(file, columns, f"select row_number() over () as row_number, * from {read}", mapping)  # noqa: S608


def _header(file: EventFile, plain: Path, delimiter: str) -> list[str]:
    try:
        with plain.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
            header = [name.strip() for name in next(csv.reader(stream, delimiter=delimiter), [])]
        "".join(header).encode()
    except (UnicodeEncodeError, csv.Error) as error:
        raise FileUnreadable(f"{file.path.name}: its first line is no header of UTF-8 text ({error})") from error
    if twice := sorted({name for name in header if name and header.count(name) > 1}):
        if not _is_header(header):
            raise FileUnreadable(f"{file.path.name}: {NO_HEADER}")
        raise FileUnreadable(f"{file.path.name}: two columns are called {twice[0]!r}; rename one")
    return header


def _is_header(names: Iterable[str]) -> bool:
    """Whether all look like names of columns; a row of data has a time, at the least, that does not."""
    parts = [part.strip(" \"'") for name in names for part in HEADER_OF_OTHERS.split(name)]
    return all(HEADER_NAME.fullmatch(part) for part in parts if part)


def _table(file: EventFile, columns: dict[str, str], source: str, mapping: Mapping) -> Document:
    """Rows of columns (SQL of each one's text by name), some of which may hold JSON."""
    own = {name: [place_in_table(path, columns) for path in paths] for name, paths in mapping.fields.items()}
    _need_columns(file, own, columns, mapping)
    missing = [p for ps in mapping.fields.values() for p in ps if place_in_table(p, columns) is None]
    missing = [p for p in missing if not any(p in ps and any(own[n]) for n, ps in mapping.fields.items())]
    elements = "null::json[]"
    if mapping.each and (place := place_in_table(mapping.each.path, columns)):
        text = _of_place(place, columns)
        types = mapping.fields.get("event_type")
        type_text = (
            _coalesced([_of_place(p, columns) for p in own["event_type"] if p])
            if types
            else literal(mapping.constants["event_type"])
        )
        inside = f"case when json_valid({text}) then json_extract({text}, '$[*]') end"
        elements = _of_these_types(mapping, type_text, inside)

    def value(path: str) -> str:
        found = place_in_table(path, columns)
        return _of_place(found, columns) if found else "null::varchar"

    return Document(source, value, elements, "true", "null::varchar", tuple(dict.fromkeys(missing)))


def _of_place(place: Place, columns: dict[str, str]) -> str:
    text = columns[place.column]
    if place.is_column:
        return text
    taken = of_key(parameters(text, place.path), place.key) if place.key else in_json(text, place.path)
    return f"case when json_valid({text}) then {taken} end"


def _need_columns(file: EventFile, own: dict, columns: dict[str, str], mapping: Mapping) -> None:
    """Refuse a file without the columns that no event can be without: it is another source's."""
    has = f"its columns are: {(', '.join(columns) or 'none')[:300]}" if _is_header(columns) else NO_HEADER
    for names in (("event_time",), ("event_type",), ("visitor_id", "user_id")):
        told = [name for name in names if name in mapping.fields]
        if told and not any(any(own[name]) for name in told):
            wanted = " or ".join(path for name in told for path in mapping.fields[name])
            raise FileUnreadable(
                f"{file.path.name}: has no column {wanted} ({' or '.join(told)} of mapping {mapping.name}), {has}; "
                "choose another mapping, or its `csv: {delimiter: …}`"
            )


def _told(error: duckdb.Error, plain: Path) -> str:
    """What DuckDB says, without the line of the file that it quotes."""
    said = f"{error}".partition("Original Line")[0]
    return " ".join(said.replace(str(plain), "it").split())[:300]
