"""A whole search: data in, policy and run folder out."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
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
from dada.errors import DivergedError, UserError
from dada.models import create
from dada.models.check import check_network, model_name
from dada.models.child import Loss
from dada.policy import Policy, save_policy
from dada.policy.files import checksum
from dada.report import save_samples
from dada.runs import RunFolder, describe_run, restore
from dada.runs.folder import CHECKPOINT
from dada.searching.budget import replan, trial_of, within
from dada.searching.choices import choices, few_steps, short_trials, unseen_classes
from dada.searching.methods.dada.search import Search
from dada.searching.methods.trials import TrialSearch
from dada.searching.methods.trials.shrink import shrunk
from dada.searching.page import write_page
from dada.searching.settings import Settings, choose_images, for_dataset, make_settings
from dada.training.hooks import NO_HOOKS, UserHooks
from dada.training.pipeline import pipeline_for

AnySearch = Search | TrialSearch


class Watcher:
    """What a search tells whoever watches; override what interests you."""

    def on_start(self, search: AnySearch, dataset: Dataset) -> None:
        """Everything is ready and the first step is next."""

    def on_step(self, epoch: int, step: int) -> None:
        """A step has been made; both count from 1."""

    def on_epoch(self, record: dict[str, Any], search: AnySearch) -> None:
        """An epoch is over and saved; `record` is what `Search.run_epoch` returned."""

    def on_settled(self, reason: str) -> None:
        """The search ends before its last epoch, for this reason."""


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
        resume: go on with the run in `out`.
        side: images of a folder are brought to side × side pixels; None chooses.
        budget: seconds that the search may take, or a time such as "5m", from this call on. Epochs
            and images are chosen to fit, and again after each round by how long it took.
        watch: is told how it goes.
        source: what to call the data's origin in the run, where `data` is a `Dataset`.
        **settings: single settings (`dada.searching.settings.Settings`): seed, epochs, batch, …

    Returns:
        The policy. The same data, settings, seed, versions and device give the same policy; a
        search one step ahead wants the same number of threads besides.

    Raises:
        UserError: the data, a setting, a transform or the run folder is not as it must be, or the
            loss became infinite.
    """
    hooks = UserHooks.of(loss=loss, before=before, after=after)
    deadline = None if budget is None else Deadline.of(budget)
    chosen = make_settings(preset, model=model_name(model), **settings)
    with ExitStack() as stack:
        processes, where = stack.enter_context(shared_job(pick_device(device)))
        watch = (watch if processes.first else None) or Watcher()
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
        config = describe_run("search", dataset, origin, chosen, where, hooks._asdict())
        run = _folder(out, config, resume) if processes.first else None
        if run:
            stack.enter_context(run)
        state = processes.broadcast(run.load_checkpoint() if run else None)
        restore(going, state, run, "search")
        if run and state is None:
            _start(run, going, dataset)
        watch.on_start(going, dataset)
        try:
            _advance(going, run, config, watch, deadline, most)
        except KeyboardInterrupt:
            if run:
                with suppress(UserError):  # no epoch is over yet
                    write_page(run)
            raise
        except DivergedError as error:
            raise UserError(_advice(error, run)) from None
    policy = going.policy(dataset.name, provenance(config, going))
    if run:
        write_page(run)
    return policy


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


def _folder(out: str | Path | None, config: dict[str, Any], resume: bool) -> RunFolder | None:
    if out is None:
        if resume:
            raise UserError("nothing to resume: name the run folder")
        return None
    return RunFolder.begin(out, config, resume)


def _start(run: RunFolder, going: AnySearch, dataset: Dataset) -> None:
    names = [list(names) for names in going.distribution.space.sub_policies]
    plan = {"unit": going.unit, "length": going.length, "parameters": going.parameter_count}
    run.keep_events([{"event": "start", "sub_policies": names, **plan}])
    save_samples(run, dataset.train.images[:: max(1, len(dataset.train) // 8)][:8])


def _advance(
    going: AnySearch,
    run: RunFolder | None,
    config: dict[str, Any],
    watch: Watcher,
    deadline: Deadline | None,
    most: int,
) -> None:
    """Epoch after epoch, to the last or until it has settled; each is saved before the next."""
    if run:
        run.keep_events([e for e in run.events if e.get("event") != "finish"])
    started, reason = time.perf_counter(), None
    # All processes must settle alike.
    events = going.processes.broadcast(run.events if run else [])
    done = [event for event in events if event.get("event") == "epoch"]
    while going.epoch < going.length:
        reason = going.settled(done)
        if reason:
            watch.on_settled(reason)
            break
        number = going.epoch + 1
        record = going.run_epoch(_stepper(watch, number))
        changed = replan(going, deadline, record["seconds"], most) if deadline else None
        if changed:
            record |= {"plan": list(going.plan), "replanned": changed}
        state = going.state_dict()
        if run:
            # In this order: what is recorded has a policy, and what is resumed is recorded.
            path = _save_policy(going, run, config)
            run.add_event({**record, "policy_checksum": checksum(path.read_bytes())})
            run.save_checkpoint(state)
        done.append(record)
        watch.on_epoch(record, going)
    if run:
        if not (run.path / "policy.json").exists():  # of a finished search, it may be what was lost
            _save_policy(going, run, config)
        finish = {"event": "finish", "seconds": round(time.perf_counter() - started, 3)}
        run.add_event({**finish, "reason": reason} if reason else finish)


def _save_policy(going: AnySearch, run: RunFolder, config: dict[str, Any]) -> Path:
    policy = going.policy(config["data"]["name"], provenance(config, going))
    return save_policy(policy, run.path / "policy.json")


def _stepper(watch: Watcher, epoch: int) -> Callable[[int], None]:
    return lambda step: watch.on_step(epoch, step)


def provenance(config: dict[str, Any], going: AnySearch) -> dict[str, Any]:
    """What a policy file says of its origin; no times, so that equal searches give equal files."""
    data = config["data"]
    return {
        "method": going.method,
        "data": {key: data[key] for key in ("name", "fingerprint", "train")},
        "epochs_done": going.epoch,
        "settings": config["settings"] | going.changed_plan(),
        "versions": config["versions"],
        "machine": config["machine"],
    }


def _advice(error: DivergedError, run: RunFolder | None) -> str:
    kept = run is not None and (run.path / CHECKPOINT).exists()
    good = f"; the last good checkpoint is kept in {run.path}" if run and kept else ""
    where = ", in another run folder" if run else ""
    return f"{error}{good}: try a lower --lr, a larger --batch or --precision float32{where}"
