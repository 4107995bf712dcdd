"""Read Hugging Face splits into memory: split them, then decode all or a choice of them."""

from typing import Any

from PIL import Image
from torch.utils.data import ConcatDataset
from torch.utils.data import Dataset as MapDataset

from dada.compute.memory import available
from dada.datasets.adapt import bits_used, from_torch
from dada.datasets.choose import Choose, choose_from
from dada.datasets.files import FileDataset
from dada.datasets.hf_images import SplitImages
from dada.datasets.imageset import Dataset, ImageSet, imbalance
from dada.datasets.pixels import bits_in_words, check_side, choose_side
from dada.errors import UserError, option

_SAMPLE = 1000  # pictures examined to choose a side


def read_splits(
    files: FileDataset, side: int | None = None, choose: Choose | None = None
) -> Dataset:
    """Decode the pictures of splits (`dada.datasets.hf_splits.label_splits`), one at a time.

    Args:
        files: the splits.
        side: of the images, in pixels; None keeps the size if all share one, and otherwise chooses
            by the median shorter side.
        choose: which images to decode; None, or a choice of all, decodes everything.

    Raises:
        UserError: a picture cannot be decoded, or the images do not fit in memory.
    """
    check_side(side)
    chosen, height, width = expected_size(files, side)  # whatever is chosen of them
    files, used = choose_from(files, choose)
    parts = {"train": used.train, "test": used.test, "validation": used.validation}
    pairs = {name: _Pairs(part) for name, part in parts.items() if part is not None and len(part)}
    # All at once, so that training and test images get the same size and channels.
    everything: ConcatDataset[Any] = ConcatDataset(pairs.values())
    _check_memory(files.name, len(everything), height, width)
    bits = bits_used(everything, name=files.name)
    images = from_torch(everything, chosen, files.name, bits)
    counts = [len(part) if part is not None else 0 for part in parts.values()]
    train, test, validation = (
        ImageSet(*part)
        for part in zip(images.images.split(counts), images.labels.split(counts), strict=True)
    )
    notes = [*files.notes, *(() if bits is None else (bits_in_words(bits),))]
    if chosen:
        size = f"{chosen}x{chosen}"
        notes.append(f"images resized and cropped to {size}; {option('side')} changes it")
    return Dataset(
        files.name,
        train,
        test,
        files.classes,
        notes=(*notes, *imbalance(files.train.labels, files.classes)),
        files=None if used.is_whole else files,
        validation=validation if used.validation is not None else None,
    )


def expected_size(files: FileDataset, side: int | None) -> tuple[int | None, int, int]:
    """The side that pictures are resized to, or None; and the height and width that they will have.

    A side is chosen if sizes differ, as up to 1,000 pictures of each set tell, so that full-size
    pictures are never in memory together.
    """
    if side:
        return side, side, side
    parts = (part for part in (files.train, files.test) if isinstance(part, SplitImages))
    sizes = [size for part in parts for size in part.sizes(_SAMPLE)]
    if not sizes:
        return None, 0, 0
    if len(set(sizes)) > 1:
        side = choose_side([min(size) for size in sizes])
        return side, side, side
    width, height = sizes[0]
    return None, height, width


class _Pairs(MapDataset[Any]):
    """Pictures and labels as `from_torch` expects them."""

    def __init__(self, images: Any) -> None:
        self._images: SplitImages = images

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> tuple[Image.Image, int]:
        return self._images.decoded(index), int(self._images.labels[index])


def _check_memory(name: str, count: int, height: int, width: int) -> None:
    """Raise UserError, before anything is decoded, if twice the pixels (a copy) would not fit."""
    need, free = count * 3 * height * width, available() // 2
    if need > free:
        raise UserError(
            f"{name}: {count:,} images of {width}x{height} take {need / 2**30:.1f} GiB, but only "
            f"{free / 2**30:.1f} GiB are free for them: give a smaller {option('side')} or fewer "
            f"{option('images')}"
        )
