"""What health says: one check after the other, with its verdict, what was seen, and the next step."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Literal

from clarity_assets.alerts.causes import Cause

Severity = Literal["critical", "warning"]

HEALTHY, UNHEALTHY, UNSURE = 0, 1, 3  # exit codes; 2 is click's for a wrong command line


@dataclass(frozen=True)
class AutomationFacts:
    """Whether each schedule, sensor and daemon of Dagster runs, by name."""

    schedules_running: dict[str, bool] = field(default_factory=dict)
    sensors_running: dict[str, bool] = field(default_factory=dict)
    daemons_healthy: dict[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class HealthCheck:
    """One thing looked at. `is_good` None: it cannot be told now. `severity` is how bad it is where it is not good."""

    name: str
    is_good: bool | None
    severity: Severity
    told: str
    next_step: str = ""


@dataclass(frozen=True)
class Health:
    """All checks at one instant (UTC)."""

    checked_at: datetime
    checks: tuple[HealthCheck, ...]

    @property
    def is_healthy(self) -> bool:
        """Whether nothing critical is wrong."""
        return not any(check.is_good is False and check.severity == "critical" for check in self.checks)

    @property
    def exit_code(self) -> int:
        """1: something critical is wrong. 3: a warning, or something critical that cannot be told. 0: else."""
        if not self.is_healthy:
            return UNHEALTHY
        is_unsure = any(
            check.is_good is False or (check.is_good is None and check.severity == "critical") for check in self.checks
        )
        return UNSURE if is_unsure else HEALTHY

    @property
    def bad(self) -> tuple[HealthCheck, ...]:
        return tuple(check for check in self.checks if check.is_good is False)

    def as_json(self) -> dict:
        return {
            "checked_at": self.checked_at.isoformat(), "is_healthy": self.is_healthy, "exit_code": self.exit_code,
            "checks": [asdict(check) for check in self.checks],
        }  # fmt: skip

    def metadata(self) -> dict[str, bool | str]:
        """A line a check, as they stand in Dagster."""
        words = {True: "good", False: "bad", None: "unknown"}
        told = {check.name: f"{words[check.is_good]}: {check.told}" for check in self.checks}
        return {"is_healthy": self.is_healthy, **told}


def good(name: str, told: str, *, severity: Severity = "warning") -> HealthCheck:
    return HealthCheck(name, True, severity, told)


def bad(name: str, told: str, next_step: str, *, severity: Severity = "warning") -> HealthCheck:
    return HealthCheck(name, False, severity, told, next_step)


def unknown(name: str, told: str, next_step: str = "", *, severity: Severity = "warning") -> HealthCheck:
    return HealthCheck(name, None, severity, told, next_step)


def of_causes(name: str, causes: tuple[Cause, ...], *, well: str, severity: Severity = "warning") -> HealthCheck:
    """Good where there is no cause; else their titles, and details and next step of the worst."""
    if not causes:
        return good(name, well, severity=severity)
    ordered = sorted(causes, key=lambda cause: cause.severity != "critical")
    told = "; ".join(cause.title for cause in ordered)
    detail = f" - {ordered[0].detail}" if ordered[0].detail else ""
    return bad(name, f"{told}{detail}", ordered[0].next_step, severity=ordered[0].severity)
