"""SQL of a URL's text in; SQL of its page, its campaign, its click id and of a referrer's host out.

The page is what `clarity_assets/clarity/pages.py` makes of the URL; a test holds the two together.
"""

import re
from collections.abc import Sequence

from clarity_assets.clarity.pages import PageRule, strip_query
from clarity_assets.warehouse.tables import literal

PARAMETER = r"(?:[?&#]|%3[fF]|%26)[\pL\pN_.~%-]+?(?:=|%3[dD])"  # that of pages.py; \w of RE2 is ASCII alone
MATRIX_ID = r";(?:jsessionid|phpsessid|sid)=[^/?#]*"
USER_INFO = r"^([a-z][a-z0-9+.-]*:)?//[^/?#]*@"
HOST = r"(?i)^(?:(?:https?|android-app|ios-app):)?(?://)?(?:[^/?#]*@)?([\pL\pN][\pL\pN._-]*)(?::\d+)?(?:[/?#]|$)"
UTM = ("source", "medium", "campaign")
PLAIN_HOST = r"[a-z0-9-]+(\.[a-z0-9-]+)+"

Steps = Sequence[dict[str, str]]
"""Columns by name, one step after another: each step's SQL may use the columns of those before it."""


def in_steps(source: str, steps: Steps) -> str:
    """SQL of all rows of `source` with these columns. (In one expression DuckDB would work parts out many times.)"""
    for step in steps:
        source = f"(select *, {', '.join(f'{sql} as {name}' for name, sql in step.items())} from {source})"  # noqa: S608
    return source


def page_of(url: str, rule: PageRule) -> str:
    """The page of a URL: without query string, fragment, session id and credentials, named by the rule."""
    bare = re.sub(MATRIX_ID, "", strip_query(url), flags=re.IGNORECASE)
    return rule.page(re.sub(USER_INFO, r"\1//", bare, flags=re.IGNORECASE))


def page_steps(url: str, rule: PageRule) -> Steps:
    """Columns `page` (as `page_of`; NULL of NULL) and `own_host` (lower case, without a port) of the column `url`."""
    name = f"{'page_host ||' if rule.keep_host else ''} page_path"
    if rule.keep_scheme:
        name = f"page_scheme || '{'://' if rule.keep_host else ':'}' || {name}"
    return (
        {"page_1": f"split_part(split_part({url}, '?', 1), '#', 1)"},
        {"page_2": without_parameters("page_1")},
        {"page_3": _replaced("page_2", MATRIX_ID, "", where=";", options="gi")},
        {"bare": _replaced("page_3", USER_INFO, "\\1//", where="@", options="i")},
        {"page_at": "strpos(bare, '://')"},
        {"page_scheme": "lower(left(bare, page_at - 1))", "page_after": "substr(bare, page_at + 3)"},
        {"page_slash": "strpos(page_after, '/')"},
        {
            "page_told_host": """lower(
                case when page_slash > 0 then left(page_after, page_slash - 1) else page_after end)""",
            "page_path": "case when page_slash > 0 then substr(page_after, page_slash) else '/' end",
        },
        {
            "page_host": """case when page_scheme = 'http' then regexp_replace(page_told_host, ':80$', '')
                when page_scheme = 'https' then regexp_replace(page_told_host, ':443$', '') else page_told_host end""",
        },
        {
            "page": f"case when page_at > 0 then {name} when bare = '' then '/' else bare end",
            "own_host": """split_part(
                case when page_at > 0 then page_host else split_part(ltrim(bare, '/'), '/', 1) end, ':', 1)""",
        },
    )  # fmt: skip


def _replaced(text: str, pattern: str, by: str, *, where: str, options: str) -> str:
    """The pattern only where it can match: `contains` takes a tenth of its time."""
    replaced = f"regexp_replace({text}, {literal(pattern)}, {literal(by)}, '{options}')"
    return f"case when contains({text}, '{where}') then {replaced} else {text} end"


def without_parameters(text: str) -> str:
    """SQL of a text up to the first parameter in it (`&gclid=…`), as `strip_query` cuts a URL."""
    cut = f"regexp_replace({text}, {literal('(?s)' + PARAMETER + '.*$')}, '')"
    return f"case when contains({text}, '=') or contains({text}, '%3') then {cut} else {text} end"


def without_query(text: str) -> str:
    """SQL of a text that should be no URL, and is one now and then: then without its query string."""
    bare = f"split_part(split_part({text}, '?', 1), '#', 1)"
    is_url = f"contains({text}, '://') or contains({text}, '=')"
    return f"case when {is_url} then {without_parameters(bare)} else {text} end"


def utm_steps(url: str) -> Steps:
    """Columns `utm_source`, `utm_medium`, `utm_campaign`: the parameters, decoded; NULL where there are none."""
    found = {
        f"told_{name}": f"""case when has_utm
            then regexp_extract({url}, {literal(rf"(?i)[?&#;]utm_{name}=([^&#]*)")}, 1) end"""
        for name in UTM
    }
    return ({"has_utm": f"contains({url}, 'utm_') or contains({url}, 'UTM_')"}, found, *taken_steps("told_", "utm_"))


def taken_steps(prefix: str, to: str) -> Steps:
    """Columns `<to>source` and so on, of the texts of parameters `<prefix>source` and so on: decoded, NULL where empty.

    A parameter may hold another one, packed, which goes: utm_campaign=x%26gclid%3D…
    """
    return (
        {f"{to}{name}_1": f"replace({prefix}{name}, '+', ' ')" for name in UTM},
        {
            f"{to}{name}_2": f"""case when contains({to}{name}_1, '%')
                then coalesce(try(url_decode({to}{name}_1)), {to}{name}_1) else {to}{name}_1 end"""
            for name in UTM
        },
        {f"{to}{name}": f"nullif(trim({without_parameters(f'{to}{name}_2')}), '')" for name in UTM},
    )


def referrer_steps(referrer: str) -> Steps:
    """Column `told_host`: the host that a referrer names, with or without a scheme, in lower case.

    NULL where it names none: (direct), /cart. The usual URL is taken apart by its signs, six times as fast.
    """
    authority = f"split_part(split_part(split_part(split_part({referrer}, '://', 2), '/', 1), '?', 1), '#', 1)"
    careful = f"rtrim(lower(regexp_extract({referrer}, {literal(HOST)}, 1)), '.')"
    is_usual = f"starts_with({referrer}, 'http') and regexp_full_match(host_1, '{PLAIN_HOST}')"
    return (
        {"host_1": f"lower({authority})"},
        {"host_2": f"case when {is_usual} then host_1 else {careful} end"},
        {"told_host": f"case when contains(host_2, '.') or contains({referrer}, '://') then nullif(host_2, '') end"},
    )
