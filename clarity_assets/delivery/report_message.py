"""A summary and its state in, the message out: the first lines of what it found, as text and as HTML for mail."""

from dataclasses import dataclass
from html import escape

from clarity_assets.delivery.messages import Message, one_line
from clarity_assets.delivery.report_files import Summary, every
from clarity_assets.delivery.report_state import ReportState
from clarity_assets.reports.period import MONTHS

LONGEST_TITLE = 90  # characters of the first finding in the subject
SHOWN_ACTIONS = 5
FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
LEVEL_COLOURS = {"HIGH": "#a4262c", "MEDIUM": "#8a5a00", "LOW": "#44546a"}  # 4.5:1 or more on white


@dataclass(frozen=True)
class Action:
    """A recommendation of the summary: HIGH, MEDIUM or LOW, what it is about, how many sessions it hits."""

    level: str
    title: str
    affected: str


def report_message(summary: Summary, state: ReportState) -> Message:
    """The message of a week or month: the same id however often it is made, so that it goes out once each."""
    period = summary.period
    actions = _actions(summary.told)
    subject = f"{_named(summary)}: {_headline(summary, actions)}"
    return Message(
        message_id=f"report:{every(period)}:{period.slug}",
        kind="report",
        subject=one_line(f"{state.mark} {subject}" if state.mark else subject),
        text=_text(summary, state, actions),
        html=_html(summary, state, actions),
        attachments=summary.attachments,
    )


def _named(summary: Summary) -> str:
    period = summary.period
    if period.kind == "month":
        return period.name
    return f"Week of {period.start.day} {MONTHS[period.start.month - 1]} {period.start.year}"


def _headline(summary: Summary, actions: list[Action]) -> str:
    if not summary.known_days:
        return "no day of it is known"
    if not actions:
        return "nothing to act on"
    noun = "finding" if len(actions) == 1 else "findings"
    return f"{len(actions)} {noun}, first: {one_line(actions[0].title, longest=LONGEST_TITLE)}"


def _actions(told: dict) -> list[Action]:
    """The rows of the summary's tables of what to do, in their order."""
    found = []
    for section in told["sections"]:
        for block in section["blocks"] if section["name"] == "actions" else ():
            places = {column["title"]: i for i, column in enumerate(block.get("columns") or ())}
            if block["type"] == "table" and {"Level", "What", "Sessions affected"} <= set(places):
                found += [
                    Action(*(_plain(row[places[name]]) for name in ("Level", "What", "Sessions affected")))
                    for row in block["rows"]
                ]
    return found


def _plain(cell: object) -> str:
    return one_line(str(cell["text"] if isinstance(cell, dict) else "" if cell is None else cell), longest=300)


def _lead(summary: Summary) -> list[str]:
    return [one_line(sentence["text"], longest=1_000) for sentence in summary.told["lead"]]


# --- text ---------------------------------------------------------------------------------------------------------


def _text(summary: Summary, state: ReportState, actions: list[Action]) -> str:
    lines = [f"{_warning(state).upper()}. {state.told}", ""] if state.mark else []
    lines += [_title(summary), "", " ".join(_lead(summary)), ""]
    if actions:
        lines.append("What to do first")
        lines += [f"- {_action_line(action)}" for action in actions[:SHOWN_ACTIONS]]
        lines += [_more(actions)] if len(actions) > SHOWN_ACTIONS else []
        lines.append("")
    return "\n".join([*lines, *_footer(summary)]) + "\n"


def _warning(state: ReportState) -> str:
    return "Incomplete" if state.incomplete else "Stale"


def _title(summary: Summary) -> str:
    told = summary.told
    return f"{told.get('title', 'Summary')}, {summary.period.name} (UTC), project {told['project_id']}"


def _action_line(action: Action) -> str:
    return f"{action.level}: {action.title}" + (f" ({action.affected})" if action.affected else "")


def _more(actions: list[Action]) -> str:
    return f"and {len(actions) - SHOWN_ACTIONS} more in the report"


def _footer(summary: Summary) -> list[str]:
    names = ", ".join(path.parent.name.partition("_")[2] for path in summary.attachments)
    lines = [f"Attached: {names} (PDF). Made {summary.made_at:%Y-%m-%d %H:%M} UTC."]
    if summary.left_out:
        lines.append("Too big to be attached: " + ", ".join(str(path) for path in summary.left_out))
    if url := _dashboard(summary):
        lines.append(f"Clarity: {url}")
    return lines


def _dashboard(summary: Summary) -> str | None:
    url = summary.told.get("dashboard_url")
    return url if isinstance(url, str) and url.startswith("https://") else None


# --- HTML ---------------------------------------------------------------------------------------------------------


def _html(summary: Summary, state: ReportState, actions: list[Action]) -> str:
    """One column of inline styles and no pictures: mail programs drop the rest. Every name of the site is escaped."""
    parts = [f'<div style="{FONT};font-size:15px;line-height:1.5;color:#1b1b1b;max-width:640px">']
    if state.mark:
        parts.append(
            f'<p style="margin:0 0 16px;padding:10px 12px;background:#fff4ce;border-left:4px solid #8a5a00">'
            f"<strong>{_warning(state)}.</strong> {escape(state.told)}</p>"
        )
    parts.append(f'<h1 style="font-size:20px;line-height:1.3;margin:0 0 8px">{escape(_title(summary))}</h1>')
    parts += [f'<p style="margin:0 0 10px">{escape(sentence)}</p>' for sentence in _lead(summary)]
    if actions:
        parts.append('<h2 style="font-size:16px;margin:20px 0 6px">What to do first</h2>')
        parts.append('<ul style="margin:0 0 12px;padding-left:20px">')
        parts += [_item(action) for action in actions[:SHOWN_ACTIONS]]
        parts.append("</ul>")
        parts += [f'<p style="margin:0 0 10px">{_more(actions)}</p>'] if len(actions) > SHOWN_ACTIONS else []
    url = _dashboard(summary)
    for line in _footer(summary):
        shown = f'Clarity: <a href="{escape(url)}">dashboard</a>' if url and line.endswith(url) else escape(line)
        parts.append(f'<p style="margin:0 0 4px;font-size:13px;color:#555">{shown}</p>')
    return "\n".join([*parts, "</div>\n"])


def _item(action: Action) -> str:
    colour = LEVEL_COLOURS.get(action.level.partition(",")[0], "#1b1b1b")
    affected = f" ({escape(action.affected)})" if action.affected else ""
    level = f'<strong style="color:{colour}">{escape(action.level)}</strong>'
    return f'<li style="margin:0 0 4px">{level} {escape(action.title)}{affected}</li>'
