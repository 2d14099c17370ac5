"""URLs in, pages out: what is stripped before anything is stored, and what a page is called."""

import re
from dataclasses import dataclass, field

_MATRIX_ID = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/?#]*", re.IGNORECASE)
_USER_INFO = re.compile(r"^([a-z][a-z0-9+.-]*:)?//[^/?#@]*@", re.IGNORECASE)
_URL_IN_TEXT = re.compile(r"""([?#;&]|%3[fF]|%23)[^\s"'<>]+""")
_CREDENTIALS_IN_TEXT = re.compile(r"""(//)[^\s/"'<>@]+@""")
_PARAMETER = re.compile(r"(?:[?&#]|%3[fF]|%26)[\w.~%-]+?(?:=|%3[dD])")
_ORDINAL = re.compile(r"\?\d+$")


@dataclass
class UrlRedactor:
    """Strips query strings, fragments, session ids and credentials of one answer's URLs.

    Different URLs that become the same text stay apart (their blocks must still be joined row by row, or averages
    could not be re-weighted): the second and later ones get `?2`, `?3`, ... in order of appearance.
    """

    _seen: dict[str, str] = field(default_factory=dict)
    _variants: dict[str, int] = field(default_factory=dict)

    def __call__(self, url: str) -> str:
        """The URL as it may be stored."""
        stored = self._seen.get(url)
        if stored is None:
            bare = _USER_INFO.sub(r"\1//", _MATRIX_ID.sub("", strip_query(url)))
            ordinal = self._variants.get(bare, 0) + 1
            self._variants[bare] = ordinal
            stored = self._seen[url] = bare if ordinal == 1 else f"{bare}?{ordinal}"
        return stored


def looks_like_url(text: str) -> bool:
    """Whether a text must be redacted wherever it stands: it has a scheme, or a parameter (`?gclid=`)."""
    return "://" in text or bool(_PARAMETER.search(text))


def strip_query(url: str) -> str:
    """The URL up to its query string or fragment, also where that is percent-encoded or lost its `?` (`/p&gclid=…`)."""
    url = url.partition("?")[0].partition("#")[0]
    found = _PARAMETER.search(url)
    return url[: found.start()] if found else url


def without_ordinal(stored: str) -> str:
    """A stored text without the number that keeps it apart from others that were redacted to the same text."""
    return _ORDINAL.sub("", stored)


def redact_text(text: str) -> str:
    """Text with everything that looks like a query string, a fragment or credentials blanked out."""
    return _CREDENTIALS_IN_TEXT.sub(r"\1…@", _URL_IN_TEXT.sub(r"\1…", text))


@dataclass(frozen=True)
class PageRule:
    """What a page's name keeps of its URL; the path always stays, query string and fragment never do."""

    keep_scheme: bool = False
    keep_host: bool = True

    def page(self, url: str) -> str:
        """The page's name, such as `shop.example/checkout` (host in lower case, default port dropped)."""
        url = strip_query(url)
        scheme, separator, rest = url.partition("://")
        if not separator:
            return url or "/"
        host, slash, path = rest.partition("/")
        host = host.lower()
        default_port = {"http": ":80", "https": ":443"}.get(scheme.lower())
        if default_port:
            host = host.removesuffix(default_port)
        name = slash + path if slash else "/"
        if self.keep_host:
            name = host + name
        if self.keep_scheme:
            name = f"{scheme.lower()}://{name}" if self.keep_host else f"{scheme.lower()}:{name}"
        return name
