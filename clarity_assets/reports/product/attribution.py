"""Facts in, the section on where sessions came from, by channel and source, and how good they were out."""

from collections.abc import Iterator, Sequence

from clarity_assets.reports.changes import UNWATCHED
from clarity_assets.reports.contrasts import Difference
from clarity_assets.reports.document import (
    BubbleChart,
    Column,
    Finding,
    Name,
    Point,
    Section,
    Sentence,
    Table,
)
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.figures import in_hundredths
from clarity_assets.reports.marts import ATTRIBUTION, Total
from clarity_assets.reports.measures import MEASURES
from clarity_assets.reports.product.departures import gone_findings
from clarity_assets.reports.product.new_sources import new_sources
from clarity_assets.reports.product.parts import (
    INTERVALS,
    MOST,
    ONE_UNDER_SEVERAL,
    TOO_LITTLE_BEFORE,
    TOP,
    baseline_words,
    can_tell,
    change_cells,
    change_columns,
    of_period,
    source_name,
)
from clarity_assets.reports.product.unusual import history_start, unusual_days, unusual_finding
from clarity_assets.reports.rendering.texts import name_text
from clarity_assets.reports.site_shares import MIN_SESSIONS

SOURCES, CAMPAIGNS, CHANNELS = ({"breakdown": name} for name in ("source_medium", "campaign", "clarity_channel"))
QUALITY = ("total_time_s", "scroll_depth_pct", "quick_back_session_rate")
MEASURED = ("sessions", "pages_per_session", *QUALITY, "visitors_per_day")
MOST_FINDINGS = 5
BUBBLES = 20
WATCHED_FOR_DAYS = 15  # busiest sources whose single days are looked at
HOW_TO_ASK = (
    "{what}: not collected. Set `CLARITY_EXTRA_REQUESTS={name}` and each day costs one request more of Clarity's ten; "
    "from then on this section has them."
)
CANNOT_TELL = (
    "Revenue, orders and conversions by source: they are not part of Clarity's export.",
    "Which source was first or last for one visitor: the export has no visitor and no order of visits; a session "
    "counts under each source that it had.",
    "Visitors by channel, or over several days: distinct visitors of sources and of days overlap and never add up.",
    "Campaign beside source: the export tells one or the other, so a campaign is told by its source and medium here.",
)


def attribution(facts: Facts) -> Section:
    """Channels, sources by quality, sources that differ or are new; campaigns and Clarity's channels where asked."""
    totals = facts.marts.totals
    sources = totals(ATTRIBUTION, MEASURED, by=("source", "medium"), where=SOURCES, top=MOST)
    campaigns = totals(ATTRIBUTION, MEASURED, by=("campaign",), where=CAMPAIGNS, top=MOST)
    own_channels = totals(ATTRIBUTION, MEASURED, by=("channel",), where=CHANNELS, top=MOST)
    findings = list(_findings(facts, sources))[:MOST_FINDINGS]
    if not sources:
        words = f"No source is known of this {facts.period.noun}: `clarity-assets status` says of which days "
        words += "`source_medium` is missing, and why; `clarity-assets collect` asks for yesterday."
        findings = [Finding("sessions", {}, Sentence(words))]
    return Section(
        "attribution",
        "Attribution",
        findings=tuple(findings),
        blocks=tuple(_blocks(facts, sources, campaigns, own_channels)),
        notes=(of_period(facts, "source_medium"), Sentence(ONE_UNDER_SEVERAL), *_asked(campaigns, own_channels)),
        cannot_tell=CANNOT_TELL,
    )


def _asked(campaigns: list[Total], channels: list[Total]) -> Iterator[Sentence]:
    if not campaigns:
        yield Sentence(HOW_TO_ASK.format(what="Campaigns", name="Campaign"))
    if not channels:
        yield Sentence(HOW_TO_ASK.format(what="Clarity's own channels", name="Channel"))


# --- findings ----------------------------------------------------------------------------------------------------


def _findings(facts: Facts, sources: list[Total]) -> Iterator[Finding]:
    """New sources and campaigns first, then those that differ, then those with unusual days or changes."""
    told = set()
    for by, where in ((("source", "medium"), SOURCES), (("campaign",), CAMPAIGNS)):
        for finding in new_sources(facts, by, where=where):
            told.add(_key(finding.where))
            yield finding
    for source in sources:
        if _key(source.keys) not in told and (finding := _different(facts, source)):
            told.add(_key(source.keys))
            yield finding
    moved = [*gone_findings(facts, ATTRIBUTION, ("source", "medium"), where=SOURCES)]
    moved += _moved(facts, sources, besides=told)
    yield from moved
    if not told and not moved:
        yield Finding("sessions", {}, Sentence(_nothing_found(facts, sources)))


