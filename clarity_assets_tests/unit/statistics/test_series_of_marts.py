"""Marts of landing rows written by hand in; what the statistics say of pages without rows on some of the days, out."""

from datetime import date, timedelta

import numpy as np
import pytest

from clarity_assets.statistics.change import Change, Outcome, compare
from clarity_assets.statistics.series import MIN_COVERAGE, DailySeries, daily_series
from clarity_assets_tests.sql.by_hand import PROJECT, build, day, page_day, rows, warehouse

MONDAY = date(2026, 8, 3)
DAYS = 35
END = MONDAY + timedelta(days=DAYS)
BASELINE = (MONDAY, END - timedelta(days=7))
PERIOD = (END - timedelta(days=7), END)
LOST, TRUNCATED, HALF = (3, 30), (10, 31), 17  # one lost and one truncated day on each side; of one only 12 hours

GONE = [20 if place < 28 else 0 for place in range(DAYS)]  # 20 a day, then nothing
RARE = [8 if place % 4 == 0 else 0 for place in range(DAYS)]  # on every fourth day
GROWN = [6 if place % 4 == 0 or place >= 28 else 0 for place in range(DAYS)]  # then on every day
BUSY = [500] * DAYS  # so that the site has rows on every day
PAGES = {"/gone": GONE, "/rare": RARE, "/grown": GROWN, "/": BUSY}


def when(place: int) -> date:
    return MONDAY + timedelta(days=place)


@pytest.fixture(scope="module")
def con():
    """Five weeks. A page has a landing row on a day on which it was seen, as in Clarity's answers."""
    with warehouse() as con:
        for place in range(DAYS):
            if place in LOST:
                day(con, when(place), request="url_device", status="lost")
                continue
            cut, coverage = place in TRUNCATED, 0.5 if place == HALF else 1.0
            day(con, when(place), request="url_device", coverage=coverage, is_truncated=cut)
            for page, sessions in PAGES.items():
                if sessions[place] and not (cut and page == "/gone"):  # cut off: it had some, and has no row
                    page_day(con, when(place), page, "PC", sessions=sessions[place], is_truncated=cut,
                             rage_click_sessions=sessions[place] // 5)  # fmt: skip
        build(con, MONDAY, END)
        yield con


def known_dates(con) -> list[date]:
    found = rows(
        con,
        "select date from marts.fct_collection_daily where project_id = $project and request = 'url_device' "
        "and not is_gap and not is_truncated and coverage >= $least",
        project=PROJECT,
        least=MIN_COVERAGE,
    )
    return [row["date"] for row in found]


def series_of(con, page: str, *, value: str = "sessions", kind: str = "count", with_zeros: bool = True) -> DailySeries:
    found = rows(
        con,
        f"select page.date, page.{value} as value, page.sessions, known.coverage from marts.fct_page_daily as page "
        "join marts.fct_collection_daily as known "
        "on known.project_id = page.project_id and known.date = page.date and known.request = 'url_device' "
        "where page.page = $page and not page.is_truncated and not page.is_remainder",
        page=page,
    )
    return daily_series(
        [tuple(row.values()) for row in found],
        start=MONDAY,
        end=END,
        kind=kind,
        known_dates=known_dates(con) if with_zeros else None,
    )


def changed(series: DailySeries) -> Change:
    return compare(series, period=PERIOD, baseline=BASELINE)


def test_a_page_that_falls_from_20_a_day_to_nothing_is_named_a_decrease(con):
    change = changed(series_of(con, "/gone"))
    assert change.outcome is Outcome.DECREASE
    assert (change.before, change.after, change.ratio) == (pytest.approx(20), 0.0, 0.0)
    assert change.interval.high < 0.2
    assert (change.days_before, change.days_after) == (25, 5)  # less lost, truncated and half ones


def test_without_the_known_days_the_same_page_would_be_unknown_after(con):
    few = changed(series_of(con, "/gone", with_zeros=False))
    assert (few.outcome, few.days_after) == (Outcome.TOO_FEW, 0)


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_made_up_on_lost_truncated_and_half_days(con, page):
    values = series_of(con, page).values
    assert np.flatnonzero(np.isnan(values)).tolist() == sorted((*LOST, *TRUNCATED, HALF))
    is_known = np.isfinite(values)
    assert values[is_known].tolist() == np.array(PAGES[page])[is_known].tolist()


def test_a_page_that_nobody_saw_on_most_days_is_judged_with_its_zeros(con):
    change = changed(series_of(con, "/rare"))
    # known of the last week: Monday (visited), Tuesday, Friday (visited), Saturday, Sunday; of each such weekday before,
    # one of four was visited. The visited days alone would say 8 and 8.
    assert (change.before, change.after) == (pytest.approx(8 / 4), pytest.approx(2 * 8 / 5))
    assert change.outcome is Outcome.NO_CHANGE_SHOWN


def test_a_page_that_comes_every_day_in_place_of_every_fourth_is_named_an_increase(con):
    change = changed(series_of(con, "/grown"))
    assert change.outcome is Outcome.INCREASE
    assert change.after == pytest.approx(6)
    assert 2 < change.ratio < 6
    by_visited_days = changed(series_of(con, "/grown", with_zeros=False))
    assert not by_visited_days.is_named


def test_a_rate_of_a_page_that_is_gone_has_no_days_to_tell_it(con):
    series = series_of(con, "/gone", value="rage_click_sessions", kind="rate")
    assert series.ratio[:3].tolist() == [0.2] * 3
    assert np.isnan(series.ratio[28:]).all()
    assert series.exposure[[28, 29, 32]].tolist() == [0, 0, 0]
    change = changed(series)
    assert change.outcome is Outcome.TOO_FEW
    assert change.reason == "0 of 7 days of the period are known and have sessions; 4 are needed"
