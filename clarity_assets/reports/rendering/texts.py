"""Texts from outside in, texts that are safe to show out; and the words that all renderings of a report share."""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta

from clarity_assets.reports.document import DayState, Finding, Name, Part, Report, Sentence
from clarity_assets.reports.figures import Figure
from clarity_assets.reports.period import day_name
from clarity_assets.reports.rendering.numbers import figure_text, marked, number_text

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
    "product": "(no product)",
    "path": "(no path)",
}
"""What is shown for a name that is NULL, by its kind."""
OF_EVENTS = "clickstream"
"""The kind of report that is made of events; all others are made of Clarity's answers."""

STATUSES = ("measured", "derived", "pending", "lost", "unrecorded")
CUT = "cut at 1,000 rows: a sample"


# --- texts made safe ----------------------------------------------------------------------------------------------


def printable(text: str) -> str:
    """The text on one line, with control and direction-changing characters shown as `�` (emoji joiners stay).

    Lone surrogates and noncharacters, which neither UTF-8 nor XML can hold, are shown as `�` too.
    """
    return "".join("�" if _is_unshowable(c) else c for c in text)


def _is_unshowable(c: str) -> bool:
    if c.isprintable() or c == " ":
        return False
    code = ord(c)
    is_noncharacter = 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE
    return is_noncharacter or (unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs") and c not in JOINERS)


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
    text = re.sub(r"([\\`*_\[\]|~#$])", r"\\\1", text)
    text = re.sub(r"^(\s*)([-+](?=\s|$)|[-=](?=[-=\s]*$))", r"\1\\\2", text)  # no list, line and heading
    text = re.sub(r"^(\s*\d+)([.)])(?=\s|$)", r"\1\\\2", text)
    text = re.sub(r"^ +", lambda spaces: "&nbsp;" * len(spaces[0]), text)  # no code
    text = re.sub(r"(?i)(www)\.", r"\1&#46;", text.replace("://", ":&#47;/"))  # no links by themselves
    return text.replace("@", "&#64;")


def markdown_table(
    names: Sequence[str],
    rows: Iterable[Sequence],
    *,
    cell_length: int | None = SHOWN_LENGTH,
    numbers: Collection[int] = (),
) -> str:
    """A Markdown table; every cell is escaped, and shortened where it is longer than `cell_length`.

    The columns at the places `numbers` are set right.
    """

    def cell(value: object) -> str:
        text = "" if value is None else str(value)
        return markdown_text(shorten(text, length=cell_length) if cell_length else text)

    def line(cells: Iterable) -> str:
        return f"| {' | '.join(map(cell, cells))} |"

    marks = "".join(" ---: |" if i in numbers else " --- |" for i in range(len(names)))
    return "\n".join([line(names), f"|{marks}", *(line(row) for row in rows)])


# --- where a report's numbers come from ---------------------------------------------------------------------------


def origin_name(report: Report) -> str:
    """What stands above the title."""
    return "Clickstream events" if report.kind == OF_EVENTS else "Microsoft Clarity"


def untold_title(report: Report, *, of_clarity: str = "What Clarity cannot tell here") -> str:
    """The title of what a section cannot tell."""
    return "What these events do not tell" if report.kind == OF_EVENTS else of_clarity


def evidence_words(report: Report) -> str:
    """What `clarity-assets trace` leads to."""
    return "sessions and event files" if report.kind == OF_EVENTS else "answers"


# --- words of a report --------------------------------------------------------------------------------------------


def part_text(part: Part, *, length: int = SHOWN_LENGTH) -> str:
    """A name, a number with unit and interval, or words as they stand in a sentence."""
    if part is None:
        return ""
    if isinstance(part, Figure):
        return marked(part, figure_text(part, interval=True))
    return name_text(part, length=length) if isinstance(part, Name) else printable(part)


def sentence_text(sentence: Sentence, *, length: int = SHOWN_LENGTH) -> str:
    """The sentence with its names and numbers in their places."""
    return "".join(part_text(part, length=length) for part in sentence.parts())


def basis_parts(finding: Finding) -> list[Figure]:
    """How many sessions a finding is about, unless its sentence says so; what else is behind it stands in the JSON."""
    said = [value for value in finding.sentence.values.values() if isinstance(value, Figure)]
    return [finding.sessions] if finding.sessions and finding.sessions not in said else []


def known_text(days: Sequence[DayState]) -> str:
    """Such as `6 of 7 days are known: 5 measured, 1 derived, 1 lost.`; empty without days."""
    if not days:
        return ""
    counts = Counter(day.status for day in days)
    known = sum(day.is_known for day in days)
    told = ", ".join(f"{counts[status]} {status}" for status in sorted(counts, key=_status_order))
    whole = f"{len(days)} day{'' if len(days) == 1 else 's'}"
    return f"{known} of {whole} {'is' if known == 1 else 'are'} known: {printable(told)}."


def day_notes(days: Sequence[DayState]) -> list[str]:
    """What is not whole in the days, those of one reason together: `Wed 7 Oct: lost: 500 on every call`."""
    found: dict[str, list[DayState]] = {}
    for day in days:
        for note in _notes(day):
            found.setdefault(note, []).append(day)
    has_years = len({day.date.year for day in days}) > 1
    return [f"{_spans(those, has_years=has_years)}: {printable(note)}" for note, those in found.items()]


def _notes(day: DayState) -> list[str]:
    if not day.is_known:
        return [": ".join(filter(None, (day.status, shorten(printable(day.cause or "")))))]
    notes = [CUT] if day.is_sample else []
    if day.coverage is not None and day.coverage < 1:
        told = number_text(int(1000 * day.coverage + 1e-6) / 10, 1)  # never rounded up to the whole day
        notes.append(f"covered to {told} %")
    return notes


def _spans(days: Sequence[DayState], *, has_years: bool) -> str:
    """Days by name, neighbours as a span: `Wed 7 Oct – Fri 9 Oct, Sun 11 Oct`; with their years where asked."""
    spans: list[list] = []
    for day in days:
        if spans and day.date - spans[-1][1] == timedelta(days=1):
            spans[-1][1] = day.date
        else:
            spans.append([day.date, day.date])
    names = [[f"{day_name(day)} {day.year}" if has_years else day_name(day) for day in span] for span in spans]
    return ", ".join(" – ".join(dict.fromkeys(span)) for span in names)


def _status_order(status: str) -> tuple[int, str]:
    return (STATUSES.index(status) if status in STATUSES else len(STATUSES), status)
