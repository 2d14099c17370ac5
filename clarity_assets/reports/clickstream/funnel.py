"""The funnel's rows in; where persons drop off, on which device, and by how much, out."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from clarity_assets.reports.clickstream.facts import EventFacts
from clarity_assets.reports.clickstream.parts import difference_words, level_of_event_difference
from clarity_assets.reports.clickstream.tables import FUNNEL
from clarity_assets.reports.contrasts import Difference
from clarity_assets.reports.document import Bar, BarChart, Column, Finding, Name, Sentence, Table
from clarity_assets.reports.figures import Figure, in_hundredths
from clarity_assets.reports.marts import Total
from clarity_assets.reports.product.parts import INTERVALS, baseline_words, change_cells, change_columns

MEASURED = ("persons", "persons_any_order", "dropped", "drop_off_rate", "step_time_s")
LEAST_PERSONS = 30  # at a step, for its share to say something of the next ones


@dataclass(frozen=True)
class Funnel:
    """Steps in order: of all devices, and by device.

    `is_partial`: cart events are missing, so from the cart on they are bounds.
    """

    steps: tuple[Total, ...]
    by_device: tuple[Total, ...]
    is_partial: bool

    def next_of(self, step: str) -> str:
        names = [one.keys["step"] for one in self.steps]
        place = names.index(step) + 1
        return names[place] if place < len(names) else "the end"


def read_funnel(facts: EventFacts) -> Funnel:
    """The funnel of the period."""
    is_partial = facts.is_cart_logging_incomplete
    steps = facts.marts.totals(FUNNEL, MEASURED, by=("step_number", "step"))
    devices = facts.marts.totals(FUNNEL, MEASURED, by=("step_number", "step", "device"))
    places = {one.keys["step"]: one.keys["step_number"] for one in steps}
    cart = places.get("cart") if is_partial else None
    order = sorted(steps, key=lambda one: one.keys["step_number"])
    return Funnel(tuple(_marked(one, cart) for one in order), tuple(_marked(one, cart) for one in devices),
                  cart is not None)  # fmt: skip


def _marked(line: Total, cart_place: int | None) -> Total:
    """With cart events missing: from the cart on at least so many came, and before it at most so many dropped."""
    place, flags = line.keys["step_number"], {}
    if cart_place and place >= cart_place:
        flags = {"persons": {"is_at_least": True}}
    elif cart_place and place == cart_place - 1:
        flags = {"dropped": {"is_at_most": True}, "drop_off_rate": {"is_at_most": True}}
    return Total(line.keys, line.figures | {name: replace(line[name], **flag) for name, flag in flags.items()})


# --- findings ----------------------------------------------------------------------------------------------------


def funnel_findings(facts: EventFacts, funnel: Funnel) -> Iterator[Finding]:
    """The step that loses most; then a device that leaks more than the others, else a step that changed."""
    if first := _worst_step(facts, funnel):
        yield first
    if device := _worst_device(facts, funnel):
        yield device
    elif changed := _changed_step(facts, funnel):
        yield changed


def _worst_step(facts: EventFacts, funnel: Funnel) -> Finding | None:
    """Where most persons are lost for how many came, the first step's passers-by left out."""
    told = [one for one in funnel.steps[1:] if one.value("persons") >= LEAST_PERSONS and one["drop_off_rate"].value]
    if not told:
        words = f"Too few to say where people are lost: fewer than {LEAST_PERSONS} came beyond the funnel's first step."
        return Finding("drop_off_rate", {}, Sentence(words))
    worst = max(told, key=lambda one: one.value("drop_off_rate"))
    compared = facts.compared(FUNNEL, "drop_off_rate", step=worst.keys["step"])
    begun, ended = funnel.steps[0]["persons"], funnel.steps[-1]["persons"]
    words = (
        "Of {begun}, counted each day, {ended} came through the whole funnel in order. Most are lost after {step}: "
        "{rate} of {persons} do not go on to {next}. Against the four weeks before: {four_weeks}."
    )
    if funnel.is_partial:
        words += " Cart events are missing (see Carts), so numbers from the cart on are bounds."
    values = {
        "begun": begun,
        "ended": replace(ended, unit=""),
        "step": _step(worst.keys["step"]),
        "rate": worst["drop_off_rate"],
        "persons": worst["persons"],
        "next": _step(funnel.next_of(worst.keys["step"])),
        "four_weeks": compared.four_weeks,
    }
    return Finding("drop_off_rate", {"step": worst.keys["step"]}, Sentence(words, values),
                   is_change=compared.named is not None)  # fmt: skip


