"""Adding and subtracting totals, worked out by hand."""

import pytest

from clarity_assets.clarity.totals import PLACE, WIDTH, Row, Totals, combine, measures, roll_up


def row(**told) -> Row:
    """Totals with these values, zeros elsewhere; an average is given as (value, weight)."""
    values = [0.0] * WIDTH
    for name, value in told.items():
        if isinstance(value, tuple):
            values[PLACE[name]], values[PLACE[name] + 1] = value[0] * value[1], value[1]
        else:
            values[PLACE[name]] = value
    return Row(values, visitors=99, direct=(1.0, 2.0, 3.0, 4.0))


def columns(totals: Totals) -> dict:
    told = measures(totals)
    return {key: {name: values[i] for name, values in told.items()} for i, key in enumerate(totals.rows)}


def test_a_difference_subtracts_counts_and_divides_averages_last():
    wide = Totals({("PC",): row(sessions=50, rage_click_count=9, total_time_s=(100, 50))})
    narrow = Totals({("PC",): row(sessions=30, rage_click_count=4, total_time_s=(120, 30))})
    told = columns(combine([(1, wide), (-1, narrow)]))[("PC",)]
    assert (told["sessions"], told["rage_click_count"]) == (20, 5)
    assert told["total_time_s"] == pytest.approx((100 * 50 - 120 * 30) / 20)  # 70 s
    assert told["visitors"] is None


def test_a_key_that_one_window_does_not_list_had_nothing_there():
    wide = Totals({("PC",): row(sessions=5), ("Tablet",): row(sessions=2)})
    told = columns(combine([(1, wide), (-1, Totals({("PC",): row(sessions=5)}))]))
    assert told == {("Tablet",): told[("Tablet",)]}  # PC had nothing on the day, so it has no row
    assert told[("Tablet",)]["sessions"] == 2


def test_a_site_without_traffic_keeps_its_row_of_zeros():
    total = Totals({(): row(sessions=5)})
    assert columns(combine([(1, total), (-1, total)]))[()]["sessions"] == 0


def test_a_negative_difference_refuses_the_key_and_names_it():
    wide = Totals({("PC",): row(sessions=50), ("Mobile",): row(sessions=10)})
    narrow = Totals({("PC",): row(sessions=50, dead_click_count=8), ("Mobile",): row(sessions=4)})
    result = combine([(1, wide), (-1, narrow)])
    told = columns(result)
    assert result.refused == ["PC: dead_click_count = -8"]
    assert set(told[("PC",)].values()) == {None}
    assert told[("Mobile",)]["sessions"] == 6


def test_a_difference_below_zero_by_rounding_or_drift_is_none():
    wide = Totals({("PC",): row(sessions=1000, rage_click_sessions=9)})
    narrow = Totals({("PC",): row(sessions=1005, rage_click_sessions=10)})
    result = combine([(1, wide), (-1, narrow), (1, Totals({("PC",): row(bot_sessions=3)}))])
    told = columns(result)[("PC",)]
    assert result.refused == []
    assert (told["sessions"], told["rage_click_sessions"], told["bot_sessions"]) == (0, 0, 3)


def test_a_block_that_one_answer_lacks_makes_its_columns_unknown_for_all_keys():
    lacking = frozenset({PLACE["dead_click_count"]})
    cut = row(sessions=3)
    cut.values[PLACE["dead_click_count"]] = None
    result = combine(
        [(1, Totals({("PC",): row(sessions=9, dead_click_count=4)})), (-1, Totals({("PC",): cut}, missing=lacking))]
    )
    told = columns(result)[("PC",)]
    assert (told["sessions"], told["dead_click_count"], told["rage_click_count"]) == (6, None, 0)


def test_a_scroll_depth_that_rounding_carries_out_of_its_range_is_unknown():
    wide = Totals({("PC",): row(sessions=100, scroll_depth_pct=(90, 100))})
    narrow = Totals({("PC",): row(sessions=99, scroll_depth_pct=(89.5, 99))})
    assert columns(combine([(1, wide), (-1, narrow)]))[("PC",)]["scroll_depth_pct"] is None


def test_rolling_up_adds_over_the_vanished_dimension_and_forgets_visitors():
    fine = Totals({
        ("Chrome", "PC"): row(sessions=30, active_time_s=(60, 30)),
        ("Edge", "PC"): row(sessions=10, active_time_s=(20, 10)),
        ("Chrome", "Mobile"): row(sessions=5),
    })  # fmt: skip
    told = columns(roll_up(fine, (1,)))
    assert {key: r["sessions"] for key, r in told.items()} == {("PC",): 40, ("Mobile",): 5}
    assert told[("PC",)]["active_time_s"] == pytest.approx(50)
    assert told[("PC",)]["visitors"] is None
    assert columns(roll_up(fine, ()))[()]["sessions"] == 45


def test_rolling_up_nothing_to_the_site_is_a_row_of_zeros():
    assert columns(roll_up(Totals(), ()))[()]["sessions"] == 0
