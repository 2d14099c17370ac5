"""The warehouse in; how many events, sessions and rejected rows there are, and how far each analysis is, out."""

from dataclasses import dataclass
from datetime import date

from clarity_assets.clickstream.computing import DAY, days_behind, days_with_events
from clarity_assets.clickstream.modules.registry import MODULES
from clarity_assets.clickstream.run import recent_weeks
from clarity_assets.clickstream.sessions.build import session_days_behind
from clarity_assets.settings import Settings
from clarity_assets.warehouse.connection import open_warehouse
from clarity_assets.warehouse.query import one


@dataclass(frozen=True)
class ModuleState:
    """`newest`: day (or Monday) last made; `behind`: days, or whole weeks of the last four, that events have left."""

    name: str
    newest: date | None
    behind: int
    engine: str | None


@dataclass(frozen=True)
class ClickstreamStatus:
    first: date | None
    last: date | None
    days: int = 0
    events: int = 0
    bot_events: int = 0
    sessions: int = 0
    session_days_behind: int = 0
    files: int = 0
    rows_rejected: int = 0
    modules: tuple[ModuleState, ...] = ()


def read_clickstream_status(settings: Settings) -> ClickstreamStatus:
    """The state of the settings' project. Raises SettingsError without one, WarehouseError."""
    project_id = settings.need_project()
    opened = open_warehouse(settings.warehouse, timeout_s=settings.warehouse_timeout_s, label="clickstream status")
    with opened as con:
        span = days_with_events(con, project_id)
        if span is None:
            return ClickstreamStatus(None, None)
        days, events, bots = one(
            con,
            """select count(*), sum(events)::bigint, sum(bot_events)::bigint from ops.clickstream_day
               where project_id = ?""",
            [project_id],
        )
        sessions, files, rejected = one(
            con,
            """select
                   (select coalesce(sum(sessions), 0)::bigint from ops.clickstream_session_day where project_id = $id),
                   (select count(*) from ops.clickstream_file where project_id = $id),
                   (select count(*) from landing.clickstream_rejected where project_id = $id)""",
            {"id": project_id},
        )
        built = {
            name: (newest, engine)
            for name, newest, engine in con.execute(
                """select module, max(date), arg_max(engine, built_at) from ops.clickstream_built
                   where project_id = ? group by module""",
                [project_id],
            ).fetchall()
        }
        modules = []
        for name, module in MODULES.items():
            start, end = span[0], span[1] + DAY
            if module.every == "week":
                start, end = recent_weeks(settings, start, end)
            behind = days_behind(con, module, settings=settings, start=start, end=end)
            newest, engine = built.get(name, (None, None))
            modules.append(ModuleState(name, newest, len(behind), engine))
        stale = len(session_days_behind(con, settings))
    return ClickstreamStatus(*span, days, events, bots, sessions, stale, files, rejected, tuple(modules))
