"""Does a policy help? Every way to augment, the same network and training, paired by seed.

    python -m benchmarks.quality --data cifar10.npz [--size small] [--rows ...] [--seeds 3]
        [--searches 1] [--jobs 2] [--folder runs/quality] [--json FILE]

A row is trained from each seed; a searched row is searched first, once for each search seed, and
trainings take its searches in turn. Searches, and all rows but "none", have the paper's Cutout:
half of the side of images of 24 to 64 pixels. Everything lies in run folders under `--folder`: what
is there is not done again, and what was broken off goes on, so the command may be stopped and
repeated.
"""

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks._contract import finish
from dada.comparison.statistics import summary
from dada.datasets import load
from dada.policy import (
    PAPER_OPERATIONS,
    Operation,
    Policy,
    Scale,
    SearchSpace,
    SubPolicy,
    save_policy,
)
from dada.searching.settings import paper_cutout

SIZES: dict[str, dict[str, list[str]]] = {
    # The reduced set, in minutes a training on one core.
    "small": {
        "train": ["--images", "4000", "--model", "wrn-16-1", "--epochs", "50"],
        "search": [],
        "child": ["--model", "wrn-16-1"],
    },
    # Few images for longer, where augmentation has much to give: minutes a training on one core.
    "few": {
        "train": ["--images", "1000", "--model", "wrn-16-1", "--epochs", "100"],
        "search": ["--images", "1000"],
        "child": ["--model", "wrn-16-1"],
    },
    # Fewer still, where two minutes a training tell single operations apart.
    "fewer": {
        "train": ["--images", "500", "--model", "wrn-16-1", "--epochs", "100", "--batch", "64"],
        "search": ["--images", "500"],
        "child": ["--model", "wrn-16-1"],
    },
    # As "few" for a larger network, a quarter of an hour a training.
    "tiny": {
        "train": ["--images", "1000", "--model", "wrn-16-2", "--epochs", "200"],
        "search": ["--images", "1000"],
        "child": ["--model", "wrn-16-2"],
    },
    # The paper's networks on the reduced set, for a GPU.
    "paper": {
        "train": ["--recipe", "cifar10-wrn-40-2", "--images", "4000"],
        "search": [],
        "child": ["--model", "wrn-40-2"],
    },
    "paper-wide": {
        "train": ["--recipe", "cifar10-wrn-28-10", "--images", "4000"],
        "search": [],
        "child": ["--model", "wrn-40-2"],
    },
}


@dataclass(frozen=True)
class Row:
    """A way to augment: a policy for `dada train`, or the options of the search for one."""

    words: str
    policy: str = ""
    search: tuple[str, ...] | None = None
    child: bool = False  # the search's network is the one that is trained afterwards
    cutout: bool = True


ROWS = {
    "none": Row("crop and flip", "none", cutout=False),
    "cutout": Row("crop, flip and Cutout", "none"),
    "uniform": Row("uniform policy, no search", "uniform"),
    "random25": Row("25 random sub-policies", "random25.json"),
    "randaugment": Row("RandAugment", "randaugment"),
    "trivialaugment": Row("TrivialAugment", "trivialaugment"),
    "autoaugment": Row("AutoAugment, published", "autoaugment-cifar10"),
    "fast-autoaugment": Row("Fast AutoAugment, published", "fast-autoaugment-cifar10"),
    "dada": Row("DADA, published", "dada-cifar10"),
    "ours-paper": Row("our search, paper preset", search=("--preset", "paper"), child=True),
    "ours-paper-gumbel": Row(  # the paper's ablation: RELAX, which is the preset's, against it
        "our search, paper preset, Gumbel-Softmax",
        search=("--preset", "paper", "--estimator", "gumbel-softmax"),
        child=True,
    ),
    "ours": Row("our search, default", search=()),
}
USUAL = tuple(ROWS)
RIVALS = ("cutout", "uniform", "trivialaugment", "dada")  # differences from these are shown
ROWS |= {f"only-{name}": Row(f"{name} alone", f"only-{name}.json") for name in PAPER_OPERATIONS}


def single_policy(path: Path, name: str) -> None:
    """An operation on half of the images, at any strength."""
    alone = SubPolicy((Operation(name, 0.5, 0.5, spread=1.0),))
    save_policy(Policy((alone,), Scale("strength"), f"{name} alone"), path)


