"""Marts with planted truths in; the findings, tables and pictures of the nine sections out."""

import pytest

from clarity_assets.clickstream.modules.registry import MODULES as ANALYSES
from clarity_assets.reports.clickstream.parts import bars, of_week
from clarity_assets.reports.clickstream.sections import clickstream_lead, clickstream_sections
from clarity_assets.reports.clickstream.tables import (
    CART_PRODUCT,
    COHORT,
    CONVERSION_MODEL,
    EVENT_DAYS,
    MODULES,
    PATTERN_RUN,
    PURCHASE_MODEL,
    RECOMMENDATION,
    RECOMMENDER,
    RULE,
    SEGMENT,
    SEGMENTATION,
    SOURCE,
)
from clarity_assets.reports.document import FlowChart, HeatChart, Level, Table
from clarity_assets.reports.figures import ChangeFigure, Figure
from clarity_assets.reports.measures import MEASURES
from clarity_assets.reports.period import Period
from clarity_assets.reports.rendering.charts import PRINT, chart_note, chart_rows, chart_svg
from clarity_assets.reports.rendering.charts.heat import heat_drawing
from clarity_assets.reports.rendering.charts.palette import HEAT_STEPS, colour
from clarity_assets.reports.rendering.texts import sentence_text
from clarity_assets_tests.fixtures.clickstream_marts import DAYS, FIRST, MONDAY, RETURNING, WEEK, clickstream_warehouse
from clarity_assets_tests.sql.by_hand import PROJECT
from clarity_assets_tests.unit.reports.clickstream.conftest import facts_of


def told(section) -> list[str]:
    return [sentence_text(finding.sentence) for finding in section.findings]


def block(section, name: str):
    return {one.name: one for one in section.blocks}[name]


def only(con, name: str, period: Period = WEEK):
    return next(section for section in clickstream_sections(facts_of(con, period)) if section.name == name)


# --- the whole ----------------------------------------------------------------------------------------------------


def test_the_nine_sections_stand_in_the_order_of_the_analyses_with_one_to_four_findings_each(sections):
    assert list(sections) == list(ANALYSES)
    assert {name: 1 <= len(section.findings) <= 4 for name, section in sections.items()} == dict.fromkeys(
        ANALYSES, True
    )


def test_the_report_knows_the_very_tables_that_the_analyses_make():
    assert {name: set(tables) for name, tables in MODULES.items()} == {
        name: set(module.models) for name, module in ANALYSES.items()
    }


def test_every_number_of_every_section_says_where_it_comes_from(sections):
    def figures(thing):
        if isinstance(thing, Figure):
            yield thing
        elif isinstance(thing, dict):
            for value in thing.values():
                yield from figures(value)
        elif isinstance(thing, tuple):
            for value in thing:
                yield from figures(value)
        elif hasattr(thing, "__dataclass_fields__"):
            for name in thing.__dataclass_fields__:
                yield from figures(getattr(thing, name))

    found = list(figures(tuple(sections.values())))
    assert len(found) > 500
    without = [figure for figure in found if figure.source is None and not isinstance(figure, ChangeFigure)]
    assert without == []
    assert {figure.source.measure for figure in found if figure.source} <= set(MEASURES)


def test_the_lead_tells_sessions_and_the_findings_that_matter_most(facts, sections):
    first, *rest = (sentence_text(sentence) for sentence in clickstream_lead(facts, tuple(sections.values())))
    assert "sessions" in first
    assert "7 of 7 days" in first
    assert any("social / paid" in sentence for sentence in rest)


# --- the planted truths -------------------------------------------------------------------------------------------


def test_the_source_that_bounces_and_the_landing_page_that_does_are_named(sections):
    findings = told(sections["traffic"])
    assert "Look first at social / paid / autumn" in findings[1]
    assert sections["traffic"].findings[1].level is Level.HIGH
    assert "Landing page shop.example/blog/oak" in findings[2]


