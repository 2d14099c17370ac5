"""Random streams of events: ties, long and short pauses around the timeout, midnights, told sessions, missing values."""

from datetime import datetime, timedelta
from itertools import chain

from hypothesis import strategies as st

TIMEOUT_US = 30 * 60 * 1_000_000
FIRST = datetime(2026, 10, 23)  # summer time ends in Europe on the 25th: UTC must not care
PAUSES_US = (
    TIMEOUT_US, TIMEOUT_US - 1, 1, 1_000_000, 20 * 60 * 1_000_000, 0, TIMEOUT_US + 1, 3 * 3_600_000_000, 20 * 3_600_000_000,
)  # fmt: skip
NEAR_MIDNIGHT_US = (-1, -TIMEOUT_US, -TIMEOUT_US + 1, -TIMEOUT_US - 1, 0, 1, TIMEOUT_US, TIMEOUT_US + 1)
TYPES = ("pageview", "view", "search", "cart", "remove", "checkout", "purchase", "rating", "video_start")


@st.composite
def events(draw, visitor: int) -> list[dict]:
    """Up to twelve events of one visitor, in any order."""
    day = draw(st.integers(0, 3))
    at = FIRST + timedelta(
        days=day, microseconds=draw(st.sampled_from(NEAR_MIDNIGHT_US) | st.integers(0, 86_399_999_999))
    )
    rows = []
    told = draw(st.sampled_from([None, None, 1_000_000 + visitor, "each"]))
    for _ in range(draw(st.integers(1, 12))):
        rows.append(draw(event(visitor, told)) | {"event_at": at})
        at += timedelta(microseconds=draw(st.sampled_from(PAUSES_US)))
    return draw(st.permutations(rows))


@st.composite
def event(draw, visitor: int, told) -> dict:
    """One event without its time."""
    kind = draw(st.sampled_from(TYPES))
    named = draw(st.booleans())
    if told == "each":
        told = draw(st.sampled_from([None, 2_000_000 + visitor]))
    return {
        "event_type": kind,
        "visitor_id": visitor,
        "session_id": told,
        "user_id": draw(st.sampled_from([None, None, 500_000 + visitor, 700_000 + visitor])),
        "page": draw(st.sampled_from([None, "https://shop.example/", "https://shop.example/a"])),
        "event_local_at": draw(st.sampled_from([None, datetime(2026, 10, 25, 2, 30)])),
        "source": "newsletter" if named else None,
        "medium": "email" if named else None,
        "device": draw(st.sampled_from([None, "PC", "Mobile"])),
        "country": draw(st.sampled_from([None, "DE"])),
        "price": draw(st.sampled_from([None, 0.1, 0.2, 19.99])) if kind == "purchase" else None,
        "order_id": draw(st.sampled_from([None, "A", "B"])) if kind == "purchase" else None,
        "is_bot": draw(st.sampled_from([False, False, False, True])),
    }


def visits(most: int) -> st.SearchStrategy[list[dict]]:
    """Events of up to `most` visitors."""
    return st.integers(most // 2, most).flatmap(
        lambda count: st.tuples(*(events(number) for number in range(1, count + 1))).map(
            lambda each: list(chain.from_iterable(each))
        )
    )
