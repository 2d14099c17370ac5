"""clarity-assets report | recommend | trace | export: from the marts to people."""

import getpass
import json
import sys
from datetime import date

import click
from rich.markup import escape
from rich.table import Table

from clarity_assets.cli.shared import Day, console
from clarity_assets.errors import RequestRefused
from clarity_assets.reports.period import Period, newest_month, newest_week
from clarity_assets.settings import Settings, load_settings
from clarity_assets.warehouse.connection import open_warehouse

FIRST_OF_CLARITY = date(2018, 1, 1)  # nobody has figures of earlier days
KIND_OF = {"weekly": "summary", "monthly": "summary", "ux": "ux", "product": "product", "clickstream": "clickstream"}
STATES = ("open", "accepted", "done", "dismissed")
EXPORT_FORMATS = ("csv", "parquet", "xlsx", "json")
FORMATS = ("text", "markdown", "html", "pdf", "json", "all")


@click.command()
@click.argument("name", type=click.Choice(list(KIND_OF)))
@click.option("--from", "first", type=Day(), help="First UTC day; of the newest complete week or month if left out.")
@click.option("--to", "last", type=Day(), help="Last UTC day (included).")
@click.option("--format", "formats", type=click.Choice(FORMATS), multiple=True, default=("text",), show_default=True,
              help="text goes to the terminal, the others to files; may be given several times.")  # fmt: skip
def report(name: str, first: date | None, last: date | None, formats: tuple[str, ...]) -> None:
    """What happened, what changed, whether it is real, what to do first; of a week, a month or any days.

    weekly and monthly are summaries; ux and product go into detail; clickstream tells of events.
    """
    from clarity_assets.reports.make import ENDINGS, make_reports, renderer, write_report

    settings = load_settings()
    period = _period(name, first, last, settings=settings)
    with _warehouse(settings, f"report {name}") as con:
        [made] = make_reports(con, settings=settings, period=period, kinds=(KIND_OF[name],)).values()
    wanted = tuple(ENDINGS) if "all" in formats else formats
    if "text" in formats:
        click.echo(renderer("text")(made), nl=False)
    files = [format_ for format_ in wanted if format_ != "text" or "all" in formats]
    for path in write_report(made, folder=settings.reports, formats=files).values():
        click.echo(path)


def _warehouse(settings: Settings, label: str):
    """The working file, when it is our turn."""
    return open_warehouse(settings.warehouse, timeout_s=settings.warehouse_timeout_s, label=label)


def _period(name: str, first: date | None, last: date | None, *, settings: Settings) -> Period:
    """The days asked for. Raises RequestRefused for days that are not over, or before the first one."""
    from clarity_assets.clarity.windows import newest_complete_day

    newest = newest_complete_day(settings.clock())
    if first is None and last is not None:
        raise RequestRefused(f"--to {last} without --from; give both, or --from alone for one whole week or month")
    if first is None:
        period = newest_month(newest) if name == "monthly" else newest_week(newest)
    elif last is None:
        period = Period.month(first) if name == "monthly" else Period.week(first)
    else:
        period = Period.span(first, last)
    if period.before.start < FIRST_OF_CLARITY and name != "clickstream":
        raise RequestRefused(f"{period.start} lies before Clarity itself ({FIRST_OF_CLARITY}); give later days")
    if period.last > newest:
        raise RequestRefused(f"{period.last} is not over yet (the newest complete UTC day is {newest})")
    return period


@click.group()
def recommend() -> None:
    """What the reports recommend: list, show one, and say what was decided."""


@recommend.command("list")
@click.option("--state", "states", type=click.Choice(STATES), multiple=True, help="Only these; may be given again.")
def list_(states: tuple[str, ...]) -> None:
    """Every recommendation that a weekly or monthly report made, open ones first, by severity."""
    from clarity_assets.recommendations.told import LIST_COLUMNS, list_rows

    settings = load_settings()
    with _warehouse(settings, "recommend list") as con:
        rows = list_rows(con, settings=settings, states=states or None)
    table = Table(*LIST_COLUMNS, box=None, header_style="bold")
    for row in rows:
        table.add_row(*map(escape, row))
    console.print(table if rows else "No recommendation yet: weekly and monthly reports make them.")


@recommend.command()
@click.argument("recommendation_id")
def show(recommendation_id: str) -> None:
    """All that is known of one: evidence, reason, what to try, history, what came of it."""
    from clarity_assets.recommendations.told import show_lines

    settings = load_settings()
    with _warehouse(settings, "recommend show") as con:
        lines = show_lines(con, settings=settings, recommendation_id=recommendation_id)
    click.echo("\n".join(lines))


