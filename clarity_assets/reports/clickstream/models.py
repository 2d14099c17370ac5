"""A model's rows of a week in; its verdict in words, scores beside their baselines, features and calibration out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from clarity_assets.clickstream.modules.prediction.scores import CHANCE_AUC
from clarity_assets.reports.clickstream.facts import EventFacts
from clarity_assets.reports.clickstream.parts import limited
from clarity_assets.reports.document import Bar, BarChart, Column, Finding, Name, Sentence, Table
from clarity_assets.reports.figures import Figure
from clarity_assets.reports.marts import Total
from clarity_assets.reports.period import Period

SCORES = (
    "auc",
    "baseline_auc",
    "shuffled_auc",
    "shuffled_auc_high",
    "average_precision",
    "guessed_precision",
    "learnt_rate",
    "brier",
    "baseline_brier",
    "persons_train",
    "buyers_train",
    "persons_test",
    "buyers_test",
)
WORDS = ("verdict", "note", "baseline_name", "baseline_auc_low", "auc_low", "auc_high", "train_cutoff_date",
         "test_cutoff_date", "horizon_days")  # fmt: skip
CANNOT_TELL = (
    "Who would buy because of a mail or a discount: it tells who buys anyway. A test with two groups tells the rest.",
)


@dataclass(frozen=True)
class Fitted:
    """One model of one week. `told`: its verdict, names and dates."""

    name: str
    table: str
    week: Period
    scores: Total
    told: Mapping

    @property
    def auc(self) -> Figure:
        return limited(self.scores["auc"], self.told, "auc_low", "auc_high")

    @property
    def has_signal(self) -> bool:
        return self.told["verdict"] == "signal"

    @property
    def is_too_few(self) -> bool:
        return self.told["verdict"] == "too few"

    @property
    def has_a_telling_feature(self) -> bool:
        """Whether the best single feature passes what a model must: above guessing, and above shuffled labels."""
        is_above = self.scores.value("baseline_auc") > self.scores.value("shuffled_auc_high")
        return is_above and (self.told["baseline_auc_low"] or 0) > CHANCE_AUC

    @property
    def is_order_only(self) -> bool:
        """Whether the probabilities come no closer to what happened than one and the same for everyone."""
        return self.scores.value("brier") >= self.scores.value("baseline_brier")


def read_fitted(facts: EventFacts, table: str, *, name: str) -> Fitted | None:
    """The newest one within the period; None: there is none."""
    week = facts.marts.newest_week(table)
    if week is None:
        return None
    [scores] = facts.marts.totals(table, SCORES, period=week)
    [told] = facts.marts.rows(table, WORDS, period=week)
    return Fitted(name, table, week, scores, told)


def verdict(fitted: Fitted, *, use: str) -> Finding:
    """What the model is worth, plainly; `use`: what to do with it where it has a signal."""
    scores, told = fitted.scores, fitted.told
    values = {"auc": fitted.auc, "baseline": scores["baseline_auc"], "by": _feature(told["baseline_name"]),
              "shuffled": scores["shuffled_auc_high"], "persons": scores["persons_test"],
              "buyers": scores["buyers_test"], "learnt": scores["buyers_train"]}  # fmt: skip
    if fitted.is_too_few:
        words = (
            "Too few to say: {learnt} bought among those to learn from, {buyers} among those to test on. No "
            f"{fitted.name} was made."
        )
        values = {"learnt": scores["buyers_train"], "buyers": scores["buyers_test"]}
    elif not fitted.has_signal:
        words = (
            f"This {fitted.name} has no signal: it ranks a buyer above another person in {{auc}} of pairs (AUC; 0.5 is "
            "guessing), and of shuffled labels 1 of 20 comes to {shuffled} or more: do not use its ranking. "
            f"{_SORT if fitted.has_a_telling_feature else _NO_FEATURE}"
        )
    else:
        is_more = (fitted.auc.low or 0) > scores.value("baseline_auc")
        gain = "more than" if is_more else "not shown to be more than"
        words = (
            f"The {fitted.name} has a signal: AUC {{auc}} on {{persons}}, {gain} the best single feature alone "
            "({by}: {baseline}); of shuffled labels 19 of 20 stay below {shuffled}. "
            f"{use if is_more else _SIMPLER}"
        )
    if note := _new_in(told["note"]):
        words += " Note: {note}."
        values["note"] = note
    return Finding("auc", {}, Sentence(words, values), scores["persons_test"])


_SIMPLER = "So the simple rule may do as well: sort by that feature."
_SORT = "Sort by {by} instead: AUC {baseline}."
_NO_FEATURE = "Nor is the best single feature, {by}, shown to be better than guessing: {baseline}."
_SAID = ("one feature alone,", "probabilities come no closer")
"""How the parts of a model's note begin that the findings tell in words of their own."""


def _new_in(note: str | None) -> str:
    """What the note tells besides."""
    return "; ".join(part for part in (note or "").rstrip(".").split("; ") if not part.startswith(_SAID))


