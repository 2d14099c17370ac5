"""The product report of odd projects: every section stands, says what it lacks, and claims nothing."""

from datetime import UTC, date, datetime, timedelta

import pytest

from clarity_assets.reports.document import Finding, Name, Report, Section, Table
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.figures import Figure
from clarity_assets.reports.marts import Marts
from clarity_assets.reports.period import Period
from clarity_assets.reports.product import product_sections
from clarity_assets.reports.rendering.text import render_text
from clarity_assets.reports.rendering.texts import sentence_text
from clarity_assets_tests.sql.by_hand import MODELS, PROJECT, build, day, landed, page_day, site_day, warehouse

MONDAY = date(2026, 10, 5)
WEEK = Period.week(MONDAY)
MADE_AT = datetime(2026, 10, 12, 6, 0, tzinfo=UTC)
EVIL, LONG = "shop/<script>alert(1)</script>", "shop/" + "x" * 1995
REQUESTS = {"country": "clarity_country", "source_medium": "clarity_source_medium", "campaign": "clarity_campaign"}


def on(i: int) -> date:
    """The day `i` days after the Monday."""
    return MONDAY + timedelta(days=i)


def facts_of(con, period: Period = WEEK, *, first: date | None = None) -> Facts:
    """The facts after all models have run."""
    build(con, first or on(-70), max(on(7), period.end))
    return Facts(Marts(con, project_id=PROJECT, period=period, models=MODELS), MADE_AT)


def segment_day(con, request: str, i: int, rows: list[dict], **state: object) -> None:
    """One known day of a request, with its rows."""
    day(con, on(i), request=request, **state)
    for row in rows:
        landed(con, REQUESTS[request], on(i), **row)


def wiggle(i: int, level: float) -> int:
    """A level that scatters a little from day to day, the same way every time."""
    return round(level * (1 + 0.04 * ((i * 7) % 5 - 2) / 2))


def said(section: Section) -> list[str]:
    """The findings' sentences as people read them."""
    return [sentence_text(finding.sentence) for finding in section.findings]


def finding_about(section: Section, words: str) -> Finding:
    """The one finding that has these words."""
    [found] = [finding for finding in section.findings if words in sentence_text(finding.sentence)]
    return found


def block(section: Section, name: str):
    """The section's table or chart of this name."""
    [found] = [one for one in section.blocks if one.name == name]
    return found


def _nothing(con) -> None:
    pass


def _only_lost(con) -> None:
    for i in range(7):
        for request in ("base", "url_device", "country", "source_medium"):
            day(con, on(i), request=request, status="lost", cause="never asked")


def _one_day(con) -> None:
    site_day(con, on(3), sessions=1, bot_sessions=0, visitors=1, pages_per_session=1)
    page_day(con, on(3), "shop/", "PC", sessions=1, total_time_s=10)
    segment_day(con, "country", 3, [{"country": "Germany", "sessions": 1}])
    segment_day(con, "source_medium", 3, [{"source": None, "medium": None, "sessions": 1}])


def _only_bots(con) -> None:
    for i in range(-28, 7):
        site_day(con, on(i), sessions=0, bot_sessions=40, visitors=9, pages_per_session=1)
        page_day(con, on(i), "shop/", "PC", sessions=0, bot_sessions=40)
        segment_day(con, "country", i, [{"country": "Ireland", "sessions": 0, "bot_sessions": 40}])
        segment_day(con, "source_medium", i, [{"source": "", "medium": "", "sessions": 0, "bot_sessions": 40}])


def _odd_names(con) -> None:
    site_day(con, on(0), sessions=200, bot_sessions=0)
    for n, page in enumerate((EVIL, LONG, None, "shop/\u202eevil", "shop/سلة/🛒", "")):
        page_day(con, on(0), page, "<b>PC</b>", sessions=50 - n, total_time_s=30, scroll_depth_pct=50)
    names = (EVIL, LONG, None, "=HYPERLINK(1)", "")
    segment_day(con, "country", 0, [{"country": name, "sessions": 40} for name in names])
    segment_day(con, "source_medium", 0, [{"source": name, "medium": name, "sessions": 40} for name in names])


def _unseen_requests(con) -> None:
    for i in range(-28, 7):
        day(con, on(i))
        landed(con, "clarity_base", on(i), sessions=wiggle(i, 100), bot_sessions=5, visitors=90)


