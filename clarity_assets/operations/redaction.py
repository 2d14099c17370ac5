"""A log line's values in; the same as plain JSON values, without tokens, credentials and parameters, out."""

import re
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from pydantic import SecretStr

from clarity_assets.clarity.pages import redact_text
from clarity_assets.settings import Settings

HIDDEN = "(hidden)"
LONGEST_TEXT = 2_000  # characters of one fact: a line stays small enough to be written at once
LEAST_SECRET = 6  # characters: a shorter part of an address may be a word of any sentence

_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){0,2}")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}")
_ADDRESS = re.compile(r"""(?i)\b([a-z][a-z0-9+.-]*)://[^\s"'<>]+""")
# Their addresses are secrets from the first part of the path on: whoever knows one can send.
_HOOKS = re.compile(
    r"""(?i)\b(https?://(?:[^\s/"'<>@]*@)?(?:hooks\.slack\.com|discord(?:app)?\.com/api/webhooks|api\.telegram\.org"""
    r"""|[\w.-]*webhook\.office\.com|[\w.-]*logic\.azure\.com)(?::\d+)?)/[^\s"'<>]*"""
)
_PLAIN_SCHEMES = ("http", "https", "file")


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """Every text of the settings that must not be told, longest first: token, key, and addresses with their parts."""
    found = set()
    for secret in (settings.api_token, settings.backup_key):
        if secret is not None:
            found.add(secret.get_secret_value().strip())
    for secret in (settings.alert_to, settings.report_to):
        for address in secret.get_secret_value().split():
            found |= {address, *_credentials_of(address)}
    return tuple(sorted((text for text in found if len(text) >= LEAST_SECRET), key=len, reverse=True))


def _credentials_of(address: str) -> list[str]:
    """Whole user and password of an address, and the password alone."""
    rest = address.partition("://")[2]
    user, at, _ = rest.partition("/")[0].rpartition("@")
    return [user, user.partition(":")[2]] if at else []


def redacted(text: str, *, secrets: tuple[str, ...] = ()) -> str:
    """The text without these secrets, tokens, credentials in addresses, and addresses' parameters; cut if long.

    Of an address that is neither a web page nor a file (as apprise spells those it sends to) the scheme stays.
    """
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    text = _BEARER.sub(rf"\1 {HIDDEN}", _JWT.sub(HIDDEN, text))
    text = _ADDRESS.sub(_shown_address, _HOOKS.sub(rf"\1/{HIDDEN}", text))
    text = redact_text(text) if "://" in text else text
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}… ({len(text):,} characters)"


def _shown_address(found: re.Match) -> str:
    return found[0] if found[1].lower() in _PLAIN_SCHEMES else f"{found[1]}://{HIDDEN}"


def as_plain(value: object, *, secrets: tuple[str, ...] = ()) -> object:
    """The value as JSON knows it, each text in it redacted; instants as ISO 8601 in UTC."""
    match value:
        case None | bool() | int() | float():
            return value
        case SecretStr():
            return HIDDEN
        case datetime():
            return in_utc(value)
        case date():
            return value.isoformat()
        case str() | Path():
            return redacted(str(value), secrets=secrets)
        case Mapping():
            return {redacted(str(k), secrets=secrets): as_plain(v, secrets=secrets) for k, v in value.items()}
        case list() | tuple() | set() | frozenset():
            return [as_plain(entry, secrets=secrets) for entry in value]
    if is_dataclass(value) and not isinstance(value, type):
        return as_plain(asdict(value), secrets=secrets)
    return redacted(str(value), secrets=secrets)


def in_utc(instant: datetime) -> str:
    """Such as 2026-10-04T01:00:05Z; without an offset it is UTC already."""
    instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
