"""Facts of events in, the section on the decision tree that predicts who buys: worth, features, calibration, out."""

from collections.abc import Iterator

from clarity_assets.reports.clickstream.facts import EventFacts
from clarity_assets.reports.clickstream.models import (
    CANNOT_TELL,
    Fitted,
    calibration,
    chances,
    feature_lines,
    feature_name,
    meanings,
    read_fitted,
    score_table,
    verdict,
)
from clarity_assets.reports.clickstream.parts import bars, missing, of_week
from clarity_assets.reports.clickstream.tables import CONVERSION_CALIBRATION, CONVERSION_FEATURE, CONVERSION_MODEL
from clarity_assets.reports.document import Chart, Column, Finding, Section, Sentence, Table
from clarity_assets.reports.marts import Total
from clarity_assets.reports.product.parts import TOP

TITLE = "Conversion prediction"
USE = "Read its most important features as where to look, not as causes."


def conversion(facts: EventFacts) -> Section:
    """Whether behaviour tells who buys, and which part of it."""
    fitted = read_fitted(facts, CONVERSION_MODEL, name="decision tree")
    if fitted is None:
        return missing(facts, CONVERSION_MODEL, title=TITLE)
    lines = feature_lines(facts, CONVERSION_FEATURE, ["importance", "permutation_importance"], fitted.week)
    return Section(
        "conversion", TITLE, findings=tuple(_findings(fitted, lines)), blocks=tuple(_blocks(facts, fitted, lines)),
        notes=(of_week(fitted.week),), cannot_tell=CANNOT_TELL,
    )  # fmt: skip


def _findings(fitted: Fitted, lines: list[Total]) -> Iterator[Finding]:
    yield verdict(fitted, use=USE)
    if not fitted.has_signal:
        return
    if lines:
        words = "It goes most by {first}: with its values mixed up among persons, AUC falls by {lost}."
        first = max(lines, key=lambda one: one.value("permutation_importance"))
        values = {"first": feature_name(first.keys), "lost": first["permutation_importance"]}
        yield Finding("permutation_importance", {"feature": first.keys["feature"]}, Sentence(words, values))
    yield chances(fitted)


def _blocks(facts: EventFacts, fitted: Fitted, lines: list[Total]) -> Iterator[Chart | Table]:
    if fitted.is_too_few:
        return
    used = [one for one in lines if one.value("importance")]
    if fitted.has_signal and used:
        yield bars("conversion_importance", "What the tree goes by", used[:TOP], "permutation_importance",
                   label=lambda one: feature_name(one.keys), unit="AUC lost where mixed up",
                   is_part=len(used) > TOP)  # fmt: skip
    yield score_table(fitted, name="conversion_scores")
    if fitted.has_signal:
        yield from calibration(facts, CONVERSION_CALIBRATION, fitted.week, name="conversion")
        columns = (
            Column("Feature"),
            Column("Importance", True, "Share of the impurity that its splits take away"),
            Column("AUC lost", True, "Where its values are mixed up among the persons tested on"),
            Column("Counts"),
        )
        rows = tuple((feature_name(one.keys), one["importance"], one["permutation_importance"],
                      meanings().get(one.keys["feature"], "")) for one in lines)  # fmt: skip
        yield Table("conversion_features", "Features of the tree", columns, rows, is_long=True)
