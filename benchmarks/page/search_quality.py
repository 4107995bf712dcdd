"""How good searches are, as Markdown."""

from collections.abc import Callable, Iterator

from benchmarks.search_quality.searches import UNIT


def search_quality(result: dict) -> list[str]:
    """Test errors under the policies of all rows, and rank correlations."""
    lines = []
    if tables := list(_tables(result)):
        lines += [_first_line(tables, result.get("searched", list(result["searches"]))), ""]
    if "policy" in result:
        lines += _policies(result)
    for size in result.get("scale", []):
        lines += _scale(result, size)
    if "rank" in result:
        lines += _ranks(result)
    return lines[:-1]


def _tables(result: dict) -> Iterator[tuple[str, dict]]:
    """Where errors were measured, and the rows."""
    if "policy" in result:
        yield "", result["policy"]
    for size in result.get("scale", []):
        yield f" at {size['images']:,} images", size["rows"]


def _first_line(tables: list[tuple[str, dict]], searched: list[str]) -> str:
    """Which found policies do not beat the uniform one by their interval."""
    known = [
        (name + where, rows[name]["less uniform"])
        for where, rows in tables
        for name in searched
        if "less uniform" in rows.get(name, {})
    ]
    if not known:
        return "No found policy was compared with the uniform policy."
    level = [
        words for words, gap in known if gap["interval"] is None or gap["mean"] >= -gap["interval"]
    ]
    if not level:
        return "Every found policy beats the uniform policy by its interval."
    return f"**Not better than the uniform policy by its interval: {', '.join(level)}.**"


def _policies(result: dict) -> list[str]:
    return [
        f"{result['trained']} on images that the policy's search never saw ({result['parts']}): "
        "mean test error in per cent, ± half of a 95 % interval over sets and searches; "
        "differences are paired, and mean nothing if their interval contains 0.",
        "",
        *errors(
            result["policy"],
            {
                "by search": lambda name: _by_search(result["policy"][name]),
                "the fastest search": lambda name: _cost(result, name),
            },
        ),
        "",
    ]


def _scale(result: dict, size: dict) -> list[str]:
    seen = "that no search saw" if size["unseen"] else "those that searches saw among them"
    return [
        f"{result['scale_model']}, {size['epochs']} epochs of {size['images']:,} images, {seen}, "
        f"{size['seeds']} seeds: mean test error in per cent, ± half of a 95 % interval over seeds "
        "or searches, whichever is wider; differences are paired by seed.",
        "",
        *errors(
            size["rows"],
            {"training loss": lambda name: f"{size['rows'][name]['train_loss']:.3f}"},
        ),
        "",
    ]


def errors(table: dict, more: dict[str, Callable[[str], str]]) -> list[str]:
    """The rows, best first.

    Args:
        more: further columns: a row's name to its cell.
    """
    others = list(dict.fromkeys(key for row in table.values() for key in row if "less" in key))
    titles = ["", "test error", *others, *more]
    lines = [f"| {' | '.join(titles)} |".replace("|  |", "| |"), "|---" * len(titles) + "|"]
    for name in sorted(table, key=lambda name: table[name]["error"]["mean"]):
        row = table[name]
        gaps = [_with_interval(row[key], signed=True) if key in row else "" for key in others]
        cells = [name, _with_interval(row["error"]), *gaps, *(cell(name) for cell in more.values())]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _by_search(row: dict) -> str:
    return ", ".join(map(_number, row["by_search"])) if len(row["by_search"]) > 1 else ""


def _cost(result: dict, name: str) -> str:
    found = result["searches"].get(name, [])
    if not found:
        return ""
    fastest = min(search["seconds"] for search in found)  # other work can only add to it
    views = [search["views"] for search in found if search["views"]]
    cost = f", {sum(views) / len(views) / UNIT:.1f} trainings" if views else ""
    return f"{fastest:.0f} s{cost}"


def _ranks(result: dict) -> list[str]:
    rows, known = result["rank"]["rows"], result["rank"]["reference"]["reliability"]
    reliability = "" if known is None else f" The reference's reliability is {_number(known)}."
    return [
        "Rank correlation (Spearman) of the effects that a search measures with those of whole "
        "trainings of other images, judged by still others; ± one standard error over searches and "
        f"reference rounds.{reliability} A training, as a cost, has 500 images and 60 epochs.",
        "",
        "| | rank correlation | each search | the fastest search |",
        "|---|---|---|---|",
        *(
            f"| {name} | {_number(row['spearman'])} ± {row['standard_error']:.2f} | "
            f"{', '.join(map(_number, row['searches']))} | {_cost(result, name)} |"
            for name, row in rows.items()
        ),
        "",
    ]


def _with_interval(found: dict, signed: bool = False) -> str:
    text = _number(found["mean"], "+" if signed else "")
    return text if found["interval"] is None else f"{text} ± {found['interval']:.2f}"


def _number(value: float, sign: str = "") -> str:
    return f"{value:{sign}.2f}".replace("-", "−")
