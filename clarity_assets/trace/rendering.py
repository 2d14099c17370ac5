"""What a trace found in, plain text for a terminal out: printable, at most 100 columns wide."""

from collections.abc import Sequence
from itertools import groupby

from clarity_assets.reports.clickstream.tables import is_weekly
from clarity_assets.trace.answers import Verified
from clarity_assets.trace.event_rendering import event_lines, events_verdict
from clarity_assets.trace.registry import Told
from clarity_assets.trace.traced import AnswerTold, Derivation, MissingDay, ModelTold, Rows, Side, Traced
from clarity_assets.trace.wording import (
    STATISTICS,
    conditions,
    instant,
    number,
    shown,
    span,
    table,
    wrapped,
)

SHOWN = 10
LONG = 600  # characters of a difference between two rows: six lines
INTACT = "Intact: every answer below has the bytes that were stored"


def render_trace(traced: Traced) -> str:
    """The whole way of one number, from the report down to the requests that were sent."""
    head = f"Number {traced.number_id} · {traced.title}"
    lines = [head, "=" * len(head), *_verdict(traced), *_told(traced), *_what(traced)]
    for side in traced.sides:
        lines += _side(side, is_alone=len(traced.sides) == 1)
    if traced.model:
        lines += _model(traced.model)
    for side in traced.sides:
        for rows in side.landing:
            name = "" if len(traced.sides) == 1 else f", {side.label}"
            lines += _rows(f"Landing rows: {rows.table}{name}", rows)
    if traced.derivation:
        lines += _derivation(traced.derivation)
    if traced.events:
        lines += event_lines(traced.events)
    if traced.answers:
        lines += [*_answers(traced.answers), *_ledger(traced.answers)]
    for note in traced.notes:
        lines += ["", *wrapped(note, indent="")]
    return "\n".join(lines) + "\n"


def render_verified(found: Verified) -> str:
    """Every stored answer in one line, and each damaged or missing one by name."""
    counts = f"{found.answers:,} stored answers, {found.byte_count:,} bytes, hashed again"
    gone = [f"{found.deleted:,} more were deleted (CLARITY_KEEP_ANSWERS_DAYS); nothing can be said of their bytes."]
    if found.is_intact:
        lines = [f"Intact: {counts}; every one has the bytes that were stored.", *(gone if found.deleted else [])]
        return "\n".join(lines) + "\n"
    lines = []
    for answers, words in (
        (found.damaged, f"{len(found.damaged):,} of {counts} are damaged:"),
        (found.missing, f"{len(found.missing):,} more that days rest on are not stored:"),
    ):
        lines += [words] if answers else []
        for answer in answers:
            lines += wrapped(answer.damage, later="    ")
    if not found.damaged:
        lines.insert(0, f"{counts[0].upper()}{counts[1:]}; every one has the bytes that were stored.")
    lines += gone if found.deleted else []
    return "\n".join(lines) + "\n"


def _verdict(traced: Traced) -> list[str]:
    if not traced.is_intact:
        lines = []
        files = traced.events.damaged if traced.events else ()
        for one in (*traced.damaged, *files[:SHOWN]):
            lines += wrapped(one.damage, indent="", later="  ")
        lines += [f"… and {len(files) - SHOWN} more event files."] if len(files) > SHOWN else []
        if traced.derivation and traced.derivation.differences:
            lines += ["The landing rows are not what the answers tell (below)."]
        return [*lines, ""]
    if traced.events and traced.events.files:
        return [f"{events_verdict(traced.events)}.", ""]
    kept = [answer for answer in traced.answers if not answer.is_deleted]
    if kept and len(kept) < len(traced.answers):
        return [f"{INTACT}, but for {len(traced.answers) - len(kept)} that were deleted.", ""]
    return [f"{INTACT}.", ""] if kept else []


def _told(traced: Traced) -> list[str]:
    lines = ["Told by"]
    for told in traced.told:
        lines += wrapped(f"{told.report}, {instant(told.reported_at)}: {_value(told)}", later="    ")
    return [*lines, *_now(traced), ""]


def _value(told: Told) -> str:
    value = f"{number(told.value)} {told.unit}"
    return value if told.low is None and told.high is None else f"{value} ({number(told.low)} to {number(told.high)})"


def _now(traced: Traced) -> list[str]:
    """What the mart gives now, and why that may be another number."""
    if traced.now is None and traced.is_same is None:
        lines = []
    elif traced.is_same:
        lines = ["Now: the mart's rows give the same."]
    elif traced.is_same is None:
        lines = [f"Now: {number(traced.now)} as the plain quotient of the two sides below."]
    else:
        lines = [f"Now: {number(traced.now)}; this DIFFERS from what was told."]
    if traced.changed_days:
        days = ", ".join(f"{day}" for day in traced.changed_days[:SHOWN])
        more = f" and {len(traced.changed_days) - SHOWN} more" if len(traced.changed_days) > SHOWN else ""
        came = "Events" if traced.events else "Answers"
        lines += wrapped(f"{came} came after the newest report, for {days}{more}.", indent="")
    elif traced.is_same is False:
        came = "event" if traced.events else "answer"
        lines += wrapped(
            f"No {came} came since: the models, their rules, the settings or the rows have changed.", indent=""
        )
    return lines


def _what(traced: Traced) -> list[str]:
    source = traced.source
    lines = ["What it is", *wrapped(f"{traced.formula} of {source.table}", later="    ")]
    return [*lines, *wrapped(f"{source.statistic}: {STATISTICS[source.statistic]}", later="    "), ""]


