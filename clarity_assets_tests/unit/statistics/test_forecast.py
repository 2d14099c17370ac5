"""Forecasts: hand-worked baselines and errors, statsmodels' own forecast as reference, and when none is given."""

from datetime import timedelta

import numpy as np
import pytest

from clarity_assets.errors import RequestRefused
from clarity_assets.statistics.forecast import MIN_ORIGINS, _choose, _quantile, forecast, own_mase
from clarity_assets.statistics.forecast_paths import (
    Paths,
    _from_every_day,
    ahead,
    former_years,
    naive_paths,
    year_paths,
)
from clarity_assets.statistics.log_scale import LogScale, log_scale
from clarity_assets.statistics.series import DailySeries
from clarity_assets_tests.fixtures.waves import MONDAY, counted, counts

PLAIN = LogScale(0.5)


def history(days: int = 150, *, seed: int = 1, **size) -> np.ndarray:
    return counts(np.random.default_rng(seed), days, **size)


def test_the_naive_forecast_is_the_last_known_value_of_the_weekday():
    """Two weeks 1-7 and 11-17, the second's Wednesday lost: Wednesdays are then told from the first."""
    values = np.array([1, 2, 3, 4, 5, 6, 7, 11, 12, np.nan, 14, 15, 16, 17])

    told = naive_paths(values, 9).middle

    assert told[-1].tolist() == [11, 12, 3, 14, 15, 16, 17, 11, 12]
    assert told[9].tolist() == [4, 5, 6, 7, 11, 12, 3, 4, 5]  # from the lost Wednesday on
    assert np.isnan(told[2][:4]).all()  # a Thursday was never seen then


def test_the_days_ahead_of_each_day_are_the_ones_after_it():
    told = ahead(np.array([1.0, 2, 3, 4]), 2)

    assert told[0].tolist() == [2, 3]
    assert told[2][0] == 4
    assert np.isnan(told[2][1])
    assert np.isnan(told[3]).all()


def test_mase_is_the_mean_error_over_the_mean_weekly_change():
    """Level 10, then 20 from day 40 on: over a week it changes by 10 on 7 of the 73 days that have one, 70 / 73 on average.
    A forecast of always 12 is off by 2 or by 8. Judged are the days from which both days ahead are past: 0 to 77. Targets
    day 1-78 and 2-79: 39 + 38 of level 10, 39 + 40 of level 20.
    """
    values = np.where(np.arange(80) < 40, 10.0, 20.0)
    always = Paths("local_level", np.full((80, 2), np.log(12.5)), np.ones((80, 2)))

    origins, mases = own_mase([always], values, scale=PLAIN)

    assert origins == 78
    assert mases["local_level"] == pytest.approx((77 * 2 + 79 * 8) / 156 / (70 / 73))


def test_with_few_days_to_forecast_from_there_is_no_mase():
    always = Paths("local_level", np.full((MIN_ORIGINS, 2), 1.0), np.ones((MIN_ORIGINS, 2)))

    assert own_mase([always], np.arange(MIN_ORIGINS, dtype=float), scale=PLAIN) == (0, {})


def test_the_conformal_quantile_is_the_rank_of_the_paper():
    """Of 99 scores at 95 % the ceil(100 x 0.95) = 95th; of 28 the 28th; at 99 % 28 are too few."""
    assert _quantile(np.arange(1.0, 100), 0.95) == 95
    assert _quantile(np.arange(1.0, 29), 0.95) == 28
    assert _quantile(np.arange(1.0, 29), 0.99) == 0
    assert _quantile(np.arange(1.0, 28), 0.5) == 0  # fewer than MIN_ORIGINS


