"""Facts in; the columns, cells and notes that all UX sections use out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clarity_assets.reports.contrasts import Difference
from clarity_assets.reports.document import Column, DayState, Finding, Name, Part, Sentence
from clarity_assets.reports.facts import Facts
from clarity_assets.reports.figures import ChangeFigure, Figure, Source
from clarity_assets.reports.marts import COLLECTION, ENGAGEMENT, PAGE, SITE, Total
from clarity_assets.reports.measures import SIGNAL_TITLES
from clarity_assets.reports.period import day_name
from clarity_assets.reports.rendering.numbers import TOO_FEW, figure_text
from clarity_assets.reports.rendering.texts import name_text

SHOWN_ROWS = 10
LONG_ROWS = 100
READ_PAGES = 100  # the busiest ones, as many as are compared: of smaller ones nothing could be shown
MOST_FINDINGS = 5
ENOUGH_SESSIONS = 100  # a mean of fewer says more of single sessions than of the page
COUNTED = ("excessive_scroll", "script_error", "error_click")  # told by page; rage and dead clicks by page and device
NO_DIFFERENCE = "no difference shown"
OF_SITE = ("total_time_s", "active_time_s", "active_share", "pages_per_session", "scroll_depth_pct")
OF_PAGE = ("total_time_s", "active_time_s", "scroll_depth_pct")
DEVICE = {"dimension": "device"}
"""The rows of a mart by segment that are of devices."""

PAGE_COLUMN, DEVICE_COLUMN = Column("Page"), Column("Device")
PAGE_SESSIONS = Column("Sessions on the page", True, "A session counts once on each page that it saw; without bots.")


# --- what is read once --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Read:
    """Totals of the period that more than one section tells: of the site, of devices, and of the busiest pages.

    `device_days`: how each day is known of devices.
    """

    site: Total
    devices: list[Total]
    pages: list[Total]
    device_days: tuple[DayState, ...]

    @property
    def is_site_known(self) -> bool:
        """Whether anything is known of the whole site."""
        return bool(self.site["sessions"].day_count)


def read_all(facts: Facts) -> Read:
    """One query for each mart; pages and devices with most sessions first."""
    marts, rates = facts.marts, [f"{signal}_session_rate" for signal in SIGNAL_TITLES]
    of_site = [f"{signal}_{suffix}" for signal in SIGNAL_TITLES for suffix in ("count", "sessions")]
    of_page = [f"{signal}_count" for signal in COUNTED]
    devices = marts.totals(
        ENGAGEMENT, ("sessions", *(n for n in OF_SITE if n != "active_share")), by=("segment",), where=DEVICE
    )
    return Read(
        marts.totals(SITE, ("sessions", *rates, *of_site, *OF_SITE))[0],
        [line for line in devices if line.value("sessions") > 0],
        marts.totals(PAGE, ("sessions", *rates, *of_page, *OF_PAGE), by=("page",), top=READ_PAGES),
        marts.days("device"),
    )  # fmt: skip


def page_name(line: Total) -> Name:
    return Name(line.keys["page"], "page")


# --- cells --------------------------------------------------------------------------------------------------------


def against_column(against: str) -> Column:
    return Column(f"Against {against}", True, "How many times as much, where it is more than chance.")


def against_cell(difference: Difference | None) -> Part:
    """The ratio where it may be called a difference, else words."""
    if difference is None or difference.p_adjusted is None:
        return TOO_FEW
    return difference.ratio if difference.is_named else NO_DIFFERENCE


def change_columns(facts: Facts, what: str = "the mean") -> tuple[Column, Column]:
    """Against the period before, and against the four weeks before; `what` changes."""
    meaning = (
        f"Here and in the next column: how {what} changed, weekday by weekday. It is called a change only where it is "
        "more than chance among all that were compared."
    )
    return (
        Column(f"Against the {facts.period.noun} before", True, meaning),
        Column("Against the four weeks before", True),
    )


def change_cells(
    facts: Facts, table: str, measure: str, **where: str | bool | None
) -> tuple[ChangeFigure, ChangeFigure]:
    compared = facts.compared(table, measure, **where)
    return compared.before, compared.four_weeks


def baseline_words(facts: Facts, change: ChangeFigure) -> str:
    """What a change compares with: `the week before` or `the four weeks before`."""
    before = facts.period.before
    is_before = change.source is not None and change.source.baseline == (before.start, before.end)
    return f"the {facts.period.noun} before" if is_before else "the four weeks before"


# --- words --------------------------------------------------------------------------------------------------------


def said(thing: Figure | Name) -> str:
    """A number or a name as plain words, for the summary of a chart."""
    return figure_text(thing) if isinstance(thing, Figure) else name_text(thing)


def of_days(facts: Facts, days: Sequence[DayState], *, request: str, what: str) -> tuple[Sentence, ...]:
    """Notes where not every day of the period is known, or some are samples; `what`: such as `Pages`."""
    known = sum(day.is_known for day in days)
    if not known:
        return (nothing_known(facts, request=request, what=what),)
    notes = []
    if known < len(days):
        source = Source(COLLECTION, "known_days", (("request", request),), facts.period.start, facts.period.end)
        text = f"{what} are known on {{known}} of {len(days)}; these numbers are of the known days alone."
        notes.append(Sentence(text, {"known": Figure(float(known), "days", source)}))
    samples = [day.date for day in days if day.is_sample]
    if samples:
        which = ", ".join(map(day_name, samples))
        text = f"{what} of {which} are a sample, since the answer was cut at 1,000 rows; they are not compared."
        notes.append(Sentence(text))
    return tuple(notes)


def nothing_known(facts: Facts, *, request: str, what: str) -> Sentence:
    """What is missing, and how it gets filled."""
    return Sentence(
        f"{what} are not known on any day of this {facts.period.noun}: the daily request {request} has no answer for "
        "it. Collect every day (clarity-assets collect): Clarity tells the last 72 hours alone."
    )


def no_sessions(facts: Facts) -> Sentence:
    return Sentence(f"No sessions without bots are known of this {facts.period.noun}.")


def plain(what: str, text: str, **values: Part) -> Finding:
    """A finding that is a plain fact."""
    return Finding(what, {}, Sentence(text, values))


def first_of(*groups: Iterable[Finding]) -> tuple[Finding, ...]:
    """The first findings of the groups in their order, MOST_FINDINGS in all; the last place is the second group's."""
    first, *others = (list(group) for group in groups)
    rest = [finding for group in others for finding in group]
    room = MOST_FINDINGS - min(1, len(rest))
    kept = first[:room]
    return (*kept, *rest[: MOST_FINDINGS - len(kept)])
