"""A whole search: data in, policy and run folder out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from dada.augment import Transform
from dada.compute.device import pick_device
from dada.compute.distributed import shared_job
from dada.compute.randomness import forked
from dada.datasets import AnyData, as_dataset, without_validation
from dada.deadline import Deadline
from dada.models.child import Loss
from dada.models.model_name import model_name
from dada.policy import AnyPolicy
from dada.report.numbers import count
from dada.runs import Callback, RunFolder, describe_run, open_run, run_loop
from dada.runs.watchers import Watcher, as_callback
from dada.searching.budget import within
from dada.searching.choices import choices, unseen_classes
from dada.searching.common_settings import ResolvedSearch
from dada.searching.engines import Engine, open_engine
from dada.searching.method import SearchMethod
from dada.searching.problem import begin, problem_of
from dada.searching.settings import (
    as_now,
    check_divisible,
    check_moving,
    check_resumable,
    choose_images,
    make_settings,
)
from dada.searching.work import SearchWork
from dada.training.build import with_own_weights
from dada.training.hooks import UserHooks


def search(
    data: AnyData = "digits",
    *,
    loss: Loss | None = None,
    before: Transform | None = None,
    after: Transform | None = None,
    model: str | nn.Module | None = None,
    out: str | Path | None = None,
    preset: str = "default",
    method: str | None = None,
    device: str = "auto",
    resume: bool = False,
    side: int | None = None,
    budget: float | str | Deadline | None = None,
    callback: Callback[SearchWork] | Sequence[Callback[SearchWork]] | None = None,
    watch: Watcher | None = None,
    source: str | None = None,
    engine: str | Engine = "local",
    **settings: Any,
) -> AnyPolicy:
    """Search an augmentation policy for a set of labelled images.

    Args:
        data: a name or path that `dada.load_dataset` reads, a `Dataset`, a map-style PyTorch
            dataset of (picture, label), or a pair of them, to train and to test.
        loss: (outputs, labels) to one loss per image, such as one with class weights or label
            smoothing. None is cross-entropy, or binary cross-entropy where images have several
            labels; of pixels the mean; a detector's own.
        before, after: transforms of your own, such as torchvision's, from one uint8 image
            (C, H, W) to another, right before the policy (after crop and flip) and right after it.
            They see training images only. What they draw from the global generators of PyTorch,
            NumPy and `random` follows the seed. Not where labels move with the pixels.
        model: the child network: a name ("wrn-40-2", "resnet18"), or any module from
            normalised images (B, C, H, W) to logits (B, classes), of which copies are trained; for
            segmentation to (B, classes, H, W), for detection to a `dada.models.Detected`.
        out: the run folder to write; None writes nothing.
        preset: "default" (whole trainings), "fast", "step" (a gradient at each step), "paper" or
            "demo".
        method: the search method, a name in `dada.searching.METHODS`; None is the preset's.
        device: "auto", "cpu", "cuda", "cuda:1", …
        resume: resume the run in `out`.
        side: images of a folder are resized to side × side pixels; None chooses.
        budget: seconds that the search may take, or a time such as "5m", from this call on. Epochs
            and images are chosen to fit, and the epochs are adjusted after each round.
        callback: follows the run (`dada.Callback`, `dada.loggers`), or several that do.
        watch: the former name of `callback`.
        engine: where trials run, which does not change what is found: "local"; "ray", a Ray cluster
            of this machine's cores and GPUs; "ray:HOST:PORT", the cluster of that head node, or
            "ray:auto", the one that this machine belongs to.
        source: what to call the data's origin in the run, where `data` is a `Dataset`.
        **settings: single settings, of `dada.searching.SearchSettings` and the method's own: seed,
            epochs, batch, …

    Returns:
        The policy, or a schedule. The same data, settings, seed, versions and device give the same
        one; method dada also needs the same number of threads.

    Raises:
        UserError: the data, a setting, a transform or the run folder is unusable, or the loss is no
            longer a finite number.
    """
    follow = as_callback(callback, watch)
    hooks = UserHooks.of(loss=loss, before=before, after=after)
    deadline = None if budget is None else Deadline.of(budget)
    if resume and out is not None:
        check_resumable(out)
    asked = make_settings(preset, method=method, model=model_name(model), **settings)
    asked = with_own_weights(asked, model)
    check_divisible(asked, engine)
    with ExitStack() as stack:
        running_on = stack.enter_context(open_engine(engine))
        processes, where = stack.enter_context(shared_job(pick_device(device)))
        dataset = as_dataset(data, side, choose=partial(choose_images, asked))
        if not asked.validated:
            dataset = without_validation(dataset)
        check_moving(asked, dataset.task)
        hooks.check(dataset.task)
        transforms = before is not None or after is not None
        chosen = asked.resolve(dataset, where.type == "cuda", transforms)
        notes = choices(asked, chosen, dataset, where)
        stack.enter_context(forked(where))
        most, found = chosen.epochs, None
        if deadline:

            def rehearsed(settings: ResolvedSearch) -> SearchMethod:
                return begin(
                    settings,
                    problem_of(settings, dataset, model, where, hooks=hooks, engine=running_on),
                )

            resumed = out if resume else None
            alone = partial(_fitted, chosen, deadline, rehearsed, resumed, processes.size)
            chosen, found, deadline = processes.broadcast(alone() if processes.first else None)
        problem = problem_of(
            chosen, dataset, model, where, processes, hooks=hooks, engine=running_on
        )
        running = begin(chosen, problem)
        if found:
            notes += (f"{found}: {running.words()}, on {count(len(problem.images), 'image')}",)
        notes += unseen_classes(problem.images.labels, dataset)
        notes += running.cautions()
        dataset = replace(dataset, notes=(*dataset.notes, *notes))
        origin = source or (str(data) if isinstance(data, str | Path) else "")
        config = describe_run(
            "search",
            dataset=dataset,
            source=origin,
            settings=chosen,
            device=where,
            hooks=hooks._asdict(),
        )
        run = stack.enter_context(open_run(out, config, resume, processes, as_now))
        work = SearchWork(
            search=running, dataset=dataset, config=config, deadline=deadline, most=most
        )
        return run_loop(work, run, processes, follow)


def _fitted(
    settings: ResolvedSearch,
    deadline: Deadline,
    begin: Callable[[ResolvedSearch], SearchMethod],
    out: str | Path | None,
    processes: int,
) -> tuple[ResolvedSearch, str, Deadline | None]:
    """Settings within the budget: those that fit now or, to resume the run in `out`, its own, so
    that it ends as it would have without the break."""
    if out is None or RunFolder(out).bare:
        return *within(settings, deadline, begin, processes), deadline
    before = RunFolder.open(out).config["settings"]
    chosen = {name: before[name] for name in settings.fitted}
    return settings.model_copy(update=chosen), "budget: that of the run that is resumed", None
