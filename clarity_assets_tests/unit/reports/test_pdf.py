"""Reports in; PDF out: names as they are, the same bytes again, metadata and accessibility declared."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import typst

from clarity_assets.reports.document import (
    BarChart,
    Column,
    DayState,
    Finding,
    Level,
    Name,
    Report,
    Section,
    Sentence,
    Table,
)
from clarity_assets.reports.figures import Figure
from clarity_assets.reports.rendering.pdf import TEMPLATE, render_pages, render_pdf, typst_inputs
from clarity_assets.reports.rendering.pdf_tables import breakable, glued, table_data
from clarity_assets_tests.fixtures.reports import NASTY, WEEK, by_hand

AWKWARD = (
    "#let x = 1", "#panic()", "#", "$x^2$", "$", "*b*", "_i_", "@ref", "<label>", "a\\b", "\\u{41}", "`code`", "// c", "/* c",
    "~", "--- ...", "'q' \"q\"", "[x] {y}", "= head", "- item", "+ item", "/ term: x", "https://a.example/?b=c&d=e#f",
)  # fmt: skip
COLUMNS = (Column("Page"), Column("Sessions", True))


def with_table(names: tuple[str | None, ...], **more) -> Report:
    """A report of one table of names."""
    rows = tuple((Name(name, "page"), Figure(i, "sessions")) for i, name in enumerate(names))
    table = Table("t", "Names", COLUMNS, rows, **more)
    return replace(by_hand(), sections=(Section("s", "Section", (), (table,)),))


def queried(report: Report, selector: str) -> list[dict]:
    """Elements of the typeset document."""
    return json.loads(typst.query(str(TEMPLATE), selector, sys_inputs=typst_inputs(report)))


def words(content: object) -> str:
    """The text of an element, as it stands on the page."""
    return "".join(_words(content))


def _words(content: object) -> Iterator[str]:
    if isinstance(content, list):
        for item in content:
            yield from _words(item)
    elif isinstance(content, dict):
        if content.get("func") == "text":
            yield content["text"]
        elif content.get("func") == "space":
            yield " "
        else:
            for item in ("body", "child", "children"):
                yield from _words(content.get(item))


def body_cells(report: Report) -> list[str]:
    """Texts of the cells of the first table, without its head."""
    return [words(cell) for cell in queried(report, "table")[0]["children"] if cell["func"] == "cell"]


def test_a_report_is_a_pdf_and_the_same_bytes_again():
    first = render_pdf(by_hand())
    assert first.startswith(b"%PDF-")
    assert render_pdf(by_hand()) == first


def test_title_author_keywords_date_and_language_are_set():
    pdf = render_pdf(by_hand(("shop/a",)))
    for told in ("UX report, Mon 5 Oct – Sun 11 Oct 2026", "clarity-assets", "Microsoft Clarity", "2026-10-05",
                 "2026-10-12T08:00:00Z"):  # fmt: skip
        assert told.encode() in pdf
    assert b"<dc:language><rdf:Bag><rdf:li>en</rdf:li>" in pdf


def test_it_declares_universal_accessibility_where_every_letter_has_a_font():
    assert b"pdfuaid:part" in render_pdf(by_hand(("shop/a", "shop/b")))


def test_a_letter_that_no_font_has_breaks_nothing():
    pdf = render_pdf(with_table(("\u0378",)))
    assert pdf.startswith(b"%PDF-")
    assert b"pdfuaid:part" not in pdf


@pytest.mark.parametrize(
    "names", [NASTY, AWKWARD, ("\ud800\ufffe", "\x00\x1b", "\u200b", "", "日本語" * 700, "ا" * 2000)]
)
def test_any_name_can_be_typeset(names):
    assert render_pdf(by_hand(names)).startswith(b"%PDF-")


def test_names_are_shown_as_they_are_and_never_read_as_markup():
    assert body_cells(with_table(AWKWARD))[::2] == list(AWKWARD)


@pytest.mark.parametrize("name", ["#let x = 1", "$x^2$ *b*", "@ref <label> \\", "= `h`"])
def test_a_name_in_a_sentence_or_a_title_is_shown_as_it_is(name):
    finding = Finding("m", {}, Sentence("See {page}.", {"page": Name(name)}), level=Level.HIGH)
    report = replace(by_hand(), title=name, project_id=name, sections=(Section("s", name, (finding,)),))
    said = [words(par) for par in queried(report, "par")]
    assert f"HIGHSee {name}." in said
    assert f"Microsoft Clarity · project {name}" in said
    assert [words(heading) for heading in queried(report, "heading")] == [name, name]


def test_a_name_of_2000_characters_is_shortened_and_can_break():
    name, _ = body_cells(with_table(("shop.example/" + "a" * 2000,)))
    assert name == f"shop.example/{'a' * 53}…{'a' * 33}"
    assert breakable("a" * 20) == "aaaaaa\u200baaaaaa\u200baaaaaa\u200baa"


def test_lines_break_behind_marks_of_long_names_alone():
    assert breakable("shop.example/check") == "shop.\u200bexample/\u200bcheck"
    assert breakable("between 1,140 and shop/a") == "between 1,140 and shop/a"
    assert breakable("a/سلة") == "\u2068a/سلة\u2069"
    assert glued("3 min 33 s") == "3\u00a0min\u00a033\u00a0s"


def test_a_table_of_300_rows_breaks_over_pages_with_its_head_again():
    report = with_table(tuple(f"shop/{i}" for i in range(300)))
    assert 5 <= len(render_pages(report, ppi=10)) <= 9
    assert queried(report, "table")[0]["children"][0]["repeat"] is True
    assert len(body_cells(report)) == 600


def test_a_long_table_is_left_out_and_said_where_it_is():
    report = with_table(("shop/a",) * 40, is_long=True)
    assert queried(report, "table") == []
    assert any(words(par) == "Names: 40 rows, in the report as HTML and as JSON." for par in queried(report, "par"))


def test_an_empty_table_and_a_chart_of_nothing_are_said():
    blocks = (Table("t", "Names", COLUMNS, (), note="Why."), BarChart("b", "Bars", "Nothing is known.", "x", ()))
    report = replace(by_hand(), sections=(Section("s", "S", (), blocks),))
    said = [words(par) for par in queried(report, "par")]
    assert {"No rows.", "Why.", "Nothing is known."} <= set(said)
    assert render_pdf(report).startswith(b"%PDF-")


def test_lead_findings_notes_and_what_cannot_be_told_are_there():
    report = by_hand(("shop/a",))
    said = [words(par).replace("\u00a0", " ") for par in queried(report, "par")]
    assert "On 6 of 7 days: 5,612 sessions, +12 % (−10 to +40 %) against the four weeks before." in said
    assert "Wed 7 Oct: lost: 500 on every call <b>." in said
    assert (
        "HIGHMobile sessions meet 1.9 times (1.6–2.3) as many rage clicks, most of them on shop/a. [2,400 sessions]"
        in said
    )
    assert "Known on 6 days." in said
    assert [words(item) for item in queried(report, "list")] == [
        "Which element was clicked: Clarity's export does not tell it; its heatmaps do."
    ]


def test_headings_are_one_title_sections_and_blocks():
    headings = [(heading["level"], words(heading)) for heading in queried(by_hand(("shop/a",)), "heading")]
    assert headings[:3] == [(1, "UX report"), (2, "Frustration"), (3, "Rage clicks by page and device")]
    assert (3, "What Clarity cannot tell here") in headings


@pytest.mark.parametrize("count", [0, 1, 31, 36, 100])
def test_any_number_of_days_can_be_shown(count):
    statuses = ("measured", "derived", "pending", "lost", "unrecorded", "odd")
    days = tuple(DayState(WEEK.start + timedelta(days=i), statuses[i % 6]) for i in range(count))
    report = replace(by_hand(), days=days, sections=(), lead=())
    assert len(render_pages(report, ppi=10)) == 1


def test_a_report_of_nothing_is_one_page():
    report = replace(by_hand(), days=(), lead=(), sections=(), dashboard_url="", project_id="", title="")
    assert len(render_pages(report, ppi=10)) == 1
    assert render_pdf(report).startswith(b"%PDF-")


def wide(count: int) -> Table:
    """A table of many columns with intervals."""
    columns = (Column("Page"), *(Column(f"Sessions with rage clicks {i}", True) for i in range(count)))
    rows = (
        (Name("shop.example/checkout/pay"), *(Figure(22.1, "%", low=20, high=25, decimals=1) for _ in range(count))),
    )
    return Table("t", "T", columns, rows)


def test_intervals_stand_beside_numbers_where_there_is_room_and_below_where_not():
    few, many, too_many = (table_data(wide(count)) for count in (2, 6, 14))
    assert [few["is_stacked"], many["is_stacked"], too_many["is_stacked"]] == [False, True, True]
    assert [few["size"], too_many["size"]] == [9.0, 6.0]
    assert [column["split"] for column in few["columns"]] == [False, True, True]
    assert [column["title"] for column in few["columns"]][1] == "Sessions with\nrage clicks 0"
    assert few["seconds"] == [2, 4]


def test_a_sample_is_explained_where_it_is_marked():
    def closing(report: Report) -> list[str]:
        return json.loads(typst_inputs(report)["report"])["closing"]

    assert len(closing(by_hand())) == 2
    assert len(closing(by_hand(("a",)))) == 1
