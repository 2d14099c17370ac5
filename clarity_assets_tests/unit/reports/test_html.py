"""Reports in, one page out: everything traceable, nothing loaded, no name more than text, well formed."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from clarity_assets.reports.document import Column, DayState, Finding, Level, Name, Report, Section, Sentence, Table
from clarity_assets.reports.figures import Figure
from clarity_assets.reports.rendering.html import cell_html, part_html, render_html
from clarity_assets.statistics.change import Outcome
from clarity_assets_tests.fixtures.reports import MADE_AT, WEEK, by_hand, change, source

EVIL = "\"><script>alert(1)</script>'&#x3c;img src=x onerror=alert(1)>"
VOID = {"meta", "wbr"}


class Outline(HTMLParser):
    """Reads a page's elements; raises AssertionError where they are not nested well."""

    def __init__(self, text: str):
        super().__init__()
        self.open, self.elements, self.texts = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names))
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("script", "style"):
            self.texts.append(data)

    def all(self, tag: str) -> list[dict]:
        return [attrs for name, attrs in self.elements if name == tag]

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.texts))


def evil_report() -> Report:
    """Every text that a report has is an attempt to break out."""
    name, words = Name(EVIL, "page"), Sentence("{evil} in {words}", {"evil": Name(EVIL), "words": EVIL})
    table = Table(EVIL, EVIL, (Column(EVIL, True, EVIL), Column(EVIL)), ((name, EVIL),), note=EVIL)
    section = Section(EVIL, EVIL, (Finding(EVIL, {EVIL: EVIL}, words, level=Level.HIGH),), (table,), (words,), (EVIL,))
    day = DayState(WEEK.start, "lost", 0.0, EVIL)
    return Report(EVIL, EVIL, EVIL, WEEK, MADE_AT, (day,), (words,), (section, section), f"https://example.com/{EVIL}")


def nothing_report() -> Report:
    return Report("ux", "UX report", "demo", WEEK, MADE_AT, (), (), ())


def no_bars_report() -> Report:
    """The report by hand, but nothing is known of its first chart."""
    report = by_hand()
    first, *others = report.sections
    bars, *blocks = first.blocks
    first = replace(first, blocks=(replace(bars, bars=()), *blocks))
    return replace(report, sections=(first, *others))


REPORTS = {"by_hand": by_hand, "evil": evil_report, "nothing": nothing_report, "no_bars": no_bars_report}


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {name: render_html(make()) for name, make in REPORTS.items()}


# --- every page ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REPORTS)
def test_the_page_loads_nothing_and_links_to_itself_and_the_dashboard_alone(pages, name):
    outline = Outline(pages[name])
    tags = {tag for tag, _ in outline.elements}
    assert not tags & {"link", "img", "iframe", "object", "embed", "base", "form", "image", "use", "video", "audio"}
    attributes = [(key, value) for _, attrs in outline.elements for key, value in attrs.items()]
    assert not [key for key, _ in attributes if key.startswith("on") or key in ("src", "xlink:href", "srcset", "style")]
    links = [value for key, value in attributes if key == "href" and not value.startswith("#")]
    assert links == ([by_hand().dashboard_url] if name in ("by_hand", "no_bars") else [])
    assert {url[0] for url in re.findall(r"url\(([^)]*)\)", pages[name])} <= {"#"}
    assert "@import" not in pages[name]


