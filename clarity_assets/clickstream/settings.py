"""The settings of the clickstream, typed, each with unit, meaning and default; part of all settings."""

import re
from pathlib import Path
from typing import Literal
from zoneinfo import available_timezones

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

LEAST_KEY_LENGTH = 12
WEIGHT = re.compile(r"\s*([a-z][a-z0-9_]*)\s*=\s*(\d+(?:\.\d+)?)\s*")
EVENT_TYPE = re.compile(r"[a-z][a-z0-9_]*")


def setting(name: str, default, meaning: str, **rules):
    """A field that the environment variable `name` fills."""
    return Field(default, validation_alias=AliasChoices(name), description=meaning, **rules)


class ClickstreamSettings(BaseSettings):
    """Where events are, which engine computes, and the analyses' own numbers."""

    clickstream_engine: Literal["duckdb", "spark"] = setting(
        "CLICKSTREAM_ENGINE",
        "duckdb",
        "What computes sessions and analyses: `duckdb`, or `spark` (extra [spark], Java 17).",
    )
    clickstream_spark_url: str = setting(
        "CLICKSTREAM_SPARK_URL",
        "local[*]",
        "Where Spark runs: local[*], spark://host:7077, yarn, k8s://…, or sc://host:15002 for Spark Connect.",
    )
    clickstream_folder: Path | None = setting(
        "CLICKSTREAM_FOLDER",
        None,
        "Folder of events, sessions and steps as Parquet; clickstream/ beside the warehouse.",
    )
    clickstream_drop: Path | None = setting(
        "CLICKSTREAM_DROP",
        None,
        "Folder that is watched for files of events: <drop>/<mapping>/<file>; drop/ in the clickstream folder.",
    )
    clickstream_mappings: Path | None = setting(
        "CLICKSTREAM_MAPPINGS", None, "Folder of mappings of your own (NAME.yml), besides those that are built in."
    )
    clickstream_key: SecretStr | None = setting(
        "CLICKSTREAM_KEY",
        None,
        "Key (12 characters or more) that visitors' and users' pseudonyms are made with; without it one is made and "
        "kept in the clickstream folder. Never logged.",
    )
    clickstream_hosts: str = setting(
        "CLICKSTREAM_HOSTS", "", "The site's own hosts, comma between: links from them are no referrals."
    )
    clickstream_timezone: str = setting(
        "CLICKSTREAM_TIMEZONE",
        "",
        "IANA time zone of visitors whose events tell none, such as Europe/Berlin; empty: unknown.",
    )
    clickstream_session_timeout_min: float = setting(
        "CLICKSTREAM_SESSION_TIMEOUT_MIN", 30.0, "Minutes without an event after which a session is over.", gt=0, le=720
    )
    clickstream_bot_events: int = setting(
        "CLICKSTREAM_BOT_EVENTS", 1_000, "Events of one session from which it is taken for a bot's.", ge=10
    )
    clickstream_funnel: str = setting(
        "CLICKSTREAM_FUNNEL", "pageview, view, cart, checkout, purchase", "Event types of the funnel, in order."
    )
    clickstream_funnel_window_h: float = setting(
        "CLICKSTREAM_FUNNEL_WINDOW_H", 24.0, "Hours from the first step in which the others must follow.", gt=0, le=24
    )
    clickstream_active_days: int = setting(
        "CLICKSTREAM_ACTIVE_DAYS",
        14,
        "Days since the last visit up to which a visitor is active; later: at risk.",
        ge=1,
    )
    clickstream_churned_days: int = setting(
        "CLICKSTREAM_CHURNED_DAYS", 45, "Days since the last visit after which a visitor is churned.", ge=2
    )
    clickstream_window_weeks: int = setting(
        "CLICKSTREAM_WINDOW_WEEKS", 12, "Weeks of events that the models of a week learn from.", ge=1, le=104
    )
    clickstream_horizon_days: int = setting(
        "CLICKSTREAM_HORIZON_DAYS", 7, "Days after the cut-off in which a purchase is predicted.", ge=1, le=90
    )
    clickstream_weights: str = setting(
        "CLICKSTREAM_WEIGHTS",
        "view=1, cart=3, purchase=5",
        "How much an event of a type says of a visitor's liking a product.",
    )
    clickstream_top_n: int = setting("CLICKSTREAM_TOP_N", 10, "Products recommended to each visitor.", ge=1, le=100)
    clickstream_factors: int = setting("CLICKSTREAM_FACTORS", 64, "Factors of the recommender (ALS).", ge=2, le=512)
    clickstream_segments: int = setting(
        "CLICKSTREAM_SEGMENTS",
        0,
        "Number of behaviour segments; 0 takes the best of 2 to 8 by silhouette, 3 where none stands out.",
        ge=0,
        le=20,
    )
    clickstream_min_support: float = setting(
        "CLICKSTREAM_MIN_SUPPORT",
        0.01,
        "Share (0-1) of baskets from which products bought together are told.",
        gt=0,
        le=1,
    )
    clickstream_min_confidence: float = setting(
        "CLICKSTREAM_MIN_CONFIDENCE",
        0.25,
        "Share (0-1) of baskets with the first that hold the second too.",
        gt=0,
        le=1,
    )
    clickstream_max_basket: int = setting(
        "CLICKSTREAM_MAX_BASKET", 50, "Products of a basket that are looked at; larger baskets are cut, and told.", ge=2
    )
    clickstream_pattern_budget_s: float = setting(
        "CLICKSTREAM_PATTERN_BUDGET_S",
        60.0,
        "Seconds that the search for patterns may take before it asks for more support.",
        gt=0,
    )

    @field_validator("clickstream_timezone")
    @classmethod
    def _a_known_timezone(cls, value: str) -> str:
        if value and value not in available_timezones():
            raise ValueError("is no IANA time zone; write one such as Europe/Berlin")
        return value

    @field_validator("clickstream_key")
    @classmethod
    def _a_key_of_some_length(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < LEAST_KEY_LENGTH:
            raise ValueError(f"must have at least {LEAST_KEY_LENGTH} characters, such as `openssl rand -hex 32` gives")
        return value

    @field_validator("clickstream_weights")
    @classmethod
    def _weights_that_can_be_read(cls, value: str) -> str:
        if not all(WEIGHT.fullmatch(part) for part in value.split(",")):
            raise ValueError("write event types with numbers, comma between: view=1, cart=3, purchase=5")
        return value

    @field_validator("clickstream_funnel")
    @classmethod
    def _steps_that_can_be_read(cls, value: str) -> str:
        steps = [part.strip() for part in value.split(",")]
        if len(steps) < 2 or len(set(steps)) < len(steps) or not all(EVENT_TYPE.fullmatch(step) for step in steps):
            raise ValueError("write two or more different event types in order, comma between: view, cart, purchase")
        return value

    @property
    def weights(self) -> dict[str, float]:
        """Event type -> weight."""
        return {name: float(weight) for name, weight in WEIGHT.findall(self.clickstream_weights)}

    @property
    def funnel(self) -> tuple[str, ...]:
        """Event types in their order."""
        return tuple(part.strip() for part in self.clickstream_funnel.split(","))

    @property
    def own_hosts(self) -> frozenset[str]:
        return frozenset(part.strip().lower() for part in self.clickstream_hosts.split(",") if part.strip())
