"""A whole search: data in, policy and run folder out."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from dada.augment import Transform
from dada.compute.device import pick_device
from dada.compute.distributed import ALONE, Processes, shared_job
from dada.compute.randomness import forked, stream
from dada.datasets import AnyData, Dataset, as_dataset, halve, reduced
from dada.deadline import Deadline
from dada.deprecation import renamed
from dada.models import create
from dada.models.check import check_network, model_name
from dada.models.child import Loss
from dada.policy import Policy
from dada.runs import Callback, RunFolder, describe_run, open_run, run_loop
from dada.runs.watchers import Watcher, as_callback
from dada.searching.budget import trial_of, within
from dada.searching.choices import choices, few_steps, short_trials, unseen_classes
from dada.searching.methods.dada.search import Search
from dada.searching.methods.trials import TrialSearch
from dada.searching.methods.trials.shrink import shrunk
from dada.searching.settings import Settings, choose_images, for_dataset, make_settings
from dada.searching.work import AnySearch, SearchWork
from dada.training.hooks import NO_HOOKS, UserHooks
from dada.training.pipeline import pipeline_for


def search(
    data: AnyData = "digits",
    *,
    loss: Loss | None = None,
    before: Transform | None = None,
    after: Transform | None = None,
    model: str | nn.Module | None = None,
    out: str | Path | None = None,
    preset: str = "default",
    device: str = "auto",
    resume: bool = False,
    side: int | None = None,
    budget: float | str | Deadline | None = None,
    callback: Callback[SearchWork] | None = None,
    watch: Watcher | None = None,
    source: str | None = None,
    **settings: Any,
) -> Policy:
    """Search an augmentation policy for a set of labelled images.

    Args:
        data: a name or path that `dada.load_dataset` reads, a `Dataset`, a map-style PyTorch
            dataset of (picture, label), or a pair of them, to train and to test.
        loss: (logits, labels) to one loss an image: class weights, label smoothing, one's own.
            None is cross-entropy, or binary cross-entropy where images have several labels.
        before, after: transforms of your own, from one uint8 image (C, H, W) to the same, that
            stand right before (after crop and flip) and right after the policy, such as
            torchvision's. They see training images only. What they draw from the global
            generators of PyTorch, NumPy and `random` follows the seed.
        model: the child network: a name ("wrn-40-2", "resnet18"), or any module from
            normalised images (B, C, H, W) to logits (B, classes), trained in place by a search
            one step ahead, and left as it is by one of whole trainings.
        out: the run folder to write; None writes nothing.
        preset: "default" (trials), "step" (a gradient at each step), "paper" or "demo".
        device: "auto", "cpu", "cuda", "cuda:1", …
        resume: resume the run in `out`.
        side: images of a folder are brought to side × side pixels; None chooses.
        budget: seconds that the search may take, or a time such as "5m", from this call on. Epochs
            and images are chosen to fit, and again after each round by how long it took.
        callback: is told what happens (`dada.Callback`).
        watch: the former name of `callback`.
        source: what to call the data's origin in the run, where `data` is a `Dataset`.
        **settings: single settings (`dada.searching.settings.Settings`): seed, epochs, batch, …

    Returns:
        The policy. The same data, settings, seed, versions and device give the same policy; a
        search one step ahead wants the same number of threads besides.

    Raises:
        UserError: the data, a setting, a transform or the run folder is not as it must be, or the
            loss became infinite.
    """
    callback = as_callback(renamed("watch", watch, "callback", callback))
    hooks = UserHooks.of(loss=loss, before=before, after=after)
    deadline = None if budget is None else Deadline.of(budget)
    chosen = make_settings(preset, model=model_name(model), **settings)
    with ExitStack() as stack:
        processes, where = stack.enter_context(shared_job(pick_device(device)))
        dataset = as_dataset(data, side, choose=partial(choose_images, chosen))
        if chosen.horizon == "training" and chosen.pixels is None and (before or after):
            chosen = chosen.model_copy(update={"pixels": max(dataset.side)})
        asked, chosen = chosen, for_dataset(chosen, dataset, where.type == "cuda")
        notes = choices(asked, chosen, dataset, where)
        stack.enter_context(forked(where))
        most = chosen.epochs
        if deadline:

            def begin(settings: Settings) -> AnySearch:
                return new_search(settings, dataset, trial_of(model), where, hooks=hooks)

            went = out if resume else None
            alone = partial(_fitted, chosen, deadline, begin, went, processes.size)
            chosen, note, deadline = processes.broadcast(alone() if processes.first else None)
            notes += (note,)
        torch.manual_seed(chosen.seed)
        going = new_search(chosen, dataset, model, where, processes, hooks)
        notes += unseen_classes(going.train.labels, dataset)
        notes += (
            short_trials(chosen.epochs)
            if chosen.horizon == "training"
            else few_steps(sum(going.steps))
        )
        dataset = replace(dataset, notes=(*dataset.notes, *notes))
        origin = source or (str(data) if isinstance(data, str | Path) else "")
        config = describe_run(
            "search",
            dataset=dataset,
            source=origin,
            settings=chosen,
            device=where,
            own=hooks._asdict(),
        )
        run = stack.enter_context(open_run(out, config, resume, processes))
        work = SearchWork(going, dataset, config, deadline, most)
        return run_loop(work, run, processes, callback)


def _fitted(
    settings: Settings,
    deadline: Deadline,
    begin: Callable[[Settings], AnySearch],
    out: str | Path | None,
    processes: int,
) -> tuple[Settings, str, Deadline | None]:
    """Settings within the budget: what fits now; or those of the run in `out`, which keeps its
    plan, so that it ends as it would have ended."""
    if out is None or RunFolder(out).bare:
        return *within(settings, deadline, begin, processes), deadline
    before = RunFolder.open(out).config
    chosen = {name: before["settings"][name] for name in ("epochs", "images", "batch")}
    said = (note for note in before["data"]["notes"] if note.startswith("budget"))
    note = next(said, "budget: that of the run that goes on")
    return settings.model_copy(update=chosen), note, None


def new_search(
    settings: Settings,
    dataset: Dataset,
    model: str | nn.Module | None,
    device: torch.device,
    processes: Processes = ALONE,
    hooks: UserHooks = NO_HOOKS,
) -> AnySearch:
    """The search at its beginning; randomness is seeded already."""
    classes = dataset.classes
    chosen = reduced(dataset.train.labels, settings.images or 0, classes=classes)
    train, valid = halve(dataset.train.subset(chosen), classes)
    side = settings.pixels or max(dataset.side)
    parts = shrunk(train, side), shrunk(valid, side)
    height, width = parts[0].images.shape[2:]
    pipeline = pipeline_for(settings, (height, width), hooks)  # type: ignore[arg-type]

    def network() -> nn.Module:
        assert settings.model is not None
        if isinstance(model, nn.Module):
            # Each trial begins anew; a single child is trained in place.
            return copy.deepcopy(model) if settings.horizon == "training" else model
        return create(settings.model, len(classes), dataset.channels)

    first, shape = network(), (dataset.channels, height, width)
    is_own = isinstance(model, nn.Module)
    check_network(first, str(settings.model), len(classes), shape, is_own)
    if settings.horizon == "training":
        count = len(classes)
        return TrialSearch(
            settings, *parts, network, pipeline, device, processes, hooks.loss, count
        )
    going = Search(settings, *parts, first, pipeline, device, processes, hooks.loss)
    # All begin with the same weights, the estimator's too; what is random in a layer is their own.
    if processes.rank:
        torch.manual_seed(stream(settings.seed, 2 * processes.rank))
    return going
