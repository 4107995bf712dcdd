"""All search methods side by side, as Markdown."""

from benchmarks.methods.reach import TIMES
from benchmarks.methods.rows import REFERENCES, SLOW
from benchmarks.page.search_quality import errors


def methods(result: dict) -> list[str]:
    """Costs and errors of all rows, and what it costs each method to reach DADA's error."""
    rows = result["rows"]
    lines = [
        f"{result['trained']} on images that the policy's search never saw ({result['parts']}): "
        "mean test error in per cent, ± half of a 95 % interval over sets and searches; "
        "differences are paired, and mean nothing if their interval contains 0. A child-epoch is "
        "500 images from which a network learns once; a forward pass alone counts a third. "
        "All networks are of the same kind. The number after a method is the multiple of dada's "
        "default cost that it was given, with its default settings but for the one that is named; "
        "*published* rows have the published epochs, trials and number of networks, and "
        f"1/{result['factor']} of the images per network.",
        "",
        *errors(
            result["policy"],
            {
                "settings": lambda name: rows[name]["words"],
                "child-epochs": lambda name: _whole(rows[name]["child_epochs"]),
                "× dada": lambda name: _times(rows[name]["times"]) if rows[name]["times"] else "",
                "the fastest search": lambda name: _seconds(result["searches"].get(name, [])),
            },
        ),
        "",
    ]
    for name in (name for name in rows if name not in result["policy"]):
        cost = rows[name]
        lines += [
            f"Not run: {name}, whose search would take {_whole(cost['child_epochs'])} "
            f"child-epochs, {_times(cost['times'])} times as many as the default search of dada.",
            "",
        ]
    for reference, found in result["reach"].items():
        lines += _reach(reference, found)
    return lines[:-1]


def _reach(reference: str, found: dict) -> list[str]:
    words = REFERENCES[reference]
    lines = [
        f"Cost to reach the error of {words}, in multiples of its cost: the least that was tried "
        "at which the mean error is no higher, and the same for each search on its own. *Surely*: "
        "the 95 % interval of the difference leaves out that the method is worse.",
        "",
        f"| | reaches {words} at | surely | each search |",
        "|---|---|---|---|",
        *(
            f"| {method} | {_reached(one)} | {'yes' if one['certain'] else 'no'} | "
            f"{', '.join(map(_reached, one['by_search']))} |"
            for method, one in found.items()
        ),
        "",
    ]
    verdicts = {True: "holds", False: "does not hold", None: "open"}
    said = [f"{name}, {verdicts[found[name]['holds']]}" for name in SLOW if name in found]
    if said:
        lines += [f"{TIMES} times faster at the same error, by the means: {'; '.join(said)}.", ""]
    return lines


def _reached(found: dict) -> str:
    """``1.0``, ``at most 0.25`` where nothing cheaper was tried, or ``not at 4.0``."""
    if found["reached"] is None:
        return f"not at {_times(found['above'])}"
    return ("" if found["above"] else "at most ") + _times(found["reached"])


def _times(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _whole(value: float) -> str:
    return f"{value:,.0f}" if value else ""


def _seconds(found: list[dict]) -> str:
    return f"{min(search['seconds'] for search in found):.0f} s" if found else ""
