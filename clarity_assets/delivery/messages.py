"""What is to be told, in its forms for people: one message, before it is known to whom it goes."""

import unicodedata
from dataclasses import dataclass
from pathlib import Path

LONGEST_SUBJECT = 180  # characters: mail clients and telephones show less, servers accept 998 bytes
JOINERS = "\u200c\u200d"  # parts of emoji, and of words in some scripts


@dataclass(frozen=True)
class Message:
    """A message. `message_id` names what is told: queued again to the same channel, it is not sent again.

    `kind` is `alert`, `resolved` or `report`. `html` is safe for mail: inline styles, no script, nothing fetched.
    """

    message_id: str
    kind: str
    subject: str
    text: str
    html: str
    attachments: tuple[Path, ...] = ()
    is_urgent: bool = False
    """Passes quiet hours."""
    about: tuple[str, ...] = ()
    """Openings of alerts that it tells, such as `alert:a1`; left out: the one that `message_id` names."""


def one_line(text: str, *, longest: int = LONGEST_SUBJECT) -> str:
    """The text as one line of printable characters, cut: fit for a subject, and no header of its own can begin in it.

    Controls, marks that turn the direction of writing and lone surrogates (which UTF-8 cannot hold) go.
    """
    line = " ".join("".join(c for c in text if c.isspace() or _is_shown(c)).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def plain_text(text: str) -> str:
    """The text with its lines, without other controls, marks of direction and lone surrogates."""
    text = text.replace("\r\n", "\n")
    return "".join(c for c in text if c in "\n\t" or _is_shown(c))


def _is_shown(c: str) -> bool:
    return c in JOINERS or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co")