@pytest.mark.parametrize("with_regressor", [False, True])
def test_paths_are_the_forecasts_that_statsmodels_makes_itself(with_regressor):
    """From the last day, and from one in the middle: there, of a model that has seen nothing more."""
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    logs, horizon, middle = np.log(history(120) + 0.5), 5, 80
    logs[[30, 31, 64]] = np.nan
    former = np.sin(np.arange(120 + horizon) / 9)

    def model(days: int):
        more = {"exog": former[:days, None], "mle_regression": False} if with_regressor else {}
        return UnobservedComponents(logs[:days], level="local level", seasonal=7, **more)

    params = [0.002, 0.001, 0.0005]
    whole, short = model(120).filter(params), model(middle).filter(params)
    path, sd = _from_every_day(whole.filter_results, former if with_regressor else None, horizon)

    for place, told, days in ((119, whole, 120), (middle - 1, short, middle)):
        after = {"exog": former[days : days + horizon, None]} if with_regressor else {}
        expected = told.get_forecast(horizon, **after)
        assert path[place] == pytest.approx(expected.predicted_mean, rel=1e-6)
        assert sd[place] == pytest.approx(np.sqrt(expected.var_pred_mean), rel=1e-6)


def test_the_regressor_is_the_mean_of_the_same_days_of_former_years():
    """Day 750 has day 386 (a year before) and day 22 (two years); day 730's year before is lost, so day 2 alone tells it."""
    logs = np.arange(740.0)
    logs[730 - 364] = np.nan

    told = former_years(logs, 14)

    assert told[750] == (386 + 22) / 2
    assert told[730] == 2
    assert np.isnan(told[:364]).all()


def test_a_year_that_was_mostly_lost_is_not_learnt_from():
    logs = np.log(history(500))
    logs[20:120] = np.nan

    assert year_paths(logs, 14) is None


def test_a_forecast_begins_after_the_last_place_and_stands_beside_the_naive_one():
    told = forecast(counted(history()))

    assert (told.outcome, told.method, told.reason) == ("forecast", "local_level", "")
    assert told.dates == [MONDAY + timedelta(days=150 + i) for i in range(14)]
    assert told.naive == pytest.approx(np.tile(history()[-7:], 2))  # day 150 is a Wednesday as day 143
    assert (told.low < told.median).all()
    assert (told.median < told.high).all()
    assert told.mase < told.naive_mase
    assert told.origins == 150 - 28 - 14


def test_the_same_days_give_the_same_forecast():
    first, second = forecast(counted(history())), forecast(counted(history()))

    assert np.array_equal(first.median, second.median)
    assert np.array_equal(first.high, second.high)


def test_lost_days_widen_and_do_not_break_it():
    """The last five days lost: the level is older, so the interval is wider, and the dates stay."""
    values = history()
    holed = values.copy()
    holed[-5:] = np.nan

    whole, told = forecast(counted(values)), forecast(counted(holed))

    assert told.dates == whole.dates
    assert (np.log(told.high / told.low)[:5] > np.log(whole.high / whole.low)[:5]).all()


def test_a_season_of_a_year_is_used_where_the_history_shows_it():
    """A fall to a fifth for two weeks at the same time in each year: told two days before it comes again."""
    values = history(364 * 3, autocorrelation=0.3)
    for year in range(3):
        values[year * 364 + 300 : year * 364 + 314] *= 0.2
    until = 2 * 364 + 298

    told = forecast(counted(values[:until]))

    assert told.method == "local_level_and_year"
    assert told.median[2:].sum() < 0.65 * told.naive[2:].sum()


def test_where_each_weekday_goes_its_own_way_the_naive_forecast_is_used_and_said():
    """Seven random walks, one a weekday: the last value of the weekday is all there is to know."""
    rng = np.random.default_rng(3)
    steps = rng.standard_normal((40, 7)) * 0.4
    values = np.round(2000 * np.exp(np.cumsum(steps, axis=0))).ravel()

    told = forecast(counted(values))

    if told.method == "seasonal_naive":
        assert "not better" in told.reason
        assert np.array_equal(told.median, told.naive)
        assert told.mase == told.naive_mase
    else:
        assert told.mase < told.naive_mase


def test_a_model_that_is_not_better_is_not_used():
    naive, model = (Paths(method, np.zeros((1, 1)), np.ones((1, 1))) for method in ("seasonal_naive", "local_level"))

    assert _choose([naive, model], {"seasonal_naive": 1.0, "local_level": 1.0}) == (
        naive,
        "local_level was not better here (MASE 1.00)",
    )
    assert _choose([naive, model], {"seasonal_naive": 1.0, "local_level": 0.9}) == (model, "")
    assert _choose([naive], {"seasonal_naive": 1.0})[0] is naive
    assert "could not be fitted" in _choose([naive], {})[1]
    assert "not back-tested" in _choose([naive, model], {})[1]


