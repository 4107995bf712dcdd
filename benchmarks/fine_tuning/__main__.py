"""Run the study: see `benchmarks.fine_tuning`."""

from argparse import Namespace
from pathlib import Path
from typing import Any

import benchmarks.fine_tuning as package
from benchmarks._contract import finish, parser_of, positive, studied
from benchmarks.fine_tuning.sets import parts_of
from benchmarks.fine_tuning.table import averaged, lines, table_of
from benchmarks.search_quality.policy import Methods, Place
from benchmarks.search_quality.rows import Row, row_of
from benchmarks.search_quality.searches import Searches
from benchmarks.search_quality.splits import Parts
from benchmarks.search_quality.store import Store
from benchmarks.search_quality.trainings import Job, content_of, run_all
from dada.compute.device import pick_device
from dada.datasets import load
from dada.training.augmentations import BASELINE, Method

ROWS = ("none", "uniform", "trivialaugment", "randaugment", "autoaugment-imagenet")
SEARCHED = ("default", "finetune")


def main() -> None:
    parser = parser_of(package)
    add = parser.add_argument
    add("--data", required=True, nargs="+", help="folders of photographs with train/ and test/")
    add("--weights", required=True, help="file, or pretrained")
    add("--model", default="timm:tf_efficientnet_lite0")
    add("--rows", nargs="+", type=row_of, default=[row_of(name) for name in ROWS + SEARCHED])
    add("--per-class", type=positive, default=50, help="training images of each class")
    add("--seeds", type=positive, default=8)
    add("--epochs", nargs="+", type=positive, default=[12])
    add("--searches", type=positive, default=1, help="of each row and set")
    add("--side", type=positive, default=96)
    add("--folder", type=Path, default=Path("runs/fine_tuning"))
    add("--json", type=Path)
    options, result = studied(parser, study)
    print("\n".join(lines(result)))
    finish(result, options.json)


def study(options: Namespace) -> dict[str, Any]:
    """Run what is missing; the tables."""
    found = [_on(options, path) for path in options.data]
    machines = [machine for one in found for machine in one.pop("machines")]
    return {
        "machines": [one for n, one in enumerate(machines) if one not in machines[:n]],
        "model": options.model,
        "per_class": options.per_class,
        "side": options.side,
        "sets": found,
        "average": averaged(found) if len(found) > 1 else [],
    }


def _on(options: Namespace, path: str) -> dict[str, Any]:
    data = load(path, side=options.side)
    folder = options.folder / Path(path).name
    folder.mkdir(parents=True, exist_ok=True)
    store, device = Store(folder / "results.jsonl"), pick_device(options.device)
    parts = parts_of(data, options.searches, options.seeds, options.per_class)
    searches = Searches(parts, folder, store, options.device)
    rows = [tuned(row, options.model, options.weights) for row in options.rows]
    methods = {row.name: [*map(_plain, searches.methods(row, data))] for row in rows}
    jobs = {epochs: jobs_of(methods, parts, options, epochs) for epochs in options.epochs}
    run_all((job for some in jobs.values() for job in some.values()), data, store, device)
    return {
        "data": data.name,
        "classes": len(data.classes),
        "train": len(data.train),
        "test": len(data.test),
        "searches": {row.name: searches.found(row) for row in rows if row.settings},
        "tables": [
            {"epochs": epochs, "rows": table_of(some, store)} for epochs, some in jobs.items()
        ],
        "machines": store.machines,
    }


def tuned(row: Row, model: str, weights: str) -> Row:
    """The row; a search by fine-tuning starts from the network of the study."""
    if row.settings.get("preset") != "finetune":
        return row
    return Row(row.name, settings={**row.settings, "model": model, "weights": weights})


def _plain(method: Method) -> Method:
    """The row none, for a found policy that changes nothing: both train to the same bits."""
    return BASELINE if method.is_none else method


def jobs_of(methods: Methods, parts: Parts, options: Namespace, epochs: int) -> dict[Place, Job]:
    """Every row on every seed's images, seed by seed: what is there after a stop is paired.

    Rows that augment alike are one training: a search may find what another row begins with.
    """
    names = {repr(content_of(BASELINE)): "none/0"}
    for row, found in methods.items():
        for search, method in enumerate(found):
            names.setdefault(repr(content_of(method)), f"{row}/{search}")
    return {
        Place(row, seed, search): Job(
            name=f"{epochs}/{seed}/{names[repr(content_of(method))]}",
            method=method,
            train=train,
            judges=parts.test,
            model=options.model,
            seed=seed,
            epochs=epochs,
            weights=options.weights,
        )
        for seed, train in enumerate(parts.fresh)
        for row, found in methods.items()
        for search, method in enumerate(found)
    }


if __name__ == "__main__":
    main()
