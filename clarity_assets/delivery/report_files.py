"""A finished week or month in, what its summary's files tell and which files go with the message out."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from clarity_assets.errors import ClarityAssetsError
from clarity_assets.reports.period import Period
from clarity_assets.settings import Settings

ATTACHED_MB = 15  # together; many servers refuse mails above 20 MB, and base64 adds a third
DETAILS = ("ux", "product")
KNOWN = ("measured", "derived")


class ReportMissing(ClarityAssetsError):
    """A report's file is not there, or is no such report."""


@dataclass(frozen=True)
class Summary:
    """A weekly or monthly summary as its JSON file has it."""

    period: Period
    made_at: datetime
    told: dict
    attachments: tuple[Path, ...]
    left_out: tuple[Path, ...]
    """Files that would make the message too big."""

    @property
    def known_days(self) -> dict[date, float]:
        """Coverage (0-1) of each day of the period that the site's figures were known of."""
        return {date.fromisoformat(day["date"]): day["coverage"] for day in self.told["days"] if day["status"] in KNOWN}


def every(period: Period) -> str:
    """`weekly` or `monthly`."""
    return "monthly" if period.kind == "month" else "weekly"


def read_summary(settings: Settings, period: Period) -> Summary:
    """The summary of the period. Raises ReportMissing where JSON or PDF are not there or cannot be read."""
    folder = settings.reports / f"{every(period)}_summary"
    source, pdf = folder / f"{period.slug}.json", folder / f"{period.slug}.pdf"
    again = f"make it by `clarity-assets report {every(period)} --from {period.start} --format json --format pdf`"
    for path in (source, pdf):
        if not path.is_file():
            raise ReportMissing(f"{path} is missing; {again}")
    try:
        told = json.loads(source.read_bytes())
        made_at = datetime.fromisoformat(told["made_at"]).astimezone(UTC)
        _ = told["days"], told["lead"], told["sections"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReportMissing(f"{source} is no report that can be read ({type(error).__name__}); {again}") from error
    if told.get("project_id") != settings.need_project():
        raise ReportMissing(f"{source} is of project {told.get('project_id')!r}; {again}")
    attached, left_out = _attachments(settings, period, pdf)
    return Summary(period, made_at, told, attached, left_out)


def _attachments(settings: Settings, period: Period, pdf: Path) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """The summary's PDF, and those of the details that were made, as far as they fit."""
    details = [settings.reports / f"{every(period)}_{kind}" / f"{period.slug}.pdf" for kind in DETAILS]
    attached, left_out, size = [pdf], [], pdf.stat().st_size
    for path in details:
        if not path.is_file():
            continue
        size += path.stat().st_size
        (attached if size <= ATTACHED_MB * 1_000_000 else left_out).append(path)
    return tuple(attached), tuple(left_out)