def test_peak_hours_are_told_by_both_clocks_and_drawn_by_hour(sections):
    assert "UTC" in told(sections["traffic"])[3]
    assert "by the visitors' own clocks" in told(sections["traffic"])[3]
    heat = block(sections["traffic"], "traffic_hours")
    assert isinstance(heat, HeatChart)
    assert (len(heat.rows), len(heat.columns)) == (24, 2)


def test_the_abandoned_product_is_named_with_how_many_left_it(sections):
    [finding] = [one for one in sections["carts"].findings if "{product}" in one.sentence.template]
    assert finding.where == {"product_id": "lamp-7"}
    assert finding.sentence.values["ratio0"].value > 1.2
    products = block(sections["carts"], "carts_abandoned_products")
    named = [row[0].text for row in products.rows if row[4] is not None and row[4].value > 1]
    assert named == ["lamp-7"]


def test_the_returning_cohort_stands_out_and_the_heat_map_has_a_row_for_each_week(sections):
    [finding] = [one for one in sections["cohorts"].findings if one.where]
    assert finding.where == {"cohort": RETURNING.isoformat()}
    assert (finding.sessions.value, finding.sessions.unit) == (900, "visitors")
    heat = block(sections["cohorts"], "cohorts_weeks")
    assert heat.rows[0] == "Mon 28 Sep"  # the newest week whose first return is over
    assert heat.values[0][0] is not None
    assert heat.values[0][1] is None  # its second week is not over yet
    assert heat.nothing == "not over yet"
    assert heat.is_one_scale


@pytest.mark.parametrize(("is_one_scale", "strongest"), [(False, [0, 1]), (True, [1])])
def test_one_scale_of_a_heat_map_leaves_the_strongest_colour_to_the_largest_of_all(is_one_scale, strongest):
    chart = HeatChart("x", "X", "", "%", ("a",), ("Week 1", "Week 2"), ((2.0, 30.0),), is_one_scale=is_one_scale)
    [(_, _, spec)] = heat_drawing(chart, width_px=900).pictures
    fills = [cell["fill"] for cell in spec["layer"][0]["data"]["values"]]
    assert [i for i, fill in enumerate(fills) if fill == colour(HEAT_STEPS[-1])] == strongest


def test_weeks_that_are_not_over_are_empty_cells_that_say_so(sections):
    heat = block(sections["cohorts"], "cohorts_weeks")
    assert chart_note(heat).endswith("empty: not over yet.")
    assert chart_rows(heat)[1][0][2] == "not over yet"
    svg = chart_svg(heat, width_px=900, prefix="c", palette=PRINT)
    assert 'data-tip="Mon 28 Sep, Week 2: not over yet"' in svg
    assert "<pattern" not in svg


def test_the_leaking_step_is_named_with_its_device(sections):
    [leak] = [one for one in sections["journeys"].findings if "A leak" in one.sentence.template]
    assert leak.where == {"step": "cart", "device": "Mobile"}
    assert leak.level is Level.HIGH


def test_the_flow_picture_begins_after_the_start_and_ends_at_the_exit(sections):
    [flow] = [one for one in sections["journeys"].blocks if isinstance(one, FlowChart)]
    assert flow.columns[0] == "1st step"
    assert "(start)" not in {one.start.text for one in flow.flows}
    into_second = sum(one.value for one in flow.flows if one.place == 0 and one.end.text != "(exit)")
    out_of_second = sum(one.value for one in flow.flows if one.place == 1)
    assert into_second == out_of_second


def test_als_is_told_beside_popularity_and_what_is_offered_most(sections):
    words = told(sections["recommendations"])
    assert words[0].startswith("Personal lists (ALS) find more")
    assert "0.118 against 0.071" in words[0]
    groups = {bar.group for bar in block(sections["recommendations"], "recommendations_scores").bars}
    assert groups == {"ALS", "Most popular"}


