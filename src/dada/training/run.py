"""A whole training: data, recipe and policy in, weights and run folder out."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from dada.augment import Transform
from dada.augment.loader import Loader
from dada.augment.make_loader import make_loader, workers_augment
from dada.compute.device import pick_device
from dada.compute.distributed import Processes, shared_job
from dada.compute.randomness import forked, stream
from dada.datasets import (
    AnyData,
    Dataset,
    FileDataset,
    as_dataset,
    open_images,
    reduced,
    without_validation,
)
from dada.errors import UserError, listed
from dada.loggers import TensorBoard
from dada.loggers.named import FOLDER
from dada.models.child import Loss
from dada.models.model_name import model_name
from dada.policy import AnyPolicy, dumps
from dada.runs import Callback, Callbacks, Result, RunFolder, describe_run, open_run, run_loop
from dada.runs.watchers import TrainWatcher, as_callback
from dada.tasks.network import check_network
from dada.training.augmentations import Method, method, of_epoch, space_for, unchanged
from dada.training.backbone import noted
from dada.training.build import network_of, with_own_weights
from dada.training.hooks import UserHooks
from dada.training.pipeline import pipeline_for
from dada.training.recipes import recipes
from dada.training.settings import ResolvedTraining, as_now, for_dataset, make_settings
from dada.training.training import Training
from dada.training.work import TrainingWork


def train(
    data: AnyData | FileDataset | None = None,
    policy: str | Path | AnyPolicy = "none",
    *,
    recipe: str = "default",
    seed: int = 0,
    loss: Loss | None = None,
    before: Transform | None = None,
    after: Transform | None = None,
    model: str | nn.Module | None = None,
    out: str | Path | None = None,
    device: str = "auto",
    resume: bool = False,
    side: int | None = None,
    root: str | Path | None = None,
    workers: int | None = None,
    tensorboard: bool = False,
    callback: Callback[TrainingWork] | Sequence[Callback[TrainingWork]] | None = None,
    watch: TrainWatcher | None = None,
    source: str | None = None,
    **settings: Any,
) -> Result:
    """Train a network under a policy, by one of the paper's recipes or your own settings.

    Under `torchrun`, the processes share every batch, and only the first one writes and calls back.

    Args:
        data: as in `dada.search`, or files; None is the recipe's.
        policy: "none" (crop and flip; a Cutout where the recipe or the settings have one),
            "randaugment", "trivialaugment", "uniform"; or a published name, a policy file, a run
            folder, a policy. A schedule is stretched to the training's length.
        recipe: "default", "demo" or one of `dada recipes`.
        seed: for weights, order and draws, 0 to 2³² − 1.
        loss: (logits, labels) to one loss per image; None is cross-entropy, with the settings'
            `label_smoothing`.
        before, after: as in `dada.search`. Where images stay in their files, `before` runs in the
            worker processes that decode them.
        model: a name or a module, instead of the recipe's.
        out: the run folder to write; None writes nothing.
        device: "auto", "cpu", "cuda", "cuda:1", …
        resume: resume the run in `out`; on a CPU the weights end up the same as without a break.
        side: images of a folder are resized to side × side pixels; None chooses.
        root: where data sets known by name are kept; None is the default.
        workers: processes that decode images which do not fit in memory; None is one for each
            processor.
        callback: follows the run (`dada.Callback`, `dada.loggers`), or several that do.
        watch: the former name of `callback`.
        tensorboard: `dada.loggers.TensorBoard` as a further callback, into `out`.
        source: what to call the data's origin in the run, where `data` is a `Dataset`.
        **settings: single settings (`dada.training.settings.TrainSettings`): epochs, batch, …;
            `backbone` is the run folder of a training, or a file of weights, from which the
            network's backbone starts.

    Returns:
        The result as plain data: the last epoch's `test_error`, `train_loss` and the rest of
        `dada.training.evaluate.measure`, the `seconds` of all epochs, and `best`, the epoch with
        the lowest error, which is chosen on the test images.

    Raises:
        UserError: the data, the policy, a setting or the run folder is unusable, the loss is no
            longer a finite number, or another process of the job died.
    """
    follow = as_callback(callback, watch)
    if "preset" in settings:
        raise UserError("preset: a training's presets are recipes: give recipe=")
    # PyTorch's CPU generator uses no more bits.
    if type(seed) is not int or not 0 <= seed < 2**32:
        raise UserError(f"seed {seed!r:.60}: must be an integer from 0 to 2³² - 1")
    hooks = UserHooks.of(loss=loss, before=before, after=after)
    asked = with_own_weights(make_settings(recipe, model=model_name(model), **settings), model)
    if isinstance(model, nn.Module) and asked.backbone:
        raise UserError("backbone: a module starts from its own weights; load them into it")
    given = data if data is not None else _data_of(recipe)
    if tensorboard:
        if out is None:
            raise UserError("tensorboard: its files go into the run folder: name one, out=")
        board = TensorBoard(Path(out) / FOLDER)
        follow = board if follow is None else Callbacks([follow, board])
    with ExitStack() as stack:
        processes, where = stack.enter_context(shared_job(pick_device(device)))
        dataset: Dataset | FileDataset
        if isinstance(given, str | Path):
            dataset, origin = open_images(given, side, root), source or str(given)
        else:
            if isinstance(given, FileDataset):
                dataset = without_validation(given)
            else:
                dataset = without_validation(as_dataset(given, side))
            origin = source or ""
        hooks.check(dataset.task)
        if asked.images is None:
            asked = asked.model_copy(update={"images": len(dataset.train)})
        chosen = for_dataset(asked, dataset, where.type == "cuda")
        dataset = noted(dataset, chosen.model, chosen.backbone)
        how = method(policy, space_for(dataset.channels), dataset.task.moves)
        config = describe_run(
            "train",
            dataset=dataset,
            source=origin,
            settings=chosen,
            device=where,
            hooks=hooks._asdict(),
        )
        name = policy.name if isinstance(policy, AnyPolicy) else str(policy)
        config |= {"seed": seed, "policy": name}
        config["policies"] = {how.name: "" if how.policy is None else dumps(how.policy)}
        with forked(where):
            torch.manual_seed(seed)
            training, tested = _begin(
                chosen,
                dataset=dataset,
                model=model,
                method=how,
                seed=seed,
                device=where,
                processes=processes,
                workers=workers,
                hooks=hooks,
            )
            run = stack.enter_context(open_run(out, config, resume, processes, as_now))
            if run:
                _check_classes(run, dataset.classes)
            work = TrainingWork(training, tested, dataset, how)
            found: dict[str, Any] = run_loop(work, run, processes, follow)
            return Result(found)


def _data_of(recipe: str) -> str:
    if recipe not in recipes():
        raise UserError(f"recipe {recipe!r} has no data of its own: name the data")
    return recipes()[recipe].receipt.data


def _check_classes(run: RunFolder, classes: tuple[str, ...]) -> None:
    """Refuse other class names: a network's outputs keep theirs, even for the same images."""
    before = run.config["data"].get("classes", [])
    pairs = zip(before, classes, strict=True) if len(before) == len(classes) else ()
    if renamed := [f"{listed([a])} is {listed([b])} now" for a, b in pairs if a != b]:
        raise UserError(
            f"{run.path} was started with other class names ({', '.join(renamed[:3])}): use the "
            "same, or start a new run in another folder"
        )


