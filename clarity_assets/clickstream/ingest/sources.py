"""Click ids and hosts that link to the site in; the source and medium that they tell out."""

import csv
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pyarrow as pa

from clarity_assets.warehouse.tables import literal

SEED = Path(__file__).parents[3] / "dbt_like_sql" / "seeds" / "source_categories.csv"
CLICK_IDS = (
    ("gclid", "google", "cpc"), ("gbraid", "google", "cpc"), ("wbraid", "google", "cpc"),
    ("gad_source", "google", "cpc"), ("gclsrc", "google", "cpc"), ("dclid", "google", "display"),
    ("srsltid", "google", "organic"), ("msclkid", "bing", "cpc"), ("yclid", "yandex", "cpc"),
    ("fbclid", "facebook", "social"), ("igshid", "instagram", "social"), ("igsh", "instagram", "social"),
    ("ttclid", "tiktok", "cpc"), ("twclid", "twitter", "cpc"), ("li_fat_id", "linkedin", "cpc"),
    ("epik", "pinterest", "cpc"), ("rdt_cid", "reddit", "cpc"), ("sccid", "snapchat", "cpc"),
    ("mc_eid", "mailchimp", "email"), ("irclickid", "impact", "affiliate"), ("awc", "awin", "affiliate"),
)  # fmt: skip
"""Parameter, source, medium. fbclid and igshid are put on every link that is followed there, paid for or not, srsltid
on the free listings of Google's shopping, the others on advertisements."""

MEDIA = {
    "search": "organic",
    "social": "social",
    "ai_assistant": "ai-assistant",  # as Google Analytics 4 calls it since 2026-05-13; rule 11 of channel_rules
    "video": "referral",
    "shopping": "referral",
}
PLAIN = re.compile(r"[a-z0-9]+")
_CLICK_ID = "(?i)[?&#;](" + "|".join(name for name, *_ in CLICK_IDS) + ")=[^&#]"


def click_id(url: str) -> str:
    """SQL of the name of the first click id of a URL; '' where there is none. The id itself is never taken."""
    return f"case when contains({url}, '=') then lower(regexp_extract({url}, {literal(_CLICK_ID)}, 1)) else '' end"


def source_of_click(name: str) -> str:
    """SQL of the source that a click id of that name tells."""
    return _case(name, {parameter: source for parameter, source, _ in CLICK_IDS})


def medium_of_click(name: str) -> str:
    """SQL of the medium that a click id of that name tells."""
    return _case(name, {parameter: medium for parameter, _, medium in CLICK_IDS})


def _case(name: str, told: dict[str, str]) -> str:
    return f"case {name} {' '.join(f'when {literal(key)} then {literal(value)}' for key, value in told.items())} end"


def host_rows(hosts: Iterable[str]) -> pa.Table:
    """`host`, `source`, `medium` of each: google and organic of www.google.de, the host and referral of any other."""
    rows = [(host, *source_of_host(host)) for host in hosts]
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    names = ("host", "source", "medium")
    return pa.table({name: pa.array(values, pa.string()) for name, values in zip(names, columns, strict=True)})


def source_of_host(host: str) -> tuple[str, str]:
    """Source and medium of a link from that host, such that channel_rules know it."""
    pattern, sites = _sites()
    found = pattern.fullmatch(host)
    if found is None:
        return host.removeprefix("www."), "referral"
    name, category = sites[found.lastgroup]
    return name or host.removeprefix("www."), MEDIA[category]


@cache
def _sites() -> tuple[re.Pattern, dict[str, tuple[str | None, str]]]:
    """One pattern of all sites, and name (None: the host) and category of each of its groups.

    A site's name is the word that campaigns are tagged with, which is the first alternative of its pattern.
    """
    with SEED.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    sites, parts = {}, []
    for number, row in enumerate(rows):
        first = row["source_pattern"].partition("|")[0]
        sites[f"s{number}"] = (first if PLAIN.fullmatch(first) else None, row["category"])
        parts.append(f"(?P<s{number}>{row['source_pattern']})")
    return re.compile("|".join(parts)), sites
