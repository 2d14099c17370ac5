"""The marts of five weeks of a small shop, filled once; the facts and the sections of their last week."""

from collections.abc import Iterator
from datetime import UTC

import duckdb
import pytest

from clarity_assets.reports.clickstream.facts import EventFacts
from clarity_assets.reports.clickstream.sections import clickstream_sections
from clarity_assets.reports.document import Section
from clarity_assets_tests.fixtures.clickstream_marts import MADE_AT, WEEK, clickstream_warehouse, marts_of


def facts_of(con: duckdb.DuckDBPyConnection, period=WEEK) -> EventFacts:
    return EventFacts(marts_of(con, period), MADE_AT.replace(tzinfo=UTC))


@pytest.fixture(scope="module")
def facts() -> Iterator[EventFacts]:
    with clickstream_warehouse() as con:
        yield facts_of(con)


@pytest.fixture(scope="module")
def sections(facts) -> dict[str, Section]:
    return {section.name: section for section in clickstream_sections(facts)}
