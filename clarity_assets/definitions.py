"""The entry point of Dagster: everything under `defs/`."""

import warnings
from pathlib import Path

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    # Job `daily` holds assets that backfill a run a day (collection) and others a range in one run (models). Dagster
    # takes a run a day for the whole job, which is what is meant, and warns.
    warnings.filterwarnings("ignore", "Asset job daily materializes assets with varying BackfillPolicies", UserWarning)
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
