"""clarity-assets collect | build | status | import | withdraw | rebuild: from the API, or an archive, to the marts."""

import json
import sys
from datetime import date, timedelta
from pathlib import Path

import click
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from clarity_assets.clarity.importing import import_answers, withdraw_answers
from clarity_assets.clarity.rebuild import rebuild
from clarity_assets.clarity.status import Status, read_status
from clarity_assets.cli.shared import Day, console
from clarity_assets.settings import load_settings

STATUS_STYLE = {"measured": "green", "derived": "cyan", "pending": "yellow", "lost": "red"}


@click.command()
@click.option("--from", "first", type=Day(), help="First UTC day; the last one if left out.")
@click.option("--to", "last", type=Day(), help="Last UTC day (included); the newest complete one if left out.")
def collect(first: date | None, last: date | None) -> None:
    """Make days known: one Dagster run a day, asking no more than is needed. Exit code 1 if any request failed."""
    from clarity_assets.clarity.windows import newest_complete_day
    from clarity_assets.dagster_home import prepare_dagster_home
    from clarity_assets.runs import collect_days, days_to_collect

    settings = load_settings()
    settings.need_project()
    newest = newest_complete_day(settings.clock())
    days = days_to_collect(first or last or newest, last or newest, settings=settings)
    import dagster as dg

    prepare_dagster_home()
    failed = False
    with dg.DagsterInstance.get() as instance:
        for run in collect_days(days, instance=instance):
            failed = failed or bool(run.failures)
            mark = "[red]incomplete[/]" if run.failures else "[green]complete[/]"
            console.print(f"{run.day} {mark} (run {run.run_id[:8]})")
            for message in dict.fromkeys(run.failures.values()):
                names = ", ".join(name for name, text in run.failures.items() if text == message)
                console.print(f"  [red]{names}[/] {escape(message)}")
    sys.exit(1 if failed else 0)