class Study:
    """The searches and trainings of the rows, as runs in a folder."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.size = options, SIZES[options.size]
        self.folder = options.folder / Path(options.data).stem / options.size
        self.folder.mkdir(parents=True, exist_ok=True)
        self.cutout = paper_cutout(max(load(options.data).side))
        space = SearchSpace(scale=Scale("strength"))
        save_policy(space.random(25, seed=0), self.folder / "random25.json")
        for name in PAPER_OPERATIONS:
            single_policy(self.folder / f"only-{name}.json", name)

    def dada(self, *words: object, out: Path) -> None:
        """Run the command line on one thread, or go on with its run."""
        resume = ["--resume"] if (out / "config.json").exists() else []
        command = [sys.executable, "-m", "dada", *map(str, words), "-o", str(out), *resume]
        threads = {"OMP_NUM_THREADS": "1"} if self.options.jobs > 1 else {}
        log = out.with_suffix(".log")
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a") as file:
            subprocess.run(
                command,
                check=True,
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, **threads},
            )

    def common(self, seed: int, cutout: int) -> list[object]:
        """Options of both verbs."""
        return ["--seed", seed, "--device", self.options.device, "--cutout", cutout]

    def search(self, name: str, seed: int) -> Path:
        """The run of a search, done now if it was not yet."""
        out = self.folder / "search" / f"{name}-{seed}"
        done = (out / "events.jsonl").exists() and '"finish"' in (out / "events.jsonl").read_text()
        if not done:
            row, size = ROWS[name], self.size
            words = ["search", self.options.data, *size["search"], *row.search]
            words += size["child"] if row.child else []
            self.dada(*words, *self.common(seed, self.cutout), out=out)
        return out

    def train(self, name: str, seed: int) -> dict:
        """The result of a training, done now if it was not yet."""
        row, out = ROWS[name], self.folder / "train" / f"{name}-{seed}"
        if not (out / "result.json").exists():
            policy = row.policy
            if row.search is not None:
                policy = self.folder / "search" / f"{name}-{seed % self.options.searches}"
            elif policy.endswith(".json"):
                policy = self.folder / policy
            words = ["train", "--data", self.options.data, "--policy", policy, *self.size["train"]]
            self.dada(*words, *self.common(seed, self.cutout if row.cutout else 0), out=out)
            print(f"{name} {seed}", flush=True)
        return json.loads((out / "result.json").read_text())

    def run(self) -> dict:
        """Everything that is missing; the table."""
        options, result = self.options, {}
        searched = [name for name in options.rows if ROWS[name].search is not None]
        with ThreadPoolExecutor(options.jobs) as pool:
            list(pool.map(lambda job: self.search(*job), _jobs(searched, options.searches)))
            jobs = _jobs(options.rows, options.seeds)
            results = dict(zip(jobs, pool.map(lambda job: self.train(*job), jobs), strict=True))
        errors = {
            name: [results[name, seed]["test_error"] for seed in range(options.seeds)]
            for name in options.rows
        }
        for name in options.rows:
            result[name] = {"words": ROWS[name].words, "errors": errors[name]}
            result[name]["wins"] = wins(name, errors)
            for rival in RIVALS:
                if rival in errors:
                    against = None if rival == name else errors[rival]
                    shared = options.searches if name in searched else None
                    result[name][f"less {rival}"] = certain(errors[name], against, shared)
            seconds = [results[name, seed]["seconds"] for seed in range(options.seeds)]
            result[name]["seconds"] = sum(seconds) / len(seconds)
            if name in searched:
                result[name]["search_seconds"] = [
                    self.seconds(name, seed) for seed in range(options.searches)
                ]
        return result

    def seconds(self, name: str, seed: int) -> float:
        """How long a search took, interruptions not counted."""
        lines = (self.folder / "search" / f"{name}-{seed}" / "events.jsonl").read_text().split("\n")
        events = [json.loads(line) for line in lines if line]
        return sum(event["seconds"] for event in events if event["event"] == "epoch")


def wins(name: str, errors: dict[str, list[float]]) -> float:
    """The share of the other rows' trainings, each from the same seed, that a row's are better
    than; a tie is half a win."""
    rivals = [other for row, other in errors.items() if row != name]
    won = [
        (own < its) + (own == its) / 2
        for other in rivals
        for own, its in zip(errors[name], other, strict=True)
    ]
    return sum(won) / max(1, len(won))


def certain(errors: list[float], against: list[float] | None, searches: int | None) -> dict:
    """The summary of a row, with intervals that hold shared searches.

    Trainings of one search are not independent. With fewer searches than seeds, an interval is
    the wider of two: over trainings, and over the means of the trainings of each search, which so
    few means make too narrow as easily as too wide.

    Args:
        errors: by seed; that of seed s is of search s modulo `searches`.
        against: another row's, by seed.
        searches: how many; None for a row without.
    """
    found = summary(errors, against)
    if searches is None or not 1 < searches < len(errors):
        return found
    by_search = [
        [sum(row[s::searches]) / len(row[s::searches]) for s in range(searches)]
        for row in (errors, against)
        if row is not None
    ]
    clustered = summary(by_search[0], by_search[1] if against is not None else None)
    for name in ("interval", "difference_interval"):
        if found[name] is not None:
            found[name] = max(found[name], clustered[name])
    return found


def _jobs(names: list[str], seeds: int) -> list[tuple[str, int]]:
    """Seed by seed, so that what is there when one stops is as paired as can be."""
    return [(name, seed) for seed in range(seeds) for name in names]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=USUAL)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--searches", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--folder", type=Path, default=Path("runs/quality"))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    study = Study(options)
    rows = study.run()
    for name, row in sorted(rows.items(), key=lambda named: sum(named[1]["errors"])):
        shared = options.searches if ROWS[name].search is not None else None
        found = certain(row["errors"], None, shared)
        spread = "" if found["interval"] is None else f" ± {100 * found['interval']:.2f}"
        print(f"{row['words']:32} {100 * found['mean']:6.2f}{spread}  {row['seconds']:.0f} s")
    result = {"size": study.size, "seeds": options.seeds, "searches": options.searches}
    finish({**result, "data": Path(options.data).name, "rows": rows}, options.json)


if __name__ == "__main__":
    main()
