"""Does it help? The same network from the same seeds under each augmentation."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from dada.augment import Transform
from dada.comparison.bench import Bench
from dada.comparison.methods import Policies, methods_for, named
from dada.comparison.request import USUAL_BUDGET, Request
from dada.comparison.result import ComparisonResult
from dada.comparison.terms import Terms
from dada.comparison.work import ComparisonWork
from dada.compute.device import pick_device
from dada.compute.distributed import shared_job
from dada.datasets import AnyData, as_dataset, without_validation
from dada.deadline import Deadline
from dada.errors import UserError
from dada.models.child import Loss
from dada.policy import PAPER_OPERATIONS, dumps
from dada.runs import Callback, RunFolder, describe_run, open_run, run_loop
from dada.runs.watchers import CompareWatcher, as_callback
from dada.searching.choices import left_out
from dada.training.hooks import UserHooks
from dada.training.settings import as_now, choose_images, make_settings

_PATIENCE = timedelta(days=7)
"""How long a process waits for the others' trainings. One that dies is noticed at once."""


def compare(
    data: AnyData = "digits",
    policies: Policies = (),
    *,
    seeds: int | None = None,
    add_seeds: int = 0,
    budget: Deadline | str | float | None = None,
    stop_early: bool = False,
    loss: Loss | None = None,
    before: Transform | None = None,
    after: Transform | None = None,
    out: str | Path | None = None,
    preset: str = "default",
    device: str = "auto",
    resume: bool = False,
    side: int | None = None,
    pixels: int | None = None,
    callback: Callback[ComparisonWork] | Sequence[Callback[ComparisonWork]] | None = None,
    watch: CompareWatcher | None = None,
    source: str | None = None,
    **settings: Any,
) -> ComparisonResult:
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
        seeds: trainings per row, from seeds 0, 1, …; None chooses 3, or as the budget allows.
        add_seeds: go on with the comparison in `out`, with so many seeds more than it has; what is
            done is not repeated, and the result is that of as many seeds at once.
        budget: the time that the comparison may take: "20m", or a number of seconds. What is not
            set is chosen to fit (`dada.comparison.plan`), after a rehearsal on this machine, and
            `stop_early` is on. None is "30m", for a comparison whose model, epochs and images are
            not all set, and only if it would take longer.
        stop_early: end once the answer is certain, or cannot become so (`dada.comparison.early`).
        loss: as in `dada.train`.
        before, after: as in `dada.search`, the same in every row.
        out: the run folder to write; None writes nothing.
        preset: "default", "demo" or one of `dada recipes`.
        device: "auto", "cpu", "cuda", "cuda:1", …
        resume: do only the trainings that are missing in `out`, by the plan that it has.
        side: images of a folder are resized to side × side pixels; None chooses.
        pixels: longest side of the images, at most; larger ones are shrunk. None is their own, or
            what the budget chooses.
        callback: follows the run (`dada.Callback`, `dada.loggers`), or several that do.
        watch: the former name of `callback`.
        source: what to call the data's origin in the run, where `data` is a `Dataset`.
        **settings: single settings (`dada.training.settings.TrainSettings`): epochs, model, …;
            `backbone` as in `dada.train`.

    Returns:
        The comparison as plain data: baseline, network, what is around the policy, epochs, and each
        row of `dada.comparison.rows.summarise`: errors, and differences with intervals over seeds
        and test images.

    Raises:
        UserError: the data, a policy, a setting or the run folder is unusable, the loss is no
            longer a finite number, or another process of the job died.
    """
    follow = as_callback(callback, watch)
    _check(seeds, add_seeds, pixels, out)
    resume = resume or add_seeds > 0
    deadline = None if budget is None else Deadline.of(budget)
    hooks, policies_by_name = UserHooks.of(loss=loss, before=before, after=after), named(policies)
    asked = make_settings(preset, **settings)
    dataset = without_validation(as_dataset(data, side, choose=partial(choose_images, asked)))
    hooks.check(dataset.task)
    notes = left_out(PAPER_OPERATIONS, dataset.channels)
    origin = source or (str(data) if isinstance(data, str | Path) else "")
    fixed = {name for name, value in settings.items() if value is not None}
    with ExitStack() as stack:
        processes, where = stack.enter_context(shared_job(pick_device(device), _PATIENCE))
        request = Request(
            settings=asked,
            fixed=frozenset(fixed if side is None else {*fixed, "pixels"}),
            policies=policies_by_name,
            seeds=seeds,
            pixels=pixels,
            dataset=dataset,
            device=where,
            hooks=hooks,
            processes=processes,
        )
        terms = _terms(
            request,
            out,
            resume=resume,
            add_seeds=add_seeds,
            budget=deadline,
            stop_early=stop_early,
        )
        dataset = replace(dataset, notes=(*dataset.notes, *notes, *terms.notes))
        seen = dataset
        if terms.plan is not None:
            asked, seen = terms.plan.without(fixed).applied(asked, dataset)
        bench = Bench(seen, asked, where, hooks)
        methods = [m for m in methods_for(policies_by_name, bench) if terms.keeps(m.name)]
        config = describe_run(
            "compare",
            dataset=replace(dataset, notes=bench.dataset.notes),
            source=origin,
            settings=bench.settings,
            device=where,
            hooks=hooks._asdict(),
        )
        config |= terms.entries()
        config["policies"] = {name: dumps(policy) for name, policy in policies_by_name.items()}
        run = stack.enter_context(open_run(out, config, resume, processes, as_now))
        if run and add_seeds:
            terms.record(run)
        work = ComparisonWork(
            bench,
            methods,
            range(terms.seeds),
            processes,
            stop_early=terms.stop_early,
            deadline=terms.deadline,
            foretold=bool(terms.notes),
        )
        found: dict[str, Any] = run_loop(work, run, processes, follow)
        return ComparisonResult(found)


def _check(seeds: int | None, add_seeds: int, pixels: int | None, out: str | Path | None) -> None:
    """Refuse numbers that are out of range."""
    if seeds is not None and seeds < 1:
        raise UserError(f"{seeds} seeds: at least 1 is needed, 3 for a useful interval")
    if add_seeds < 0 or (add_seeds and seeds is not None):
        raise UserError(
            f"{add_seeds} more seeds: must be at least 1, without a number of all seeds"
        )
    if add_seeds and out is None:
        raise UserError(f"{add_seeds} more seeds: name the folder of the comparison")
    if pixels is not None and pixels < 8:
        raise UserError(f"pixels {pixels}: must be at least 8")


def _terms(
    request: Request,
    out: str | Path | None,
    *,
    resume: bool,
    add_seeds: int,
    budget: Deadline | None,
    stop_early: bool,
) -> Terms:
    """What the comparison is made by: the terms of the run that is resumed, or what fits."""
    begun = None
    if out is not None and request.processes.first:
        if resume:
            begun = Terms.recorded(out, add_seeds)
        else:
            RunFolder(out).check_free()  # before a rehearsal, which takes a while
    begun = request.processes.broadcast(begun)
    if begun is not None:
        begun.check(budget, request.pixels)
        return begun.resumed(request.seeds, stop_early)
    if add_seeds:
        raise UserError(f"{out}: no comparison to add seeds to")
    terms = request.within(budget or Deadline.of(USUAL_BUDGET), explicit=budget is not None)
    early = stop_early or budget is not None
    seconds = None if budget is None else budget.seconds
    return replace(terms, budget=seconds, stop_early=early, deadline=budget)
