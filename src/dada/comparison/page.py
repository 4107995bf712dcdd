"""What the page of a comparison says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dada.errors import UserError
from dada.policy import loads
from dada.report.commands import Repeat, repeat, source_of
from dada.report.comparison_part import comparison_part, lead_of
from dada.report.comparisons import comparison_of
from dada.report.numbers import percent
from dada.report.page import Page
from dada.report.page import write_page as write
from dada.report.policy_part import policy_parts
from dada.report.verdict import verdicts
from dada.runs import RunFolder
from dada.tasks import metric_recorded


def write_page(run: RunFolder) -> Path:
    """Write the page of a comparison.

    Raises:
        UserError: no training is over yet, or a file is damaged or missing.
    """
    return write(run, page_of)


def page_of(run: RunFolder) -> Page:
    """The page of a comparison, from its files; if it is not finished, with what is done."""
    config = run.config
    given = config.get("policies", {})
    policies = {name: loads(text, name) for name, text in given.items()}
    parts = policy_parts(run, policies)
    words = [word for name in policies for word in ("--policy", name.removeprefix("policy "))]
    title = f"Augmentations compared on {config['data']['name']}"
    comparison = comparison_of(run)
    if comparison is None:
        return Page(
            title=title,
            interrupted="This comparison is not finished.",
            trainings=_trainings(run),
            policies=parts,
            repeat=_again(config, words),
        )
    seeds = len(comparison["seeds"])
    return Page(
        title=title,
        lead=lead_of(comparison),
        verdicts=verdicts(comparison),
        comparisons=[comparison_part(comparison, config["data"].get("classes", ()))],
        policies=parts,
        repeat=_again(config, words, seeds=seeds),
    )


def _again(config: dict[str, Any], words: Sequence[str], **options: Any) -> Repeat:
    """The commands that repeat the run, the long one with the resolution that was chosen."""
    options = {"preset": config["settings"]["preset"], **options}
    found = repeat("compare", config, source_of(config), *words, **options)
    pixels = config.get("plan", {}).get("pixels")
    return found._replace(exactly=f"{found.exactly} --set pixels={pixels}") if pixels else found


def _trainings(run: RunFolder) -> list[dict[str, Any]]:
    """The trainings of an unfinished comparison."""
    done = [e for e in run.events if e.get("event") == "training"]
    if not done:
        raise UserError("the comparison has no training yet, so there is nothing to report")
    key = metric_recorded(run.config["data"]).key
    return [{"name": e["row"], "seed": e["seed"], "error": percent(e[key], 2)} for e in done]