def chances(fitted: Fitted) -> Finding:
    """How far the probabilities themselves can be taken at their word: no further than a test would show."""
    scores = fitted.scores
    words = (
        "Its probabilities have a Brier score of {brier}, telling everyone {rate}, the share of buyers learnt from, "
        f"has {{baseline}} (less is better). {_ORDER_ONLY if fitted.is_order_only else _NOT_TESTED} "
        "Of the persons tested {buyers} bought within {days} days."
    )
    values = {
        "rate": without_limits(scores["learnt_rate"]),
        "brier": scores["brier"],
        "baseline": scores["baseline_brier"],
        "buyers": scores["buyers_test"],
        "days": f"{fitted.told['horizon_days']}",
    }
    return Finding("brier", {}, Sentence(words, values), scores["persons_test"])


_NOT_TESTED = "That difference was not tested: go by the order of persons, not by the probabilities themselves."
_ORDER_ONLY = "So they come no closer to what happens: use the order of persons alone, and no probability as such."


def without_limits(figure: Figure) -> Figure:
    return replace(figure, low=None, high=None)


def _feature(name: str | None) -> Name:
    return Name((name or "").replace("_", " "), "feature")


# --- pictures and tables -----------------------------------------------------------------------------------------


def feature_lines(facts: EventFacts, table: str, measures: Sequence[str], week: Period) -> list[Total]:
    """The features by rank."""
    ranks = {row["feature"]: row["rank"] for row in facts.marts.rows(table, ["feature", "rank"], period=week)}
    lines = facts.marts.totals(table, measures, by=("feature",), period=week)
    return sorted(lines, key=lambda one: ranks[one.keys["feature"]])


def feature_name(keys: Mapping) -> Name:
    return _feature(keys["feature"])


def meanings() -> Mapping[str, str]:
    """Feature -> what it counts."""
    from clarity_assets.clickstream.modules.prediction.features import FEATURES

    return FEATURES


def score_table(fitted: Fitted, *, name: str) -> Table:
    """Every score with what it is to be held against."""
    scores = fitted.scores
    rows = (
        ("AUC", fitted.auc, scores["baseline_auc"], "The best single feature alone"),
        (
            "AUC on shuffled labels",
            scores["shuffled_auc"],
            scores["shuffled_auc_high"],
            "95th percentile of the shuffles",
        ),
        (
            "Average precision",
            scores["average_precision"],
            scores["guessed_precision"],
            "Guessing: the share of buyers",
        ),
        (
            "Brier score (less is better)",
            scores["brier"],
            scores["baseline_brier"],
            "Everyone the share of those learnt from",
        ),
        ("Persons learnt from, and buyers among them", scores["persons_train"], scores["buyers_train"], ""),
        ("Persons tested on, and buyers among them", scores["persons_test"], scores["buyers_test"], ""),
    )
    columns = (Column("Score"), Column("Model", True), Column("Held against", True), Column("Which is"))
    told = fitted.told
    note = (
        f"Learnt from what was known before {told['train_cutoff_date']}, tested on what was known before "
        f"{told['test_cutoff_date']}: who bought in the {told['horizon_days']} days after."
    )
    return Table(name, "Scores beside their baselines", columns, rows, note=note)


def calibration(facts: EventFacts, table: str, week: Period, *, name: str) -> Iterator[BarChart | Table]:
    """What was predicted beside what came, by tenth of the predictions."""
    lines = facts.marts.totals(table, ["predicted_rate", "observed_rate", "persons"], by=("bin",), period=week)
    lines = sorted(lines, key=lambda one: one.keys["bin"])
    limits = {row["bin"]: row for row in facts.marts.rows(table, ["bin", "low", "high"], period=week)}
    if not lines:
        return
    observed = {one.keys["bin"]: limited(one["observed_rate"], limits[one.keys["bin"]], "low", "high", per=100)
                for one in lines}  # fmt: skip
    marks = []
    for one in lines:
        seen = observed[one.keys["bin"]]
        label = f"{one.value('persons'):,.0f} persons at {one.value('predicted_rate'):.1f} %"
        marks.append(Bar(label, one.value("predicted_rate"), "Predicted", source=one["predicted_rate"].source))
        marks.append(Bar(label, seen.value or 0.0, "Bought", seen.low, seen.high, seen.source))
    off = sum(not (figure.low or 0) <= one.value("predicted_rate") <= (figure.high or 100)
              for one, figure in zip(lines, observed.values(), strict=True))  # fmt: skip
    within = f"{len(lines) - off} of {len(lines)}"
    summary = f"In {within} groups what was predicted lies within what chance allows around what came."
    yield BarChart(f"{name}_calibration", "Predicted and bought", summary, "%", tuple(marks), decimals=1)
    rows = tuple(
        (f"{one.keys['bin']}", one["persons"], one["predicted_rate"], observed[one.keys["bin"]]) for one in lines
    )
    columns = (
        Column("Group, lowest first"),
        Column("Persons", True),
        Column("Predicted", True),
        Column("Bought", True),
    )
    yield Table(f"{name}_bins", "Calibration in numbers", columns, rows, is_long=True)
