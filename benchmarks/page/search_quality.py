"""How good searches are, as Markdown."""


def search_quality(result: dict) -> list[str]:
    """Test errors under the policies of all rows, and rank correlations."""
    lines = [] if "policy" not in result else _policies(result)
    return lines if "rank" not in result else [*lines, *_ranks(result)]


def _policies(result: dict) -> list[str]:
    table = result["policy"]
    others = list(dict.fromkeys(key for row in table.values() for key in row if "less" in key))
    searched = [name for name in result["searches"] if name in table]
    lines = [
        _first_line(table, searched),
        "",
        f"{result['trained']} on fresh sets that no search saw ({result['parts']}): mean test "
        "error in per cent, ± half of a 95 % interval over sets and searches; differences are "
        "paired, and mean nothing if their interval contains 0.",
        "",
        "| | test error | by search |"
        + "".join(f" {name} |" for name in others)
        + " a search takes |",
        "|---|---|---|" + "---|" * len(others) + "---|",
    ]
    for name in sorted(table, key=lambda name: table[name]["error"]["mean"]):
        row = table[name]
        cells = [_with_interval(row[key], signed=True) if key in row else "" for key in others]
        each = (
            ", ".join(f"{one:.2f}" for one in row["by_search"]) if len(row["by_search"]) > 1 else ""
        )
        cells = [_with_interval(row["error"]), each, *cells, _cost(result, name)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def _first_line(table: dict, searched: list[str]) -> str:
    """Which found policies do not beat the uniform one by their interval."""
    level = [
        name
        for name in searched
        if "less uniform" in table[name]
        and table[name]["less uniform"]["mean"]
        > -(table[name]["less uniform"]["interval"] or float("inf"))
    ]
    if not level:
        return "Every found policy beats the uniform policy by its interval."
    return f"**Not better than the uniform policy by its interval: {', '.join(level)}.**"


def _cost(result: dict, name: str) -> str:
    found = result["searches"].get(name, [])
    if not found:
        return ""
    seconds = sum(search["seconds"] for search in found) / len(found)
    views = [search["views"] for search in found if search["views"]]
    cost = f", {sum(views) / len(views) / 30_000:.1f} trainings" if views else ""
    return f"{seconds:.0f} s{cost}"


def _ranks(result: dict) -> list[str]:
    rows, reference = result["rank"]["rows"], result["rank"]["reference"]
    return [
        "",
        "Rank correlation (Spearman) of the effects that a search measures with those of whole "
        "trainings of other images, judged by still others; ± one standard error over searches and "
        f"reference rounds. The reference's reliability is {reference['reliability']:.2f}.",
        "",
        "| | rank correlation | each search | a search takes |",
        "|---|---|---|---|",
        *(
            f"| {name} | {row['spearman']:.2f} ± {row['standard_error']:.2f} | "
            f"{', '.join(f'{one:.2f}' for one in row['searches'])} | {_cost(result, name)} |"
            for name, row in rows.items()
        ),
    ]


def _with_interval(found: dict, signed: bool = False) -> str:
    text = f"{found['mean']:{'+' if signed else ''}.2f}".replace("-", "−")
    return text if found["interval"] is None else f"{text} ± {found['interval']:.2f}"
