"""What an event tells: types, order within the day, local time, source, device; and Google Analytics' rows."""

from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clarity_assets.clickstream.pseudonyms import pseudonym, pseudonym_key
from clarity_assets.clickstream.schema import EVENT
from clarity_assets_tests.unit.clickstream.ingest.shop import (
    deliver,
    deliver_rows,
    event,
    events,
    rejected,
    settings_of,
    view,
)

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
)


def source_of(settings, **row) -> tuple:
    deliver_rows(settings, [view(**row)])
    told = event(settings)
    return told["source"], told["medium"], told["campaign"], told["referrer_host"]


def test_an_event_has_the_declared_columns_in_their_types(settings):
    deliver_rows(settings, [view()])
    [file] = (settings.events_folder / "events").glob("*/*.parquet")
    assert file.parent.name == "date=2026-10-05"
    names = {"VARCHAR": "string", "BIGINT": "int64", "INTEGER": "int32", "DOUBLE": "double", "BOOLEAN": "bool",
             "DATE": "date32[day]", "TIMESTAMP": "timestamp[us]"}  # fmt: skip
    found = pq.read_schema(file)
    assert [(f.name, str(f.type)) for f in found] == [(c.name, names[c.type]) for c in EVENT]
    assert pq.ParquetFile(file).metadata.row_group(0).column(1).compression == "ZSTD"


def test_all_that_a_row_tells_is_in_its_event(settings):
    row = view(event_id="e1", event_type="purchase", user_id="ada", session_id="s1", url="https://Shop.example/p/1?x=1",
               referrer="https://news.example/", user_agent=CHROME, country="DE", timezone="Europe/Berlin", category="lamps",
               brand="Lux", price="12.5", quantity="2", order_id="o1", rating="5")  # fmt: skip
    deliver_rows(settings, [row])
    told = event(settings)
    key = pseudonym_key(settings)
    ids = {
        f"{kind}_id": pseudonym(raw, key=key, kind=kind)
        for kind, raw in (("visitor", "v1"), ("user", "ada"), ("session", "s1"))
    }
    assert told == ids | {
        "date": datetime(2026, 10, 5).date(), "event_id": "e1", "event_at": datetime(2026, 10, 5, 10), "seq": 1,
        "event_local_at": datetime(2026, 10, 5, 12), "event_type": "purchase", "page": "shop.example/p/1",
        "referrer_host": "news.example", "source": "news.example", "medium": "referral", "campaign": None, "product_id": "lamp",
        "category": "lamps", "brand": "Lux", "price": 12.5, "quantity": 2.0, "order_id": "o1", "rating": None, "device": "PC",
        "browser": "Chrome", "os": "Windows", "country": "DE", "is_bot": False, "origin": "events",
    }  # fmt: skip


@pytest.mark.parametrize(("told", "ours"), [
    ("view", "view"), ("Add To Wishlist", "add_to_wishlist"), ("addToCart", "add_to_cart"), ("SCROLL", "scroll"), (" cart ", "cart"),
    ("checkout-step.2", "checkout_step_2"),
])  # fmt: skip
def test_types_are_lower_snake(settings, told, ours):
    deliver_rows(settings, [view(event_type=told)])
    assert event(settings)["event_type"] == ours


@pytest.mark.parametrize(("kind", "quantity", "counted"), [
    ("cart", None, 1.0), ("remove", None, 1.0), ("purchase", None, 1.0), ("purchase", 3, 3.0), ("view", 3, None), ("checkout", None, None),
])  # fmt: skip
def test_quantity_is_one_where_a_thing_is_put_in_taken_out_or_bought(settings, kind, quantity, counted):
    deliver_rows(settings, [view(event_type=kind, quantity=quantity)])
    assert event(settings)["quantity"] == counted


def test_stars_belong_to_ratings(settings):
    deliver_rows(settings, [view(event_type="rating", rating=4.5), view(rating=4.5)])
    assert {told["event_type"]: told["rating"] for told in events(settings)} == {"rating": 4.5, "view": None}


def test_the_order_of_a_day_is_time_then_type_then_id(settings):
    kinds = ["scroll", "purchase", "checkout", "remove", "cart", "search", "view", "pageview"]
    rows = [view(event_type=kind, event_id=f"{i}") for i, kind in enumerate(kinds)]
    rows += [
        view(event_id="b", event_time="2026-10-05T09:59:59Z"),
        view(event_id="a", event_time="2026-10-05T09:59:59Z"),
    ]
    rows += [view(event_id="next", event_time="2026-10-06T00:00:00Z")]
    deliver_rows(settings, rows)
    told = events(settings)
    assert [e["event_id"] for e in told] == ["a", "b", "7", "6", "5", "4", "3", "2", "1", "0", "next"]
    assert [e["seq"] for e in told] == [*range(1, 11), 1]


