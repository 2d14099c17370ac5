"""clarity-assets report | recommend | trace | export: from the marts to people."""

import json
import sys
from datetime import date

import click

from clarity_assets.cli.shared import Day, console
from clarity_assets.errors import RequestRefused
from clarity_assets.reports.period import Period, newest_month, newest_week
from clarity_assets.settings import Settings, load_settings

KIND_OF = {"weekly": "summary", "monthly": "summary", "ux": "ux", "product": "product"}
FORMATS = ("text", "markdown", "html", "pdf", "json", "all")


@click.command()
@click.argument("name", type=click.Choice(list(KIND_OF)))
@click.option("--from", "first", type=Day(), help="First UTC day; of the newest complete week or month if left out.")
@click.option("--to", "last", type=Day(), help="Last UTC day (included).")
@click.option("--format", "formats", type=click.Choice(FORMATS), multiple=True, default=("text",), show_default=True,
              help="text goes to the terminal, the others to files; may be given several times.")  # fmt: skip
def report(name: str, first: date | None, last: date | None, formats: tuple[str, ...]) -> None:
    """What happened, what changed, whether it is real, what to do first; of a week, a month or any days.

    weekly and monthly are summaries; ux and product go into detail.
    """
    from clarity_assets.reports.make import ENDINGS, make_reports, renderer, write_report
    from clarity_assets.warehouse.connection import open_warehouse

    settings = load_settings()
    period = _period(name, first, last, settings=settings)
    with open_warehouse(settings.warehouse, timeout_s=settings.warehouse_timeout_s, label=f"report {name}") as con:
        [made] = make_reports(con, settings=settings, period=period, kinds=(KIND_OF[name],)).values()
    wanted = tuple(ENDINGS) if "all" in formats else formats
    if "text" in formats:
        click.echo(renderer("text")(made), nl=False)
    files = [format_ for format_ in wanted if format_ != "text" or "all" in formats]
    for path in write_report(made, folder=settings.reports, formats=files).values():
        click.echo(path)


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
    if period.last > newest:
        raise RequestRefused(f"{period.last} is not over yet (the newest complete UTC day is {newest})")
    return period


@click.command()
@click.argument("number_id", required=False)
@click.option("--verify", is_flag=True, help="Hash every stored answer again, in place of tracing one number.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def trace(number_id: str | None, verify: bool, as_json: bool) -> None:
    """Where a number of a report comes from: mart rows, SQL and column lineage, landing rows, answers, requests.

    Ids stand in the HTML (point at a number) and JSON reports. Exit code 1 if a stored answer was changed.
    """
    from clarity_assets.project_models import ensure_project
    from clarity_assets.trace.answers import verify_answers
    from clarity_assets.trace.rendering import render_trace, render_verified
    from clarity_assets.trace.tracing import trace as trace_number
    from clarity_assets.warehouse.connection import open_warehouse

    if (number_id is None) == (not verify):
        raise click.UsageError("give the id of a number (n and hexadecimal digits), or --verify")
    settings = load_settings()
    with open_warehouse(settings.warehouse, timeout_s=settings.warehouse_timeout_s, label="trace") as con:
        ensure_project(con, settings)
        if verify:
            found = verify_answers(con, project_id=settings.need_project())
        else:
            found = trace_number(con, number_id, settings=settings)
    render = render_verified if verify else render_trace
    click.echo(json.dumps(found.as_json(), indent=2, ensure_ascii=False) if as_json else render(found).rstrip())
    sys.exit(0 if found.is_intact else 1)
