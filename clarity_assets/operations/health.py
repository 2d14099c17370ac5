"""Settings and what Dagster says of itself in; one verdict after the other on all that must work, out."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from clarity_assets.backups.contents import damage_of
from clarity_assets.errors import SettingsError, WarehouseError
from clarity_assets.operations import health_machine as machine
from clarity_assets.operations.health_told import AutomationFacts, Health, HealthCheck, bad, good, unknown
from clarity_assets.operations.health_warehouse import warehouse_checks
from clarity_assets.settings import Settings


def read_health(
    settings: Settings,
    *,
    automation: AutomationFacts | None = None,
    now: datetime | None = None,
    is_deep: bool = False,
) -> Health:
    """Look at everything once; what cannot be told now is unknown, and stops nothing.

    Asks nothing of the API and no other host. Makes neither warehouse nor operations file where there is none.
    `is_deep` reads every block and hashes every answer of the warehouse: minutes, not seconds.
    """
    now = now or settings.clock()
    try:
        settings.need_project()
    except SettingsError as error:
        return Health(now, (bad("settings", str(error), "Put it into .env", severity="critical"),))
    with ThreadPoolExecutor(1) as pool:  # apprise's import takes a second, in a process of its own
        of_settings = pool.submit(machine.settings_check, settings)
        checks = [machine.token_check(settings, now=now), *warehouse_checks(settings, now=now)]
        if is_deep:
            checks = [_deep(settings) if check.name == "integrity" else check for check in checks]
        checks += [
            machine.disk_check(settings),
            machine.backup_check(settings, now=now),
            machine.published_check(settings, now=now),
            machine.archive_check(settings),
            *machine.message_checks(settings, now=now),
            *machine.automation_checks(automation),
        ]
        return Health(now, (of_settings.result(), *checks))


def _deep(settings: Settings) -> HealthCheck:
    """Whether every block and every answer can be read and is what was stored."""
    if not settings.warehouse.exists():
        return unknown("integrity", "no warehouse yet")
    try:
        damage = damage_of(settings.warehouse, timeout_s=settings.warehouse_timeout_s)
    except WarehouseError as error:
        return unknown("integrity", str(error))
    if damage:
        step = "`clarity-assets recover` moves it aside and restores the newest good backup"
        return bad("integrity", damage, step, severity="critical")
    return good("integrity", "every block of every table was read, every answer hashed again", severity="critical")


__all__ = ["AutomationFacts", "Health", "HealthCheck", "read_health"]
