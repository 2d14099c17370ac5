"""The clickstream's marts in; the series that are looked at for changes, and the groups for differences, out."""

from collections.abc import Iterator

import numpy as np

from clarity_assets.reports.changes import Watching
from clarity_assets.reports.clickstream.tables import (
    CART,
    CART_PRODUCT,
    CART_SIZE,
    COHORT,
    FUNNEL,
    LANDING,
    SITE,
    SOURCE,
)
from clarity_assets.reports.contrasts import Family, Held, held_of
from clarity_assets.reports.marts import Marts
from clarity_assets.reports.period import Period
from clarity_assets.statistics.series import DailySeries

WATCHED = 40  # busiest sources, landing pages and products; with fewer sessions no change could be shown anyway

OF_SITE = ("sessions", "bounce_rate", "conversion_rate", "revenue_per_session", "visit_duration_s")
OF_SOURCES = ("sessions", "bounce_rate", "conversion_rate")
OF_CARTS = ("cart_sessions", "abandonment_rate", "abandoned_value_per_cart")
SOURCE_KEYS = ("source", "medium", "campaign")


def watched_series(marts: Marts) -> Watching:
    """Everything that is held against the period before and the four weeks before."""
    watching = Watching(marts)
    busiest, watch = watching.busiest, watching.watch
    watch(SITE, OF_SITE)
    watch(SOURCE, OF_SOURCES, ("channel",))
    watch(SOURCE, OF_SOURCES, SOURCE_KEYS, keys=busiest(SOURCE, SOURCE_KEYS, WATCHED))
    watch(LANDING, OF_SOURCES, ("landing_page",), keys=busiest(LANDING, ("landing_page",), WATCHED))
    watch(CART, OF_CARTS)
    products = busiest(CART_PRODUCT, ("product_id",), WATCHED, measure="carted_sessions")
    watch(CART_PRODUCT, ("carted_sessions", "product_abandonment_rate"), ("product_id",), keys=products)
    watch(FUNNEL, ("persons", "drop_off_rate"), ("step",))
    watch(FUNNEL, ("drop_off_rate",), ("step", "device"))
    return watching


def families() -> list[Family]:
    """Groups of one mart, each against the others."""
    quality = ("bounce_rate", "conversion_rate")
    return [
        Family(SOURCE, quality, ("channel",), {}, "the other channels"),
        Family(SOURCE, quality, SOURCE_KEYS, {}, "the other sources"),
        Family(LANDING, quality, ("landing_page",), {}, "the other landing pages"),
        Family(CART_PRODUCT, ("product_abandonment_rate",), ("product_id",), {}, "the other products"),
        Family(CART_SIZE, ("size_abandonment_rate",), ("cart_size",), {}, "carts of other sizes"),
        Family(FUNNEL, ("drop_off_rate",), ("step", "device"), {}, "the other devices", ("step",)),
    ]


def held_groups(marts: Marts) -> list[Held]:
    """Every group of the families, and every cohort's first return against the other cohorts'."""
    held = [one for family in families() for one in held_of(marts, family)]
    week = marts.newest_week(COHORT)
    return held + (list(_cohorts(marts, week)) if week else [])


def _cohorts(marts: Marts, week: Period) -> Iterator[Held]:
    """Who came again in the first whole period after a cohort's own: cohorts whose first period is over."""
    for kind in ("week", "month"):
        within = {"cohort_kind": kind, "period": 1, "is_complete": True}
        rows = marts.rows(COHORT, ["cohort_start", "visitors", "retained"], where=within, period=week)
        of_all = np.sum([(row["retained"], row["visitors"]) for row in rows], axis=0) if rows else np.zeros(2)
        for row in rows:
            own = np.array([row["retained"], row["visitors"]], float)
            yield Held(
                COHORT, "retention_rate", {**within, "cohort_start": row["cohort_start"]},
                tuple((within | {"is_other": True}).items()), "the other cohorts", _one_day(week, *own),
                _one_day(week, *(of_all - own)), week,
            )  # fmt: skip


def _one_day(week: Period, value: float, exposure: float) -> DailySeries:
    """What a row of a week tells, at its Monday."""
    return DailySeries(week.start, np.array([value]), np.array([exposure]), "rate")
