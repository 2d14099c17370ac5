"""SQL files and contracts written by hand: what is loaded, and which errors name which file and line."""

from pathlib import Path

import pytest

from clarity_assets.warehouse.models.contract import SqlModelError
from clarity_assets.warehouse.models.load import load_models
from clarity_assets.warehouse.models.sql_text import column_lineage

SOURCES = {
    "landing.clarity_base": {"project_id": "VARCHAR", "date": "DATE", "sessions": "BIGINT"},
    "ops.clarity_day": {"project_id": "VARCHAR", "date": "DATE", "status": "VARCHAR"},
}
COLUMNS = {"date": "DATE", "sessions": "BIGINT"}
SQL = """-- Grain: one row per date.
with known as (
    select date, sessions from landing.clarity_base
    where date >= $start and date < $end
)
select
    date,
    sessions,
from known
"""


class Project:
    """A folder of models; `contract` begins each column on line 9, 12, 15, ..."""

    def __init__(self, root: Path):
        self.root = root

    def model(self, name: str, sql: str = SQL, *, folder: str = "marts/clarity", contract: str | None = None, **meta):
        self.write(f"{folder}/{name}.sql", sql)
        self.write(f"{folder}/{name}.yml", contract or self.contract(name, **meta))

    def contract(self, name, *, columns=COLUMNS, materialized="incremental", grain="date") -> str:
        listed = "".join(
            f"      - name: {c}\n        data_type: {t}\n        description: d\n" for c, t in columns.items()
        )
        return (
            "version: 2\n"
            "models:\n"
            f"  - name: {name}\n"
            "    description: what it is\n"
            "    meta:\n"
            f"      {{grain: [{grain}], materialized: {materialized}, owners: ['team:analytics']}}\n"
            "\n"
            "    columns:\n" + listed
        )

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def load(self):
        return load_models(self.root, sources=SOURCES)

    def error(self) -> str:
        """The error of loading, with the folder of the models cut off."""
        with pytest.raises(SqlModelError) as caught:
            self.load()
        return str(caught.value).replace(f"{self.root}/marts/", "")


@pytest.fixture
def project(tmp_path) -> Project:
    return Project(tmp_path)


def test_a_model_has_its_layer_and_name_as_key_and_its_schema_and_name_as_table(project):
    project.model("fct_a")
    [model] = project.load().values()
    assert (model.key, model.table) == (("marts", "fct_a"), "marts.fct_a")
    assert model.takes_range
    assert model.column_types == COLUMNS


def test_upstream_tables_are_found_with_their_line_and_ctes_are_none(project):
    project.model("fct_a")
    assert project.load()["marts.fct_a"].upstream == {"landing.clarity_base": 3}


def test_models_come_upstream_first_whatever_their_names(project):
    project.model("a_last", SQL.replace("landing.clarity_base", "marts.z_first"))
    project.model("z_first")
    assert list(project.load()) == ["marts.z_first", "marts.a_last"]


def test_a_table_named_like_a_cte_is_a_table_where_its_schema_is_written(project):
    project.model("known", folder="marts")
    project.model("fct_a", SQL.replace("landing.clarity_base", "marts.known"))
    assert project.load()["marts.fct_a"].upstream == {"marts.known": 3}


def test_lines_are_right_behind_characters_of_several_bytes(project):
    project.model("fct_a", SQL.replace("-- Grain", "-- é→😀 Grain").replace("clarity_base", "clarity_bsae"))
    assert "clarity/fct_a.sql:3: unknown upstream" in project.error()


def test_column_lineage_goes_through_ctes_to_the_upstream_columns(project):
    project.model(
        "fct_a", SQL.replace("    sessions,\n", "    sessions * date_part('year', date)::bigint as sessions,\n")
    )
    model = project.load()["marts.fct_a"]
    base = "landing.clarity_base"
    assert column_lineage(model, tables=SOURCES) == {
        "date": [(base, "date")],
        "sessions": [(base, "date"), (base, "sessions")],
    }


