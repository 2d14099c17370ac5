"""Attribution by hand: channels, quality, sources that are new, gone or worse, campaigns where they are asked for."""

from functools import partial

import pytest

from clarity_assets.reports.product.attribution import attribution
from clarity_assets_tests.sql.by_hand import day, site_day, warehouse
from clarity_assets_tests.unit.reports.test_product_sections import (
    block,
    facts_of,
    finding_about,
    on,
    said,
    segment_day,
    wiggle,
)


def usual(i: int, source: str | None, medium: str | None, sessions: float) -> dict:
    """A source's day: one session in ten goes back quickly, visitors stay 150 s."""
    count = wiggle(i, sessions)
    return {"source": source, "medium": medium, "sessions": count, "bot_sessions": 0, "visitors": count,
            "total_time_s": 150 + i % 3, "scroll_depth_pct": 50, "pages_per_session": 2.5,
            "quick_back_sessions": count // 10, "quick_back_count": count // 10}  # fmt: skip


def advert(i: int, sessions: int) -> dict:
    """A campaign's day: four sessions in ten go back quickly, visitors stay 50 s."""
    return usual(i, "insta", "paid_social", 0) | {
        "sessions": sessions, "visitors": sessions, "total_time_s": 50 + i % 2, "quick_back_sessions": sessions * 4 // 10,
        "quick_back_count": sessions * 4 // 10,
    }  # fmt: skip


def section_of(*, adverts: dict[int, int], lost: tuple[int, ...] = (), first: int = -28, extra=None, make=advert):
    """Five weeks of two steady sources, and what an advertisement brings on some days."""
    with warehouse() as con:
        for i in range(first, 7):
            site_day(con, on(i), sessions=wiggle(i, 900) + adverts.get(i, 0), bot_sessions=10)
            if i in lost:
                day(con, on(i), request="source_medium", status="lost", cause="never asked")
                continue
            rows = [usual(i, "google", "organic", 600), usual(i, None, None, 300)]
            rows += [make(i, adverts[i])] if i in adverts else []
            segment_day(con, "source_medium", i, rows)
            if extra:
                extra(con, i)
        return attribution(facts_of(con))


ALL_WEEK = dict.fromkeys(range(7), 200)


@pytest.fixture(scope="module")
def campaign():
    """From the Tuesday before on, 200 sessions a day; its first minutes fall on the Monday before that."""
    return section_of(adverts={-7: 3} | dict.fromkeys(range(-6, 5), 200))


@pytest.fixture(scope="module")
def steady():
    return section_of(adverts={})


def test_a_new_source_is_told_with_its_first_whole_day_and_its_sessions(campaign):
    words = sentence_of(campaign)
    assert words.startswith("New source insta / paid_social, first seen on Tue 29 Sep: 1,000 sessions in this week")
    assert "2,200 sessions since then." in words  # 11 days of 200
    assert "None after Fri 9 Oct." in words


def sentence_of(section) -> str:
    [words] = [words for words in said(section) if words.startswith("New ")]
    return words


def test_a_new_sources_share_is_of_the_sites_sessions(campaign):
    share = finding_about(campaign, "New source").sentence.values["share"]
    site = sum(wiggle(i, 900) + (200 if i < 5 else 0) for i in range(7))
    assert share.value == pytest.approx(100 * 1000 / site)
    assert share.low < share.value < share.high


def test_a_new_sources_quick_backs_and_time_are_held_against_the_others(campaign):
    values = finding_about(campaign, "New source").sentence.values
    assert values["quick_back_session_rate_own"].value == pytest.approx(40)
    assert values["quick_back_session_rate_ratio"].value == pytest.approx(4, rel=0.05)
    assert values["total_time_s_ratio"].value == pytest.approx(1 / 3, rel=0.05)
    assert "0.33 times" in sentence_of(campaign)


def test_the_same_source_is_in_the_table_of_differences_and_in_the_bubbles(campaign):
    rows = block(campaign, "attribution_differences").rows
    assert ("insta / paid_social", "worse") in [(row[0].text, row[-1]) for row in rows]
    points = {point.label.text: point for point in block(campaign, "attribution_quality").points}
    assert points["insta / paid_social"].y == pytest.approx(40)
    assert points["insta / paid_social"].size == 1000
    assert points["google / organic"].x == pytest.approx(151, abs=1)


def test_steady_sources_are_neither_new_nor_different(steady):
    assert said(steady) == [
        "No source differs from the others by more than chance. No source is new or gone, and no source's sessions "
        "changed by more than chance."
    ]
    assert block(steady, "attribution_differences").rows == ()


@pytest.mark.parametrize(
    ("name", "section"),
    [
        ("behind a gap", partial(section_of, adverts=ALL_WEEK, lost=(-1,))),
        ("six days after the collection began", partial(section_of, adverts=ALL_WEEK, first=-6)),
        ("29 sessions in all", partial(section_of, adverts={5: 14, 6: 15})),
    ],
)
def test_a_source_is_not_called_new(name, section):
    assert not any(words.startswith("New ") for words in said(section())), name


def test_thirty_sessions_a_week_after_the_collection_began_are_new():
    assert sentence_of(section_of(adverts={5: 15, 6: 15}))
    assert sentence_of(section_of(adverts=ALL_WEEK, first=-7))


def test_a_source_that_went_is_told_with_its_last_day():
    section = section_of(adverts=dict.fromkeys(range(-28, -1), 100))
    [words] = [words for words in said(section) if words.startswith("No session from")]
    assert words.endswith("after 2,700 sessions in the four weeks before; last seen on Sat 3 Oct.")


def test_a_source_of_few_is_not_called_gone():
    section = section_of(adverts={-20: 20, -10: 19})
    assert not any(words.startswith("No session from") for words in said(section))


def test_an_old_source_that_is_worse_than_the_others_is_told():
    section = section_of(adverts=dict.fromkeys(range(-28, 7), 200))
    found = finding_about(section, "differs from the other sources")
    assert found.where == {"source": "insta", "medium": "paid_social"}
    assert not found.is_change


def test_days_of_a_burst_from_an_old_source_are_told():
    adverts = {i: wiggle(i, 100) for i in range(-70, 7)} | {2: 200, 3: 200}
    section = section_of(adverts=adverts, first=-70, make=lambda i, n: usual(i, "insta", "paid_social", n))
    found = finding_about(section, "more than usual")
    assert found.where == {"source": "insta", "medium": "paid_social"}
    assert found.sentence.values["days"] == "Wed 7 Oct, Thu 8 Oct"


def test_channels_show_no_visitors_since_those_of_sources_never_add_up(campaign):
    titles = [column.title for column in block(campaign, "attribution_channels").columns]
    assert "Visitors a day" not in titles
    assert "Visitors a day" in [column.title for column in block(campaign, "attribution_sources").columns]
    channels = {row[0].text: row[1].value for row in block(campaign, "attribution_channels").rows}
    assert channels["Organic Search"] == sum(wiggle(i, 600) for i in range(7))
    assert set(channels) == {"Organic Search", "Direct", "Paid Other"}


def test_without_campaigns_the_section_says_how_to_get_them(steady):
    notes = [note.template for note in steady.notes]
    assert any("`CLARITY_EXTRA_REQUESTS=Campaign`" in note for note in notes)
    assert any("`CLARITY_EXTRA_REQUESTS=Channel`" in note for note in notes)
    assert any("One session can count under several sources" in note for note in notes)


def test_a_new_campaign_is_told_where_campaigns_are_collected():
    def campaigns(con, i: int) -> None:
        rows = [{"campaign": None, "sessions": wiggle(i, 900), "quick_back_sessions": 90}]
        rows += [{"campaign": "autumn", "sessions": 100, "quick_back_sessions": 40}] if i >= 0 else []
        segment_day(con, "campaign", i, rows)

    section = section_of(adverts={}, extra=campaigns)
    assert sentence_of(section).startswith("New campaign autumn, first seen on Mon 5 Oct: 700 sessions in this week")
    rows = {row[0].text: row[1].value for row in block(section, "attribution_campaigns").rows}
    assert rows["autumn"] == 700
    assert not any("REQUESTS=Campaign`" in note.template for note in section.notes)