def test_the_recommender_is_judged_by_the_week_whose_lists_are_told():
    with clickstream_warehouse() as con:
        con.execute(f"delete from {RECOMMENDER} where date = ?", [MONDAY])
        con.execute(f"update {RECOMMENDATION} set method = 'popularity' where date = ?", [MONDAY])
        month = Period(FIRST, WEEK.end, "range")
        section = only(con, "recommendations", month)
    words = told(section)
    assert words[0].startswith("The recommender could not be judged: too few persons came again")
    assert "40 persons have a list of the most popular products" in words[1]
    assert section.notes == (of_week(WEEK),)
    assert "recommendations_scores" not in {one.name for one in section.blocks}


def test_segments_are_told_by_worth_size_and_sureness(sections):
    words = told(sections["segments"])
    assert "buy often and came lately" in words[0]
    assert "come once, look at little; weeks ago" in words[1]
    assert "adjusted Rand index 0.88" in words[2]


def segments_with(change: str) -> list[str]:
    """What is told of segments after a change to the marts."""
    with clickstream_warehouse() as con:
        con.execute(change)
        return told(only(con, "segments"))


def test_where_no_price_is_told_the_group_that_buys_most_is_named_by_purchases():
    words = segments_with(f"update {SEGMENT} set revenue = 0")
    assert words[0].startswith("No price is told of any purchase, so no revenue is known. Most is bought by")
    assert "buy often and came lately" in words[0]
    words = segments_with(f"update {SEGMENT} set revenue = 0, purchases = 0")
    assert words[0] == "No group bought anything in these weeks."


def test_one_group_is_no_group_that_is_told_apart():
    [words] = segments_with(
        f"delete from {SEGMENT} where segment > 1; "
        f"update {SEGMENTATION} set k = 1, silhouette = null, stability = 1, note = 'all persons behave alike'"
    )
    assert words.startswith("All ")
    assert words.endswith("persons are one group (all persons behave alike).")


def test_a_tree_without_signal_says_so_plainly_and_draws_no_features(sections):
    assert told(sections["conversion"])[0].startswith("This decision tree has no signal")
    assert "do not use its ranking" in told(sections["conversion"])[0]
    assert [one.name for one in sections["conversion"].blocks] == ["conversion_scores"]


def test_a_regression_with_signal_has_its_score_beside_the_best_single_feature(sections):
    words = told(sections["purchase"])
    assert "AUC 0.810 (0.770–0.850) on 4,300 persons, more than the best single feature alone" in words[0]
    scores = block(sections["purchase"], "purchase_scores")
    assert [(row[0], row[2].value) for row in scores.rows[:2]] == [("AUC", 0.71), ("AUC on shuffled labels", 0.56)]
    assert {bar.group for bar in block(sections["purchase"], "purchase_calibration").bars} == {"Predicted", "Bought"}


def test_rules_are_told_with_support_confidence_lift_and_what_was_cut(sections):
    words = told(sections["patterns"])
    for part in ("60.0 %", "4.50 times", "90 baskets", "7.50 %"):
        assert part in words[0]
    assert {row[-1] for row in block(sections["patterns"], "patterns_rules").rows} == {"yes"}
    assert "3 baskets" in words[1]
    assert "41 products" in words[1]
    assert "in one order or session" in words[1]


def patterns_with(change: str) -> tuple[list[str], list]:
    """The findings and blocks on patterns after a change to the marts."""
    with clickstream_warehouse() as con:
        con.execute(change)
        section = only(con, "patterns")
    return told(section), list(section.blocks)


