"""Settings in; what health tells without the warehouse out: settings, token, disks, backups, copies, messages, runs."""

import os
import subprocess
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

from clarity_assets.alerts.machine import (
    BACKUP_AGE,
    BackupLike,
    Disk,
    disk_low,
    disk_of,
    newest_backup,
    token_expires,
)
from clarity_assets.alerts.store import open_alerts
from clarity_assets.alerts.tables import ALERT_TABLES
from clarity_assets.alerts.thresholds import parse_thresholds
from clarity_assets.clarity.windows import newest_complete_day
from clarity_assets.delivery.channels import need_channels
from clarity_assets.delivery.tables import DELIVERY_TABLES
from clarity_assets.errors import SettingsError, WarehouseBusy, WarehouseError
from clarity_assets.operations.file import open_operations
from clarity_assets.operations.health_told import (
    AutomationFacts,
    HealthCheck,
    bad,
    good,
    of_causes,
    unknown,
)
from clarity_assets.settings import Settings
from clarity_assets.warehouse.published_parquet import MANIFEST, read_manifest

COPY_AGE = timedelta(hours=48)
DELIVERIES_SINCE = timedelta(days=30)
MENDING = "`clarity-assets deliver --list` names them; `deliver --again ID` sends one again"


# --- settings, token ----------------------------------------------------------------------------------------------


def settings_check(settings: Settings, *, channels: Callable = need_channels) -> HealthCheck:
    """Whether limits and addresses can be understood; nothing is sent."""
    problems = []
    for look in (
        lambda: parse_thresholds(settings.thresholds),
        lambda: channels(settings.alert_to, setting="CLARITY_ALERT_TO"),
        lambda: channels(settings.report_to, setting="CLARITY_REPORT_TO"),
    ):
        try:
            look()
        except SettingsError as error:
            problems.append(str(error))
        except (subprocess.SubprocessError, OSError) as error:
            return unknown("settings", f"the addresses could not be looked at ({type(error).__name__})")
    if problems:
        return bad(
            "settings", "; ".join(problems), "Put it right in .env and restart the services", severity="critical"
        )
    if not settings.alert_to.get_secret_value().split():
        return bad("settings", "CLARITY_ALERT_TO is empty: nobody is told of alerts", "Set it (docs/runbook.md)")
    return good("settings", "limits and addresses can be understood", severity="critical")


def token_check(settings: Settings, *, now: datetime) -> HealthCheck:
    if settings.api_token is None:
        return bad("token", "CLARITY_API_TOKEN is not set", "Make one in Clarity: Settings -> Data Export",
                   severity="critical")  # fmt: skip
    found = token_expires(settings, now=now, open_ids=frozenset(["token_expires"]))
    return of_causes("token", found.causes, well="; ".join(found.over.values()), severity="critical")


# --- disks, files -------------------------------------------------------------------------------------------------


def disk_check(settings: Settings, *, disk: Callable[[Path], Disk] = disk_of) -> HealthCheck:
    try:
        here = disk(settings.warehouse.parent)
        causes = disk_low(settings, open_ids=frozenset(), disk=disk).causes
    except OSError as error:
        return unknown("disk", f"{error.filename}: {error.strerror}", "Look at that folder", severity="critical")
    well = f"{here.free_pct:.1f} % of {here.mount} is free ({here.free_bytes / 1e9:,.1f} GB)"
    return of_causes("disk", causes, well=well, severity="critical")


def backup_check(
    settings: Settings, *, now: datetime, backups: Callable[[Settings], Iterable[BackupLike]] | None = None
) -> HealthCheck:
    """The age of the newest verified backup, what it warns of, and backups that are damaged."""
    if backups is None:
        from clarity_assets.backups.folder import list_backups as backups  # heavy: encryption
    try:
        found = list(backups(settings))
    except (WarehouseError, OSError) as error:
        return unknown("backup", f"{error}", f"Look at {settings.backups_folder}")
    verified_count, newest = sum(backup.is_verified for backup in found), newest_backup(found, now=now)
    step = "`clarity-assets backup` makes one, or says what is wrong"
    if newest is None:
        if not settings.warehouse.exists() and not verified_count:
            return unknown("backup", "there is nothing to back up yet")
        future = f"; {verified_count} are dated into the future, look at the clock" if verified_count else ""
        return bad("backup", f"there is no verified backup in {settings.backups_folder}{future}", step)
    made_at, damaged = newest.made_at, len(found) - verified_count
    told = f"{verified_count} verified, the newest of {made_at:%Y-%m-%d %H:%M} UTC ({_age(now - made_at)})"
    if now - made_at > BACKUP_AGE:
        return bad("backup", told, step)
    if newest.warnings:
        return bad("backup", f"{told}: {'; '.join(newest.warnings)}", "Do what the warning says")
    if damaged:
        return bad("backup", f"{told}; {damaged} damaged", "`clarity-assets backup --list` names them")
    return good("backup", told)


