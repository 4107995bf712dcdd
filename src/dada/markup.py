"""HTML that a notebook shows: small tables, on light and dark paper alike, everything escaped.

Colours are the reader's own, or contrast with white and with black; styles stand in the tags, as
notebooks keep no style sheets of results, and nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

GOOD, BAD = "#1a8562", "#d1453b"
_BAR = "#2f7dc4"
_CELL = "text-align:left;vertical-align:top;padding:.2em 1.2em .2em 0"


def table(
    rows: Sequence[Sequence[str]],
    *,
    head: Sequence[str] = (),
    title: str = "",
    notes: Sequence[str] = (),
) -> str:
    """A table, with a line above it and lines below.

    Args:
        rows: cells of text, which is escaped, or `Markup`, which is not.
        head: headings of the columns.
        title: the line above.
        notes: the lines below.

    Examples:
        >>> "a &lt; b" in table([["a < b"]])
        True
    """
    heading = [Markup('<th style="{}">{}</th>').format(_CELL, cell) for cell in head]
    body = [
        Markup("<tr>{}</tr>").format(
            Markup().join(Markup('<td style="{}">{}</td>').format(_CELL, cell) for cell in row)
        )
        for row in rows
    ]
    return str(
        Markup("<div>{}{}{}</div>").format(
            paragraph(title) if title else "",
            Markup('<table style="border-collapse:collapse;margin:.3em 0">{}{}</table>').format(
                Markup("<thead><tr>{}</tr></thead>").format(Markup().join(heading)) if head else "",
                Markup("<tbody>{}</tbody>").format(Markup().join(body)),
            )
            if rows
            else "",
            Markup().join(map(paragraph, notes)),
        )
    )


def paragraph(text: str) -> Markup:
    """A paragraph, narrow enough to read."""
    return Markup('<p style="max-width:50em;margin:.3em 0">{}</p>').format(text)


def lines(texts: Sequence[str]) -> Markup:
    """One below the other."""
    return Markup("<br>").join(texts)


def bold(text: str) -> Markup:
    """What is read first."""
    return Markup("<b>{}</b>").format(text)


def muted(text: str) -> Markup:
    """What is read last."""
    return Markup('<span style="opacity:.7">{}</span>').format(text)


def coloured(text: str, colour: str) -> Markup:
    """Text in `GOOD` or `BAD`; empty for the reader's own colour."""
    shown = Markup('<span style="color:{}">{}</span>').format(colour, text)
    return shown if colour else escape(text)


def bar(share: float) -> Markup:
    """A bar as long as a share in [0, 1] of its cell.

    Examples:
        >>> "width:25.0%" in bar(0.25)
        True
    """
    return Markup(
        '<div style="height:4px;width:6em;background:rgba(128,128,128,.3)">'
        '<div style="height:4px;width:{}%;background:{}"></div></div>'
    ).format(round(100 * share, 1), _BAR)
