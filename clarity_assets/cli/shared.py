"""What all commands share: the console, days as arguments, our own errors as one line."""

import sys
from datetime import date

import click
from rich.console import Console

from clarity_assets.errors import ClarityAssetsError

PIPED_WIDTH = 250  # columns where the output is no terminal: one line a row, for grep and the like

_is_terminal = sys.stdout.isatty()
console = Console(highlight=False, soft_wrap=not _is_terminal, width=None if _is_terminal else PIPED_WIDTH)


class Day(click.ParamType):
    name = "YYYY-MM-DD"

    def convert(self, value, param, ctx):
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no ISO date such as 2026-10-04", param, ctx)


class Group(click.Group):
    """Shows our own errors as one line and ends with exit code 1."""

    def invoke(self, ctx: click.Context):
        try:
            return super().invoke(ctx)
        except ClarityAssetsError as error:
            raise click.ClickException(f"{type(error).__name__}: {error}") from error
