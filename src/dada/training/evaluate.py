"""Test a trained network on images that it has not seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from dada.augment import Pipeline
from dada.augment.loader import Loader
from dada.compute.device import best_precision, pick_device
from dada.compute.distributed import ALONE, Processes, shared_job
from dada.compute.job import is_first
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
from dada.models.child import Child
from dada.names import WEIGHTS
from dada.runs import Result
from dada.runs.provenance import describe_data
from dada.tasks import task_of
from dada.training.classes import Outputs, match
from dada.training.evaluation_page import write_evaluation
from dada.training.examine import OnBatch, Tested, examined, pictures
from dada.training.pipeline import pipeline_for
from dada.training.trained import Trained


def measure(
    child: Child, images: Loader, pipeline: Pipeline, classes: int, processes: Processes = ALONE
) -> dict[str, Any]:
    """Test a network.

    Args:
        child: the network.
        images: the test images, or this process's part of them.
        pipeline: normalises them.
        classes: number of outputs.
        processes: those that share the test images.

    Returns:
        As `dada.tasks.Task.tested`.

    Raises:
        DivergedError: the loss is not a finite number.
    """
    task = task_of(images.labels)
    with threads_for(child.model, child.device):
        tallies = [
            task.tally(child.logits(pipeline.normalise(seen)), labels)
            for seen, labels in images.plain()
        ]
    return task.tested([tally for some in processes.all_gather(tallies) for tally in some], classes)


def evaluate(
    run: str | Path,
    data: AnyData | FileDataset | None = None,
    *,
    weights: str = "last",
    model: nn.Module | None = None,
    device: str = "auto",
    side: int | None = None,
    root: str | Path | None = None,
    page: str | Path | None = None,
    on_batch: OnBatch = lambda done, total: None,
) -> Result:
    """Test the network of a training's run folder.

    Under `torchrun` each process works out its share of the images, and the first writes the page.

    Classes are matched by name. If the names on one side are just numbers from 0, as many as the
    other's, classes are matched by number, and a note says so.

    Args:
        run: the folder.
        data: as in `dada.search`; the network is tested on its test images. A folder or a table
            needs no others, and if too few could be held out as such, all are tested. None is the
            data that it was trained on.
        weights: "last" or "best".
        model: the network, if a module was trained and not a network by name.
        device: "auto", "cpu", "cuda", "cuda:1", …
        side: images of a folder are resized to side × side pixels; None is the training's.
        root: where datasets by name are kept; None is the default.
        page: an HTML file to write, with tables, figures and the images of the highest loss; None
            writes nothing.
        on_batch: called after each batch with the number of images that are done, and of all that
            this process tests.

    Returns:
        As `dada.tasks.Task.examined`, with the names of the network's `classes`, and `notes` on how
        the data differ from those that it was trained on. If the data have only some of the
        classes, the network is tested on these; with several labels per image, `classes` are the
        data's.

    Raises:
        UserError: there is no training in the folder, or the data do not fit its network: they
            have other channels, or classes that it does not know.
    """
    if weights not in WEIGHTS:
        raise UserError(f"weights {weights!r}: must be last or best")
    trained, asked = Trained.open(run), pick_device(device)
    given = _opened(trained, data, side, root)
    whose = f"the network of {trained.folder.path}"
    matched = match(given, trained.classes, whose)
    notes = (*_differences(trained, given, data is None), *matched.notes)
    if data is not None and not isinstance(data, Dataset | FileDataset):
        notes = (*given.notes, *notes)
    network, classes, task = trained.network(weights, model), trained.classes, given.task
    labels, outputs = task.matched(given.test.labels, matched.outputs)
    if outputs is not None:
        network, classes = nn.Sequential(network, Outputs(outputs)), list(given.classes)
    pipeline = pipeline_for(trained.settings, given.side)
    tested = replace(given.test, labels=labels)
    with shared_job(asked) as (processes, where):
        precision = best_precision(where, trained.settings.precision)
        child = Child(network, where, precision, task.loss(labels))
        how = Tested(child, tested, pipeline, processes, on_batch)
        files = given.test.files if isinstance(given, FileDataset) else given.test_files
        try:
            found = examined(how, task, classes, files)
        except DivergedError as error:
            raise UserError(f"{whose} is broken: {error}") from None
        found |= {"classes": classes, "notes": list(notes)}
        if page is not None and is_first():
            worst = pictures(how, task, [image["image"] for image in found["worst"]])
            write_evaluation(Path(page), trained, given, found, worst, weights)
    return Result(found)


def _opened(
    trained: Trained,
    data: AnyData | FileDataset | None,
    side: int | None,
    root: str | Path | None,
) -> Dataset | FileDataset:
    """The data, if they fit the network.

    Raises:
        UserError: they do not, or there are none.
    """
    path = trained.folder.path
    given = data if data is not None else trained.source
    if not given:
        raise UserError(f"{path}: its data came from Python: name the data")
    if not isinstance(given, Dataset | FileDataset):
        height, width = trained.side
        # Images that are not square are never resized: a side would make them square.
        square = side or (height if height == width else None)
        if isinstance(given, str | Path):
            given = open_images(given, square, root, tested=data is not None)
        else:
            given = without_validation(as_dataset(given, square))
    if given.channels != trained.channels:
        raise UserError(
            f"{given.name} is {channels_in_words(given.channels)}, but the network of "
            f"{path} is for {channels_in_words(trained.channels)} images"
        )
    if trained.task not in (None, given.task):  # older runs do not say
        raise UserError(
            f"{given.name} has {given.task.words}, but the network of {path} is for "
            f"{trained.task.words}"
        )
    return given


def _differences(
    trained: Trained, given: Dataset | FileDataset, same_source: bool
) -> tuple[str, ...]:
    """Notes on how the images differ from those that the network was trained on."""
    if trained.side != given.side:
        (height, width), (before, across) = given.side, trained.side
        return (
            f"images of {width} × {height} pixels; the network was trained on {across} × {before}",
        )
    if same_source and describe_data(given, "")["fingerprint"] != trained.fingerprint:
        return (
            f"{given.name} has changed since the training: some of the test images may be among "
            "those that the network was trained on",
        )
    return ()
