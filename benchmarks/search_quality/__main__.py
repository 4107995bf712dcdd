"""Run the study: see `benchmarks.search_quality`."""

from pathlib import Path
from typing import Any

import benchmarks.search_quality as package
from benchmarks._contract import finish, parser_of
from benchmarks.search_quality import policy, rank
from benchmarks.search_quality.rows import row_of
from benchmarks.search_quality.searches import UNIT, searched
from benchmarks.search_quality.splits import parts_of
from benchmarks.search_quality.store import Store
from benchmarks.search_quality.trainings import run_all
from dada.compute.device import pick_device
from dada.datasets import load

AGAINST = ("none", "uniform", "halves")
_REFERENCE_EPOCHS = 60


def main() -> None:
    parser = parser_of(package)
    parser.add_argument("--data", required=True)
    parser.add_argument("--yardsticks", nargs="+", choices=["rank", "policy"], default=["policy"])
    parser.add_argument("--rows", nargs="+", type=row_of, default=None)
    parser.add_argument("--against", nargs="+", default=AGAINST)
    parser.add_argument("--searches", type=int, default=3)
    parser.add_argument("--search-images", type=int, default=2500)
    parser.add_argument("--sets", type=int, default=12)
    parser.add_argument("--set-images", type=int, default=500)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=8, help="of the reference of effects")
    parser.add_argument("--model", default="proxy-32")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--folder", type=Path, default=Path("runs/search_quality"))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = options.rows or [row_of(name) for name in ("none", "uniform", "default", "fast")]
    device, data = pick_device(options.device), load(options.data)
    folder = options.folder / Path(options.data).stem
    folder.mkdir(parents=True, exist_ok=True)
    store = Store(folder / f"{options.model}-{options.set_images}.jsonl")
    parts = parts_of(
        data, options.searches, options.search_images, options.sets, options.set_images
    )
    print(parts.in_words())
    policies = {row.name: searched(row, parts, folder, store, options.device) for row in rows}
    trained = f"{options.model}, {options.epochs} epochs of {options.set_images} images,"
    result: dict[str, Any] = {"data": data.name, "parts": parts.in_words(), "trained": trained}
    result["searches"] = {
        row.name: [store[f"search/{row.name}/{n}"] for n in range(options.searches)]
        for row in rows
        if f"search/{row.name}/0" in store
    }
    if "rank" in options.yardsticks:
        jobs = rank.jobs_of(data, parts, options.rounds, _REFERENCE_EPOCHS)
        run_all(jobs, data, options.model, store, device)
        found = rank.reference(data, options.rounds, _REFERENCE_EPOCHS, store)
        result["rank"] = rank.table_of(rows, data, found, options.searches, store)
    if "policy" in options.yardsticks:
        jobs = policy.jobs_of(rows, policies, parts, options.epochs)
        run_all(jobs, data, options.model, store, device)
        result["policy"] = policy.table_of(rows, parts, options.epochs, store, options.against)
    show(result)
    finish(result, options.json)


def show(result: dict[str, Any]) -> None:
    """Print the tables."""
    for name, found in result["searches"].items():
        seconds = sum(each["seconds"] for each in found) / len(found)
        views = [each["views"] for each in found if each["views"]]
        cost = f", {sum(views) / len(views) / UNIT:.1f} trainings of 500 images" if views else ""
        print(f"{name:14} {seconds:6.0f} s{cost}")
    for name, row in result.get("rank", {}).get("rows", {}).items():
        print(f"{name:14} rank {row['spearman']:.2f} ± {row['standard_error']:.2f}")
    for name, row in result.get("policy", {}).items():
        others = [
            f"{key} {value['mean']:+.2f} ± {value['interval'] or float('nan'):.2f}"
            for key, value in row.items()
            if key.startswith("less")
        ]
        print(f"{name:14} {row['error']['mean']:6.2f}  {', '.join(others)}")


if __name__ == "__main__":
    main()
