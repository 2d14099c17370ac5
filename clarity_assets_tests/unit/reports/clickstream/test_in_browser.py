"""The clickstream report's page in a real browser: accessible by day and night, on desk and phone, flows told."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from clarity_assets.reports.clickstream.sections import clickstream_sections
from clarity_assets.reports.document import Report
from clarity_assets.reports.rendering.html import render_html
from clarity_assets_tests.sql.by_hand import PROJECT

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
pytestmark = [
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason=f"no browser at {CHROMIUM}"),
    pytest.mark.xdist_group("browser"),
]
SIZES = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 800}}


@pytest.fixture(scope="module")
def address(facts, tmp_path_factory) -> str:
    report = Report("clickstream", "Clickstream report", PROJECT, facts.period, facts.made_at, facts.days, (),
                    clickstream_sections(facts))  # fmt: skip
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_html(replace(report, lead=())))
    return path.as_uri()


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_and_nothing_is_wider_than_the_page(browser, address, size, scheme):
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(viewport=SIZES[size], color_scheme=scheme)
    said = []
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.goto(address)
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") == SIZES[size]["width"]
    assert said == []
    context.close()


def test_a_flow_tells_its_words_and_its_number_to_the_pointer(browser, address):
    context = browser.new_context(viewport=SIZES["desk"])
    page = context.new_page()
    page.goto(address)
    flow = page.locator("figure", has_text="Ways through the site").locator(".wide svg")
    flow.locator("[data-id]").first.hover()
    tip = page.get_by_role("tooltip").inner_text()
    assert "sessions" in tip
    assert flow.locator("[data-id]").first.get_attribute("data-id") in tip
    context.close()
