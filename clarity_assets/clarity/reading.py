"""An answer's bytes in, its stored form with all that is known of it and its totals out."""

from clarity_assets.clarity.pages import PageRule
from clarity_assets.clarity.payload import PayloadProblem, read_totals, stored_form
from clarity_assets.clarity.requests import ClarityRequest
from clarity_assets.clarity.store import Answer
from clarity_assets.clarity.totals import Totals
from clarity_assets.settings import Settings


def read_answer(body: bytes, request: ClarityRequest, *, settings: Settings, **facts) -> tuple[Answer, Totals | None]:
    """A body as an Answer in its stored form, and its totals (None where it must be quarantined).

    Raises UnusableAnswer where the body is no answer at all.
    """
    stored = stored_form(body)
    facts = {"project_id": settings.need_project(), "request": request.name, "stored": stored, **facts}
    try:
        totals, blocks = read_totals(stored, request, pages=page_rule(settings))
    except PayloadProblem as problem:
        return Answer(**facts, row_count=0, quarantine_reason=str(problem)), None
    return Answer(
        **facts,
        row_count=blocks.row_count,
        truncated_blocks=tuple(blocks.truncated),
        warnings=tuple(blocks.warnings),
    ), totals


def page_rule(settings: Settings) -> PageRule:
    return PageRule(keep_scheme=settings.page_keep_scheme, keep_host=settings.page_keep_host)
