"""Figures in; the words for them out: units, bounds, intervals, changes, unknown and endless values."""

import math

import pytest

from clarity_assets.reports.figures import ChangeFigure, Figure
from clarity_assets.reports.rendering.numbers import cell_text, figure_text, interval_text, marked, number_text
from clarity_assets.statistics.change import Outcome

INF = math.inf


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (Figure(8412, "sessions"), "8,412 sessions"),
        (Figure(1, "sessions"), "1 session"),
        (Figure(-1, "sessions"), "−1 session"),
        (Figure(1, "rage clicks per 100 sessions"), "1 rage click per 100 sessions"),
        (Figure(1, "sessions a day"), "1 session a day"),
        (Figure(1, "countries"), "1 country"),
        (Figure(1, "% of sessions"), "1 % of sessions"),
        (Figure(1, "s"), "1 s"),
        (Figure(1.0, "times", decimals=1), "1.0 times"),
        (Figure(1, "per 100 sessions"), "1 per 100 sessions"),
        (Figure(0, ""), "0"),
        (Figure(-0.2, "%"), "0 %"),
        (Figure(812, "sessions", is_at_most=True), "up to 812 sessions"),
        (Figure(11.1, "%", decimals=1, is_at_least=True), "at least 11.1 %"),
        (Figure(None, "sessions"), "unknown"),
        (Figure(math.nan, "sessions"), "unknown"),
        (Figure(INF, "times"), "infinite"),
    ],
)
def test_a_number_stands_with_its_unit_and_bound(figure, text):
    assert figure_text(figure) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(95, "95 s"), (119.4, "119 s"), (119.6, "2 min 0 s"), (213, "3 min 33 s"), (7199, "119 min 59 s"),
     (7500, "2 h 5 min"), (None, "unknown")],
)  # fmt: skip
def test_long_times_are_minutes_and_seconds(seconds, text):
    assert figure_text(Figure(seconds, "s")) == text


def test_a_number_without_its_unit_is_the_number_alone():
    assert figure_text(Figure(8412, "sessions"), unit=False) == "8,412"
    assert figure_text(Figure(213, "s"), unit=False) == "213"


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (Figure(12.3, "%", low=11.04, high=13.75, decimals=1), "12.3 % (11.0–13.8)"),
        (Figure(1.9, "times", low=1.6, high=2.3, decimals=1), "1.9 times (1.6–2.3)"),
        (Figure(5, "points", low=-3, high=13), "5 points (−3 to 13)"),
        (Figure(213, "s", low=95, high=230), "3 min 33 s (1:35–3:50 min)"),
        (Figure(7500, "s", low=6600, high=8400), "2 h 5 min (1:50–2:20 h)"),
        (Figure(4, "times", low=2, high=INF), "4 times (2–any)"),
        (Figure(4, "times", low=None, high=6), "4 times (any–6)"),
        (Figure(4, "times", low=None, high=INF), "4 times"),
        (Figure(None, "%", low=1, high=2), "unknown"),
    ],
)
def test_an_interval_stands_in_brackets(figure, text):
    assert figure_text(figure, interval=True) == text
    assert figure_text(figure) == text.split(" (")[0]


def change(ratio: float | None, outcome: Outcome, low: float | None = None, high: float | None = None) -> ChangeFigure:
    return ChangeFigure(ratio, "times", None, low, high, outcome=outcome)


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (change(1.45, Outcome.INCREASE, 1.2, 1.75), "+45 % (+20 to +75 %)"),
        (change(0.7, Outcome.DECREASE, 0.56, 0.875), "−30 % (−44 to −12 %)"),
        (change(1.004, Outcome.INCREASE, 1.001, 1.007), "+0.4 % (+0.1 to +0.7 %)"),
        (change(1.02, Outcome.NO_CHANGE_SHOWN, 0.9, 1.12), "no change shown (−10 to +12 %)"),
        (change(1.0, Outcome.NO_CHANGE_SHOWN, 1.0, 1.0), "no change shown (0 to 0 %)"),
        (change(1.45, Outcome.INCREASE, 1.2, INF), "+45 % (+20 % or more)"),
        (change(0.7, Outcome.DECREASE, None, 0.9), "−30 % (up to −10 %)"),
        (change(12.4, Outcome.INCREASE, 4.25, 40.3), "12 times as much (4.2 to 40 times)"),
        (change(0.0, Outcome.DECREASE, 0.0, 0.2), "from some to none (−100 to −80 %)"),
        (change(INF, Outcome.INCREASE, 1.3, INF), "from none to some"),
        (change(None, Outcome.TOO_FEW), "too few to say"),
        (change(1.3, Outcome.TOO_FEW, 0.5, 4), "too few to say"),
        (change(math.nan, Outcome.INCREASE), "too few to say"),
    ],
)
def test_a_change_says_what_may_be_said_and_no_more(figure, text):
    assert figure_text(figure, interval=True) == text
    assert figure_text(figure) == text.split(" (")[0]


def test_a_table_shows_units_that_measure_and_leaves_out_what_its_title_counts():
    assert cell_text(Figure(400, "rage clicks", low=380, high=420)) == ("400", "(380–420)")
    assert cell_text(Figure(4, "rage clicks per 100 sessions")) == ("4", "")
    assert cell_text(Figure(22.1, "% of sessions", decimals=1)) == ("22.1 % of sessions", "")
    assert cell_text(Figure(213, "s", low=200, high=230)) == ("3 min 33 s", "(3:20–3:50 min)")


def test_a_sample_is_marked_wherever_it_has_a_value():
    assert marked(Figure(4, "sessions", is_sample=True), "4 sessions") == "4 sessions †"
    assert cell_text(Figure(4, "sessions", is_sample=True)) == ("4 †", "")
    assert cell_text(Figure(None, "sessions", is_sample=True)) == ("unknown", "")


def test_nothing_is_shown_where_there_is_no_interval():
    assert interval_text(Figure(4, "sessions")) == ""
    assert interval_text(Figure(math.nan, "sessions", low=1, high=2)) == ""


def test_no_zero_is_negative():
    assert number_text(-0.04, 1) == "0.0"
    assert number_text(-0.06, 1) == "−0.1"
