"""Fixtures for all tests of the clickstream: both engines."""

from clarity_assets_tests.fixtures.engines import _spark, engine, engines

__all__ = ["_spark", "engine", "engines"]
