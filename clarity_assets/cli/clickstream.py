"""clarity-assets clickstream run | status: from landed events to the analyses."""

import sys
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.table import Table

from clarity_assets.cli.shared import Day, console
from clarity_assets.clickstream.modules.registry import MODULES
from clarity_assets.errors import RequestRefused
from clarity_assets.settings import Settings, load_settings
from clarity_assets.warehouse.connection import open_warehouse

if TYPE_CHECKING:
    from clarity_assets.clickstream.person import Chance
    from clarity_assets.clickstream.run import ModuleResult


@click.group()
def clickstream() -> None:
    """Events of the site or shop: sessions and nine analyses of them (land events with `ingest`)."""


@clickstream.command()
@click.option(
    "--module", "modules", type=click.Choice(list(MODULES)), multiple=True, help="Only these; may be given again."
)
@click.option("--from", "first", type=Day(), help="First UTC day; of all that is behind if left out.")
@click.option("--to", "last", type=Day(), help="Last UTC day (included).")
@click.option("--user", help="Then say what the newest models say of this user (id as in the source).")
@click.option("--export", "export_to", type=click.Path(dir_okay=False, path_type=Path),
              help="Write the tables to this file: .json, .xlsx, or .zip (CSV files).")  # fmt: skip
def run(
    modules: tuple[str, ...], first: date | None, last: date | None, user: str | None, export_to: Path | None
) -> None:
    """Make sessions and analyses: all that is behind, or all of the days given. Ends with 1 where one failed."""
    from clarity_assets.clickstream.exporting import need_ending
    from clarity_assets.clickstream.run import run_clickstream

    settings = load_settings()
    if (first is None) != (last is None):
        raise RequestRefused("--from and --to go together; give both, or none for all that is behind")
    if first and first > last:
        raise RequestRefused(f"--from {first} lies after --to {last}; nothing was run")
    if export_to:
        need_ending(export_to)
    days = {"start": first, "end": last + timedelta(days=1)} if first else {}
    with console.status("sessions") as spinner:
        done = run_clickstream(settings, modules=modules, on_step=spinner.update, **days)
    _tell(done, settings)
    if user is not None:
        _tell_person(user, settings)
    if export_to:
        _export(export_to, modules, done, settings)
    if done.errors:
        sys.exit(1)


def _tell(done, settings: Settings) -> None:
    last = done.end - timedelta(days=1)
    console.print(f"Engine {settings.clickstream_engine}; UTC days {done.start} to {last}")
    console.print(f"Sessions of {done.session_days} days made")
    table = Table("analysis", "days or weeks", "rows now", "seconds", "outcome", box=None, header_style="bold")
    for result in done.results:
        unit = "week" if result.module.every == "week" else "day"
        count = f"{result.days} {unit}{'' if result.days == 1 else 's'}" if result.days else ""
        table.add_row(
            result.module.name, count, f"{sum(result.rows.values()):,}", f"{result.took_s:.1f}", _outcome(result)
        )
    console.print(table)
    if done.errors:
        console.print(f"[red]{len(done.errors)} of {len(done.results)} analyses failed[/]; the others are made")


def _outcome(result: "ModuleResult") -> str:
    if result.error:
        return f"[red]failed[/]: {escape(result.error)}"
    left = f"the week of {result.left_week} is left: it is not over" if result.left_week else ""
    return "; ".join(part for part in ("done" if result.days else "" if left else "up to date", left) if part)


def _tell_person(user: str, settings: Settings) -> None:
    from clarity_assets.clickstream.person import TABLES, find_person
    from clarity_assets.project_models import project_models
    from clarity_assets.warehouse.models.run import ensure_models

    with _warehouse(settings) as con:
        ensure_models(con, TABLES, models=project_models(settings))
        found = find_person(con, user, settings=settings)
    segment, chance, offer = found.segment, found.chance, found.offer
    console.print(f"\n{found.kind} {escape(user)}" if found.kind else f"\nNobody knows {escape(repr(user))}")
    console.print(f"  segment               {escape(segment.name or segment.why)}{_of_week(segment.week)}")
    console.print(f"  will buy              {escape(_chance(chance))}{_of_week(chance.week)}")
    if not offer.products:
        console.print("  recommended           nothing: no week is made yet")
        return
    console.print(f"  recommended{'' if offer.is_own else ' to everybody new'}{_of_week(offer.week)}")
    for rank, product, method in offer.products:
        console.print(f"  {rank:>2}. {escape(product)} ({method})")


def _chance(chance: "Chance") -> str:
    """The tenth, which the order of persons gives, before the number."""
    if chance.probability is None:
        return chance.why
    tenth = "highest of 10" if chance.decile == 1 else f"tenth {chance.decile} of 10, 1 is the highest"
    return f"{tenth}: {chance.probability:.1%}{f', but {chance.reserve}' if chance.reserve else ''}"


def _of_week(week: date | None) -> str:
    return f" (week of {week})" if week else ""


def _export(path: Path, modules: tuple[str, ...], done, settings: Settings) -> None:
    from clarity_assets.clickstream.exporting import export_tables
    from clarity_assets.project_models import ensure_project

    with _warehouse(settings) as con:
        models = ensure_project(con, settings)
        chosen = [models[table] for name in modules or MODULES for table in MODULES[name].models]
        counts = export_tables(
            con, path, models=chosen, project_id=settings.need_project(), start=done.start, end=done.end
        )
    console.print(f"\n{sum(counts.values()):,} rows of {len(counts)} tables: {path}")


@clickstream.command()
def status() -> None:
    """Which days have events and sessions, and how far each analysis is."""
    from clarity_assets.clickstream.status import read_clickstream_status

    known = read_clickstream_status(load_settings())
    if known.first is None:
        console.print("No events yet. Land some: clarity-assets ingest FILE… --mapping NAME")
        return
    console.print(f"{known.events:,} events, {known.bot_events:,} of them of bots")
    console.print(f"{known.days} UTC days with events, {known.first} to {known.last}")
    console.print(f"{known.sessions:,} sessions; sessions of {known.session_days_behind} days are behind")
    console.print(f"{known.files} files ingested, {known.rows_rejected:,} rows rejected (landing.clickstream_rejected)")
    table = Table("analysis", "newest", "behind", "engine", box=None, header_style="bold")
    for one in known.modules:
        table.add_row(one.name, f"{one.newest or 'never'}", f"{one.behind}", one.engine or "")
    console.print(table)


def _warehouse(settings: Settings):
    return open_warehouse(settings.warehouse, timeout_s=settings.warehouse_timeout_s, label="clickstream")
