"""The entry point of Dagster: everything under `defs/`."""

import warnings
from pathlib import Path

import dagster as dg

FORESEEN = (
    # `daily` holds assets that backfill a run a day (collection) and others a range in one run (models). Dagster takes
    # a run a day for the whole job, which is what is meant, and warns.
    ("Asset job daily materializes assets with varying BackfillPolicies", UserWarning),
    # Dagster 1.13 passes its own beta parameter on when it copies a sensor of several jobs
    ("Parameter `owners` of initializer `SensorDefinition.__init__` is currently in beta", dg.BetaWarning),
)


@dg.definitions
def defs() -> dg.Definitions:
    for message, category in FORESEEN:
        warnings.filterwarnings("ignore", message, category)
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