# --- local time -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("utc", "zone", "local"), [
    ("2026-03-29T00:59:59Z", "Europe/Berlin", "2026-03-29 01:59:59"), ("2026-03-29T01:00:00Z", "Europe/Berlin", "2026-03-29 03:00:00"),
    ("2026-10-25T00:59:59Z", "Europe/Berlin", "2026-10-25 02:59:59"), ("2026-10-25T01:00:00Z", "Europe/Berlin", "2026-10-25 02:00:00"),
    ("2026-10-05T10:00:00Z", "Asia/Kolkata", "2026-10-05 15:30:00"), ("2026-10-05T10:00:00Z", "America/New_York", "2026-10-05 06:00:00"),
])  # fmt: skip
def test_the_visitor_s_clock_knows_summer_time(settings, utc, zone, local):
    deliver_rows(settings, [view(event_time=utc, timezone=zone)])
    assert f"{event(settings)['event_local_at']}" == local


def test_an_unknown_zone_is_no_reason_to_reject(settings):
    deliver_rows(settings, [view(timezone="Mars/Olympus")])
    assert event(settings)["event_local_at"] is None


def test_without_a_zone_it_is_the_settings_one_or_unknown(tmp_path, settings):
    deliver_rows(settings, [view()])
    assert event(settings)["event_local_at"] is None
    (tmp_path / "other").mkdir()
    berlin = settings_of(tmp_path / "other", clickstream_timezone="Europe/Berlin")
    deliver_rows(berlin, [view(), view(product_id="x", timezone="nowhere")])
    assert [f"{told['event_local_at']}" for told in sorted(events(berlin), key=lambda e: e["product_id"])] == [
        "2026-10-05 12:00:00",
        "None",
    ]


# --- where from -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("url", "referrer", "told"), [
    ("https://s.example/?utm_source=news&utm_medium=email", "https://www.google.com/", ("news", "email", None, "www.google.com")),
    ("https://s.example/?utm_medium=email&gclid=1", None, (None, "email", None, None)),
    ("https://s.example/?gclid=1", "https://www.google.com/", ("google", "cpc", None, "www.google.com")),
    ("https://s.example/?fbclid=1&utm_campaign=x", "https://l.facebook.com/", ("facebook", "social", "x", "l.facebook.com")),
    ("https://s.example/", "https://www.google.com/", ("google", "organic", None, "www.google.com")),
    ("https://s.example/", "https://www.blog.example/x", ("blog.example", "referral", None, "www.blog.example")),
    ("https://s.example/b", "https://s.example/a", (None, None, None, None)),
    ("https://www.s.example/b", "https://s.example/a", (None, None, None, None)),
    ("https://s.example:8443/b", "http://S.example/a", (None, None, None, None)),
    ("https://shop.s.example/b", "https://s.example/a", ("s.example", "referral", None, "s.example")),
    ("/b", "/a", (None, None, None, None)),
    ("https://s.example/", None, (None, None, None, None)),
    (None, "https://chatgpt.com/", ("chatgpt", "ai-assistant", None, "chatgpt.com")),
])  # fmt: skip
def test_the_campaign_comes_before_the_click_id_and_that_before_the_referrer(settings, url, referrer, told):
    assert source_of(settings, url=url, referrer=referrer) == told


def test_links_between_one_s_own_hosts_are_no_referrals(tmp_path):
    settings = settings_of(tmp_path, clickstream_hosts="shop.example, pay.other")
    rows = [view(url="https://shop.example/a", referrer=f"https://{host}/x", brand=host)
            for host in ("blog.shop.example", "pay.other", "notshop.example")]  # fmt: skip
    deliver_rows(settings, rows)
    told = {e["brand"]: e["source"] for e in events(settings)}
    assert told == {"blog.shop.example": None, "pay.other": None, "notshop.example": "notshop.example"}


def test_bots_are_flagged_and_kept(settings):
    deliver_rows(settings, [view(user_agent="Googlebot/2.1"), view(user_agent=CHROME), view()])
    assert sorted((e["is_bot"], e["device"]) for e in events(settings) if e["device"]) == [
        (False, "PC"),
        (True, "Other"),
    ]
    assert sum(e["device"] is None and not e["is_bot"] for e in events(settings)) == 1


# --- Google Analytics 4 ---------------------------------------------------------------------------------------------


def parameter(key: str, value) -> dict:
    kind = "int_value" if isinstance(value, int) else "string_value"
    return {
        "key": key,
        "value": {"string_value": None, "int_value": None, "float_value": None, "double_value": None} | {kind: value},
    }


