"""Sending for real: to a mail server and a web server of this machine, good ones and bad ones."""

import logging
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult
from pydantic import SecretStr

from clarity_assets.delivery.channels import channels_of
from clarity_assets.delivery.mail import GREETING_S
from clarity_assets.delivery.sending import FAILED, SENT, UNKNOWN, Parcel, send_apart
from clarity_assets_tests.unit.delivery.conftest import NOON
from clarity_assets_tests.unit.delivery.servers import mail_server, silent_server, tls_context, unused_port

LIMIT_S = 40.0


def parcel(**more) -> Parcel:
    told = {"delivery_id": "d0123456789ab", "subject": "Week of 5 Oct: Größe 🛒", "text": "One.\n.\n.two\nDrei ü\n",
            "html": "<p>One <b>ü</b></p>\n", "at": datetime(2026, 10, 12, 8, tzinfo=UTC)}  # fmt: skip
    return Parcel(**told | more)


def sent_to(url: str, its_parcel: Parcel | None = None, *, limit_s: float = LIMIT_S):
    [channel] = channels_of(SecretStr(url))
    return send_apart(channel, its_parcel or parcel(), limit_s=limit_s)


# --- mail ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def pdfs(tmp_path):
    """Two files of one name, as reports have them; one of 10 MB."""
    paths = []
    for kind, size in (("summary", 10_000_000), ("ux", 5)):
        path = tmp_path / f"weekly_{kind}" / "2026-10-05.pdf"
        path.parent.mkdir()
        path.write_bytes((b"%PDF-1.7 \r\n.\r\n\x00\xff" * (size // 17 + 1))[:size])
        paths.append(str(path))
    return tuple(paths)


def test_a_mail_has_our_own_text_and_html_and_the_files_byte_for_byte(mail, pdfs):
    assert sent_to(mail.url(), parcel(attachments=pdfs)).status == SENT
    [told] = mail.mails
    assert told.get_content_type() == "multipart/mixed"
    assert [part.get_content_type() for part in told.iter_parts()] == [
        "multipart/alternative", "application/pdf", "application/pdf",
    ]  # fmt: skip
    assert told.get_body(("plain",)).get_content().replace("\r\n", "\n") == "One.\n.\n.two\nDrei ü\n"
    assert told.get_body(("html",)).get_content().replace("\r\n", "\n") == "<p>One <b>ü</b></p>\n"
    files = {part.get_filename(): part.get_content() for part in told.iter_attachments()}
    assert list(files) == ["weekly_summary_2026-10-05.pdf", "weekly_ux_2026-10-05.pdf"]
    assert [*files.values()] == [Path(path).read_bytes() for path in pdfs]


def test_a_mail_without_files_is_two_alternatives_and_seven_bit(mail):
    sent_to(mail.url())
    [told] = mail.mails
    assert [part.get_content_type() for part in told.iter_parts()] == ["text/plain", "text/html"]
    assert mail.envelopes[0].content.isascii()


def test_a_mails_headers_say_who_what_when_and_which_delivery(mail):
    sent_to(mail.url("ux@shop.example,pm@shop.example", cc="boss@shop.example", reply="help@shop.example"))
    [told] = mail.mails
    assert str(told["Subject"]) == "Week of 5 Oct: Größe 🛒"
    assert (told["From"], told["To"]) == ("Bot <bot@shop.example>", "ux@shop.example, pm@shop.example")
    assert (told["Cc"], told["Reply-To"]) == ("boss@shop.example", "help@shop.example")
    assert told["Message-ID"] == "<d0123456789ab.clarity-assets@shop.example>"
    assert told["Auto-Submitted"] == "auto-generated"
    assert told["Date"].datetime == datetime(2026, 10, 12, 8, tzinfo=UTC)
    assert mail.envelopes[0].rcpt_tos == ["ux@shop.example", "pm@shop.example", "boss@shop.example"]


def test_a_mail_that_is_sent_again_has_the_same_id(mail):
    sent_to(mail.url())
    sent_to(mail.url())
    assert len({told["Message-ID"] for told in mail.mails}) == 1


def test_a_line_break_in_a_subject_makes_no_header(mail):
    sent_to(mail.url(), parcel(subject="Page x\r\nBcc: evil@example.com\r\n\r\n<script>alert(1)</script>"))
    [told] = mail.mails
    assert told["Bcc"] is None
    assert str(told["Subject"]) == "Page x Bcc: evil@example.com <script>alert(1)</script>"
    assert mail.envelopes[0].rcpt_tos == ["ux@shop.example"]


def test_a_server_that_says_later_is_quoted_and_the_mail_did_not_arrive(mail):
    mail.answers = ["451 4.7.1 greylisted, come back"]
    outcome = sent_to(mail.url())
    assert outcome.status == FAILED
    assert outcome.error == "the server refused the mail: 451 4.7.1 greylisted, come back"


def test_one_refused_recipient_keeps_the_mail_from_all_until_the_last_attempt(mail):
    mail.refuse = {"pm@shop.example": "550 5.1.1 nobody of that name"}
    url = mail.url("ux@shop.example,pm@shop.example")
    first = sent_to(url)
    assert (first.status, mail.mails) == (FAILED, [])
    last = sent_to(url, parcel(is_last_attempt=True))
    assert last.status == SENT
    assert last.error == ("the server refused 1 of 2 recipients (p…@shop.example: 550 5.1.1 nobody of that name)")
    assert mail.envelopes[0].rcpt_tos == ["ux@shop.example"]


def test_a_refused_connection_did_not_deliver_anything():
    outcome = sent_to(f"mailto://127.0.0.1:{unused_port()}?from=a@shop.example&to=b@shop.example")
    assert (outcome.status, outcome.is_channel_down) == (FAILED, True)
    assert outcome.error == "no connection to the mail server: Connection refused"


def test_a_mail_server_that_says_nothing_costs_seconds_not_the_budget():
    with silent_server() as port:
        began = time.monotonic()
        outcome = sent_to(f"mailto://127.0.0.1:{port}?from=a@shop.example&to=b@shop.example&cto=2")
        assert time.monotonic() - began < 12
    assert (outcome.status, outcome.is_channel_down) == (FAILED, True)
    assert "did not answer in time" in outcome.error


def test_without_a_time_of_its_own_an_address_waits_ten_seconds_for_a_greeting():
    assert GREETING_S == 10  # and apprise's 15 s are not asked for


def test_a_mail_server_that_never_confirms_leaves_it_open_whether_the_mail_arrived(mail):
    mail.wait_s = 6.0
    began = time.monotonic()
    outcome = sent_to(mail.url(), limit_s=4.0)
    assert time.monotonic() - began < 6.0
    assert (outcome.status, outcome.is_channel_down) == (UNKNOWN, True)
    assert "4 s" in outcome.error


@pytest.fixture
def guarded(tmp_path):
    """A mail server that takes a mail after STARTTLS and login only."""

    def is_robot(server, session, envelope, mechanism, login) -> AuthResult:
        return AuthResult(success=(login.login, login.password) == (b"robot", b"s3cret@pw"), handled=False)

    options = {"tls_context": tls_context(tmp_path), "require_starttls": True, "auth_required": True}
    with mail_server(authenticator=is_robot, **options) as server:
        yield server


def _guarded_url(server, password: str, *, verify: str = "no") -> str:
    plain = server.url(user=f"robot:{password}@", mode="starttls", verify=verify)
    return plain.replace("mailto://", "mailtos://")


def test_a_mail_goes_through_tls_and_login(guarded):
    assert sent_to(_guarded_url(guarded, "s3cret%40pw")).status == SENT
    assert len(guarded.mails) == 1


def test_a_refused_login_is_quoted_without_the_password(guarded):
    outcome = sent_to(_guarded_url(guarded, "wr0ng-pw"))
    assert (outcome.status, outcome.is_channel_down) == (FAILED, True)
    assert "535" in outcome.error
    assert "wr0ng-pw" not in outcome.error


def test_a_certificate_that_nobody_signed_is_refused_unless_the_address_says_otherwise(guarded):
    outcome = sent_to(_guarded_url(guarded, "s3cret%40pw", verify="yes"))
    assert (outcome.status, guarded.mails) == (FAILED, [])
    assert "CERTIFICATE_VERIFY_FAILED" in outcome.error


def test_a_file_that_is_gone_is_named_and_nothing_is_sent(mail, tmp_path):
    outcome = sent_to(mail.url(), parcel(attachments=(str(tmp_path / "gone.pdf"),)))
    assert (outcome.status, mail.mails) == (FAILED, [])
    assert "gone.pdf is missing" in outcome.error


# --- webhooks -----------------------------------------------------------------------------------------------------


def test_a_webhook_gets_subject_text_and_files(hook, pdfs):
    assert sent_to(hook.url(), parcel(attachments=pdfs[1:])).status == SENT
    [body] = hook.bodies
    assert hook.requests[0][0] == "/hooks/S3CRETPATH"
    assert (body["title"], body["message"]) == ("Week of 5 Oct: Größe 🛒", "One.\n.\n.two\nDrei ü\n".rstrip("\n"))
    assert body["attachments"][0]["filename"] == "weekly_ux_2026-10-05.pdf"


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_webhook_that_refuses_did_not_get_it(hook, status):
    hook.answers = [status]
    outcome = sent_to(hook.url())
    assert outcome.status == FAILED
    assert f"error={status}" in outcome.error
    assert len(hook.requests) == 1


def test_a_webhook_that_takes_the_message_and_never_answers_leaves_it_open(hook):
    hook.wait_s = 3.0
    outcome = sent_to(hook.url(rto="1"))
    assert (outcome.status, outcome.is_channel_down) == (UNKNOWN, True)
    assert "did not answer in time" in outcome.error


def test_a_webhook_that_is_not_there_did_not_get_it():
    outcome = sent_to(f"json://127.0.0.1:{unused_port()}/x")
    assert (outcome.status, outcome.is_channel_down) == (FAILED, True)
    assert "refused" in outcome.error


def test_markup_of_a_chat_stays_text(hook):
    sent_to(hook.url(), parcel(text="<!channel> *b* <script>alert(1)</script> &amp;"))
    assert hook.bodies[0]["message"] == "<!channel> *b* <script>alert(1)</script> &amp;"


def test_a_chat_of_this_machine_gets_the_message(hook):
    assert sent_to(hook.url("/3ccdd113474722377935511fc85d3dd4", scheme="mmost")).status == SENT
    [body] = hook.bodies
    assert hook.requests[0][0] == "/hooks/3ccdd113474722377935511fc85d3dd4"
    assert "Week of 5 Oct: Größe 🛒" in body["text"]
    assert "Drei ü" in body["text"]


# --- through the outbox -------------------------------------------------------------------------------------------


def test_a_mail_goes_out_at_the_second_attempt_where_the_first_was_refused(office, mail):
    mail.answers = ["451 later"]
    office = office(mail.url())
    office.queue()
    assert office.send().failed == 1
    assert office.send(at=NOON + timedelta(seconds=59)).sent == 0
    assert office.send(at=NOON + timedelta(minutes=1)).sent == 1
    assert len(mail.mails) == 1
    assert office.row().first_error == "the server refused the mail: 451 later"


def test_no_secret_is_in_the_ledger_the_logs_or_the_result(office, mail, hook, caplog):
    caplog.set_level(logging.DEBUG)
    mail.answers, hook.answers = ["550 no"], [500]
    urls = [
        mail.url(user="robot:s3cret-pw@"),
        hook.url(**{"+X-Key": "abcdef123", "-token": "xyz98765"}),
        f"jsons://robot:s3cret-pw@127.0.0.1:{unused_port()}/S3CRETPATH?+X-Key=abcdef123",
        "schrott://s3cret-pw/S3CRETPATH",
    ]
    office = office(" ".join(urls))
    assert office.queue() == 4
    result = office.send()
    assert result.failed == 4
    logs = "".join(path.read_text() for path in office.settings.logs_folder.iterdir())
    assert '"event":"delivery"' in logs
    with office.opened() as con:
        ledger = repr(con.execute("select * from ops.delivery").fetchall())
    told = ledger + logs + repr(result) + caplog.text + repr(office.settings)
    for secret in ("s3cret-pw", "S3CRETPATH", "abcdef123", "xyz98765"):
        assert secret not in told