def test_the_code_version_follows_the_sql(project):
    project.model("fct_a")
    first = project.load()["marts.fct_a"].code_version
    project.model("fct_a", SQL.replace("$end", "$end and sessions > 0"))
    assert project.load()["marts.fct_a"].code_version != first


# --- what is refused, with file and line --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("    date,\n    sessions,\nfrom known", "    date\n    sessions\nfrom from known", "9", "syntax error"),
        ("landing.clarity_base", "landing.clarity_bsae", "3", "unknown upstream 'landing.clarity_bsae'; known are"),
        ("from known", "from knwon", "9", "unknown upstream 'knwon'"),
        ("    sessions,\n", "    sessions,\n    1 as extra,\n", "9", "column 'extra' is not in the contract"),
        ("    sessions,\n", "    sessions,\n    sessions,\n", "9", "column 'sessions' is given twice"),
        ("    sessions,\n", "    nope as sessions,\n", "8", '"nope" not found'),
        ("$end", "current_date", "1", "reads $start and $end; it reads start"),
        ("from known", "from known;\nselect 1", "1", "a model is one select; this is SELECT, SELECT"),
        ("    sessions,\n", "    5! as sessions,\n", "8", "sqlglot does not"),
    ],
)
def test_a_wrong_query_is_refused_with_file_and_line(project, old, new, place, words):
    sql = SQL.replace(old, new)
    project.model("fct_a", sql)
    error = project.error()
    assert error.startswith(f"clarity/fct_a.sql:{place}: ")
    assert words in error


def test_an_unknown_column_that_a_star_brings_is_refused_with_the_file(project):
    sql = SQL.replace("select date, sessions", "select date, sessions, 1 as extra")
    project.model("fct_a", sql.replace("    date,\n    sessions,\nfrom", "    *\nfrom"))
    assert project.error() == "clarity/fct_a.sql:1: column 'extra' is not in the contract"


def test_a_statement_that_is_no_select_is_refused(project):
    project.model("fct_a", "create table x (a int)")
    assert project.error() == "clarity/fct_a.sql:1: a model is one select; this is CREATE"


@pytest.mark.parametrize(
    ("columns", "line", "words"),
    [
        (COLUMNS | {"visitors": "BIGINT"}, 15, "column 'visitors' is not given by the query"),
        (COLUMNS | {"sessions": "DOUBLE"}, 12, "'sessions' is DOUBLE in the contract and BIGINT in the query"),
        (COLUMNS | {"sessions": "BIGNUMBER"}, 12, "'BIGNUMBER' is no type of DuckDB"),
        (COLUMNS | {"sessions": "int8"}, 12, "write BIGINT for int8"),
        (COLUMNS | {"Sessions": "BIGINT"}, 15, "columns.2.name: String should match pattern"),
        ({"date": "DATE", "sessions": ""}, 12, "columns.1.data_type: Input should be a valid string"),
        ({"day": "DATE"}, 3, "the grain names 'date', which is none of the columns"),
    ],
)
def test_a_wrong_column_of_a_contract_is_refused_with_file_and_line(project, columns, line, words):
    project.model("fct_a", columns=columns)
    error = project.error()
    assert error.startswith(f"clarity/fct_a.yml:{line}: ")
    assert words in error


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("materialized: incremental", "materialized: cube", 6, "Input should be 'incremental', 'table'"),
        ("    description: what it is\n", "", 3, "description: Field required"),
        ("  - name: fct_a", "  - name: fct_b", 3, "the file is 'fct_a', its model 'fct_b'"),
        ("name: sessions", "name: date", 12, "column 'date' stands on line 9 too"),
        ("grain: [date]", "grain: [date", 6, "no YAML"),
        ("models:", "sources:", 1, "one entry under `models:`"),
    ],
)
def test_a_wrong_contract_is_refused_with_file_and_line(project, old, new, line, words):
    project.model("fct_a", contract=project.contract("fct_a").replace(old, new))
    error = project.error()
    assert error.startswith(f"clarity/fct_a.yml:{line}: ")
    assert words in error