GA4 = {
    "event_date": "20261005", "event_timestamp": 1_791_194_400_123_456, "event_name": "page_view", "user_id": None,
    "event_params": [parameter("ga_session_id", 1_791_194_000), parameter("page_location", "https://Shop.example/p?gclid=abc&_gl=1"),
                     parameter("page_referrer", "https://www.google.com/")],
    "user_pseudo_id": "123.456", "device": {"category": "desktop", "operating_system": "Windows", "web_info": {"browser": "Chrome"}},
    "geo": {"country": "Germany"}, "ecommerce": {"transaction_id": "(not set)"},
    "collected_traffic_source": {"manual_source": None, "manual_medium": None, "manual_campaign_name": None},
    "items": [],
}  # fmt: skip
ITEMS = [
    {"item_id": f"i{n}", "item_category": "lamps", "item_brand": "Lux", "price": 10.0 + n, "quantity": n}
    for n in (1, 2)
]
BUY = GA4 | {"event_name": "purchase", "items": ITEMS, "ecommerce": {"transaction_id": "T1"}, "user_id": "ada"}


def as_parquet(path, rows):
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_a_page_view_of_google_analytics_is_a_pageview(settings):
    deliver_rows(settings, [GA4], mapping="ga4")
    told = event(settings)
    assert {n: told[n] for n in ("event_type", "page", "source", "medium", "device", "os", "browser", "country", "order_id")} == {
        "event_type": "pageview", "page": "shop.example/p", "source": "google", "medium": "cpc", "device": "PC", "os": "Windows",
        "browser": "Chrome", "country": "Germany", "order_id": None,
    }  # fmt: skip
    assert told["event_at"] == datetime(2026, 10, 5, 10, 0, 0, 123456)


def test_each_item_of_a_purchase_is_an_event(settings):
    done = deliver_rows(settings, [BUY], mapping="ga4")
    assert (done.rows_read, done.events_new) == (1, 2)
    told = [
        (e["product_id"], e["price"], e["quantity"], e["order_id"], e["category"], e["brand"]) for e in events(settings)
    ]
    assert sorted(told) == [("i1", 11.0, 1.0, "T1", "lamps", "Lux"), ("i2", 12.0, 2.0, "T1", "lamps", "Lux")]


def test_equal_items_of_one_purchase_stay_two_and_come_again_as_none(settings):
    assert deliver_rows(settings, [BUY | {"items": [ITEMS[0], ITEMS[0]]}], mapping="ga4").events_new == 2
    again = deliver_rows(settings, [BUY | {"items": [ITEMS[0], ITEMS[0]]}, GA4], mapping="ga4")
    assert (again.events_new, again.events_known) == (1, 2)


@pytest.mark.parametrize(("row", "count"), [
    (BUY | {"items": []}, 1), (BUY | {"items": None}, 1), (GA4 | {"items": ITEMS}, 1),
    (GA4 | {"items": ITEMS, "event_name": "begin_checkout"}, 1), (GA4 | {"items": ITEMS, "event_name": "view_item"}, 2),
])  # fmt: skip
def test_other_types_and_empty_lists_stay_one_event(settings, row, count):
    assert deliver_rows(settings, [row], mapping="ga4").events_new == count
    assert (event(settings)["product_id"] is None) if count == 1 else True


@pytest.mark.parametrize("name", ["Purchase", "PURCHASE", " purchase "])
def test_items_are_taken_however_the_type_is_written(settings, name):
    assert deliver_rows(settings, [BUY | {"event_name": name}], mapping="ga4").events_new == 2
    assert {e["event_type"] for e in events(settings)} == {"purchase"}


def test_one_bad_item_is_rejected_alone(settings):
    done = deliver_rows(settings, [BUY | {"items": [ITEMS[0], ITEMS[1] | {"price": -5}]}], mapping="ga4")
    assert (done.rows_read, done.events_new, done.rows_rejected) == (1, 1, 1)
    assert rejected(settings)[0][:2] == (1, "price is negative: '-5'")


def test_sessions_of_two_visitors_that_began_in_the_same_second_differ(settings):
    deliver_rows(settings, [GA4, GA4 | {"user_pseudo_id": "789.1"}], mapping="ga4")
    assert len({e["session_id"] for e in events(settings)}) == 2


def test_the_nested_parquet_of_bigquery_gives_the_same_events_as_its_json(settings, tmp_path):
    rows = [GA4, BUY, GA4 | {"event_name": "view_item", "items": ITEMS, "event_timestamp": GA4["event_timestamp"] + 1}]
    first = deliver_rows(settings, rows, mapping="ga4")
    assert first.events_new == 5
    [done] = deliver(settings, as_parquet(tmp_path / "a.parquet", rows), mapping="ga4").files
    assert (done.events_new, done.events_known, done.rows_rejected) == (0, 5, 0)
