"""Alerts in, messages out: what opened, got worse, came back and stayed, or is over; each told once."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape
from typing import Literal

from clarity_assets.alerts.causes import KINDS, runbook_section, utc
from clarity_assets.alerts.store import FLAPPING, Alert
from clarity_assets.delivery.messages import Message
from clarity_assets.reports.rendering.texts import printable

What = Literal["opened", "critical", "resolved"]

DIGEST_ABOVE = 5  # alerts of one kind found at once: more are one message
LETTER = "font-family:Arial,Helvetica,sans-serif;font-size:15px;line-height:1.45;color:#222222;max-width:640px"
COLOURS = {"critical": "#b00020", "warning": "#8a5a00", "resolved": "#1b6e3c"}


@dataclass(frozen=True)
class Telling:
    """One alert that is to be told, as it is stored once that is done."""

    alert: Alert
    what: What
    told: Alert

    @property
    def message_id(self) -> str:
        """`alert:<id>:<what>`."""
        return f"{opening_of(self.told)}:{self.what}"


def opening_of(alert: Alert) -> str:
    """`alert:<id>`; what came back and stayed counts on: `alert:<id>.1`. Its messages say that they tell it."""
    return f"alert:{alert.alert_id}" + (f".{alert.told_count}" if alert.told_count else "")


def due(alert: Alert, *, now: datetime) -> Telling | None:
    """What is to be told of an alert now, if anything."""
    if not alert.is_open:
        is_known = alert.told_severity is not None and not alert.is_silent and alert.acknowledged_at is None
        return Telling(alert, "resolved", alert) if is_known and alert.resolved_at == now else None
    told = replace(alert, told_severity=alert.severity, is_silent=False, acknowledged_at=None)
    is_worse = alert.is_critical and alert.told_severity == "warning"
    if alert.acknowledged_at is not None and not is_worse:
        return None
    if alert.told_severity is None:
        return Telling(alert, "opened", told)
    if alert.is_silent:  # its end was told: if anything is told of it now, it begins anew
        stays = abs(now - alert.reopened_at) >= FLAPPING
        return Telling(alert, "opened", replace(told, told_count=alert.told_count + 1)) if stays or is_worse else None
    return Telling(alert, "critical", told) if is_worse else None


def messages(tellings: list[Telling]) -> list[Message]:
    """A message each; those of one kind and sort that are more than DIGEST_ABOVE in one."""
    groups: dict[tuple, list[Telling]] = {}
    for telling in tellings:
        groups.setdefault((telling.what, telling.alert.kind, telling.alert.severity), []).append(telling)
    made = []
    for group in groups.values():
        made += [_digest(group)] if len(group) > DIGEST_ABOVE else [_single(telling) for telling in group]
    return made


def _single(telling: Telling) -> Message:
    alert, what = telling.alert, telling.what
    mark = "resolved" if what == "resolved" else alert.severity
    lines = _lines(alert, what)
    return Message(
        telling.message_id, "resolved" if what == "resolved" else "alert",
        f"[{mark}] {alert.project_id}: {printable(alert.title)}",
        "\n\n".join(lines) + "\n", _html(printable(alert.title), lines[1:], COLOURS[mark]),
        is_urgent=what != "resolved" and alert.is_critical, about=(opening_of(telling.told),),
    )  # fmt: skip


def _lines(alert: Alert, what: What) -> list[str]:
    """The paragraphs of one alert."""
    if what == "resolved":
        lasted = alert.resolved_at - alert.opened_at
        return [
            f"Over: {printable(alert.title)}",
            f"{printable(alert.resolution)}.",
            f"Found at {utc(alert.opened_at)}, over at {utc(alert.resolved_at)} ({_span(lasted.total_seconds())}).",
        ]
    came_back = []
    if alert.reopened_count:
        times = "once" if alert.reopened_count == 1 else f"{alert.reopened_count} times"
        hours = FLAPPING.total_seconds() / 3600
        came_back = [
            f"It came back {times} within {hours:g} hours of being over, the last time at {utc(alert.reopened_at)}."
        ]
    return [
        printable(alert.title),
        printable(alert.detail),
        *came_back,
        f"What to do: {printable(alert.next_step)}.",
        f"Found at {utc(alert.opened_at)}. More: {runbook_section(alert.kind)}. "
        f"Alert {alert.alert_id}: clarity-assets alerts lists all that are open.",
    ]


def _span(seconds: float) -> str:
    minutes = max(0, round(seconds / 60))
    return (
        f"{minutes} min"
        if minutes < 120
        else f"{minutes / 60:.0f} h"
        if minutes < 2880
        else f"{minutes / 1440:.0f} days"
    )


def _digest(group: list[Telling]) -> Message:
    """Many alerts of one kind in one message."""
    first, what = group[0].alert, group[0].what
    ids = "|".join(sorted(telling.message_id for telling in group))
    mark = "resolved" if what == "resolved" else first.severity
    title = f"{len(group)} alerts{' are over' if what == 'resolved' else ''}: {KINDS[first.kind]}"
    listed = [" ".join(_lines(telling.alert, what)[:2]) for telling in group]
    end = (
        []
        if what == "resolved"
        else [f"What to do: {printable(first.next_step)}. More: {runbook_section(first.kind)}."]
    )
    return Message(
        f"alert:digest-{hashlib.sha256(ids.encode()).hexdigest()[:10]}:{what}",
        "resolved" if what == "resolved" else "alert", f"[{mark}] {first.project_id}: {title}",
        "\n\n".join([title, *(f"- {line}" for line in listed), *end]) + "\n",
        _html(title, [*(f"• {line}" for line in listed), *end], COLOURS[mark]),
        is_urgent=what != "resolved" and first.is_critical,
        about=tuple(sorted(opening_of(telling.told) for telling in group)),
    )  # fmt: skip


def _html(title: str, paragraphs: list[str], colour: str) -> str:
    """Email-safe: inline styles, nothing fetched, every text escaped."""
    body = "".join(f'<p style="margin:0 0 12px 0">{escape(text)}</p>' for text in paragraphs)
    heading = f"margin:0 0 12px 0;padding:8px 12px;border-left:4px solid {colour};font-size:17px;font-weight:bold"
    return f'<div style="{LETTER}"><p style="{heading}">{escape(title)}</p>{body}</div>'
