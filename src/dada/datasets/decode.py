"""Image files into tensors: decoded once, in threads, leaving out what cannot be read."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from dada.datasets.imageset import ImageSet
from dada.datasets.pixels import conversion_in_words, planes, square, to_eight_bits
from dada.errors import UserError

Progress = Callable[[int, int], None]
"""Called with the number of files done and of all files."""

_SAMPLE = 1000  # files whose size is looked at to choose a side
_UNREADABLE_SHARE, _UNREADABLE_COUNT = 0.03, 3


@dataclass(frozen=True)
class Samples:
    """Files and their labels, as many of each."""

    files: tuple[str, ...]
    labels: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Decoded:
    """Images of two lists of files, all grey or all RGB, and what was left out."""

    train: ImageSet
    test: ImageSet | None
    skipped: tuple[str, ...]
    notes: tuple[str, ...]


def decode(
    root: Path,
    train: Samples,
    test: Samples | None,
    side: int,
    *,
    border: float = 0.0,
    progress: Progress | None = None,
) -> Decoded:
    """Decode training and test files to ``side`` × ``side``.

    Images keep one channel when all of them are grey by mode or have equal R, G and B.

    Args:
        root: the folder that messages name, and that skipped files are relative to.
        train: training files.
        test: test files, or None.
        side: of the images, in pixels.
        border: see `dada.datasets.pixels.square`.
        progress: called after each file.

    Raises:
        UserError: more than 3 files and more than 3 % of them are unreadable.
    """
    samples = (
        train if test is None else Samples(train.files + test.files, train.labels + test.labels)
    )
    pixels, grey, failures, losses = _read_all(samples.files, side, border, progress)
    skipped, notes = _left_out(root, samples.files, failures)
    total = len(samples.files)
    notes += tuple(f"{what} ({n} of {total} files)" for what, n in sorted(losses.items()))
    labels, count = np.array(samples.labels, np.int64), len(train.files)
    if skipped:
        kept = np.setdiff1d(np.arange(len(samples.files)), list(failures))
        pixels, labels = pixels[kept], labels[kept]
        count = int((kept < len(train.files)).sum())
    if grey:
        pixels = pixels[:, :1].copy()
        notes = (*notes, "all images grey: one channel")
    images, targets = torch.from_numpy(pixels), torch.from_numpy(labels)
    return Decoded(
        ImageSet(images[:count], targets[:count]),
        None if test is None else ImageSet(images[count:], targets[count:]),
        skipped,
        notes,
    )


def shorter_sides(files: Sequence[str]) -> list[int]:
    """Read the shorter side, in pixels, of up to 1,000 files spread evenly over ``files``."""
    step = -(-len(files) // _SAMPLE) or 1
    with _pool() as pool:
        return [side for side in pool.map(_shorter_side, files[::step]) if side]


def _shorter_side(file: str) -> int | None:
    try:
        with Image.open(file) as picture:
            return min(picture.size)
    except Exception:  # unreadable files are reported when they are decoded
        return None


def reason(file: str, error: BaseException) -> str:
    """Return why a file cannot be read, on one line and without its path, which Pillow adds."""
    return " ".join(str(error).replace(repr(file), "it").split()) or type(error).__name__


def _read_all(
    files: Sequence[str], side: int, border: float, progress: Progress | None
) -> tuple[np.ndarray, bool, dict[int, str], Counter[str]]:
    """Decode all files.

    Returns:
        uint8 (N, 3, side, side), whether all are grey, reasons of failures, and how many pictures
        lost what.
    """
    images = np.zeros((len(files), 3, side, side), np.uint8)

    def read_into(index: int) -> tuple[bool, str | None, str]:
        try:
            pixels, lost = _read_one(files[index], side, border)
        except MemoryError:
            raise
        except Exception as error:  # a broken file makes Pillow raise nearly anything
            return True, reason(files[index], error), ""
        images[index] = pixels
        return len(pixels) == 1, None, lost

    grey, failures, losses = True, {}, Counter[str]()
    with _pool() as pool:
        for index, (is_grey, failure, lost) in enumerate(pool.map(read_into, range(len(files)))):
            grey &= is_grey
            losses.update([lost] if lost else [])
            if failure is not None:
                failures[index] = failure
            if progress is not None:
                progress(index + 1, len(files))
    return images, grey, failures, losses


def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=min(16, os.cpu_count() or 1))


def _read_one(file: str, side: int, border: float) -> tuple[np.ndarray, str]:
    """Decode a file to uint8 (1 or 3, side, side): 1 where it is grey by mode or by content.

    Also return what it lost by that, "" for nothing.
    """
    with Image.open(file) as picture:
        # A JPEG decoder gives large photographs at 1/2, 1/4 or 1/8 of their size far faster;
        # twice the side leaves the antialiased resize enough to work on.
        picture.draft(None, (2 * side, 2 * side))
        lost = conversion_in_words(picture)
        upright = to_eight_bits(ImageOps.exif_transpose(picture))
    pixels = planes(square(upright, side, border))
    is_grey = len(pixels) == 3 and (pixels == pixels[:1]).all()
    return (pixels[:1] if is_grey else pixels), lost


def _left_out(
    root: Path, files: Sequence[str], failures: dict[int, str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the skipped files and a note about them, or raise if they are too many."""
    if not failures:
        return (), ()
    reasons = {os.path.relpath(files[i], root): failures[i] for i in sorted(failures)}
    skipped = tuple(reasons)
    first = "; ".join(f"{name} ({reasons[name]})" for name in skipped[:3])
    more = f" and {len(skipped) - 3} more" if len(skipped) > 3 else ""
    count = f"{len(skipped)} of {len(files)} image files cannot be read"
    if len(skipped) > max(_UNREADABLE_COUNT, _UNREADABLE_SHARE * len(files)):
        raise UserError(f"{root}: {count}: {first}{more}; repair or remove them")
    return skipped, (f"{count} and are left out: {first}{more}",)
