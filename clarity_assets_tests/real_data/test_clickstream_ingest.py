"""Published event logs, ingested: the counts that `../shared/data/README.md` tells, delivered once, twice and in halves."""

import zipfile
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from pydantic import SecretStr

from clarity_assets.clickstream.ingest.ingesting import ingest
from clarity_assets.clickstream.ingest.ledger import event_files
from clarity_assets.clickstream.ingest.mapping import load_mapping
from clarity_assets.clickstream.ingest.results import FileIngested
from clarity_assets.settings import Settings, load_settings
from clarity_assets.warehouse.connection import open_warehouse

DATA = Path(__file__).parents[3] / "shared" / "data"
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def data(name: str) -> Path:
    if not (DATA / name).exists():
        pytest.skip(f"{DATA / name} is not there: public data is not part of the project")
    return DATA / name


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """Ingests one file into a project of its own; `tell` asks its events, called `event`."""

    class Log:
        def __init__(self, file: Path, mapping: str):
            self.settings: Settings = load_settings(
                warehouse=tmp_path_factory.mktemp(mapping) / "clarity.duckdb", project_id="public", now=NOW,
                clickstream_key=SecretStr("the same key for all"),
            )  # fmt: skip
            self.mapping = load_mapping(mapping, self.settings)
            self.file, self.first = file, self.deliver(file)

        def deliver(self, file: Path, *, again: bool = False) -> FileIngested:
            done = ingest([file], mapping=self.mapping, settings=self.settings, now=NOW, again=again)
            assert not done.unreadable
            return done.files[0]

        def tell(self, sql: str) -> list[tuple]:
            with open_warehouse(self.settings.warehouse) as con:
                files = event_files(con, self.settings, start=date(2000, 1, 1), end=date(2100, 1, 1))
            listed = ", ".join(f"'{file}'" for file in files)
            with duckdb.connect() as con:
                con.execute(f"create view event as from read_parquet([{listed}], hive_partitioning = false)")
                return con.execute(sql).fetchall()

        def days(self) -> dict[date, str]:
            with open_warehouse(self.settings.warehouse) as con:
                return dict(con.execute("select date, content_hash from ops.clickstream_day").fetchall())

        def nothing_changes_when_it_comes_again(self) -> None:
            before = self.days()
            assert self.deliver(self.file).is_known
            again = self.deliver(self.file, again=True)
            assert (again.events_new, again.events_known, again.days) == (0, self.first.events_new, ())
            assert self.days() == before

    return Log


@pytest.fixture(scope="module")
def deskdrop(log, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unzipped")
    with zipfile.ZipFile(data("deskdrop/users_interactions.csv.zip")) as packed:
        return log(Path(packed.extract("users_interactions.csv", folder)), "deskdrop")


@pytest.fixture(scope="module")
def store(log):
    return log(data("rees46_sample/2019-Oct_head.csv"), "store")


@pytest.fixture(scope="module")
def orders(log):
    return log(data("online_retail_II/online_retail_2009_2010.parquet"), "orders")


def test_deskdrop_has_all_its_events_users_sessions_and_items(deskdrop):
    assert (deskdrop.first.rows_read, deskdrop.first.events_new, deskdrop.first.rejected) == (72_312, 72_312, ())
    assert deskdrop.tell("""select count(distinct user_id), count(distinct visitor_id), count(distinct session_id),
        count(distinct product_id), min(date), max(date) from event""") == [
        (1_895, 1_895, 28_740, 2_987, date(2016, 3, 14), date(2017, 2, 28))
    ]  # fmt: skip
    assert Counter(dict(deskdrop.tell("select event_type, count(*) from event group by 1"))) == {
        "view": 61_086, "like": 5_745, "bookmark": 2_463, "comment_created": 1_611, "follow": 1_407,
    }  # fmt: skip


def test_deskdrop_s_user_agents_are_browsers_on_devices(deskdrop):
    told = dict(deskdrop.tell("select device, count(*) from event group by 1"))
    assert set(told) == {"PC", "Mobile", "Tablet", "Other", None}
    assert told["PC"] > told["Mobile"] > told["Tablet"]
    assert deskdrop.tell("select count(*) from event where is_bot") == [(1,)]  # WebPageTest: … PTST/284


def test_the_store_s_last_line_is_cut_off_and_rejected(store):
    assert (store.first.rows_read, store.first.events_new, store.first.rows_rejected) == (17_435, 17_434, 1)
    [rejected] = store.first.rejected
    assert (rejected.row_number, rejected.example) == (17_435, "has 8 fields where the header has 9")
    assert dict(store.tell("select event_type, count(*) from event group by 1")) == {
        "view": 17_056 - 1, "cart": 165, "purchase": 214,
    }  # fmt: skip
    # the cut line names a user (by half of an id) and no session
    assert store.tell("select count(distinct user_id), count(distinct session_id) from event") == [(4_505 - 1, 5_066)]


def test_online_retail_is_cleaned_as_published_each_row_with_its_reason(orders):
    assert (orders.first.rows_read, orders.first.events_new) == (525_461, 407_664)
    assert sum(rejected.rows for rejected in orders.first.rejected) == 525_461 - 407_664
    assert {rejected.rule: rejected.rows for rejected in orders.first.rejected} == {
        "the customer is unknown": 107_927, "cancelled: the invoice {order_id} begins with C": 9_839,
        "price {price} is not above 0": 31,
    }  # fmt: skip
    [(customers, revenue)] = orders.tell("select count(distinct user_id), sum(price * quantity) from event")
    assert customers == 4_312
    assert revenue == pytest.approx(8_832_003.27, abs=0.01)


def test_online_retail_s_days_are_those_of_the_british_clock(orders):
    with duckdb.connect() as con:
        told = con.execute("""select count(distinct InvoiceDate::timestamp::date) from read_parquet(?)
            where "Customer ID" is not null and Invoice not like 'C%' and Quantity > 0 and Price > 0""",
            [str(orders.file)]).fetchall()  # fmt: skip
    assert told == [(len(orders.days()),)]


@pytest.mark.parametrize("name", ["deskdrop", "store", "orders"])
def test_delivered_twice_it_changes_nothing(name, request):
    request.getfixturevalue(name).nothing_changes_when_it_comes_again()


@pytest.mark.parametrize("name", ["deskdrop", "store"])
def test_half_of_it_and_then_the_whole_is_as_the_whole_at_once(name, request, log, tmp_path):
    whole = request.getfixturevalue(name)
    lines = whole.file.read_bytes().splitlines(keepends=True)
    (tmp_path / "half.csv").write_bytes(b"".join(lines[: len(lines) // 2]))
    other = log(tmp_path / "half.csv", name)
    assert other.first.events_new == len(lines) // 2 - 1
    other.deliver(whole.file)
    assert other.days() == whole.days()
