"""The REES46 sample (`../shared/data/rees46_sample`): traffic and carts of real events, and the trap of unlogged carts."""

from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from clarity_assets.clickstream.engines.duckdb_engine import DuckDBEngine
from clarity_assets.clickstream.modules import carts, traffic
from clarity_assets.clickstream.modules.module import Run
from clarity_assets.project_models import project_models
from clarity_assets.quality.checking import check_model
from clarity_assets.settings import load_settings
from clarity_assets_tests.fixtures.clickstream import engine_with, session_rows, step_rows
from clarity_assets_tests.unit.quality.by_hand import fill

FILE = Path(__file__).parents[3] / "shared" / "data" / "rees46_sample" / "2019-Oct_head.csv"
DAY, NEXT_DAY = pd.Timestamp("2019-10-01").date(), pd.Timestamp("2019-10-02").date()
COUNTED = {"product_views": "view", "cart_adds": "cart", "purchases": "purchase"}
CART = "marts.fct_clickstream_cart_daily"


@pytest.fixture(scope="module")
def events() -> pd.DataFrame:
    """The sample's rows as they are, with a number for each session; a row without one is its user's."""
    if not FILE.is_file():
        pytest.skip(f"{FILE} is not there: the real events are not part of the project")
    told = pd.read_csv(FILE, dtype={"product_id": str})
    told["event_at"] = pd.to_datetime(told["event_time"], format="%Y-%m-%d %H:%M:%S UTC")
    told["session_key"] = pd.factorize(told["user_session"].fillna("of user " + told["user_id"].astype(str)))[0]
    return told


def sessions_of(events: pd.DataFrame) -> pa.Table:
    """One row a session, by pandas alone."""
    rows = []
    for key, own in events.groupby("session_key"):
        kinds = own["event_type"].value_counts()
        counted = {column: int(kinds.get(kind, 0)) for column, kind in COUNTED.items()}
        rows.append(counted | {
            "session_key": int(key), "visitor_id": int(own["user_id"].iloc[0]), "is_known_user": True, "events": len(own),
            "started_at": own["event_at"].min().to_pydatetime(), "ended_at": own["event_at"].max().to_pydatetime(),
            "pageviews": 0, "revenue": float(own.loc[own["event_type"] == "purchase", "price"].sum()),
            "is_bounce": len(own) == 1 and counted["cart_adds"] + counted["purchases"] == 0,
        })  # fmt: skip
    return session_rows(rows)


def steps_of(events: pd.DataFrame) -> pa.Table:
    own = events[["session_key", "event_at", "event_type", "product_id", "price"]]
    return step_rows(own.assign(step=own.groupby("session_key").cumcount() + 1).to_dict("records"))


@pytest.fixture(scope="module")
def rows(events, tmp_path_factory) -> dict[str, pa.Table]:
    settings = load_settings()
    with DuckDBEngine(threads=2) as engine:
        engine_with(engine, tmp_path_factory.mktemp("rees46"), session=sessions_of(events), step=steps_of(events))
        run = Run(engine, DAY, NEXT_DAY, settings, project_models(settings))
        return traffic.MODULE.compute(run) | carts.MODULE.compute(run)


def test_the_site_is_what_the_sample_says(events, rows):
    [site] = rows["marts.fct_clickstream_site_daily"].to_pylist()
    assert (site["events"], site["visitors"], site["users"]) == (17_435, 4_505, 4_505)
    assert site["sessions"] == 5_067  # 5,066 ids, and one row without
    assert (site["conversions"], site["orders"]) == (200, 200)  # no order ids, so one a session
    assert site["revenue"] == pytest.approx(59_442.63)
    assert (site["pageviews"], site["local_time_sessions"]) == (0, 0)  # it tells neither
    hours = rows["marts.fct_clickstream_hour_daily"].to_pylist()
    starts = events.groupby("session_key")["event_at"].min().dt.hour.value_counts()
    assert {row["hour"]: row["sessions"] for row in hours} == starts.to_dict()
    assert {row["clock"] for row in hours} == {"utc"}


def test_a_source_without_referrers_and_pages_has_one_row_of_unknown(rows):
    [source] = rows["marts.fct_clickstream_source_daily"].to_pylist()
    [page] = rows["marts.fct_clickstream_landing_page_daily"].to_pylist()
    assert (source["source"], source["medium"], source["campaign"], source["sessions"]) == (None, None, None, 5_067)
    assert (page["landing_page"], page["sessions"], page["conversions"]) == (None, 5_067, 200)


def test_the_sample_has_more_purchases_than_carts_and_the_table_says_so(rows):
    [told] = rows[CART].to_pylist()
    assert told == {
        "date": DAY,
        "cart_sessions": 118,
        "completed_carts": 65,
        "abandoned_carts": 53,
        "abandoned_value": pytest.approx(24_200.15),
        "completed_value": pytest.approx(34_991.47),
        "removed_events": 0,
        "cart_events": 165,
        "purchase_events": 214,
        "purchase_sessions": 200,
        "purchases_without_cart": 135,  # two of three: an abandonment rate of 45 % says little here
    }


def test_the_check_of_incomplete_carts_warns_on_the_sample_and_none_blocks(rows):
    models = project_models(load_settings())
    failed = {}
    with duckdb.connect() as con:
        for table, found in rows.items():
            fill(
                con,
                models[table],
                [
                    ("shop", *(row[c] for c in models[table].column_types if c != "project_id"))
                    for row in found.to_pylist()
                ],
            )
            failed |= {
                result.check.name: result.check.severity
                for result in check_model(con, models[table])
                if result.outcome != "passed"
            }
    assert failed == {"carts_are_logged_completely": "warn"}


def test_products_and_sizes_are_what_pandas_counts(events, rows):
    handled = events.pivot_table(
        index=["session_key", "product_id"], columns="event_type", values="price", aggfunc="size", fill_value=0
    ).reset_index()
    carted, bought = handled[handled["cart"] > 0], handled[handled["purchase"] > 0]
    left = carted[carted["purchase"] == 0]
    products = rows["marts.fct_clickstream_cart_product_daily"].to_pylist()
    for column, counted in (("carted_sessions", carted), ("bought_sessions", bought), ("abandoned_sessions", left)):
        expected = counted["product_id"].value_counts().to_dict()
        assert {row["product_id"]: row[column] for row in products if row[column]} == expected
    sizes = rows["marts.fct_clickstream_cart_size_daily"].to_pylist()
    assert {row["cart_size"]: row["carts"] for row in sizes} == {1: 109, 2: 9}
    assert sum(row["value"] for row in sizes) == pytest.approx(24_200.15 + 34_991.47)
