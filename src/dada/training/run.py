"""A whole training: data, recipe and policy in, weights and run folder out."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from torch import nn

from dada.augment import Transform
from dada.augment.loader import Loader, make_loader
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
)
from dada.errors import DivergedError, UserError, listed
from dada.files import replace_file
from dada.models import create
from dada.models.check import check_network, model_name
from dada.models.child import Loss
from dada.policy import Policy, dumps
from dada.runs import RunFolder, describe_run, restore
from dada.runs.folder import CHECKPOINT
from dada.training.augmentations import Method, method, space_for
from dada.training.evaluate import WEIGHTS, measure
from dada.training.hooks import UserHooks
from dada.training.page import write_page
from dada.training.pipeline import pipeline_for
from dada.training.recipes import recipes
from dada.training.settings import ResolvedTraining, for_dataset, make_settings
from dada.training.training import Training

METRICS, RESULT = "metrics.csv", "result.json"
COLUMNS = (
    *("epoch", "train_loss", "lr", "seconds"),
    *("test_images", "test_loss", "test_error", "test_error_top5"),
)


class TrainWatcher:
    """What a training tells whoever watches; override what interests you."""

    def on_start(self, training: Training, dataset: Dataset | FileDataset, method: Method) -> None:
        """Everything is ready and the first step is next."""

    def on_step(self) -> None:
        """A step has been made."""

    def on_epoch(self, record: dict[str, Any]) -> None:
        """An epoch is over, tested and saved."""


def train(
    data: AnyData | FileDataset | None = None,
    policy: str | Path | Policy = "none",
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
    watch: TrainWatcher | None = None,
    source: str | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """Train a network under a fixed policy, by one of the paper's recipes or your own settings.

    Under `torchrun`, the processes share every batch and the first one writes and tells.

    Args:
        data: as in `dada.search`, or files; None is the recipe's.
        policy: "none" (crop and flip; a Cutout where the recipe or the settings have one),
            "randaugment", "trivialaugment", "uniform"; or a published name, a policy file, a run
            folder, a policy.
        recipe: "default", "demo" or one of `dada recipes`.
        seed: of weights, order and draws.
        loss: (logits, labels) to one loss an image; None is cross-entropy, with the settings'
            `label_smoothing`.
        before, after: as in `dada.search`. Where images stay in their files, `before` runs in the
            worker processes that decode them.
        model: a name or a module, instead of the recipe's.
        out: the run folder to write; None writes nothing.
        resume: go on with the run in `out`; on a CPU to the same weights as without a break.
        workers: processes that decode images which do not fit in memory; None is one for each
            processor.
        tensorboard: also log for TensorBoard into `out` (extra `tensorboard`).
        **settings: single settings (`dada.training.settings.TrainSettings`): epochs, batch, …

    Returns:
        The result as plain data: the last epoch's `test_error`, `train_loss` and the rest of
        `dada.training.evaluate.measure`, all `seconds`, and `best`, the epoch of the lowest error,
        which is chosen on the test images.

    Raises:
        UserError: the data, the policy, a setting or the run folder is not as it must be, the
            loss became infinite, or another process of the job died.
    """
    if "preset" in settings:
        raise UserError("preset: a training's presets are recipes: give recipe=")
    # More bits PyTorch's CPU generator does not take.
    if type(seed) is not int or not 0 <= seed < 2**32:
        raise UserError(f"seed {seed!r:.60}: must be an integer from 0 to 2³² - 1")
    hooks = UserHooks.of(loss=loss, before=before, after=after)
    asked = make_settings(recipe, model=model_name(model), **settings)
    given = data if data is not None else _data_of(recipe)
    writer = _summary_writer() if tensorboard else None
    with ExitStack() as stack:
        processes, where = stack.enter_context(shared_job(pick_device(device)))
        watch = (watch if processes.first else None) or TrainWatcher()
        dataset: Dataset | FileDataset
        if isinstance(given, str | Path):
            dataset, origin = open_images(given, side, root), source or str(given)
        else:
            dataset = given if isinstance(given, FileDataset) else as_dataset(given, side)
            origin = source or ""
        if asked.images is None:
            asked = asked.model_copy(update={"images": len(dataset.train)})
        chosen = for_dataset(asked, dataset, where.type == "cuda")
        how = method(policy, space_for(dataset.channels))
        config = describe_run("train", dataset, origin, chosen, where, hooks._asdict())
        called = policy.name if isinstance(policy, Policy) else str(policy)
        config |= {"seed": seed, "policy": called}
        config["policies"] = {how.name: "" if how.policy is None else dumps(how.policy)}
        with forked(where):
            torch.manual_seed(seed)
            network = model if isinstance(model, nn.Module) else _network(chosen, dataset)
            shape = (dataset.channels, *dataset.side)
            is_own = isinstance(model, nn.Module)
            check_network(network, chosen.model, len(dataset.classes), shape, is_own)
            going, tested = _prepare(
                chosen, dataset, network, how, seed, where, processes, workers, hooks
            )
            run = RunFolder.begin(out, config, resume) if out and processes.first else None
            if run:
                stack.enter_context(run)
                _check_classes(run, dataset.classes)
            state = processes.broadcast(run.load_checkpoint() if run else None)
            restore(going, state, run, "training")
            watch.on_start(going, dataset, how)
            log = _logger(run, writer)
            try:
                return _advance(going, tested, len(dataset.classes), run, watch, log)
            except DivergedError as error:
                good = run and (run.path / CHECKPOINT).exists()
                kept = f"; the last good checkpoint is kept in {run.path}" if run and good else ""
                raise UserError(f"{error}{kept}: try a lower --lr or a larger --batch") from None


def _data_of(recipe: str) -> str:
    if recipe not in recipes():
        raise UserError(f"recipe {recipe!r} has no data of its own: name the data")
    return recipes()[recipe].receipt.data


def _check_classes(run: RunFolder, classes: tuple[str, ...]) -> None:
    """The outputs of a network keep their names, whatever the images' fingerprint says."""
    before = run.config["data"].get("classes", [])
    pairs = zip(before, classes, strict=True) if len(before) == len(classes) else ()
    if renamed := [f"{listed([a])} is {listed([b])} now" for a, b in pairs if a != b]:
        raise UserError(
            f"{run.path} was started with other class names ({', '.join(renamed[:3])}): use the "
            "same, or start a new run in another folder"
        )


