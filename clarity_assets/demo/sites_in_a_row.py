"""Simulated sites whose days follow one another in, one site of all their days out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from clarity_assets.demo.site import SimulatedSite, Truth


@dataclass(frozen=True)
class SitesInARow:
    """The second site begins where the first one's days end. Visitors who come to both count twice."""

    first: SimulatedSite
    second: SimulatedSite

    @property
    def first_day(self) -> date:
        return self.first.first_day

    @property
    def days(self) -> int:
        return self.first.days + self.second.days

    @property
    def with_click_ids(self) -> "SitesInARow":
        return SitesInARow(self.first.with_click_ids, self.second.with_click_ids)

    def truth(self, start: datetime, end: datetime, dimensions: Sequence[str] = ()) -> Truth:
        """As `SimulatedSite.truth`."""
        merged = dict(self.first.truth(start, end, dimensions))
        for key, facts in self.second.truth(start, end, dimensions).items():
            before = merged.get(key)
            merged[key] = {name: before[name] + facts[name] for name in facts} if before else facts
        return merged


def continued(site: SimulatedSite, *, days: int, sessions_per_day: int) -> SitesInARow:
    """The site and so many days more, without planted truths."""
    end = site.first_day + timedelta(days=site.days)
    following = SimulatedSite.generate(first_day=end, days=days, sessions_per_day=sessions_per_day, planted=False)
    return SitesInARow(site, following)
