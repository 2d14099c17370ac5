"""clarity-assets backup | restore | recover: the warehouse to files that survive it, and back."""

import sys

import click
from rich.markup import escape
from rich.table import Table

from clarity_assets.cli.shared import console
from clarity_assets.settings import Settings, load_settings

NEXT = "Next: `clarity-assets build --from <first day since the backup>` makes the marts anew; `clarity-assets status`"


@click.command()
@click.option("--list", "is_list", is_flag=True, help="Tell what backups there are, in place of making one.")
@click.option("--verify", "is_verify", is_flag=True, help="Unpack, hash and open every backup, in place of making one.")
def backup(is_list: bool, is_verify: bool) -> None:
    """Make a verified backup of the warehouse, and thin older ones. Exit code 1 where a backup is not good.

    Encrypted where CLARITY_BACKUP_KEY is set.
    """
    from clarity_assets.backups.folder import list_backups
    from clarity_assets.backups.making import make_backup, verify_backups

    if is_list and is_verify:
        raise click.UsageError("give --list or --verify, not both")
    settings = load_settings()
    if is_list or is_verify:
        found = list_backups(settings) if is_list else verify_backups(settings)
        _show(found)
        sys.exit(0 if all(one.is_verified for one in found) else 1)
    made = make_backup(settings)
    click.echo(made.path)
    lock = "encrypted" if made.is_encrypted else "not encrypted (CLARITY_BACKUP_KEY is not set)"
    console.print(
        f"{made.size_bytes:,} bytes, {lock}, verified: {sum(made.tables.values()):,} rows in {len(made.tables)} "
        f"tables; the warehouse was held for {made.held_s:.2f} s; {len(made.deleted)} older ones deleted"
    )
    for warning in made.warnings:
        console.print(f"[yellow]{escape(warning)}[/]")


def _show(found: list) -> None:
    table = Table("made at (UTC)", "bytes", "answers", "encrypted", "state", "file", box=None, header_style="bold")
    for one in found:
        state = "[green]verified[/]" if one.is_verified else "[red]not good[/]"
        encrypted = {True: "yes", False: "no", None: "?"}[one.is_encrypted]
        answers = f"{one.tables['ops.clarity_answer']:,}" if "ops.clarity_answer" in one.tables else ""
        table.add_row(
            f"{one.made_at:%Y-%m-%d %H:%M:%S}", f"{one.size_bytes:,}", answers, encrypted, state, escape(one.path.name)
        )
    console.print(table if found else "No backup yet: `clarity-assets backup` makes one.")
    for one in found:
        if one.trouble:
            console.print(f"[red]{escape(one.trouble)}[/]")


@click.command()
@click.argument("which", metavar="[BACKUP]", default="latest")
@click.option("--replace", is_flag=True, help="Move an existing warehouse aside first.")
@click.option("--nothing-spent-since", is_flag=True,
              help="Nothing was asked or told since the backup: today's budget need not count as spent, and messages "
              "that waited need not be held.")  # fmt: skip
@click.option("--other-project", is_flag=True, help="The backup may be of another project than CLARITY_PROJECT_ID.")
def restore(which: str, replace: bool, nothing_spent_since: bool, other_project: bool) -> None:
    """Bring the warehouse back from a backup: the newest one, a name of `backup --list`, or a path.

    It is verified first. Answers kept since as files are imported, and what is left of today's requests counts as
    spent, as the backup does not know.
    """
    from clarity_assets.backups.restoring import restore_backup

    settings = load_settings()
    done = restore_backup(
        settings, which, replace=replace, nothing_spent_since=nothing_spent_since, other_project=other_project
    )
    console.print(f"{escape(str(done.warehouse))} is as it was at {done.backup.made_at:%Y-%m-%d %H:%M:%S} UTC")
    console.print(f"sha256 {done.sha256}, equal to the one that was packed; {sum(done.tables.values()):,} rows in "
                  f"{len(done.tables)} tables, equal too")  # fmt: skip
    if done.has_operations:
        held = (
            ""
            if nothing_spent_since
            else "; messages that waited are not sent by themselves (`clarity-assets deliver`)"
        )
        console.print(f"Alerts and deliveries came back too{held}")
    if done.aside:
        console.print(f"What was there before is {escape(str(done.aside))}")
    _show_caught_up(done.caught_up, settings)


@click.command()
@click.option("--from-archive", is_flag=True, help="Where no backup is good: begin anew from the archived answers.")
def recover(from_archive: bool) -> None:
    """Replace a damaged or missing warehouse by its newest good backup; the damaged file is kept.

    A healthy one is left alone.
    """
    from clarity_assets.backups.recovering import recover_warehouse

    settings = load_settings()
    done = recover_warehouse(settings, from_archive=from_archive)
    console.print(f"[red]{'missing' if done.is_of_missing else 'damaged'}[/] {escape(done.damage)}")
    if done.aside:
        console.print(f"The damaged file is {escape(str(done.aside))}")
    for line in done.passed_over:
        console.print(f"[yellow]passed over[/] {escape(line)}")
    if done.was_half_done:
        console.print("[green]complete[/] now; what was there before lies beside it")
    elif done.backup:
        console.print(f"[green]restored[/] from {escape(str(done.backup.path))}")
    else:
        console.print("[yellow]begun anew[/] from the archived answers alone, as no backup is good")
    _show_caught_up(done.caught_up, settings)
    for line in done.warnings:
        console.print(f"[yellow]{escape(line)}[/]")


def _show_caught_up(caught_up, settings: Settings) -> None:
    console.print(f"{caught_up.imported} answers kept since were imported; {caught_up.maybe_spent} requests of today "
                  "count as spent, as nobody knows")  # fmt: skip
    for line in caught_up.refused:
        console.print(f"  [red]refused[/] {escape(line)}")
    if caught_up.refused:
        console.print(f"Next: when that is mended, `clarity-assets import {escape(str(settings.archive_folder))}`")
    console.print(NEXT)
