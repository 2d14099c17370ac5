"""Checks of the data: what the contracts promise, looked at after every run."""
