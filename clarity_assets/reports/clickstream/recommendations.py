"""Facts of events in, the section on what to offer next (is the recommender worth it, what it offers) out."""

from collections.abc import Iterator, Mapping, Sequence

from clarity_assets.reports.clickstream.facts import EventFacts
from clarity_assets.reports.clickstream.parts import bars, missing, of_week
from clarity_assets.reports.clickstream.tables import RECOMMENDATION, RECOMMENDER
from clarity_assets.reports.document import Bar, BarChart, Chart, Column, Finding, Name, Section, Sentence, Table
from clarity_assets.reports.figures import Figure, Source
from clarity_assets.reports.marts import Total
from clarity_assets.reports.period import Period
from clarity_assets.reports.product.parts import TOP

TITLE = "Recommendations"
TITLES = {"ndcg": "NDCG", "hit_rate": "Hit rate", "precision": "Precision", "recall": "Recall", "map": "MAP",
          "coverage": "Coverage", "rmse": "RMSE (stars)"}  # fmt: skip
MEANINGS = {
    "ndcg": "how far up the list the right products stand; 1 is best",
    "hit_rate": "share of persons with at least one right product in their list",
    "precision": "share of the list that was right",
    "recall": "share of what they took to that was in the list",
    "map": "precision at each right product, averaged",
    "coverage": "share of all products that anybody is offered",
    "rmse": "mean error of predicted stars, against the mean rating; less is better",
}
MAIN = ("ndcg", "hit_rate", "precision")  # which of them decides, the first that is told
CANNOT_TELL = (
    "What people would have taken to, had they been shown something else: they are judged by what they chose by "
    "themselves. A test with two groups tells it.",
)


def recommendations(facts: EventFacts) -> Section:
    """ALS beside popularity on days that it did not learn from; what is offered most."""
    weeks = [week for table in (RECOMMENDER, RECOMMENDATION) if (week := facts.marts.newest_week(table))]
    if not weeks:
        return missing(facts, RECOMMENDER, title=TITLE)
    week = max(weeks, key=lambda one: one.start)  # of a newest week that could not be judged there are lists alone
    scores = _scores(facts, week)
    return Section(
        "recommendations", TITLE, findings=tuple(_findings(facts, week, scores)),
        blocks=tuple(_blocks(facts, week, scores)), notes=(of_week(week),), cannot_tell=CANNOT_TELL,
    )  # fmt: skip


class Score:
    """One metric of one week: ALS's value, popularity's, and the interval of the difference where there is one."""

    def __init__(self, line: Total, row: Mapping) -> None:
        self.metric, self.k = line.keys["metric"], line.keys["k"]
        self.value, self.baseline = line["recommender_score"], line["recommender_baseline"]
        self.persons = line["evaluated_persons"]
        self.low, self.high, self.note = row["difference_low"], row["difference_high"], row["note"]

    @property
    def title(self) -> str:
        title = TITLES.get(self.metric, self.metric)
        return f"{title} at {self.k}" if self.k else title

    @property
    def is_better(self) -> bool | None:
        """Whether ALS is shown to be better (False: worse); None where neither is shown."""
        if self.low is None or self.high is None:
            return None
        return True if self.low > 0 else False if self.high < 0 else None


def _scores(facts: EventFacts, week: Period) -> list[Score]:
    """In the order of TITLES."""
    measures = ["recommender_score", "recommender_baseline", "evaluated_persons"]
    lines = facts.marts.totals(RECOMMENDER, measures, by=("metric", "k"), period=week)
    rows = facts.marts.rows(RECOMMENDER, ["metric", "k", "difference_low", "difference_high", "note"], period=week)
    told = {(row["metric"], row["k"]): row for row in rows}
    scores = [Score(line, told[line.keys["metric"], line.keys["k"]]) for line in lines]
    order = list(TITLES)
    return sorted(scores, key=lambda one: (order.index(one.metric) if one.metric in order else 9, one.k or 0))


# --- findings ----------------------------------------------------------------------------------------------------


def _findings(facts: EventFacts, week: Period, scores: Sequence[Score]) -> Iterator[Finding]:
    main = _main(scores)
    if main is None:
        note = next((one.note for one in scores if one.note), "")
        words = "The recommender could not be judged: {why}. Until then the most popular products are the list to use."
        yield Finding("recommender_score", {}, Sentence(words, {"why": note or "too few persons came again"}))
    else:
        yield _verdict(main)
    if finding := _offered(facts, week):
        yield finding
    if stars := next((one for one in scores if one.metric == "rmse" and one.value.value is not None), None):
        words = (
            "Stars are predicted with a mean error (RMSE) of {value}; the mean rating for everything has {baseline}."
        )
        yield Finding("recommender_score", {"metric": "rmse"},
                      Sentence(words, {"value": stars.value, "baseline": stars.baseline}), stars.persons)  # fmt: skip


def _main(scores: Sequence[Score]) -> Score | None:
    """The score that decides; None: none of them is told."""
    return next((one for name in MAIN for one in _longest(scores) if one.metric == name), None)


def _longest(scores: Sequence[Score]) -> list[Score]:
    """Scores that are told, of the longest lists that are judged: those that are shown."""
    told = [one for one in scores if one.value.value is not None]
    length = max((one.k for one in told if one.k), default=None)
    return [one for one in told if one.k in (None, length)]


