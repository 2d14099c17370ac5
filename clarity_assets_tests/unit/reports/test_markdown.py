"""Reports in; Markdown out: names shown as they are, nothing made of them."""

import html
import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from clarity_assets.reports.document import Section
from clarity_assets.reports.rendering.markdown import render_markdown
from clarity_assets_tests.fixtures.reports import NASTY, by_hand

AWKWARD = (
    *NASTY,
    "# a | b `c` *d* _e_ ~~f~~ $g$ \\ @h",
    "\ud800 \x1b[31m",
    "![x](http://evil.example/x.png)",
    "x" * 2000,
)


def page(markdown: str) -> str:
    """The Markdown as HTML, as a previewer makes it that lets HTML through."""
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(markdown)


@pytest.fixture(scope="module")
def text() -> str:
    return render_markdown(by_hand())


def test_it_has_one_title_and_a_heading_for_each_section(text):
    shown = page(text)
    assert re.findall("<h2>(.*?)</h2>", shown) == ["UX report: Mon 5 Oct – Sun 11 Oct 2026 (UTC)"]
    assert re.findall("<h3>(.*?)</h3>", shown) == ["Frustration", "Traffic"]
    assert re.findall("<h4>(.*?)</h4>", shown) == ["What Clarity cannot tell here"]


def test_the_lead_and_the_days_come_first(text):
    assert text.split("\n\n")[1:4] == [
        "**On 6 of 7 days: 5,612 sessions, +12 % (−10 to +40 %) against the four weeks before.**",
        "6 of 7 days are known: 5 measured, 1 derived, 1 lost.",
        "- Wed 7 Oct: lost: 500 on every call &lt;b&gt;\n- Fri 9 Oct: cut at 1,000 rows: a sample",
    ]


def test_findings_are_bullets_with_their_level(text):
    assert "\n- **HIGH** Mobile sessions meet 1.9 times (1.6–2.3) as many rage clicks, most of them on " in text
    assert "shop.example/checkout. (2,400 sessions)\n" in text


def test_of_charts_the_summary_is_told(text):
    assert "*Pages by signal.* The checkout stands out in rage and dead clicks." in text


def test_tables_stand_with_numbers_right_and_long_ones_are_left_out(text):
    assert "| --- | ---: | ---: | ---: |" in text
    assert "**Every page**: 24 rows, in the report as HTML and as JSON." in text
    assert "**Campaigns**: no rows.\n\nNo campaign was told." in text
    assert "at least 11.1 % (10.0–12.5) |" in text


def test_a_sample_is_marked_and_the_mark_explained(text):
    assert "7.4 % † (6.7–8.3)" in text
    assert "† of a sample" in text
    assert "†" not in render_markdown(by_hand(("a",)))


def test_nothing_is_made_of_names():
    shown = page(render_markdown(by_hand(AWKWARD)))
    tags = set(re.findall(r"</?(\w+)", shown))
    assert tags == {"h2", "h3", "h4", "p", "strong", "em", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "a"}
    assert re.findall('href="(.*?)"', shown) == ["https://clarity.microsoft.com/projects/view/demo/dashboard"]
    cells = {html.unescape(cell) for cell in re.findall("<tr>\n<td>(.*?)</td>", shown)}
    assert {"shop.example/<script>alert(1)</script>", "shop.example/سلة-التسوق/🛒", "(sessions without a page)",
            '=HYPERLINK("https://evil.example","x")|*b*|[c](https://evil.example)', "� �[31m",
            "# a | b `c` *d* _e_ ~~f~~ $g$ \\ @h", "![x](http://evil.example/x.png)"} <= cells  # fmt: skip
    assert f"{'x' * 66}…{'x' * 33}" in cells


def test_a_title_and_a_project_are_escaped_and_a_link_goes_to_https_alone():
    odd = replace(by_hand(), title="<b>", project_id="*p*", dashboard_url="javascript:alert(1)")
    shown = page(render_markdown(odd))
    assert "<h2>&lt;b&gt;:" in shown
    assert "Project *p*, made 2026-10-12 08:00 UTC.</p>" in shown
    assert "href" not in shown
    broken = replace(odd, dashboard_url="https://a.example/x)y <z>")
    assert 'href="https://a.example/x%29y%20%3Cz%3E"' in page(render_markdown(broken))


def test_a_report_of_nothing_is_a_title_and_a_foot():
    report = replace(by_hand(), days=(), lead=(), sections=(Section("s", "S"),), dashboard_url="")
    assert render_markdown(report) == (
        "## UX report: Mon 5 Oct – Sun 11 Oct 2026 (UTC)\n\n### S\n\nProject demo, made 2026-10-12 08:00 UTC.\n"
    )