def _network(settings: ResolvedTraining, dataset: Dataset | FileDataset) -> nn.Module:
    return create(settings.model, len(dataset.classes), dataset.channels)


def _prepare(
    settings: ResolvedTraining,
    dataset: Dataset | FileDataset,
    network: nn.Module,
    how: Method,
    seed: int,
    device: torch.device,
    processes: Processes,
    workers: int | None,
    hooks: UserHooks,
) -> tuple[Training, Loader]:
    """The training at its beginning, and this process's part of the test images."""
    if processes.rank:  # all begin with the same weights; what is random in a layer is their own
        torch.manual_seed(stream(seed, 2 * processes.rank))
    pipeline = pipeline_for(settings, dataset.side, hooks)
    images = dataset.train.subset(reduced(dataset.train.labels, settings.images))
    fed = make_loader(images, pipeline, device, seed, workers)
    going = Training(
        settings, network, fed, pipeline, how.augment, seed, device, processes, hooks.loss
    )
    mine = processes.shard(torch.arange(len(dataset.test)))
    return going, make_loader(dataset.test.subset(mine), pipeline, device, seed, workers)


def _advance(
    going: Training,
    tested: Loader,
    classes: int,
    run: RunFolder | None,
    watch: TrainWatcher,
    log: Callable[[dict[str, Any]], None],
) -> dict[str, Any]:
    """Epoch after epoch to the end, each one tested and saved before the next begins."""
    child, processes = going.tested, going.processes

    def errors() -> dict[str, Any]:
        return measure(child, tested, going.pipeline, classes, processes)

    s, found = going.settings, None
    events = processes.broadcast(run.events if run else [])
    done = [event for event in events if event.get("event") == "epoch"]
    while going.epoch < s.epochs:
        record = going.run_epoch(watch.on_step)
        if going.epoch % s.test_every == 0 or going.epoch == s.epochs:
            found = errors()
            record |= {name: value for name, value in found.items() if name != "class_errors"}
        done.append(record)
        state = going.state_dict()
        if run:
            # In this order: what is recorded has weights, and what is resumed is recorded.
            _save(run, child.model.state_dict(), done)
            run.add_event(record)
            run.save_checkpoint(state)
            log(record)
        watch.on_epoch(record)
    best = min(_tested(done), key=lambda event: event["test_error"])
    # A finished training that is resumed has no test of its own yet.
    result = {
        **done[-1],
        **(found or errors()),
        "best": {k: best[k] for k in ("epoch", "test_error")},
    }
    result["seconds"] = round(sum(event["seconds"] for event in done), 3)
    del result["event"]
    if run:
        if found is None:  # the weights, too, may be what was lost
            run.save_tensors(WEIGHTS["last"], child.model.state_dict())
        run.write_json(RESULT, result)
        run.keep_events([e for e in run.events if e.get("event") != "finish"])
        run.add_event({"event": "finish", "seconds": result["seconds"]})
        write_page(run)
    return result


def _tested(done: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in done if "test_error" in event]


def _save(run: RunFolder, weights: dict[str, Any], done: list[dict[str, Any]]) -> None:
    """The weights and the table of what has been done."""
    run.save_tensors(WEIGHTS["last"], weights)
    errors = [event["test_error"] for event in _tested(done)]
    if "test_error" in done[-1] and errors[-1] < min(errors[:-1], default=math.inf):
        run.save_tensors(WEIGHTS["best"], weights)
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, extrasaction="ignore")
    table.writeheader()
    table.writerows(done)
    replace_file(run.path / METRICS, text.getvalue().encode())


def _summary_writer() -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415
    except ImportError:
        raise UserError(
            "TensorBoard is not installed: pip install 'dada-augment[tensorboard]'"
        ) from None
    return SummaryWriter


def _logger(run: RunFolder | None, writer: Any) -> Callable[[dict[str, Any]], None]:
    """What writes an epoch's numbers for TensorBoard."""
    if writer is None or run is None:
        return lambda record: None
    board = writer(str(run.path / "tensorboard"))

    def log(record: dict[str, Any]) -> None:
        for name in COLUMNS[1:]:
            if record.get(name) is not None:
                board.add_scalar(name, record[name], record["epoch"])
        board.flush()

    return log
