"""An engine with events in; the same with each event's place and each session's row, kept, out."""

from datetime import date

from clarity_assets.clickstream.engines.engine import Engine, EngineSql
from clarity_assets.clickstream.sessions.channels import Channels
from clarity_assets.clickstream.sessions.gathering import FACT, FACT_VIEW
from clarity_assets.clickstream.sessions.placing import PLACED, PLACED_VIEW
from clarity_assets.settings import Settings

MINUTE_US = 60_000_000

SOURCES = EngineSql(
    "select distinct source, medium, campaign from clickstream.fact",
    "select distinct source, medium, campaign from clickstream_fact",
)
"""What channels are looked up of."""

COUNTS = EngineSql(
    "select date, count(*) as sessions, sum(events) as steps from clickstream.fact group by date",
    "select date, count(*) as sessions, sum(events) as steps from clickstream_fact group by date",
)
"""Sessions and steps by day."""


def gather(engine: Engine, *, start: date, end: date, settings: Settings, channels: Channels) -> None:
    """Keep what `writing.SESSION` and `writing.STEP` read: the sessions that began on the UTC days [start, end).

    The engine's view `event` holds the events of [start - 1, end + 1).
    """
    parameters = {
        "start": start,
        "end": end,
        "timeout_us": round(settings.clickstream_session_timeout_min * MINUTE_US),
        "bot_events": settings.clickstream_bot_events,
    }
    engine.keep(PLACED_VIEW, PLACED, parameters)
    engine.keep(FACT_VIEW, FACT, parameters)
    engine.take("channel_of", channels.of(engine.rows(SOURCES)))


def forget(engine: Engine) -> None:
    """Free the engine of all that was read and kept."""
    engine.forget_made()
    engine.forget("event")
