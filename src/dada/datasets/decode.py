"""Decode image files into tensors: once, in threads, skipping what cannot be read."""

import math
import os
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError

from dada.compute.memory import available
from dada.datasets.imageset import ImageSet
from dada.datasets.picture import formats, quiet, read_picture
from dada.datasets.pixels import (
    bits_in_words,
    bits_of,
    highest,
    is_deep,
    planes,
    square,
    stretched,
    to_eight_bits,
)
from dada.errors import UserError, option
from dada.files import opened
from dada.tasks.task import AllLabels

Progress = Callable[[int, int], None]
"""Called with the number of files done so far and the total."""

Fit = Callable[[Image.Image], Image.Image]
"""Brings an ``L`` or ``RGB`` picture to the size of all."""

_SAMPLE = 1000  # files whose size is looked at to choose a side
_DEEP_SAMPLE = 100
_UNREADABLE_SHARE, _UNREADABLE_COUNT = 0.03, 3
_TRANSPARENCY = "transparent pictures are composited over white"


@dataclass(frozen=True)
class Samples:
    """Files, and for each a label, or a row of 0 and 1 if it may have several.

    Others than tuples are labels as the task has them (`dada.tasks`).
    """

    files: tuple[str, ...]
    labels: tuple[int, ...] | tuple[tuple[float, ...], ...] | AllLabels

    def targets(self) -> AllLabels:
        """The labels as the task has them."""
        if not isinstance(self.labels, tuple):
            return self.labels
        several = bool(self.labels) and isinstance(self.labels[0], tuple)
        return torch.tensor(self.labels, dtype=torch.float32 if several else torch.int64)


@dataclass(frozen=True, eq=False)
class Decoded:
    """Images from lists of files, all grey or all RGB, and what was skipped.

    Attributes:
        train, test, validation: the images.
        files: the file of each, in this order.
        skipped: files that could not be read.
        notes: one line each.
    """

    train: ImageSet
    test: ImageSet
    validation: ImageSet
    files: tuple[str, ...]
    skipped: tuple[str, ...]
    notes: tuple[str, ...]


def decode(
    root: Path,
    train: Samples,
    test: Samples | None,
    side: int | tuple[int, int],
    *,
    validation: Samples | None = None,
    border: float = 0.0,
    progress: Progress | None = None,
) -> Decoded:
    """Decode training, test and validation files to one size.

    Images have one channel if all of them are grey by mode or have equal R, G and B.

    Args:
        root: the folder named in messages; paths of skipped files are relative to it.
        train: training files.
        test: test files; None for none.
        side: of the images, in pixels: of squares that pictures are resized and cropped to; or the
            height and width that they are stretched to.
        validation: validation files; None for none.
        border: see `dada.datasets.pixels.square`.
        progress: called after each file.

    Raises:
        UserError: more than 3 files and more than 3 % of them are unreadable, or the images do
            not fit in memory.
    """
    parts = [train, test or Samples((), ()), validation or Samples((), ())]
    files = [file for part in parts for file in part.files]
    ends = np.cumsum([len(part.files) for part in parts])[:-1]
    size = (side, side) if isinstance(side, int) else side
    targets = [part.targets() for part in parts if part.files or part is train]
    # Whole bytes per pixel, as labels in pictures take.
    more = math.prod(targets[0].shape[1:]) * targets[0].dtype.itemsize // math.prod(size)
    _check_memory(root, len(train.files), len(files) - len(train.files), size, 3 + more)
    labels = torch.cat([some[:] for some in targets])

    def fit(picture: Image.Image) -> Image.Image:
        if isinstance(side, int):
            return square(picture, side, border)
        return stretched(picture, side)

    pixels, grey, failures, losses = _read_all(files, size, fit, progress)
    skipped, notes = _left_out(root, files, failures)
    notes += tuple(f"{what} ({n} of {len(files)} files)" for what, n in sorted(losses.items()))
    if skipped:
        kept = np.setdiff1d(np.arange(len(files)), list(failures))
        pixels, ends = pixels[kept], np.searchsorted(kept, ends)
        labels = labels[torch.from_numpy(kept)]
        files = [files[index] for index in kept.tolist()]
    if grey:
        pixels = pixels[:, :1].copy()
        notes = (*notes, "all images grey: one channel")
    both = (every.tensor_split(ends.tolist()) for every in (torch.from_numpy(pixels), labels))
    sets = [ImageSet(*pair) for pair in zip(*both, strict=True)]
    return Decoded(sets[0], sets[1], sets[2], tuple(files), skipped, notes)


