"""A week's run in, its segments, how sound they are, and everyone's segment out."""

from datetime import timedelta

import numpy as np
import pyarrow as pa

from clarity_assets.clickstream.engines.engine import Engine
from clarity_assets.clickstream.modules.module import Module, Rows, Run
from clarity_assets.clickstream.modules.prediction.features import matrix, person_features
from clarity_assets.clickstream.modules.segments.clustering import (
    LEAST_PERSONS,
    Cluster,
    Clustering,
    agreement,
    by_sklearn,
    cluster_persons,
)
from clarity_assets.clickstream.modules.segments.words import names_of
from clarity_assets.clickstream.modules.typed_rows import columns_of, typed_rows
from clarity_assets.settings import Settings

SEGMENT, SEGMENTATION, PERSON = (
    f"fct_clickstream_{what}_weekly" for what in ("segment", "segmentation", "segment_person")
)
BEHAVIOUR = (
    "sessions", "active_days", "events_per_session", "product_views", "cart_adds", "purchases", "revenue",
    "recency_days",
)  # fmt: skip
"""What persons are compared by, of prediction.features.FEATURES."""

WEEK = timedelta(days=7)


def compute(run: Run) -> Rows:
    """Groups of who came in the window up to the week's end; the window of a week before is grouped anew beside it."""
    persons, clustering = _grouped(run, weeks_ago=0)
    if clustering is None:
        note = f"too few: {len(persons)} persons, {LEAST_PERSONS} are needed"
        row = {"k": 0, "silhouette": None, "stability": None, "compared_persons": 0, "is_default_k": False}
        told = columns_of([row | {"persons": len(persons), "note": note}] if len(persons) else [])
        segments = people = {}
    else:
        told = columns_of([_segmentation(run, persons, clustering)])
        segments = _segments(persons, clustering)
        names = np.array(segments["name"], dtype=object)[clustering.labels]
        people = {"person_id": persons.column("person_id"), "segment": clustering.labels + 1, "name": names}
    return {
        f"marts.{SEGMENT}": typed_rows(run, SEGMENT, segments),
        f"marts.{SEGMENTATION}": typed_rows(run, SEGMENTATION, told),
        f"marts.{PERSON}": typed_rows(run, PERSON, people),
    }


def _grouped(run: Run, *, weeks_ago: int) -> tuple[pa.Table, Clustering | None]:
    """Persons of the window that ended some weeks ago, and their groups; None of too few persons."""
    cutoff = run.end - weeks_ago * WEEK
    first = cutoff - run.settings.clickstream_window_weeks * WEEK
    persons = person_features(run.engine, first=first, cutoff=cutoff)
    if len(persons) < LEAST_PERSONS:
        return persons, None
    values = matrix(persons, BEHAVIOUR)
    return persons, cluster_persons(values, _cluster(run.engine), k=run.settings.clickstream_segments)


def _cluster(engine: Engine) -> Cluster:
    if engine.name != "spark":
        return by_sklearn
    from clarity_assets.clickstream.modules.segments.spark_clustering import by_spark

    return by_spark(engine.spark)


def _segmentation(run: Run, persons: pa.Table, clustering: Clustering) -> dict:
    earlier, before = _grouped(run, weeks_ago=1)
    stability, compared = None, 0
    notes = [clustering.note]
    if before is not None:
        ids = [table.column("person_id").to_numpy() for table in (persons, earlier)]
        _, now, then = np.intersect1d(*ids, assume_unique=True, return_indices=True)
        compared = len(now)
        stability = agreement(clustering.labels[now], before.labels[then])
        if before.k != clustering.k:
            notes.append(f"{before.k} segments the week before")
    return {
        "k": clustering.k,
        "silhouette": clustering.silhouette,
        "persons": len(persons),
        "stability": stability,
        "compared_persons": compared,
        "is_default_k": clustering.is_default_k,
        "note": "; ".join(note for note in notes if note) or None,
    }


def _segments(persons: pa.Table, clustering: Clustering) -> dict:
    values = matrix(persons, BEHAVIOUR)
    means = [
        dict(zip(BEHAVIOUR, values[clustering.labels == i].mean(axis=0), strict=True)) for i in range(clustering.k)
    ]
    sizes = np.bincount(clustering.labels, minlength=clustering.k)
    return {
        "segment": np.arange(1, clustering.k + 1),
        "name": names_of(means, clustering.centres, BEHAVIOUR),
        "persons": sizes,
        "share": sizes / len(persons),
        **{name: [mean[name] for mean in means] for name in BEHAVIOUR},
    }


def days_back(settings: Settings) -> int:
    """Days before the Monday: the window of a week before begins a week earlier."""
    return 7 * settings.clickstream_window_weeks


MODULE = Module(
    name="segments",
    title="Segments",
    every="week",
    tables=(SEGMENT, SEGMENTATION, PERSON),
    compute=compute,
    days_back=days_back,
)
