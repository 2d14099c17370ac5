"""Findings in, one self-contained HTML page out."""

from pathlib import Path

from clarity_assets.reports import words
from clarity_assets.reports.charts import patterns, sessions_chart
from clarity_assets.reports.findings import Day, PageRanking, WeeklyOverview

TEMPLATES = Path(__file__).parent / "templates"
WIDE_PX, NARROW_PX = 900, 300  # two drawings of one chart: a scaled one could not be read on a phone


def render_html(overview: WeeklyOverview) -> str:
    """The page as text: nothing in it is loaded from elsewhere, and every text from outside is escaped."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True)  # fmt: skip
    environment.globals["words"] = words
    return environment.get_template("weekly_overview.html").render(
        overview=overview,
        charts=_charts(overview),
        swatches=patterns("key"),
        share=_share,
        lang="en",
    )


def _charts(overview: WeeklyOverview) -> dict[str, str]:
    title = f"Sessions per day of {len(overview.trend) // 7} weeks"
    summary = _summary(overview.trend)
    return {
        name: sessions_chart(
            overview.trend, width_px=width_px, height_px=height_px, prefix=name, title=title, summary=summary
        )
        for name, width_px, height_px in (("wide", WIDE_PX, 220), ("narrow", NARROW_PX, 200))
    }


def _summary(days: tuple[Day, ...]) -> str:
    """What the chart shows, in words; the table beneath it has every number."""
    known = [day for day in days if day.is_known and day.sessions.value is not None]
    if not known:
        return f"None of the {len(days)} days is known."
    low, high = min(known, key=lambda d: d.sessions.value), max(known, key=lambda d: d.sessions.value)
    return (
        f"{len(known)} of {len(days)} days are known, between {words.with_unit(low.sessions)} "
        f"({words.day_name(low.date)}) and {words.with_unit(high.sessions)} ({words.day_name(high.date)}). "
        "The table beneath has every day."
    )


def _share(value: float | None, ranking: PageRanking) -> float:
    """How long a bar is, in percent of the ranking's longest."""
    longest = max(device.count.value or 0 for page in ranking.pages for device in page.devices)
    return round(100 * (value or 0) / longest, 1) if longest else 0.0
