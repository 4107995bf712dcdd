"""How close exported files come to our pixels, for the libraries that are installed.

python -m benchmarks.fidelity [--targets python torchvision ...] [--json FILE]
"""

import argparse
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from benchmarks._contract import finish
from dada.errors import UserError
from dada.export import TARGETS
from dada.export.fidelity import fidelity


def summary(rows: list[dict]) -> dict[str, dict]:
    """For each operation: equal bytes, mean and largest difference; or covered areas."""
    found = {}
    for name in dict.fromkeys(row["operation"] for row in rows):
        done = [r for r in rows if r["operation"] == name and r["refused"] is None]
        kept: dict[str, bool | float | None] = {"refused": len(done) == 0}
        for key in ("equal", "mean", "area", "area_of_dada"):
            values = [row[key] for row in done if row[key] is not None]
            kept[key] = float(np.mean(values)) if values else None
        largest = [row["largest"] for row in done if row["largest"] is not None]
        kept["largest"] = max(largest, default=None)
        found[name] = kept
    return found


def versions() -> dict[str, str]:
    """Versions of the libraries that are installed."""
    found = {}
    for name in ("torchvision", "timm", "albumentations", "kornia", "nvidia-dali-cuda120"):
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    choices = [name for name in TARGETS if name != "list"]  # which is read, not run
    parser.add_argument("--targets", nargs="+", choices=choices, default=choices)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    result: dict[str, object] = {}
    for name in options.targets:
        try:
            found = summary(fidelity(name))
        except UserError as error:
            print(f"{name}: {error}", file=sys.stderr)
            continue
        result[name] = found
        for operation, near in found.items():
            print(name, operation, near)
    result["libraries"] = versions()
    finish(result, options.json)


if __name__ == "__main__":
    main()
