"""Persons' behaviour before a cut-off in, a decision tree that foretells a purchase after it out, or why it cannot."""

from clarity_assets.clickstream.engines.engine import Engine
from clarity_assets.clickstream.modules.module import Module, Rows, Run
from clarity_assets.clickstream.modules.prediction.learners import Learner
from clarity_assets.clickstream.modules.prediction.samples import days_back
from clarity_assets.clickstream.modules.prediction.sklearn_models import SklearnTree
from clarity_assets.clickstream.modules.prediction.spark_models import SparkTree
from clarity_assets.clickstream.modules.prediction.told import (
    Prediction,
    calibration_rows,
    feature_rows,
    model_rows,
    predict,
)
from clarity_assets.clickstream.modules.prediction.weights import Importance, importances

MODEL, FEATURE, CALIBRATION = (
    f"fct_clickstream_conversion_{what}_weekly" for what in ("model", "feature", "calibration")
)


def compute(run: Run) -> Rows:
    """The week's tree: verdict and scores, what its features say, and whether its probabilities come true."""
    prediction = predict(run, _learner(run.engine))
    return {
        f"marts.{MODEL}": model_rows(run, MODEL, prediction),
        f"marts.{FEATURE}": feature_rows(run, FEATURE, prediction, _importances),
        f"marts.{CALIBRATION}": calibration_rows(run, CALIBRATION, prediction),
    }


def _learner(engine: Engine) -> Learner:
    return SparkTree(engine.spark) if engine.name == "spark" else SklearnTree()


def _importances(prediction: Prediction) -> list[Importance]:
    return importances(prediction.evaluation.fitted, prediction.split.test)


MODULE = Module(
    name="conversion",
    title="Conversion prediction",
    every="week",
    tables=(MODEL, FEATURE, CALIBRATION),
    compute=compute,
    days_back=days_back,
    version="2",
)
