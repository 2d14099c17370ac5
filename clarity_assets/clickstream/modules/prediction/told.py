"""A run and a learner in, the rows that a prediction's tables share out: the model's row and its calibration."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

import pyarrow as pa

from clarity_assets.clickstream.modules.module import Run
from clarity_assets.clickstream.modules.prediction.calibration import calibration
from clarity_assets.clickstream.modules.prediction.evaluate import SIGNAL, Evaluation, evaluate
from clarity_assets.clickstream.modules.prediction.learners import Learner
from clarity_assets.clickstream.modules.prediction.samples import Split, split_by_time
from clarity_assets.clickstream.modules.typed_rows import columns_of, typed_rows


@dataclass(frozen=True)
class Prediction:
    """A week's split and what became of it."""

    split: Split
    evaluation: Evaluation

    @property
    def has_signal(self) -> bool:
        return self.evaluation.verdict == SIGNAL


def predict(run: Run, learner: Learner) -> Prediction | None:
    """None: nobody came on any day that is looked at."""
    split = split_by_time(run)
    return split and Prediction(split, evaluate(learner, split.train, split.test))


def model_rows(run: Run, table: str, prediction: Prediction | None) -> pa.Table:
    """One row, of verdict, scores and their baselines."""
    if prediction is None:
        return typed_rows(run, table, {})
    split, found = prediction.split, prediction.evaluation
    names = ("baseline_auc", "baseline_auc_low", "baseline_name", "average_precision", "brier", "baseline_brier")
    row = {
        "verdict": found.verdict,
        "auc": found.auc and found.auc.value,
        "auc_low": found.auc and found.auc.low,
        "auc_high": found.auc and found.auc.high,
        **{name: getattr(found, name) for name in (*names, "shuffled_auc", "shuffled_auc_high")},
        "persons_train": len(split.train),
        "persons_test": len(split.test),
        "buyers_train": split.train.buyers,
        "buyers_test": split.test.buyers,
        "train_cutoff_date": split.cutoffs.train,
        "test_cutoff_date": split.cutoffs.test,
        "horizon_days": split.cutoffs.horizon_days,
        "note": "; ".join(note for note in (found.reason, *split.notes) if note) or None,
    }
    return typed_rows(run, table, columns_of([row]))


def calibration_rows(run: Run, table: str, prediction: Prediction | None) -> pa.Table:
    """What was foretold and what was seen, of the persons tested on; no rows without a signal."""
    if prediction is None or not prediction.has_signal:
        return typed_rows(run, table, {})
    bins = calibration(prediction.evaluation.probabilities, prediction.split.test.is_buyer)
    return typed_rows(run, table, columns_of([asdict(each) for each in bins]))


def feature_rows(run: Run, table: str, prediction: Prediction | None, weigh: Callable[[Prediction], list]) -> pa.Table:
    """What `weigh` says of the features (dataclasses, the first rank first); not asked without a signal."""
    if prediction is None or not prediction.has_signal:
        return typed_rows(run, table, {})
    rows = [asdict(each) | {"rank": rank} for rank, each in enumerate(weigh(prediction), start=1)]
    return typed_rows(run, table, columns_of(rows))
