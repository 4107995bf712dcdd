"""How close exported files come, as Markdown."""

from collections.abc import Callable

_NONE = 1e-3  # pixels that count as no difference


def fidelity(result: dict) -> list[str]:
    """How close each library comes, one row per operation."""
    targets = [name for name in result if name not in ("machine", "command", "libraries", "motion")]
    lines = [
        "Exported files at work on PIL images (photographs, 64×64, colour and grey), magnitudes "
        "from 0 to 1: the share of bytes equal to ours and, unless all are equal, the largest "
        "difference in grey levels. For Cutout, whose place is random: the covered area over "
        "ours.",
        "",
        *_table({name: result[name] for name in targets}, _nearness),
    ]
    libraries = ", ".join(f"{name} {version}" for name, version in result["libraries"].items())
    return [*lines, "", *motion(result["motion"]), "", libraries]


def motion(result: dict) -> list[str]:
    """How close each library moves masks and boxes, one row per policy."""
    return [
        "Masks and boxes under operations that move or hide pixels (python and timm take pictures "
        "alone): the intersection over union of masks with ours (four ranges of grey of the "
        "photographs), the largest difference of a box's coordinate in pixels, and how many of "
        "the boxes one keeps and the other drops. Equal: every pixel of the masks, and boxes to a "
        "thousandth of a pixel. torchvision drops no box.",
        "",
        *_table(result, _motion),
    ]


def _table(columns: dict[str, dict], cell: Callable[[dict], str]) -> list[str]:
    """A row for each key that the columns have, in the order of the first."""
    rows = next(iter(columns.values()), {})
    return [
        "| | " + " | ".join(columns) + " |",
        "|---|" + "---|" * len(columns),
        *(f"| {' | '.join([row, *(cell(of[row]) for of in columns.values())])} |" for row in rows),
    ]


def _motion(found: dict) -> str:
    unlike = f", {found['unlike']} of {found['boxes']}" if found["unlike"] else ""
    if found["iou"] == 1 and found["corner"] < _NONE:
        return f"equal{unlike}"
    return f"{found['iou']:.4f}, {found['corner']:.2f} px{unlike}"


def _nearness(found: dict) -> str:
    if found["refused"]:
        return "left out"
    if found["area"] is not None:
        return f"area × {found['area'] / found['area_of_dada']:.2f}"
    if found["largest"] == 0:
        return "equal"
    return f"{100 * found['equal']:.2f} %, {found['largest']:.0f}"
