"""What stands behind a number of events in, lines of plain text for a terminal out."""

from collections.abc import Sequence

from clarity_assets.trace.events import EventFileTold, EventsTold, SessionDayTold, VerifiedEvents
from clarity_assets.trace.wording import instant, table, wrapped

SHOWN = 10


def events_verdict(told: EventsTold) -> str:
    """What can be said where no file is damaged."""
    read = sum(file.is_read for file in told.files)
    words = f"Intact: {read} of {len(told.files)} event files were read again, and have the events that were landed"
    return words if read == len(told.files) else f"{words}; the others have their size"


def event_lines(told: EventsTold) -> list[str]:
    """The analysis, the days of sessions and the files of events below it."""
    made = [f"{one.date} by {one.engine}, {instant(one.built_at)}" for one in told.built[:SHOWN]]
    more = f" and {len(told.built) - SHOWN} more" if len(told.built) > SHOWN else ""
    lines = [f"Analysis: {told.title} ({told.module})"]
    lines += wrapped(f"made of {'; '.join(made)}{more}" if made else "not recorded as made", later="    ")
    return [*lines, "", *_session_days(told.session_days), *_files(told.files)]


def _session_days(days: Sequence[SessionDayTold]) -> list[str]:
    title = f"Sessions (ops.clickstream_session_day): {len(days):,} days{_first(days)}"
    rows = [(one.date, one.sessions, one.steps, one.engine, one.built_at) for one in days[:SHOWN]]
    names = ("date", "sessions", "steps", "engine", "built_at")
    return [title, *(table(names, rows) if rows else []), ""]


def _files(files: Sequence[EventFileTold]) -> list[str]:
    """The first ones, and every damaged one."""
    shown = [file for place, file in enumerate(files) if place < SHOWN or file.damage]
    lines = [f"Event files (ops.clickstream_day): {len(files):,}{_first(files)}"]
    for file in shown:
        state = "NOT INTACT" if file.damage else "its events match" if file.is_read else "its size matches"
        lines += wrapped(f"{file.file}: {state}", later="    ")
        told = f"{file.events:,} events, {file.byte_count:,} bytes, changed {instant(file.changed_at)}"
        lines += wrapped(f"content hash {file.content_hash}, {told}", indent="    ")
    return [*lines, ""]


def _first(those: Sequence) -> str:
    return f", the newest {SHOWN}" if len(those) > SHOWN else ""


def render_verified_events(found: VerifiedEvents) -> str:
    """Every event file in one line, and each damaged one by name; nothing where there is none."""
    if not found.files:
        return ""
    counts = f"{found.files:,} event files with {found.events:,} events, {found.byte_count:,} bytes, hashed again"
    if not found.damaged:
        return f"Intact: {counts}; every one has the events that were landed.\n"
    lines = [f"{len(found.damaged):,} of {counts} are damaged:"]
    for file in found.damaged:
        lines += wrapped(file.damage, later="    ")
    return "\n".join(lines) + "\n"
