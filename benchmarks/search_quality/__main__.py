"""Run the study: see `benchmarks.search_quality`."""

from argparse import Namespace
from pathlib import Path
from typing import Any

import benchmarks.search_quality as package
from benchmarks._contract import finish, parser_of, positive, studied
from benchmarks.search_quality import policy, rank, scale
from benchmarks.search_quality.picture import draw
from benchmarks.search_quality.rows import row_of
from benchmarks.search_quality.searches import Searches
from benchmarks.search_quality.splits import Sizes, parts_of
from benchmarks.search_quality.store import Store
from benchmarks.search_quality.table import lines
from benchmarks.search_quality.trainings import run_all
from dada.compute.device import pick_device
from dada.datasets import load
from dada.errors import UserError

YARDSTICKS = ("rank", "policy", "scale")
AGAINST = ("none", "uniform", "halves")
USUAL = ("none", "uniform", "default", "fast")
SIZES = ("2000:100", "10000:40", "50000:20")


def main() -> None:
    parser = parser_of(package)
    add = parser.add_argument
    add("--data", required=True)
    add("--yardsticks", nargs="+", choices=YARDSTICKS, default=["policy"])
    add("--rows", nargs="+", type=row_of, default=[row_of(name) for name in USUAL])
    add("--against", nargs="+", help=f"rows to show differences from; {', '.join(AGAINST)}")
    add("--searches", type=positive, default=3)
    add("--search-images", type=positive, default=2500)
    add("--sets", type=positive, default=12, help="fresh sets")
    add("--set-images", type=positive, default=500)
    add("--judges", type=positive, default=5000, help="images that judge the reference of effects")
    add("--epochs", type=positive, default=100, help="of a training on a fresh set")
    add("--rounds", type=positive, default=8, help="of the reference of effects")
    add("--round-epochs", type=positive, default=60)
    add("--model", default="proxy-32")
    add("--sizes", nargs="+", type=scale.size_of, default=[scale.size_of(size) for size in SIZES])
    add("--seeds", type=positive, default=3, help="of each size")
    add("--scale-model", default="proxy-64")
    add("--folder", type=Path, default=Path("runs/search_quality"))
    add("--json", type=Path)
    add("--picture", type=Path, help="of the yardstick rank, an SVG")
    options, result = studied(parser, study)
    print("\n".join(lines(result)))
    if options.picture and "rank" in result:
        draw(result, options.picture)
    finish(result, options.json)


def study(options: Namespace) -> dict[str, Any]:
    """Run what is missing of the yardsticks; their results."""
    names = [row.name for row in options.rows]
    if twice := [name for name in set(names) if names.count(name) > 1]:
        raise UserError(f"two rows are called {twice[0]}: a label makes one of them another")
    if missing := [name for name in options.against or () if name not in names]:
        raise UserError(f"--against {missing[0]}: no such row")
    against = options.against or AGAINST
    device, data = pick_device(options.device), load(options.data)
    folder = options.folder / Path(options.data).stem
    folder.mkdir(parents=True, exist_ok=True)
    store, sizes = Store(folder / "results.jsonl"), _sizes(options)
    parts = parts_of(data, sizes)
    print(parts.in_words(), flush=True)
    searches = Searches(parts, folder, store, options.device)
    methods = {row.name: searches.methods(row, data) for row in options.rows}
    found = {row.name: searches.found(row) for row in options.rows if row.settings}
    result: dict[str, Any] = {
        "data": data.name,
        "parts": parts.in_words(),
        "trained": f"{options.model}, {options.epochs} epochs of {len(parts.fresh[0])} images,",
        "searched": [row.name for row in options.rows if row.searched],
        "searches": found,
    }
    if "rank" in options.yardsticks:
        reference = rank.jobs_of(data, parts, options.model, options.rounds, options.round_epochs)
        run_all(reference.values(), data, store, device)
        truth = rank.reference(reference, data, store)
        result["rank"] = rank.table_of(found, data, parts, truth)
    if "policy" in options.yardsticks:
        on_sets = policy.jobs_of(methods, parts, options.model, options.epochs)
        run_all(on_sets.values(), data, store, device)
        result["policy"] = policy.table_of(on_sets, parts, store, against)
    if "scale" in options.yardsticks:
        model, seeds = options.scale_model, options.seeds
        large = scale.jobs_of(methods, data, parts, model, options.sizes, seeds)
        run_all(large.values(), data, store, device)
        result["scale"] = scale.table_of(large, methods, data, store, against)
        result["scale_model"] = model
    result["machines"] = store.machines
    return result


def _sizes(options: Namespace) -> Sizes:
    names = ("searches", "search_images", "sets", "set_images", "judges")
    return Sizes(**{name: getattr(options, name) for name in names})


if __name__ == "__main__":
    main()