def _check_memory(root: Path, train: int, others: int, size: tuple[int, int], depth: int) -> None:
    """Raise UserError, before allocating anything, if twice the images (a copy), of so many bytes
    per pixel, would not fit."""
    height, width = size
    count, free, each = train + others, available() // 2, depth * height * width
    if count * each <= free:
        return
    # The shorter side of images of the same shape.
    widest = math.isqrt(free * min(size) // (depth * count * max(size)))
    fitting = free // each - others
    ways = [option("side", widest)] if widest >= 8 else []
    ways += [f"{option('images', fitting)} at {height}x{width}"] if fitting >= 4 else []
    raise UserError(
        f"{root}: {count:,} images of {height}x{width} take {count * each / 2**30:.1f} GiB, "
        f"but only {free / 2**30:.1f} GiB are free for them: "
        + (f"{' or '.join(ways)} would fit" if ways else "use fewer images")
    )


def shorter_sides(files: Sequence[str]) -> list[int]:
    """Read the shorter side, in pixels, of up to 1,000 files spread evenly over ``files``."""
    step = -(-len(files) // _SAMPLE) or 1
    with quiet(), file_threads() as pool:
        return [side for side in pool.map(_shorter_side, files[::step]) if side]


def sampled_bits(files: Sequence[str]) -> int | None:
    """How many bits 16-bit grey uses in up to 100 of the files; None if there is none."""
    step = -(-len(files) // _DEEP_SAMPLE) or 1
    with quiet(), file_threads() as pool:
        found = [value for value in pool.map(_highest, files[::step]) if value is not None]
    return bits_of(max(found)) if found else None


def _highest(file: str) -> int | None:
    try:
        with opened(file) as source, Image.open(source, formats=formats()) as picture:
            if not is_deep(picture):
                return None
        with read_picture(file) as (decoded, _):
            return highest(decoded)
    except Exception:  # unreadable files are reported when they are decoded
        return None


def _shorter_side(file: str) -> int | None:
    try:
        with opened(file) as source, Image.open(source, formats=formats()) as picture:
            return min(picture.size)
    except Exception:  # unreadable files are reported when they are decoded
        return None


def reason(file: str, error: BaseException) -> str:
    """Return why a file cannot be read, on one line, without the path that Pillow adds."""
    if isinstance(error, UnidentifiedImageError):  # it names an object, not the file
        return "not in a supported image format"
    text = str(error).replace(repr(file), "it").removeprefix(f"{file}: ")
    return " ".join(text.split()) or type(error).__name__


@dataclass
class Read:
    """The outcome of reading one file, without its pixels."""

    failure: str | None = None
    lost: frozenset[str] = frozenset()
    grey: bool = True
    highest: int | None = None  # of a grey picture of more than 8 bits


def _read_all(
    files: Sequence[str], size: tuple[int, int], fit: Fit, progress: Progress | None
) -> tuple[np.ndarray, bool, dict[int, str], Counter[str]]:
    """Decode all files.

    Returns:
        uint8 (N, 3, H, W), whether all are grey, the reasons for failures, and how many
        pictures lost what.
    """
    images = np.zeros((len(files), 3, *size), np.uint8)

    def read_into(index: int, bits: int = 16) -> Read:
        try:
            pixels, read = _read_one(files[index], fit, 2 * max(size), bits)
        except MemoryError:
            raise
        except Exception as error:  # for a broken file Pillow may raise nearly anything
            return Read(failure=reason(files[index], error))
        images[index] = pixels
        return read

    found = []
    with quiet(), file_threads() as pool:
        for read in pool.map(read_into, range(len(files))):
            found.append(read)
            if progress is not None:
                progress(len(found), len(files))
        deep = [index for index, read in enumerate(found) if read.highest is not None]
        bits = bits_of(max((found[index].highest or 0 for index in deep), default=0))
        if deep and bits < 16:  # now that the range of all is known
            deque(pool.map(partial(read_into, bits=bits), deep), maxlen=0)
    losses = Counter(what for read in found for what in read.lost)
    losses.update([bits_in_words(bits)] * len(deep))
    failures = {i: read.failure for i, read in enumerate(found) if read.failure is not None}
    return images, all(read.grey for read in found), failures, losses


def file_threads() -> ThreadPoolExecutor:
    """A pool of threads that read or decode files."""
    return ThreadPoolExecutor(max_workers=min(16, os.cpu_count() or 1))


def _read_one(file: str, fit: Fit, aim: int, bits: int) -> tuple[np.ndarray, Read]:
    """Decode a file to uint8 (1 or 3, H, W): 1 if it is grey by mode or content."""
    # A JPEG decoder produces large photographs at 1/2, 1/4 or 1/8 of their size far faster;
    # twice the side leaves enough detail for the antialiased resize.
    with read_picture(file, aim=aim) as (picture, lost):
        clear = {_TRANSPARENCY} if picture.has_transparency_data else set()
        pixels = planes(fit(to_eight_bits(picture, bits)))
        top = highest(picture)
    is_grey = bool((pixels == pixels[:1]).all())
    return pixels[:1] if is_grey else pixels, Read(None, frozenset(lost | clear), is_grey, top)


def _left_out(
    root: Path, files: Sequence[str], failures: dict[int, str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the skipped files and a note about them, or raise UserError if there are too many."""
    if not failures:
        return (), ()
    reasons = {os.path.relpath(files[i], root): why for i, why in failures.items()}
    skipped = tuple(sorted(reasons))
    first = "; ".join(f"{name} ({reasons[name]})" for name in skipped[:3])
    more = f" and {len(skipped) - 3} more" if len(skipped) > 3 else ""
    count = f"{len(skipped)} of {len(files)} image files cannot be read"
    if len(skipped) > max(_UNREADABLE_COUNT, _UNREADABLE_SHARE * len(files)):
        raise UserError(f"{root}: {count}: {first}{more}; repair or remove them")
    return skipped, (f"{count} and are skipped: {first}{more}",)