def test_an_incremental_model_needs_a_date(project):
    sql = SQL.replace("    date,\n    sessions", "    sessions")
    project.model("fct_a", sql, columns={"sessions": "BIGINT"}, grain="sessions")
    assert project.error() == "clarity/fct_a.yml:3: an incremental model needs the column 'date'"


def test_a_model_that_is_replaced_whole_reads_no_parameters(project):
    project.model("fct_a", materialized="table")
    assert project.error().startswith("clarity/fct_a.sql:1: its model is table, so the SQL reads no parameters")


def test_models_that_read_one_another_are_refused_with_file_and_line(project):
    project.model("fct_a", SQL.replace("landing.clarity_base", "marts.fct_b"))
    project.model("fct_b", SQL.replace("landing.clarity_base", "marts.fct_a"))
    error = project.error()
    assert error.startswith(("clarity/fct_a.sql:3: ", "clarity/fct_b.sql:3: "))
    assert "the models read one another: marts.fct_" in error


def test_a_model_that_reads_itself_is_refused(project):
    project.model("fct_a", SQL.replace("landing.clarity_base", "marts.fct_a"))
    assert project.error() == "clarity/fct_a.sql:3: the models read one another: marts.fct_a -> marts.fct_a"


def test_sql_without_a_contract_is_refused(project):
    project.write("marts/fct_a.sql", SQL)
    assert project.error().startswith("fct_a.sql:1: fct_a.yml is missing beside it")


def test_a_contract_without_sql_is_refused(project):
    project.write("marts/fct_a.yml", project.contract("fct_a"))
    assert project.error().startswith("fct_a.yml:1: fct_a.sql is missing beside it")


def test_two_models_of_one_table_are_refused(project):
    project.model("fct_a", folder="marts/clarity")
    project.model("fct_a", folder="marts/kpis")
    assert project.error().startswith("kpis/fct_a.sql:1: clarity/fct_a.sql makes marts.fct_a too")


# --- views, shared columns, data tests -----------------------------------------------------------------------------

PLAIN = "-- Grain: one row per date.\nselect date, sessions from landing.clarity_base\n"


def test_a_view_of_days_reads_no_parameters_and_has_days_all_the_same(project):
    project.model("fct_a", PLAIN, materialized="view")
    model = project.load()["marts.fct_a"]
    assert (model.is_view, model.takes_range, model.is_daily) == (True, False, True)


def test_a_view_whose_grain_has_no_date_has_no_days(project):
    project.model("fct_a", PLAIN, materialized="view", grain="sessions")
    assert not project.load()["marts.fct_a"].is_daily


def test_union_by_name_is_refused_since_its_lineage_would_be_wrong(project):
    sql = "select date, sessions from landing.clarity_base\nunion all by\n name\nselect sessions, date from ops.b"
    project.model("fct_a", sql, materialized="view")
    assert project.error() == "clarity/fct_a.sql:2: write `union all` by place, not `by name`"


def test_a_union_by_place_tells_the_columns_of_all_its_parts(project):
    sql = "select date, sessions from landing.clarity_base union all select date, 1::bigint from ops.clarity_day"
    project.model("fct_a", sql, materialized="view")
    lineage = column_lineage(project.load()["marts.fct_a"], tables=SOURCES)
    assert lineage["date"] == [("landing.clarity_base", "date"), ("ops.clarity_day", "date")]
    assert lineage["sessions"] == [("landing.clarity_base", "sessions")]


