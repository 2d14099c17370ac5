"""SQL of a URL's text in; SQL of its page, its campaign, its click id and of a referrer's host out.

The page is what `clarity_assets/clarity/pages.py` makes of the URL; a test holds the two together.
"""

import re

from clarity_assets.clarity.pages import PageRule, strip_query
from clarity_assets.warehouse.tables import literal

PARAMETER = r"(?:[?&#]|%3[fF]|%26)[\pL\pN_.~%-]+?(?:=|%3[dD])"  # that of pages.py; \w of RE2 is ASCII alone
MATRIX_ID = r";(?:jsessionid|phpsessid|sid)=[^/?#]*"
USER_INFO = r"^([a-z][a-z0-9+.-]*:)?//[^/?#]*@"
HOST = r"(?i)^(?:(?:https?|android-app|ios-app):)?(?://)?(?:[^/?#]*@)?([\pL\pN][\pL\pN._-]*)(?::\d*)?(?:[/?#]|$)"
PORTS = {"http": ":80", "https": ":443"}


def page_of(url: str, rule: PageRule) -> str:
    """The page of a URL: without query string, fragment, session id and credentials, named by the rule."""
    bare = re.sub(MATRIX_ID, "", strip_query(url), flags=re.IGNORECASE)
    return rule.page(re.sub(USER_INFO, r"\1//", bare, flags=re.IGNORECASE))


def page(url: str) -> str:
    """SQL of `page_of`, by the rule that `add_macros` was given; NULL of NULL."""
    bare = f"regexp_replace({without_query(url)}, {literal(MATRIX_ID)}, '', 'gi')"
    return f"page_name(regexp_replace({bare}, {literal(USER_INFO)}, '\\1//', 'i'))"


def add_macros(con, rule: PageRule) -> None:
    """Give the connection `page_name(bare URL)` by the rule, and `taken(text of a parameter)`."""
    ports = " ".join(f"when '{scheme}' then regexp_replace(host, '{port}$', '')" for scheme, port in PORTS.items())
    name = "(case when rest = '' then '/' else rest end)"
    name = f"host || {name}" if rule.keep_host else name
    if rule.keep_scheme:
        name = f"scheme || '{'://' if rule.keep_host else ':'}' || {name}"
    for macro, arguments, sql in (
        ("url_host", "scheme, host", f"case scheme {ports} else host end"),
        ("url_name", "scheme, host, rest", name),
        (
            "url_split",
            "scheme, after, slash",
            """url_name(scheme, url_host(scheme, lower(case when slash > 0 then left(after, slash - 1) else after end)),
                        case when slash > 0 then substr(after, slash) else '' end)""",
        ),
        ("url_after", "scheme, after", "url_split(scheme, after, strpos(after, '/'))"),
        (
            "page_name",
            "url",
            """case when strpos(url, '://') > 0
               then url_after(lower(split_part(url, '://', 1)), substr(url, strpos(url, '://') + 3))
               when url = '' then '/' else url end""",
        ),
        ("decoded", "value", "coalesce(try(url_decode(replace(value, '+', ' '))), value)"),
        # a parameter can hold another one, packed: utm_campaign=x%26gclid%3D…
        (
            "taken",
            "value",
            f"nullif(trim(regexp_replace(decoded(value), {literal('(?s)' + PARAMETER + '.*$')}, '')), '')",
        ),
    ):
        con.execute(f"create or replace temp macro {macro}({arguments}) as {sql}")


def without_query(url: str) -> str:
    """SQL of `strip_query`."""
    bare = f"split_part(split_part({url}, '?', 1), '#', 1)"
    return f"regexp_replace({bare}, {literal('(?s)' + PARAMETER + '.*$')}, '')"


def without_parameters(text: str) -> str:
    """SQL of a text that should be no URL, and is one now and then: then without its query string."""
    return f"case when contains({text}, '://') or contains({text}, '=') then {without_query(text)} else {text} end"


def utm(url: str, name: str) -> str:
    """SQL of the parameter utm_<name>, decoded; NULL where there is none."""
    found = f"regexp_extract({url}, {literal(rf'(?i)[?&#;]utm_{name}=([^&#]*)')}, 1)"
    return f"case when contains(lower({url}), 'utm_{name}=') then taken({found}) end"


def host_of(url: str) -> str:
    """SQL of the host of a URL in lower case; '' where it names none, such as `/cart`."""
    return f"rtrim(lower(regexp_extract({url}, {literal(HOST)}, 1)), '.')"


def host_of_referrer(url: str) -> str:
    """SQL of the host that a referrer names, with or without a scheme; NULL where it names none: (direct), /cart."""
    host = host_of(url)
    return f"case when contains({host}, '.') or contains({url}, '://') then nullif({host}, '') end"
