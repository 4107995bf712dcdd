"""Run the study: see `benchmarks.quality`."""

from pathlib import Path

import benchmarks.quality as package
from benchmarks._contract import finish, parser_of
from benchmarks.quality.rows import ROWS, SIZES, USUAL
from benchmarks.quality.study import Study
from benchmarks.quality.table import certain


def main() -> None:
    parser = parser_of(package)
    parser.add_argument("--data", required=True)
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=USUAL)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--searches", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--folder", type=Path, default=Path("runs/quality"))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    study = Study(options)
    rows = study.run()
    for name, row in sorted(rows.items(), key=lambda named: sum(named[1]["errors"])):
        shared = options.searches if ROWS[name].search is not None else None
        found = certain(row["errors"], None, shared)
        spread = "" if found["interval"] is None else f" ± {100 * found['interval']:.2f}"
        print(f"{row['words']:32} {100 * found['mean']:6.2f}{spread}  {row['seconds']:.0f} s")
    result = {"size": study.size, "seeds": options.seeds, "searches": options.searches}
    finish({**result, "data": Path(options.data).name, "rows": rows}, options.json)


if __name__ == "__main__":
    main()
