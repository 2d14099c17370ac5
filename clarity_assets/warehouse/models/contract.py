"""A contract file (.yml, dbt's property syntax) in, its model's grain, columns and data tests out."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from clarity_assets.errors import ClarityAssetsError

INCREMENTAL, VIEW, SEED, ENGINE = "incremental", "view", "seed", "engine"
"""Replaced by ranges of UTC days; a query with a name; a CSV file's rows; rows that an engine (DuckDB or Spark)
computes outside of the warehouse, replaced by ranges of days. A `table`, the fifth, is replaced whole."""

SHARED_FILE = "shared.yml"
LINE = "line"
NAME = r"^[a-z][a-z0-9_]*$"


class SqlModelError(ClarityAssetsError):
    """A model or its contract is wrong; the message begins with file and line."""

    @classmethod
    def at(cls, path: Path, line: int, message: str) -> "SqlModelError":
        return cls(f"{path}:{line}: {message}")


class DataTestConfig(BaseModel, frozen=True, extra="forbid"):
    """`error` blocks what is downstream, `warn` does not; `where` (SQL) says which rows are looked at."""

    severity: Literal["error", "warn"] = "error"
    where: str | None = None


class DataTest(BaseModel, frozen=True, extra="forbid"):
    """One expectation, by Great Expectations' own name, on a column or (`column` None) on the table."""

    expectation: str = Field(pattern=r"^expect_[a-z_]+$")
    arguments: dict = Field(default_factory=dict)
    config: DataTestConfig = DataTestConfig()
    name: str | None = Field(default=None, pattern=NAME)
    description: str | None = None
    line: int = 1


def _data_test(raw: object) -> object:
    """`expect_x` or `expect_x: {arguments, config, …}` as the fields of a DataTest. Raises ValueError."""
    if isinstance(raw, str):
        return {"expectation": raw}
    if not isinstance(raw, dict):
        raise ValueError(f"a data test is an expectation's name, or a mapping of that name; this is {raw!r}")
    names = [key for key in raw if key != LINE]
    if len(names) != 1:
        raise ValueError(f"one data test is one expectation; here stand {', '.join(map(repr, names)) or 'none'}")
    fields = _mapping(raw[names[0]], names[0])
    parts = {part: _mapping(fields.get(part), part) for part in ("arguments", "config")}
    own = {name: {k: v for k, v in part.items() if k != LINE} for name, part in parts.items()}
    return fields | own | {"expectation": names[0], LINE: raw[LINE]}


def _mapping(raw: object, name: str) -> dict:
    if raw is not None and not isinstance(raw, dict):
        raise ValueError(f"{name} is a mapping such as {{min_value: 0}}; this is {raw!r}")
    return raw or {}


DataTests = list[Annotated[DataTest, BeforeValidator(_data_test)]]


class ModelColumn(BaseModel, frozen=True, extra="forbid"):
    """A column; what a model's own entry leaves out is taken from the shared one of that name."""

    name: str = Field(pattern=NAME)
    type: str = Field(alias="data_type")
    meaning: str = Field(alias="description")
    data_tests: DataTests = []
    line: int


class Meta(BaseModel, extra="forbid"):
    grain: list[str] = Field(min_length=1)
    materialized: Literal["incremental", "table", "view", "seed", "engine"]
    every: Literal["day", "week"] = "day"
    owners: list[str] = Field(min_length=1)
    line: int = 1


class Contract(BaseModel, extra="forbid"):
    name: str = Field(pattern=NAME)
    description: str
    meta: Meta
    columns: list[ModelColumn] = Field(min_length=1)
    data_tests: DataTests = []
    line: int

    @property
    def tests(self) -> list[tuple[str | None, DataTest]]:
        """Every data test with its column (None: the table's)."""
        return [(None, t) for t in self.data_tests] + [(c.name, t) for c in self.columns for t in c.data_tests]


class _SharedFile(BaseModel, extra="forbid"):
    owners: list[str] = []
    columns: list[dict] = []


@dataclass(frozen=True)
class Shared:
    """What contracts need not repeat: the owners, and columns by name."""

    owners: tuple[str, ...]
    columns: Mapping[str, dict]