def _worst_device(facts: EventFacts, funnel: Funnel) -> Finding | None:
    """Of the steps on a device that lose more than on the others: the one that loses most persons by it."""
    found = [d for d in _differences(facts) if d.is_worse]
    if not found:
        return None
    first = max(found, key=lambda d: d.sessions.value * (d.own.value - (d.other.value or 0)))
    told, values = difference_words([first])
    step = first.where["step"]
    words = (
        f"A leak: after {{step}} on {{device}}, {told}. Look first at that step on that device: layout, keyboard, "
        "ways of payment, speed."
    )
    values |= {"step": _step(step), "device": Name(first.where["device"], "device")}
    where = {"step": step, "device": first.where["device"]}
    persons = next(one["persons"] for one in funnel.by_device if where.items() <= one.keys.items())
    return Finding("drop_off_rate", where, Sentence(words, values), persons,
                   level=level_of_event_difference(facts, first))  # fmt: skip


def _differences(facts: EventFacts) -> list[Difference]:
    return facts.contrasts.all(FUNNEL, "drop_off_rate")


def _changed_step(facts: EventFacts, funnel: Funnel) -> Finding | None:
    for one in funnel.steps:
        compared = facts.changes.of(FUNNEL, "drop_off_rate", step=one.keys["step"])
        if compared and compared.named:
            words = f"Drop-off after {{step}}: {{rate}}, {{change}} against {baseline_words(facts, compared)}."
            values = {"step": _step(one.keys["step"]), "rate": one["drop_off_rate"], "change": compared.named}
            return Finding("drop_off_rate", {"step": one.keys["step"]}, Sentence(words, values), is_change=True)
    return None


def _step(name: str) -> Name:
    return Name(name, "path")


# --- pictures and tables -----------------------------------------------------------------------------------------


def funnel_blocks(facts: EventFacts, funnel: Funnel) -> Iterator[BarChart | Table]:
    yield _bars(funnel)
    yield _steps(facts, funnel)
    yield _devices(facts, funnel)


def _bars(funnel: Funnel) -> BarChart:
    bars = tuple(
        Bar(_step(one.keys["step"]), one.value("persons"), source=one["persons"].source) for one in funnel.steps
    )
    first, last = funnel.steps[0], funnel.steps[-1]
    share = 100 * last.value("persons") / first.value("persons") if first.value("persons") else 0
    summary = (
        f"From {first.value('persons'):,.0f} at {first.keys['step']} to {last.value('persons'):,.0f} at "
        f"{last.keys['step']}: {share:.1f} % come through in order."
    )
    return BarChart(
        "journeys_funnel", "Funnel: persons a day who reached each step, added up", summary, "persons", bars
    )


def _steps(facts: EventFacts, funnel: Funnel) -> Table:
    columns = (Column("Step"), Column("Persons", True, "In order, within the window; a day, added up"),
               Column("In any order", True), Column("Went no further", True), Column("Drop-off", True),
               Column("Time since the step before", True), change_columns(facts, of="Drop-off")[1])  # fmt: skip
    rows = tuple(
        (
            _step(one.keys["step"]),
            one["persons"],
            one["persons_any_order"],
            _told(one["dropped"]),
            _told(one["drop_off_rate"]),
            _time(one),
            change_cells(facts.changes.of(FUNNEL, "drop_off_rate", step=one.keys["step"]))[1]
            if one["drop_off_rate"].value is not None
            else None,
        )
        for one in funnel.steps
    )
    note = "Who comes on two days counts on both. Changes are those of the drop-off."
    if funnel.is_partial:
        note = f"Cart events are missing: persons from the cart on are lower bounds. {note}"
    return Table("journeys_steps", "Funnel by step", columns, rows, note=f"{note} {INTERVALS}")


def _time(line: Total) -> Figure | None:
    return line["step_time_s"] if line.keys["step_number"] > 1 else None


def _told(figure: Figure) -> Figure | None:
    return figure if figure.value is not None else None


def _devices(facts: EventFacts, funnel: Funnel) -> Table:
    found = {(d.where["step"], d.where["device"]): d for d in _differences(facts) if d.is_named}
    lines = sorted(funnel.by_device, key=lambda one: (one.keys["step_number"], one.keys["device"] or ""))
    rows = tuple(
        (_step(one.keys["step"]), Name(one.keys["device"], "device"), one["persons"], one["drop_off_rate"],
         in_hundredths(d.ratio) if (d := found.get((one.keys["step"], one.keys["device"]))) else None)
        for one in lines if one["drop_off_rate"].value is not None
    )  # fmt: skip
    columns = (Column("After step"), Column("Device"), Column("Persons", True), Column("Drop-off", True),
               Column("Against the others", True, "Its drop-off / that of the other devices at the step"))  # fmt: skip
    note = "“Against the others” is empty where no difference is shown, or too few persons are known."
    return Table("journeys_devices", "Funnel by device", columns, rows, note=note)
