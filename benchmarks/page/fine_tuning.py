"""What policies do for fine-tuning, as Markdown."""

from benchmarks.page.search_quality import errors

FIXED = ("none", "uniform", "trivialaugment")
"""Choices without a search that a found policy must not be worse than."""


def fine_tuning(result: dict) -> list[str]:
    """Test errors on every set, and on average."""
    lines = [
        f"{result['model']} from pre-trained weights, {result['per_class']} training images per "
        f"class, {result['side']} pixels: mean test error in per cent, ± half of a 95 % interval "
        "over the training images of each seed; differences are paired, and mean nothing if their "
        "interval contains 0. Searches saw all training images; no search and no training saw the "
        "test images.",
        "",
    ]
    for found in result["sets"]:
        what = f"{found['data']} ({found['test']:,} test images, {found['classes']} classes)"
        for table in found["tables"]:
            seconds = {
                name: f"{sum(each['seconds'] for each in searches) / len(searches):.0f} s"
                for name, searches in found["searches"].items()
            }
            lines += _table(f"{what}, {table['epochs']} epochs", table["rows"], seconds)
    for table in result["average"]:
        lines += _table(f"Average of the sets, {table['epochs']} epochs", table["rows"], {})
    return lines[:-1]


def _table(title: str, rows: dict, seconds: dict[str, str]) -> list[str]:
    columns = [f"less {name}" for name in FIXED if name in rows]
    shown = {
        name: {key: value for key, value in row.items() if key in ("error", *columns)}
        for name, row in rows.items()
    }
    more = {"a search takes": lambda name: seconds.get(name, "")} if seconds else {}
    return [f"{title}:", "", *errors(shown, more), ""]
