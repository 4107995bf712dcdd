"""The study's table in Markdown and its chart, from the JSON that it wrote.

python -m benchmarks.gradient_noise.page docs/measured/gradient_noise.json [--chart FILE]
"""

import argparse
import json
from pathlib import Path

from benchmarks.gradient_noise import cost
from benchmarks.gradient_noise.pictures import draw_errors
from benchmarks.gradient_noise.rows import ROWS
from benchmarks.gradient_noise.study import GROUPS


def table(result: dict) -> str:
    """One row per estimator, the default in bold."""
    lines = [
        "| | error of α | β | m | bias of α | β | m | cosine of α | passes | α error × passes "
        "| rank correlation |",
        "|---|" + "---:|" * 10,
    ]
    for name, row in ROWS.items():
        if name not in result:
            continue
        found = result[name]
        passes, _ = cost.of(row, result["costs"])
        errors = [number(found[group]) for group in GROUPS]
        biases = [f"{found['bias'][group]:.1f}" for group in GROUPS]
        cells = [*errors, *biases, f"{found['cosine']['alpha']:.2f}", f"{passes:.0f}"]
        cells += [number(found["alpha"] * passes), f"{found['rank_correlation']:.2f}"]
        words = f"**{row.words}**" if name == result["default"] else row.words
        lines.append(f"| {words} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def number(value: float) -> str:
    """Two significant digits, with commas between thousands."""
    return f"{float(f'{value:.2g}'):,.10g}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("json", type=Path)
    parser.add_argument("--chart", type=Path)
    options = parser.parse_args()
    result = json.loads(options.json.read_text(encoding="utf-8"))
    for name, row in ROWS.items():
        if name in result:
            result[name]["cost"], _ = cost.of(row, result["costs"])
    print(table(result))
    if options.chart:
        draw_errors(result, options.chart)


if __name__ == "__main__":
    main()