WEEKS = {
    "nothing": _nothing, "only lost": _only_lost, "one day": _one_day, "only bots": _only_bots,
    "odd names": _odd_names, "requests never asked": _unseen_requests,
}  # fmt: skip


@pytest.fixture(scope="module")
def odd_weeks() -> dict[str, tuple[Section, ...]]:
    found = {}
    for name, fill in WEEKS.items():
        with warehouse() as con:
            fill(con)
            found[name] = product_sections(facts_of(con))
    return found


@pytest.mark.parametrize("name", WEEKS)
def test_every_section_stands_and_says_something(odd_weeks, name):
    sections = odd_weeks[name]
    assert [section.name for section in sections] == ["traffic", "features", "geography", "attribution"]
    for section in sections:
        assert said(section) or section.notes
        assert section.cannot_tell


@pytest.mark.parametrize("name", WEEKS)
def test_no_odd_week_claims_a_change_or_a_difference(odd_weeks, name):
    for section in odd_weeks[name]:
        assert not any(finding.is_change or finding.level for finding in section.findings)
        assert not any("differs" in words or "Worth a look" in words or "New " in words for words in said(section))


@pytest.mark.parametrize("name", WEEKS)
def test_names_of_blocks_are_unique_and_begin_with_their_section(odd_weeks, name):
    blocks = [(section.name, one.name) for section in odd_weeks[name] for one in section.blocks]
    assert len(set(blocks)) == len(blocks)
    assert all(own.startswith(f"{section}_") for section, own in blocks)


@pytest.mark.parametrize("name", WEEKS)
def test_every_odd_week_can_be_rendered(odd_weeks, name):
    sections = odd_weeks[name]
    text = render_text(Report("product", "Product", PROJECT, WEEK, MADE_AT, (), (), sections))
    assert "Attribution" in text
    assert "\u202e" not in text
    assert "nan" not in text.lower().split()


def test_a_table_has_at_most_eight_columns_and_as_many_cells_as_columns(odd_weeks):
    tables = [one for sections in odd_weeks.values() for section in sections for one in section.blocks
              if isinstance(one, Table)]  # fmt: skip
    assert tables
    for table in tables:
        assert len(table.columns) <= 8
        assert all(len(row) == len(table.columns) for row in table.rows)


def test_names_from_outside_are_names_everywhere(odd_weeks):
    features, geography = odd_weeks["odd names"][1:3]
    popular = block(features, "features_popular")
    assert Name(EVIL, "page") in [row[0] for row in popular.rows]
    assert Name(EVIL, "country") in [row[0] for row in block(geography, "geography_countries").rows]
    for section in odd_weeks["odd names"]:
        assert not any("<script>" in finding.sentence.template for finding in section.findings)


def test_sessions_without_a_page_are_no_page(odd_weeks):
    popular = block(odd_weeks["odd names"][1], "features_popular")
    assert None not in [row[0].text for row in popular.rows]


def test_a_week_of_bots_alone_says_so_and_shows_no_share(odd_weeks):
    traffic, features, geography, _ = odd_weeks["only bots"]
    assert said(traffic)[0] == "No session of a person: all 280 bot sessions of the week were bots."
    assert block(features, "features_shares").bars == ()
    assert not any("Most" in words for words in said(features) + said(geography))


def test_requests_that_were_never_asked_are_named_with_the_way_to_them(odd_weeks):
    traffic, features, geography, attribution = odd_weeks["requests never asked"]
    assert "sessions; 7 of 7 days known" in said(traffic)[0]
    assert "`url_device`" in said(features)[0]
    assert "`country`" in said(geography)[0]
    assert "`source_medium`" in said(attribution)[0]


def test_every_number_has_a_source_and_an_id_of_its_own(odd_weeks):
    by_id: dict[tuple[str, str], Figure] = {}
    for name, sections in odd_weeks.items():
        for one in (figure for section in sections for figure in figures_of(section)):
            assert one.source is not None or one.value is None
            if one.source:
                same = by_id.setdefault((name, one.id), one)
                assert (same.value, same.unit or one.unit) == (one.value, one.unit or same.unit)
    assert len(by_id) > 100


def figures_of(section: Section) -> list[Figure]:
    """Every number of the section's findings, notes and tables."""
    cells = [cell for one in section.blocks if isinstance(one, Table) for row in one.rows for cell in row]
    sentences = [finding.sentence for finding in section.findings] + list(section.notes)
    values = [value for sentence in sentences for value in sentence.values.values()]
    return [one for one in cells + values if isinstance(one, Figure)]
