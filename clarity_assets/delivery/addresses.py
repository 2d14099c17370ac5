"""An address in, apprise's service of it, or why it is none, out. Only the process that sends imports apprise."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import unquote

from clarity_assets.delivery.channels import is_mail

if TYPE_CHECKING:
    from apprise.plugins.base import NotifyBase

APP_NAME = "Clarity assets"


def problem_of(url: str) -> str | None:
    """Why apprise cannot send to this address; None where it can."""
    from apprise.exception import AppriseImproperlyConfigured

    with _apprise_heard() as said:
        try:
            service = load_service(url)
        except (AppriseImproperlyConfigured, TypeError, ValueError):
            return "lacks something, or has something that its kind forbids"
    if service is None:
        return "is none that apprise knows, or lacks something"
    if any("invalid" in line for line in said) or _named_recipients(url) > len(getattr(service, "targets", ())):
        return "names a recipient that is none"  # apprise leaves it out, with a warning or without
    if getattr(service, "pgp_mode", "no") != "no":
        return "asks for PGP (pgp=, wkd=), which is not supported"
    if is_mail(url) and not service.targets:
        return "names nobody who could get a message"
    return None


def _named_recipients(url: str) -> int:
    """How many recipients a mail address names, good or bad; 0 where it names none or is of another kind."""
    if not is_mail(url):
        return 0
    rest, _, query = url.partition("://")[2].partition("?")
    named = [value for name, _, value in (part.partition("=") for part in query.split("&")) if name == "to"]
    return unquote(" ".join([rest.partition("/")[2], *named])).count("@")


def load_service(url: str) -> "NotifyBase | None":
    """Apprise's service of an address; None where it knows none. Raises what the service raises.

    Redirections are not followed (a moved webhook would get an empty message and count as sent), no pictures are
    referred to, nothing is kept on disk.
    """
    import apprise

    asset = apprise.AppriseAsset(
        app_id=APP_NAME, app_desc=APP_NAME, app_url="", image_url_mask="", image_url_logo="", http_redirects=False,
        async_mode=False, secure_logging=True, storage_mode=apprise.PersistentStoreMode.MEMORY,
    )  # fmt: skip
    return apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=False)


@contextmanager
def _apprise_heard() -> Iterator[list[str]]:
    """What apprise warns of, with parts of the address in it: for us, and for no log."""
    said: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: said.append(record.getMessage())
    logger = logging.getLogger("apprise")
    before = logger.handlers, logger.propagate
    logger.handlers, logger.propagate = [handler], False
    try:
        yield said
    finally:
        logger.handlers, logger.propagate = before
