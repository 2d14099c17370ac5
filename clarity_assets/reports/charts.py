"""Days in, an inline SVG of their sessions out; colours are CSS variables, so that it follows light and dark."""

import io
import re
from collections.abc import Sequence

from clarity_assets.reports.findings import DAYS_A_WEEK, DERIVED, LOST, MEASURED, PENDING, Day

# Stand-ins that Vega writes as they are, and the CSS that takes their place.
INK, MUTED, GRID, WEEK, FULL, PART, GONE, OPEN = (f"#00000{i}" for i in range(1, 9))
CSS_VARIABLES = {INK: "--ink", MUTED: "--muted", GRID: "--grid", WEEK: "--week", FULL: "--accent"}
PATTERNS = {PART: "derived", GONE: "lost", OPEN: "pending"}
FILLS = {MEASURED: FULL, DERIVED: PART, LOST: GONE, PENDING: OPEN}


def sessions_chart(days: Sequence[Day], *, width_px: int, height_px: int, prefix: str, title: str, summary: str) -> str:
    """Bars of sessions per day; the last seven days on a band of their own, lost and pending days as patterns.

    `prefix` makes the ids unique within the page; `title` and `summary` are what a screen reader says.
    """
    svg = _svg(_chart(days, width_px=width_px, height_px=height_px))
    for colour, variable in CSS_VARIABLES.items():
        svg = svg.replace(f'"{colour}"', f'"var({variable})"')
    for colour, name in PATTERNS.items():
        svg = svg.replace(f'"{colour}"', f'"url(#{prefix}-{name})"')
    names = f'<title id="{prefix}-title">{_escape(title)}</title><desc id="{prefix}-desc">{_escape(summary)}</desc>'
    opening = f'<svg role="img" aria-labelledby="{prefix}-title {prefix}-desc" '
    return re.sub(r"<svg ([^>]*)>", lambda m: f"{opening}{m[1]}>{names}{patterns(prefix)}", svg, count=1)


def patterns(prefix: str) -> str:
    """The patterns that tell derived, lost and pending days apart without colour."""

    def stripes(name: str, step_px: int, angle: int, colour: str, width_px: float, ground: str) -> str:
        return (
            f'<pattern id="{prefix}-{name}" width="{step_px}" height="{step_px}" patternUnits="userSpaceOnUse" '
            f'patternTransform="rotate({angle})"><rect width="{step_px}" height="{step_px}" fill="{ground}"/>'
            f'<rect width="{width_px}" height="{step_px}" fill="{colour}"/></pattern>'
        )

    dots = (
        f'<pattern id="{prefix}-pending" width="6" height="6" patternUnits="userSpaceOnUse">'
        '<circle cx="2" cy="2" r="1.1" fill="var(--muted)"/></pattern>'
    )
    derived = stripes("derived", 5, 90, "var(--accent)", 2, "var(--accent-soft)")
    lost = stripes("lost", 6, 45, "var(--gone)", 1.6, "var(--gone-soft)")
    return f"<defs>{derived}{lost}{dots}</defs>"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _svg(chart) -> str:
    out = io.StringIO()
    chart.save(out, format="svg")
    svg = re.sub(r' (role="graphics-|aria-roledescription=")[^"]*"', "", out.getvalue())  # the whole is one image
    size = re.search(r'width="[^"]*" height="[^"]*" viewBox="[^"]*"', svg)[0]
    return re.sub(r"<svg [^>]*>", f"<svg {size}>", svg, count=1)


def _chart(days: Sequence[Day], *, width_px: int, height_px: int):
    """The Altair chart: bands of the week and of unknown days below, bars of known days above."""
    import altair as alt

    mondays = [day.date.isoformat() for day in days if day.date.weekday() == 0]
    x = alt.X(
        "date:O",
        scale=alt.Scale(domain=[day.date.isoformat() for day in days], padding=0),
        axis=alt.Axis(title=None, values=mondays, labelExpr="utcFormat(toDate(datum.value), '%-d %b')", labelAngle=0,
                      labelAlign="left", labelOffset=-width_px / len(days) / 2),
    )  # fmt: skip
    known = [day for day in days if day.is_known and day.sessions.value is not None]
    top = max((day.sessions.value for day in known), default=0) or 1
    ticks = alt.Axis(title=None, format=",d", tickCount=min(4, top), tickMinStep=1, labels=bool(known))
    y = alt.Y("sessions:Q", scale=alt.Scale(domain=[0, top], nice=True), axis=ticks)
    kind = alt.Color("kind:N", scale=alt.Scale(domain=list(FILLS), range=list(FILLS.values())), legend=None)
    week = alt.Chart(_values(days[-DAYS_A_WEEK:])).mark_rect(color=WEEK).encode(x=x)
    gaps = alt.Chart(_values([d for d in days if d.status in (LOST, PENDING)])).mark_rect().encode(x=x, color=kind)
    bars = (
        alt.Chart(_values(known))
        .mark_bar(width=alt.RelativeBandSize(0.72), stroke=FULL, strokeWidth=0.8)
        .encode(x=x, y=y, color=kind)
    )
    frame = alt.Chart(_values(days)).mark_rect(opacity=0, color=GRID).encode(x=x)  # the axis, even of an empty chart
    return (
        (frame + week + gaps + bars)
        .properties(width=width_px, height=height_px, padding=4)
        .configure(background="transparent", aria=False, font="system-ui, sans-serif")
        .configure_view(stroke=None)
        .configure_axis(labelColor=MUTED, labelFontSize=12, gridColor=GRID, domainColor=MUTED, tickColor=MUTED)
    )


def _values(days: Sequence[Day]):
    import altair as alt

    return alt.Data(
        values=[{"date": day.date.isoformat(), "sessions": day.sessions.value, "kind": day.status} for day in days]
    )
