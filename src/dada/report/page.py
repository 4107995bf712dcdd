"""The page of a run: one file that needs no network, from what the run's files say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, TemplateError
from markupsafe import Markup

from dada.errors import UserError
from dada.files import replace_file
from dada.report import facts, figures
from dada.report.chart import Chart
from dada.report.commands import Repeat, resumption
from dada.report.comparison_part import ComparisonPart
from dada.report.numbers import capitalised
from dada.report.policy_part import PolicyPart
from dada.report.verdict import Verdict
from dada.runs import RunFolder
from dada.tasks import metric_recorded

REPORT = "report.html"

DAMAGE = (
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    StopIteration,
)
"""What comes of files that hold other things than a run writes."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a page says, whatever kind of run it is of. What is empty is left out.

    Attributes:
        title: of the page.
        lead: what was done, in a sentence or two.
        interrupted: that the run is not finished, and how far it is.
        nothing: paragraphs on why no augmentation was found.
        verdicts: the answers; the first one gives the box its colour.
        ask: the command that would give an answer, where there is none.
        uses: commands that put the policy to use.
        comparisons: each with its figure and table.
        trainings: of a comparison that is not finished: name, seed and result.
        policies: each with its operations and pictures.
        charts: how it went.
        repeat: the commands that make the run again.
    """

    title: str
    lead: str = ""
    interrupted: str = ""
    nothing: Sequence[str] = ()
    verdicts: Sequence[Verdict] = ()
    ask: str = ""
    uses: Sequence[str] = ()
    comparisons: Sequence[ComparisonPart] = ()
    trainings: Sequence[dict[str, Any]] = ()
    policies: Sequence[PolicyPart] = ()
    charts: Sequence[Chart] = ()
    repeat: Repeat


def write_page(run: RunFolder, build: Callable[[RunFolder], Page]) -> Path:
    """Write `report.html` into the run's folder: no network, no scripts, pictures inside.

    Args:
        run: the run.
        build: says what the page says, from the run's files.

    Returns:
        The path of the page.

    Raises:
        UserError: there is nothing in the run yet, or a file of it is damaged.
    """
    try:
        page = render(build(run), run.config, run.path)
    except (*DAMAGE, TemplateError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"{run.path}: a file of the run is damaged ({type(error).__name__}: {reason:.200})"
        ) from error
    return replace_file(run.path / REPORT, page.encode(errors="replace"))


def render(page: Page, config: dict[str, Any], path: Path) -> str:
    """The page as text; everything from outside is escaped.

    Args:
        page: what it says.
        config: of the run: data, settings, versions, machine.
        path: of its folder.
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["capitalised"] = capitalised
    environment.filters["draw"] = lambda chart: Markup(figures.draw(chart))
    source, style = (
        (files("dada.report") / name).read_text(encoding="utf-8")
        for name in ("template.html", "style.css")
    )
    known = facts.run_facts(config) | {"data": facts.data_facts(config)}
    known["metric"] = metric_recorded(config["data"])
    known["resumption"] = resumption(config, path) if page.interrupted else ""
    return environment.from_string(source).render(page=page, style=Markup(style), **known)
