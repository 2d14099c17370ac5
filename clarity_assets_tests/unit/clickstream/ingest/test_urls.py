"""Pages as Clarity's are made, campaigns and click ids before the query string goes, hosts of referrers."""

import unicodedata
from urllib.parse import quote_plus

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import settings as run_settings
from hypothesis import strategies as st

from clarity_assets.clarity.pages import PageRule
from clarity_assets.clickstream.ingest.sources import (
    CLICK_IDS,
    click_id,
    medium_of_click,
    source_of_click,
    source_of_host,
)
from clarity_assets.clickstream.ingest.urls import (
    in_steps,
    page_of,
    page_steps,
    referrer_steps,
    utm_steps,
    without_query,
)

RULES = [PageRule(), PageRule(keep_host=False), PageRule(keep_scheme=True), PageRule(keep_scheme=True, keep_host=False)]
URLS = [
    "https://shop.example/p/1?utm_source=x&gclid=abc", "HTTPS://Shop.Example:443/A/b", "http://shop.example:80", "http://x:8080/a",
    "https://user:secret@shop.example/konto", "https://u:p@ss@shop.example/", "//shop.example/x#top", "/cart;jsessionid=ABC123/next?x",
    "/p&gclid=abc", "/p%3Fgclid%3Dabc", "shop.example/a/b", "", "?x=1", "#a", "about:blank", "https://shop.example",
    "https://shop.example/ä/ö?x", "https://münchen.example/straße", "https://shop.example//a//b/", "https://shop.example/a=b",
    "https://shop.example/p/%26gclid%3d1", "https://shop.example/x;SID=9;a=1", "ftp://Files.Example:21/x", "https://shop.example?x=1",
    "https://shop.example/a b", "mailto:someone@shop.example", "https://[::1]:443/x", "http://shop.example:80:80/", "://x", "https://",
    "https://shop.example/a%3", "https://shop.example/100%25", "https://shop.example/p&a.b~c=1&d",
]  # fmt: skip
PIECES = ["https://", "http://", "//", "/", "shop.example", "Shop.Example", ":443", ":80", "user:pw@", "@", "?", "#", "&", ";",
          "jsessionid=1", ";sid=x", "gclid=1", "%3F", "%3f", "%3D", "%26", "=", "a", "ä", "_", "~", ".", "%", "-", " ", "://"]  # fmt: skip


def computed(steps, column: str, values: list[str], *, name: str = "url") -> list[str | None]:
    with duckdb.connect() as con:
        con.execute("create table told (place int, url varchar)")
        con.executemany("insert into told values (?, ?)", [list(pair) for pair in enumerate(values)])
        return [
            row[0] for row in con.execute(f"select {column} from {in_steps('told', steps)} order by place").fetchall()
        ]


@pytest.mark.parametrize("rule", RULES)
def test_pages_are_those_of_the_python_functions(rule):
    assert computed(page_steps("url", rule), "page", URLS) == [page_of(url, rule) for url in URLS]


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=9).map("".join), min_size=1, max_size=60))
@run_settings(max_examples=30, deadline=None)
def test_any_url_becomes_the_page_that_the_python_functions_make(urls):
    for rule in RULES:
        assert computed(page_steps("url", rule), "page", urls) == [page_of(url, rule) for url in urls]


def test_no_url_has_no_page():
    with duckdb.connect() as con:
        sql = f"select page from {in_steps('(select null::varchar as url)', page_steps('url', PageRule()))}"
        assert con.execute(sql).fetchall() == [(None,)]


@pytest.mark.parametrize(("url", "host"), [
    ("https://www.Shop.example:8443/x", "www.shop.example"), ("shop.example/x", "shop.example"), ("//shop.example/x", "shop.example"),
    ("https://a:b@shop.example/", "shop.example"),
])  # fmt: skip
def test_a_page_tells_its_own_host(url, host):
    assert computed(page_steps("url", PageRule()), "own_host", [url]) == [host]


