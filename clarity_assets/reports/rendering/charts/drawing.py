"""Vega-Lite pictures in, one small SVG out: coloured by a palette, an image with a name, marks with their words."""

import re
from dataclasses import dataclass
from xml.etree import ElementTree

from clarity_assets.reports.rendering.charts.lettering import ANCHORS, TITLE_OPACITY, text_px
from clarity_assets.reports.rendering.charts.palette import STRIPES, Palette, colour, pattern
from clarity_assets.reports.rendering.charts.words import ID_MARK

SVG = "http://www.w3.org/2000/svg"
VEGA_LITE = "6.4"
FONT_PX = 12
KEY_ROW_PX, KEY_MARK_PX, KEY_GAP_PX = 20, 22, 18
KEPT = {"transform", "d", "x", "y", "x2", "y2", "dy", "width", "height", "fill", "fill-opacity", "opacity", "stroke",
        "stroke-width", "stroke-dasharray", "stroke-linejoin", "data-tip", "data-id", "text-anchor",
        "font-weight"}  # fmt: skip
USUAL = {"opacity": "1", "stroke-width": "1", "fill-opacity": "1"}


@dataclass(frozen=True)
class KeyItem:
    """One entry of a key: a bar's `fill`, or a line's `stroke` with its dashes."""

    said: str
    stroke: str
    fill: str | None = None
    dash: tuple[int, ...] = ()


@dataclass(frozen=True)
class Drawing:
    """`pictures`: Vega-Lite views of fixed size, each with the place (x, y) in px of its upper left corner.

    `width_px`, `height_px`: of all, without the key, which stands above and begins at `key_x_px`.
    """

    pictures: tuple[tuple[int, int, dict], ...]
    width_px: int
    height_px: int
    key: tuple[KeyItem, ...] = ()
    key_x_px: int = 0


def svg_of(drawing: Drawing, *, palette: Palette, prefix: str, label: str) -> str:
    """The drawing as one image called `label`; ids begin with `prefix`.

    The words of a mark stand in its `data-tip`, the ids of its numbers in its `data-id`.
    """
    key, key_px = _key(drawing)
    root = ElementTree.Element("svg")
    root.extend([*key, *(_picture(spec, x=x, y=y + key_px) for x, y, spec in drawing.pictures)])
    used = {found for element in list(root.iter()) for found in _clean(element, palette, prefix)}
    _drop_empty(root)
    width, height = drawing.width_px, drawing.height_px + key_px
    root.attrib.clear()
    root.attrib.update({
        "xmlns": SVG, "width": f"{width}", "height": f"{height}", "viewBox": f"0 0 {width} {height}", "role": "img",
        "aria-label": label, "font-family": palette.font, "font-size": f"{FONT_PX}",
    })  # fmt: skip
    patterns = "".join(pattern(name, palette, prefix=prefix) for name in STRIPES if name in used)
    if patterns:
        root.insert(0, ElementTree.fromstring(f"<defs>{patterns}</defs>"))
    return ElementTree.tostring(root, encoding="unicode")


def _picture(spec: dict, *, x: int, y: int) -> ElementTree.Element:
    """What Vega draws of one view, as a group at a place."""
    import vl_convert

    whole = {**spec, "padding": 0, "autosize": "none", "config": _config()}
    svg = ElementTree.fromstring(vl_convert.vegalite_to_svg(whole, vl_version=VEGA_LITE, show_warnings=False))
    group = ElementTree.Element("g", {"transform": f"translate({x},{y})"})
    group.extend(child for child in svg if not child.tag.endswith("rect"))  # the rect is the ground
    return group


def _clean(element: ElementTree.Element, palette: Palette, prefix: str) -> list[str]:
    """Takes away what Vega writes for itself, puts words and colours in; returns the patterns used."""
    element.tag = element.tag.removeprefix(f"{{{SVG}}}")
    if element.get("stroke") in ANCHORS:
        _write(element)
    elif said := element.attrib.pop("aria-label", ""):
        tip, _, ids = said.partition(ID_MARK)
        element.set("data-tip", tip)
        if ids:
            element.set("data-id", ids)
    used = []
    for name, value in list(element.attrib.items()):
        if name not in KEPT or USUAL.get(name) == value:
            del element.attrib[name]
        elif name in ("fill", "stroke") and (meant := palette.fill(value, prefix=prefix)):
            element.set(name, meant)
            used += re.findall(rf"^url\(#{re.escape(prefix)}-(.*)\)$", meant)
        elif name in ("transform", "d"):
            element.set(name, re.sub(r"(\.\d)\d+", r"\1", value))
    return used


def _write(element: ElementTree.Element) -> None:
    """Makes words of a mark that stands for them."""
    is_title = element.get("opacity") == f"{TITLE_OPACITY}"
    element.tag, element.text = "text", element.get("aria-label")
    element.set("text-anchor", ANCHORS[element.get("stroke")])
    element.set("dy", "4")
    if is_title:
        element.set("font-weight", "bold")
    for name in ("stroke", "aria-label", "d", "stroke-width", "opacity"):
        element.attrib.pop(name, None)


def _drop_empty(element: ElementTree.Element) -> None:
    """Takes away groups and paths that draw nothing."""
    for child in list(element):
        _drop_empty(child)
        is_empty_group = child.tag == "g" and not len(child)
        is_unpainted = child.tag == "path" and not {"fill", "stroke"} & set(child.attrib)
        if is_empty_group or is_unpainted:
            element.remove(child)


def _key(drawing: Drawing) -> tuple[list[ElementTree.Element], int]:
    """The key's marks above the picture, as many in a row as fit, and the height that they take."""
    x, y, found = drawing.key_x_px, 8, []
    for item in drawing.key:
        wide = KEY_MARK_PX + text_px(item.said) + KEY_GAP_PX
        if x > drawing.key_x_px and x + wide - KEY_GAP_PX > drawing.width_px:
            x, y = drawing.key_x_px, y + KEY_ROW_PX
        place = {"transform": f"translate({x:.0f},{y})", "stroke": item.stroke}
        if item.fill:
            mark = ElementTree.Element(
                "rect", {**place, "x": "4", "y": "-6", "width": "12", "height": "12", "fill": item.fill}
            )
        else:
            dash = " ".join(map(str, item.dash))
            mark = ElementTree.Element(
                "line", {**place, "x2": "18", "y2": "0", "stroke-width": "2", "stroke-dasharray": dash}
            )
        words = ElementTree.Element(
            "text", {"transform": f"translate({x + KEY_MARK_PX:.0f},{y})", "dy": "4", "fill": colour("ink")}
        )
        words.text = item.said
        found += [mark, words]
        x += wide
    return found, y + 14 if found else 0


def _config() -> dict:
    """The look that all charts share; axes have no words of their own, see `lettering`."""
    axis = {"labels": False, "title": None, "gridColor": colour("grid"), "domainColor": colour("rule"),
            "tickColor": colour("rule"), "tickSize": 4, "aria": False}  # fmt: skip
    quiet = {kind: {"aria": False} for kind in ("rule", "line", "area", "tick")}
    return {"background": "transparent", "view": {"stroke": None}, "axis": axis, **quiet}
