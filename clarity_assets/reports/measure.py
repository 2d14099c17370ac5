"""What a measure is: SQL over a mart's row, added up and divided, with unit and meaning."""

from dataclasses import dataclass
from typing import Literal

from clarity_assets.statistics.series import Kind

Better = Literal["low", "high"]


@dataclass(frozen=True)
class Measure:
    """sum(numerator) / sum(denominator) x per, over rows that tell both; a plain sum without denominator.

    `numerator` and `denominator` are SQL over one row of a mart. `kind` as in `DailySeries`. `better`: which way is
    good for the site's visitors; None where nobody can say.
    """

    name: str
    title: str
    unit: str
    numerator: str
    denominator: str | None = None
    per: float = 1
    kind: Kind = "count"
    decimals: int = 0
    better: Better | None = None

    @property
    def formula(self) -> str:
        """The measure as SQL, for people."""
        if self.denominator is None:
            return f"sum({self.numerator})"
        times = f"{self.per:g} * " if self.per != 1 else ""
        return f"{times}sum({self.numerator}) / sum({self.denominator})"

    @property
    def is_share(self) -> bool:
        """Whether it is a percentage of sessions, each of which counts once."""
        return self.kind == "rate" and self.unit == "%"