def test_short_histories_are_forecast_without_a_back_test_and_say_so():
    told = forecast(counted(history(40)))

    assert told.outcome == "forecast"
    assert "not back-tested" in told.reason
    assert (told.mase, told.naive_mase, told.origins) == (None, None, 0)


@pytest.mark.parametrize(("days", "size"), [(60, {}), (150, {"lost": 0.1}), (150, {"mean": 3})])
def test_intervals_hold_in_simulated_histories(days, size):
    rng, held = np.random.default_rng(41), []
    for _ in range(30):
        values = counts(rng, days + 14, **size)
        told = forecast(counted(values[:days]))
        known = np.isfinite(values[days:])
        held += ((told.low <= values[days:]) & (values[days:] <= told.high))[known].tolist()

    assert 0.90 <= np.mean(held) <= 0.985


def test_bounds_of_rare_events_do_not_go_below_zero():
    told = forecast(counted(history(mean=0.5)))

    assert (told.low == 0).all()
    assert (told.high > 0).all()


def test_a_rate_is_forecast_as_a_rate():
    rng = np.random.default_rng(5)
    sessions = counts(rng, 150)
    told = forecast(DailySeries(MONDAY, rng.binomial(sessions.astype(int), 0.08).astype(float), sessions, "rate"))

    assert told.median == pytest.approx(0.08, abs=0.01)
    assert (told.low > 0.03).all()
    assert (told.high < 0.15).all()


def test_a_mean_is_forecast_in_its_unit():
    rng = np.random.default_rng(6)
    sessions = counts(rng, 150)
    told = forecast(DailySeries(MONDAY, sessions * 40 * rng.normal(1, 0.05, 150), sessions, "mean"))

    assert told.median == pytest.approx(40, abs=2)


def test_the_log_scale_adds_half_an_event_and_takes_it_off_again():
    rate = DailySeries(MONDAY, np.array([0.0, 4, 8]), np.array([50.0, 100, 200]), "rate")
    seconds = DailySeries(MONDAY, np.array([0.0, 400]), np.array([10.0, 10]), "mean")

    assert log_scale(counted(np.array([0.0, 3]))).added == 0.5
    assert log_scale(rate).added == 0.5 / 100
    assert log_scale(seconds).added == 20
    assert log_scale(DailySeries(MONDAY, np.array([100.0]), np.array([10.0]), "mean")).added == 0
    assert PLAIN.value(PLAIN.log(np.array([0.0, 7]))) == pytest.approx([0, 7])


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (history(34), "34 days are known; a forecast needs 35"),
        (np.concatenate([history(60), np.full(25, np.nan)]), "3 of the last 28 days are known; a forecast needs 7"),
        (np.where(np.arange(84) % 7 == 6, np.nan, history(84)), "one weekday was never known"),
        (np.zeros(84), "every known day is 0; where nothing varies"),
    ],
)
def test_too_few_is_said_with_its_reason_and_no_number(values, reason):
    told = forecast(counted(values))

    assert (told.outcome, told.method, told.dates) == ("too_few", "none", [])
    assert reason in told.reason
    assert told.median.size == told.low.size == told.high.size == told.naive.size == 0


def test_a_pattern_without_any_noise_is_forecast_as_it_is():
    told = forecast(counted(np.tile([120.0, 120, 110, 110, 100, 70, 70], 20)))

    assert told.median == pytest.approx([120, 120, 110, 110, 100, 70, 70] * 2, rel=0.02)
    assert (told.low < told.median).all()


@pytest.mark.parametrize("wrong", [{"days": 0}, {"days": 57}, {"level": 1.0}, {"level": 0.4}])
def test_a_span_or_a_level_out_of_range_is_refused(wrong):
    with pytest.raises(RequestRefused, match="give 1 to 56 days"):
        forecast(counted(history()), **wrong)
