"""How close exported files come to our pixels, masks and boxes, for the libraries installed.

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
from dada.export import TARGETS, target
from dada.export.fidelity import fidelity
from dada.export.motion import motion


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


def motion_summary(rows: list[dict]) -> dict[str, dict]:
    """Per operation: overlap of masks, largest difference of boxes, and boxes that one drops."""
    found = {}
    for name in dict.fromkeys(row["operation"] for row in rows):
        same = [row for row in rows if row["operation"] == name]
        found[name] = {
            "iou": float(np.mean([row["iou"] for row in same])),
            "corner": max(row["corner"] for row in same if row["corner"] is not None),
            "boxes": sum(row["boxes"] for row in same),
            "unlike": sum(row["unlike"] for row in same),
        }
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
    motions = {}
    for name in options.targets:
        try:
            found = summary(fidelity(name))
            moved = motion_summary(motion(name)) if target(name).sample_from else {}
        except UserError as error:
            print(f"{name}: {error}", file=sys.stderr)
            continue
        result[name] = found
        if moved:
            motions[name] = moved
        for operation, near in [*found.items(), *moved.items()]:
            print(name, operation, near)
    result["motion"] = motions
    result["libraries"] = versions()
    finish(result, options.json)


if __name__ == "__main__":
    main()
