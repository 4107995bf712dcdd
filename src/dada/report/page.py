"""The page of a run: one file that needs no network, from the run's files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import TemplateError

from dada.errors import UserError
from dada.files import replace_file
from dada.report import facts
from dada.report.chart import Chart
from dada.report.commands import Repeat, resumption
from dada.report.comparison_part import ComparisonPart
from dada.report.html import html
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
"""What is raised when files hold something else than a run writes."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """The contents of a page, for any kind of run. What is empty is left out.

    Attributes:
        title: the page's title.
        lead: what was done, in a sentence or two.
        interrupted: says that the run is not finished, and how far it got.
        nothing: paragraphs on why no augmentation was found.
        verdicts: the answers; the first one determines the colour of the box.
        ask: the command that would give an answer, if there is none.
        uses: commands that use the policy.
        comparisons: each with its figure and tables.
        trainings: those of an unfinished comparison: name, seed and result.
        policies: each with its operations and pictures.
        charts: the course of the run.
        repeat: the commands that repeat the run.
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
        build: makes the page's contents from the run's files.

    Returns:
        The path of the page.

    Raises:
        UserError: the run has no results yet, or one of its files is damaged.
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
    """The page as HTML; everything from outside is escaped.

    Args:
        page: its contents.
        config: the run's: data, settings, versions, machine.
        path: the run's folder.
    """
    known = facts.run_facts(config) | {"data": facts.data_facts(config)}
    known["metric"] = metric_recorded(config["data"])
    known["resumption"] = resumption(config, path) if page.interrupted else ""
    return html("template.html", title=page.title, lead=page.lead, page=page, **known)
