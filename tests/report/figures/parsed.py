"""Reading what a figure shows."""

from __future__ import annotations

import re
from xml.etree import ElementTree


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg.replace("<svg ", '<svg xmlns:xlink="x" ', 1))


def texts(svg: str) -> list[str]:
    """Each text of the figure."""
    return [text for element in parsed(svg).iter("text") for text in element.itertext()]


def strokes(svg: str, variable: str, width: float) -> list[list[tuple[float, float]]]:
    """The points of each line in the colour and of the width."""
    found = []
    for path in parsed(svg).iter("path"):
        style = path.get("style", "")
        if f"stroke: var(--{variable})" in style and f"stroke-width: {width}" in style:
            numbers = re.findall(r"[ML] (\S+) (\S+)", path.get("d", ""))
            found.append([(float(x), float(y)) for x, y in numbers])
    return found