class _LinedLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # eight times as fast, where libyaml is
    """Safe YAML whose mappings know their line, under the key `line`, and have each key once."""

    def construct_mapping(self, node, deep=False):
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} stands twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=True) | {LINE: node.start_mark.line + 1}


def read_shared(root: Path) -> Shared:
    """The root's `shared.yml`; nothing where there is none. Raises SqlModelError."""
    path = root / SHARED_FILE
    if not path.exists():
        return Shared((), {})
    raw = _read_yaml(path)
    shared = _validated(_SharedFile, {k: v for k, v in raw.items() if k not in (LINE, "version")}, path)
    columns: dict[str, dict] = {}
    for column in shared.columns:
        name, line = column.get("name"), column[LINE]
        if name in columns:
            raise SqlModelError.at(path, line, f"column {name!r} stands here twice")
        _validated(ModelColumn, column, path)
        columns[name] = column
    return Shared(tuple(shared.owners), columns)


def read_contract(path: Path, shared: Shared) -> Contract:
    """The contract in a file. Raises SqlModelError where it is no YAML, or lacks something, or names a column twice."""
    raw = _read_yaml(path)
    [kind, *others] = [key for key in ("models", "seeds") if key in raw] or [""]
    listed = raw.get(kind)
    if others or not isinstance(listed, list) or len(listed) != 1 or not isinstance(listed[0], dict):
        raise SqlModelError.at(path, 1, "a contract is one entry under `models:`, or one under `seeds:`")
    contract = _validated(Contract, _completed(listed[0], shared, is_seed=kind == "seeds"), path)
    seen: dict[str, int] = {}
    for column in contract.columns:
        if column.name in seen:
            raise SqlModelError.at(path, column.line, f"column {column.name!r} stands on line {seen[column.name]} too")
        seen[column.name] = column.line
    if unknown := [name for name in contract.meta.grain if name not in seen]:
        raise SqlModelError.at(path, contract.line, f"the grain names {unknown[0]!r}, which is none of the columns")
    return contract


def _completed(raw: dict, shared: Shared, *, is_seed: bool) -> dict:
    """The raw contract with what the shared file says of its owners and columns; its own words go first."""
    meta = raw.get("meta") or {}
    if isinstance(meta, dict):
        meta = {"owners": list(shared.owners)} | meta | ({"materialized": SEED} if is_seed else {})
    columns = raw.get("columns")
    if isinstance(columns, list):
        columns = [_column(c, shared.columns) if isinstance(c, dict) else c for c in columns]
    return raw | {"meta": meta, "columns": columns}


def _column(raw: dict, shared: Mapping[str, dict]) -> dict:
    common = shared.get(str(raw.get("name")), {})
    own = raw.get("data_tests") or []
    tests = [*(common.get("data_tests") or []), *own] if isinstance(own, list) else own
    return common | raw | ({"data_tests": tests} if tests else {})


def read_text(path: Path) -> str:
    """A file's text. Raises SqlModelError where it is no UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise SqlModelError.at(path, line, f"no UTF-8 ({error.reason}); save the file as UTF-8") from error


def _read_yaml(path: Path) -> dict:
    try:
        raw = yaml.load(read_text(path), Loader=_LinedLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).replace("\n", " ")
        raise SqlModelError.at(path, mark.line + 1 if mark else 1, f"no YAML: {problem}") from error
    if not isinstance(raw, dict):
        raise SqlModelError.at(path, 1, "a contract is a mapping that begins with `version: 2`")
    return raw


def _validated(kind: type[BaseModel], raw: dict, path: Path):
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the contract"
        raise SqlModelError.at(path, _line_at(raw, first["loc"]), f"{where}: {first['msg']}") from error


def _line_at(raw: object, place: tuple) -> int:
    """The line of the innermost mapping on the way to a place in the contract."""
    line = 1
    for step in (*place, None):
        if isinstance(raw, dict):
            line = raw.get("line", line)
        try:
            raw = raw[step]
        except (KeyError, IndexError, TypeError):
            break
    return line
