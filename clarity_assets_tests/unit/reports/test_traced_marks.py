"""The simulated shop's UX and product reports: the marks of their charts have ids, and these lead to the marts."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from clarity_assets.demo.run import DAYS, FIRST_DAY, demo_site
from clarity_assets.project_models import ensure_project
from clarity_assets.reports.document import BarChart, BubbleChart, HeatChart, TrendChart
from clarity_assets.reports.figures import Source
from clarity_assets.reports.make import make_reports
from clarity_assets.reports.period import newest_week
from clarity_assets.settings import load_settings
from clarity_assets.trace.tracing import trace
from clarity_assets_tests.fixtures.simulated import warehouse_of
from clarity_assets_tests.sql.by_hand import PROJECT

LAST_DAY = FIRST_DAY + timedelta(days=DAYS - 1)
WEEK = newest_week(LAST_DAY)
NOW = datetime.combine(LAST_DAY + timedelta(days=1), datetime.min.time(), UTC)


@pytest.fixture(scope="module")
def made():
    """The warehouse, its settings, and every chart of both reports."""
    settings = load_settings(project_id=PROJECT, now=NOW, first_date=FIRST_DAY - timedelta(days=3))
    with warehouse_of(demo_site()) as con:
        ensure_project(con, settings)
        reports = make_reports(con, settings=settings, period=WEEK, kinds=("ux", "product"))
        sections = [section for report in reports.values() for section in report.sections]
        yield con, settings, [block for section in sections for block in section.blocks if hasattr(block, "summary")]


def marks(charts: list) -> list[tuple[float | None, Source | None]]:
    """Value and source of every bar, cell and bubble."""
    found = []
    for chart in charts:
        match chart:
            case BarChart():
                found += [(bar.value, bar.source) for bar in chart.bars]
            case HeatChart():
                found += [
                    pair for row in zip(chart.values, chart.sources, strict=True) for pair in zip(*row, strict=True)
                ]
            case BubbleChart():
                for point in chart.points:
                    found += [(point.x, point.source), (point.y, point.y_source), (point.size, point.size_source)]
    return found


def test_every_bar_cell_and_bubble_has_a_source(made):
    _, _, charts = made
    assert {type(chart) for chart in charts} == {BarChart, HeatChart, BubbleChart, TrendChart}
    found = marks(charts)
    assert len(found) > 100
    assert [value for value, source in found if source is None] == []


def test_a_line_is_traced_over_all_of_its_days(made):
    con, settings, charts = made
    lines = [line for chart in charts if isinstance(chart, TrendChart) for line in chart.lines if line.source]
    assert {line.source.statistic for line in lines} == {"series"}
    traced = trace(con, lines[0].source.id, settings=settings)
    assert traced.is_intact
    assert traced.sides[0].rows.count > 0


def test_every_line_says_which_measure_rows_and_days_it_is(made):
    _, _, charts = made
    for chart in charts:
        if isinstance(chart, TrendChart):
            for line in chart.lines:
                assert line.source.measure
                assert (line.source.start, line.source.end) == (chart.dates[0], WEEK.end)


def test_the_id_of_a_mark_leads_to_the_number_that_it_shows(made):
    con, settings, charts = made
    for value, source in random.Random(20).sample(marks(charts), 20):
        traced = trace(con, source.id, settings=settings)
        assert traced.told[0].value == pytest.approx(value)
        if source.statistic == "value":
            assert traced.is_same
