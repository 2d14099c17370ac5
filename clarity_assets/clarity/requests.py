"""Which requests a day consists of: names and dimensions in, the six daily requests (and extras) out."""

from dataclasses import dataclass

from clarity_assets.errors import SettingsError


@dataclass(frozen=True)
class Dimension:
    """One dimension: the API's parameter, the key it has in the rows, and our column."""

    parameter: str
    key: str
    column: str
    meaning: str


DIMENSIONS = {
    d.parameter: d
    for d in (
        Dimension(
            "URL",
            "Url",
            "page",
            "Page: the URL without query string and fragment; NULL = sessions without a page.",
        ),
        Dimension("Device", "Device", "device", "Device class: PC, Mobile, Tablet, Other, Email."),
        Dimension("Country", "Country", "country", "Country name as Clarity writes it."),
        Dimension("Browser", "Browser", "browser", "Browser name as Clarity writes it."),
        Dimension("OS", "OS", "os", "Operating system as Clarity writes it."),
        Dimension(
            "Source",
            "Source",
            "source",
            "Traffic source (utm_source or referring site); a session may have several.",
        ),
        Dimension(
            "Medium",
            "Medium",
            "medium",
            "Traffic medium (utm_medium); NULL and '' differ and are kept apart.",
        ),
        Dimension(
            "Campaign",
            "Campaign",
            "campaign",
            "Campaign (utm_campaign); NULL and '' differ and are kept apart.",
        ),
        Dimension("Channel", "Channel", "channel", "Channel group as Clarity assigns it."),
    )
}
"""Every dimension that the API knows, by its parameter. `Country/Region` is documented but dropped in silence."""

# A session has one device, OS and browser, so rows over these add up to the total; over URL, Source,
# Medium, Campaign and Channel they do not (measured on real answers).
ADDING_UP = frozenset({"Device", "OS", "Browser"})


@dataclass(frozen=True)
class ClarityRequest:
    """One daily request: its name is the asset's and the table's (`landing.clarity_<name>`)."""

    name: str
    dimensions: tuple[str, ...] = ()
    is_extra: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The dimension columns of its landing table, in order."""
        return tuple(DIMENSIONS[d].column for d in self.dimensions)

    @property
    def table(self) -> str:
        return f"landing.clarity_{self.name}"

    def rolls_up_to(self, coarser: "ClarityRequest") -> bool:
        """Whether this request's rows, summed, are the coarser one's: only Device, OS and Browser may vanish."""
        mine, theirs = set(self.dimensions), set(coarser.dimensions)
        return theirs < mine and mine - theirs <= ADDING_UP


STANDARD_REQUESTS = (
    ClarityRequest("browser_device", ("Browser", "Device")),
    ClarityRequest("url_device", ("URL", "Device")),
    ClarityRequest("source_medium", ("Source", "Medium")),
    ClarityRequest("country", ("Country",)),
    ClarityRequest("base", ()),
    ClarityRequest("device", ("Device",)),
)
"""The six of every day, most valuable first: `browser_device` leads because `base` and `device` roll up from it."""


def extra_requests(text: str) -> tuple[ClarityRequest, ...]:
    """The requests named by CLARITY_EXTRA_REQUESTS, such as `Campaign, Channel+Device`.

    Raises SettingsError for an unknown dimension, more than three, or a set that is collected anyway.
    """
    known = {frozenset(r.dimensions): r.name for r in STANDARD_REQUESTS}
    by_lower = {d.lower(): d for d in DIMENSIONS}
    found = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        names = [n.strip() for n in part.split("+")]
        for name in names:
            if name.lower() == "country/region":
                raise SettingsError(
                    "CLARITY_EXTRA_REQUESTS: the API drops 'Country/Region' in silence; write 'Country'"
                )
            if name.lower() not in by_lower:
                raise SettingsError(
                    f"CLARITY_EXTRA_REQUESTS: {name!r} is no dimension; known are {', '.join(DIMENSIONS)}"
                )
        dimensions = tuple(by_lower[n.lower()] for n in names)
        if len(dimensions) > 3 or len(set(dimensions)) != len(dimensions):
            raise SettingsError(f"CLARITY_EXTRA_REQUESTS: {part!r} must be one to three different dimensions")
        if frozenset(dimensions) in known:
            raise SettingsError(
                f"CLARITY_EXTRA_REQUESTS: {part!r} is collected already, as {known[frozenset(dimensions)]!r}"
            )
        name = "_".join(d.lower() for d in dimensions)
        known[frozenset(dimensions)] = name
        found.append(ClarityRequest(name, dimensions, is_extra=True))
    return tuple(found)


OPTIONAL_REQUESTS = extra_requests("Campaign, Channel, OS")
"""Extra requests that the SQL models read where they are collected; their tables are empty where they are not."""


def all_requests(*, extras: str = "", order: str = "") -> tuple[ClarityRequest, ...]:
    """Every request of a day, most valuable first: the six, then the extras; `order` moves names to the front.

    Raises SettingsError for an unknown name in `order`, and for bad extras.
    """
    requests = STANDARD_REQUESTS + extra_requests(extras)
    names = [n.strip() for n in order.split(",") if n.strip()]
    by_name = {r.name: r for r in requests}
    for name in names:
        if name not in by_name:
            raise SettingsError(f"CLARITY_REQUEST_ORDER: {name!r} is no request; known are {', '.join(by_name)}")
    rank = {name: i for i, name in enumerate(dict.fromkeys(names))}
    return tuple(sorted(requests, key=lambda r: rank.get(r.name, len(rank))))
