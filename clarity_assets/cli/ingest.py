"""clarity-assets ingest: files of events, through a mapping, into the folder of events."""

import sys
from pathlib import Path

import click
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from clarity_assets.cli.shared import console
from clarity_assets.clickstream.ingest.results import Ingested
from clarity_assets.settings import Settings, load_settings

STAGES = {"read": "files", "land": "days"}
LEFT_OUT_TOLD = 5


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--mapping", "name", help="Which columns are which: events, ga4, store, … (`--list` tells them).")
@click.option(
    "--again", is_flag=True, help="Read files too that came through the mapping before, as after a change of it."
)
@click.option(
    "--list", "list_", is_flag=True, help="The mappings that there are, built in and of CLICKSTREAM_MAPPINGS."
)
def ingest(paths: tuple[Path, ...], name: str | None, again: bool, list_: bool) -> None:
    """Take events in: JSON lines, CSV or Parquet, plain or packed (.gz, .zst); folders are searched.

    Delivering a file again, or a part of it, adds nothing twice. Rows that are no events are told, with the reason.
    Exit code 1 if a file could not be read.
    """
    settings = load_settings()
    if list_:
        _list_mappings(settings)
        return
    if not paths or not name:
        raise click.UsageError(
            "Give files or folders, and --mapping NAME; `clarity-assets ingest --list` tells the names."
        )
    from clarity_assets.clickstream.ingest.ingesting import ingest as ingest_files
    from clarity_assets.clickstream.ingest.mapping import load_mapping

    mapping = load_mapping(name, settings)
    with Progress(console=console, transient=True) as bar:
        tasks = {stage: bar.add_task(unit, total=None, visible=False) for stage, unit in STAGES.items()}
        done = ingest_files(
            paths, mapping=mapping, settings=settings, now=settings.clock(), again=again,
            progress=lambda stage, count, total: bar.update(tasks[stage], completed=count, total=total, visible=True),
        )  # fmt: skip
    _tell(done)
    sys.exit(1 if done.unreadable else 0)


def _list_mappings(settings: Settings) -> None:
    from clarity_assets.clickstream.ingest.mapping import BUILT_IN, find_mappings, read_mapping

    table = Table("mapping", "what it reads", "file", box=None, header_style="bold")
    for name, file in sorted(find_mappings(settings).items()):
        where = "built in" if file.parent == BUILT_IN else f"{file}"
        table.add_row(name, escape(read_mapping(file).description), escape(where))
    console.print(table)


def _tell(done: Ingested) -> None:
    if done.files:
        table = Table("file", "rows", "new events", "known", "rejected", "days", box=None, header_style="bold")
        for column in table.columns[1:]:
            column.justify = "right"
        for file in done.files:
            counts = (file.rows_read, file.events_new, file.events_known, file.rows_rejected, len(file.days))
            told = ["", "", "known file", "", ""] if file.is_known else [f"{count:,}" for count in counts]
            table.add_row(escape(file.path.name), *told)
        if len(done.files) > 1:
            counts = (done.rows_read, done.events_new, done.events_known, done.rows_rejected, len(done.days_changed))
            table.add_row("[bold]all[/]", *(f"[bold]{count:,}[/]" for count in counts))
        console.print(table)
    for file in done.files:
        for rejected in file.rejected:
            console.print(
                f"  [yellow]rejected[/] {escape(file.path.name)}: {rejected.rows:,} × {escape(rejected.rule)}, "
                f"first in row {rejected.row_number:,}: {escape(rejected.example)}"
            )
        if file.events_changed:
            told = f"{escape(file.path.name)}: {file.events_changed:,} known events, told anew"
            console.print(f"  [yellow]changed[/] {told}")
        if file.missing:
            console.print(
                f"  [yellow]not there[/] {escape(file.path.name)}: columns {escape(', '.join(file.missing))} "
                f"of mapping {done.mapping}"
            )
    for path in done.left_out[:LEFT_OUT_TOLD]:
        console.print(f"  [yellow]left out[/] {escape(f'{path}')}: its name is none of a file of events")
    if len(done.left_out) > LEFT_OUT_TOLD:
        console.print(f"  [yellow]left out[/] and {len(done.left_out) - LEFT_OUT_TOLD:,} files more")
    for error in done.unreadable.values():
        console.print(f"  [red]not read[/] {escape(f'{error}')}")
    if not done.files and not done.unreadable:
        console.print("no file of events was found")