def _side(side: Side, *, is_alone: bool) -> list[str]:
    name = "Rows" if is_alone else side.label.capitalize()
    where = conditions(side.where)
    if side.but_not:
        where += f"; all but {conditions(side.but_not)}"
    lines = [*wrapped(f"{name}: {span(side.start, side.end)}, {where}", indent="", later="  ")]
    told = f"value {number(side.value)}"
    if side.denominator is not None:
        told += f" = {number(side.numerator)} / {number(side.denominator)} (sums of its rows)"
    days = (side.end - side.start).days
    known = f"{side.known_days} of {days} days"
    told += f"; {known} are known" if side.landing else "" if is_weekly(side.rows.table) else f"; rows on {known}"
    if side.untold:
        told += f"; {side.untold} rows do not tell it"
    lines += wrapped(told)
    if side.is_modelled:
        by_model = number(side.value_by_model)
        by_model = "the same" if side.is_current else f"{by_model}: the mart is NOT UP TO DATE (clarity-assets build)"
        lines += wrapped(f"the model's SQL on the tables below gives {by_model}")
    lines += _missing(side.missing)
    return [*lines, *_rows(f"{side.rows.table}", side.rows, indent="  ")]


def _missing(missing: Sequence[MissingDay]) -> list[str]:
    """Days in a row of one status and cause together."""
    runs = [list(run) for _, run in groupby(missing, key=lambda day: (day.request, day.status, day.cause))]
    lines = []
    for run in runs[:SHOWN]:
        days = f"{run[0].date}" if len(run) == 1 else f"{run[0].date} to {run[-1].date}"
        lines += wrapped(f"missing: {days} of {run[0].request}, {run[0].status}: {run[0].cause}", later="      ")
    return lines + ([f"  … and {len(runs) - SHOWN} more such spans"] if len(runs) > SHOWN else [])


def _rows(title: str, rows: Rows, *, indent: str = "") -> list[str]:
    first = f", the first {len(rows.first)}" if rows.count > len(rows.first) else ""
    lines = wrapped(f"{title}: {rows.count:,}{first}", indent=indent)
    return [*lines, *(table(rows.columns, rows.first) if rows.first else []), ""]


def _model(model: ModelTold) -> list[str]:
    lines = ["SQL model" if model.upstream else "Made by", *wrapped(model.path, later="    ")]
    lines += wrapped(f"reads {', '.join(model.upstream)}", later="    ") if model.upstream else []
    for (name, column), sources in model.lineage:
        below = ", ".join(f"{table_}.{source}" for table_, source in sources)
        lines += wrapped(f"{name}.{column} <- {below}", later="      ")
    return [*lines, ""]


def _derivation(found: Derivation) -> list[str]:
    lines = []
    of_days = f"{found.rows:,} landing rows of {found.days} of {found.of_days} known days of a request"
    if found.days and not found.differences:
        lines += wrapped(f"Landing rows agree with the answers: {of_days} were made again from them.", indent="")
    for text in found.differences:
        lines += wrapped(f"DIFFERS: {shown(text, length=LONG)}", indent="", later="  ")
    for text in found.left_out[:SHOWN]:
        lines += wrapped(f"not made again: {text}", indent="", later="  ")
    return [*lines, ""]


def _answers(answers: Sequence[AnswerTold]) -> list[str]:
    lines = [f"Answers: {len(answers):,}" + (f", the first {SHOWN}" if len(answers) > SHOWN else "")]
    for answer in _first(answers):
        window = f"window {shown(answer.window_start)} to {instant(answer.window_end)}"
        came = f"received {instant(answer.received_at)} from {shown(answer.origin)}"
        state = "NOT INTACT" if answer.damage else "its body was deleted" if answer.is_deleted else "its bytes match"
        lines += wrapped(f"{answer.answer_id}: {state}", later="    ")
        lines += wrapped(f"request {answer.request}, {window}, {came}", indent="    ")
        lines += wrapped(f"sha256 {answer.sha256}, {answer.byte_count:,} bytes", indent="    ")
        lines += wrapped(_uses(answer), indent="    ")
    return [*lines, ""]


def _first(answers: Sequence[AnswerTold]) -> list[AnswerTold]:
    """The first ones, and every damaged one."""
    return [answer for place, answer in enumerate(answers) if place < SHOWN or answer.damage]


def _uses(answer: AnswerTold) -> str:
    told = [
        f"{'added' if u.sign == '+' else 'subtracted'} for {u.request} of {u.date} ({u.method})" for u in answer.uses
    ]
    more = f" and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
    return "; ".join(told[:SHOWN]) + more


def _ledger(answers: Sequence[AnswerTold]) -> list[str]:
    entries = [answer for answer in answers if answer.ledger]
    beside = len(answers) - len(entries)
    lines = [f"Ledger (ops.api_request): {len(entries):,}" + (f", the first {SHOWN}" if len(entries) > SHOWN else "")]
    names = ("request_id", "reserved_at", "outcome", "status", "purpose", "request")
    rows = [
        (a.ledger.request_id, a.ledger.reserved_at, a.ledger.outcome, a.ledger.http_status, a.ledger.purpose, a.request)
        for a in entries[:SHOWN]
    ]
    lines += table(names, rows) if rows else []
    return lines + ([f"  {beside} without an entry: imported, not asked for"] if beside else [])
