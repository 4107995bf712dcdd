"""Comparisons where boxes and masks move, to be compared between one and two processes.

python -m tests.comparison.shared_comparison FILE KIND…          or under torchrun
"""

import json
import os
import sys
from pathlib import Path

from dada.comparison import compare
from dada.training import evaluate, train
from tests import squares

NETWORKS = {"boxes": "detector-4", "masks": "segmenter-4", "instances": "mask-detector-16"}
SMALL = {"epochs": 8, "batch": 4, "precision": "float32", "device": "cpu"}


def values(kind, folder):
    """What each network of a comparison came to, and that a test of a training says the same."""
    data, model = getattr(squares, f"of_{kind}")(), NETWORKS[kind]
    rows = compare(data, model=model, seeds=1, **SMALL)["rows"]
    result = train(data, "uniform", model=model, out=folder / kind, **SMALL)
    key = data.task.metric.key
    same = evaluate(folder / kind, data, device="cpu")[key] == result[key]
    return [*(row["values"] for row in rows), same]


def main(path, kinds):
    found = {kind: values(kind, path.parent) for kind in kinds}
    if os.environ.get("RANK", "0") == "0":
        path.write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
