"""Facts in; the sections of the UX report out."""

from clarity_assets.reports.document import Section
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.ux.cross_device import cross_device
from clarity_assets.reports.ux.engagement import engagement
from clarity_assets.reports.ux.frustration import frustration
from clarity_assets.reports.ux.shared import read_all
from clarity_assets.reports.ux.usability import usability


def ux_sections(facts: Facts) -> tuple[Section, ...]:
    """Frustration, usability, engagement and devices side by side, each whole where nothing is known too."""
    read = read_all(facts)
    return frustration(facts, read), usability(facts, read), engagement(facts, read), cross_device(facts, read)
