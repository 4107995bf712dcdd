"""Does it help? The same network from the same seeds under each augmentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from dada.augment import Transform
from dada.comparison.bench import Bench
from dada.comparison.work import ComparisonWork
from dada.compute.device import pick_device
from dada.compute.distributed import shared_job
from dada.datasets import AnyData, as_dataset, without_validation
from dada.deprecation import renamed
from dada.errors import UserError
from dada.models.child import Loss
from dada.policy import PAPER_OPERATIONS, Policy, dumps, load_policy
from dada.runs import Callback, Result, describe_run, open_run, run_loop
from dada.runs.watchers import CompareWatcher, as_callback
from dada.searching.choices import left_out
from dada.training.augmentations import Method, plain_rows, policy_method, space_for, without_search
from dada.training.hooks import UserHooks
from dada.training.settings import as_now, choose_images, make_settings

OnePolicy = str | Path | Policy
Policies = OnePolicy | Sequence[OnePolicy] | Mapping[str, OnePolicy]

_PATIENCE = timedelta(days=7)
"""How long a process waits for the others' trainings. One that dies is noticed at once."""


def compare(
    data: AnyData = "digits",
    policies: Policies = (),
    *,
    seeds: int = 3,
    loss: Loss | None = None,
    before: Transform | None = None,
    after: Transform | None = None,
    out: str | Path | None = None,
    preset: str = "default",
    device: str = "auto",
    resume: bool = False,
    side: int | None = None,
    callback: Callback[ComparisonWork] | None = None,
    watch: CompareWatcher | None = None,
    source: str | None = None,
    **settings: Any,
) -> Result:
    """Train the same network from the same seeds under different augmentations.

    The rows are crop and flip alone, the same with Cutout where images have 24 to 64 pixels, each
    policy, RandAugment and TrivialAugment (torchvision's, one draw per image), and the space's
    uniform policy, which needs no search. Crop and flip, around the policy, are the same in every
    row; so is a Cutout if the setting `cutout` asks for one, which then is in the rows' names.
    Under `torchrun` the processes share the trainings.

    Args:
        data: as in `dada.search`. Errors are on its test images, which no search has seen.
        policies: a name, file, run folder or policy, several of them, or a mapping from row names
            to them.
        seeds: trainings per row, from seeds 0, 1, …
        loss: as in `dada.train`.
        before, after: as in `dada.search`, the same in every row.
        out: the run folder to write; None writes nothing.
        preset: "default", "demo" or one of `dada recipes`.
        device: "auto", "cpu", "cuda", "cuda:1", …
        resume: do only the trainings that are missing in `out`.
        side: images of a folder are resized to side × side pixels; None chooses.
        callback: follows the run (`dada.Callback`).
        watch: the former name of `callback`.
        source: what to call the data's origin in the run, where `data` is a `Dataset`.
        **settings: single settings (`dada.training.settings.TrainSettings`): epochs, model, …

    Returns:
        The comparison as plain data: baseline, network, what is around the policy, epochs, and each
        row of `dada.comparison.rows.summarise`: errors, and differences with intervals over seeds
        and test images.

    Raises:
        UserError: the data, a policy, a setting or the run folder is unusable, the loss is no
            longer a finite number, or another process of the job died.
    """
    callback = as_callback(renamed("watch", watch, "callback", callback))
    if seeds < 1:
        raise UserError(f"{seeds} seeds: at least 1 is needed, 3 for a useful interval")
    hooks, named = UserHooks.of(loss=loss, before=before, after=after), _named(policies)
    asked = make_settings(preset, **settings)
    dataset = without_validation(as_dataset(data, side, choose=partial(choose_images, asked)))
    notes = left_out(PAPER_OPERATIONS, dataset.channels)
    dataset = replace(dataset, notes=(*dataset.notes, *notes))
    origin = source or (str(data) if isinstance(data, str | Path) else "")
    with ExitStack() as stack:
        processes, where = stack.enter_context(shared_job(pick_device(device), _PATIENCE))
        bench = Bench(dataset, asked, where, hooks)
        methods = _methods(named, bench)
        config = describe_run(
            "compare",
            dataset=dataset,
            source=origin,
            settings=bench.settings,
            device=where,
            hooks=hooks._asdict(),
        )
        config["seeds"] = seeds
        config["policies"] = {name: dumps(policy) for name, policy in named.items()}
        run = stack.enter_context(open_run(out, config, resume, processes, as_now))
        work = ComparisonWork(bench, methods, range(seeds), processes)
        found: dict[str, Any] = run_loop(work, run, processes, callback)
        return Result(found)


def _methods(policies: dict[str, Policy], bench: Bench) -> list[Method]:
    """The rows, the baseline first. A Cutout that all of them have is in all of their names."""
    baseline, *plain = plain_rows(bench.settings.model_dump(), bench.dataset.side)
    given = [replace(policy_method(p, name), given=name) for name, p in policies.items()]
    # The first policy's; no augmentation has no strengths, so that its scale says nothing.
    scale = next((policy.scale for policy in policies.values() if not policy.is_none), None)
    others = [*given, *without_search(space_for(bench.dataset.channels, scale))]
    if bench.settings.cutout:
        cutout = f"and Cutout {bench.settings.cutout}"
        others = [replace(method, name=f"{method.name} {cutout}") for method in others]
    rows = [baseline, *plain, *others]
    names = [row.name for row in rows]
    if twice := [name for name in names if names.count(name) > 1]:
        raise UserError(f"two rows are called {twice[0]!r}: give the policy another name")
    return rows


def _named(policies: Policies) -> dict[str, Policy]:
    """The policies by the names of their rows; a run folder's policy is named after the folder."""
    if isinstance(policies, Mapping):
        return {name: _loaded(policy) for name, policy in policies.items()}
    named: dict[str, Policy] = {}
    for given in [policies] if isinstance(policies, str | Path | Policy) else policies:
        policy = _loaded(given)
        name = policy.name if isinstance(given, Policy) else f"policy {given}"
        if name in named:
            raise UserError(f"{name} is given twice")
        named[name] = policy
    return named


def _loaded(given: OnePolicy) -> Policy:
    return given if isinstance(given, Policy) else load_policy(given)
