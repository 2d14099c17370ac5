"""A range of values in, round numbers for an axis out."""

import math


def round_ticks(low: float, high: float, *, count: int, whole: bool) -> list[float]:
    """About `count` round numbers; the first is at most `low`, the last at least `high`."""
    rough = (high - low) / max(count, 1) or 1
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * size for factor in (1, 2, 2.5, 5, 10) if factor * size >= rough * 0.999)
    if whole:
        step = max(1.0, math.ceil(step))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 10) for i in range(first, max(last, first + 1) + 1)]


def tick_text(value: float) -> str:
    """Such as `1,200`, `0.25` or `1.5M`."""
    for size, letter in ((1e9, "G"), (1e6, "M")):
        if abs(value) >= size:
            return f"{value / size:g}{letter}"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.10g}"
