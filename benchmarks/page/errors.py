"""Test errors in the quality study and of the paper's trainings, as Markdown."""

from benchmarks.quality.rows import RIVALS
from dada.comparison.statistics import summary
from dada.training.recipes import recipes


def quality(result: dict) -> list[str]:
    """Test errors under each augmentation, best first."""
    rivals = [f"less {name}" for name in RIVALS]
    rows = result["rows"].values()
    rivals = [name for name in rivals if any(name in row for row in rows)]
    lines = [
        f"Trained with `{' '.join(result['size']['train'])}` on {result['data']}, "
        f"{result['seeds']} seeds; test error in per cent, ± half of a 95 % interval; differences "
        "are paired by seed and mean nothing if their interval contains 0. Wins: the share of "
        "the other rows' trainings with the same seed that were worse.",
        "",
        "| | test error |" + "".join(f" {name} |" for name in rivals) + " wins | training |",
        "|---|---|" + "---|" * len(rivals) + "---:|---:|",
    ]
    for row in sorted(rows, key=lambda row: sum(row["errors"])):
        mean = _per_cent(summary(row["errors"], None), "mean", "interval")
        cells = [row["words"], mean]
        for name in rivals:
            itself = name not in row or row[name]["difference_interval"] is None
            gap = "" if itself else _per_cent(row[name], "difference", "difference_interval")
            cells.append(gap)
        cells.append(f"{100 * row['wins']:.0f} %")
        took = f"{row['seconds']:.0f} s"
        if found := row.get("search_seconds"):
            took += f", search {sum(found) / len(found):.0f} s"
        lines.append("| " + " | ".join([*cells, took]) + " |")
    return lines


def _per_cent(row: dict, value: str, interval: str) -> str:
    sign = "+" if value == "difference" else ""
    text = format(100 * row[value], f"{sign}.2f").replace("-", "−")
    return text if row[interval] is None else f"{text} ± {100 * row[interval]:.2f}"


def trainings() -> list[str]:
    """The recipes, with the paper's errors and ours."""
    names = ("baseline", "cutout", "autoaugment", "pba", "fast_autoaugment", "dada")
    lines = [
        "## The paper's trainings",
        "",
        "Test error in the paper, in per cent (top-1 / top-5 on ImageNet), and what was measured "
        "here. `dada recipes NAME` shows a recipe in full.",
        "",
        "| recipe | " + " | ".join(n.replace("_", " ") for n in names) + " | ours, DADA | work |",
        "|---|" + "---:|" * len(names) + "---|---|",
    ]
    for name, recipe in recipes().items():
        receipt = recipe.receipt
        both = receipt.paper, receipt.paper_top5
        errors = [" / ".join(p[key] for p in both if key in p) or "–" for key in names]
        lines.append("| " + " | ".join([f"`{name}`", *errors, receipt.ours, receipt.cost]) + " |")
    return [*lines, ""]