def test_rules_that_do_not_reach_the_lift_are_no_proof_that_nothing_goes_together():
    words, _ = patterns_with(f"update {RULE} set lift = 1.1")
    assert words[0].startswith("No rule has both the confidence asked for (CLICKSTREAM_MIN_CONFIDENCE) and a lift of")
    assert "a lift of 1.2 or more, in 1,200 baskets of 240 products: the highest lift is 1.10 times" in words[0]
    words, _ = patterns_with(f"delete from {RULE}")
    assert words[0].startswith("No rule has the confidence asked for (CLICKSTREAM_MIN_CONFIDENCE), in 1,200 baskets")
    assert "of 2 frequent pairs nearest to it is chair-2 + desk-1 with 60.0 % (lift 4.50 times, 90 baskets)" in words[0]


def test_rules_that_chance_could_bring_are_no_finding_and_are_marked_in_the_table():
    words, blocks = patterns_with(
        f"update {RULE} set baskets = 6, confidence = 0.3, lift = 1.5; update {PATTERN_RUN} set baskets = 80, products = 15"
    )
    assert words[0].startswith("No rule is shown to be more than chance: among all rules on 15 products in 80 baskets")
    assert "To try" not in words[0]
    [table] = [one for one in blocks if one.name == "patterns_rules"]
    assert {row[-1] for row in table.rows} == {"not shown"}


def test_a_raised_support_is_told_with_the_reason_of_the_run_itself():
    words, _ = patterns_with(
        f"update {PATTERN_RUN} set is_cut = false, baskets_cut = 0, items_cut = 0, min_support_used = 0.02, "
        "note = 'min support raised from 0.01 to 0.02: less than 5 baskets are chance'"
    )
    assert words[1].endswith("Left out: rarer sets (1.00 % were asked for; less than 5 baskets are chance).")


def test_nothing_left_out_is_said_where_no_basket_was_cut_and_no_support_raised():
    words, _ = patterns_with(f"update {PATTERN_RUN} set is_cut = false, baskets_cut = 0, items_cut = 0, note = null")
    assert words[1].endswith("in 1.00 % of baskets or more. Nothing was left out.")


def test_too_few_baskets_are_all_that_is_told_of_them():
    words, blocks = patterns_with(
        f"update {PATTERN_RUN} set note = 'too few: 7 baskets hold two products or more, 50 are needed'"
    )
    assert words == ["Too few baskets to say what goes together: 7 baskets hold two products or more, 50 are needed."]
    assert blocks == []


def test_the_least_of_a_chart_is_said_to_be_of_those_shown_where_more_are_there(facts):
    lines = facts.marts.totals(CART_PRODUCT, ["abandoned_value"], by=("product_id",))
    all_of_them, some = (
        bars("x", "X", lines[:2], "abandoned_value", label=lambda one: one.keys["product_id"], is_part=is_part)
        for is_part in (False, True)
    )
    assert "; least: " in all_of_them.summary
    assert "; of the 2 shown, least: " in some.summary


def test_sources_and_channels_have_events_and_visitors_a_day_of_all_known_days(facts, sections):
    for name in ("traffic_channel_quality", "traffic_source_quality"):
        table = block(sections["traffic"], name)
        places = [[column.title for column in table.columns].index(title) for title in ("Visitors a day", "Events")]
        visitors, events = (sum(row[place].value for row in table.rows) for place in places)
        [site] = facts.marts.totals(SOURCE, ["visitors", "events"])
        assert visitors == pytest.approx(site.value("visitors") / 7)
        assert events == site.value("events")
    assert "Events" in [row[0] for row in block(sections["traffic"], "traffic_measures").rows]


def test_a_better_single_feature_is_named_in_place_of_a_model_without_signal():
    with clickstream_warehouse() as con:
        con.execute(f"update {CONVERSION_MODEL} set baseline_auc = 0.83, baseline_auc_low = 0.51")
        [words, *_] = told(only(con, "conversion"))
    assert "Sort by cart adds (more) instead: AUC 0.830." in words


