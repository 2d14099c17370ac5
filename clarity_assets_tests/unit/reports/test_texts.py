"""Names from outside in; texts that are safe to show out, and the words that renderings share."""

import html
import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from clarity_assets.reports.document import DayState, Finding, Name, Sentence
from clarity_assets.reports.figures import Figure
from clarity_assets.reports.rendering.texts import (
    basis_parts,
    day_notes,
    known_text,
    markdown_table,
    markdown_text,
    name_text,
    part_text,
    printable,
    sentence_text,
)
from clarity_assets_tests.fixtures.reports import WEEK

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def told(markdown: str) -> str:
    """What a reader of rendered Markdown sees, on one line; tags show where something was made of the text."""
    page = MARKDOWN.render(markdown).strip()
    return " ".join(html.unescape(page.removeprefix("<p>").removesuffix("</p>")).split())


@pytest.mark.parametrize(
    "text",
    ["#", "# a", "- a", "+ a", "* a", "1. a", "1) a", "=", "---", "***", "> a", "    code", "`a`", "~~a~~", "~~~", "[a](b)",
     "![a](b)", "[a]: b", "<b>a</b>", "<http://a.example>", "&amp;", "a\\", "\\", "a  ", "|a|", "a | b", "$x$", "a@b.example",
     "=HYPERLINK(\"https://evil.example\")", "_a_", "__a__", "a_b_c", "<!-- a -->", "\t", "+5 %", "−5 %", "22.1 %"],
)  # fmt: skip
def test_markdown_shows_a_text_as_it_is(text):
    shown = " ".join(printable(text).split())
    assert told(markdown_text(text)) == shown
    assert told(f"- x{markdown_text(text)}") == f"<ul> <li>{' '.join(f'x{printable(text)}'.split())}</li> </ul>"
    assert told(f"- {markdown_text(text)}").replace("<li> ", "<li>") == f"<ul> <li>{shown}</li> </ul>"


@given(st.text(st.sampled_from("ab1 #-+*=_`~[]()<>&|\\!.:/@$\n\t\"'w"), max_size=12))
def test_markdown_shows_whatever_signs_come_together_as_they_are(text):
    assert told(f"x{markdown_text(text)}") == " ".join(f"x{printable(text)}".split())
    assert told(markdown_text(text)) == " ".join(printable(text).split())


@given(st.lists(st.text(st.sampled_from("a|\\`\n*[] <"), max_size=6), min_size=2, max_size=2))
def test_a_markdown_table_keeps_its_cells_whatever_they_hold(cells):
    page = MARKDOWN.render(markdown_table(["A", "B"], [cells]))
    shown = [html.unescape(cell).strip() for cell in re.findall(r"<td.*?>(.*?)</td>", page)]
    assert [" ".join(cell.replace("\u00a0", " ").split()) for cell in shown] == [
        " ".join(printable(c).split()) for c in cells
    ]


def test_columns_of_numbers_are_set_right_in_markdown():
    assert markdown_table(["A", "B"], [["x", "1"]], numbers={1}).splitlines()[1] == "| --- | ---: |"


@pytest.mark.parametrize(
    "link", ["https://a.example", "www.a.example", "WWW.a.example", "HTTP://A.example", "me@a.example"]
)
def test_markdown_makes_no_link_by_itself(link):
    assert not re.search(r"://|www\.|@", markdown_text(link), re.IGNORECASE)


@pytest.mark.parametrize(
    "sign",
    [
        "\n",
        "\x1b",
        "\u202e",
        "\u2066",
        "\u200b",
        "\u2028",
        "\ud800",
        "\ufffe",
        "\U0001ffff",
        "\ufdd0",
        "\x7f",
        "\u00ad",
    ],
)
def test_a_sign_that_could_harm_is_shown_as_one(sign):
    assert printable(f"a{sign}b") == "a�b"


@pytest.mark.parametrize("text", ["a b", "سلة-التسوق", "👩‍👧", "日本語", "a\u00a0b", "🧿", "\u3000"])
def test_a_text_of_any_script_is_printable(text):
    assert printable(text) == text


def test_a_name_is_shortened_in_its_middle_and_a_missing_one_is_said():
    long = name_text(Name("shop/" + "x" * 1990 + "/end", "page"))
    assert len(long) == 100
    assert long.startswith("shop/xxx")
    assert long.endswith("x/end")
    assert name_text(Name("", "page")) == "(empty)"
    assert name_text(Name(None, "country")) == "(no country)"
    assert name_text(Name(None)) == "(none)"


def test_a_sentence_stands_with_its_names_and_numbers():
    values = {
        "page": Name("a\nb", "page"),
        "n": Figure(3, "%", low=1, high=5, is_sample=True),
        "word": "so",
        "none": None,
    }
    assert sentence_text(Sentence("{word}: {page} has {n}{none}.", values)) == "so: a�b has 3 % (1–5) †."
    assert part_text(None) == ""


def test_the_sessions_behind_a_finding_are_told_unless_its_sentence_says_them():
    ratio, sessions, more = Figure(2, "times"), Figure(90, "sessions"), Figure(3, "%")
    finding = Finding("m", {}, Sentence("{r}", {"r": ratio}), sessions, (ratio, more))
    assert basis_parts(finding) == [sessions]
    assert basis_parts(Finding("m", {}, Sentence("{s}", {"s": sessions}), sessions)) == []
    assert basis_parts(Finding("m", {}, Sentence("words"), None, (more,))) == []


def days(*statuses: str, **more) -> list[DayState]:
    return [DayState(WEEK.start + timedelta(days=i), status, **more) for i, status in enumerate(statuses)]


def test_days_are_counted_by_how_they_are_known():
    assert (
        known_text(days("lost", "measured", "derived", "measured"))
        == "3 of 4 days are known: 2 measured, 1 derived, 1 lost."
    )
    assert known_text(days("measured")) == "1 of 1 day is known: 1 measured."
    assert known_text([]) == ""


def test_gaps_of_one_cause_stand_together_and_neighbours_as_a_span():
    found = day_notes(days("lost", "measured", "lost", "lost", "lost", cause="500 <b>\x1b"))
    assert found == ["Mon 5 Oct, Wed 7 Oct – Fri 9 Oct: lost: 500 <b>�"]
    assert day_notes(days("pending")) == ["Mon 5 Oct: pending"]


def test_days_of_several_years_are_told_with_their_years():
    days = [DayState(date(2025, 12, 30) + timedelta(days=i), "lost") for i in range(3)]
    assert day_notes(days) == ["Tue 30 Dec 2025 – Thu 1 Jan 2026: lost"]
    assert day_notes(days[2:]) == ["Thu 1 Jan: lost"]


def test_a_day_that_is_a_sample_or_partly_covered_says_so():
    assert day_notes(days("derived", coverage=0.99996, is_sample=True)) == [
        "Mon 5 Oct: cut at 1,000 rows: a sample",
        "Mon 5 Oct: covered to 99.9 %",
    ]
    assert day_notes(days("measured", coverage=1.0)) == []