# --- campaigns ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("query", "told"), [
    ("utm_source=news&utm_medium=email&utm_campaign=spring", ("news", "email", "spring")),
    ("utm_source=news%20letter&utm_campaign=a+b%2Bc", ("news letter", None, "a b+c")),
    ("UTM_SOURCE=x&amp;utm_medium=y", ("x", "y", None)),
    ("utm_source=&utm_medium=%20", (None, None, None)),
    ("a=1&utm_campaign=x%26gclid%3Dsecret", (None, None, "x")),
    ("utm_campaign=Q%26A%20Sale%20%231", (None, None, "Q&A Sale #1")),
    ("utm_source=%FF%zz", ("%FF%zz", None, None)),
    ("utm_campaign=caf%C3%A9", (None, None, "café")),
    ("xutm_source=a", (None, None, None)),
    ("a=1", (None, None, None)),
])  # fmt: skip
def test_a_campaign_is_read_from_the_parameters_and_decoded(query, told):
    steps = utm_steps("url")
    url = f"https://shop.example/p?{query}"
    assert tuple(computed(steps, f"utm_{name}", [url])[0] for name in ("source", "medium", "campaign")) == told


BLANKS = "".join(c for c in map(chr, range(0x3001)) if unicodedata.category(c) == "Zs")  # what DuckDB's trim takes off


@given(st.text(st.characters(exclude_categories=["C"], exclude_characters="?#&=%"), min_size=1, max_size=20))
@example("\u00a0")
@run_settings(max_examples=40, deadline=None)
def test_a_campaign_s_name_is_what_was_encoded(name):
    url = f"https://shop.example/?utm_campaign={quote_plus(name)}#x"
    assert computed(utm_steps("url"), "utm_campaign", [url]) == [name.strip(BLANKS) or None]


# --- click ids ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "source", "medium"), CLICK_IDS)
def test_every_click_id_tells_source_and_medium(name, source, medium):
    for url in (f"/p?{name}=abc", f"https://s.example/?a=1&{name.upper()}=abc", f"/p#x&{name}=a"):
        with duckdb.connect() as con:
            sql = f"select {source_of_click('c')}, {medium_of_click('c')} from (select {click_id('url')} as c from (select ? as url))"
            assert con.execute(sql, [url]).fetchall() == [(source, medium)]


@pytest.mark.parametrize("url", ["/p", "/p?gclid=", "/p?xgclid=1", "/gclid=1", "/p?gclid"])
def test_what_only_looks_like_a_click_id_is_none(url):
    with duckdb.connect() as con:
        assert con.execute(f"select {click_id('url')} from (select ? as url)", [url]).fetchall() == [("",)]


# --- referrers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("referrer", "host"), [
    ("https://www.google.de/", "www.google.de"), ("https://News.Example/x?y=1", "news.example"), ("google.com", "google.com"),
    ("www.google.com/search?q=x", "www.google.com"), ("android-app://com.google.android.gm/", "com.google.android.gm"),
    ("//t.co/abc", "t.co"), ("https://u:p@news.example:8080/x", "news.example"), ("http://intranet/x", "intranet"),
    ("https://www.google.com./", "www.google.com"), ("https://münchen.example/", "münchen.example"), ("https://shop.example", "shop.example"),
    ("(direct)", None), ("/cart", None), ("direct", None), ("about:blank", None), ("file:///C:/x.html", None), ("https://", None),
    ("https://a b.example/", None), ("https://x.example?gclid=1", "x.example"), ("https://x.example&gclid=1", None),
])  # fmt: skip
def test_a_referrer_tells_its_host(referrer, host):
    assert computed(referrer_steps("url"), "told_host", [referrer]) == [host]


@pytest.mark.parametrize(("host", "told"), [
    ("www.google.de", ("google", "organic")), ("google.co.uk", ("google", "organic")), ("duckduckgo.com", ("duckduckgo", "organic")),
    ("m.facebook.com", ("facebook", "social")), ("t.co", ("twitter", "social")), ("chatgpt.com", ("chatgpt", "ai-assistant")),
    ("www.youtube.com", ("youtube", "referral")), ("sm.cn", ("sm.cn", "organic")), ("news.google.com", ("news.google.com", "referral")),
    ("www.blog.example", ("blog.example", "referral")), ("googleblog.example", ("googleblog.example", "referral")),
])  # fmt: skip
def test_a_host_is_called_as_campaigns_call_it(host, told):
    assert source_of_host(host) == told


def test_a_product_that_is_a_url_loses_its_query_string():
    with duckdb.connect() as con:
        told = ["lamp", "a/b?c", "https://s.example/p?gclid=1", "A&B", "x?gclid=1", "50% off"]
        assert [con.execute(f"select {without_query('t')} from (select ? as t)", [t]).fetchall()[0][0] for t in told] == [
            "lamp", "a/b?c", "https://s.example/p", "A&B", "x", "50% off",
        ]  # fmt: skip
