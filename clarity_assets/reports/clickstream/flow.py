"""Transitions from node to node in; the flow picture of the first six steps out."""

from clarity_assets.reports.clickstream.facts import EventFacts
from clarity_assets.reports.clickstream.tables import TRANSITION
from clarity_assets.reports.document import Flow, FlowChart, Name
from clarity_assets.reports.rendering.texts import name_text

START, EXIT, GOAL = "(start)", "(exit)", "purchase"
ORDINALS = ("1st", "2nd", "3rd", "4th", "5th", "6th")


def flow_chart(facts: EventFacts) -> FlowChart:
    """Sessions from step to step. The flow from the start is left out: the first column's height tells it."""
    lines = facts.marts.totals(TRANSITION, ["transitions"], by=("from_node", "to_node", "step_from"))
    steps = [one for one in lines if one.keys["step_from"] >= 1]
    flows = tuple(
        Flow(one.keys["step_from"] - 1, _node(one.keys["from_node"]), _node(one.keys["to_node"]),
             one.value("transitions"), one["transitions"].source)
        for one in steps
    )  # fmt: skip
    columns = tuple(f"{ordinal} step" for ordinal in ORDINALS[: max((flow.place for flow in flows), default=0) + 2])
    return FlowChart("journeys_flow", "Ways through the site", _summary(lines, flows), "sessions", columns, flows,
                     ends=(EXIT,), goals=(GOAL,))  # fmt: skip


def _node(name: str) -> Name:
    return Name(name, "path")


def _summary(lines, flows: tuple[Flow, ...]) -> str:
    if not flows:
        return "No session has a second step."
    begun = {one.keys["to_node"]: one.value("transitions") for one in lines if one.keys["from_node"] == START}
    whole = sum(begun.values())
    told = ""
    if whole:
        first = max(begun, key=lambda name: begun[name])
        out = sum(flow.value for flow in flows if flow.place == 0 and flow.end.text == EXIT)
        told = (
            f"Of {whole:,.0f} sessions, {100 * begun[first] / whole:.0f} % begin with "
            f"{name_text(_node(first), length=40)} and {100 * out / whole:.0f} % end after one step. "
        )
    largest = max((flow for flow in flows if flow.end.text != EXIT), key=lambda flow: flow.value, default=None)
    if largest:
        told += (
            f"The widest way on is from {name_text(largest.start, length=40)} to {name_text(largest.end, length=40)} "
            f"({largest.value:,.0f} sessions)."
        )
    return told.strip()
