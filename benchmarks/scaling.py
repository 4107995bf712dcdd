"""How a search step's time and memory grow with batch, sub-policies, their length and image size.

    python -m benchmarks.scaling [--model wrn-16-1] [--device cuda] [--json FILE]

One quantity at a time is changed from batch 128, 105 sub-policies of 2 operations, 32×32. Each
setting is measured in its own process, for its peak memory; times are medians over steps.
"""

import argparse
import json
import resource
from itertools import combinations
from pathlib import Path

import torch

from benchmarks._contract import finish, in_its_own_process, measure
from benchmarks._noise import noise
from benchmarks._searches import begin_steps, step_of
from dada.compute.device import pick_device
from dada.ops import get, names, register

START = {"batch": 128, "operations": 15, "length": 2, "side": 32}
CHANGES = {
    "batch": [32, 64, 128, 256],
    "operations": [15, 45, 101],
    "length": [2, 3, 4],
    "side": [32, 64, 96],
}


def many_operations(count: int) -> tuple[str, ...]:
    """Registered operations, filled up with copies of Rotate."""
    copies = [f"Rotate{n}" for n in range(count - len(names()))]
    for name in copies:
        register(name, low=-30, high=30, identity=0, mirrored=True)(get("Rotate").kernel)
    return names()[:count]


def one(setting: dict, model: str, device: torch.device, repeats: int) -> dict:
    """Seconds and peak memory of a setting, in this process."""
    batch = setting["batch"]
    operations = many_operations(setting["operations"])
    search = begin_steps(
        noise(4 * batch, setting["side"]),
        device,
        preset="step",
        model=model,
        batch=batch,
        images=4 * batch,
        operations=operations,
        length=setting["length"],
    )
    times = measure({"step": step_of(search)}, repeats, warmup=1)["step"]
    if device.type == "cuda":
        peak = torch.cuda.max_memory_allocated() / 2**20
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    count = len(list(combinations(operations, setting["length"])))
    return {**times, "peak_mib": peak, "sub_policies": count}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="wrn-16-1")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--one", type=json.loads, help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    device = pick_device(options.device)
    if options.one:
        print(json.dumps(one(options.one, options.model, device, options.repeats)))
        return
    print(f"{options.model}, {device}; from batch 128, 105 sub-policies of 2, 32x32")
    print(f"{'':12} {'':>6} {'sub-policies':>12} {'seconds':>8} {'quartiles':>17} {'peak MiB':>9}")
    result: dict[str, object] = {}
    for name, values in CHANGES.items():
        for value in values:
            setting = json.dumps({**START, name: value})
            command = ["-m", "benchmarks.scaling", "--one", setting]
            command += ["--model", options.model, "--device", options.device]
            command += ["--repeats", str(options.repeats)]
            found = in_its_own_process(command)
            result[f"{name}={value}"] = found
            print(
                f"{name:12} {value:6d} {found['sub_policies']:12d} {found['median']:8.3f} "
                f"{found['low']:8.3f} {found['high']:8.3f} {found['peak_mib']:9.0f}",
                flush=True,
            )
    finish(result, options.json)


if __name__ == "__main__":
    main()
