"""Reports as messages: what they say, whether they are whole, held or marked, and that each goes out once."""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from clarity_assets.delivery.report_files import ReportMissing
from clarity_assets.delivery.reports import period_of, queue_report
from clarity_assets.reports.period import Period
from clarity_assets.settings import Settings
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.models.run import run_model
from clarity_assets_tests.sql.by_hand import MODELS, PROJECT, day, insert, site_day, with_tables
from clarity_assets_tests.unit.delivery.conftest import FakeSend, Office

WEEK = Period.week(date(2026, 10, 5))
MADE_AT = datetime(2026, 10, 12, 8, tzinfo=UTC)
FRIDAY, SATURDAY = date(2026, 10, 9), date(2026, 10, 10)
TITLES = ["Dead clicks on shop.example/checkout on Mobile", "Rage clicks on <script>alert(1)</script>\r\nBcc: x@y.z"]


@dataclass
class Desk(Office):
    """A warehouse whose week is known but for `unknown` days, its summary's files, and where they go."""

    folder: Path
    unknown: dict[date, str] = field(default_factory=dict)
    to: str = "json://127.0.0.1:9/one"
    rule: str = "mark"

    def __post_init__(self) -> None:
        super().__init__(self.folder, "", report_to=SecretStr(self.to), report_if_incomplete=self.rule,
                         reports=self.folder / "reports", project_id=PROJECT)  # fmt: skip
        with self.warehouse() as con:
            with_tables(con)
            for when in WEEK.dates:
                if when in self.unknown:
                    day(con, when, status=self.unknown[when])
                else:
                    insert(con, "ops.clarity_answer", answer_id=f"a{when}", project_id=PROJECT,
                           received_at=datetime.combine(when + timedelta(days=1), datetime.min.time()))  # fmt: skip
                    day(con, when, answers=[f"+a{when}"])
        self.build()

    def warehouse(self):
        return open_warehouse(self.settings.warehouse, timeout_s=20, label="test")

    def build(self) -> None:
        with self.warehouse() as con:
            run_model(con, MODELS["marts.fct_collection_daily"], start=WEEK.start, end=WEEK.end)

    def saved(self, when: date) -> None:
        """The day becomes known by an answer of an hour after the report."""
        with self.warehouse() as con:
            received_at = (MADE_AT + timedelta(hours=1)).replace(tzinfo=None)
            insert(con, "ops.clarity_answer", answer_id="late", project_id=PROJECT, received_at=received_at)
            con.execute("delete from ops.clarity_day where date = ?", [when])
            day(con, when, status="derived", answers=["+late"])
        self.unknown.pop(when, None)

    def write(self, *, made_at: datetime = MADE_AT, titles: list[str] = TITLES, kinds=("ux", "product")) -> None:
        """The summary's JSON and the PDFs, as reports are made."""
        days = [{"date": f"{when}", "status": self.unknown.get(when, "measured"),
                 "coverage": 0.0 if when in self.unknown else 1.0} for when in WEEK.dates]  # fmt: skip
        columns = [{"title": title} for title in ("Id", "Level", "What", "Sessions affected")]
        rows = [["r1", "HIGH", {"text": title, "kind": "title"}, {"text": "152 sessions"}] for title in titles]
        told = {
            "project_id": PROJECT, "title": "Weekly summary", "made_at": made_at.isoformat(), "days": days,
            "lead": [{"text": "7,904 sessions on 7 of 7 days."}],
            "sections": [{"name": "actions", "blocks": [{"type": "table", "columns": columns, "rows": rows}]}],
            "dashboard_url": "https://clarity.microsoft.com/projects/view/shop/dashboard",
        }  # fmt: skip
        for kind in ("summary", *kinds):
            folder = self.settings.reports / f"weekly_{kind}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "2026-10-05.pdf").write_bytes(f"%PDF {kind} {made_at}".encode())
        (self.settings.reports / "weekly_summary" / "2026-10-05.json").write_text(json.dumps(told))

    def queue_week(self, *, now: datetime = MADE_AT, **more):
        return queue_report(self.settings, WEEK, now=now, **more)

    @property
    def rows(self) -> list:
        from clarity_assets.delivery.ledger import read_deliveries

        with self.opened() as con:
            return read_deliveries(con, project_id=PROJECT)


@pytest.fixture
def desk(tmp_path):
    return lambda **more: Desk(tmp_path, **more)


# --- what it says -------------------------------------------------------------------------------------------------


