"""Figures in, the words that every rendering shows for them out."""

import math

from clarity_assets.reports.figures import ChangeFigure, Figure
from clarity_assets.statistics.change import Outcome

UNKNOWN = "unknown"
GLUED_UNITS = ("%", "s", "min", "×")


def figure_text(figure: Figure, *, unit: bool = True, interval: bool = False) -> str:
    """Such as `8,412 sessions`, `up to 812 sessions`, `12.3 % (11.0–13.8)`, `3 min 33 s`, `1.9 times` or `unknown`.

    A change: see `change_text`.
    """
    if isinstance(figure, ChangeFigure):
        return change_text(figure, interval=interval)
    if figure.value is None:
        return UNKNOWN
    bound = "up to " if figure.is_at_most else "at least " if figure.is_at_least else ""
    shown = f"{bound}{_amount(figure.value, figure, unit=unit)}"
    if not interval or figure.low is None or figure.high is None:
        return shown
    return f"{shown} ({_amount(figure.low, figure)}–{_amount(figure.high, figure)})"


def change_text(change: ChangeFigure, *, interval: bool = False) -> str:
    """Such as `+45 % (+20 to +75 %)`, `no change shown (−10 to +12 %)`, `too few` or `from none to some`."""
    if change.outcome is Outcome.TOO_FEW or change.value is None:
        return "too few to say"
    limits = f" ({_percent(change.low)} to {_percent(change.high)} %)" if interval and change.low is not None else ""
    if change.outcome is Outcome.NO_CHANGE_SHOWN:
        return f"no change shown{limits}"
    if math.isinf(change.value):
        return "from none to some"
    return f"{_percent(change.value)} %{limits}"


def _percent(ratio: float | None) -> str:
    """A ratio as a signed difference in percent, such as `+45`, `−10`, or `any` for an open end."""
    if ratio is None or math.isinf(ratio):
        return "any"
    points = 100 * (ratio - 1)
    return f"{'+' if points >= 0 else '−'}{abs(points):,.0f}"


def _amount(value: float, figure: Figure, *, unit: bool = False) -> str:
    if not math.isfinite(value):
        return "any"
    if figure.unit == "s" and unit and value >= 120:
        return f"{int(round(value) // 60)} min {round(value) % 60} s"
    shown = f"{value:,.{figure.decimals}f}"
    if not unit or not figure.unit:
        return shown
    name = figure.unit
    if shown == "1" and name.endswith("s") and name not in GLUED_UNITS:
        name = name.removesuffix("s")
    return f"{shown} {name}"
