"""Figures in, the words that every rendering shows for them out."""

import math
import re

from clarity_assets.reports.figures import ChangeFigure, Figure
from clarity_assets.statistics.change import Outcome

UNKNOWN = "unknown"
TOO_FEW = "too few to say"
SAMPLE_MARK = "†"
SAMPLE_NOTE = f"{SAMPLE_MARK} of a sample: answers of some days were cut at 1,000 rows, so the number may be larger."
MEASURING_UNITS = ("%", "s", "min", "×", "times")  # shown in a table too; any other unit is told by the column's title
LONG_S = 120  # from here on seconds are shown as minutes and seconds
FAR_RATIO = 10  # from here on a ratio reads better as `12 times as many` than as `+1,100 %`


def figure_text(figure: Figure, *, unit: bool = True, interval: bool = False) -> str:
    """Such as `8,412 sessions`, `up to 812 sessions`, `12.3 % (11.0–13.8)`, `3 min 33 s`, `1.9 times` or `unknown`.

    A change: see `change_text`.
    """
    shown = change_text(figure) if isinstance(figure, ChangeFigure) else _value_text(figure, unit=unit)
    limits = interval_text(figure, unit=unit) if interval else ""
    return f"{shown} ({limits})" if limits else shown


def cell_text(figure: Figure) -> tuple[str, str]:
    """A figure as a table shows it: its value, `†` where it is of a sample, and its interval in brackets (or nothing).

    Only units that measure (`%`, `s`, ...) are shown: the column's title tells what is counted.
    """
    unit = figure.unit in MEASURING_UNITS or figure.unit.startswith("%")
    limits = interval_text(figure, unit=unit)
    return marked(figure, figure_text(figure, unit=unit)), f"({limits})" if limits else ""


def marked(figure: Figure, text: str) -> str:
    """The figure's text with `†` where it is of a sample."""
    return f"{text} {SAMPLE_MARK}" if figure.is_sample and figure.value is not None else text


def change_text(change: ChangeFigure, *, interval: bool = False) -> str:
    """Such as `+45 % (+20 to +75 %)`, `no change shown (−10 to +12 %)`, `too few to say`, `from none to some`.

    From ten times on: `12 times as much`.
    """
    limits = interval_text(change) if interval else ""
    return f"{_change_words(change)} ({limits})" if limits else _change_words(change)


def interval_text(figure: Figure, *, unit: bool = True) -> str:
    """Such as `11.0–13.8`, `3:20–3:50 min`, of a change `+20 to +75 %`; empty where there is none."""
    if figure.value is None or math.isnan(figure.value) or (_is_open(figure.low) and _is_open(figure.high)):
        return ""
    if isinstance(figure, ChangeFigure):
        return _change_limits(figure)
    if unit and _is_long(figure):
        divisor, clock_unit = (60, "h") if round(figure.value) >= 60 * LONG_S else (1, "min")
        low, high = (_limit(limit, lambda value: _clock(value / divisor)) for limit in (figure.low, figure.high))
        return f"{low}–{high} {clock_unit}"
    dash = " to " if min(figure.low or 0, figure.high or 0) < 0 else "–"
    low, high = (_limit(end, lambda value: number_text(value, figure.decimals)) for end in (figure.low, figure.high))
    return f"{low}{dash}{high}"


def number_text(value: float, decimals: int = 0) -> str:
    """Such as `8,412`, `−3.5` or `0`; never `−0`."""
    shown = f"{abs(value):,.{decimals}f}"
    return f"−{shown}" if value < 0 and float(shown.replace(",", "")) else shown


def unit_text(unit: str, shown: str) -> str:
    """The unit as it stands behind a number: `session` behind `1`, `rage click per 100 sessions`; `%` stays."""
    if shown.lstrip("−") != "1" or unit in MEASURING_UNITS or unit.startswith(("%", "per ")):
        return unit
    thing, per, basis = re.match(r"(.*?)($| per | an? | of )(.*)", unit, re.DOTALL).groups()
    thing = f"{thing[:-3]}y" if thing.endswith("ies") else thing.removesuffix("s")
    return f"{thing}{per}{basis}"


def _value_text(figure: Figure, *, unit: bool) -> str:
    if figure.value is None or math.isnan(figure.value):
        return UNKNOWN
    bound = "up to " if figure.is_at_most else "at least " if figure.is_at_least else ""
    if math.isinf(figure.value):
        return f"{bound}infinite"
    if unit and _is_long(figure):
        return f"{bound}{_duration(figure.value)}"
    shown = number_text(figure.value, figure.decimals)
    return f"{bound}{shown} {unit_text(figure.unit, shown)}" if unit and figure.unit else f"{bound}{shown}"


def _is_long(figure: Figure) -> bool:
    return figure.unit == "s" and figure.value is not None and LONG_S <= round(figure.value, figure.decimals) < math.inf


def _duration(seconds: float) -> str:
    """Such as `3 min 33 s`, or `2 h 5 min`; below two minutes `95 s`."""
    rounded = round(seconds)
    if rounded < LONG_S:
        return f"{number_text(rounded)} s"
    if rounded < 60 * LONG_S:
        return f"{rounded // 60} min {rounded % 60} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60:,} h {minutes % 60} min"


def _clock(smaller: float) -> str:
    """Seconds as `3:05` minutes, or minutes as `2:05` hours."""
    sign, rounded = "−" if smaller < 0 else "", abs(round(smaller))
    return f"{sign}{rounded // 60:,}:{rounded % 60:02}"


def _is_open(limit: float | None) -> bool:
    return limit is None or not math.isfinite(limit)


def _limit(limit: float | None, show) -> str:
    return "any" if _is_open(limit) else show(limit)


def _change_words(change: ChangeFigure) -> str:
    ratio = change.value
    if change.outcome is Outcome.TOO_FEW or ratio is None or math.isnan(ratio):
        return TOO_FEW
    if change.outcome is Outcome.NO_CHANGE_SHOWN:
        return "no change shown"
    if math.isinf(ratio):
        return "from none to some"
    if ratio == 0:
        return "from some to none"
    return f"{number_text(ratio)} times as much" if ratio >= FAR_RATIO else f"{_percent(ratio)} %"


def _change_limits(change: ChangeFigure) -> str:
    """The limits of the ratio as the change itself is shown: in percent, or as times."""
    low, high = change.low, change.high
    if change.outcome is Outcome.TOO_FEW or math.isinf(change.value):
        return ""
    if change.is_named and change.value >= FAR_RATIO:
        low, high = (None if _is_open(limit) else number_text(limit, 0 if limit >= FAR_RATIO else 1)
                     for limit in (low, high))  # fmt: skip
        sign = " times"
    else:
        low, high = (None if _is_open(limit) else _percent(limit) for limit in (low, high))
        sign = " %"
    if high is None:
        return f"{low}{sign} or more"
    return f"up to {high}{sign}" if low is None else f"{low} to {high}{sign}"


def _percent(ratio: float) -> str:
    """A ratio as a signed difference in percent: `+45`, `−10`, `+0.4` where whole percents would say nothing, `0`."""
    points = 100 * (ratio - 1)
    shown = number_text(points, 0 if abs(points) >= 0.95 else 1)
    if not float(shown.replace(",", "").replace("−", "-")):
        return "0"
    return shown if points < 0 else f"+{shown}"