def test_a_whole_report_goes_out_once_with_its_files_however_often_it_is_queued(desk):
    desk = desk()
    desk.write()
    told = desk.queue_week()
    assert told.state.is_whole
    assert told.subject == ("Week of 5 Oct 2026: 2 findings, first: Dead clicks on shop.example/checkout on Mobile")
    assert (told.message_id, told.queued, desk.queue_week().queued) == ("report:weekly:2026-10-05", 1, 0)
    send = FakeSend()
    desk.send(send, at=MADE_AT)
    desk.queue_week()
    desk.send(send, at=MADE_AT + timedelta(days=1))
    [(_, parcel)] = send.sent
    assert [Path(path).parent.name for path in parcel.attachments] == ["weekly_summary", "weekly_ux", "weekly_product"]
    assert parcel.text.startswith("Weekly summary, Mon 5 Oct – Sun 11 Oct 2026 (UTC), project shop\n\n7,904 sessions")
    assert "- HIGH: Dead clicks on shop.example/checkout on Mobile (152 sessions)\n" in parcel.text
    assert "Attached: summary, ux, product (PDF). Made 2026-10-12 08:00 UTC.\n" in parcel.text


def test_names_of_the_site_are_escaped_in_the_mail_and_make_no_header(desk, mail):
    desk = desk(to=mail.url())
    desk.write(titles=TITLES[1:])
    desk.queue_week()
    assert desk.send(at=MADE_AT).sent == 1
    [told] = mail.mails
    assert told["Bcc"] is None
    assert str(told["Subject"]).endswith("first: Rage clicks on <script>alert(1)</script> Bcc: x@y.z")
    html = told.get_body(("html",)).get_content()
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "src=" not in html
    [pdf, *_] = told.iter_attachments()
    assert pdf.get_filename() == "weekly_summary_2026-10-05.pdf"
    assert pdf.get_content() == (desk.settings.reports / "weekly_summary" / "2026-10-05.pdf").read_bytes()


def test_a_week_without_findings_says_so(desk):
    desk = desk()
    desk.write(titles=[])
    assert desk.queue_week().subject == "Week of 5 Oct 2026: nothing to act on"


def test_details_that_were_not_made_are_left_out(desk):
    desk = desk()
    desk.write(kinds=())
    desk.queue_week()
    assert [Path(path).parent.name for path in desk.rows[0].attachments] == ["weekly_summary"]


def test_a_report_that_was_not_made_is_named_with_the_command_that_makes_it(desk):
    with pytest.raises(
        ReportMissing, match=r"2026-10-05\.json is missing.*clarity-assets report weekly --from 2026-10-05"
    ):
        desk().queue_week()


def test_with_nobody_to_send_it_to_nothing_is_queued(desk):
    desk = desk(to="")
    told = desk.queue_week()
    assert (told.queued, told.state) == (0, None)
    assert "CLARITY_REPORT_TO" in told.held_because


# --- whether it is whole ------------------------------------------------------------------------------------------


def test_an_incomplete_report_is_marked_in_subject_and_first_lines(desk):
    desk = desk(unknown={FRIDAY: "lost", SATURDAY: "pending"})
    desk.write()
    told = desk.queue_week()
    assert told.subject.startswith("[incomplete: 5 of 7 days known] Week of 5 Oct 2026: 2 findings")
    row = desk.rows[0]
    assert row.status == "queued"
    assert row.text.startswith("INCOMPLETE. 5 of 7 days are known; nothing is known of Fri 9 Oct, Sat 10 Oct.\n")
    assert "<strong>Incomplete.</strong> 5 of 7 days are known" in row.html


def test_a_report_of_a_week_that_is_not_over_is_incomplete(desk):
    desk = desk()
    desk.write(made_at=datetime(2026, 10, 11, 23, tzinfo=UTC))
    early = desk.queue_week(now=datetime(2026, 10, 11, 23, 30, tzinfo=UTC))
    assert "the week was not over yet" in early.state.incomplete
    later = desk.queue_week()
    assert "the week was not over when this report was made" in later.state.incomplete


def test_a_report_is_stale_where_the_marts_do_not_tell_what_is_known(desk):
    desk = desk(unknown={SATURDAY: "pending"})
    desk.write()
    desk.saved(SATURDAY)
    told = desk.queue_week()
    assert told.state.stale == (
        "more is known of Sat 10 Oct than the marts tell; `clarity-assets build` makes them anew"
    )