@pytest.mark.parametrize("change", ["baseline_auc_low = 0.49", "shuffled_auc_high = 0.84", "baseline_auc_low = null"])
def test_a_single_feature_that_may_be_guessing_is_no_advice(change):
    with clickstream_warehouse() as con:
        con.execute(f"update {CONVERSION_MODEL} set baseline_auc = 0.83, baseline_auc_low = 0.51")
        con.execute(f"update {CONVERSION_MODEL} set {change}")
        [words, *_] = told(only(con, "conversion"))
    assert "Nor is the best single feature, cart adds (more), shown to be better than guessing: 0.830." in words
    assert "Sort by" not in words


def test_probabilities_are_never_called_better_without_a_test(sections):
    [words] = [one for one in told(sections["purchase"]) if "Brier" in one]
    assert "not tested" in words
    assert "better than" not in words


def test_the_rate_of_the_brier_baseline_is_that_of_the_persons_learnt_from():
    with clickstream_warehouse() as con:
        con.execute(f"update {PURCHASE_MODEL} set buyers_train = 82, buyers_test = 430")
        [words] = [one for one in told(only(con, "purchase")) if "Brier" in one]
    assert "telling everyone 2.0 %, the share of buyers learnt from, has 0.04600" in words
    assert "430 persons bought within" in words


def test_probabilities_no_closer_than_the_share_of_buyers_are_an_order_and_expect_nobody():
    note = "probabilities come no closer than the share of buyers does: use their order"
    with clickstream_warehouse() as con:
        before = only(con, "purchase")
        con.execute(f"update {PURCHASE_MODEL} set brier = 0.046, note = '{note}'")
        after = only(con, "purchase")
    assert any("of all buyers expected" in one for one in told(before))
    assert not any("expected" in one for one in told(after))
    [words] = [one for one in told(after) if "Brier" in one]
    assert "use the order of persons alone, and no probability as such" in words
    titles = [[column.title for column in block(one, "purchase_tenths").columns] for one in (before, after)]
    assert titles[0] == [*titles[1], "Expected buyers"]
    assert {len(row) for row in block(after, "purchase_tenths").rows} == {3}
    assert "use their order alone" in block(after, "purchase_tenths").note


def test_of_features_only_the_clear_ones_are_ranked_and_mixed_up_is_not_called_left_out(sections):
    assert any(
        one.startswith("Of the features whose interval leaves out 1, cart adds") for one in told(sections["purchase"])
    )
    with clickstream_warehouse(verdicts=("signal", "signal")) as con:
        [words] = [one for one in told(only(con, "conversion")) if "goes most by" in one]
    assert "with its values mixed up among persons, AUC falls by" in words


def test_a_month_that_is_not_over_is_a_row_that_says_so():
    with clickstream_warehouse() as con:
        con.execute(f"update {COHORT} set is_complete = false where cohort_kind = 'month'")
        rows = {row[0]: row[1:] for row in block(only(con, "cohorts"), "cohorts_returns").rows}
    assert rows["Month 1"] == ("not over yet", None, None)
    assert rows["Week 1"][0].value > 0


def test_most_to_win_is_never_the_segment_that_brings_most_revenue():
    with clickstream_warehouse() as con:
        con.execute(f"delete from {SEGMENT} where segment > 1")
        words = told(only(con, "segments"))
    assert not any("Most to win" in one for one in words)


def test_the_recommenders_table_marks_the_score_that_decides(sections):
    table = block(sections["recommendations"], "recommendations_measures")
    [marked] = [row[0] for row in table.rows if row[0].endswith("(decides)")]
    assert marked.startswith("NDCG at")
    assert "by chance alone" in table.note


# --- what is not whole --------------------------------------------------------------------------------------------


def test_without_any_event_one_section_says_what_to_do():
    with clickstream_warehouse(days=()) as con:
        [section] = clickstream_sections(facts_of(con))
    assert section.name == "events"
    assert "clarity-assets ingest" in told(section)[0]


def test_events_of_other_days_are_named_where_the_period_has_none():
    with clickstream_warehouse(days=DAYS[:7]) as con:
        [section] = clickstream_sections(facts_of(con, Period.week(MONDAY)))
    assert f"there are events from {DAYS[0]} to {DAYS[6]}" in told(section)[0]


