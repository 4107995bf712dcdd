"""How close exported files come, as Markdown."""


def fidelity(result: dict) -> list[str]:
    """How close each library comes, one row per operation."""
    targets = [name for name in result if name not in ("machine", "command", "libraries")]
    lines = [
        "Exported files at work on PIL images (photographs, 64×64, colour and grey), magnitudes "
        "from 0 to 1: the share of bytes equal to ours and, unless all are equal, the largest "
        "difference in grey levels. For Cutout, whose place is random: the covered area over "
        "ours.",
        "",
        "| | " + " | ".join(targets) + " |",
        "|---|" + "---|" * len(targets),
    ]
    for operation in result[targets[0]]:
        cells = [_nearness(result[name][operation]) for name in targets]
        lines.append("| " + " | ".join([operation, *cells]) + " |")
    libraries = ", ".join(f"{name} {version}" for name, version in result["libraries"].items())
    return [*lines, "", libraries]


def _nearness(found: dict) -> str:
    if found["refused"]:
        return "left out"
    if found["area"] is not None:
        return f"area × {found['area'] / found['area_of_dada']:.2f}"
    if found["largest"] == 0:
        return "equal"
    return f"{100 * found['equal']:.2f} %, {found['largest']:.0f}"