@pytest.mark.parametrize("name", REPORTS)
def test_the_only_script_is_the_one_that_the_policy_names(pages, name):
    scripts = re.findall(r"<script>(.*?)</script>", pages[name], re.DOTALL)
    assert len(scripts) == 1
    assert pages[name].count("<script") == 1
    told = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    policy = next(m["content"] for m in Outline(pages[name]).all("meta") if "http-equiv" in m)
    assert policy == (f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{told}'")
    assert not re.search(r"\beval\b|new Function|innerHTML|insertAdjacentHTML|document\.write", scripts[0])


@pytest.mark.parametrize("name", REPORTS)
def test_the_page_has_language_headings_in_order_unique_ids_and_labels(pages, name):
    outline = Outline(pages[name])
    assert outline.all("html") == [{"lang": "en"}]
    levels = [int(tag[1]) for tag, _ in outline.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = [attrs["id"] for _, attrs in outline.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    pointed = [attrs.get("aria-labelledby") for _, attrs in outline.elements]
    pointed += [a["href"][1:] for a in outline.all("a") if a["href"].startswith("#")]
    assert {target for target in pointed if target} <= set(ids)
    assert all(th.get("scope") in ("col", "row") for th in outline.all("th"))
    assert all(svg.get("aria-hidden") == "true" or svg["aria-label"] for svg in outline.all("svg"))


@pytest.mark.parametrize("name", REPORTS)
def test_every_pattern_and_every_colour_that_is_used_is_there(pages, name):
    used = set(re.findall(r"url\(#([\w-]+)\)", pages[name]))
    assert used <= set(re.findall(r'<pattern id="([\w-]+)"', pages[name]))
    assert set(re.findall(r"var\(--([\w-]+)\)", pages[name])) <= set(re.findall(r"--([\w-]+):", pages[name]))


# --- numbers ------------------------------------------------------------------------------------------------------


def test_every_number_with_a_source_stands_with_its_id(pages):
    report = by_hand()
    shown = Outline(pages["by_hand"]).all("data")
    assert {figure.id for figure in report.figures} == {data["data-id"] for data in shown if "data-id" in data}
    assert all("value" in data for data in shown)


def test_a_number_tells_limits_days_bounds_sample_and_origin():
    figure = Figure(22.14, "%", source("rage_click_session_rate", page="a"), low=20, high=25, decimals=1,
                    is_at_least=True, is_sample=True, day_count=6)  # fmt: skip
    html = cell_html(figure)
    assert 'value="22.14"' in html
    assert f'data-id="{figure.id}"' in html
    assert ">at least 22.1 % †</data> <small>(20.0–25.0)</small>" in html
    for told in (
        "95 % interval: 20.0–25.0 %",
        "A lower bound: the true number may be larger.",
        "Of a sample: answers of some days were cut at 1,000 rows.",
        "Told by 6 UTC days.",
        "rage_click_session_rate of marts.fct_page_daily, Mon 5 Oct – Sun 11 Oct 2026",
    ):
        assert told in html


def test_an_unknown_number_has_no_value_and_infinity_is_one_that_scripts_know():
    assert 'value=""' in cell_html(Figure(None, "%"))
    assert "data-id" not in cell_html(Figure(None, "%"))
    assert 'value="Infinity"' in cell_html(change("a", float("inf"), Outcome.INCREASE))


@pytest.mark.parametrize(
    ("ratio", "outcome", "classes", "told"),
    [
        (1.45, Outcome.INCREASE, "n change worse", "For the worse."),
        (0.7, Outcome.DECREASE, "n change better", "For the better."),
        (1.02, Outcome.NO_CHANGE_SHOWN, "n change quiet", "−18 to +27 %"),
        (None, Outcome.TOO_FEW, "n change quiet", "Too few: 3 affected sessions."),
    ],
)
def test_a_change_is_told_in_words_and_marked_only_where_it_is_one(ratio, outcome, classes, told):
    html = cell_html(change("a", ratio, outcome))
    assert f'class="{classes}"' in html
    assert told in html


def test_a_change_without_a_good_direction_is_neither_better_nor_worse():
    assert 'class="n change neutral"' in cell_html(replace(change("a", 1.5, Outcome.INCREASE), better=None))


def test_numbers_in_sentences_keep_unit_and_interval_together():
    html = part_html(Figure(1.9, "times", source("sessions"), low=1.6, high=2.3, decimals=1))
    assert '><span class="whole">1.9 times</span> <span class="whole">(1.6–2.3)</span></data>' in html


# --- names --------------------------------------------------------------------------------------------------------


def test_a_script_in_any_text_is_shown_as_text(pages):
    outline = Outline(pages["evil"])
    assert outline.text.count("<script>alert(1)</script>") > 10
    assert len(outline.all("script")) == 1
    assert not [attrs for _, attrs in outline.elements if "onerror" in attrs]


def test_a_long_name_is_short_and_can_be_unfolded():
    name = Name("shop.example/" + "a" * 2000, "page")
    html = cell_html(name)
    assert html.startswith('<details class="name"><summary><bdi>shop.example/aaa')
    assert html.count("a" * 2000) == 1
    inline = part_html(name)
    assert len(re.sub("<[^>]*>", "", inline)) == 100
    assert f'data-tip="{name.text}"' in inline


def test_every_name_is_kept_apart_from_the_words_around_it():
    assert part_html(Name("سلة-التسوق/🛒", "page")) == "<bdi>سلة-التسوق/🛒</bdi>"
    assert part_html(Name(None, "page")) == "<bdi>(sessions without a page)</bdi>"
    assert part_html(Name("a\u202eb\x1b", "page")) == "<bdi>a�b�</bdi>"


def test_the_page_is_utf_8_whatever_stands_in_a_name():
    page = render_html(by_hand(("\ud800\udfff", "\ufffe", "\x00")))
    assert "\x00" not in page
    assert page.encode().decode() == page


# --- parts of a report --------------------------------------------------------------------------------------------


def test_days_are_counted_told_and_drawn_with_their_patterns(pages):
    outline = Outline(pages["by_hand"])
    assert "6 of 7 days are known: 5 measured, 1 derived, 1 lost." in outline.text
    assert "Wed 7 Oct: lost: 500 on every call <b>" in outline.text
    strip = pages["by_hand"].split('class="strip"')[1].split('class="told"')[0]
    assert [strip.count(fill) for fill in ("var(--accent)", "url(#day-derived)", "url(#day-lost)")] == [5, 1, 1]


def test_many_notes_on_days_are_folded():
    days = tuple(DayState(day, "lost", 0.0, f"cause {i}") for i, day in enumerate(WEEK.dates))
    assert "<summary>Days that are not whole: 7 notes</summary>" in render_html(replace(by_hand(), days=days))


def test_findings_come_before_charts_and_tables_with_their_level_in_words(pages):
    text = pages["by_hand"]
    assert '<span class="badge">HIGH</span>' in text
    assert text.index('class="finding high"') < text.index("<figure") < text.index('<table class="sortable"')
    assert "1 high" in Outline(text).text


def test_a_table_without_rows_says_why(pages):
    assert '<h3 id="b1-4">Campaigns</h3><p class="note">No campaign was told.</p>' in pages["by_hand"]


def test_a_long_table_is_folded_with_the_number_of_its_rows(pages):
    assert re.search(r'<details class="block long"><summary><h3 id="b0-4">Every page</h3>.*24 rows', pages["by_hand"])


def test_what_a_column_means_stands_beneath_its_table(pages):
    assert "Sessions with rage clicks : Share of the page's sessions." in Outline(pages["by_hand"]).text


def test_a_chart_stands_in_two_sizes_with_its_summary_and_its_numbers(pages):
    figure = pages["by_hand"].split("<figure")[1].split("</figure>")[0]
    assert figure.count("<svg") == 2
    outline = Outline(f"<div>{figure.split('>', 1)[1]}</div>")
    assert "The checkout has most." in outline.text
    assert "320" in outline.text  # Mobile's clicks on the checkout


def test_a_chart_that_knows_nothing_is_its_summary(pages):
    figure = pages["no_bars"].split("<figure")[1].split("</figure>")[0]
    assert "The checkout has most." in figure
    assert "<svg" not in figure
    assert "<details" not in figure


def test_what_clarity_does_not_tell_and_how_to_trace_stand_where_one_looks(pages):
    text = Outline(pages["by_hand"]).text
    assert "What Clarity’s export does not tell Which element was clicked" in re.sub(" +", " ", text)
    assert "clarity-assets trace n" in text
    assert "Made 2026-10-12 08:00 UTC." in text


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "http://clarity.microsoft.com", "https://a b"])
def test_a_dashboard_that_is_no_plain_address_is_no_link(url):
    outline = Outline(render_html(replace(nothing_report(), dashboard_url=url)))
    assert [a for a in outline.all("a") if not a["href"].startswith("#")] == []


def test_a_report_of_nothing_is_a_page_with_its_title_and_period(pages):
    text = Outline(pages["nothing"]).text
    assert "UX report" in text
    assert "Mon 5 Oct – Sun 11 Oct 2026" in text


def test_a_page_may_go_on_in_a_new_line_after_each_slash():
    assert cell_html(Name("a/b<c", "page")) == "<bdi>a/<wbr>b&lt;c</bdi>"