@pytest.mark.parametrize("module", MODULES)
def test_an_analysis_that_was_never_made_gives_one_sentence_with_the_next_step(module):
    with clickstream_warehouse(without=(module,)) as con:
        section = only(con, module)
    [words] = told(section)
    assert f"clarity-assets clickstream run --module {module}" in words
    assert section.blocks == ()


def test_an_analysis_that_found_nothing_says_so():
    with clickstream_warehouse(without=("patterns",)) as con:
        con.execute(
            "insert into ops.clickstream_built values (?, 'patterns', ?, 'x', 'duckdb', '2026-10-12')",
            [PROJECT, MONDAY],
        )
        section = only(con, "patterns")
    assert "was made and found too little" in told(section)[0]


def test_days_without_a_whole_week_have_no_weekly_sections_and_say_why():
    with clickstream_warehouse() as con:
        sections = clickstream_sections(facts_of(con, Period.span(DAYS[29], DAYS[31])))
    cohorts = next(section for section in sections if section.name == "cohorts")
    assert "hold no whole one" in told(cohorts)[0]
    assert len(next(section for section in sections if section.name == "traffic").blocks) > 3


def test_a_month_tells_of_its_newest_whole_week():
    with clickstream_warehouse() as con:
        facts = facts_of(con, Period.month(DAYS[0].replace(day=1)))  # September, from Tuesday to Wednesday
        cohorts = next(section for section in clickstream_sections(facts) if section.name == "cohorts")
    assert "Mon 21 Sep – Sun 27 Sep 2026" in sentence_text(cohorts.notes[0])


def test_days_without_events_are_named_as_lost_and_events_not_analysed_as_pending():
    with clickstream_warehouse(lost=(DAYS[30],)) as con:
        con.execute(f"delete from {MODULES['traffic'][0]} where date = ?", [DAYS[31]])
        days = facts_of(con).days
    assert [day.status for day in days] == ["measured"] * 2 + ["lost", "pending"] + ["measured"] * 3
    assert days[2].cause == "no event of it was ingested"
    assert "clarity-assets clickstream run" in days[3].cause


def test_missing_cart_events_are_said_first_and_the_funnel_is_marked_as_a_bound():
    with clickstream_warehouse(is_cart_logging_complete=False) as con:
        facts = facts_of(con)
        sections = {section.name: section for section in clickstream_sections(facts)}
    first = sections["carts"].findings[0]
    assert first.level is Level.HIGH
    assert sentence_text(first.sentence).startswith("Cart events are missing")
    steps = {row[0].text: row for row in block(sections["journeys"], "journeys_steps").rows}
    assert (steps["view"][1].is_at_least, steps["view"][4].is_at_most) == (False, True)
    assert steps["cart"][1].is_at_least


def test_a_model_with_too_few_buyers_says_how_few_and_shows_no_scores():
    with clickstream_warehouse(verdicts=("too few", "too few")) as con:
        sections = {section.name: section for section in clickstream_sections(facts_of(con))}
    for name in ("conversion", "purchase"):
        [words] = told(sections[name])
        assert words.startswith("Too few to say: 7 persons bought")
        assert sections[name].blocks == ()


def test_tables_of_a_section_have_names_of_their_own(sections):
    names = [one.name for section in sections.values() for one in section.blocks]
    assert len(names) == len(set(names))
    assert all(
        isinstance(one.rows, tuple) for section in sections.values() for one in section.blocks if isinstance(one, Table)
    )


def test_event_days_are_where_the_known_days_come_from(facts):
    assert facts.known_days.value == 7
    assert facts.known_days.source.table.endswith("site_daily")
    assert EVENT_DAYS == "ops.clickstream_day"
    assert facts.event_span == (DAYS[0], DAYS[-1])
    assert WEEK.end == facts.period.end
