"""Facts in; the sections of the UX report out."""

from clarity_assets.reports.document import Section
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.ux.cross_device import cross_device
from clarity_assets.reports.ux.frustration import frustration
from clarity_assets.reports.ux.shared import read_pages


def ux_sections(facts: Facts) -> tuple[Section, ...]:
    """Frustration, usability, engagement and devices side by side, each whole where nothing is known too."""
    pages = read_pages(facts)
    return frustration(facts, pages), cross_device(facts)