SHARED = """version: 2
owners: ["team:growth"]
columns:
  - name: sessions
    data_type: BIGINT
    description: Sessions without bots.
    data_tests:
      - expect_column_values_to_not_be_null
"""
SHORT = """version: 2
models:
  - name: fct_a
    description: what it is
    meta: {grain: [date], materialized: incremental}
    data_tests:
      - expect_table_row_count_to_be_between:
          name: has_rows
          description: The day is there.
          arguments: {min_value: 1}
          config: {severity: warn, where: "sessions > 0"}
    columns:
      - {name: date, data_type: DATE, description: its day}
      - name: sessions
        data_tests:
          - expect_column_values_to_be_between: {arguments: {min_value: 0}}
"""


def test_what_a_contract_leaves_out_is_taken_from_the_shared_file(project):
    project.write("shared.yml", SHARED)
    project.model("fct_a", contract=SHORT)
    contract = project.load()["marts.fct_a"].contract
    assert contract.meta.owners == ["team:growth"]
    assert (contract.columns[1].type, contract.columns[1].meaning) == ("BIGINT", "Sessions without bots.")


def test_a_contracts_own_words_go_before_the_shared_ones(project):
    project.write("shared.yml", SHARED)
    project.model(
        "fct_a", contract=SHORT.replace("- name: sessions\n", "- name: sessions\n        description: mine\n")
    )
    assert project.load()["marts.fct_a"].contract.columns[1].meaning == "mine"


def test_data_tests_are_read_with_their_column_arguments_severity_and_line(project):
    project.write("shared.yml", SHARED)
    project.model("fct_a", contract=SHORT)
    (none, has_rows), (shared_of, not_null), (own_of, at_least) = project.load()["marts.fct_a"].contract.tests
    assert (none, shared_of, own_of) == (None, "sessions", "sessions")
    assert (has_rows.expectation, has_rows.arguments) == ("expect_table_row_count_to_be_between", {"min_value": 1})
    assert (has_rows.name, has_rows.description, has_rows.line) == ("has_rows", "The day is there.", 7)
    assert (has_rows.config.severity, has_rows.config.where) == ("warn", "sessions > 0")
    assert (not_null.expectation, not_null.config.severity) == ("expect_column_values_to_not_be_null", "error")
    assert at_least.arguments == {"min_value": 0}


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("severity: warn", "severity: loud", 7, "Input should be 'error' or 'warn'"),
        ("config: {", "configs: {", 7, "configs: Extra inputs are not permitted"),
        ("data_tests:\n      - expect_table", "data_test:\n      - expect_table", 3, "data_test: Extra inputs"),
        ("- expect_table_row_count_to_be_between:", "- table_row_count:", 7, "should match pattern"),
        ("arguments: {min_value: 1}", "arguments: [1]", 7, "arguments is a mapping"),
        ("{arguments: {min_value: 0}}", "[1]", 16, "expect_column_values_to_be_between is a mapping"),
        ("- expect_column_values_to_be_between: {arguments: {min_value: 0}}", "- {}", 16, "one expectation"),
        ("- expect_column_values_to_be_between: {arguments: {min_value: 0}}", "- 7", 14, "a data test is"),
        ("meta: {grain: [date], materialized: incremental}", "meta: foo", 3, "meta: Input should be"),
        ("description: what it is", "description: a\n    description: b", 5, "'description' stands twice"),
        ("      - name: sessions\n", "      - name: unshared\n", 14, "data_type: Field required"),
    ],
)
def test_a_wrong_data_test_or_column_is_refused_with_file_and_line(project, old, new, line, words):
    project.write("shared.yml", SHARED)
    project.model("fct_a", contract=SHORT.replace(old, new))
    error = project.error()
    assert error.startswith(f"clarity/fct_a.yml:{line}: ")
    assert words in error


def test_a_shared_column_that_stands_twice_is_refused(project):
    project.write("shared.yml", SHARED + SHARED[SHARED.index("  - name") :])
    assert "shared.yml:9: column 'sessions' stands here twice" in project.error()


