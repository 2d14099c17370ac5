"""Names of colours in; what stands for them in a drawing (CSS variables on screen, literal ones in print) out."""

from collections.abc import Mapping
from dataclasses import dataclass

LIGHT = {
    "paper": "#ffffff", "card": "#f6f7f9", "ink": "#1b2027", "muted": "#55606d", "grid": "#e3e7eb", "rule": "#c3cad2",
    "accent": "#1d5fa6", "accent-soft": "#dbe8f6", "mark": "#eef2f7", "lost": "#a04a10", "lost-soft": "#fbeee4",
    "good": "#1a6b35", "bad": "#ad2222", "high": "#a01c1c", "on-high": "#ffffff",
    "series-1": "#1d5fa6", "series-2": "#b4500b", "series-3": "#0b756f", "series-4": "#7b3fa0", "series-5": "#ad2550",
    "series-6": "#5c6714",
    "soft-2": "#fae6d6", "soft-3": "#d5eeeb", "soft-4": "#ecdff4", "soft-5": "#f8dde5", "soft-6": "#ecefd0",
    "heat-0": "#f6f7f9", "heat-1": "#e0eaf6", "heat-2": "#c6daf0", "heat-3": "#abcaea", "heat-4": "#92bbe4",
    "heat-5": "#7bacde",
}  # fmt: skip
"""Colours on white, of the screen by day and of paper; text has a contrast of 4.5 on `paper`, shapes of 3."""

DARK = {
    "paper": "#14181d", "card": "#1b2027", "ink": "#e7ebf0", "muted": "#a5b0bd", "grid": "#2a313a", "rule": "#46515e",
    "accent": "#7db4f0", "accent-soft": "#1f3247", "mark": "#202731", "lost": "#f0a56e", "lost-soft": "#33241a",
    "good": "#79d394", "bad": "#ff9a94", "high": "#ff9a94", "on-high": "#14181d",
    "series-1": "#7db4f0", "series-2": "#f0a56e", "series-3": "#5fcfc4", "series-4": "#c9a2ec", "series-5": "#f58fa6",
    "series-6": "#c3cf6d",
    "soft-2": "#5a371f", "soft-3": "#173735", "soft-4": "#332741", "soft-5": "#42222c", "soft-6": "#32361b",
    "heat-0": "#1b2027", "heat-1": "#1c2c3e", "heat-2": "#1f3853", "heat-3": "#224568", "heat-4": "#26527d",
    "heat-5": "#2a5f92",
}  # fmt: skip
"""The same colours on a dark ground."""

SERIES = tuple(f"series-{i}" for i in range(1, 7))
DASHES = ([1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [4, 4], [12, 4])
HEAT_STEPS = tuple(f"heat-{i}" for i in range(6))
GROUPS = tuple(f"group-{i}" for i in range(1, 7))
"""Fills of bars: strong, soft, then stripes, so that groups differ without colour too."""

STRIPES = {"lost": 45, "group-3": 90, "group-4": 0, "group-6": 120}
"""Patterns, and the angles of their lines."""

PLAIN_GROUPS = {"group-1": "series-1", "group-2": "soft-2", "group-5": "soft-5"}
_NAMES = (*LIGHT, *(f"pattern-{name}" for name in STRIPES))
_STAND_INS = {name: f"#0000{i:02x}" for i, name in enumerate(_NAMES, start=1)}


@dataclass(frozen=True)
class Palette:
    """What a drawing is coloured with: `colours` by name, and the fonts of its words."""

    colours: Mapping[str, str]
    font: str = "Arial, 'Liberation Sans', Helvetica, sans-serif"

    def fill(self, stand_in: str, *, prefix: str) -> str | None:
        """The colour, or the pattern of the drawing `prefix`, that a stand-in stands for; None where it is none."""
        name = _MEANT.get(stand_in)
        if name is None:
            return None
        return f"url(#{prefix}-{name.removeprefix('pattern-')})" if name.startswith("pattern-") else self.colours[name]


SCREEN = Palette({name: f"var(--{name})" for name in LIGHT})
"""CSS variables, so that a drawing in a page follows light and dark."""

PRINT = Palette(LIGHT)
"""Literal colours on white."""

_MEANT = {stand_in: name for name, stand_in in _STAND_INS.items()}


def colour(name: str) -> str:
    """The stand-in that is written into a specification for a colour, or for a pattern or for a group's fill."""
    name = PLAIN_GROUPS.get(name, name)
    return _STAND_INS[f"pattern-{name}" if name in STRIPES and name in GROUPS else name]


def pattern(name: str, palette: Palette, *, prefix: str) -> str:
    """The SVG of one pattern: lines at an angle of its own on a soft ground."""
    number = name[-1]
    strong, soft = ("lost", "lost-soft") if name == "lost" else (f"series-{number}", f"soft-{number}")
    step_px, line_px = (6, 1.6) if name == "lost" else (4, 1.6)
    size, turned = f'width="{step_px}" height="{step_px}"', f"rotate({STRIPES[name]})"
    return (
        f'<pattern id="{prefix}-{name}" {size} patternUnits="userSpaceOnUse" patternTransform="{turned}">'
        f'<rect {size} fill="{palette.colours[soft]}"/>'
        f'<rect width="{line_px}" height="{step_px}" fill="{palette.colours[strong]}"/></pattern>'
    )
