"""What the page of a search says."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from dada.errors import UserError
from dada.policy import AnyPolicy, load_policy
from dada.report import comparisons
from dada.report.commands import command, repeat, source_of
from dada.report.comparison_part import ComparisonPart, comparison_part, lead_of
from dada.report.facts import epochs_of, interrupted
from dada.report.numbers import capitalised, count
from dada.report.operations import Gains
from dada.report.page import Page
from dada.report.page import write_page as write
from dada.report.policy_part import policy_part
from dada.report.verdict import Verdict, judge, the_best, verdicts
from dada.runs import RunFolder
from dada.searching.method import Records
from dada.searching.settings import method_for, upgraded


def write_page(run: RunFolder, compared: Sequence[str | Path] = ()) -> Path:
    """Write the page of a search, with every comparison of its policy that is found.

    Args:
        run: the search.
        compared: folders of comparisons elsewhere to include in the page.

    Raises:
        UserError: no epoch is over yet, or a file is damaged or missing.
    """
    return write(run, partial(page_of, named=compared))


def page_of(run: RunFolder, named: Sequence[str | Path] = ()) -> Page:
    """The page of a search, from its files.

    Raises:
        UserError: as `write_page`.
    """
    config, events = run.config, run.events
    settings, data = upgraded(config["settings"]), config["data"]
    records = epochs_of(events)
    start = next((event for event in events if "sub_policies" in event), None)
    if not records or start is None or not (run.path / "policy.json").is_file():
        raise UserError(f"{run.path}: no epoch is over yet, so there is nothing to report")
    policy, method = load_policy(run.path), method_for(settings)
    found = comparisons.find(run, policy, named)
    gains = method.gains(records)
    seed = settings.get("seed", 0)
    part = policy_part(run, policy, title="The policy", seed=seed, gains=gains)
    answers = [verdict for one in found for verdict in _verdicts(one, policy)]
    planned = start.get("length", settings.get("epochs"))
    unit = start.get("unit", "epoch")
    images = settings.get("images") or data["train"]
    lead = (
        f"{capitalised(method.space_in_words(settings, start['sub_policies']))} searched on "
        f"{count(images, 'training image')} {method.summary(settings, start, records)}"
    )
    return Page(
        title=f"No augmentation for {data['name']}"
        if policy.is_none
        else f"An augmentation policy for {data['name']}",
        lead=lead + _reason(events),
        interrupted=interrupted(run, "search", records[-1]["epoch"], planned, unit),
        nothing=_nothing(part.around, gains) if policy.is_none else (),
        verdicts=answers,
        ask="" if policy.is_none or answers else _compare_command(run),
        uses=() if policy.is_none else _uses(run, policy),
        comparisons=[_comparison(one, data.get("classes", ())) for one in found],
        policies=[part],
        charts=method.charts(settings, start["sub_policies"], records),
        repeat=repeat(
            "search",
            {**config, "settings": settings},
            source_of(config),
            preset=settings["preset"],
            method=settings["method"],
            seed=seed,
        ),
    )


def _reason(events: Records) -> str:
    """Why a search ended early; empty if it did not."""
    reason = next((event["reason"] for event in events if "reason" in event), None)
    return f" It {reason}." if reason else ""


def _nothing(around: str, gains: Gains | None) -> list[str]:
    notes = gains.notes if gains else ()
    return [
        "No augmentation: the search found no policy that does better on these images than "
        f"{around or 'training without it'}.",
        *(f"{capitalised(note)}." for note in notes),
    ]


def _comparison(found: comparisons.Found, classes: Sequence[str]) -> ComparisonPart:
    lead = lead_of(found.comparison)
    return comparison_part(found.comparison, classes, lead=lead, path=str(found.run.path))


def _verdicts(found: comparisons.Found, policy: AnyPolicy) -> list[Verdict]:
    if policy.is_none:  # its row is the baseline's
        return [Verdict("none", the_best(found.comparison))]
    if found.row is None:
        return verdicts(found.comparison)
    first = judge(found.comparison, found.row, "the found policy")
    return [first, Verdict("unknown", the_best(found.comparison))]


def _uses(run: RunFolder, policy: AnyPolicy) -> list[str]:
    last = policy.last_epoch
    return [
        command("export", str(run.path), to="torchvision", epoch=last, out="policy.py"),
        command("train", data=source_of(run.config), policy=run.path),
    ]


def _compare_command(run: RunFolder) -> str:
    out = run.path / "compare"
    return command("compare", source_of(run.config), policy=run.path, out=out)
