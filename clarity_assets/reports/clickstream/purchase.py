"""Facts of events in, the section on who is likely to buy next (logistic regression): worth, odds, calibration, out."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

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
    without_limits,
)
from clarity_assets.reports.clickstream.parts import limited, missing, of_week
from clarity_assets.reports.clickstream.tables import (
    PURCHASE_CALIBRATION,
    PURCHASE_FEATURE,
    PURCHASE_MODEL,
    PURCHASE_PERSON,
)
from clarity_assets.reports.document import Bar, BarChart, Chart, Column, Finding, Section, Sentence, Table
from clarity_assets.reports.figures import Figure
from clarity_assets.reports.marts import Total
from clarity_assets.reports.product.parts import TOP
from clarity_assets.reports.rendering.texts import name_text

TITLE = "Purchase probability"
USE = "Use it to choose whom to write to first: highest tenth before the others."


def purchase(facts: EventFacts) -> Section:
    """Whether a probability of a purchase can be told, what raises it, and how buyers spread over the tenths."""
    fitted = read_fitted(facts, PURCHASE_MODEL, name="logistic regression")
    if fitted is None:
        return missing(facts, PURCHASE_MODEL, title=TITLE)
    lines = feature_lines(facts, PURCHASE_FEATURE, ["odds_ratio", "coefficient"], fitted.week)
    limits = {
        row["feature"]: row
        for row in facts.marts.rows(PURCHASE_FEATURE, ["feature", "low", "high"], period=fitted.week)
    }
    odds = [(one, limited(one["odds_ratio"], limits[one.keys["feature"]], "low", "high")) for one in lines]
    tenths = facts.marts.totals(PURCHASE_PERSON, ["persons_scored", "purchase_probability", "expected_buyers"],
                                by=("decile",), period=fitted.week)  # fmt: skip
    tenths = sorted(tenths, key=lambda one: one.keys["decile"])
    return Section(
        "purchase", TITLE, findings=tuple(_findings(fitted, odds, tenths)),
        blocks=tuple(_blocks(facts, fitted, odds, tenths)), notes=(of_week(fitted.week),), cannot_tell=CANNOT_TELL,
    )  # fmt: skip


def _findings(fitted: Fitted, odds: list[tuple[Total, Figure]], tenths: list[Total]) -> Iterator[Finding]:
    yield verdict(fitted, use=USE)
    if not fitted.has_signal:
        return
    whole = sum(one.value("expected_buyers") for one in tenths)
    if tenths and whole and not fitted.is_order_only:
        first = tenths[0]
        words = (
            "The highest tenth ({persons}) is told {chance} on average: {part} of all buyers expected "
            "within {days} days."
        )
        source = replace(first["expected_buyers"].source, statistic="ratio", against=())
        values = {
            "persons": first["persons_scored"],
            "chance": without_limits(first["purchase_probability"]),
            "part": Figure(100 * first.value("expected_buyers") / whole, "%", source, decimals=0),
            "days": f"{fitted.told['horizon_days']}",
        }
        yield Finding("purchase_probability", {"decile": "1"}, Sentence(words, values), first["persons_scored"])
    if clear := [(one, figure) for one, figure in odds if _is_clear(figure)]:
        one, figure = clear[0]
        words = (
            "Of the features whose interval leaves out 1, {first} says most: a standard deviation more of it goes with "
            "{odds} the odds. {cause}"
        )
        values = {"first": feature_name(one.keys), "odds": figure, "cause": "That is no cause by itself."}
        yield Finding("odds_ratio", {"feature": one.keys["feature"]}, Sentence(words, values))
    yield chances(fitted)


def _is_clear(odds: Figure) -> bool:
    """Whether the interval leaves out 1."""
    return odds.low is not None and odds.high is not None and not odds.low <= 1 <= odds.high


def _blocks(facts: EventFacts, fitted: Fitted, odds, tenths: list[Total]) -> Iterator[Chart | Table]:
    if fitted.is_too_few:
        return
    if fitted.has_signal and odds:
        yield _odds_chart(odds[:TOP])
    yield score_table(fitted, name="purchase_scores")
    if not fitted.has_signal:
        return
    yield from calibration(facts, PURCHASE_CALIBRATION, fitted.week, name="purchase")
    if tenths:
        yield _tenths(tenths, is_order_only=fitted.is_order_only)
    yield _features(odds, meanings())


def _odds_chart(odds: list[tuple[Total, Figure]]) -> BarChart:
    marks = tuple(Bar(feature_name(one.keys), f.value, low=f.low, high=f.high, source=f.source) for one, f in odds)
    names = [name_text(feature_name(one.keys), length=40) for one, f in odds if _is_clear(f)]
    summary = "For no feature the interval leaves out 1, the same odds."
    if names:
        summary = f"1 is the same odds; the intervals of {', '.join(names)} leave it out."
    return BarChart("purchase_odds", "Odds of a purchase by feature", summary, "times", marks, decimals=2)


def _tenths(tenths: list[Total], *, is_order_only: bool) -> Table:
    """Without the buyers to expect where no more than the order is of use."""
    columns = [Column("Tenth, highest first"), Column("Persons", True), Column("Probability", True, "Mean"),
               Column("Expected buyers", True)]  # fmt: skip
    rows = [(f"{one.keys['decile']}", one["persons_scored"], without_limits(one["purchase_probability"]),
             one["expected_buyers"]) for one in tenths]  # fmt: skip
    note = "Who is in which tenth: `clarity-assets clickstream run --module purchase --export FILE`."
    if is_order_only:
        columns, rows = columns[:-1], [row[:-1] for row in rows]
        note = f"The probabilities come no closer than the share of buyers does: use their order alone. {note}"
    return Table("purchase_tenths", "Probability by tenth of all persons", tuple(columns), tuple(rows), note=note)


def _features(odds: list[tuple[Total, Figure]], counted: Mapping[str, str]) -> Table:
    columns = (Column("Feature"), Column("Odds ratio", True, "For a standard deviation more"),
               Column("Coefficient", True), Column("Counts"))  # fmt: skip
    rows = tuple((feature_name(one.keys), figure, one["coefficient"], counted.get(one.keys["feature"], ""))
                 for one, figure in odds)  # fmt: skip
    return Table("purchase_features", "Coefficients", columns, rows, is_long=True)