def _nothing_found(facts: Facts, sources: Sequence[Total]) -> str:
    differing = (facts.contrasts.of(ATTRIBUTION, name, **SOURCES, **one.keys) for one in sources for name in QUALITY)
    words = "No source differs from the others by more than chance. "
    if not any(one and one.ratio.value is not None for one in differing):
        words = "Too few sessions are known to hold the sources against one another. "
    compared = (facts.changes.of(ATTRIBUTION, "sessions", **SOURCES, **one.keys) for one in sources)
    if can_tell(compared):
        return f"{words}No source is new or gone, and no source's sessions changed by more than chance."
    return f"{words}No source is new or gone as far as the known days show; {TOO_LITTLE_BEFORE}."


def _key(where: dict) -> tuple:
    return tuple(sorted(where.items(), key=lambda pair: pair[0]))


def differences(facts: Facts, keys: dict[str, str | None], *, where: dict[str, str]) -> list[Difference]:
    """What of a source's (or campaign's, or channel's) quality is named to differ from the others."""
    found = (facts.contrasts.of(ATTRIBUTION, name, **where, **keys) for name in QUALITY)
    return [difference for difference in found if difference and difference.is_named]


def _different(facts: Facts, source: Total) -> Finding | None:
    """A source that is worse than the others; one that is better is in the table."""
    worse = [difference for difference in differences(facts, source.keys, where=SOURCES) if difference.is_worse]
    if not worse:
        return None
    words, values = [], {"name": source_name(source.keys), "sessions": source["sessions"]}
    for i, one in enumerate(worse):
        words.append(f"{MEASURES[one.measure].title.lower()} {{own{i}}} against {{other{i}}} ({{ratio{i}}})")
        values |= {f"own{i}": one.own, f"other{i}": one.other, f"ratio{i}": in_hundredths(one.ratio)}
    told = f"{{name}} differs from the other sources: {'; '.join(words)}. {{sessions}} came from it."
    sentence = Sentence(told, values)
    return Finding(worse[0].measure, dict(source.keys), sentence, source["sessions"])


def _moved(facts: Facts, sources: list[Total], *, besides: set[tuple]) -> Iterator[Finding]:
    """Sources whose sessions changed, or stood out on several days."""
    watched = [source for source in sources[:WATCHED_FOR_DAYS] if _key(source.keys) not in besides]
    start = history_start(facts)
    series = facts.marts.series(
        ATTRIBUTION, ["sessions"], by=("source", "medium"), where=SOURCES, start=start, end=facts.period.end,
        keys=[tuple(source.keys.values()) for source in watched],
    )["sessions"]  # fmt: skip
    for source in watched:
        compared = facts.changes.of(ATTRIBUTION, "sessions", **SOURCES, **source.keys)
        unusual = unusual_days(series[tuple(source.keys.values())], since=facts.period.start)
        if compared and compared.named:
            words = f"Sessions from {{name}}: {{sessions}}, {{change}} against {baseline_words(facts, compared)}."
            values = {"name": source_name(source.keys), "sessions": source["sessions"], "change": compared.named}
            yield Finding("sessions", dict(source.keys), Sentence(words, values), source["sessions"], is_change=True)
        elif unusual:
            yield unusual_finding(unusual, table=ATTRIBUTION, where=SOURCES | source.keys,
                                  name=source_name(source.keys), history=start)  # fmt: skip


# --- pictures and tables -----------------------------------------------------------------------------------------


def _blocks(facts: Facts, sources, campaigns, own_channels) -> Iterator[BubbleChart | Table]:
    if sources:
        yield _bubbles(sources)
        channels = facts.marts.totals(ATTRIBUTION, MEASURED, by=("channel",), where=SOURCES)
        yield _table(facts, "attribution_channels", "Channels", "Channel", channels, where=SOURCES,
                     note="Channels by the rules of dim_channel, after Google Analytics 4's.")  # fmt: skip
        yield _table(facts, "attribution_sources", "Sources", "Source / medium", sources[:TOP], where=SOURCES)
        yield _different_table(facts, sources)
        if len(sources) > TOP:
            yield _table(facts, "attribution_more_sources", "More sources", "Source / medium", sources[TOP:],
                         where=SOURCES, is_long=True)  # fmt: skip
    if campaigns:
        yield _table(facts, "attribution_campaigns", "Campaigns", "Campaign", campaigns[:TOP], where=CAMPAIGNS)
        if len(campaigns) > TOP:
            yield _table(facts, "attribution_more_campaigns", "More campaigns", "Campaign", campaigns[TOP:],
                         where=CAMPAIGNS, is_long=True)  # fmt: skip
    if own_channels:
        yield _table(facts, "attribution_clarity_channels", "Clarity's own channels", "Channel", own_channels,
                     where=CHANNELS)  # fmt: skip


