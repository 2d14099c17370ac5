"""A learner and two sets of persons in, a verdict with every score beside its baseline out.

Nothing here knows of events: the matrices may be of sessions, or of anything else that was bought or not.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from clarity_assets.clickstream.modules.prediction.learners import SEED, Fitted, Learner
from clarity_assets.clickstream.modules.prediction.samples import Samples
from clarity_assets.clickstream.modules.prediction.scores import CHANCE_AUC, Auc, auc, auc_interval, best_feature, brier

SIGNAL, NO_SIGNAL, TOO_FEW = "signal", "no signal", "too few"

LEAST_IN_TRAIN = 30  # buyers, and others: six of a kind in each of the five folds that choose a tree's shape
LEAST_IN_TEST = 20  # buyers, and others: of 20, the interval of an AUC of 0.7 reaches from about 0.57 to 0.8
SHUFFLES = 20  # with which the second largest AUC is about the 95th percentile
SHUFFLED_HIGH = 0.95
CHEAP_ROWS = 20_000  # of what is learnt from, for choosing a shape and for shuffles; the model itself takes all
CHEAP_BUYERS = 500


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a model is worth. With 'too few' nothing was fitted, and every score is None.

    `fitted` and `probabilities` (of the persons tested on) are there with 'signal' and 'no signal'.
    """

    verdict: Literal["signal", "no signal", "too few"]
    reason: str
    auc: Auc | None = None
    baseline_auc: float | None = None
    baseline_auc_low: float | None = None
    baseline_name: str | None = None
    average_precision: float | None = None
    brier: float | None = None
    baseline_brier: float | None = None
    shuffled_auc: float | None = None
    shuffled_auc_high: float | None = None
    fitted: Fitted | None = None
    probabilities: np.ndarray | None = None


def evaluate(learner: Learner, train: Samples, test: Samples, *, shuffles: int = SHUFFLES) -> Evaluation:
    """Learn from `train`, score on `test`, and refuse what labels in random order do as well."""
    from sklearn.metrics import average_precision_score

    if reason := too_few(train, test):
        return Evaluation(TOO_FEW, reason)
    cheap = train.part(CHEAP_ROWS, least_buyers=CHEAP_BUYERS, seed=SEED)
    learner = learner.tuned(cheap.x, cheap.is_buyer)
    fitted = learner.fit(train.x, train.is_buyer)
    probabilities = fitted.probabilities(test.x)
    found = auc_interval(test.is_buyer, probabilities)
    shuffled = shuffled_aucs(learner.in_process(), cheap, test, shuffles=shuffles)
    high = float(np.quantile(shuffled, SHUFFLED_HIGH))
    single = best_feature(train.x, train.is_buyer, train.names)
    baseline = auc_interval(test.is_buyer, single.sign * test.x[:, single.column])
    verdict, reason = _verdict(found, high)
    errors = brier(test.is_buyer, probabilities), brier(test.is_buyer, train.buyers / len(train))
    if verdict == SIGNAL:
        reason = _reserve(single.title, baseline.value >= found.value, errors[0] >= errors[1])
    return Evaluation(
        verdict, reason, found, baseline.value, baseline.low, single.title,
        average_precision=float(average_precision_score(test.is_buyer, probabilities)),
        brier=errors[0], baseline_brier=errors[1],
        shuffled_auc=float(np.mean(shuffled)), shuffled_auc_high=high, fitted=fitted, probabilities=probabilities,
    )  # fmt: skip


def too_few(train: Samples, test: Samples) -> str:
    """Why nothing can be learnt or tested; empty where it can."""
    counts = (
        (train.buyers, LEAST_IN_TRAIN, "buyers to learn from"),
        (train.others, LEAST_IN_TRAIN, "who did not buy to learn from"),
        (test.buyers, LEAST_IN_TEST, "buyers to test on"),
        (test.others, LEAST_IN_TEST, "who did not buy to test on"),
    )
    return "; ".join(f"{count} {what}, {least} are needed" for count, least, what in counts if count < least)


def shuffled_aucs(learner: Learner, train: Samples, test: Samples, *, shuffles: int) -> list[float]:
    """AUC of models that learnt from labels in random order, on labels in random order.

    Source: Ojala & Garriga (2010), J. Mach. Learn. Res. 11, 1833-1863, test 1, on a split by time. On the true labels
    of `test` it would not be guessing: where features go together, a random model points along the one direction that
    tells buyers, and is right about them as often as it is wrong.
    """
    chance = np.random.default_rng(SEED)
    orders = [(chance.permutation(train.is_buyer), chance.permutation(test.is_buyer)) for _ in range(shuffles)]
    return [auc(tested, learner.fit(train.x, learnt).probabilities(test.x)) for learnt, tested in orders]


def _verdict(found: Auc, shuffled_high: float) -> tuple[Literal["signal", "no signal"], str]:
    if found.low <= CHANCE_AUC:
        return NO_SIGNAL, f"the AUC's interval, {found.low:.2f} to {found.high:.2f}, does not lie above {CHANCE_AUC}"
    if found.value <= shuffled_high:
        return NO_SIGNAL, f"shuffled labels do as well: an AUC up to {shuffled_high:.2f}"
    return SIGNAL, ""


def _reserve(feature: str, is_matched: bool, is_far_off: bool) -> str:
    """Where a baseline does as well as a model that has a signal."""
    parts = [
        f"one feature alone, {feature}, ranks as well" if is_matched else "",
        "probabilities come no closer than the share of buyers does: use their order" if is_far_off else "",
    ]
    return "; ".join(part for part in parts if part)
