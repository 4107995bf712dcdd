"""Does a policy make a better backbone? The paper's transfer in small.

    python -m benchmarks.transfer --first cifar10.npz --second bccd/ [--rows none dada-cifar10]
        [--model resnet18] [--images 5000] [--epochs 30] [--first-side 32]
        [--detector fcos_resnet18_fpn] [--second-epochs 12] [--second-lr 0.0003] [--second-side 96]
        [--seeds 3] [--jobs 2] [--folder runs/transfer] [--json FILE]

For each seed a classifier is trained on the first set under the policy of each row: from the same
first weights, on the same images in the same order, for as many steps. Then a detector is trained
on the second set without a policy, from each of these backbones and from fresh weights (the row
scratch), with everything else the same: its other weights, the order, crops and flips, and what
images are normalised with. The second set's test images judge, by COCO's mAP.

Each training is kept in `--folder` under all that it depends on: the command can be stopped and
started again, with more rows or seeds, too.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks._contract import finish, parser_of, positive, studied
from benchmarks.search_quality.statistics import crossed
from benchmarks.search_quality.store import Store, digest
from benchmarks.search_quality.table import in_words
from dada import Callback, train
from dada.compute.device import pick_device
from dada.compute.parallel import Tick, run_parallel
from dada.datasets import Dataset, load
from dada.errors import UserError
from dada.policy import as_policy
from dada.runs.provenance import describe_data
from dada.training import TrainingWork

SCRATCH, NONE = "scratch", "none"
# In bfloat16, oneDNN's gradient of a strided convolution of a single cell is not finite.
_FIRST = {"batch": 128, "precision": "float32"}
_SECOND = {
    "batch": 8,
    "precision": "float32",
    "optimiser": "adamw",
    "weight_decay": 0.05,
    "warmup": 1.0,
}
_PARAMETERS = 10**7  # those of a ResNet, at least


@dataclass(frozen=True)
class Job:
    """One training, and all that its result depends on.

    Attributes:
        name: what to print.
        data: what it trains and is tested on.
        policy: "none", or a published policy, a file or a run folder.
        settings: of the training; and its seed.
        before: the training whose weights its backbone starts from.
    """

    name: str
    data: Dataset
    policy: str
    settings: Mapping[str, Any]
    before: Job | None = None

    @property
    def key(self) -> str:
        """Where its result is stored: what is changed is trained again, not mistaken."""
        policy = self.policy if self.policy == NONE else as_policy(self.policy).content
        data = describe_data(self.data, "")["fingerprint"]
        before = self.before.key if self.before else ""
        parts = (policy, data, sorted(self.settings.items()), before)
        return f"{self.name}/{digest(*parts)}"

    def file(self, folder: Path) -> Path:
        """Where its weights are kept."""
        return folder / f"{self.key.replace('/', '-')}.pt"


class _Last(Callback[TrainingWork]):
    """Keeps the training, which has the weights."""

    def on_start(self, work: TrainingWork) -> None:
        """See `Callback`."""
        self.training = work.training


def main() -> None:
    parser = parser_of(sys.modules[__name__])
    add = parser.add_argument
    add("--first", required=True, help="images with one label each")
    add("--second", required=True, help="a folder of images with boxes")
    add("--rows", nargs="+", default=[NONE, "dada-cifar10"], help="policies of the first training")
    add("--model", default="resnet18")
    add("--images", type=positive, default=5000, help="of the first set")
    add("--epochs", type=positive, default=30, help="on the first set")
    add("--first-side", type=positive, help="of the first set's images; their own")
    add("--detector", default="fcos_resnet18_fpn")
    add("--second-epochs", type=positive, default=12)
    add("--second-lr", type=float, default=3e-4)
    add("--second-side", type=positive, default=96)
    add("--seeds", type=positive, default=3)
    add("--folder", type=Path, default=Path("runs/transfer"))
    add("--json", type=Path)
    options, result = studied(parser, study)
    print("\n".join(lines(result)))
    finish(result, options.json)


def study(options: Namespace) -> dict[str, Any]:
    """Run what is missing; the result of every row."""
    first = load(options.first, side=options.first_side)
    second = load(options.second, side=options.second_side)
    if second.task.name != "detection":
        raise UserError(f"{options.second}: {second.task.words}: give images with boxes")
    options.folder.mkdir(parents=True, exist_ok=True)
    store = Store(options.folder / "results.jsonl")
    before = classifiers(options, first)
    after = detectors(options, first, second, before)
    for jobs in (before, after):  # the second need the weights of the first
        run_all([job for row in jobs.values() for job in row], store, options)
    error, metric = first.task.metric.key, second.task.metric.key
    precision = {row: [store[job.key][metric] for job in jobs] for row, jobs in after.items()}
    errors = {row: [store[job.key][error] for job in jobs] for row, jobs in before.items()}
    return {
        "first": f"{options.model} on {min(options.images, len(first.train))} images of "
        f"{first.name}, {options.epochs} epochs",
        "second": f"{options.detector} on {len(second.train)} images of {second.name}, "
        f"{options.second_epochs} epochs, {len(second.test)} test images",
        "seeds": options.seeds,
        "rows": table(precision, errors),
    }


def classifiers(options: Namespace, data: Dataset) -> dict[str, list[Job]]:
    """By row, the first training of each seed."""
    size = {"images": min(options.images, len(data.train)), "epochs": options.epochs}
    shared = {**_FIRST, **size, "model": options.model, "test_every": options.epochs}
    return {
        row: [
            Job(f"first/{seed}/{row}", data, row, {**shared, "seed": seed})
            for seed in range(options.seeds)
        ]
        for row in options.rows
    }


def detectors(
    options: Namespace, first: Dataset, data: Dataset, before: Mapping[str, Sequence[Job]]
) -> dict[str, list[Job]]:
    """By row, the second training of each seed."""
    mean, std = first.statistics()
    shared = {
        **_SECOND,
        "images": len(data.train),
        "epochs": options.second_epochs,
        "test_every": options.second_epochs,
        "lr": options.second_lr,
        "model": options.detector,
        "mean": mean,
        "std": std,
    }
    starts: dict[str, Sequence[Job | None]] = {SCRATCH: [None] * options.seeds, **before}
    return {
        row: [
            Job(f"second/{seed}/{row}", data, NONE, {**shared, "seed": seed}, job)
            for seed, job in enumerate(jobs)
        ]
        for row, jobs in starts.items()
    }


def run_all(jobs: Iterable[Job], store: Store, options: Namespace) -> None:
    """Run the trainings that are not in the store yet, seed by seed: after a stop, what is there
    is paired."""
    left = sorted((j for j in jobs if j.key not in store), key=lambda j: j.settings["seed"])
    device = pick_device(options.device)

    def work(number: int, tick: Tick) -> dict[str, Any]:
        found = trained(left[number], options.folder, options.device)
        tick()
        return found

    pixels = max((j.settings["batch"] * np.prod(j.data.side) for j in left), default=0)
    trainings = run_parallel(len(left), work, device, pixels=int(pixels), parameters=_PARAMETERS)
    for number, result in trainings:
        job = left[number]
        store.add(job.key, result)
        metric = job.data.task.metric
        value = f"{metric.title} {100 * result[metric.key]:.2f} %"
        print(f"{job.name}: {value}, {result['seconds']:.0f} s", flush=True)


def trained(job: Job, folder: Path, device: str) -> dict[str, Any]:
    """Train; the metric on the test images, and the seconds that it took. The weights of a first
    training go into the folder."""
    last, backbone = _Last(), job.before and str(job.before.file(folder))
    found = train(
        job.data, job.policy, device=device, callback=last, backbone=backbone, **job.settings
    )
    if job.before is None and job.name.startswith("first/"):
        file = job.file(folder)
        torch.save(last.training.tested.model.state_dict(), file.with_suffix(".partial"))
        file.with_suffix(".partial").replace(file)
    key = job.data.task.metric.key
    return {key: found[key], "seconds": found["seconds"]}


def table(
    precision: Mapping[str, Sequence[float]], errors: Mapping[str, Sequence[float]]
) -> dict[str, Any]:
    """By row, all in per cent: mAP of each seed, its mean, and its difference from other rows,
    paired by seed; and the first training's test errors."""
    values = {row: 100 * np.array(found)[:, None] for row, found in precision.items()}
    return {
        row: {
            "mAP": own[:, 0].round(4).tolist(),
            "mean": crossed(own)._asdict(),
            **{
                f"less {other}": crossed(own - values[other])._asdict()
                for other in values
                if other != row
            },
            **({"errors": [100 * error for error in errors[row]]} if row in errors else {}),
        }
        for row, own in values.items()
    }


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """The table as text."""
    yield f"{result['first']}; {result['second']}, {result['seeds']} seeds"
    for name, row in result["rows"].items():
        gaps = [f"{key} {in_words(value)}" for key, value in row.items() if key.startswith("less")]
        first = f", first error {np.mean(row['errors']):.2f} %" if "errors" in row else ""
        yield f"{name:24} mAP {in_words(row['mean'], sign='')}{first}  {', '.join(gaps)}"


if __name__ == "__main__":
    main()
