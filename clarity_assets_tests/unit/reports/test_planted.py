"""The simulated shop's reports: every planted truth is found, in the week and in the month; without them, nothing is."""

from datetime import UTC, datetime, timedelta

import pytest

from clarity_assets.demo.run import DAYS, FIRST_DAY, demo_site
from clarity_assets.demo.site import PLANTED, SimulatedSite
from clarity_assets.project_models import ensure_project
from clarity_assets.reports.document import Report
from clarity_assets.reports.make import make_reports
from clarity_assets.reports.period import Period, newest_month, newest_week
from clarity_assets.reports.rendering.text import render_text
from clarity_assets.reports.rendering.texts import sentence_text
from clarity_assets.settings import load_settings
from clarity_assets_tests.fixtures.simulated import warehouse_of
from clarity_assets_tests.sql.by_hand import PROJECT

LAST_DAY = FIRST_DAY + timedelta(days=DAYS - 1)
WEEK, MONTH = newest_week(LAST_DAY), newest_month(LAST_DAY)


def reports_of(con, period: Period) -> dict[str, Report]:
    now = datetime.combine(LAST_DAY + timedelta(days=1), datetime.min.time(), UTC)
    settings = load_settings(project_id=PROJECT, now=now, first_date=FIRST_DAY - timedelta(days=3))
    ensure_project(con, settings)
    return make_reports(con, settings=settings, period=period)


@pytest.fixture(scope="module")
def planted():
    with warehouse_of(demo_site()) as con:
        yield {period.kind: reports_of(con, period) for period in (WEEK, MONTH)}


@pytest.fixture(scope="module")
def plain():
    site = SimulatedSite.generate(first_day=FIRST_DAY - timedelta(days=3), days=DAYS + 4, planted=False)
    with warehouse_of(site) as con:
        yield {period.kind: reports_of(con, period) for period in (WEEK, MONTH)}


def findings(reports: dict[str, Report]) -> list:
    return [finding for report in reports.values() for section in report.sections for finding in section.findings]


@pytest.mark.parametrize("kind", ["week", "month"])
def test_every_planted_truth_is_found(planted, kind):
    found = {(finding.what, *sorted(finding.where.items())) for finding in findings(planted[kind])}
    checkout = (("device", "Mobile"), ("page", "shop.example/checkout"))
    assert ("rage_clicks_on_page", *checkout) in found
    assert ("dead_clicks_on_page", *checkout) in found
    told = {name: render_text(report) for name, report in planted[kind].items()}
    new_page = PLANTED["new_page"].dimensions["URL"].removeprefix("https://")
    for name in ("summary", "product"):
        assert f"New page {new_page}" in told[name].replace("\n          ", " ")
        assert "instagram / paid_social" in told[name]
    country = PLANTED["growing_country"].dimensions["Country"]
    grown = [one for one in findings(planted[kind]) if one.where.get("country") == country and one.is_change]
    assert grown
    assert "+" in sentence_text(grown[0].sentence)


def test_the_checkout_on_mobile_is_the_first_thing_to_do(planted):
    for reports in planted.values():
        [actions] = [section for section in reports["summary"].sections if section.name == "actions"]
        first = actions.findings[0]
        assert (first.where, first.level.value) == ({"page": "shop.example/checkout", "device": "Mobile"}, "HIGH")


@pytest.mark.parametrize("kind", ["week", "month"])
def test_nothing_planted_means_nothing_claimed(plain, kind):
    """But the growth that the simulated shop always has: 12 % from the four weeks before to a month."""
    claims = [finding for finding in findings(plain[kind]) if finding.level or finding.is_change]
    grown = [finding for finding in claims if finding.what == "sessions" and not finding.level]
    assert [(finding.what, finding.where) for finding in claims if finding not in grown] == []
    assert not grown or kind == "month"
    assert "Nothing stands out that would call for action" in render_text(plain[kind]["summary"]).replace("\n", " ")


def test_no_number_is_told_without_an_id(planted):
    for reports in planted.values():
        for report in reports.values():
            ids = [figure.id for figure in report.figures]
            assert len(ids) == len(set(ids))
            assert len(ids) > 20
