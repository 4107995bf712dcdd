"""Every benchmark in turn, and the page of their results.

    python -m benchmarks.all [--device cuda] [--data cifar10.npz] [--published CHECKOUT]

`--data` is the data for the whole search, real CIFAR-10 for comparable figures; `--published` is a
checkout of github.com/VDIGPKU/DADA, to be measured beside ours; `--only` measures some of the
results, and leaves the rest for another time.
"""

import argparse
import subprocess
import sys
from pathlib import Path

MEASURED = Path(__file__).parents[1] / "docs" / "measured"


def commands(options: argparse.Namespace) -> dict[str, list[str]]:
    """Each result's name, and the command that measures it."""
    on = ["--device", options.device]
    published = ["--published", options.published] if options.published else []
    found = {
        "operations": ["operations", *on],
        "search_step": ["search_step", *on, *published],
        "scaling": ["scaling", *on],
        "fidelity": ["fidelity"],
        "photographs": ["photographs"],
    }
    if options.data:
        data = ["--data", options.data, *on]
        found["trials"] = ["trials", *data]
        found["search"] = ["search", *data]
        step = ["search", "--preset", "step", "--model", "wrn-40-2", *data]
        found["search-step"] = step
        found["search-step-traced"] = [*step, "--hypergradient", "traced"]
    if options.device != "cpu":
        large = ["--model", "resnet50", "--side", "224"]
        found = {f"{name}-{options.device}": command for name, command in found.items()}
        found[f"search_step-{options.device}-resnet50"] = ["search_step", *on, *large]
        found[f"operations-{options.device}-1024"] = ["operations", *on, "--batch", "1024"]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--data")
    parser.add_argument("--published")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="results, as in docs/measured")
    options = parser.parse_args()
    found = commands(options)
    for name in options.only or found:
        benchmark, *words = found[name]
        print(f"== {name}", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{benchmark}", *words]
        subprocess.run([*command, "--json", str(MEASURED / f"{name}.json")], check=True)
    subprocess.run([sys.executable, "-m", "benchmarks.page"], check=True)


if __name__ == "__main__":
    main()