def _table(
    facts: Facts, name: str, title: str, first: str, lines: Sequence[Total], *, where: dict, note: str = "",
    is_long: bool = False,
) -> Table:  # fmt: skip
    """A row each with sessions and quality. Visitors only where a row is told by one row a day."""
    has_visitors = not (where is SOURCES and first == "Channel")
    changes = [facts.changes.of(ATTRIBUTION, "sessions", **where, **one.keys) for one in lines]
    is_compared = any(changes)
    columns = (Column(first), Column("Sessions", True), Column("Pages per session", True, "Bots included in both"),
               Column("Engagement time", True), Column("Scroll depth", True), Column("Quick backs", True,
               "Share of sessions with one; not the bounce rate"))  # fmt: skip
    if has_visitors:
        columns += (Column("Visitors a day", True, "Distinct, on days that tell them; never to be added up"),)
    if is_compared:
        columns += (change_columns(facts)[1],)
    rows = []
    for one, compared in zip(lines, changes, strict=True):
        row = (named(one.keys), one["sessions"], *(one[measure] for measure in ("pages_per_session", *QUALITY)))
        row += (one["visitors_per_day"],) if has_visitors else ()
        row += ((change_cells(compared)[1] or UNWATCHED),) if is_compared else ()
        rows.append(row)
    return Table(name, title, columns, tuple(rows), note=f"{note} {INTERVALS}".strip(), is_long=is_long)


def named(keys: dict[str, str | None]) -> Name:
    """What a row is of."""
    if "source" in keys:
        return source_name(keys)
    [(kind, text)] = keys.items()
    return Name(text, kind)


def _different_table(facts: Facts, sources: list[Total]) -> Table:
    """Every named difference, the strongest first; both ways."""
    found = [(source, one) for source in sources for one in differences(facts, source.keys, where=SOURCES)]
    found.sort(key=lambda pair: max(pair[1].ratio.value, 1 / max(pair[1].ratio.value, 1e-9)), reverse=True)
    rows = tuple(
        (source_name(source.keys), MEASURES[one.measure].title, one.own, one.other, in_hundredths(one.ratio),
         "worse" if one.is_worse else "better")
        for source, one in found[:MOST]
    )  # fmt: skip
    ratio = Column("Ratio", True, "Its own / the others', with its 95 % interval")
    columns = (Column("Source / medium"), Column("Measure"), Column("Its own", True), Column("Other sources", True),
               ratio, Column("For visitors"))  # fmt: skip
    note = INTERVALS if rows else "No source differs from the others by more than chance."
    return Table("attribution_differences", "Sources that differ from the others", columns, rows, note=note)


def _bubbles(sources: list[Total]) -> BubbleChart:
    """Sources with MIN_SESSIONS or more."""
    shown = [
        source for source in sources[:BUBBLES]
        if source.value("sessions") >= MIN_SESSIONS
        and source["total_time_s"].value is not None and source["quick_back_session_rate"].value is not None
    ]  # fmt: skip
    points = tuple(
        Point(source_name(source.keys), source.value("total_time_s"), source.value("quick_back_session_rate"),
              source.value("sessions"), source["total_time_s"].source, source["quick_back_session_rate"].source,
              source["sessions"].source)
        for source in shown
    )  # fmt: skip
    return BubbleChart(
        "attribution_quality", "Sources by quality", _bubble_summary(points), "Engagement time (s a session)",
        "Sessions with quick backs (%)", "Sessions", points,
    )  # fmt: skip


def _bubble_summary(points: Sequence[Point]) -> str:
    if len(points) < 2:
        return f"Fewer than two sources have {MIN_SESSIONS} sessions or more; there is nothing to compare."
    longest, shortest = max(points, key=lambda p: p.x), min(points, key=lambda p: p.x)
    most = max(points, key=lambda p: p.y)
    names = [name_text(point.label, length=40) for point in (longest, shortest, most)]
    return (
        f"Of {len(points)} sources with {MIN_SESSIONS} sessions or more, visitors stay longest from {names[0]} "
        f"({longest.x:,.0f} s) and shortest from {names[1]} ({shortest.x:,.0f} s); the largest share of sessions with "
        f"quick backs comes from {names[2]} ({most.y:.1f} %)."
    )
