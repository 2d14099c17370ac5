"""Texts from outside in, texts that are safe to show out."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from clarity_assets.reports.document import Name

JOINERS = "\u200c\u200d"
SHOWN_LENGTH = 100  # a longer name keeps its beginning and its end
NOTHING = {
    "page": "(sessions without a page)",
    "device": "(no device)",
    "browser": "(no browser)",
    "country": "(no country)",
    "source": "(no source)",
    "medium": "(no medium)",
    "campaign": "(no campaign)",
    "channel": "(no channel)",
}
"""What is shown for a name that is NULL, by its kind."""


def printable(text: str) -> str:
    """The text on one line, with control and direction-changing characters shown as `�` (emoji joiners stay)."""
    return "".join(
        "�" if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs") and c not in JOINERS else c for c in text
    )


def shorten(text: str, *, length: int = SHOWN_LENGTH) -> str:
    """The text, or its beginning and end around `…` where it is longer."""
    if len(text) <= length:
        return text
    head = length * 2 // 3
    return f"{text[:head]}…{text[head + 1 - length :]}"


def name_text(name: Name | str, *, length: int = SHOWN_LENGTH) -> str:
    """A name as it is shown: one printable line, shortened."""
    if isinstance(name, str):
        return name
    if name.text is None:
        return NOTHING.get(name.kind, "(none)")
    return shorten(printable(name.text), length=length) or "(empty)"


def markdown_text(value: object) -> str:
    """A value as Markdown that shows it and does nothing else."""
    text = "" if value is None else printable(str(value))
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*_\[\]|~#])", r"\\\1", text)
    return text.replace("://", ":&#47;/").replace("www.", "www&#46;").replace("@", "&#64;")  # no links by themselves


def markdown_table(names: Sequence[str], rows: Iterable[Sequence], *, cell_length: int | None = SHOWN_LENGTH) -> str:
    """A Markdown table; every cell is escaped, and shortened where it is longer than `cell_length`."""

    def cell(value: object) -> str:
        text = "" if value is None else str(value)
        return markdown_text(shorten(text, length=cell_length) if cell_length else text)

    def line(cells: Iterable) -> str:
        return f"| {' | '.join(map(cell, cells))} |"

    return "\n".join([line(names), "|" + " --- |" * len(names), *(line(row) for row in rows)])
