"""Persons' behaviour before a cut-off in, how likely each buys after it out (logistic regression), or why unknown."""

import pyarrow as pa

from clarity_assets.clickstream.engines.engine import Engine
from clarity_assets.clickstream.modules.module import Module, Rows, Run
from clarity_assets.clickstream.modules.prediction.calibration import deciles
from clarity_assets.clickstream.modules.prediction.features import matrix, person_features
from clarity_assets.clickstream.modules.prediction.learners import Learner
from clarity_assets.clickstream.modules.prediction.samples import days_back
from clarity_assets.clickstream.modules.prediction.sklearn_models import SklearnLogistic
from clarity_assets.clickstream.modules.prediction.spark_models import SparkLogistic
from clarity_assets.clickstream.modules.prediction.told import (
    Prediction,
    calibration_rows,
    feature_rows,
    model_rows,
    predict,
)
from clarity_assets.clickstream.modules.prediction.weights import Odds, odds
from clarity_assets.clickstream.modules.typed_rows import typed_rows

MODEL, FEATURE, CALIBRATION, PERSON = (
    f"fct_clickstream_purchase_{what}_weekly" for what in ("model", "feature", "calibration", "person")
)


def compute(run: Run) -> Rows:
    """The week's model: verdict and scores, odds by feature, calibration, and every person's probability."""
    prediction = predict(run, _learner(run.engine))
    return {
        f"marts.{MODEL}": model_rows(run, MODEL, prediction),
        f"marts.{FEATURE}": feature_rows(run, FEATURE, prediction, _odds),
        f"marts.{CALIBRATION}": calibration_rows(run, CALIBRATION, prediction),
        f"marts.{PERSON}": _person_rows(run, prediction),
    }


def _learner(engine: Engine) -> Learner:
    return SparkLogistic(engine.spark) if engine.name == "spark" else SklearnLogistic()


def _odds(prediction: Prediction) -> list[Odds]:
    return odds(prediction.evaluation.fitted, prediction.split.train)


def _person_rows(run: Run, prediction: Prediction | None) -> pa.Table:
    """By the very model that was tested, of what is known at the week's end."""
    if prediction is None or not prediction.has_signal:
        return typed_rows(run, PERSON, {})
    cutoffs = prediction.split.cutoffs
    persons = person_features(run.engine, first=cutoffs.first(cutoffs.newest), cutoff=cutoffs.newest)
    probabilities = prediction.evaluation.fitted.probabilities(matrix(persons, cutoffs.features))
    columns = {"person_id": persons.column("person_id"), "probability": probabilities}
    return typed_rows(run, PERSON, columns | {"decile": deciles(probabilities)})


MODULE = Module(
    name="purchase",
    title="Purchase probability",
    every="week",
    tables=(MODEL, FEATURE, CALIBRATION, PERSON),
    compute=compute,
    days_back=days_back,
    version="2",
)
