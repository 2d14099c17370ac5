"""Texts of other tools in, instants and dates out: UTC, whole seconds; None for what is neither."""

import re
from datetime import UTC, date, datetime


def instant_of(told: object) -> datetime | None:
    """An ISO instant, in UTC and whole seconds; None for a bare date or anything else."""
    if not isinstance(told, str) or not re.match(r"\d{4}-?\d{2}-?\d{2}[T ]\d", text := told.strip()):
        return None
    text = re.sub(r"T(\d{2})-(\d{2})(?:-(\d{2}))?", lambda m: "T" + ":".join(g for g in m.groups() if g), text)
    try:
        return in_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def in_utc(value: datetime) -> datetime:
    value = value.replace(microsecond=0)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def date_of(told: object) -> date | None:
    """The date of an instant or a bare ISO date; None for anything else."""
    if (instant := instant_of(told)) is not None:
        return instant.date()
    try:
        return date.fromisoformat(told.strip()) if isinstance(told, str) else None
    except ValueError:
        return None