@click.command()
@click.option("--days", type=click.IntRange(1, 3660), default=14, show_default=True, help="How many days back.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
def status(days: int, as_json: bool) -> None:
    """One line a request and day (status, coverage, method), the budget today, the gaps and their causes."""
    known = read_status(load_settings(), days=days)
    if as_json:
        click.echo(json.dumps(_status_json(known), indent=2, default=lambda value: value.isoformat()))
        return
    table = Table("request", "date", "status", "coverage", "method", "rows", "note", box=None, header_style="bold")
    for day in known.days:
        style = STATUS_STYLE[day.status]
        method = f"{day.method} from {day.rolled_up_from}" if day.rolled_up_from else day.method or ""
        note = (
            "sample: cut at 1,000 rows"
            if day.is_truncated
            else f"{day.refused_keys} keys refused"
            if day.refused_keys
            else ""
        )
        table.add_row(
            day.request, f"{day.date}", f"[{style}]{day.status}[/]", f"{day.coverage:.1%}", method,
            f"{day.row_count:,}" if day.is_known else "", note,
        )  # fmt: skip
    console.print(table)
    budget = known.budget
    console.print(
        f"\n[bold]Budget[/] of {budget.label}: {budget.spent} of {budget.limit} requests spent, {budget.left} left "
        f"({budget.reserve_left} for missed days and extra requests); anew at {budget.next_at:%Y-%m-%d %H:%M} UTC"
        + (" - [red]the API said 429[/]" if budget.is_rate_limited else "")
    )
    console.print("\n[bold]Gaps[/]" + ("" if known.gaps else ": none"))
    for gap in known.gaps:
        span = f"{gap.first}" if gap.first == gap.last else f"{gap.first} to {gap.last}"
        console.print(f"  {gap.request} {span} [{STATUS_STYLE[gap.status]}]{gap.status}[/]: {escape(gap.cause)}")


def _status_json(known: Status) -> dict:
    return {
        "days": [
            {name: getattr(day, name) for name in (
                "request", "date", "status", "method", "rolled_up_from", "coverage", "window_start", "window_end",
                "skew_s", "is_truncated", "refused_keys", "row_count", "cause")}
            for day in known.days
        ],
        "budget": vars(known.budget) | {"left": known.budget.left, "reserve_left": known.budget.reserve_left},
        "gaps": [vars(gap) for gap in known.gaps],
        "counts": known.counts,
        "answers": known.answers,
        "requests_sent": known.requests_sent,
    }  # fmt: skip


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--window-end", help="When the answers were asked: an ISO instant, or a time of day (UTC) beside dates.")
@click.option("--num-of-days", type=click.IntRange(1, 3), help="Length of their windows, where the files do not tell.")
@click.option("--request", help="Which request they answer, where their rows do not tell.")
def import_(paths: tuple[Path, ...], window_end: str | None, num_of_days: int | None, request: str | None) -> None:
    """Take archived answers (JSON files or folders of them); days that they make solvable are solved.

    A file holds a bare answer, an envelope with window_end and num_of_days, a list of envelopes, or {date: answer}.
    """
    done = import_answers(load_settings(), paths, window_end=window_end, num_of_days=num_of_days, request=request)
    console.print(f"{done.stored} answers stored, {done.duplicates} known already, {len(done.quarantined)} quarantined")
    for line in done.quarantined:
        console.print(f"  [yellow]quarantined[/] {escape(line)}")
    for line in done.refused:
        console.print(f"  [red]refused[/] {escape(line)}")
    console.print(f"{len(done.solved)} days solved or solved better")
    for state in done.solved:
        console.print(f"  {state.request} {state.date} {state.status}, {len(state.answers)} windows, "
                      f"coverage {state.coverage:.1%}, skew {state.skew_s} s")  # fmt: skip
    sys.exit(1 if done.refused else 0)


@click.command()
@click.argument("names", nargs=-1, required=True)
def withdraw(names: tuple[str, ...]) -> None:
    """Use answers no more, such as those imported with a wrong window end: by file name or answer id."""
    console.print(f"{withdraw_answers(load_settings(), names)} answers withdrawn; they stay stored, in quarantine")


@click.command("rebuild")
def rebuild_() -> None:
    """Make every landing table anew from the stored answers alone."""
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("days", total=None)
        done = rebuild(load_settings(), progress=lambda days, total: bar.update(task, completed=days, total=total))
    console.print(f"{done.days:,} days rebuilt from {done.answers:,} answers: {done.rows:,} landing rows")
    if done.kept:
        console.print(f"{done.kept:,} days stay as they are: answers or rows of theirs were deleted (CLARITY_KEEP_*)")


@click.command()
@click.option("--from", "first", type=Day(), help="First UTC day; a week before the last one if left out.")
@click.option("--to", "last", type=Day(), help="Last UTC day (included); the newest complete one if left out.")
def build(first: date | None, last: date | None) -> None:
    """Make all SQL models of these days anew, and check them. Exit code 1 if a step or a blocking check fails."""
    from clarity_assets.clarity.windows import newest_complete_day
    from clarity_assets.dagster_home import prepare_dagster_home
    from clarity_assets.runs import build_marts, need_days, need_open_days

    settings = load_settings()
    last = last or newest_complete_day(settings.clock())
    first = first or max(last - timedelta(days=6), settings.first_date)
    need_days(first, last, settings=settings)
    need_open_days(first, settings=settings)
    import dagster as dg

    prepare_dagster_home()
    with dg.DagsterInstance.get() as instance:
        built = build_marts(first, last, instance=instance)
    failed = built.failed_checks
    mark = "[green]complete[/]" if built.is_complete else "[red]incomplete[/]"
    console.print(
        f"{first} to {last} {mark} (run {built.run_id[:8]}); {len(built.checks) - len(failed)} of "
        f"{len(built.checks)} checks passed"
    )
    for check in failed:
        style = "red" if check.severity == dg.AssetCheckSeverity.ERROR else "yellow"
        where = f"{check.asset_key.to_user_string()} {check.check_name}"
        console.print(f"  [{style}]{where}[/] {escape(check.description or '')}")
    for step, message in built.failures.items():
        console.print(f"  [red]{step}[/] {escape(message)}")
    sys.exit(0 if built.is_complete and not any(c.severity == dg.AssetCheckSeverity.ERROR for c in failed) else 1)
