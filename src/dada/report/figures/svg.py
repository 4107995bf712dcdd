"""From a Matplotlib figure to an `svg` element of a page."""

from __future__ import annotations

import re
from html import escape
from io import StringIO

import matplotlib
from matplotlib.figure import Figure

from dada.report.figures.style import VARIABLES


def svg(figure: Figure, label: str) -> str:
    """The figure as an element for a page, with the placeholders turned into CSS variables.

    Args:
        label: describes the figure to those who cannot see it.
    """
    file = StringIO()
    metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with matplotlib.rc_context({"svg.hashsalt": label}):
        figure.savefig(file, format="svg", dpi=72, transparent=True, metadata=metadata)
    text = file.getvalue()
    box = re.search(r'viewBox="[^"]*"', text)
    assert box is not None
    body = text[text.index(">", box.end()) + 1 :]
    body = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", body, flags=re.S)
    body = re.sub(r' id="[a-zA-Z0-9.]+_\d+"', "", body)  # several figures share a page
    for colour, name in VARIABLES.items():
        body = body.replace(colour, f"var(--{name})")
    return f'<svg class="figure" role="img" aria-label="{escape(label)}" {box[0]}>{body}'
