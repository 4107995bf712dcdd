"""How everything here is measured: warm-up, repeats, median and spread, machine and versions.

Alternatives are timed in turn within one run, so that other load on the machine affects them all
alike. Ratios are meaningful; absolute times on a shared machine are not.
"""

import argparse
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from benchmarks import AS_IT_IS
from dada.errors import UserError
from dada.runs import versions


def parser_of(package: ModuleType) -> argparse.ArgumentParser:
    """A command-line parser for a benchmark that is a package, with the package's description."""
    described = (package.__doc__ or "").splitlines()[0]
    return argparse.ArgumentParser(f"python -m {package.__name__}", description=described)


def positive(text: str) -> int:
    """A whole number above 0."""
    if not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def studied(
    parser: argparse.ArgumentParser, study: Callable[[argparse.Namespace], dict[str, Any]]
) -> tuple[argparse.Namespace, dict[str, Any]]:
    """The options of a study, and its result; what is wrong with them ends it in one line.

    Args:
        parser: with the options `--device` and `--jobs` still to be added.
    """
    add = parser.add_argument
    add("--jobs", type=positive, help="processes of one thread each; as many as there are threads")
    add("--device", default="auto")
    options = parser.parse_args()
    if options.jobs:
        torch.set_num_threads(options.jobs)
    try:
        return options, study(options)
    except UserError as error:
        parser.exit(2, f"{parser.prog}: {error}\n")


def measure(
    alternatives: dict[str, Callable[[], object]], repeats: int = 9, warmup: int = 2
) -> dict[str, dict[str, float]]:
    """Median and quartiles of the seconds of each alternative, timed in turn."""
    times: dict[str, list[float]] = {name: [] for name in alternatives}
    for round_ in range(warmup + repeats):
        for name, run in alternatives.items():
            seconds = seconds_of(run)
            if round_ >= warmup:
                times[name].append(seconds)
    return {name: _summary(values) for name, values in times.items()}


def seconds_of(run: Callable[[], object]) -> float:
    """Wall-clock seconds of a call, a GPU's work included."""
    started = time.perf_counter()
    run()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - started


def in_its_own_process(
    arguments: list[str], environment: dict[str, str] | None = None
) -> Any:  # what JSON holds
    """What a new Python process prints on its last line, read as JSON.

    Raises:
        SystemExit: it failed; with its error message.
    """
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        capture_output=True,
        check=False,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)}: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def in_turn(
    alternatives: dict[str, list[str]], kept: set[str], rounds: int
) -> dict[str, dict[str, float]]:
    """Median and quartiles of the seconds that commands print, one process after the other.

    Each alternative is measured in new processes, as its user would run it: the state in which one
    leaves the allocator makes another faster or slower by a third.

    Args:
        alternatives: arguments of Python; the last line printed is a JSON list of seconds.
        kept: those that run with `keep_freed_memory`, as the command line does.
        rounds: processes per alternative, in turn.
    """
    times: dict[str, list[float]] = {name: [] for name in alternatives}
    for _ in range(rounds):
        for name, arguments in alternatives.items():
            environment = dict(os.environ)
            if name not in kept:
                environment |= {AS_IT_IS: "1", "THP_MEM_ALLOC_ENABLE": "0"}
            times[name] += in_its_own_process(arguments, environment)
    return {name: _summary(values) for name, values in times.items()}


def _summary(values: list[float]) -> dict[str, float]:
    # A single value is its own quartiles.
    low, middle, high = statistics.quantiles(values * (1 + (len(values) == 1)), n=4)
    return {"median": middle, "low": low, "high": high}


def machine() -> dict[str, object]:
    """The machine and the versions that the numbers were measured with."""
    return {
        "cpu": platform.processor() or platform.machine(),
        "bfloat16": _matrix_products(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        **versions(),
    }


def _matrix_products() -> str:
    """How the CPU multiplies bfloat16 matrices, which determines the speed of a search step."""
    if torch.cpu._is_amx_tile_supported():
        return "AMX"
    return "AVX-512" if torch.cpu._is_avx512_bf16_supported() else "emulated"


def finish(result: dict[str, object], json_path: Path | None) -> None:
    """Print the machine, and write everything as JSON, the command included, if asked to."""
    words = sys.argv[1:]
    for option in ("--json", "--folder", "--store"):  # where a result is kept is not part of it
        if option in words:
            place = words.index(option)
            del words[place : place + 2]
    result["machine"] = machine()
    file = Path(sys.argv[0])
    name = file.parent.name if file.stem == "__main__" else file.stem
    result["command"] = shlex.join(["python", "-m", f"benchmarks.{name}", *words])
    print("machine:", ", ".join(f"{k} {v}" for k, v in machine().items()), file=sys.stderr)
    if json_path:
        json_path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
