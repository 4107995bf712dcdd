"""Images per second of a training from image files: ours, and timm's own training script.

    python -m benchmarks.training_throughput FOLDER --timm-script PATH [--json FILE]

FOLDER holds `train/` and `test/` with class folders; PATH is `train.py` of
github.com/huggingface/pytorch-image-models. Both train the same network in the same precision and
memory layout, with as many workers, from the same files: random resized crop (bicubic), flip, the
policy that AutoAugment published for ImageNet, SGD with clipped gradients. Each has its own
process, in turn; for timm's script, too, threads sleep while they wait and freed memory is kept, as
our command line has it. What is timed is the loop over an epoch's batches, the start of its workers
included: no test, no checkpoint, and not the first epoch.
"""

import argparse
import contextlib
import importlib.util
import json
import os
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import _contract
from dada.datasets import open_files
from dada.training import train
from dada.training.training import Training

_POLICIES = {"autoaugment-imagenet": "original", "none": None}
_LR, _MOMENTUM, _DECAY, _CLIP = 0.05, 0.9, 5e-4, 5.0


def ours(options: argparse.Namespace) -> list[float]:
    """Images per second of each epoch, of `dada train` with images that stay in their files."""
    data = open_files(options.data, side=options.side)
    whole = len(data.train) // options.batch * options.batch
    data = replace(data, train=data.train.subset(range(whole)))
    train_epoch, rates = Training.run_epoch, []

    def timed(*arguments: Any) -> Any:
        record = train_epoch(*arguments)
        rates.append(len(data.train) / record["seconds"])
        return record

    Training.run_epoch = timed  # type: ignore[assignment, method-assign]
    train(
        data,
        options.policy,
        model=f"timm:{options.model}",
        crop="resized",
        epochs=options.epochs,
        batch=options.batch,
        lr=_LR,
        momentum=_MOMENTUM,
        weight_decay=_DECAY,
        clip=_CLIP,
        precision=options.precision,
        workers=options.workers,
        device=options.device,
        test_every=options.epochs,
    )
    Training.run_epoch = train_epoch  # type: ignore[method-assign]
    return rates


def timms(options: argparse.Namespace) -> list[float]:
    """Images per second of each epoch, of timm's script; it leaves out a last, smaller batch."""
    spec = importlib.util.spec_from_file_location("timm_train", options.timm_script)
    assert spec and spec.loader
    script: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    epoch, rates = script.train_one_epoch, []

    def timed(*arguments: Any, **named: Any) -> Any:
        started = time.perf_counter()
        found = epoch(*arguments, **named)
        seen = len(arguments[2]) * options.batch
        rates.append(seen / (time.perf_counter() - started))
        return found

    script.train_one_epoch = timed
    side = str(options.side)
    words = ["--data-dir", options.data, "--train-split", "train", "--val-split", ""]
    words += ["--model", options.model, "--num-classes", str(_classes(options.data))]
    words += ["--input-size", "3", side, side, "--channels-last", "--device", options.device]
    words += ["-b", str(options.batch), "-j", str(options.workers), "--epochs", str(options.epochs)]
    words += ["--train-interpolation", "bicubic", "--color-jitter", "0", "--smoothing", "0"]
    words += ["--opt", "sgd", "--lr", str(_LR), "--momentum", str(_MOMENTUM)]
    words += ["--weight-decay", str(_DECAY), "--clip-grad", str(_CLIP), "--warmup-epochs", "0"]
    words += ["--cooldown-epochs", "0"]
    if options.precision == "bfloat16":
        words += ["--amp", "--amp-dtype", "bfloat16"]
    if named := _POLICIES[options.policy]:
        words += ["--aa", named]
    with tempfile.TemporaryDirectory() as output, contextlib.redirect_stdout(sys.stderr):
        sys.argv = [options.timm_script, *words, "--output", output]
        script.main()
    return rates


def _classes(data: str) -> int:
    return sum(place.is_dir() for place in Path(data, "train").iterdir())


ALTERNATIVES = {"ours": ours, "timm": timms}


def measured(options: argparse.Namespace, policy: str) -> dict[str, list[float]]:
    """Images per second of each alternative: per round, the median of its epochs but the first."""
    rates: dict[str, list[float]] = {name: [] for name in ALTERNATIVES}
    for round_ in range(options.rounds):
        # Who begins changes, so that load that grows or falls favours neither.
        for name in list(ALTERNATIVES)[:: 1 if round_ % 2 == 0 else -1]:
            environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
            words = ["-m", "benchmarks.training_throughput", *sys.argv[1:]]
            every = _contract.in_its_own_process(
                [*words, "--child", name, "--policy", policy], environment
            )
            rates[name].append(statistics.median(every[1:]))
    return rates


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("--timm-script", required=True)
    parser.add_argument("--model", default="mobilenetv3_small_050", help="of timm")
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--policies", nargs="+", choices=list(_POLICIES), default=list(_POLICIES))
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", choices=list(ALTERNATIVES), help=argparse.SUPPRESS)
    parser.add_argument("--policy", choices=list(_POLICIES), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(ALTERNATIVES[options.child](options)))
        return
    print(f"{options.model}, {options.side} pixels, batch {options.batch}")
    policies = {}
    for policy in options.policies:
        rates = policies[policy] = measured(options, policy)
        middle = ", ".join(f"{name} {statistics.median(each):.0f}" for name, each in rates.items())
        ratios = sorted(a / b for a, b in zip(rates["ours"], rates["timm"], strict=True))
        print(
            f"{policy}: images/s {middle}; ours over timm's {statistics.median(ratios):.2f} "
            f"({ratios[0]:.2f} to {ratios[-1]:.2f})",
            flush=True,
        )
    kept = ("model", "side", "batch", "workers", "precision", "device")
    result: dict[str, Any] = {name: getattr(options, name) for name in kept}
    result |= {"timm": version("timm"), "policies": policies}
    _contract.finish(result, options.json)


if __name__ == "__main__":
    main()
