"""Facts of a week or month in; what to do first, what comes next and how far the numbers can be trusted out."""

from clarity_assets.reports.summary.actions import summary_lead
from clarity_assets.reports.summary.sections import summary_sections

__all__ = ["summary_lead", "summary_sections"]
