"""Apprise's mail address and a message in; one mail with a text and an HTML part and its files sent by SMTP.

Apprise's own mail plugin (2.2) makes the text part out of the HTML, sends each recipient a mail of its own with the
same copies (Cc), draws a new Message-ID each time and tells of a failure only that there was one. So its reading of
the address (servers of known providers, names, ports, security) is used, and the mail itself is made here.
"""

import contextlib
import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import closing
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TYPE_CHECKING

from clarity_assets.delivery.attachments import AttachmentMissing, named_files
from clarity_assets.delivery.messages import one_line
from clarity_assets.delivery.sending import FAILED, SENT, UNKNOWN, Outcome, Parcel

if TYPE_CHECKING:
    from apprise.plugins.email.base import NotifyEmail

GREETING_S = 10.0  # connection, greeting, TLS and login, each: a server that takes longer will not take the mail
LEAVE_S = 2.0
POLICY = SMTP.clone(cte_type="7bit")  # quoted-printable or base64: not every server takes 8 bits
OWN_HEADERS = ("from", "to", "cc", "bcc", "subject", "date", "message-id", "mime-version", "reply-to")


def send_mail(
    service: "NotifyEmail", parcel: Parcel, *, limit_s: float, on_handing_over: Callable[[], None]
) -> Outcome:
    """Send one mail to all recipients of the address. `limit_s`: how long the server may take to accept it."""
    try:
        mail = compose(service, parcel)
    except (AttachmentMissing, OSError, ValueError) as error:
        return Outcome(FAILED, f"the mail could not be made: {error}")
    try:
        with closing(_connect(service)) as smtp:
            outcome = _submit(smtp, service, mail, parcel, limit_s=limit_s, on_handing_over=on_handing_over)
            _take_leave(smtp)
            return outcome
    except smtplib.SMTPResponseException as error:  # a refused login among them
        return Outcome(FAILED, f"the server said {_said(error.smtp_code, error.smtp_error)}", is_channel_down=True)
    except (smtplib.SMTPException, OSError) as error:
        return Outcome(FAILED, f"no connection to the mail server: {_reason(error)}", is_channel_down=True)


# --- the mail -----------------------------------------------------------------------------------------------------


def compose(service: "NotifyEmail", parcel: Parcel) -> EmailMessage:
    """The mail: text and HTML as alternatives, and the files. Raises ValueError for a header that cannot be written."""
    mail = EmailMessage(policy=POLICY)
    name, sender = service.from_addr
    mail["From"] = _address(name, sender)
    mail["To"] = [_address(name, address) for name, address in service.targets]
    if service.cc:
        mail["Cc"] = [_address(service.names.get(address), address) for address in sorted(service.cc)]
    if service.reply_to:
        mail["Reply-To"] = [_address(service.names.get(address), address) for address in sorted(service.reply_to)]
    mail["Subject"] = one_line(parcel.subject)
    mail["Date"] = format_datetime(parcel.at)
    mail["Message-ID"] = f"<{parcel.delivery_id}.clarity-assets@{sender.partition('@')[2]}>"
    mail["X-Clarity-Assets-Delivery"] = parcel.delivery_id
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no notes of absence in return
    for header, value in service.headers.items():
        if header.lower() not in OWN_HEADERS:
            mail[header] = one_line(value)
    mail.set_content(parcel.text)
    mail.add_alternative(parcel.html, subtype="html")
    for filename, path in named_files(parcel.attachments):
        kind = "pdf" if path.suffix == ".pdf" else "octet-stream"
        mail.add_attachment(path.read_bytes(), maintype="application", subtype=kind, filename=filename)
    return mail


def _address(name: str | None, address: str) -> Address:
    return Address(one_line(name or ""), addr_spec=address)


# --- the server ---------------------------------------------------------------------------------------------------


def _connect(service: "NotifyEmail") -> smtplib.SMTP:
    """A connection that is greeted, secured and logged in as the address says."""
    timeout_s = min(GREETING_S, service.socket_connect_timeout)
    context = ssl.create_default_context()
    if not service.verify_certificate:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if service.secure_mode == "ssl":
        smtp = smtplib.SMTP_SSL(service.smtp_host, service.port, timeout=timeout_s, context=context)
    else:
        smtp = smtplib.SMTP(service.smtp_host, service.port, timeout=timeout_s)
    try:
        if service.secure_mode == "starttls":
            smtp.starttls(context=context)
        smtp.ehlo_or_helo_if_needed()
        if service.user and service.password:
            smtp.login(service.user, service.password)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _take_leave(smtp: smtplib.SMTP) -> None:
    with contextlib.suppress(smtplib.SMTPException, OSError):  # what came of the mail is known already
        if smtp.sock is not None:
            smtp.sock.settimeout(LEAVE_S)
            smtp.quit()


def _submit(
    smtp: smtplib.SMTP, service: "NotifyEmail", mail: EmailMessage, parcel: Parcel, *, limit_s: float,
    on_handing_over: Callable[[], None],
) -> Outcome:  # fmt: skip
    data = mail.as_bytes()
    sizes = [f"size={len(data)}"] if smtp.has_extn("size") else []
    code, answer = smtp.mail(service.from_addr[1], sizes)
    if code != 250:
        return Outcome(FAILED, f"the server refused the mail: {_said(code, answer)}")
    refused = _refused(smtp, service)
    recipients = len(service.targets) + len(service.cc) + len(service.bcc)
    if len(refused) == recipients or (refused and not parcel.is_last_attempt):
        # all or nobody while it will be tried again: those who got it would get it twice
        return Outcome(FAILED, _told(refused, recipients))
    code, answer = smtp.docmd("data")
    if code != 354:
        return Outcome(FAILED, f"the server refused the mail: {_said(code, answer)}")
    return _hand_over(smtp, data, limit_s=limit_s, on_handing_over=on_handing_over,
                      note=_told(refused, recipients) if refused else None)  # fmt: skip


def _refused(smtp: smtplib.SMTP, service: "NotifyEmail") -> dict[str, str]:
    found = {}
    for address in [*(address for _, address in service.targets), *service.cc, *service.bcc]:
        code, answer = smtp.rcpt(address)
        if code not in (250, 251):
            found[address] = _said(code, answer)
    return found


def _told(refused: dict[str, str], recipients: int) -> str:
    named = "; ".join(f"{a[:1]}…@{a.partition('@')[2]}: {said}" for a, said in list(refused.items())[:3])
    return f"the server refused {len(refused)} of {recipients} recipients ({named})"


def _hand_over(
    smtp: smtplib.SMTP, data: bytes, *, limit_s: float, on_handing_over: Callable[[], None], note: str | None
) -> Outcome:
    """Send the mail itself; a connection that breaks from here on leaves it open whether it arrived."""
    on_handing_over()
    try:
        smtp.sock.settimeout(limit_s)
        smtp.send(re.sub(rb"(?m)^\.", b"..", data) + (b"" if data.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        code, answer = smtp.getreply()
    except (smtplib.SMTPException, OSError) as error:
        return Outcome(UNKNOWN, f"the connection broke while the mail was sent: {_reason(error)}", is_channel_down=True)
    if code != 250:
        return Outcome(FAILED, f"the server refused the mail: {_said(code, answer)}")
    return Outcome(SENT, note)


def _said(code: int, answer: bytes | str) -> str:
    text = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
    return one_line(f"{code} {text}", longest=300)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError) or "timed out" in str(error):  # smtplib makes another error of some timeouts
        return "it did not answer in time"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "it hung up"
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or 'failed'}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