# --- seeds --------------------------------------------------------------------------------------------------------

SEED = """version: 2
seeds:
  - name: rules
    description: what it is
    meta: {grain: [rule_order], owners: ["team:analytics"]}
    columns:
      - {name: rule_order, data_type: BIGINT, description: its place}
      - {name: pattern, data_type: VARCHAR, description: its text}
"""


def seed(project, rows: str = 'rule_order,pattern\n1,"a,b"\n2,\n', contract: str = SEED) -> None:
    project.write("seeds/rules.csv", rows)
    project.write("seeds/rules.yml", contract)


def test_a_seed_is_a_model_of_its_file_s_rows_that_others_can_read(project):
    seed(project)
    project.model("fct_a", SQL.replace("from known", "from known, seeds.rules"))
    models = project.load()
    assert list(models) == ["seeds.rules", "marts.fct_a"]
    rules = models["seeds.rules"]
    assert (rules.is_seed, rules.is_daily, rules.upstream) == (True, False, {})


def test_a_seeds_version_follows_its_rows(project):
    seed(project)
    first = project.load()["seeds.rules"].code_version
    seed(project, "rule_order,pattern\n1,other\n")
    assert project.load()["seeds.rules"].code_version != first


@pytest.mark.parametrize(
    ("rows", "line", "words"),
    [
        ("rule_order,words\n1,a\n", 1, "the header is rule_order, words; the contract's columns rule_order, pattern"),
        ("rule_order,pattern\n1,a\nsecond,b\n", 3, "second"),
        ("rule_order,pattern\n1,a\n2,b,c\n", 3, "3 fields; the header has 2"),
        ("", 1, "the header is "),
    ],
)
def test_a_seeds_wrong_row_is_refused_with_file_and_line(project, rows, line, words):
    seed(project, rows)
    with pytest.raises(SqlModelError) as caught:
        project.load()
    assert f"rules.csv:{line}: " in str(caught.value)
    assert words in str(caught.value)


def test_a_seed_whose_quote_is_never_closed_is_refused_with_file_and_line(project):
    seed(project, 'rule_order,pattern\n1,a\n2,"b\n')
    with pytest.raises(SqlModelError, match=r"rules.csv:3: no CSV: "):
        project.load()


@pytest.mark.parametrize("name", ["fct_a.sql", "fct_a.yml"])
def test_a_file_that_is_no_utf_8_is_refused_with_its_line(project, name):
    project.model("fct_a")
    path = project.root / "marts/clarity" / name
    path.write_bytes(path.read_bytes().replace(b"date", b"\xff", 1))
    assert f"clarity/{name}:" in project.error()
    assert "no UTF-8" in project.error()


def test_a_control_character_in_a_contract_is_refused_with_the_file(project):
    project.model("fct_a", contract=project.contract("fct_a").replace("what it is", "a\x01b"))
    assert project.error().startswith("clarity/fct_a.yml:1: no YAML: ")


def test_a_folder_that_is_no_schema_is_refused(project):
    project.model("fct_a", folder="My Marts")
    with pytest.raises(SqlModelError, match="its folder 'My Marts' is to be a schema"):
        project.load()


@pytest.mark.parametrize(
    ("shared", "words"), [("columns: [foo]", "columns.0"), ("owners: team:x", "owners"), ("colums: []", "colums")]
)
def test_a_wrong_shared_file_is_refused(project, shared, words):
    project.write("shared.yml", f"version: 2\n{shared}\n")
    error = project.error()
    assert "shared.yml:" in error
    assert words in error


def test_a_seed_without_a_csv_file_is_refused(project):
    project.write("seeds/rules.sql", "select 1::bigint as rule_order, 'a' as pattern")
    project.write("seeds/rules.yml", SEED)
    with pytest.raises(SqlModelError, match=r"rules.yml:3: a seed has its rows in a .csv file"):
        project.load()