def _verdict(main: Score) -> Finding:
    """Whether personal lists are worth more than the bestsellers."""
    said = {
        True: "Personal lists (ALS) find more of what people took to later than the most popular products do",
        False: "Personal lists (ALS) find less of what people took to later than the most popular products do",
        None: "Personal lists (ALS) are not shown to do better than the most popular products",
    }[main.is_better]
    todo = {
        True: "Show them in mails, on product pages and in the cart.",
        False: "Show the most popular products.",
        None: "Show the most popular products until they are.",
    }[main.is_better]
    words = f"{said}: {{title}} {{value}} against {{baseline}}, on {{persons}}. {todo}"
    values = {"title": main.title, "value": main.value, "baseline": main.baseline, "persons": main.persons}
    return Finding("recommender_score", {"metric": main.metric}, Sentence(words, values), main.persons)


def _offered(facts: EventFacts, week: Period) -> Finding | None:
    lines = facts.marts.totals(RECOMMENDATION, ["recommended_persons"], by=("method",), period=week)
    told = [line for line in lines if line["recommended_persons"].value]
    if not told:
        return None
    of = "of their own" if told[0].keys["method"] == "als" else "of the most popular products that they do not know yet"
    words = (
        f"{{persons}} have a list {of}; who is new gets the most popular products. One person's list: "
        "`clarity-assets clickstream run --module recommendations --user ID`."
    )
    return Finding("recommended_persons", {}, Sentence(words, {"persons": told[0]["recommended_persons"]}))


# --- pictures and tables -----------------------------------------------------------------------------------------


def _blocks(facts: EventFacts, week: Period, scores: Sequence[Score]) -> Iterator[Chart | Table]:
    shown = [one for one in _longest(scores) if one.metric != "rmse"]
    if shown:
        yield _beside(shown)
    if scores:
        yield _score_table(scores)
    lines = [
        line
        for line in facts.marts.totals(RECOMMENDATION, ["recommended_to"], by=("product_id",), period=week, top=TOP)
        if line["recommended_to"].value
    ]
    if lines:
        yield bars("recommendations_products", "Products that are offered to most persons", lines, "recommended_to",
                   label=lambda line: Name(line.keys["product_id"], "product"), is_part=len(lines) == TOP)  # fmt: skip
    if table := _cold_start(facts, week):
        yield table


def _beside(scores: Sequence[Score]) -> BarChart:
    """Both methods on the same persons and days."""
    marks = tuple(
        Bar(one.title, figure.value, group, source=figure.source)
        for one in scores for group, figure in (("ALS", one.value), ("Most popular", one.baseline))
        if figure.value is not None
    )  # fmt: skip
    better = sum(one.is_better is True for one in scores)
    told = sum(one.is_better is not None or one.low is not None for one in scores)
    summary = (
        f"Of the {told} scores shown that were tested ALS is better in {better}" if told else "No score was tested."
    )
    if told:
        main = _main(scores)
        summary += f"; {main.title} decides." if main else "."
    return BarChart(
        "recommendations_scores", "ALS beside the most popular products", summary, "0 to 1", marks, decimals=3
    )


def _score_table(scores: Sequence[Score]) -> Table:
    columns = (Column("Score"), Column("ALS", True), Column("Most popular", True), Column("ALS is"),
               Column("Persons", True), Column("Meaning"))  # fmt: skip
    said, main = {True: "better", False: "worse"}, _main(scores)
    rows = tuple(
        (f"{one.title} (decides)" if one is main else one.title, one.value, one.baseline,
         said.get(one.is_better, "not shown to differ") if one.low is not None else "not tested", one.persons,
         MEANINGS.get(one.metric, ""))
        for one in scores
    )  # fmt: skip
    note = (
        "Judged on the newest days, which it did not learn from, by what people took to for the first time. Better or "
        "worse: the 95 % interval of the difference, paired by person, does not hold 0. RMSE: the mean rating in place "
        "of the most popular."
    )
    if main:
        note += f" {main.title} decides; the others are told beside it, each tested by itself: being many, some of "
        note += "them may come out better or worse by chance alone."
    return Table("recommendations_measures", "How good the lists are", columns, rows, note=note)


def _cold_start(facts: EventFacts, week: Period) -> Table | None:
    """The list for those of whom nothing is known."""
    rows = facts.marts.rows(RECOMMENDATION, ["rank", "product_id", "score"], where={"person_id": None}, period=week,
                            order_by=["rank"], top=TOP)  # fmt: skip
    if not rows:
        return None
    told = tuple(
        (f"{row['rank']}", Name(row["product_id"], "product"), _liking(row, week))
        for row in rows
    )  # fmt: skip
    columns = (
        Column("Place"),
        Column("Product"),
        Column("Score", True, "Share of all liking (views, carts, purchases, weighted)"),
    )
    return Table("recommendations_cold_start", "For who is new: the most popular products", columns, told)


def _liking(row: Mapping, week: Period) -> Figure:
    where = (("person_id", None), ("rank", row["rank"]))
    return Figure(row["score"], "", Source(RECOMMENDATION, "offer_score", where, week.start, week.end), decimals=3)
