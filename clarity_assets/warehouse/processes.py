"""A process id in, a short command line out that is fit for an error message: no secrets, never an environment."""

import re
import sys
from collections.abc import Sequence
from pathlib import PurePath

LONGEST_COMMAND = 120  # characters: a message stays readable, a ticket small
LONGEST_WORD = 30  # characters: tokens and keys are longer, most names and options are not
SECRET = re.compile(r"token|secret|passw|pwd|key|auth|credential|dsn", re.IGNORECASE)
MODULE = re.compile(r"[a-z_]+(\.[a-z_]+)+")  # long, but no secret
USER_INFO = re.compile(r"://[^/@\s]*@")


def own_command() -> str:
    """This process's command line, shortened."""
    return short_command(sys.orig_argv)


def command_of(pid: int) -> str | None:
    """The command line of a living process, shortened; None where there is none or we may not see it."""
    import psutil  # here: only an error message needs it, and every process would pay for the import

    try:
        return short_command(psutil.Process(pid).cmdline()) or None
    except (psutil.Error, OSError, ValueError):
        return None


def short_command(argv: Sequence[str]) -> str:
    """Program name and arguments, cut; code after `-c` and whatever may be a secret becomes `…`."""
    words = [PurePath(argv[0]).name] if argv and argv[0] else []
    is_hidden = False
    for word in argv[1:]:
        words.append("…" if is_hidden else _shown(word))
        # `-c` is followed by a program, `--token` by its value
        is_hidden = not is_hidden and (word == "-c" or (word.startswith("-") and _names_secret(word)))
    command = " ".join(words)
    return command if len(command) <= LONGEST_COMMAND else command[: LONGEST_COMMAND - 1] + "…"


def _names_secret(option: str) -> bool:
    return "=" not in option and SECRET.search(option) is not None


def _shown(word: str) -> str:
    name = word.partition("=")[0]
    if name != word and SECRET.search(name):
        return f"{name[:LONGEST_WORD]}=…"
    if word.startswith("eyJ"):  # how every JWT begins
        return "…"
    word = USER_INFO.sub("://…@", " ".join(word.split()))
    if len(word) <= LONGEST_WORD or MODULE.fullmatch(word):
        return word
    if "/" in word and "=" not in word:
        return "…/" + PurePath(word).name[-LONGEST_WORD:]  # of a long path the end tells most
    return word[: LONGEST_WORD // 2] + "…"
