"""Geography by hand: shares, growth of a country's share, and what is worth a look in a country."""

from datetime import date

import pytest

from clarity_assets.reports.period import Period
from clarity_assets.reports.product.geography import geography
from clarity_assets_tests.sql.by_hand import day, site_day, warehouse
from clarity_assets_tests.unit.reports.test_product_sections import (
    WEEK,
    block,
    facts_of,
    finding_about,
    on,
    said,
    segment_day,
    wiggle,
)


def country(i: int, name: str | None, sessions: int, *, time_s: float = 150, rage_share: float = 0.02) -> dict:
    rage = round(rage_share * sessions)
    return {"country": name, "sessions": sessions, "bot_sessions": 0, "total_time_s": time_s + i % 3,
            "rage_click_sessions": rage, "rage_click_count": rage}  # fmt: skip


def section_of(rows, *, period: Period = WEEK, first: int = -28, lost: tuple[int, ...] = ()):
    """`rows(i)`: the countries' rows of a day; the site has their sum."""
    with warehouse() as con:
        for i in range(first, 7):
            found = rows(i)
            site_day(con, on(i), sessions=sum(row["sessions"] for row in found), bot_sessions=10)
            if i in lost:
                day(con, on(i), request="country", status="lost", cause="never asked")
            else:
                segment_day(con, "country", i, found)
        return geography(facts_of(con, period, first=on(first)))


def steady(i: int) -> list[dict]:
    return [country(i, "Germany", wiggle(i, 600)), country(i, "Austria", wiggle(i + 1, 300)),
            country(i, "Malta", 100)]  # fmt: skip


def others(i: int) -> list[dict]:
    """A dozen steady countries, so that the days tell how far a share scatters."""
    return [country(i, f"C{n}", wiggle(i + n, 100)) for n in range(12)]


def rows_of(section) -> dict:
    return {row[0].text: row[1:] for row in block(section, "geography_countries").rows}


@pytest.fixture(scope="module")
def calm():
    return section_of(steady)


def test_a_countrys_share_is_of_the_sites_sessions(calm):
    sessions, share, *_ = rows_of(calm)["Malta"]
    site = sum(row["sessions"] for i in range(7) for row in steady(i))
    assert sessions.value == 700
    assert share.value == pytest.approx(100 * 700 / site)
    assert share.low < share.value < share.high


def test_a_country_that_comes_on_some_days_has_its_share_of_all_days():
    def rows(i: int) -> list[dict]:
        return [country(i, "Germany", 950), country(i, "Malta", 50)] if i in (2, 3) else [country(i, "Germany", 1000)]

    _, share, *_ = rows_of(section_of(rows))["Malta"]
    assert share.value == pytest.approx(100 * 100 / 7000)


def test_a_lost_day_of_countries_counts_on_neither_side():
    sessions, share, *_ = rows_of(section_of(lambda i: [country(i, "Malta", 40), country(i, "Oman", 60)], lost=(2,)))[
        "Malta"
    ]
    assert sessions.value == 240
    assert share.value == pytest.approx(40)
    assert share.day_count == 6


def test_steady_countries_grow_nowhere_and_nothing_is_to_be_localised(calm):
    words = said(calm)
    assert "Localisation: no large or growing country is shown to fare worse than the others" in words[0]
    assert words[1] == "Growth: no country's sessions, nor its share of the site's, changed by more than chance."
    assert words[2].startswith("Most sessions came from Germany")
    assert block(calm, "geography_differences").rows == ()


def test_a_country_that_grows_for_weeks_is_found():
    """From 20 sessions a day to 230 in ten weeks; the four weeks before hold most of it already."""
    section = section_of(lambda i: [*others(i), country(i, "Malta", 20 + 3 * (i + 63))], first=-63)
    assert said(section)[0].startswith("Malta: ")
    assert section.findings[0].is_change
    assert section.findings[0].where == {"country": "Malta"}


def test_growth_within_the_first_month_of_a_collection_is_found():
    september = Period.month(date(2026, 9, 1))
    section = section_of(
        lambda i: [*others(i), country(i, "Malta", 20 if on(i) < date(2026, 9, 16) else 60)],
        period=september, first=-34,
    )  # fmt: skip
    assert "Its share rose" in said(section)[0]
    assert "Wed 16 Sep – Wed 30 Sep against Wed 19 Aug – Tue 15 Sep" in said(section)[0]
    assert section.findings[0].sentence.values["moved"].low > 1.25


def test_a_large_country_that_fares_worse_is_worth_a_look_with_what_to_try():
    def rows(i: int) -> list[dict]:
        return [country(i, "Germany", wiggle(i, 600)), country(i, "Austria", wiggle(i, 300), time_s=60, rage_share=0.1)]

    section = section_of(rows)
    [words] = [words for words in said(section) if words.startswith("Worth a look")]
    found = finding_about(section, "Worth a look")
    assert found.where == {"country": "Austria"}
    assert "engagement time" in words
    assert "sessions with rage clicks" in words
    assert "To try: texts in its language" in words
    assert found.sentence.values["ratio0"].value == pytest.approx(0.4, rel=0.05)  # 61 s against 151 s


def test_a_small_country_that_fares_worse_stands_in_the_table_alone():
    def rows(i: int) -> list[dict]:
        return [country(i, "Germany", wiggle(i, 970)), country(i, "Malta", 30, time_s=40, rage_share=0.4)]

    section = section_of(rows)
    assert not any("Worth a look" in words for words in said(section))
    assert {row[0].text for row in block(section, "geography_differences").rows} >= {"Malta"}


def test_a_span_longer_than_the_weeks_of_growth_has_shares_of_all_its_days():
    span = Period.span(on(-104), on(6))
    section = section_of(lambda i: [country(i, "Malta", 40 if i < -60 else 80), country(i, "Oman", 60)],
                         first=-104, period=span)  # fmt: skip
    sessions, share, *_ = rows_of(section)["Malta"]
    malta = 44 * 40 + 67 * 80
    assert sessions.value == malta
    assert share.value == pytest.approx(100 * malta / (malta + 111 * 60))


def test_the_bars_carry_the_intervals(calm):
    for name in ("geography_shares", "geography_time"):
        assert all(bar.low <= bar.value <= bar.high for bar in block(calm, name).bars)
