"""How close an exported file comes to `dada` on photographs, operation by operation."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_sample_images

from dada.errors import UserError
from dada.export import target
from dada.ops import OperationType, get, names
from dada.policy import Operation, Policy, Scale, SubPolicy

MAGNITUDES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_DRAWS = 100  # of a place
_SIDE = 64  # pixels

AtWork = Callable[[Image.Image], Image.Image]


def photographs() -> list[Image.Image]:
    """scikit-learn's two, at 64 × 64 pixels, and the first of them in grey."""
    images = [Image.fromarray(a).resize((_SIDE, _SIDE)) for a in load_sample_images().images]
    return [*images, images[0].convert("L")]


def fidelity(
    to: str,
    operations: Sequence[str] | None = None,
    images: Sequence[Image.Image] | None = None,
    magnitudes: Sequence[float] = MAGNITUDES,
    load: Callable[[str, str], AtWork] | None = None,
) -> list[dict[str, Any]]:
    """Compare an exported file with Pillow, whose bytes define `dada`'s.

    Each policy is one operation that is always applied, on the paper's scale. The file draws the
    random sign, so the nearer of Pillow's two results counts. At a random place pixels cannot be
    compared: there the covered areas count, averaged over 100 draws by either.

    Args:
        to: one of `dada.export.TARGETS`.
        operations: names of registered operations with a Pillow twin; None for all of them.
        images: RGB or L; `photographs` by default.
        magnitudes: in [0, 1]; only the first for an operation that has none.
        load: runs the file's text, given its ending, in place of the target's own `load`.

    Returns:
        Rows of plain data: ``operation``, ``mode`` of the images, ``magnitude``; the share of
        ``equal`` bytes, the ``mean`` and the ``largest`` absolute difference in grey levels; at a
        random place instead the covered ``area`` and that of `dada`, ``area_of_dada``, as shares
        of the image; and ``refused``, the reason where the target does not know the operation.

    Raises:
        UserError: no such target or operation, or the target's library is missing.

    Examples:
        >>> rows = fidelity("python", ["Rotate", "Invert"], magnitudes=[0.8])
        >>> [(row["operation"], row["mode"], row["equal"]) for row in rows]
        [('Rotate', 'RGB', 1.0), ('Rotate', 'L', 1.0), ('Invert', 'RGB', 1.0), ('Invert', 'L', 1.0)]
    """
    chosen, pictures = target(to), photographs() if images is None else list(images)
    if operations is None:
        operations = [name for name in names() if get(name).pillow]
    rows = []
    with fixed_randomness():
        for kind in map(get, operations):
            for magnitude in magnitudes if kind.has_magnitude else magnitudes[:1]:
                policy = Policy((SubPolicy((Operation(kind.name, 1.0, float(magnitude)),)),))
                try:
                    text = chosen.source(policy)
                except UserError as error:
                    rows.append(_row(kind, "RGB", magnitude, refused=str(error)))
                    continue
                at_work = (load or chosen.load_from)(text, chosen.endings[0])
                rows += _compared(kind, magnitude, at_work, pictures)
    return rows


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Rows of `fidelity` as a Markdown table: one line per operation, over magnitudes and images.

    Examples:
        >>> print(table(fidelity("python", ["Rotate"], magnitudes=[0.8])))
        | operation | equal bytes | mean difference | largest | covered area (DADA's) |
        |---|---:|---:|---:|---:|
        | Rotate | 100.00% | 0.000 | 0 |  |
        <BLANKLINE>
    """
    head = ("operation", "equal bytes", "mean difference", "largest", "covered area (DADA's)")
    lines = [_line(head), "|---|" + "---:|" * 4]
    for name, same in groupby(rows, key=lambda row: row["operation"]):
        lines.append(_line([name, *_summary(list(same))]))
    return "\n".join(lines) + "\n"


def _summary(rows: list[dict[str, Any]]) -> list[str]:
    done = [row for row in rows if row["refused"] is None]
    if not done:
        return ["none", "", "", ""]

    def mean(key: str) -> float:
        return float(np.mean([row[key] for row in done]))

    if done[0]["area"] is not None:
        return ["", "", "", f"{mean('area'):.2%} ({mean('area_of_dada'):.2%})"]
    largest = max(row["largest"] for row in done)
    return [f"{mean('equal'):.2%}", f"{mean('mean'):.3f}", str(largest), ""]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _compared(
    kind: OperationType, magnitude: float, at_work: AtWork, images: Sequence[Image.Image]
) -> list[dict[str, Any]]:
    """One row for each mode of the images."""
    compare = _areas if kind.random_place else _differences
    values = Scale().values(kind, magnitude)
    rows = []
    for mode in dict.fromkeys(image.mode for image in images):
        same = [image for image in images if image.mode == mode]
        rows.append(_row(kind, mode, magnitude, **compare(kind, values, at_work, same)))
    return rows


def _row(kind: OperationType, mode: str, magnitude: float, **found: Any) -> dict[str, Any]:
    keys = ("equal", "mean", "largest", "area", "area_of_dada", "refused")
    head = {"operation": kind.name, "mode": mode, "magnitude": magnitude}
    return {**head, **dict.fromkeys(keys), **found}


def _differences(
    kind: OperationType,
    values: tuple[float, float],
    at_work: AtWork,
    images: Sequence[Image.Image],
) -> dict[str, float]:
    nearest = []
    for image in images:
        result = _pixels(at_work(image), image.mode)
        known = [_pixels(_pillow(kind, image, value), image.mode) for value in values]
        nearest.append(min((np.abs(result - k) for k in known), key=np.mean))
    levels = np.stack(nearest)
    return {
        "equal": float((levels == 0).mean()),
        "mean": float(levels.mean()),
        "largest": int(levels.max()),
    }


def _areas(
    kind: OperationType,
    values: tuple[float, float],
    at_work: AtWork,
    images: Sequence[Image.Image],
) -> dict[str, float]:
    places = np.random.default_rng(0).random((_DRAWS, 2)).tolist()
    areas, known = [], []
    for image in images:
        areas += [_covered(image, at_work(image)) for _ in places]
        known += [_covered(image, _pillow(kind, image, values[0], tuple(p))) for p in places]
    return {"area": float(np.mean(areas)), "area_of_dada": float(np.mean(known))}


def _pillow(kind: OperationType, image: Image.Image, value: float, *place: Any) -> Image.Image:
    if kind.pillow is None:
        raise UserError(f"{kind.name} has no Pillow twin to compare with")
    return kind.pillow(image, value, *place)


def _pixels(image: Image.Image, mode: str) -> NDArray[np.int64]:
    return np.asarray(image.convert(mode), dtype=np.int64)


def _covered(before: Image.Image, after: Image.Image) -> float:
    """The share of pixels that changed."""
    changed = _pixels(before, before.mode) != _pixels(after, before.mode)
    return float(changed.reshape(before.height, before.width, -1).any(-1).mean())


@contextmanager
def fixed_randomness() -> Iterator[None]:
    """Seed the three global generators with 0, and restore them afterwards."""
    python, arrays = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        random.seed(0)
        np.random.seed(0)
        torch.manual_seed(0)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(arrays)
