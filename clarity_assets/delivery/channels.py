"""Addresses from the settings in; channels with an id and a name that may be shown, and texts without secrets, out."""

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from clarity_assets.errors import SettingsError

if TYPE_CHECKING:  # the process that sends imports this file, and does without
    from clarity_assets.settings import Settings

HIDDEN = "(hidden)"
MAIL = ("mailto", "mailtos")
WITH_HOST = (*MAIL, "json", "jsons", "xml", "xmls", "form", "forms", "http", "https")
"""Schemes whose first part is a host; of others, such as slack://, it is a token."""

SHOWN_RECIPIENTS = 3
LEAST_SECRET = 5  # characters: a shorter part of an address may stand in any sentence by chance
LEAST_PASSWORD = 3
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]{0,24})://")
_HOST = re.compile(r"(?:[^/?#@\s]*@)?([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:\d{1,5})?(?=[/?#]|$)")
_ADDRESS = re.compile(r"([^\s/?&=,;:@]+)@([A-Za-z0-9.-]+)")
_ANY_URL = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*)://[^\s\"'<>]+")


@dataclass(frozen=True)
class Channel:
    """One address of the settings. `name` may be shown: scheme and, where it is no secret, host and recipients."""

    channel_id: str
    name: str
    url: SecretStr

    def redacted(self, text: str) -> str:
        """The text without this address, its parts and any other address."""
        return redacted(text, url=self.url.get_secret_value())


def channels_of(*lists: SecretStr) -> tuple[Channel, ...]:
    """The channels of these settings (addresses with blanks between), each once, in their order."""
    urls = [url for addresses in lists for url in addresses.get_secret_value().split()]
    found = {channel_id_of(url): url for url in reversed(urls)}
    return tuple(Channel(its_id, name_of(url), SecretStr(url)) for its_id, url in reversed(found.items()))


def all_channels(settings: "Settings") -> tuple[Channel, ...]:
    """Every channel of the settings: of alerts and of reports."""
    return channels_of(settings.alert_to, settings.report_to)


def channel_id_of(url: str) -> str:
    """Twelve hexadecimal digits of the address's hash; a password before the host is left out.

    So a channel stays the same when its password is changed, and nobody can try passwords against the id.
    """
    scheme, separator, rest = url.partition("://")
    first, *_ = re.split(r"[/?#]", rest, maxsplit=1)
    user, at, host = first.rpartition("@")
    told = f"{user.partition(':')[0]}{at}{host}{rest[len(first) :]}"
    return hashlib.sha256(f"{scheme.lower()}{separator}{told}".encode()).hexdigest()[:12]


def name_of(url: str) -> str:
    """What may be shown of an address, such as `mailtos://mail.shop.example (u…@shop.example)`, `slack` or `jsons://h`.

    Of what is no address, nothing. Recipients are shortened: whoever reads a log need not know them.
    """
    found = _SCHEME.match(url)
    if not found:
        return "(no address)"
    scheme, rest = found[1].lower(), url[found.end() :]
    host = _HOST.match(rest) if scheme in WITH_HOST else None
    if not host:
        return scheme
    name = f"{scheme}://{host[1]}{host[2] or ''}"
    return f"{name}{_recipients(rest[host.end() :])}" if scheme in MAIL else name


def _recipients(rest: str) -> str:
    path, _, query = rest.partition("?")
    named = [value for key, _, value in (part.partition("=") for part in query.split("&")) if key == "to"]
    told = [f"{who[:1]}…@{domain}" for who, domain in _ADDRESS.findall(unquote(" ".join([path, *named])))]
    more = f" and {len(told) - SHOWN_RECIPIENTS} more" if len(told) > SHOWN_RECIPIENTS else ""
    return f" ({', '.join(told[:SHOWN_RECIPIENTS])}{more})" if told else ""


# --- checked ------------------------------------------------------------------------------------------------------


def need_channels(addresses: SecretStr, *, setting: str) -> tuple[Channel, ...]:
    """The channels of `setting`, each of which apprise understands; none where it is empty.

    Raises SettingsError that names scheme and place of the first that is none, never the address.
    """
    from clarity_assets.delivery.sending import check_apart

    urls = addresses.get_secret_value().split()
    for place, (url, problem) in enumerate(zip(urls, check_apart(urls), strict=True), 1):
        if problem:
            scheme = _SCHEME.match(url)
            shown = f"{scheme[1].lower()}://…" if scheme else "without scheme://"
            raise SettingsError(
                f"{setting}: address {place} ({shown}) {problem}; write it as apprise spells it "
                "(https://appriseit.com/services/), blanks in it as %20 and @ / : in passwords as %40 %2F %3A"
            )
    return channels_of(addresses)


# --- what must not be told ----------------------------------------------------------------------------------------


def redacted(text: str, *, url: str) -> str:
    """The text without the address, its parts (but the host, where it is one) and any other address."""
    text = text.replace(url, HIDDEN)
    text = _ANY_URL.sub(rf"\1://{HIDDEN}", text)
    for part in secret_parts(url):
        text = text.replace(part, HIDDEN)
    return text


def secret_parts(url: str) -> list[str]:
    """What of an address must not be told, as written and as meant, longest first."""
    rest = url.partition("://")[2] or url
    first, *_ = re.split(r"[/?#]", rest, maxsplit=1)
    user = first.rpartition("@")[0]
    password = user.partition(":")[2]
    has_host = name_of(url).partition("://")[2] != ""
    pieces = re.split(r"[/?&=#:@,;+\s]+", rest[len(first) :] if has_host else rest)
    pieces += [user, *re.split(r"[:@]", user)]
    pieces += [word for piece in pieces for word in unquote(piece).split()]  # such as the token after `Bearer%20`
    found = {form for piece in pieces for form in (piece, unquote(piece)) if len(form) >= LEAST_SECRET}
    found |= {form for form in (password, unquote(password)) if len(form) >= LEAST_PASSWORD}
    shown = {domain for _, domain in _ADDRESS.findall(unquote(rest))} if is_mail(url) else set()
    shown.add(_hostname(url) if has_host else None)
    return sorted(found - shown, key=len, reverse=True)


def is_mail(url: str) -> bool:
    """Whether it is an address of a mail server."""
    return url.partition("://")[0].lower() in MAIL


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
