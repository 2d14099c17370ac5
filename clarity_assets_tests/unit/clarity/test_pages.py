"""URLs: what is stripped before storing, and what a page is called."""

import pytest

from clarity_assets.clarity.pages import PageRule, UrlRedactor, redact_text


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://Shop.Example/checkout?gclid=abc#step2", "shop.example/checkout"),
        ("https://shop.example", "shop.example/"),
        ("https://shop.example?x=1", "shop.example/"),
        ("https://shop.example:443/a", "shop.example/a"),
        ("http://shop.example:8080/a", "shop.example:8080/a"),
        ("/relative?x", "/relative"),
        ("", "/"),
        ("https://shop.example/#/cart", "shop.example/"),
        ("https://shop.example/research&development", "shop.example/research&development"),
        ("https://shop.example/AT%26T", "shop.example/AT%26T"),
        ("https://shop.example/p&gclid=x", "shop.example/p"),
    ],
)
def test_a_page_is_the_url_without_scheme_query_and_fragment(url, page):
    assert PageRule().page(url) == page


def test_scheme_and_host_of_a_page_are_settings():
    url = "https://shop.example/a?b"
    assert PageRule(keep_scheme=True).page(url) == "https://shop.example/a"
    assert PageRule(keep_host=False).page(url) == "/a"


def test_nothing_of_a_query_session_id_or_password_is_stored():
    redact = UrlRedactor()
    assert redact("https://u:pw@shop.example/a;jsessionid=F00?gclid=XYZ#me@mail.example") == "https://shop.example/a"


def test_different_urls_of_one_page_stay_apart_when_stored_and_equal_ones_together():
    redact = UrlRedactor()
    assert [redact(u) for u in ("https://s/a?x=1", "https://s/a?x=2", "https://s/a?x=1", "https://s/a")] == [
        "https://s/a", "https://s/a?2", "https://s/a", "https://s/a?3",
    ]  # fmt: skip
    assert PageRule().page("https://s/a?2") == "s/a"


def test_text_for_diagnosis_keeps_no_query_strings():
    assert redact_text('<a href="https://s/a?gclid=SECRET#x">') == '<a href="https://s/a?…">'
    assert redact_text("see //joe:pw@s.example/a;jsessionid=F00 there") == "see //…@s.example/a;… there"
