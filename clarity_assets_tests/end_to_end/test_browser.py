"""A report's page in a real browser: it sorts, tells its numbers, fits a phone, loads nothing, is accessible."""

import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from clarity_assets.reports.document import Bar, BarChart, DayState, Finding, Level, Name, Report, Section, Sentence
from clarity_assets.reports.rendering.html import render_html
from clarity_assets_tests.fixtures.reports import by_hand, source

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
pytestmark = [
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason=f"no browser at {CHROMIUM}"),
    pytest.mark.xdist_group("browser"),
]

SIZES = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 800}}
LIMITS_TIP = "95 % interval: 1.6–2.3 times"


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_html(by_hand()))
    return path.as_uri()


@pytest.fixture
def open_page(browser, address):
    """Opens the report; afterwards no error stands in the console, and nothing but the file was asked for."""
    contexts, said, asked = [], [], []

    def opened(size: str = "desk", scheme: str = "light"):
        context = browser.new_context(viewport=SIZES[size], color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(f"{error}"))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []
    assert set(asked) == {address}


def test_a_click_on_a_header_sorts_by_number_with_unknown_last(open_page):
    page = open_page()
    table = page.locator("table.sortable").first
    head = table.locator("thead th").nth(1)
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    cells = table.locator("tbody tr > :nth-child(2) data")
    values = [cell.get_attribute("value") for cell in cells.all()]
    assert values == ["160", "200", "240", "280", "320", "360", "400", ""]
    assert table.locator("thead th[aria-sort]").count() == 1


def test_names_are_sorted_as_words_and_rows_stay_whole(open_page):
    page = open_page()
    table = page.locator("table.sortable").first
    table.locator("thead th").first.get_by_role("button").click()
    names = [name.inner_text() for name in table.locator("tbody th").all()]
    assert names[0].startswith("(sessions without a page)")
    row = table.locator("tbody tr", has_text="shop.example/checkout")
    assert row.locator("data").first.get_attribute("value") == "400"


def test_a_number_tells_its_interval_and_id_on_hover_and_on_focus(open_page):
    page = open_page()
    number = page.locator(".finding data").first
    tip = page.get_by_role("tooltip")
    number.hover()
    assert LIMITS_TIP in tip.inner_text()
    assert number.get_attribute("data-id") in tip.inner_text()
    page.mouse.move(0, 0)
    tip.wait_for(state="hidden")
    number.focus()
    assert LIMITS_TIP in tip.inner_text()
    page.keyboard.press("Escape")
    assert tip.is_hidden()


def test_a_tap_keeps_the_tip_open(open_page):
    page = open_page("phone")
    page.locator(".finding data").first.click()
    assert page.get_by_role("tooltip").get_by_role("button", name="Copy id").is_visible()


def test_a_mark_of_a_chart_tells_its_words_to_pointer_and_keyboard(open_page):
    page = open_page()
    chart = page.locator("figure .wide svg").first
    tip = page.get_by_role("tooltip")
    chart.locator("[data-tip]").first.hover()
    assert "shop.example/checkout, Mobile: 320 rage clicks" in tip.inner_text()
    chart.focus()
    first = tip.inner_text()
    page.keyboard.press("ArrowRight")
    assert tip.is_visible()
    assert tip.inner_text() != first


def test_arrows_lead_from_number_to_number_of_a_table(open_page):
    page = open_page()
    numbers = page.locator("table.sortable").first.locator("data.n")
    assert [numbers.nth(i).get_attribute("tabindex") for i in range(3)] == ["0", "-1", "-1"]
    numbers.first.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent") == numbers.nth(1).inner_text()


@pytest.mark.parametrize("size", SIZES)
def test_the_page_is_never_wider_than_the_window(open_page, size):
    page = open_page(size)
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") == SIZES[size]["width"]
    assert page.locator("figure .wide svg").first.is_visible() == (size == "desk")


def wide_report() -> Report:
    """Two years of days, and a name of 2,000 characters wherever running text has names."""
    start = date(2024, 10, 1)
    days = tuple(DayState(start + timedelta(days=i), "lost" if i % 9 == 0 else "measured") for i in range(730))
    told = Sentence("On {page}: {page}.", {"page": Name("shop.example/" + "a" * 1987, "page")})
    finding = Finding("sessions", {}, told, level=Level.HIGH)
    section = Section("s", "S", (finding, replace(finding, level=None)), (), (told,))
    return replace(by_hand(), days=days, lead=(told,), sections=(section,))


@pytest.mark.parametrize("size", SIZES)
def test_two_years_of_days_and_a_name_of_2000_characters_fit_the_window(browser, tmp_path, size):
    path = tmp_path / "wide.html"
    path.write_text(render_html(wide_report()))
    context = browser.new_context(viewport=SIZES[size])
    page = context.new_page()
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == SIZES[size]["width"]
    assert page.locator(".month").count() == 24
    assert page.locator(".month [data-tip]").count() == 730
    page.locator(".month [data-tip]").first.hover()
    assert page.get_by_role("tooltip").inner_text() == "Tue 1 Oct: lost"
    context.close()


def test_a_table_that_is_too_wide_says_so_and_keeps_its_first_column(open_page):
    page = open_page("phone")
    table = page.locator(".scroll:has(table.sortable)").first
    hint = "e => getComputedStyle(e, '::before').content"
    assert "Scroll sideways" in table.evaluate(hint)
    left = table.locator("tbody th").first.bounding_box()["x"]
    table.evaluate("e => { e.scrollLeft = e.scrollWidth }")
    page.locator(".scroll.end:has(table.sortable)").first.wait_for()
    assert table.locator("tbody th").first.bounding_box()["x"] == left
    assert table.locator("tbody td").first.bounding_box()["x"] < left


def test_a_table_that_fits_says_nothing_of_scrolling(open_page):
    page = open_page("desk")
    assert page.locator("table.sortable").first.is_visible()
    assert page.locator(".sideways:visible").count() == 0


def test_a_mark_tells_its_id_to_pointer_and_keyboard(browser, tmp_path):
    rate = source("rage_click_session_rate", page="a")
    chart = BarChart("b", "B", "S.", "%", (Bar("a", 2, source=rate), Bar("b", 1)))
    path = tmp_path / "marks.html"
    path.write_text(render_html(replace(by_hand(), sections=(Section("s", "S", (), (chart,)),))))
    context = browser.new_context(viewport=SIZES["desk"])
    page = context.new_page()
    page.goto(path.as_uri())
    tip = page.get_by_role("tooltip")
    page.locator(".wide [data-tip]").first.hover()
    assert rate.id in tip.inner_text()
    page.mouse.move(0, 0)
    tip.wait_for(state="hidden")
    page.locator(".wide svg").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.closest('.tip') && document.activeElement.tagName") == "BUTTON"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.tagName") == "svg"
    page.keyboard.press("Escape")
    assert tip.is_hidden()
    context.close()


def test_on_paper_the_page_has_no_buttons_and_is_white(open_page):
    page = open_page(scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("nav").is_hidden()
    assert page.locator("details.numbers").first.is_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_no_violation(open_page, size, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(size, scheme)
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    page.locator(".finding data").first.focus()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