def test_a_report_is_stale_where_it_is_older_than_what_its_days_rest_on(desk):
    desk = desk()
    desk.write()
    desk.saved(SATURDAY)
    desk.build()
    told = desk.queue_week(now=MADE_AT + timedelta(hours=2))
    assert told.subject.startswith("[stale] Week of 5 Oct 2026")
    assert told.state.stale.startswith(
        "more is known of Sat 10 Oct than when this report was made (2026-10-12 08:00 UTC)"
    )


def test_a_day_that_went_from_pending_to_lost_makes_no_report_stale(desk):
    desk = desk(unknown={SATURDAY: "pending"})
    desk.write()
    with desk.warehouse() as con:
        con.execute("update ops.clarity_day set status = 'lost' where date = ?", [SATURDAY])
    assert desk.queue_week().state.stale is None


# --- held and let go ----------------------------------------------------------------------------------------------


def test_a_report_is_held_until_it_is_made_whole_and_then_goes_out_once_with_its_new_files(desk):
    desk = desk(unknown={SATURDAY: "pending"}, rule="hold")
    desk.write()
    told = desk.queue_week()
    assert "nothing is known of Sat 10 Oct" in told.held_because
    assert desk.rows[0].status == "held"
    send = FakeSend()
    later = MADE_AT + timedelta(hours=2)
    desk.send(send, at=later)
    assert send.sent == []
    desk.saved(SATURDAY)
    desk.build()
    desk.send(send, at=later)  # the report itself is of before
    assert (send.sent, desk.rows[0].status) == ([], "held")
    desk.write(made_at=later)
    result = desk.send(send, at=later)
    assert (result.released, result.sent) == (1, 1)
    [(_, parcel)] = send.sent
    assert parcel.subject.startswith("Week of 5 Oct 2026")
    assert b"10:00" in Path(parcel.attachments[0]).read_bytes()
    assert desk.send(send, at=later + timedelta(hours=1)).sent == 0


def test_a_report_of_a_lost_day_is_held_for_good_and_sent_marked_by_hand(desk):
    desk = desk(unknown={SATURDAY: "lost"}, rule="hold")
    desk.write()
    desk.queue_week()
    assert "--again" in desk.rows[0].reason
    desk.queue_week(is_forced=True)
    send = FakeSend()
    desk.send(send, at=MADE_AT)
    assert send.subjects[0].startswith("[incomplete: 6 of 7 days known]")


def test_a_held_report_stays_held_while_the_warehouse_cannot_be_read_and_others_go_out(desk, tmp_path):
    desk = desk(unknown={SATURDAY: "pending"}, rule="hold")
    desk.write()
    desk.queue_week()
    settings: Settings = desk.settings.model_copy(update={"alert_to": SecretStr("json://127.0.0.1:9/two")})
    desk.settings = settings
    desk.settings.warehouse.write_bytes(b"no database at all" * 1000)
    from clarity_assets.delivery.messages import Message
    from clarity_assets.delivery.outbox import queue_message
    from clarity_assets.warehouse.tables import transaction

    alert = Message("alert:a1:opened", "alert", "s", "t", "h", is_urgent=True)
    with desk.opened() as con, transaction(con):
        queue_message(con, alert, to=settings.alert_to, project_id=PROJECT, now=MADE_AT)
    result = desk.send(FakeSend(), at=MADE_AT)
    assert (result.sent, result.released) == (1, 0)
    assert sorted(row.status for row in desk.rows) == ["held", "sent"]


def test_a_message_id_names_its_period_and_other_ids_none():
    assert period_of("report:weekly:2026-10-05") == WEEK
    assert period_of("report:monthly:2026-10") == Period.month(date(2026, 10, 1))
    assert period_of("alert:report:opened") is None


def test_a_real_summary_becomes_a_message(tmp_path):
    from clarity_assets.reports.make import make_reports, write_report

    office = Office(tmp_path, "", report_to=SecretStr("json://127.0.0.1:9/one"), project_id=PROJECT,
                    reports=tmp_path / "reports", now=MADE_AT)  # fmt: skip
    with open_warehouse(office.settings.warehouse, timeout_s=20, label="test") as con:
        with_tables(con)
        for when in WEEK.dates:
            site_day(con, when, sessions=900, bot_sessions=3)
        run_model(con, MODELS["marts.fct_collection_daily"], start=WEEK.start, end=WEEK.end)
        made = make_reports(con, settings=office.settings, period=WEEK, kinds=("summary",))
    write_report(made["summary"], folder=office.settings.reports, formats=("json", "pdf"))
    told = queue_report(office.settings, WEEK)
    assert told.state.is_whole
    assert told.subject.startswith("Week of 5 Oct 2026: ")
