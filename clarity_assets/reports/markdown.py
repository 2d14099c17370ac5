"""Findings in, Markdown out, as Dagster's UI shows it with the materialization."""

from clarity_assets.reports import words
from clarity_assets.reports.findings import PageRanking, WeeklyOverview
from clarity_assets.reports.words import markdown_table, markdown_text


def render_markdown(overview: WeeklyOverview) -> str:
    """The report as Markdown; every text from outside is escaped."""
    days = markdown_table(
        ("Day (UTC)", "Status", "Covered", "Sessions", "How it is known, or why not"),
        [(words.day_name(d.date), d.status, words.percent(d.coverage), words.number(d.sessions), words.day_note(d))
         for d in overview.days], cell_length=None)  # fmt: skip
    signals = markdown_table(
        ("Signal", "How many", "Per 100 sessions", "Of", "Days"),
        [(words.SIGNAL_TITLES[s.signal], words.number(s.count), words.rate(s.rate), words.fraction(s.rate),
          f"{s.day_count} of 7") for s in overview.signals])  # fmt: skip
    covered = f"The windows used cover {words.percent(overview.coverage)} of the week."
    parts = [
        f"## Clarity weekly overview: {words.week_name(overview)} (UTC)",
        f"**{markdown_text(words.week_sentence(overview))}**",
        markdown_text(f"{words.status_counts(overview)}. {covered}"),
        days,
        "### Frustration signals of the whole site",
        signals if overview.has_signals else words.NO_SIGNALS,
        "### Pages",
        "\n".join(f"- {markdown_text(line)}" for line in words.page_basis(overview)),
        *(part for ranking in overview.rankings for part in _ranking(ranking, overview)),
        words.bounds_note(overview),
        "### What Clarity cannot tell",
        "\n".join(f"- {markdown_text(line)}" for line in words.CANNOT_TELL),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _ranking(ranking: PageRanking, overview: WeeklyOverview) -> list[str]:
    title = words.SIGNAL_TITLES[ranking.signal]
    head = [f"#### {title} by page and device", markdown_text(words.ranking_line(ranking, overview))]
    if not ranking.pages:
        return head
    rows = [
        (words.page_name(page.page) if i == 0 else "", device.device or "(no device)", words.number(device.count),
         words.rate(device.rate), words.fraction(device.rate), words.device_note(device))
        for page in ranking.pages for i, device in enumerate(page.devices)
    ]  # fmt: skip
    return [*head, markdown_table(("Page", "Device", title, "Per 100 sessions", "Of", "Note"), rows)]
