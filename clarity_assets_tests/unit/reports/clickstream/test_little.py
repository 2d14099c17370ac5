"""Marts of a single session, of bots alone and of odd names in; sections without an error out, in every format."""

import json
from dataclasses import replace

import duckdb
import pytest

from clarity_assets.reports.clickstream import tables as names
from clarity_assets.reports.clickstream.sections import clickstream_lead, clickstream_sections
from clarity_assets.reports.document import Report
from clarity_assets.reports.rendering.as_json import render_json
from clarity_assets.reports.rendering.html import render_html
from clarity_assets.reports.rendering.markdown import render_markdown
from clarity_assets.reports.rendering.pdf import render_pdf
from clarity_assets.reports.rendering.text import render_text
from clarity_assets.reports.rendering.texts import sentence_text
from clarity_assets_tests.fixtures.clickstream_marts import MONDAY, ensure
from clarity_assets_tests.fixtures.reports import NASTY
from clarity_assets_tests.sql.by_hand import PROJECT, insert
from clarity_assets_tests.unit.reports.clickstream.conftest import facts_of

SUMS = {"visitors": 1, "events": 3, "pageviews": 2, "bounces": 0, "conversions": 0, "orders": 0, "revenue": 0.0,
        "duration_sum_s": 0.0}  # fmt: skip
MODEL = dict.fromkeys(("auc", "auc_low", "auc_high", "baseline_auc", "brier", "baseline_brier", "shuffled_auc"))


@pytest.fixture
def con():
    with duckdb.connect() as con:
        yield ensure(con)


def put(con, table: str, **values: object) -> None:
    insert(con, table, project_id=PROJECT, date=MONDAY, **values)


def one_session(con, *, name: str | None = "x") -> None:
    """A session that put one product into the cart, as the analyses tell it."""
    put(con, "ops.clickstream_day", events=3)
    put(con, names.SITE, sessions=1, bot_sessions=0, users=0, local_time_sessions=0, **SUMS)
    put(con, names.SOURCE, source=name, medium=None, campaign=name, channel=name, sessions=1, **SUMS)
    put(con, names.LANDING, landing_page=name, sessions=1, bounces=0, conversions=0, revenue=0.0, duration_sum_s=0.0,
        pageviews=2)  # fmt: skip
    put(con, names.HOUR, clock="utc", hour=23, sessions=1, conversions=0, bot_sessions=0)
    put(con, names.CART, cart_sessions=1, completed_carts=0, abandoned_carts=1, abandoned_value=0.0,
        completed_value=0.0, removed_events=0, cart_events=1, purchase_events=0, purchase_sessions=0,
        purchases_without_cart=0)  # fmt: skip
    put(con, names.CART_PRODUCT, product_id=name, carted_sessions=1, bought_sessions=0, abandoned_sessions=1,
        removed_sessions=0, abandoned_value=0.0)  # fmt: skip
    put(con, names.CART_SIZE, cart_size=1, carts=1, abandoned_carts=1, value=0.0)
    put(con, names.COHORT, cohort_kind="week", cohort_start=MONDAY, period=0, visitors=1, retained=1, is_complete=True)
    for status, visitors in (("active", 1), ("at_risk", 0), ("churned", 0)):
        put(con, names.STATUS, status=status, visitors=visitors, buyers=0, sessions=visitors, revenue=0.0)
    put(con, names.RECENCY, days_since_last_visit=6, visitors=1)
    put(con, names.PATH, path=name, is_converted=False, sessions=1)
    put(con, names.PATH_LENGTH, path_length=1, is_converted=False, sessions=1)
    put(con, names.TRANSITION, from_node="(start)", to_node=name, step_from=0, transitions=1)
    put(con, names.TRANSITION, from_node=name, to_node="(exit)", step_from=1, transitions=1)
    put(con, names.NGRAM, n=2, ngram=f"{name} > cart", occurrences=1, sessions=1, conversions=0)
    put(con, names.FUNNEL, device=None, step_number=1, step="pageview", persons=1, dropped=1, persons_any_order=1)
    put(con, names.FUNNEL, device=None, step_number=2, step="cart", persons=0, dropped=None, persons_any_order=1)
    put(con, names.RECOMMENDER, metric="ndcg", k=10, value=None, baseline=None, evaluated_persons=0, note="too few")
    put(con, names.RECOMMENDATION, person_id=None, rank=1, product_id=name, score=1.0, method="popularity")
    put(con, names.SEGMENTATION, k=0, persons=1, compared_persons=0, is_default_k=True, note="1 person; 30 are needed")
    for table in (names.CONVERSION_MODEL, names.PURCHASE_MODEL):
        put(con, table, verdict="too few", persons_train=1, persons_test=1, buyers_train=0, buyers_test=0,
            train_cutoff_date=MONDAY, test_cutoff_date=MONDAY, horizon_days=7, **MODEL)  # fmt: skip
    put(con, names.PATTERN_RUN, basket_of="cart", baskets=1, products=1, baskets_cut=0, items_cut=0,
        max_basket_size=50, min_support_asked=0.01, min_support_used=1.0, is_cut=False, seconds=0.0,
        note="too few: 0 baskets hold two products or more, 50 are needed")  # fmt: skip


def told(sections) -> dict[str, list[str]]:
    return {section.name: [sentence_text(f.sentence) for f in section.findings] for section in sections}


def report_of(facts) -> Report:
    sections = clickstream_sections(facts)
    return Report("clickstream", "Clickstream report", PROJECT, facts.period, facts.made_at, facts.days,
                  clickstream_lead(facts, sections), sections)  # fmt: skip


def test_a_single_session_gives_nine_sections_that_claim_nothing(con):
    one_session(con)
    words = told(clickstream_sections(facts_of(con)))
    assert list(words) == list(names.MODULES)
    assert "No source is shown" in words["traffic"][1]
    assert "No product is shown to be left in carts more often" in words["carts"][1]
    assert "Too few to say" in words["journeys"][0]
    assert "could not be judged: too few" in words["recommendations"][0]
    assert "No groups were made: 1 person; 30 are needed" in words["segments"][0]
    assert words["conversion"][0].startswith("Too few to say: 0 persons bought")
    assert words["patterns"] == [
        "Too few baskets to say what goes together: 0 baskets hold two products or more, 50 are needed."
    ]


def test_bots_alone_are_told_as_such(con):
    put(con, "ops.clickstream_day", events=30)
    put(con, names.SITE, sessions=0, bot_sessions=5, users=0, local_time_sessions=0, **dict.fromkeys(SUMS, 0))
    words = told(clickstream_sections(facts_of(con)))
    assert "Bots made 100.0 %" in words["traffic"][0]


@pytest.mark.parametrize("name", NASTY)
def test_names_of_any_kind_are_shown_and_never_read_as_markup(con, name):
    one_session(con, name=name)
    report = report_of(facts_of(con))
    for render in (render_html, render_markdown):
        assert "<script>alert" not in render(report)
    assert "\u202e" not in render_text(report)
    assert json.loads(render_json(report))["kind"] == "clickstream"


def test_a_report_of_a_single_session_is_made_as_pdf(con):
    one_session(con)
    assert render_pdf(replace(report_of(facts_of(con)), project_id="shop")).startswith(b"%PDF")
