"""Numbers and texts as every rendering shows them."""

import pytest

from clarity_assets.reports import words
from clarity_assets.reports.findings import Quantity, Rate


@pytest.mark.parametrize(
    ("share", "shown"),
    [(1.0, "100 %"), (0.9999, "99.9 %"), (0.958333, "95.8 %"), (0.29, "29 %"), (0.0, "0 %"), (None, "unknown")],
)
def test_a_share_is_never_rounded_up_to_whole(share, shown):
    assert words.percent(Quantity(share, "share")) == shown


def test_numbers_carry_bounds_and_units():
    assert words.number(Quantity(8412, "sessions")) == "8,412"
    assert words.number(Quantity(None, "sessions")) == "unknown"
    assert words.with_unit(Quantity(1, "rage clicks")) == "1 rage click"
    assert words.with_unit(Quantity(812, "sessions", is_upper_bound=True)) == "up to 812 sessions"


@pytest.mark.parametrize(
    ("numerator", "denominator", "is_upper_bound", "shown"),
    [
        (40, 812, False, "4.9"),  # 4.926
        (40, 812, True, "at least 4.9"),
        (0, 812, True, "0.0"),
        (3, 0, False, "–"),
        (None, 812, False, "unknown"),
        (3, None, False, "unknown"),
    ],
)
def test_rates_say_what_is_unknown_and_what_is_a_bound(numerator, denominator, is_upper_bound, shown):
    found = Rate(Quantity(numerator, "clicks"), Quantity(denominator, "sessions", is_upper_bound=is_upper_bound))
    assert words.rate(found) == shown


@pytest.mark.parametrize("length", [99, 100, 101, 2000])
def test_names_up_to_a_hundred_characters_stay_and_longer_ones_keep_both_ends(length):
    name = "a" + "x" * (length - 2) + "z"
    shown = words.shorten(name)
    assert len(shown) == min(length, 100)
    assert (shown[0], shown[-1], "…" in shown) == ("a", "z", length > 100)


def test_markdown_shows_texts_and_does_nothing_with_them():
    assert words.markdown_text("a|b*c_<i>`x`") == r"a\|b\*c\_&lt;i&gt;\`x\`"
    assert words.markdown_text("http://x.example www.y.example z@y.example") == (
        "http:&#47;/x.example www&#46;y.example z&#64;y.example"
    )
    assert words.markdown_text("two\nlines") == "two�lines"
    assert words.markdown_text(None) == ""
