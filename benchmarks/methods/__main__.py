"""Run the study: see `benchmarks.methods`."""

from argparse import Namespace
from pathlib import Path
from typing import Any

import benchmarks.methods as package
from benchmarks._contract import finish, parser_of, positive, studied
from benchmarks.methods.budgets import FACTOR
from benchmarks.methods.reach import reach
from benchmarks.methods.rows import FIXED, REFERENCES, ROWS, Entry, entries, row_name
from benchmarks.search_quality import policy
from benchmarks.search_quality.searches import Searches
from benchmarks.search_quality.splits import Sizes, parts_of
from benchmarks.search_quality.store import Store
from benchmarks.search_quality.table import errors
from benchmarks.search_quality.trainings import Job, run_all
from dada.compute.device import pick_device
from dada.datasets import load

AGAINST = (*REFERENCES, "uniform")


def main() -> None:
    parser = parser_of(package)
    add = parser.add_argument
    add("--data", required=True)
    add(
        "--rows", nargs="+", type=row_name, default=ROWS, help="besides those that there always are"
    )
    add("--most", type=float, default=16.0, help="times dada's cost that a search may cost")
    add("--searches", type=positive, default=3)
    add("--search-images", type=positive, default=2500)
    add("--sets", type=positive, default=12, help="fresh sets")
    add("--set-images", type=positive, default=500)
    add("--epochs", type=positive, default=100, help="of a training on a fresh set")
    add("--model", default="proxy-32")
    add("--folder", type=Path, default=Path("runs/methods"))
    add("--store", type=Path, help="a file of results to go on with, and to add to")
    add("--plan", action="store_true", help="show the rows, and run nothing")
    add("--json", type=Path)
    options, result = studied(parser, study)
    print("\n".join(errors(result["policy"])))
    if not options.plan:
        finish(result, options.json)


def study(options: Namespace) -> dict[str, Any]:
    """Run what is missing, row by row; the results of all rows."""
    device, data = pick_device(options.device), load(options.data)
    parts = parts_of(data, _sizes(options))
    print(parts.in_words(), flush=True)
    planned = entries(parts.searches[0], options.rows)
    equal = next(entry.cost for entry in planned if entry.cost)
    for entry in planned:
        cost = f"{entry.cost:12,.0f} child-epochs, {entry.cost / equal:8.2f} times dada's"
        print(f"{entry.row.name:28} {cost}  {entry.words}", flush=True)
    result: dict[str, Any] = {
        "data": data.name,
        "parts": parts.in_words(),
        "trained": f"{options.model}, {options.epochs} epochs of {len(parts.fresh[0])} images,",
        "factor": FACTOR,
        "rows": {entry.row.name: _record(entry, equal) for entry in planned},
        "left_out": [e.row.name for e in planned if e.cost > options.most * equal],
        "searches": {},
        "policy": {},
        "reach": {},
    }
    if options.plan:
        return result
    folder = options.folder / Path(options.data).stem
    folder.mkdir(parents=True, exist_ok=True)
    store = Store(options.store or folder / "results.jsonl")
    searches = Searches(parts, folder, store, options.device)
    jobs: dict[policy.Place, Job] = {}
    for entry in planned:
        name = entry.row.name
        if name in result["left_out"]:
            continue
        methods = {name: searches.methods(entry.row, data)}
        jobs |= policy.jobs_of(methods, parts, options.model, options.epochs)
        run_all(jobs.values(), data, store, device)
        if name not in FIXED:
            result["searches"][name] = searches.found(entry.row)
        table = result["policy"] = policy.table_of(jobs, parts, store, AGAINST)
        result["machines"] = store.machines
        result["reach"] = {r: reach(planned, table, r) for r in REFERENCES if r in table}
        print("\n".join(errors({name: table[name]})), flush=True)
        if options.json:
            finish(result, options.json)
    return result


def _record(entry: Entry, equal: float) -> dict[str, Any]:
    return {
        "method": entry.method,
        "words": entry.words,
        "settings": dict(entry.row.settings),
        "child_epochs": entry.cost,
        "times": entry.cost / equal,
    }


def _sizes(options: Namespace) -> Sizes:
    """As in `benchmarks.search_quality`, without judges of a reference of effects."""
    return Sizes(
        searches=options.searches,
        search_images=options.search_images,
        sets=options.sets,
        set_images=options.set_images,
        judges=options.set_images,
    )


if __name__ == "__main__":
    main()
