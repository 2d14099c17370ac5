"""Persons' events in; features, labels and verdicts worked out by hand or by other means, the same by both engines."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import binomtest

from clarity_assets.clickstream.modules import conversion, purchase
from clarity_assets.clickstream.modules.prediction import calibration as bins
from clarity_assets.clickstream.modules.prediction import evaluate as judging
from clarity_assets.clickstream.modules.prediction.features import FEATURES, buyers, person_features
from clarity_assets.clickstream.modules.prediction.samples import Samples, days_back, split_by_time
from clarity_assets.clickstream.modules.prediction.scores import auc, auc_interval, best_feature
from clarity_assets.clickstream.modules.prediction.sklearn_models import SklearnLogistic, SklearnTree
from clarity_assets.clickstream.modules.prediction.weights import importances, odds
from clarity_assets_tests.fixtures.engines import assert_same, needs_spark
from clarity_assets_tests.unit.clickstream.modules.shoppers import (
    END,
    MONDAY,
    Event,
    changed,
    days_before,
    events_of,
    failed_checks,
    of_alike,
    of_different,
    read_events,
    run_module,
    week_of,
)

CUTOFF = datetime(2026, 10, 5)
NOON = datetime(2026, 10, 3, 12)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
WEEKS = {"clickstream_window_weeks": 6, "clickstream_horizon_days": 7}
MODEL = {module.MODULE.name: f"marts.{module.MODEL}" for module in (conversion, purchase)}
BY_HAND = [
    # person 1: put something in on the 3rd; came again just before the cut-off, on a phone, and bought after it
    Event(1, NOON, "view", visit=1),
    Event(1, NOON + MINUTE, "cart", 10.0, 1.0, visit=1),
    Event(1, NOON + 2 * MINUTE, "remove", 10.0, 1.0, visit=1),
    Event(1, CUTOFF - 2 * MINUTE, "search", visit=2, device="Mobile"),
    Event(1, CUTOFF, "purchase", 99.0, 1.0, visit=2, device="Mobile"),
    # person 2: bought long ago, one product of them without a price
    Event(2, NOON - 20 * DAY, "checkout", visit=1),
    Event(2, NOON - 20 * DAY, "purchase", 12.5, 2.0, visit=1),
    Event(2, NOON - 20 * DAY, "purchase", None, 1.0, visit=1),
    # person 3: came after the cut-off only; bots' sessions: not looked at
    Event(3, CUTOFF + DAY, "purchase", 1.0, 1.0, visit=1),
    Event(4, NOON, "purchase", 1.0, 1.0, visit=1, is_bot=True),
]


def features_of(engine, *, cutoff=MONDAY, days=30):
    return person_features(engine, first=cutoff - timedelta(days=days), cutoff=cutoff)


def noise(seed, *, persons=300, share=0.2, effect=0.0):
    """Skewed features that go together, and labels that know nothing of them (unless there is an effect)."""
    chance = np.random.default_rng(seed)
    liking = chance.normal(size=(persons, 1))
    x = np.floor(2 * np.exp(0.7 * liking + 0.7 * chance.normal(size=(persons, 10))))
    odds_of = share / (1 - share) * np.exp(effect * np.log1p(x[:, 0]))
    return Samples(tuple(f"x{i}" for i in range(10)), x, chance.random(persons) < odds_of / (1 + odds_of))


# --- features and labels


def test_features_are_what_stood_in_the_events_before_the_cutoff(engine, tmp_path):
    rows = {row["person_id"]: row for row in features_of(read_events(engine, tmp_path, BY_HAND)).to_pylist()}
    assert list(rows) == [1, 2]
    none = dict.fromkeys(FEATURES, 0.0)
    assert rows[1] == none | {
        "person_id": 1, "sessions": 2.0, "active_days": 2.0, "recent_sessions": 2.0, "events_per_session": 2.0,
        "seconds_per_session": 60.0, "product_views": 1.0, "searches": 1.0, "cart_adds": 1.0, "cart_removes": 1.0,
        "open_carts": 1.0, "recency_days": 120 / 86_400, "tenure_days": 1.5, "mobile_share": 0.5,
    }  # fmt: skip
    assert rows[2] == none | {
        "person_id": 2, "sessions": 1.0, "active_days": 1.0, "events_per_session": 3.0, "checkouts": 1.0,
        "purchases": 2.0, "revenue": 25.0, "recency_days": 21.5, "tenure_days": 21.5,
    }  # fmt: skip


def test_days_before_the_window_are_not_looked_at(engine, tmp_path):
    rows = features_of(read_events(engine, tmp_path, BY_HAND), days=3)
    assert rows.column("person_id").to_pylist() == [1]


def test_nothing_that_happens_after_the_cutoff_changes_a_feature(engines, tmp_path):
    chance = np.random.default_rng(3)
    events = BY_HAND + events_of(of_different(40, chance), days_before(END, 28), chance)

    def is_after(event):
        return event.at >= CUTOFF

    others = (
        [event for event in events if not is_after(event)],
        changed(events, is_after, event_type="purchase", price=1e6, quantity=9.0),
        changed(events, is_after, at=datetime(2026, 10, 11, 23), event_type="cart"),
    )
    rows = features_of(read_events(engines("duckdb"), tmp_path / "as it was", events))
    for number, other in enumerate(others):
        assert features_of(read_events(engines("duckdb"), tmp_path / str(number), other)).equals(rows)


def test_the_label_is_a_purchase_from_the_cutoff_to_the_horizons_end(engine, tmp_path):
    events = [
        Event(1, CUTOFF - MINUTE, "purchase", 1.0, 1.0),
        Event(2, CUTOFF - MINUTE, "view"),  # goes on after midnight
        Event(2, CUTOFF, "purchase", 1.0, 1.0),
        Event(3, CUTOFF + 7 * DAY - MINUTE, "purchase", None, None),
        Event(4, CUTOFF + 7 * DAY, "purchase", 1.0, 1.0),
        Event(5, CUTOFF + DAY, "cart", 1.0, 1.0),
        Event(6, CUTOFF + DAY, "purchase", 1.0, 1.0, is_bot=True),
    ]
    assert buyers(read_events(engine, tmp_path, events), cutoff=MONDAY, until=END).tolist() == [2, 3]


@needs_spark
def test_both_engines_give_the_same_features_to_the_last_digit(engines, tmp_path):
    chance = np.random.default_rng(5)
    events = BY_HAND + events_of(of_different(60, chance), days_before(END, 28), chance)
    duck, spark = (features_of(read_events(engines(kind), tmp_path / kind, events)) for kind in ("duckdb", "spark"))
    assert duck.num_rows > 50
    assert_same(duck, spark, keys=["person_id"], tolerance=0)


def test_the_train_cutoff_lies_one_horizon_before_the_test_cutoff_and_that_one_before_the_weeks_end(engines, tmp_path):
    events = [Event(1, datetime(2026, 8, 24, 12) + i * DAY, visit=i) for i in range(49)]
    split = split_by_time(week_of(read_events(engines("duckdb"), tmp_path, events), **WEEKS))
    cutoffs = split.cutoffs
    assert (cutoffs.train, cutoffs.test, cutoffs.newest) == (date(2026, 9, 28), MONDAY, END)
    assert cutoffs.lookback_days == 35, "events begin five weeks before the train cut-off"
    assert split.notes == (
        "events begin on 2026-08-24: features of 35 days, not 42, before a cut-off, and without recency_days and "
        "tenure_days, which would tell the calendar",
    )
    assert split.train.x[0, 0] == split.test.x[0, 0] == 35, "both look back as far"


@pytest.mark.parametrize(("days", "left_out"), [(56, set()), (55, {"recency_days", "tenure_days"})])
def test_a_history_shorter_than_the_window_leaves_out_the_features_that_are_dates(days, left_out, engine, tmp_path):
    events = [Event(1, datetime(2026, 10, 11, 12) - i * DAY, visit=i) for i in range(days)]
    split = split_by_time(week_of(read_events(engine, tmp_path, events), **WEEKS))
    names = tuple(name for name in FEATURES if name not in left_out)
    assert split.cutoffs.features == split.train.names == split.test.names == names
    assert split.train.x.shape[1] == split.test.x.shape[1] == len(names)
    assert bool(split.notes) == bool(left_out)


def test_a_first_day_of_the_window_without_sessions_is_not_where_events_begin(engines, tmp_path):
    first = date(2026, 8, 17)  # six weeks before the train cut-off
    days = [datetime(2026, 8, 10, 12) + i * DAY for i in range(63)]
    events = [Event(1, day, visit=i) for i, day in enumerate(days) if not first <= day.date() < first + 2 * DAY]
    split = split_by_time(week_of(read_events(engines("duckdb"), tmp_path, events), **WEEKS))
    assert (split.cutoffs.lookback_days, split.notes, split.train.names) == (42, (), tuple(FEATURES))


def test_a_week_before_the_window_is_read_but_makes_no_row_by_itself(engines, tmp_path):
    week = week_of(read_events(engines("duckdb"), tmp_path, [Event(1, datetime(2026, 8, 16, 12))]), **WEEKS)
    assert days_back(week.settings) == (MONDAY - date(2026, 8, 10)).days
    assert split_by_time(week) is None


def test_days_without_events_after_a_cutoff_are_told(engines, tmp_path):
    missing = {date(2026, 9, 30), date(2026, 10, 8), date(2026, 10, 9)}
    days = [datetime(2026, 7, 27, 12) + i * DAY for i in range(77)]
    events = [Event(1, day, visit=i) for i, day in enumerate(days) if day.date() not in missing]
    notes = split_by_time(week_of(read_events(engines("duckdb"), tmp_path, events), **WEEKS)).notes
    unknown = "purchases of those days are not known"
    assert notes == (
        f"no events on 1 of 7 days after the train cut-off (first 2026-09-30): {unknown}",
        f"no events on 2 of 7 days after the test cut-off (first 2026-10-08): {unknown}",
    )


# --- scores


def test_auc_is_the_share_of_pairs_in_the_right_order_ties_half():
    is_buyer = np.array([True, True, False, False])
    assert auc(is_buyer, np.array([0.9, 0.4, 0.4, 0.1])) == (1 + 1 + 0.5 + 1) / 4
    assert auc(is_buyer, np.zeros(4)) == 0.5


def test_delongs_variance_is_that_of_the_pairs_written_out():
    chance = np.random.default_rng(1)
    is_buyer = np.arange(60) < 25
    scores = np.round(chance.normal(size=60) + is_buyer, 1)
    theirs, others = scores[is_buyer][:, None], scores[~is_buyer][None, :]
    pairs = (theirs > others) + 0.5 * (theirs == others)
    value = pairs.mean()
    variance = pairs.mean(axis=1).var(ddof=1) / 25 + pairs.mean(axis=0).var(ddof=1) / 35
    found = auc_interval(is_buyer, scores)
    logits = [np.log(p / (1 - p)) for p in (found.low, found.value, found.high)]
    assert found.value == pytest.approx(value)
    expected = 1.959964 * np.sqrt(variance) / (value * (1 - value))
    assert [b - a for a, b in pairwise(logits)] == pytest.approx([expected, expected])


def test_the_interval_holds_the_true_auc_as_often_as_it_says():
    chance = np.random.default_rng(2)
    true_auc, held = 0.7602, 0  # two normals, one standard deviation apart: Phi(1 / sqrt 2)
    for _ in range(300):
        is_buyer = np.arange(200) < 40
        found = auc_interval(is_buyer, chance.normal(size=200) + is_buyer)
        held += found.low <= true_auc <= found.high
    assert 0.92 <= held / 300 <= 0.98


def test_scores_without_any_order_have_an_interval_of_one_point():
    found = auc_interval(np.arange(10) < 5, np.zeros(10))
    assert (found.low, found.value, found.high) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(("buyers", "persons"), [(5, 10), (20, 1_000), (40, 60)])
def test_a_perfect_order_of_few_persons_has_the_exact_limit_of_that_many_successes(buyers, persons):
    is_buyer = np.arange(persons) < buyers
    exact = binomtest(n := min(buyers, persons - buyers), n).proportion_ci(0.95, method="exact").low
    right, wrong = auc_interval(is_buyer, is_buyer * 1.0), auc_interval(is_buyer, is_buyer * -1.0)
    assert (right.low, right.value, right.high) == (pytest.approx(exact), 1, 1)
    assert (wrong.low, wrong.value, wrong.high) == (0, 0, pytest.approx(1 - exact))


def test_the_baseline_may_be_a_feature_of_which_less_means_a_purchase():
    x = np.column_stack([np.zeros(6), [1, 2, 3, 7, 8, 9], [1, 1, 2, 1, 1, 1]])
    found = best_feature(x, np.array([True] * 3 + [False] * 3), ("same", "recency_days", "sessions"))
    assert (found.title, found.column, found.sign) == ("recency_days (less)", 1, -1)


# --- calibration


def test_bins_hold_everyone_once_and_never_part_equal_probabilities():
    probabilities = np.repeat([0.1, 0.2, 0.8], [60, 30, 10])
    found = bins.calibration(probabilities, np.arange(100) % 10 == 0)
    assert [(b.bin, b.persons, b.predicted_mean) for b in found] == [
        (1, 60, pytest.approx(0.1)), (2, 30, pytest.approx(0.2)), (3, 10, pytest.approx(0.8)),
    ]  # fmt: skip
    assert [b.observed_rate for b in found] == [0.1, 0.1, 0.1]
    assert all(b.low < 0.1 < b.high for b in found)


def test_a_rate_of_none_or_all_lies_in_its_interval_whatever_the_rounding():
    for value in (False, True):
        for persons in range(1, 200):
            [found] = bins.calibration(np.full(persons, 0.5), np.full(persons, value))
            assert found.low <= found.observed_rate <= found.high


@pytest.mark.parametrize("count", [1, 9, 10, 11, 1_000])
def test_there_are_at_most_ten_bins(count):
    found = bins.calibration(np.linspace(0, 1, count), np.zeros(count, bool))
    assert len(found) == min(count, 10)
    assert sum(b.persons for b in found) == count


def test_the_first_decile_has_the_highest_probabilities():
    assert bins.deciles(np.linspace(0, 0.99, 20)).tolist() == [d for d in range(10, 0, -1) for _ in range(2)]
    assert bins.deciles(np.full(7, 0.3)).tolist() == [1] * 7
    assert bins.deciles(np.array([])).tolist() == []


# --- refusal


@pytest.mark.parametrize("learner", [SklearnTree(), SklearnLogistic()], ids=["tree", "logistic"])
def test_noise_is_seldom_called_a_signal(learner):
    verdicts = [judging.evaluate(learner, noise(seed), noise(seed + 500)).verdict for seed in range(40)]
    assert set(verdicts) <= {"signal", "no signal"}
    assert verdicts.count("signal") <= 3, "5 % of 40 is 2"


@pytest.mark.parametrize("learner", [SklearnTree(), SklearnLogistic()], ids=["tree", "logistic"])
def test_what_is_there_is_found(learner):
    found = [judging.evaluate(learner, noise(seed, effect=1.2), noise(seed + 500, effect=1.2)) for seed in range(10)]
    assert [each.verdict for each in found].count("signal") >= 9
    assert sum(each.brier < each.baseline_brier for each in found) >= 8
    assert all(each.shuffled_auc_high < each.auc.value for each in found if each.verdict == "signal")


@pytest.mark.parametrize("learner", [SklearnTree(), SklearnLogistic()], ids=["tree", "logistic"])
def test_one_strong_feature_is_found_though_shuffled_models_point_along_it_too(learner):
    def of_one(seed):
        samples = noise(seed, persons=1_000, share=0.02, effect=1.2)
        return replace(samples, names=samples.names[:1], x=samples.x[:, :1])

    found = [judging.evaluate(learner, of_one(seed), of_one(seed + 500)) for seed in range(10)]
    assert [each.verdict for each in found] == ["signal"] * 10
    assert max(each.shuffled_auc_high for each in found) < 0.65


def test_a_perfect_order_is_no_guess():
    is_buyer = np.arange(100) < 40
    samples = Samples(("x",), is_buyer[:, None] * 1.0, is_buyer)
    found = judging.evaluate(SklearnLogistic(), samples, samples)
    assert (found.verdict, found.auc.value) == ("signal", 1.0)
    assert found.auc.low == found.baseline_auc_low < found.baseline_auc


def test_the_best_single_feature_of_noise_is_seldom_above_guessing_for_certain():
    found = [judging.evaluate(SklearnLogistic(), noise(seed), noise(seed + 500)) for seed in range(40)]
    assert all(each.baseline_auc_low < each.baseline_auc for each in found)
    assert sum(each.baseline_auc_low > 0.5 for each in found) <= 3, "2.5 % of 40 is 1"


def test_a_model_that_one_feature_matches_says_so():
    train, test = noise(1, effect=3.0), noise(2, effect=3.0)
    alone = replace(train, x=np.where(np.arange(10) == 0, train.x, 0.0))
    found = judging.evaluate(SklearnTree(), alone, test)
    assert found.verdict == "signal"
    assert found.reason == "one feature alone, x0 (more), ranks as well"


def test_probabilities_that_come_no_closer_than_the_share_of_buyers_are_told():
    few, many = noise(40, persons=120, share=0.3, effect=0.25), noise(540, persons=1_500, share=0.3, effect=0.25)
    found = judging.evaluate(SklearnLogistic(), few, many)  # ten features of 120 persons: too sure of itself
    assert found.verdict == "signal"
    assert found.brier > found.baseline_brier
    assert found.reason == "probabilities come no closer than the share of buyers does: use their order"


@pytest.mark.parametrize(
    ("train_buyers", "test_buyers", "persons", "reason"),
    [
        (29, 20, 100, "29 buyers to learn from, 30 are needed"),
        (30, 19, 100, "19 buyers to test on, 20 are needed"),
        (71, 50, 100, "29 who did not buy to learn from, 30 are needed"),
        (30, 81, 100, "19 who did not buy to test on, 20 are needed"),
        (0, 0, 30, "0 buyers to learn from, 30 are needed; 0 buyers to test on, 20 are needed"),
        (30, 20, 100, ""),
    ],
)
def test_too_few_of_a_kind_are_refused_with_their_number(train_buyers, test_buyers, persons, reason):
    train, test = (Samples(("x",), np.ones((persons, 1)), np.arange(persons) < n) for n in (train_buyers, test_buyers))
    assert judging.too_few(train, test) == reason


@pytest.mark.parametrize("learner", [SklearnTree(), SklearnLogistic()], ids=["tree", "logistic"])
def test_features_that_are_the_same_for_all_give_no_signal(learner):
    alike = Samples(("x", "y"), np.ones((100, 2)), np.arange(100) < 40)
    found = judging.evaluate(learner, alike, alike)
    assert (found.verdict, found.auc.value) == ("no signal", 0.5)


def test_a_part_keeps_enough_of_rare_buyers():
    samples = Samples(("x",), np.arange(1_000.0)[:, None], np.arange(1_000) < 20)
    part = samples.part(100, least_buyers=15, seed=1)
    assert (part.buyers, part.others) == (15, 98)
    assert samples.part(1_000, least_buyers=15, seed=1) is samples


# --- what features say


def test_odds_are_those_of_maximum_likelihood_where_the_penalty_is_light():
    from statsmodels.api import Logit, add_constant

    samples = noise(7, persons=4_000, effect=0.8)
    fitted = SklearnLogistic().fit(samples.x, samples.is_buyer)
    found = {each.feature: each for each in odds(fitted, samples)}
    other = Logit(samples.is_buyer, add_constant(fitted.scale.apply(samples.x))).fit(disp=False)
    assert [found[name].coefficient for name in samples.names] == pytest.approx(other.params[1:], abs=0.01)
    ends = np.exp(other.conf_int()[1:])
    assert [found[name].low for name in samples.names] == pytest.approx(ends[:, 0], rel=0.02)
    assert [found[name].high for name in samples.names] == pytest.approx(ends[:, 1], rel=0.02)
    assert next(iter(found)) == "x0"
    assert found["x0"].low > 1


def test_odds_leave_out_what_is_the_same_for_all():
    samples = noise(7, effect=0.8)
    samples.x[:, 3] = 5.0
    told = [each.feature for each in odds(SklearnLogistic().fit(samples.x, samples.is_buyer), samples)]
    assert len(told) == 9
    assert "x3" not in told


def test_the_planted_feature_is_the_most_important_and_an_unused_one_loses_nothing():
    train, test = noise(1, persons=1_000, effect=2.0), noise(2, persons=1_000, effect=2.0)
    found = importances(SklearnTree().fit(train.x, train.is_buyer), test)
    assert found[0].feature == "x0"
    assert found[0].permutation_importance > 0.1
    assert sum(each.importance for each in found) == pytest.approx(1)
    assert all(each.permutation_importance == 0 for each in found if each.importance == 0)


# --- weeks


@pytest.fixture(scope="module")
def different():
    chance = np.random.default_rng(1)
    return events_of(of_different(500, chance), days_before(END, 56), chance)


@pytest.mark.parametrize("module", [conversion, purchase])
def test_a_week_with_a_signal_tells_all_of_it(module, different, engines, tmp_path):
    engine = read_events(engines("duckdb"), tmp_path, different)
    rows = run_module(module.MODULE, engine, **WEEKS)
    [model] = rows[MODEL[module.MODULE.name]].to_pylist()
    assert (model["verdict"], model["date"]) == ("signal", MONDAY)
    assert model["auc_low"] > 0.6
    assert model["brier"] < model["baseline_brier"]
    assert {table: found.num_rows > 0 for table, found in rows.items()} == dict.fromkeys(rows, True)
    calibration = rows[f"marts.{module.CALIBRATION}"].to_pylist()
    assert sum(row["persons"] for row in calibration) == model["persons_test"]
    assert failed_checks(rows, week_of(engine)) == []


def test_persons_are_told_a_probability_for_the_time_after_the_week(different, engines, tmp_path):
    engine = read_events(engines("duckdb"), tmp_path, different)
    rows = run_module(purchase.MODULE, engine, **WEEKS)[f"marts.{purchase.PERSON}"].to_pylist()
    known = {event.person for event in different if event.at.date() >= END - timedelta(days=42)}
    assert {row["person_id"] for row in rows} == known
    likely = [row["probability"] for row in rows if row["decile"] == 1]
    assert min(likely) > max(row["probability"] for row in rows if row["decile"] == 2)


@pytest.mark.parametrize("module", [conversion, purchase])
def test_a_short_history_says_nothing_of_dates_and_has_all_tables(module, different, engines, tmp_path):
    engine = read_events(engines("duckdb"), tmp_path, different)
    rows = run_module(module.MODULE, engine, **WEEKS | {"clickstream_window_weeks": 12})
    [model] = rows[MODEL[module.MODULE.name]].to_pylist()
    assert model["verdict"] == "signal"
    assert "not 84, before a cut-off, and without recency_days and tenure_days" in model["note"]
    told = {row["feature"] for row in rows[f"marts.{module.FEATURE}"].to_pylist()}
    assert "sessions" in told
    assert told.isdisjoint({"recency_days", "tenure_days"})
    assert {table: found.num_rows > 0 for table, found in rows.items()} == dict.fromkeys(rows, True)
    assert failed_checks(rows, week_of(engine)) == []


@pytest.mark.parametrize("module", [conversion, purchase])
def test_a_week_without_a_signal_tells_the_verdict_alone(module, engines, tmp_path):
    chance = np.random.default_rng(4)
    events = events_of(of_alike(500), days_before(END, 56), chance)
    engine = read_events(engines("duckdb"), tmp_path, events)
    rows = run_module(module.MODULE, engine, **WEEKS)
    [model] = rows.pop(MODEL[module.MODULE.name]).to_pylist()
    assert model["verdict"] == "no signal"
    assert model["note"].startswith(("the AUC's interval", "shuffled labels do as well"))
    assert {table: found.num_rows for table, found in rows.items()} == dict.fromkeys(rows, 0)


ODD = {
    "nothing": [],
    "one event": [Event(1, NOON)],
    "one person": [Event(1, NOON - i * DAY, "purchase", 1.0, 1.0, i) for i in range(20)],
    "bots alone": [Event(i, NOON - i * DAY, "purchase", 1.0, 1.0, is_bot=True) for i in range(20)],
    "nobody bought": [Event(i, NOON - DAY * (i % 30), visit=i) for i in range(100)],
    "all bought": [
        Event(i, datetime(2026, 9, 20, 12) + 7 * week * DAY, "purchase", 1.0, 1.0, week) for i in range(90) for week in range(3)
    ],
    "no prices": [Event(i, NOON + week * 7 * DAY, "purchase", None, None, week) for i in range(50) for week in range(-2, 2)],
    "after the test cut-off alone": [Event(i, CUTOFF + DAY, "purchase", 1.0, 1.0) for i in range(50)],
}  # fmt: skip


@pytest.mark.parametrize("module", [conversion, purchase])
@pytest.mark.parametrize("events", ODD.values(), ids=ODD)
def test_odd_weeks_are_refused_not_broken(module, events, engines, tmp_path):
    engine = read_events(engines("duckdb"), tmp_path, events)
    rows = run_module(module.MODULE, engine, **WEEKS)
    models = rows.pop(MODEL[module.MODULE.name]).to_pylist()
    assert [model["verdict"] for model in models] == ["too few"] * bool(events)
    assert all(model["auc"] is None and "are needed" in model["note"] for model in models)
    assert {found.num_rows for found in rows.values()} == {0}


def test_events_that_are_not_there_yet_make_no_buyers(engines, tmp_path):
    events = [Event(i, CUTOFF - DAY, "purchase", 1.0, 1.0) for i in range(50)]
    [model] = run_module(purchase.MODULE, read_events(engines("duckdb"), tmp_path, events), **WEEKS)[MODEL["purchase"]].to_pylist()  # fmt: skip
    assert model["verdict"] == "too few"
    assert "no events on 7 of 7 days after the test cut-off" in model["note"]


@needs_spark
def test_sparks_odds_and_probabilities_are_scikit_learns_to_a_hundredth(different, engines, tmp_path):
    duck, spark = (
        run_module(purchase.MODULE, read_events(engines(kind), tmp_path / kind, different), **WEEKS)
        for kind in ("duckdb", "spark")
    )
    assert_same(duck[MODEL["purchase"]], spark[MODEL["purchase"]], keys=["date"], tolerance=0.001)
    ours, theirs = (
        {row["feature"]: row for row in rows[f"marts.{purchase.FEATURE}"].to_pylist()} for rows in (duck, spark)
    )
    assert ours.keys() == theirs.keys()
    for feature, row in ours.items():
        assert theirs[feature]["coefficient"] == pytest.approx(row["coefficient"], abs=0.01)
    people = [rows[f"marts.{purchase.PERSON}"].column("probability").to_numpy() for rows in (duck, spark)]
    assert np.abs(people[0] - people[1]).max() < 0.01


@needs_spark
def test_sparks_tree_ranks_as_scikit_learns(different, engines, tmp_path):
    duck, spark = (
        run_module(conversion.MODULE, read_events(engines(kind), tmp_path / kind, different), **WEEKS)
        for kind in ("duckdb", "spark")
    )
    [ours], [theirs] = (rows[MODEL["conversion"]].to_pylist() for rows in (duck, spark))
    for name in ("auc", "average_precision", "brier", "baseline_auc", "shuffled_auc_high"):
        assert theirs[name] == pytest.approx(ours[name], abs=0.02)
    for name in ("verdict", "persons_train", "persons_test", "buyers_train", "buyers_test", "baseline_name"):
        assert theirs[name] == ours[name]
    shares = spark[f"marts.{conversion.FEATURE}"].column("importance").to_pylist()
    assert sum(shares) == pytest.approx(1)


@needs_spark
@pytest.mark.parametrize("module", [conversion, purchase])
def test_spark_refuses_an_empty_week_too(module, engines, tmp_path):
    rows = run_module(module.MODULE, read_events(engines("spark"), tmp_path, []), **WEEKS)
    assert {found.num_rows for found in rows.values()} == {0}