def published_check(settings: Settings, *, now: datetime) -> HealthCheck:
    """The age of the copy that readers have."""
    folder = settings.published_folder
    try:
        manifest = read_manifest(folder / "parquet")
    except (OSError, ValueError) as error:
        return unknown("published", f"{folder / 'parquet' / MANIFEST} cannot be read ({error})")
    if manifest is None:
        if not settings.warehouse.exists():
            return unknown("published", "there is nothing to publish yet")
        return bad("published", f"nothing is published in {folder}", "`clarity-assets publish`")
    told = f"of {manifest.made_at:%Y-%m-%d %H:%M} UTC ({_age(now - manifest.made_at)}), up to {manifest.newest_date}"
    is_behind = manifest.newest_date is None or newest_complete_day(now) - manifest.newest_date > COPY_AGE
    if is_behind and now - manifest.made_at > COPY_AGE:
        return bad("published", told, "`clarity-assets publish` says what is wrong")
    return good("published", told)


def archive_check(settings: Settings) -> HealthCheck:
    """Whether answers can be kept as files: only these bring back what came after the newest backup."""
    folder = settings.archive_folder
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if not os.access(there, os.W_OK | os.X_OK):
        return bad("archive", f"{there} cannot be written", "Give this user the right, or set CLARITY_ARCHIVE")
    months = sorted(path for path in folder.glob("[0-9][0-9][0-9][0-9]/[0-9][0-9]") if path.is_dir())
    newest = max((path.name for path in months[-1].iterdir()), default="") if months else ""
    return good(
        "archive",
        f"{folder}: newest month {months[-1].parent.name}-{months[-1].name}" if newest else f"{folder} is empty",
    )


# --- messages, runs -----------------------------------------------------------------------------------------------


def message_checks(settings: Settings, *, now: datetime) -> list[HealthCheck]:
    """Open alerts, and deliveries that did not arrive, from the operations file; makes no file."""
    if not settings.operations_file.exists():
        return [good("alerts", "none was ever opened"), good("deliveries", "none was ever queued")]
    try:
        with open_operations(settings, tables=ALERT_TABLES | DELIVERY_TABLES, label="health") as con:
            alerts = open_alerts(con, project_id=settings.need_project())
            counts = dict(
                con.execute(
                    """select status, count(*) from ops.delivery where project_id = ? and queued_at >= ?
                       group by status order by status""",
                    [settings.need_project(), (now - DELIVERIES_SINCE).replace(tzinfo=None)],
                ).fetchall()
            )
    except WarehouseBusy as error:
        return [unknown(name, str(error)) for name in ("alerts", "deliveries")]
    except WarehouseError as error:
        return [bad(name, str(error), "Do what the message says") for name in ("alerts", "deliveries")]
    return [_alerts(alerts), _deliveries(counts)]


def _alerts(alerts: list) -> HealthCheck:
    if not alerts:
        return good("alerts", "none is open")
    titles = "; ".join(alert.title for alert in alerts[:3]) + (f" and {len(alerts) - 3} more" if alerts[3:] else "")
    severity = "critical" if any(alert.is_critical for alert in alerts) else "warning"
    return bad("alerts", f"{len(alerts)} open: {titles}", "`clarity-assets alerts`", severity=severity)


def _deliveries(counts: dict[str, int]) -> HealthCheck:
    told = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in counts.items())
    told = f"{told or 'none'} in {DELIVERIES_SINCE.days} days"
    is_bad = any(counts.get(status) for status in ("given_up", "interrupted", "held"))
    return bad("deliveries", told, MENDING) if is_bad else good("deliveries", told)


def automation_checks(automation: AutomationFacts | None) -> list[HealthCheck]:
    """Schedules, sensors and daemons; unknown where nobody could ask Dagster."""
    names = ("schedules", "sensors", "daemons")
    if automation is None:
        return [unknown(name, "not known here: DAGSTER_HOME is not set or was never used") for name in names]
    groups = (automation.schedules_running, automation.sensors_running, automation.daemons_healthy)
    switch = "Switch them on in Dagster's UI, or set CLARITY_AUTOMATION=on"
    steps = (switch, switch, "Start the daemon (docs/runbook.md): nothing runs by itself without it")
    return [
        _running(name, told, step, severity="warning" if name == "sensors" else "critical")
        for name, told, step in zip(names, groups, steps, strict=True)
    ]


def _running(name: str, told: dict[str, bool], step: str, *, severity) -> HealthCheck:
    if not told:
        return unknown(name, "none is known to Dagster yet", step, severity=severity)
    off = [each for each, is_running in told.items() if not is_running]
    if off:
        return bad(name, f"not running: {', '.join(off)}", step, severity=severity)
    return good(name, f"running: {', '.join(told)}", severity=severity)


def _age(age: timedelta) -> str:
    hours = age / timedelta(hours=1)
    if hours <= -0.5:  # less is a copy made while this is told
        return f"dated {-hours:.0f} h into the future, look at the clock"
    hours = max(hours, 0.0)
    return f"{hours:.0f} h ago" if hours < 72 else f"{hours / 24:.0f} days ago"
