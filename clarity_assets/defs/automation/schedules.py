"""When what runs by itself (UTC): the day's collection, the week's and month's reports, the upkeep of each night."""

from datetime import date

import dagster as dg

from clarity_assets.clarity.windows import newest_complete_day
from clarity_assets.dagster_facts import was_asked
from clarity_assets.defs.automation.jobs import daily_job, monthly_job, upkeep_job, weekly_job
from clarity_assets.errors import WarehouseBusy
from clarity_assets.overdue import report_waits
from clarity_assets.reports.period import Period, newest_month, newest_week
from clarity_assets.settings import Settings, load_settings

LOOK_TIMEOUT_S = 10.0  # to wait for the warehouse: Dagster ends a tick after 60 s
EVERY_MINUTE = "* * * * *"  # of a clock that runs fast (a drill): each tick asks it whether it is time

Requested = dg.RunRequest | dg.SkipReason


def day_to_collect(settings: Settings) -> Requested:
    """The newest complete UTC day: one run a day, however often and late it is asked."""
    if not (settings.project_id and settings.api_token):
        return dg.SkipReason("CLARITY_PROJECT_ID and CLARITY_API_TOKEN are not both set; put them into .env")
    damage = damage_told(settings)
    if damage:
        return dg.SkipReason(f"{damage}; it is restored first (sensor `alerts`)")
    return _of_partition("daily", newest_complete_day(settings.clock()), settings)


def damage_told(settings: Settings) -> str:
    """What is wrong with the warehouse so that it must be restored; empty where it opens.

    A file that is missing although there are backups counts. Raises WarehouseBusy.
    """
    from clarity_assets.backups.recovering import find_damage

    return find_damage(settings, is_deep=False) or ""


def week_to_report(settings: Settings) -> Requested:
    return _of_period("weekly", newest_week(newest_complete_day(settings.clock())), settings)


def month_to_report(settings: Settings) -> Requested:
    return _of_period("monthly", newest_month(newest_complete_day(settings.clock())), settings)


def _of_period(job: str, period: Period, settings: Settings) -> Requested:
    """The period, unless more of it will be told soon: then sensor `overdue` asks for it."""
    waits = report_waits(settings, period) if settings.project_id else "CLARITY_PROJECT_ID is not set; put it into .env"
    return dg.SkipReason(waits) if waits else _of_partition(job, period.start, settings)


def night_to_keep(settings: Settings) -> Requested:
    return dg.RunRequest(run_key=f"upkeep {settings.clock().date()}")


def _of_partition(job: str, first: date, settings: Settings) -> Requested:
    if first < settings.first_date:
        return dg.SkipReason(f"{first} lies before CLARITY_FIRST_DATE={settings.first_date}: nothing is known of it")
    return dg.RunRequest(run_key=f"{job} {first}", partition_key=first.isoformat())


def is_time(cron: str, settings: Settings) -> bool:
    """Whether the hour and minute, and the day, of a schedule have come by a fast clock."""
    minute, hour, day_of_month, _, weekday = cron.split()
    now = settings.clock()
    return (
        (now.hour, now.minute) >= (int(hour), int(minute))
        and (day_of_month == "*" or now.day == int(day_of_month))
        and (weekday == "*" or now.isoweekday() % 7 == int(weekday))
    )


def schedule(name: str, *, job, cron: str, asked, description: str) -> dg.ScheduleDefinition:
    """A schedule whose runs are told by `asked`; what was asked before, by whichever tick, is not asked again."""

    @dg.schedule(
        name=name,
        job=job,
        cron_schedule=EVERY_MINUTE if load_settings().clock_speed else cron,
        execution_timezone="UTC",
        default_status=default_status(dg.DefaultScheduleStatus),
        description=description,
    )
    def ticked(context: dg.ScheduleEvaluationContext) -> Requested:
        settings = load_settings(warehouse_timeout_s=LOOK_TIMEOUT_S)
        if settings.clock_speed and not is_time(cron, settings):
            return dg.SkipReason(f"not yet: it is {settings.clock():%Y-%m-%d %H:%M} UTC by the drill's clock")
        try:
            found = asked(settings)
        except WarehouseBusy as error:
            return dg.SkipReason(f"{error}; a sensor asks for it once that is over")
        is_kept = context.instance_ref is not None  # one in memory has no schedules, and gives itself to none
        if isinstance(found, dg.RunRequest) and is_kept and was_asked(context.instance, found.run_key):
            return dg.SkipReason(f"{found.run_key} was asked for before")
        return found

    return ticked


def default_status(statuses):
    """Running or stopped, as CLARITY_AUTOMATION says."""
    return statuses.RUNNING if load_settings().automation == "on" else statuses.STOPPED


def _cron(time_of_day: str, days: str = "* * *") -> str:
    hour, minute = time_of_day.split(":")
    return f"{int(minute)} {int(hour)} {days}"


@dg.definitions
def schedules() -> dg.Definitions:
    s = load_settings()
    return dg.Definitions(
        schedules=[
            schedule(
                "daily_collection", job=daily_job, cron=_cron(s.collect_at), asked=day_to_collect,
                description="Yesterday from Clarity to the published copy, shortly after it is over.",
            ),
            schedule(
                "weekly_reports", job=weekly_job, cron=_cron(s.reports_at, "* * 1"), asked=week_to_report,
                description="The last week's reports and exports, on Mondays.",
            ),
            schedule(
                "monthly_reports", job=monthly_job, cron=_cron(s.reports_at, "1 * *"), asked=month_to_report,
                description="The last month's reports and exports, on the 1st.",
            ),
            schedule(
                "nightly_upkeep", job=upkeep_job, cron=_cron(s.backup_at), asked=night_to_keep,
                description="Backup, what is kept no longer, health.",
            ),
        ]
    )  # fmt: skip
