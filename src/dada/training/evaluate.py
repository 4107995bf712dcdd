"""Test a trained network on images that it has not seen."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from dada.augment import Pipeline
from dada.augment.loader import Loader, make_loader
from dada.compute.device import best_precision, pick_device
from dada.compute.distributed import ALONE, Processes
from dada.compute.threads import threads_for
from dada.datasets import (
    AnyData,
    Dataset,
    FileDataset,
    as_dataset,
    channels_in_words,
    open_images,
    without_validation,
)
from dada.errors import DivergedError, UserError
from dada.models import create
from dada.models.check import model_name
from dada.models.child import Child
from dada.runs import Result, RunFolder
from dada.runs.provenance import describe_data
from dada.tasks import task_of, task_recorded
from dada.training.classes import Outputs, match
from dada.training.pipeline import pipeline_for
from dada.training.settings import ResolvedTraining

OnBatch = Callable[[int, int], None]
"""Called with the number of images that are done, and of all."""
WEIGHTS = {"last": "last.pt", "best": "best.pt"}
"""The files of a training's weights. "best" is chosen on the test images, as in published code, so
its error there is optimistically biased."""


def measure(
    child: Child,
    images: Loader,
    pipeline: Pipeline,
    classes: int,
    processes: Processes = ALONE,
    on_batch: OnBatch = lambda done, total: None,
) -> dict[str, Any]:
    """Test a network.

    Args:
        child: the network.
        images: the test images, or this process's part of them.
        pipeline: normalises them.
        classes: number of outputs.
        processes: those that share the test images.
        on_batch: called after each batch with the number of images that are done, and of all.

    Returns:
        As `dada.tasks.Task.measures`.

    Raises:
        DivergedError: the loss is not a finite number.
    """
    task, done = task_of(images.labels), 0
    tally = torch.zeros(4, classes, dtype=torch.float64, device=child.device)
    with threads_for(child.model, child.device):
        for seen, labels in images.plain():
            tally += task.tally(child.logits(pipeline.normalise(seen)), labels)
            done += len(labels)
            on_batch(done, len(images))
    found = task.measures(processes.sum(tally).cpu())
    if not math.isfinite(found["test_loss"]):
        raise DivergedError("the loss on the test images is not a finite number")
    return found


def evaluate(
    run: str | Path,
    data: AnyData | FileDataset | None = None,
    *,
    weights: str = "last",
    model: nn.Module | None = None,
    device: str = "auto",
    side: int | None = None,
    root: str | Path | None = None,
    on_batch: OnBatch = lambda done, total: None,
) -> Result:
    """Test the network of a training's run folder.

    Classes are matched by name. If the names on one side are just numbers from 0, as many as the
    other's, classes are matched by number, and a note says so.

    Args:
        run: the folder.
        data: as in `dada.search`; the network is tested on its test images. None is the data that
            it was trained on.
        weights: "last" or "best".
        model: the network, if a module was trained and not a network by name.
        device: "auto", "cpu", "cuda", "cuda:1", …
        side: images of a folder are resized to side × side pixels; None is the training's.
        root: where datasets by name are kept; None is the default.
        on_batch: as in `measure`.

    Returns:
        As `measure`, with the names of the network's `classes`, and `notes` on how the data
        differ from those that it was trained on. If the data have only some of the classes, the
        network is tested on these; with several labels per image, `classes` are the data's.

    Raises:
        UserError: there is no training in the folder, or the data do not fit its network: they
            have other channels, or classes that it does not know.
    """
    if weights not in WEIGHTS:
        raise UserError(f"weights {weights!r}: must be last or best")
    folder, where = RunFolder.open(run), pick_device(device)
    about, settings = _trained_on(folder)
    given = data if data is not None else about["source"]
    if not given:
        raise UserError(f"{folder.path}: its data came from Python: name the data")
    if not isinstance(given, Dataset | FileDataset):
        height, width = about["side"]
        # Images that are not square are never resized: a side would make them square.
        square = side or (height if height == width else None)
        if isinstance(given, str | Path):
            given = open_images(given, square, root)
        else:
            given = without_validation(as_dataset(given, square))
    if given.channels != about["channels"]:
        raise UserError(
            f"{given.name} is {channels_in_words(given.channels)}, but the network of "
            f"{folder.path} is for {channels_in_words(about['channels'])} images"
        )
    trained = about["task"]
    if trained not in (None, given.task):  # older runs do not say
        raise UserError(
            f"{given.name} has {given.task.words}, but the network of {folder.path} is for "
            f"{trained.words}"
        )
    matched = match(given, about["classes"], f"the network of {folder.path}")
    notes = (*_differences(about, given, data is None), *matched.notes)
    if data is not None and not isinstance(data, Dataset | FileDataset):
        notes = (*given.notes, *notes)
    network = _network(folder, settings, model, about, weights)
    classes = about["classes"]
    labels, outputs = given.task.matched(given.test.labels, matched.outputs)
    if outputs is not None:
        network, classes = nn.Sequential(network, Outputs(outputs)), list(given.classes)
    precision = best_precision(where, settings.precision)
    child = Child(network, where, precision, given.task.loss(labels))
    pipeline = pipeline_for(settings, given.side)
    try:
        images = make_loader(replace(given.test, labels=labels), pipeline, where)
        found = measure(child, images, pipeline, len(classes), on_batch=on_batch)
    except DivergedError as error:
        raise UserError(f"the network of {folder.path} is broken: {error}") from None
    return Result({**found, "classes": classes, "notes": list(notes)})


def _network(
    folder: RunFolder,
    settings: ResolvedTraining,
    model: nn.Module | None,
    about: dict[str, Any],
    weights: str,
) -> nn.Module:
    """The network with the weights of the run."""
    model_name(model)
    network = model
    if network is None:
        try:
            network = create(settings.model, len(about["classes"]), about["channels"])
        except UserError as error:
            raise UserError(
                f"{error}; if the network of {folder.path} is a module of yours, give it as "
                "evaluate(..., model=)"
            ) from None
    try:
        network.load_state_dict(folder.load_tensors(WEIGHTS[weights]))
    except RuntimeError:
        raise UserError(f"{folder.path / WEIGHTS[weights]}: weights of another network") from None
    return network


def _differences(
    about: dict[str, Any], given: Dataset | FileDataset, same_source: bool
) -> tuple[str, ...]:
    """Notes on how the images differ from those that the network was trained on."""
    if about["side"] != given.side:
        (height, width), (before, across) = given.side, about["side"]
        return (
            f"images of {width} × {height} pixels; the network was trained on {across} × {before}",
        )
    if same_source and describe_data(given, "")["fingerprint"] != about["fingerprint"]:
        return (
            f"{given.name} has changed since the training: some of the test images may be among "
            "those that the network was trained on",
        )
    return ()


def _trained_on(folder: RunFolder) -> tuple[dict[str, Any], ResolvedTraining]:
    """The run's record of its data, and its settings."""
    config = folder.config
    if (kind := config.get("kind")) != "train":
        raise UserError(f"{folder.path}: a run of dada {kind}, not of dada train")
    try:
        about = config["data"]
        height, width = about["side"]
        kept = {name: about[name] for name in ("classes", "channels", "fingerprint", "source")}
        kept |= {"side": (height, width), "task": task_recorded(about)}
        return kept, ResolvedTraining(**config["settings"])
    except (KeyError, TypeError, ValueError):
        raise UserError(f"{folder.path}: its config.json is damaged") from None
