"""Words and places in, layers of words out: Vega places them without measuring (1 ms a word), `drawing` writes them."""

import unicodedata
from typing import Literal

from clarity_assets.reports.rendering.charts.palette import colour
from clarity_assets.reports.rendering.texts import shorten

Anchor = Literal["start", "middle", "end"]
ANCHORS: dict[str, Anchor] = {"#0001f1": "start", "#0001f2": "middle", "#0001f3": "end"}
"""The stroke that tells `drawing`: this mark is words, anchored so."""

TITLE_OPACITY = 0.99  # tells `drawing`: these words are a title
GLYPHS_PX = {
    **dict.fromkeys("ijl.,:;|'!", 2.9),
    **dict.fromkeys("ftrI/()[]- ", 4.0),
    **dict.fromkeys("cksvxyzJ", 6.0),
    **dict.fromkeys("mwMW@%", 10.4),
}


def text_px(text: str) -> float:
    """About how wide the text is, in Arial of 12 px."""
    return sum(GLYPHS_PX.get(c) or (12.5 if unicodedata.east_asian_width(c) in "WF" else 8.1 if c.isupper() else 6.8)
               for c in text)  # fmt: skip


def fitted(text: str, *, width_px: float) -> str:
    """The text, or its beginning and end around `…`, in at most about that width."""
    length = len(text)
    while length > 4 and text_px(text) > width_px:
        length -= 1
        text = shorten(text, length=length)
    return text


def words_layer(
    rows: list[dict], *, anchor: Anchor, ink: str = "ink", dx: float = 0, dy: float = 0, title: bool = False, **encoding
) -> dict:
    """A layer that writes each row's `said` at the row's place, moved by `dx` and `dy` pixels."""
    stroke = next(stand_in for stand_in, meant in ANCHORS.items() if meant == anchor)
    mark = {"type": "point", "filled": False, "size": 1, "fill": colour(ink), "stroke": stroke,
            "xOffset": dx, "yOffset": dy, "opacity": TITLE_OPACITY if title else 1}  # fmt: skip
    return {"data": {"values": rows}, "mark": mark, "encoding": {**encoding, "description": {"field": "said"}}}


def names_layer(names: list[str], *, is_wide: bool) -> dict:
    """Names of rows: left of them, or above each (a row `0 name`) on a phone."""
    rows = [{"row": f"{i}" if is_wide else f"{i} name", "said": name} for i, name in enumerate(names)]
    anchor, dx, dy = ("end", -8, 0) if is_wide else ("start", 0, 2)
    return words_layer(rows, anchor=anchor, dx=dx, dy=dy, x={"value": 0})


def row_names(count: int, *, is_wide: bool, slots: tuple[str, ...] = ("",)) -> list[str]:
    """Values of the field `row` from top to bottom; on a phone a row for the name, then one for each slot."""
    return [f"{i}{slot}" for i in range(count) for slot in (("",) if is_wide else (" name", *slots))]
