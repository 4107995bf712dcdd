"""The searches and trainings of a study, as runs in a folder."""

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.quality.rows import ROWS, SIZES
from benchmarks.quality.table import against_the_others
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
from dada.runs import RunFolder
from dada.searching.methods.dada.one_step.published import paper_cutout


class Study:
    """The study's searches and trainings, and their results.

    Args:
        options: those of the command line.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.size = options, SIZES[options.size]
        self.folder = options.folder / Path(options.data).stem / options.size
        self.folder.mkdir(parents=True, exist_ok=True)
        self.cutout = paper_cutout(max(load(options.data).side))
        write_policies(self.folder)

    def dada(self, *words: object, out: Path) -> None:
        """Run a command of dada, or resume its run; on one thread if there are several jobs."""
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
        """Options of both commands."""
        return ["--seed", seed, "--device", self.options.device, "--cutout", cutout]

    def search_folder(self, name: str, seed: int) -> Path:
        """The run folder of a search."""
        return self.folder / "search" / f"{name}-{seed}"

    def search(self, name: str, seed: int) -> None:
        """Search a row's policy, if that is not done yet."""
        row, out = ROWS[name], self.search_folder(name, seed)
        if any(event["event"] == "finish" for event in RunFolder(out).events):
            return
        words = ["search", self.options.data, *self.size["search"], *(row.search or ())]
        words += self.size["child"] if row.child else []
        self.dada(*words, *self.common(seed, self.cutout), out=out)

    def train(self, name: str, seed: int) -> dict[str, Any]:
        """The result of a training, which is run now if it is not done yet."""
        row, out = ROWS[name], self.folder / "train" / f"{name}-{seed}"
        if not (out / "result.json").exists():
            policy = self.policy(name, seed)
            words = ["train", "--data", self.options.data, "--policy", policy, *self.size["train"]]
            self.dada(*words, *self.common(seed, self.cutout if row.cutout else 0), out=out)
            print(f"{name} {seed}", flush=True)
        result: dict[str, Any] = json.loads((out / "result.json").read_text())
        return result

    def policy(self, name: str, seed: int) -> str | Path:
        """The policy for a training: a search's run folder, a file, or a name."""
        row = ROWS[name]
        if row.search is not None:
            return self.search_folder(name, seed % self.options.searches)
        return self.folder / row.policy if row.policy.endswith(".json") else row.policy

    def run(self) -> dict[str, dict[str, Any]]:
        """Run everything that is missing; return the table, by row."""
        options = self.options
        searched = [name for name in options.rows if ROWS[name].search is not None]
        with ThreadPoolExecutor(options.jobs) as pool:
            list(pool.map(lambda job: self.search(*job), _jobs(searched, options.searches)))
            jobs = _jobs(options.rows, options.seeds)
            results = dict(zip(jobs, pool.map(lambda job: self.train(*job), jobs), strict=True))

        def of(name: str, key: str) -> list[float]:
            return [results[name, seed][key] for seed in range(options.seeds)]

        errors = {name: of(name, "test_error") for name in options.rows}
        table: dict[str, dict[str, Any]] = {}
        for name in options.rows:
            shared = options.searches if name in searched else None
            row = {"words": ROWS[name].words, **against_the_others(name, errors, shared)}
            row["seconds"] = sum(of(name, "seconds")) / options.seeds
            if shared:
                row["search_seconds"] = [self.seconds(name, seed) for seed in range(shared)]
            table[name] = row
        return table

    def seconds(self, name: str, seed: int) -> float:
        """How long a search took, interruptions excluded."""
        events = RunFolder(self.search_folder(name, seed)).events
        return sum(event["seconds"] for event in events if event["event"] == "epoch")


def write_policies(folder: Path) -> None:
    """Write the policies of the rows that have a policy file."""
    scale = Scale("strength")
    save_policy(SearchSpace(scale=scale).random(25, seed=0), folder / "random25.json")
    for name in PAPER_OPERATIONS:
        # On half of the images, at any strength.
        alone = SubPolicy((Operation(name, 0.5, 0.5, spread=1.0),))
        save_policy(Policy((alone,), scale, f"{name} alone"), folder / f"only-{name}.json")


def _jobs(names: list[str], seeds: int) -> list[tuple[str, int]]:
    """Rows and seeds, seed by seed, so that an interrupted study is as paired as possible."""
    return [(name, seed) for seed in range(seeds) for name in names]
