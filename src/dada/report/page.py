"""The page of a run: collected from its files, rendered to one file that needs no network."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, TemplateError
from markupsafe import Markup

from dada.augment.words import around
from dada.errors import UserError
from dada.files import replace_file
from dada.policy import Policy, loads
from dada.report import comparisons, facts, figures
from dada.report.curves import curves, training_curves
from dada.report.numbers import all_settings, command, count, duration, percent
from dada.report.operations import operation_rows
from dada.report.samples import load_samples
from dada.report.sheet import shown_in_words
from dada.report.trials import trial_curves
from dada.report.verdict import Verdict, held, judge, lowest, policy_rows
from dada.runs import RunFolder

REPORT = "report.html"


DAMAGE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""What comes of files that hold other things than a run writes."""


def write_report(path: str | Path, compared: Sequence[str | Path] = ()) -> Path:
    """Write `report.html` into the folder of a search, a comparison or a training.

    The page is one file: no network, no scripts, pictures inside. A search's page holds every
    comparison of its policy in the run's folder and in folders beside it.

    Args:
        path: the run folder.
        compared: folders of comparisons elsewhere that are to be in a search's page.

    Returns:
        The path of the page.

    Raises:
        UserError: there is no run, there is nothing in it yet, or a file of it is damaged.
    """
    run = RunFolder.open(path)
    kind = run.config.get("kind")
    if not isinstance(kind, str) or kind not in CONTEXTS:
        raise UserError(f"{run.path}: a run of an unknown kind {kind!r:.60}")
    if compared and kind != "search":
        raise UserError(f"{run.path}: comparisons belong to the report of a search, not a {kind}")
    try:
        context = search_context(run, compared) if kind == "search" else CONTEXTS[kind](run)
        page = render(context)
    except (*DAMAGE, TemplateError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"{run.path}: a file of the run is damaged ({type(error).__name__}: {reason:.200})"
        ) from error
    return replace_file(run.path / REPORT, page.encode(errors="replace"))


