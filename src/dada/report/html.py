"""HTML pages from templates: one file each, with no network and no scripts."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from dada.report import figures
from dada.report.numbers import capitalised, percent


def html(template: str, **values: Any) -> str:
    """A page; everything from outside is escaped.

    Args:
        template: the name of a file in this package.
        values: what it says; each page has a `title`, a `lead` and dada's `version`.
    """
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(_text),
    )
    environment.filters["capitalised"] = capitalised
    environment.filters["percent"] = percent
    environment.filters["draw"] = lambda chart: Markup(figures.draw(chart))
    style = Markup(_text("style.css"))
    return environment.get_template(template).render(style=style, **values)


def _text(name: str) -> str:
    return (files("dada.report") / name).read_text(encoding="utf-8")
