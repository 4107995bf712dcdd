"""A few searches, to be compared between one and two processes.

python -m tests.searching.shared_search FILE          or under torchrun
"""

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

import dada
from dada.datasets import load
from dada.runs import Callback
from tests.searching.trials import FEW

METHODS = {
    "dada": {"horizon": 0.5, "folds": 2, "fold_images": 30},
    "random": {"method": "random", "policies": 4, "size": 1},
    "randaugment": {"method": "randaugment", "numbers": (1, 2), "strengths": (0.2, 0.8)},
    "autoaugment": {"method": "autoaugment", "children": 5, "children_per_update": 3},
    "fast_autoaugment": {"method": "fast_autoaugment", "folds": 3, "trials": 2, "size": 2},
}
if find_spec("ray"):
    METHODS["pba"] = {"method": "pba", "trials": 5, "interval": 1}


class Losses(Callback):
    """What every trial came to."""

    def __init__(self):
        self.found = []

    def on_record(self, record):
        self.found.append(
            [record.get(key) for key in ("trials", "children", "tried", "population")]
        )


def main(path):
    digits, found = load("digits"), {}
    for name, given in METHODS.items():
        losses = Losses()
        policy = dada.search(digits, callback=losses, **FEW, **given)
        found[name] = [losses.found, str(policy), policy.provenance.get("candidate")]
    if os.environ.get("RANK", "0") == "0":
        Path(path).write_text(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