def _decision(state: str, verb: str, meaning: str) -> click.Command:
    """The command that records one kind of decision."""

    @click.option("--note", help="Why, or what was done.")
    @click.option("--by", help="Who decided; the user of this machine if left out.")
    @click.option("--on", type=Day(), help="UTC day of it; today if left out.")
    @click.argument("recommendation_id")
    def command(recommendation_id: str, on: date | None, by: str | None, note: str | None) -> None:
        from clarity_assets.project_models import ensure_project
        from clarity_assets.recommendations.decisions import decide
        from clarity_assets.recommendations.told import decided_line

        settings = load_settings()
        with _warehouse(settings, f"recommend {verb}") as con:
            ensure_project(con, settings)
            decision = decide(
                con, project_id=settings.need_project(), recommendation_id=recommendation_id, state=state,
                on=on or settings.clock().date(), by=by or getpass.getuser(), note=note, recorded_at=settings.clock(),
            )  # fmt: skip
        click.echo(decided_line(decision))

    return click.command(verb, help=meaning)(command)


for _state, _verb, _meaning in (
    ("accepted", "accept", "It will be done."),
    ("done", "done", "It was done: later reports say what its number did since then."),
    ("dismissed", "dismiss", "It will not be done, and is not recommended again."),
    ("open", "reopen", "It is open again."),
):
    recommend.add_command(_decision(_state, _verb, _meaning))


@click.command()
@click.option("--from", "first", type=Day(), help="First UTC day; of the newest complete week if left out.")
@click.option("--to", "last", type=Day(), help="Last UTC day (included).")
@click.option("--month", is_flag=True, help="The newest complete month, or the one that --from begins.")
@click.option("--format", "formats", type=click.Choice(EXPORT_FORMATS), multiple=True, help="All if left out.")
def export(first: date | None, last: date | None, month: bool, formats: tuple[str, ...]) -> None:
    """Daily figures as CSV, Parquet, Excel and JSON (a feed for Power BI), with a manifest of hashes."""
    from clarity_assets.exports.exporting import export_period
    from clarity_assets.operations.logs import log_event
    from clarity_assets.project_models import ensure_project

    settings = load_settings()
    period = _period("monthly" if month else "weekly", first, last, settings=settings)
    with _warehouse(settings, "export") as con:
        ensure_project(con, settings)
        made = export_period(
            con, project_id=settings.need_project(), period=period, folder=settings.reports / "exports",
            made_at=settings.clock(), formats=formats or None,
        )  # fmt: skip
    log_event(settings, "audit", event="exported", period=period.slug, by=getpass.getuser(), files=made.paths)
    for path in made.paths:
        click.echo(path)
    click.echo(made.manifest)


@click.command()
@click.argument("number_id", required=False)
@click.option(
    "--verify", is_flag=True, help="Hash every stored answer and event file again, in place of tracing one number."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def trace(number_id: str | None, verify: bool, as_json: bool) -> None:
    """Where a number of a report comes from: mart rows, SQL and column lineage, landing rows, answers, requests; of
    events: the analysis, the sessions and the event files.

    Ids stand in the HTML (point at a number) and JSON reports. Exit code 1 if a stored answer or event was changed.
    """
    from clarity_assets.project_models import ensure_project
    from clarity_assets.trace.answers import verify_answers
    from clarity_assets.trace.event_rendering import render_verified_events
    from clarity_assets.trace.events import verify_events
    from clarity_assets.trace.rendering import render_trace, render_verified
    from clarity_assets.trace.tracing import trace as trace_number

    if (number_id is None) == (not verify):
        raise click.UsageError("give the id of a number (n and hexadecimal digits), or --verify")
    settings = load_settings()
    with _warehouse(settings, "trace") as con:
        ensure_project(con, settings)
        if verify:
            found, events = (
                verify_answers(con, project_id=settings.need_project()),
                verify_events(con, settings=settings),
            )
            told = found.as_json() | {"events": events.as_json()}
            is_intact = told["is_intact"] = found.is_intact and not events.damaged
            text = render_verified(found) + render_verified_events(events)
        else:
            found = trace_number(con, number_id, settings=settings)
            told, text, is_intact = found.as_json(), render_trace(found), found.is_intact
    click.echo(json.dumps(told, indent=2, ensure_ascii=False) if as_json else text.rstrip())
    sys.exit(0 if is_intact else 1)
