"""Findings of ordinary and of odd weeks in; text, Markdown and HTML out: right, safe, self-contained, accessible."""

import re
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from clarity_assets.reports.html import TEMPLATES, render_html
from clarity_assets.reports.markdown import render_markdown
from clarity_assets.reports.terminal import render_text
from clarity_assets.reports.weekly_overview import find_weekly_overview
from clarity_assets_tests.sql.by_hand import PROJECT, build, day, page_day, site_day, warehouse

MONDAY = date(2026, 10, 5)
MADE_AT = datetime(2026, 10, 12, 6, 0, tzinfo=UTC)
EVIL = 'shop/<script>alert("x")</script>|`*[a](http://evil.example)'
LONG = "shop/" + "x" * 1995
VOID = {"meta", "br", "img", "hr", "link"}


def on(i: int) -> date:
    return MONDAY + timedelta(days=i)


def _usual(con) -> None:
    for i in range(-28, 7):
        if i == 1:
            for request in ("base", "url_device"):
                day(con, on(i), request=request, status="lost", cause="ServerFailed: HTTP 500")
        elif i == 6:
            day(con, on(i), status="pending", cause="not asked yet")
        else:
            status, coverage = ("derived", 0.9586) if i == 2 else ("measured", 1.0)
            site_day(
                con, on(i), status=status, coverage=coverage, sessions=1000 + i, bot_sessions=9, rage_click_count=2
            )
            page_day(
                con, on(i), "shop/cart", "PC", status=status, sessions=100, rage_click_count=3, is_truncated=i == 3
            )
            page_day(con, on(i), "shop/home", "Mobile", sessions=10, rage_click_count=1, sessions_is_upper_bound=True)


def _nothing(con) -> None:
    pass


def _one_day(con) -> None:
    site_day(con, on(3), sessions=1, rage_click_count=1)
    page_day(con, on(3), "shop/", "PC", sessions=1, rage_click_count=1)


def _only_lost(con) -> None:
    for i in range(7):
        day(con, on(i), status="lost", cause="never asked")
        day(con, on(i), request="url_device", status="lost", cause="never asked")


def _odd_names(con) -> None:
    site_day(con, on(0), sessions=10, rage_click_count=3)
    for i, page in enumerate((EVIL, LONG, None, "shop/a\x1b[31mb\u202ec\nd", "shop/مرحبا/👩‍👧", "")):
        page_day(con, on(0), page, "<b>PC</b>" if i == 0 else "PC", sessions=10, rage_click_count=9 - i)


WEEKS = {"usual": _usual, "nothing": _nothing, "one_day": _one_day, "only_lost": _only_lost, "odd_names": _odd_names}


@pytest.fixture(scope="module")
def overviews():
    found = {}
    for name, fill in WEEKS.items():
        with warehouse() as con:
            fill(con)
            build(con, on(-28), on(7))
            found[name] = find_weekly_overview(con, project_id=PROJECT, monday=MONDAY, made_at=MADE_AT)
    return found


@pytest.fixture(scope="module")
def pages(overviews) -> dict[str, str]:
    return {name: render_html(overview) for name, overview in overviews.items()}


class Outline(HTMLParser):
    """Reads a page's elements; raises AssertionError where they are not nested well."""

    def __init__(self, text: str):
        super().__init__()
        self.open, self.elements, self.texts = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def all(self, tag: str) -> list[dict]:
        return [attrs for name, attrs in self.elements if name == tag]


# --- every week, every rendering ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WEEKS)
def test_the_page_loads_nothing_and_runs_nothing(pages, name):
    outline = Outline(pages[name])
    tags = {tag for tag, _ in outline.elements}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "base", "form", "image", "use"}
    attributes = {attribute for _, attrs in outline.elements for attribute in attrs}
    assert not {a for a in attributes if a.startswith("on") or a in ("src", "href", "xlink:href", "srcset")}
    urls = re.findall(r"url\(([^)]*)\)", pages[name])
    assert {url[0] for url in urls} == {"#"}
    assert "@import" not in pages[name]


