"""Facts in, the section on which pages are used, which are new, gone or seldom seen out."""

from collections.abc import Iterator, Sequence

from clarity_assets.reports.document import Bar, BarChart, Column, Finding, Name, Section, Sentence, Table, TrendChart
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.marts import PAGE, Total
from clarity_assets.reports.product.adoption import adoption_chart, adoption_findings, new_pages
from clarity_assets.reports.product.departures import gone_findings
from clarity_assets.reports.product.parts import (
    INTERVALS,
    MOST,
    SHARE,
    TOO_LITTLE_BEFORE,
    TOP,
    baseline_words,
    can_tell,
    change_cells,
    change_columns,
    of_period,
    share_figure,
)
from clarity_assets.reports.product.seen_pages import Seen, SeenPage, seen_pages, seldom_seen
from clarity_assets.reports.rendering.texts import name_text

SHOWN = ("sessions", "total_time_s", "scroll_depth_pct")
MOST_FINDINGS, MOST_CHANGED = 5, 2
CANNOT_TELL = (
    "What was used on a page (buttons, forms, filters): the export tells pages, not elements; Clarity's heatmaps and "
    "smart events do.",
    "Whether a page is linked, and from where: the export has no paths from page to page.",
    "Sessions by the page they began or ended on: it tells every page that a session saw.",
    "The share of visitors who reached the bottom: it tells the mean scroll depth; Clarity's scroll maps show it.",
)


def feature_usage(facts: Facts) -> Section:
    """Popular pages, adoption of new ones, pages that went, and pages that are seldom seen among their like."""
    pages = [
        line for line in facts.marts.totals(PAGE, SHOWN, by=("page",), top=MOST + 1) if line.keys["page"] is not None
    ]
    if not pages:
        words = (
            f"No page is known of this {facts.period.noun}: `clarity-assets status` says of which days `url_device` "
        )
        words += "is missing, and why; `clarity-assets collect` asks for yesterday."
        finding = Finding("sessions", {}, Sentence(words))
        return Section("features", "Feature usage", findings=(finding,), cannot_tell=CANNOT_TELL)
    seen = seen_pages(facts)
    new = new_pages(facts, seen)
    return Section(
        "features",
        "Feature usage",
        findings=tuple(_findings(facts, pages, seen, new))[:MOST_FINDINGS],
        blocks=tuple(_blocks(facts, pages, seen, new)),
        notes=(
            of_period(facts, "url_device"),
            Sentence("One session sees several pages, so sessions and shares of pages do not add up to the site's."),
        ),
        cannot_tell=CANNOT_TELL,
    )


def _findings(facts: Facts, pages: Sequence[Total], seen: Seen, new) -> Iterator[Finding]:
    found = [*adoption_findings(facts, new), *gone_findings(facts, PAGE, ("page",), where={})]
    told = {finding.where["page"] for finding in found}
    found += _changed(facts, pages, besides=told)
    yield from found
    if not found:
        compared = [facts.changes.of(PAGE, "sessions", **page.keys) for page in pages]
        words = "No page is new or gone" + (
            ", and no page's sessions changed by more than chance." if can_tell(compared)
            else f" as far as the known days show; {TOO_LITTLE_BEFORE}."
        )  # fmt: skip
        yield Finding("sessions", {}, Sentence(words))
    first = pages[0]
    if not first["sessions"].value:
        return
    values = {"page": Name(first.keys["page"], "page"), "sessions": first["sessions"], "share": _share(first, seen)}
    sentence = Sentence("Most seen: {page}, in {sessions}, {share} of the site's.", values)
    yield Finding("sessions", dict(first.keys), sentence, first["sessions"])


def _changed(facts: Facts, pages: Sequence[Total], *, besides: set) -> Iterator[Finding]:
    """The busiest pages whose sessions changed; the last one says how many more there are."""
    changed = [
        (page, compared)
        for page in pages
        if page.keys["page"] not in besides
        and (compared := facts.changes.of(PAGE, "sessions", **page.keys))
        and compared.named
    ]
    more = len(changed) - MOST_CHANGED
    for i, (page, compared) in enumerate(changed[:MOST_CHANGED]):
        words = f"Sessions on {{page}}: {{sessions}}, {{change}} against {baseline_words(facts, compared)}."
        if i == MOST_CHANGED - 1 and more > 0:
            words += f" So did {more} more {'page' if more == 1 else 'pages'} change, see the tables."
        values = {"page": Name(page.keys["page"], "page"), "sessions": page["sessions"], "change": compared.named}
        yield Finding("sessions", dict(page.keys), Sentence(words, values), page["sessions"], is_change=True)


def _share(page: Total, seen: Seen):
    own = seen.pages.get(page.keys["page"])
    return share_figure(page["sessions"], own.whole_sessions if own else 0.0, seen.site_sessions,
                        day_count=seen.whole_days)  # fmt: skip


# --- pictures and tables -----------------------------------------------------------------------------------------


def _blocks(facts: Facts, pages: Sequence[Total], seen: Seen, new) -> Iterator[TrendChart | BarChart | Table]:
    if new:
        yield adoption_chart(facts, new)
    yield _bars(pages[:TOP], seen)
    columns = (Column("Page"), Column("Sessions on the page", True), SHARE, Column("Engagement time", True),
               Column("Scroll depth", True), *change_columns(facts))  # fmt: skip
    rows = [
        (Name(page.keys["page"], "page"), page["sessions"], _share(page, seen), page["total_time_s"],
         page["scroll_depth_pct"], *change_cells(facts.compared(PAGE, "sessions", **page.keys)))
        for page in pages[:MOST]
    ]  # fmt: skip
    yield Table("features_popular", "Popular pages", columns, tuple(rows[:TOP]), note=INTERVALS)
    yield _seldom_table(seldom_seen(seen, besides={arrival.key[0] for arrival, _ in new}), seen)
    if len(rows) > TOP:
        yield Table("features_pages", "More pages", columns, tuple(rows[TOP:]), note=INTERVALS, is_long=True)


def _bars(pages: Sequence[Total], seen: Seen) -> BarChart:
    shares = [(page, share) for page in pages if (share := _share(page, seen)).value is not None]
    bars = tuple(Bar(Name(page.keys["page"], "page"), share.value, low=share.low, high=share.high, source=share.source)
                 for page, share in shares)  # fmt: skip
    summary = "No day is known whole of both pages and site, so no share can be told."
    if bars:
        first, last = (name_text(bars[i].label, length=40) for i in (0, -1))
        summary = f"From {first} in {bars[0].value:.1f} % of sessions to {last} in {bars[-1].value:.1f} %."
    return BarChart("features_shares", "Share of sessions that saw a page", summary, "%", bars, decimals=1)


def _seldom_table(found: Sequence[tuple[SeenPage, SeenPage]], seen: Seen) -> Table:
    columns = (Column("Page"), Column("Content type"), Column("Sessions on the page", True), SHARE,
               Column("The type's middle page", True, "Share of the site's sessions that saw the median page of the "
                      "same content type"))  # fmt: skip
    rows = tuple(
        (Name(page.page, "page"), Name(page.content_type, "content type"), page.sessions, page.share(seen),
         middle.share(seen))
        for page, middle in found[:TOP]
    )  # fmt: skip
    note = (
        "Pages that fewer than half as many sessions saw as the middle page of their content type, on at least half of "
        "the known days. Seldom seen is not bad: a page may be meant for few. Content types are told from the address."
    )
    if not rows:
        note = "No page is seen by clearly fewer than half as many sessions as the middle page of its content type."
    return Table("features_seldom", "Seldom seen among their like", columns, rows, note=note)