def _begin(
    settings: ResolvedTraining,
    *,
    dataset: Dataset | FileDataset,
    model: str | nn.Module | None,
    method: Method,
    seed: int,
    device: torch.device,
    processes: Processes,
    workers: int | None,
    hooks: UserHooks,
) -> tuple[Training, Loader]:
    """A new training, and this process's part of the test images."""
    classes, shape = len(dataset.classes), (dataset.channels, *dataset.side)
    module = model if isinstance(model, nn.Module) else None
    network = network_of(settings, classes, dataset.channels, module)
    users = module is not None
    check_network(network, settings.model, dataset.task, classes, shape, users, hooks.loss)
    if processes.rank:  # initial weights are the same in all; random layers draw their own numbers
        torch.manual_seed(stream(seed, 2 * processes.rank))
    pipeline = pipeline_for(settings, dataset.side, hooks)
    train = dataset.train.subset(reduced(dataset.train.labels, settings.images))
    mine = processes.shard(torch.arange(len(dataset.test)))
    in_workers = workers_augment(train, device)
    at = partial(of_epoch, method.augment, epochs=settings.epochs) if in_workers else None
    training = Training(
        settings=settings,
        model=network,
        images=make_loader(train, pipeline, device, seed, workers, at),
        pipeline=pipeline,
        augment=unchanged if in_workers else method.augment,
        seed=seed,
        device=device,
        processes=processes,
        loss=hooks.loss,
    )
    return training, make_loader(dataset.test.subset(mine), pipeline, device, seed, workers)
