"""Groups' means in, a name in words for each out: many cart adds, no purchase, came 20 days ago."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

FAR = 1.0  # standard deviations from all persons' mean (of log scaled values)
NEAR = 0.4
NONE_MEAN = 0.05  # less than one of twenty persons did it once
PHRASES = 3
WEIGHTS = {"carts": 2.0, "purchases": 2.0}  # what a shop asks for first; all else 1
PLAIN = "like most"


@dataclass(frozen=True)
class Word:
    """How a feature is called; of `kind` only the furthest from the mean is told, since they say the same."""

    kind: str
    many: str
    few: str
    none: str = ""


WORDS: Mapping[str, Word] = {
    "sessions": Word("visits", "many sessions", "few sessions"),
    "active_days": Word("visits", "many active days", "few active days"),
    "events_per_session": Word("depth", "long sessions", "short sessions"),
    "product_views": Word("views", "many product views", "few product views", "no product view"),
    "cart_adds": Word("carts", "many cart adds", "few cart adds", "no cart add"),
    "purchases": Word("purchases", "many purchases", "few purchases", "no purchase"),
    "revenue": Word("purchases", "much revenue", "little revenue"),
}
RECENCY = "recency_days"


def names_of(means: Sequence[Mapping[str, float]], centres: np.ndarray, features: Sequence[str]) -> list[str]:
    """A name for each group: `means` by feature as counted, `centres` as distances from the mean of all. All differ."""
    phrases = [
        _phrases(mean, dict(zip(features, centre, strict=True))) for mean, centre in zip(means, centres, strict=True)
    ]
    names: list[str] = []
    for mine, mean in zip(phrases, means, strict=True):
        came = _came(mean[RECENCY])
        longer = (", ".join([*mine[:count], came]) for count in range(min(PHRASES, len(mine)), len(mine) + 1))
        name = next((each for each in longer if each not in names), "")
        names.append(name or f"{', '.join([*mine, came])} ({len(names) + 1})")
    return names


def _phrases(mean: Mapping[str, float], distances: Mapping[str, float]) -> list[str]:
    """One phrase a kind, the furthest (weighted) first; that they never do it says more than that they do it little."""
    told: dict[str, tuple[bool, float, str]] = {}
    for feature, word in WORDS.items():
        distance = distances[feature]
        is_none = bool(word.none) and distance <= -NEAR / 2 and mean[feature] < NONE_MEAN
        phrase = word.none if is_none else _phrase(word, distance)
        if phrase:
            far = abs(distance) * WEIGHTS.get(word.kind, 1.0)
            told[word.kind] = max((is_none, far, phrase), told.get(word.kind, (False, 0.0, "")))
    furthest = sorted(told.values(), key=lambda each: -each[1])
    return [phrase for _, _, phrase in furthest] or [PLAIN]


def _phrase(word: Word, distance: float) -> str:
    if abs(distance) < NEAR:
        return ""
    rather = "" if abs(distance) >= FAR else "rather "
    return rather + (word.many if distance > 0 else word.few)


def _came(days: float) -> str:
    """Days from the last event to the week's end, as one says it."""
    whole = round(days)
    return "came within a day" if whole < 1 else f"came {whole} day{'s' if whole > 1 else ''} ago"
