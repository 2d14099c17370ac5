"""Facts in; every page of the period with its content type and first day, and which are seldom seen, out."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from statistics import median_low

import numpy as np

from clarity_assets.reports.facts import Facts
from clarity_assets.reports.figures import Figure, Source
from clarity_assets.reports.marts import PAGE, SITE
from clarity_assets.reports.product.parts import share_figure
from clarity_assets.reports.site_shares import site_sessions

LEAST_LIKE = 4  # pages of one content type; of fewer no middle can be told
SELDOM = 0.5  # of the middle page's share


@dataclass(frozen=True)
class Seen:
    """The pages by name; `site_sessions` of the `whole_days` of the period that pages and site are known whole of."""

    pages: dict[str, "SeenPage"]
    site_sessions: float
    whole_days: int
    known_days: int


@dataclass(frozen=True)
class SeenPage:
    """One page. `sessions` of the period; `whole_sessions` of its whole days; `day_count` days with sessions."""

    page: str
    content_type: str
    first_seen: date
    is_first_certain: bool
    sessions: Figure
    whole_sessions: float
    day_count: int

    def share(self, seen: Seen) -> Figure:
        """Share of the site's sessions, in percent."""
        return share_figure(self.sessions, self.whole_sessions, seen.site_sessions, day_count=seen.whole_days)


def seen_pages(facts: Facts) -> Seen:
    """Every page with sessions in the period."""
    period = facts.period
    whole = facts.marts.known_dates(PAGE, {}) & facts.marts.known_dates(SITE, {})
    whole_days = [day for day in period.dates if day in whole]
    rows = facts.marts.con.execute(
        """select page, content_type, first_seen_date, is_first_seen_certain, sum(sessions),
                coalesce(sum(sessions) filter (list_contains($whole, date)), 0), count(*) filter (sessions > 0),
                bool_or(is_truncated), bool_or(sessions_is_upper_bound)
            from marts.fct_page_daily join marts.dim_page using (project_id, page)
            where project_id = $project_id and date >= $start and date < $end and not is_remainder
            group by page, content_type, first_seen_date, is_first_seen_certain
            having sum(sessions) > 0""",
        {"project_id": facts.project_id, "start": period.start, "end": period.end, "whole": whole_days},
    ).fetchall()
    site = site_sessions(facts, period.start)
    is_whole = np.array([day in whole for day in site.dates], dtype=bool)
    return Seen(
        {row[0]: _page(row, Source(PAGE, "sessions", (("page", row[0]),), period.start, period.end)) for row in rows},
        float(np.nansum(site.values[is_whole])),
        len(whole_days),
        sum(day.is_known for day in facts.page_days),
    )


def _page(row: tuple, source: Source) -> SeenPage:
    page, content_type, first, is_certain, sessions, whole_sessions, days, is_cut, is_bound = row
    figure = Figure(float(sessions), "sessions", source, is_at_most=is_bound, is_sample=is_cut, day_count=days)
    return SeenPage(page, content_type, first, is_certain, figure, float(whole_sessions), days)


def seldom_seen(seen: Seen, *, besides: Collection[str | None] = ()) -> list[tuple[SeenPage, SeenPage]]:
    """Pages whose share lies below SELDOM of the middle page of their content type, with that one; the least first.

    Even the upper end of the share's interval must lie there. Only pages with sessions on at least half of the known
    days, and content types with LEAST_LIKE of these or more; not `besides`.
    """
    like: dict[str, list[SeenPage]] = {}
    for page in seen.pages.values():
        if 2 * page.day_count >= seen.known_days and page.page not in besides and page.content_type != "other":
            like.setdefault(page.content_type, []).append(page)
    found = []
    for pages in like.values():
        if len(pages) < LEAST_LIKE or not seen.site_sessions:
            continue
        middle = min(pages, key=lambda page: (page.whole_sessions != _middle(pages), page.page))
        limit = SELDOM * (middle.share(seen).value or 0.0)
        found += [(page, middle) for page in pages if (page.share(seen).high or np.inf) < limit]
    return sorted(found, key=lambda pair: pair[0].whole_sessions / max(pair[1].whole_sessions, 1e-9))


def _middle(pages: list[SeenPage]) -> float:
    return median_low(page.whole_sessions for page in pages)
