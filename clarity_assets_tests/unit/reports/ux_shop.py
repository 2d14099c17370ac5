"""Days and pages of a small shop in; a warehouse in memory with its marts, and the facts of a week, out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import duckdb

from clarity_assets.reports.document import Finding, Section
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.marts import Marts
from clarity_assets.reports.period import Period
from clarity_assets.reports.rendering.texts import sentence_text
from clarity_assets.reports.ux import ux_sections
from clarity_assets_tests.sql.by_hand import MODELS, PROJECT, build, day, landed, page_day, warehouse

MONDAY = date(2026, 10, 5)
WEEK = Period.week(MONDAY)
FIRST = MONDAY - timedelta(days=28)
MADE_AT = datetime(2026, 10, 12, 8, tzinfo=UTC)
CHECKOUT, LAMP, OAK = "shop.example/checkout", "shop.example/product/lamp", "shop.example/blog/oak"
PAGES, DEVICES, REQUESTS = (CHECKOUT, LAMP, OAK), ("Mobile", "PC"), ("base", "url_device", "device", "browser_device")
NONE: dict = {}

Of = Callable[..., dict]
"""What a row of a day has besides its sessions: (date) of the site, (date, device), (date, page, device)."""


@contextmanager
def shop(
    *,
    of_page: Of = lambda when, page, device: NONE,
    of_device: Of = lambda when, device: NONE,
    of_site: Of = lambda when: NONE,
    pages: tuple[str | None, ...] = PAGES,
    devices: tuple[str, ...] = DEVICES,
    first: date = FIRST,
    days: int = 35,
    lost: tuple[date, ...] = (),
    cut: tuple[date, ...] = (),
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse with the shop's days: 100 sessions a day, page and device; 200 a device; 400 the site.

    `lost` days are not known; of `cut` days the pages are a sample.
    """
    with warehouse() as con:
        con.begin()
        for i in range(days):
            when = first + timedelta(days=i)
            for request in REQUESTS:
                is_cut = request == "url_device" and when in cut
                day(con, when, request=request, status="lost" if when in lost else "measured", is_truncated=is_cut)
            if when in lost:
                continue
            landed(con, "clarity_base", when, **({"sessions": 400, "bot_sessions": 0} | of_site(when)))
            for device in devices:
                values = {"sessions": 200, "bot_sessions": 0} | of_device(when, device)
                landed(con, "clarity_device", when, device=device, **values)
                landed(con, "clarity_browser_device", when, device=device, browser=f"{device}Browser", **values)
                for page in pages:
                    told = {"sessions": 100, "bot_sessions": 0} | of_page(when, page, device)
                    page_day(con, when, page, device, is_truncated=when in cut, **told)
        con.commit()
        build(con, first, first + timedelta(days=days))
        yield con


def facts_of(con: duckdb.DuckDBPyConnection, period: Period = WEEK) -> Facts:
    return Facts(Marts(con, project_id=PROJECT, period=period, models=MODELS), MADE_AT)


def sections_of(con: duckdb.DuckDBPyConnection, period: Period = WEEK) -> dict[str, Section]:
    """The UX sections by name."""
    return {section.name: section for section in ux_sections(facts_of(con, period))}


def block(section: Section, name: str):
    """The table or chart of a name."""
    return {one.name: one for one in section.blocks}[name]


def notes(section: Section) -> list[str]:
    """The section's notes as readers see them."""
    return [sentence_text(note) for note in section.notes]


def told(findings: tuple[Finding, ...]) -> list[str]:
    """The findings as readers see them, with their level."""
    return [f"{finding.level or '-'}: {sentence_text(finding.sentence)}" for finding in findings]


def broken_checkout(when: date, page: str | None, device: str) -> dict:
    """20 of 100 sessions of the checkout on Mobile have rage clicks, 50 clicks; 2 of 100 and 4 clicks elsewhere."""
    if (page, device) == (CHECKOUT, "Mobile"):
        return {"rage_click_sessions": 20, "rage_click_count": 50}
    return {"rage_click_sessions": 2, "rage_click_count": 4}


def of_broken_checkout(when: date, device: str) -> dict:
    """The same by device: 24 of 200 sessions on Mobile, 6 on PC."""
    sessions, count = (24, 58) if device == "Mobile" else (6, 12)
    return {"rage_click_sessions": sessions, "rage_click_count": count}
