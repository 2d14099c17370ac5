"""An address that is no mail and a message in; the message sent through apprise, and what is known of it out."""

import logging
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from clarity_assets.delivery.attachments import AttachmentMissing, named_files
from clarity_assets.delivery.sending import FAILED, SENT, UNKNOWN, Outcome, Parcel

if TYPE_CHECKING:
    from apprise.plugins.base import NotifyBase

CONNECT_S, READ_S = 10.0, 20.0  # apprise's own 4 s are too few for a webhook that gets files
BROKEN = ("onnection error", "socket exception")  # what apprise's plugins log where requests raises
REASONS = {
    "NameResolutionError": "its name is not known",
    "refused": "the connection was refused",
    "timed out": "it did not answer in time",
    "SSL": "TLS failed",
}
"""What requests says of it (with the whole address) -> what may be told."""

LONGEST_ERROR = 300


class _Heard(logging.Handler):
    """What apprise said: it answers with yes or no only, and says why to its log."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[tuple[int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append((record.levelno, record.getMessage()[:2_000]))

    @property
    def is_partly_sent(self) -> bool:
        return any(level == logging.INFO and line.startswith("Sent ") for level, line in self.lines)

    @property
    def is_broken(self) -> bool:
        return any(word in line.lower() for _, line in self.lines for word in BROKEN)

    @property
    def complaint(self) -> str:
        said = [line for level, line in self.lines if level >= logging.WARNING]
        broken = "".join(line for _, line in self.lines if "socket exception" in line.lower())
        said += [reason for word, reason in REASONS.items() if word in broken][:1]
        return " ".join(" ".join(said).split())[:LONGEST_ERROR] or "apprise does not say why"


def send_by_apprise(
    service: "NotifyBase", parcel: Parcel, *, limit_s: float, on_handing_over: Callable[[], None]
) -> Outcome:
    """Send subject and text, and the files where the service takes them, cut to what it takes.

    This process must be about nothing else: it listens to apprise's log and to what leaves by HTTP.
    """
    import apprise

    try:
        files = named_files(parcel.attachments) if service.attachment_support else []
    except AttachmentMissing as error:
        return Outcome(FAILED, str(error))
    _set_limits(service, limit_s=limit_s)
    began = _watch_http(on_handing_over)
    heard = _listen()
    sender = apprise.Apprise(asset=service.asset)
    sender.add(service)
    attached = [_attachment(name, path, service) for name, path in files]
    text = apprise.NotifyFormat.TEXT
    is_sent = bool(sender.notify(title=parcel.subject, body=parcel.text, body_format=text, attach=attached or None))
    return _outcome(is_sent, heard, has_begun=bool(began))


def _set_limits(service: "NotifyBase", *, limit_s: float) -> None:
    """Time and length, where the address does not say its own."""
    from apprise.common import OverflowMode
    from apprise.url import URLBase

    if service.socket_connect_timeout == URLBase.socket_connect_timeout:
        service.socket_connect_timeout = min(CONNECT_S, limit_s)
    if service.socket_read_timeout == URLBase.socket_read_timeout:
        service.socket_read_timeout = min(READ_S, limit_s)
    if service.overflow_mode == OverflowMode.UPSTREAM:
        service.overflow_mode = OverflowMode.TRUNCATE  # a service refuses what is too long for it


def _watch_http(on_handing_over: Callable[[], None]) -> list[bool]:
    """Call it once, before the first byte leaves on a connection that stands; the list is empty until then."""
    began: list[bool] = []

    def watch(event: str, _: tuple) -> None:
        if event == "http.client.send" and not began:
            began.append(True)
            on_handing_over()

    sys.addaudithook(watch)
    return began


def _listen() -> _Heard:
    heard = _Heard()
    logger = logging.getLogger("apprise")
    logger.setLevel(logging.DEBUG)
    logger.handlers, logger.propagate = [heard], False
    return heard


def _attachment(name: str, path, service: "NotifyBase"):
    from apprise.attachment.file import AttachFile

    return AttachFile(path=str(path), name=name, asset=service.asset)


def _outcome(is_sent: bool, heard: _Heard, *, has_begun: bool) -> Outcome:
    if is_sent:
        return Outcome(SENT)
    if heard.is_partly_sent:
        return Outcome(UNKNOWN, f"a part of it was sent, the rest was not: {heard.complaint}")
    if heard.is_broken and has_begun:
        return Outcome(UNKNOWN, f"sent, but no answer came: {heard.complaint}", is_channel_down=True)
    return Outcome(FAILED, heard.complaint, is_channel_down=heard.is_broken)