@pytest.mark.parametrize("name", WEEKS)
def test_the_page_has_language_headings_in_order_captions_and_scopes(pages, name):
    outline = Outline(pages[name])
    assert outline.all("html") == [{"lang": "en"}]
    levels = [int(tag[1]) for tag, _ in outline.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert all(attrs.get("scope") in ("col", "row", "rowgroup") for attrs in outline.all("th"))
    assert len(outline.all("caption")) == len(outline.all("table"))
    ids = [attrs["id"] for _, attrs in outline.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    for svg in outline.all("svg"):
        assert svg.get("aria-hidden") == "true" or all(i in ids for i in svg["aria-labelledby"].split())


@pytest.mark.parametrize("name", WEEKS)
def test_every_pattern_that_is_used_is_there(pages, name):
    used = set(re.findall(r"url\(#([\w-]+)\)", pages[name]))
    assert used <= set(re.findall(r'<pattern id="([\w-]+)"', pages[name]))
    assert not re.search(r"#00000[1-8]", pages[name])  # no stand-in colour is left


@pytest.mark.parametrize("name", WEEKS)
@pytest.mark.parametrize("render", [render_text, render_markdown])
def test_text_and_markdown_have_no_control_characters_and_no_tags(overviews, name, render):
    text = render(overviews[name])
    assert all(c.isprintable() or c in "\n\u200d" for c in text)
    if render is render_markdown:
        assert "<" not in text
    assert max(len(line) for line in text.splitlines()) < 700


@pytest.mark.parametrize("name", WEEKS)
def test_no_rendering_calls_anything_a_change(overviews, pages, name):
    for text in (pages[name], render_text(overviews[name]), render_markdown(overviews[name])):
        assert not re.search(r"increase|decrease|rose|fell|higher|lower than|change[sd]?\b", text, re.IGNORECASE)


# --- what they say ------------------------------------------------------------------------------------------------


@pytest.fixture(params=["html", "text", "markdown"])
def said(request, overviews, pages):
    """A function from a week's name to the words of one rendering, on one line."""

    def words_of(name: str) -> str:
        if request.param == "html":
            text = " ".join(Outline(pages[name]).texts)
        else:
            text = {"text": render_text, "markdown": render_markdown}[request.param](overviews[name])
        return re.sub(r"\s+", " ", text)

    return words_of


def test_the_week_stands_in_one_sentence_with_its_gaps_and_causes(said):
    text = said("usual")
    assert "On the 5 of 7 days with figures: 5,014 sessions, 10 rage clicks and 0 dead clicks." in text
    assert "5 of 7 days are known: 4 measured, 1 derived, 1 pending, 1 lost." in text
    assert "The windows used cover 70.8 % of the week." in text  # (4 + 0.9586) / 7 = 0.70837
    assert "ServerFailed: HTTP 500" in text
    assert "not asked yet" in text
    assert "95.8 %" in text


def test_pages_stand_with_numerator_denominator_bounds_and_samples(said):
    text = said("usual")
    assert "15" in text
    assert "3.0" in text  # 15 in 500
    assert "up to 50" in text
    assert "at least 10.0" in text  # 5 in up to 50
    assert "Page figures rest on 5 of 7 days." in text
    assert "None for Tue 6 Oct: lost: ServerFailed: HTTP 500." in text
    assert "Sample: the answers of Thu 8 Oct were cut at 1,000 rows" in text
    assert "Part of the day only: Wed 7 Oct (95.8 %)." in text


def test_what_clarity_cannot_tell_is_said(said):
    assert "How many visitors the week had" in said("usual")


def test_a_week_without_any_row_says_so(said):
    text = said("nothing")
    assert "Nothing is known of this week: all 7 days are unrecorded." in text
    assert "Unknown: no day of the week has page figures." in text


def test_a_week_of_lost_days_names_them_and_their_cause(said):
    text = said("only_lost")
    assert "Nothing is known of this week: all 7 days are lost." in text
    assert (
        "None for Mon 5 Oct, Tue 6 Oct, Wed 7 Oct, Thu 8 Oct, Fri 9 Oct, Sat 10 Oct, Sun 11 Oct: lost: never asked."
        in text
    )


def test_a_single_day_is_told_as_one(said):
    text = said("one_day")
    assert "On the only day with figures: 1 session, 1 rage click and 0 dead clicks." in text
    assert "All pages with rage clicks: 1 page, 1 rage click." in text


def test_odd_names_are_shown_as_they_are_shortened_or_marked(said):
    text = said("odd_names")
    assert "(sessions without a page)" in text
    assert "(empty)" in text
    assert "مرحبا/👩‍👧" in text
    assert "…" in text
    assert re.search("shop/a�\\\\?\\[31mb�c�d", text)


def test_html_shows_a_script_in_a_page_as_text(pages):
    assert "shop/&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;" in pages["odd_names"]
    assert "&lt;b&gt;PC&lt;/b&gt;" in pages["odd_names"]


def test_html_keeps_a_long_name_whole_behind_its_short_one(pages):
    assert pages["odd_names"].count(LONG) == 1
    assert LONG[:66] + "…" in pages["odd_names"]


def test_markdown_makes_no_link_and_no_table_cell_of_a_page(overviews):
    text = render_markdown(overviews["odd_names"])
    assert r"&lt;/script&gt;\|\`\*\[a\](http:&#47;/evil.example)" in text
    rows = [line for line in text.splitlines() if "evil" in line]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [7]


# --- the drawing and the colours ----------------------------------------------------------------------------------


def _marks(page: str, fill: str) -> int:
    """How many marks of the wide chart have a fill."""
    chart = page[page.index('<div class="wide">') : page.index('<div class="narrow">')]
    return chart.count(f'fill="{fill}"') - chart[: chart.index("</defs>")].count(f'fill="{fill}"')


def test_lost_derived_and_pending_days_are_drawn_apart(pages):
    assert _marks(pages["usual"], "url(#wide-lost)") == 1
    assert _marks(pages["usual"], "url(#wide-derived)") == 1
    assert _marks(pages["usual"], "url(#wide-pending)") == 1
    assert _marks(pages["usual"], "var(--accent)") == 32
    assert _marks(pages["only_lost"], "url(#wide-lost)") == 7
    assert _marks(pages["nothing"], "var(--accent)") == 0


def test_the_chart_says_in_words_what_it_shows(pages):
    assert (
        "33 of 35 days are known, between 972 sessions (Mon 7 Sep) and 1,005 sessions (Sat 10 Oct)." in pages["usual"]
    )
    assert "None of the 35 days is known." in pages["only_lost"]


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1, 2], ids=["light", "dark", "print"])
def test_text_has_a_contrast_of_4_5_and_shapes_of_3(scheme):
    css = (TEMPLATES / "report.css").read_text()
    block = re.findall(r":root \{([^}]*)\}", css)[scheme]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))

    def contrast(a: str, b: str) -> float:
        low, high = sorted((_luminance(colours[a]), _luminance(colours[b])))
        return (high + 0.05) / (low + 0.05)

    assert all(contrast(text, "paper") >= 4.5 for text in ("ink", "muted", "accent"))
    assert contrast("accent", "week") >= 3
    assert contrast("gone", "gone-soft") >= 3
    assert contrast("accent", "accent-soft") >= 3
