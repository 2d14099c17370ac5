"""A Vega-Lite specification in, a small SVG out: coloured by a palette, one image with a name, marks with their words."""

import re
from xml.etree import ElementTree

from clarity_assets.reports.rendering.charts.palette import PATTERNS, Palette, colour, pattern

SVG = "http://www.w3.org/2000/svg"
VEGA_LITE = "6.4"
FONT_PX = 12
DROPPED = ("class", "role", "aria-roledescription", "aria-hidden", "pointer-events", "stroke-miterlimit", "font-family")
USUAL = {"opacity": "1", "stroke-width": "1", "fill-opacity": "1", "font-weight": "normal"}


def svg_of(spec: dict, *, palette: Palette, prefix: str, label: str) -> str:
    """The drawing as one image called `label`; ids begin with `prefix`; words of a mark stand in its `data-tip`."""
    import vl_convert

    text = vl_convert.vegalite_to_svg({**spec, "config": _config()}, vl_version=VEGA_LITE, show_warnings=False)
    root = ElementTree.fromstring(text)
    used = {found for element in root.iter() for found in _clean(element, palette, prefix)}
    _drop_empty(root)
    root[:] = [child for child in root if child.tag != "rect"]  # the ground
    size = {name: root.get(name) for name in ("width", "height", "viewBox")}
    root.attrib.clear()
    root.attrib.update({"xmlns": SVG, **size, "role": "img", "aria-label": label, "font-family": palette.font})
    patterns = "".join(pattern(name, palette, prefix=prefix) for name in PATTERNS if name in used)
    if patterns:
        root.insert(0, ElementTree.fromstring(f"<defs>{patterns}</defs>"))
    return ElementTree.tostring(root, encoding="unicode")


def _clean(element: ElementTree.Element, palette: Palette, prefix: str) -> list[str]:
    """Takes away what Vega writes for itself, puts colours in; returns the patterns used."""
    element.tag = element.tag.removeprefix(f"{{{SVG}}}")
    used = []
    for name, value in list(element.attrib.items()):
        if name in DROPPED or USUAL.get(name) == value:
            del element.attrib[name]
        elif name == "aria-label":
            del element.attrib[name]
            element.set("data-tip", value)
        elif name in ("fill", "stroke") and (meant := palette.fill(value, prefix=prefix)):
            element.set(name, meant)
            used += re.findall(rf"^url\(#{prefix}-(.*)\)$", meant)
        elif name in ("transform", "d"):
            element.set(name, re.sub(r"(\.\d\d)\d+", r"\1", value))
    return used


def _drop_empty(element: ElementTree.Element) -> None:
    """Takes away groups and paths that draw nothing."""
    for child in list(element):
        _drop_empty(child)
        is_empty_group = child.tag == "g" and not len(child)
        is_empty_path = child.tag == "path" and child.get("d", "").replace("M0,0h0v0h0Z", "") == ""
        is_unpainted = child.tag == "path" and not {"fill", "stroke", "data-tip"} & set(child.attrib)
        if is_empty_group or is_empty_path or is_unpainted or child.get("display") == "none":
            element.remove(child)


def _config() -> dict:
    """The look that all charts share."""
    text = {"labelColor": colour("muted"), "labelFontSize": FONT_PX, "labelFont": "Arial", "titleFont": "Arial",
            "titleColor": colour("muted"), "titleFontSize": FONT_PX, "titleFontWeight": "normal", "aria": False}  # fmt: skip
    return {
        "background": "transparent",
        "font": "Arial",
        "padding": 2,
        "view": {"stroke": None},
        "axis": {**text, "gridColor": colour("grid"), "domainColor": colour("rule"), "tickColor": colour("rule"),
                 "tickSize": 4},
        "legend": {**text, "labelColor": colour("ink"), "orient": "top", "direction": "horizontal", "title": None,
                   "labelLimit": 160, "columnPadding": 14, "offset": 6},
        "title": {"color": colour("ink"), "fontSize": 13, "fontWeight": 600, "font": "Arial", "anchor": "start",
                  "offset": 8, "aria": False},
        "text": {"fontSize": FONT_PX, "color": colour("ink"), "aria": False, "font": "Arial"},
        "rule": {"aria": False},
        "line": {"aria": False},
        "area": {"aria": False},
    }  # fmt: skip