def render(context: dict[str, Any]) -> str:
    """The page as text; everything that is not `Markup` is escaped."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = (files("dada.report") / "template.html").read_text(encoding="utf-8")
    return environment.from_string(source).render(context)


def search_context(run: RunFolder, compared: Sequence[str | Path] = ()) -> dict[str, Any]:
    """What the page of a search says."""
    config, events = run.config, run.events
    settings, data = config["settings"], config["data"]
    epochs = facts.epochs_of(events)
    start = next((e for e in events if "sub_policies" in e), None)
    policy = facts.policy_of(run)
    if not epochs or start is None or policy is None:
        raise UserError(f"{run.path}: no epoch is over yet, so there is nothing to report")
    found = comparisons.find(run, policy, compared)
    names = start["sub_policies"]
    findings = epochs[-1].get("findings")
    figures_ = (
        trial_curves(epochs, names)
        if "trials" in epochs[0]
        else curves(epochs, names, settings["scale"])
    )
    return {
        **_common(config),
        "kind": "search",
        "title": f"No augmentation for {data['name']}"
        if policy.is_none
        else f"An augmentation policy for {data['name']}",
        "lead": _search_lead(config, start, epochs) + _reason(events),
        "interrupted": _interrupted(run, epochs, "search", start),
        "nothing": policy.is_none,
        "verdict": [v for one in found for v in _search_verdict(one, policy)],
        "ask": _compare_command(run, data),
        "uses": [] if policy.is_none else _uses(run, data),
        "said": findings["notes"] if findings else [],
        "comparisons": [_comparison(f.comparison, data, str(f.run.path)) for f in found],
        "unfinished": [],
        "policies": [_policy("The policy", run, policy, settings.get("seed", 0), findings)],
        "figures": [figure | {"svg": Markup(figure["svg"])} for figure in figures_],
        **_commands("search", config, [], seed=settings["seed"]),
    }


def compare_context(run: RunFolder) -> dict[str, Any]:
    """What the page of a comparison says."""
    config = run.config
    comparison = comparisons.comparison_of(run)
    policies = facts.compared_policies(run)
    named = [word for name in policies for word in ("--policy", name.removeprefix("policy "))]
    seeds = len(comparison["seeds"]) if comparison else None
    return {
        **_common(config),
        "kind": "compare",
        "title": f"Augmentations compared on {config['data']['name']}",
        "lead": _compare_lead(comparison) if comparison else "",
        "interrupted": None if comparison else "This comparison is not finished.",
        "verdict": _compare_verdicts(comparison) if comparison else [],
        **_NO_SEARCH,
        "comparisons": [_comparison(comparison, config["data"])] if comparison else [],
        "unfinished": [] if comparison else facts.unfinished_rows(run.events),
        "policies": [_policy(name, run, policy, 0) for name, policy in policies.items()],
        "figures": [],
        **_commands("compare", config, named, seeds=seeds),
    }


def train_context(run: RunFolder) -> dict[str, Any]:
    """What the page of a training says."""
    config, epochs = run.config, facts.epochs_of(run.events)
    settings, data, seed = config["settings"], config["data"], config["seed"]
    tested = [epoch for epoch in epochs if "test_error" in epoch]
    if not tested:
        raise UserError(f"{run.path}: no epoch has been tested yet, so there is nothing to report")
    name, text = next(iter(config["policies"].items()))
    best = min(tested, key=lambda epoch: epoch["test_error"])
    sentence = (
        f"Test error {percent(tested[-1]['test_error'], 2)} after "
        f"{count(tested[-1]['epoch'], 'epoch')}."
    )
    if best is not tested[-1]:
        sentence += (
            f" The lowest, {percent(best['test_error'], 2)} in epoch {best['epoch']}, is chosen on "
            "the test images."
        )
    surroundings = around(settings)
    under = surroundings if config["policy"] == "none" else f"{name} with {surroundings}"
    lead = (
        f"{settings['model']} on {count(settings['images'], 'training image')} under {under}: "
        f"{count(epochs[-1]['epoch'], 'epoch')} in "
        f"{duration(sum(epoch['seconds'] for epoch in epochs))}, recipe {settings['preset']}, "
        f"seed {seed}."
    )
    words = {"recipe": settings["preset"], "policy": config["policy"], "seed": seed}
    again = {"data": data.get("source") or "DATA", **words, "out": "again"}
    return {
        **_common(config),
        "kind": "train",
        "title": f"A training on {data['name']}",
        "lead": lead,
        "interrupted": _interrupted(run, epochs, "training"),
        "verdict": [Verdict("unknown", sentence)],
        **_NO_SEARCH,
        "comparisons": [],
        "unfinished": [],
        "policies": [_policy("The policy", run, loads(text, name), seed)] if text else [],
        "figures": [f | {"svg": Markup(f["svg"])} for f in training_curves(epochs)],
        "again": command("train", **again),
        "exactly": command("train", *all_settings(settings), **again),
    }


_NO_SEARCH: dict[str, Any] = {"nothing": False, "ask": None, "uses": [], "said": []}
CONTEXTS = {"search": search_context, "compare": compare_context, "train": train_context}


def _commands(
    verb: str, config: dict[str, Any], words: list[str], **options: Any
) -> dict[str, str]:
    """The command that does it again, and the same with every setting written out."""
    settings, source = config["settings"], config["data"].get("source") or "DATA"
    options = {"preset": settings["preset"], **options, "out": "again"}
    return {
        "again": command(verb, source, *words, **options),
        "exactly": command(verb, source, *words, *all_settings(settings), **options),
    }


def _common(config: dict[str, Any]) -> dict[str, Any]:
    return {
        "data": facts.data_facts(config),
        "settings": facts.settings_rows(config),
        "versions": list(config.get("versions", {}).items()),
        "machine": list(config.get("machine", {}).items()),
        "version": config.get("versions", {}).get("dada", config.get("dada", "")),
    }


def _search_lead(
    config: dict[str, Any], start: dict[str, Any], epochs: list[dict[str, Any]]
) -> str:
    settings, names = config["settings"], start["sub_policies"]
    operations = len({name for operations in names for name in operations})
    took = duration(sum(e["seconds"] for e in epochs))
    searched = (
        f"{count(len(names), 'sub-policy')} of "
        f"{count(operations, 'operation')} searched on "
        f"{count(settings.get('images') or config['data']['train'], 'training image')}"
    )
    network = f"{settings.get('model')} ({count(start['parameters'], 'parameter')})"
    if "trials" in epochs[0]:
        trials = sum(len(e["trials"]) for e in epochs)
        each = sorted({settings["epochs"], *(n for e in epochs for n in e.get("plan", ()))})
        lengths = count(each[-1], "epoch") if len(each) == 1 else f"{each[0]} to {each[-1]} epochs"
        return (
            f"{searched} by {count(trials, 'training')} of {network}, "
            f"{lengths} each, with {around(settings)}, in {took}: "
            f"preset {settings['preset']}, "
            f"seed {settings['seed']}."
        )
    return (
        f"{searched} in {count(epochs[-1]['epoch'], 'epoch')} and {took}: "
        f"preset {settings['preset']}, estimator {settings['estimator']}, "
        f"seed {settings['seed']}, child network {network}, "
        f"{around(settings)} around the policy."
    )


def _reason(events: list[dict[str, Any]]) -> str:
    """Why a search ended before its last epoch."""
    reason = next((e["reason"] for e in events if "reason" in e), None)
    return f" It {reason}." if reason else ""


def _compare_lead(comparison: dict[str, Any]) -> str:
    same = f"{comparison['around']} in every row; " if "around" in comparison else ""
    return (
        f"The same network ({comparison['network']}) trained from the same "
        f"{count(len(comparison['seeds']), 'seed')} under each augmentation: "
        f"{count(comparison['images'], 'training image')}, "
        f"{count(comparison['epochs'], 'epoch')}; {same}errors on "
        f"{count(comparison['test_images'], 'test image')}."
    )


def _interrupted(
    run: RunFolder, epochs: list[dict[str, Any]], what: str, start: dict[str, Any] | None = None
) -> str | None:
    if any(e.get("event") == "finish" for e in run.events):
        return None
    # A search says how long it is to be; what a training has are the epochs of its settings.
    start = start or {}
    planned = start.get("length", run.config["settings"].get("epochs"))
    return (
        f"This {what} is not finished: {epochs[-1]['epoch']} of {planned} "
        f"{start.get('unit', 'epoch')}s are done, and what follows is the state after the last "
        "of them."
    )


def _search_verdict(found: comparisons.Found, policy: Policy) -> list[Verdict]:
    if policy.is_none:  # its row is the baseline's
        return [Verdict("none", lowest(found.comparison))]
    if found.row is None:
        return _compare_verdicts(found.comparison)
    first = judge(found.comparison, found.row, "the found policy")
    return [first, Verdict("unknown", lowest(found.comparison))]


def _compare_verdicts(comparison: dict[str, Any]) -> list[Verdict]:
    names = policy_rows(comparison) or [
        row["name"] for row in comparison["rows"] if row["name"] != comparison["baseline"]
    ]
    verdicts = [judge(comparison, name) for name in names]
    return [*verdicts, Verdict("unknown", lowest(comparison))]


def _uses(run: RunFolder, data: dict[str, Any]) -> list[str]:
    """Commands that put the policy to use."""
    return [
        command("export", str(run.path), to="torchvision", out="policy.py"),
        command("train", data=data.get("source") or "DATA", policy=run.path),
    ]


def _compare_command(run: RunFolder, data: dict[str, Any]) -> str:
    out = run.path / "compare"
    return command("compare", data.get("source") or "DATA", policy=run.path, out=out)


def _comparison(comparison: dict[str, Any], data: dict[str, Any], path: str = "") -> dict[str, Any]:
    return {
        "lead": _compare_lead(comparison),
        "path": path,
        "rows": facts.comparison_rows(comparison),
        "figure": Markup(figures.errors_figure(comparison)),
        "held": held(comparison),
        "classes": facts.class_rows(comparison, [str(name) for name in data.get("classes", ())]),
    }


def _policy(
    title: str,
    run: RunFolder,
    policy: Policy,
    seed: int,
    findings: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A policy's part of the page. Pictures that the policy cannot be applied to are left out."""
    images = None if policy.is_none else load_samples(run)
    settings = run.config["settings"]
    whole = all(name in settings for name in _PIPELINE)
    return {
        "title": title,
        "none": policy.is_none,
        "operations": operation_rows(policy, findings),
        "measured": findings is not None,
        "rows": [] if policy.is_none else facts.policy_rows(policy),
        "random": any(o.spread for s in policy.sub_policies for o in s.operations),
        "around": around(settings) if whole else "",
        "training": []
        if images is None or not whole
        else facts.training_rows(images, policy, settings, seed),
        "sheet": facts.sheet_rows(images, policy, seed) if images is not None else [],
        "shown": shown_in_words(images.shape[1]) if images is not None else "",
        "small": images is not None and max(images.shape[2:]) < 64,
    }


_PIPELINE = ("mean", "std", "padding", "flip")
