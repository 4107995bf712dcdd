"""One door for images in memory: a name, an image folder, an ``.npz`` file, Hugging Face."""

from pathlib import Path

from dada.datasets.arrays import read_arrays
from dada.datasets.copies import copies_in_words, first_of_each
from dada.datasets.decode import Progress
from dada.datasets.folder import read_folder
from dada.datasets.huggingface import PREFIX, hub_name, read_hub
from dada.datasets.imagenet import read_imagenet
from dada.datasets.imageset import Dataset, Parts, imbalance
from dada.datasets.named import NAMES, read_digits, read_named
from dada.datasets.pixels import check_side
from dada.datasets.splits import split_off_test_set
from dada.errors import UserError

DEFAULT_ROOT = Path("~/.cache/dada")
"""Where named datasets are looked for and downloaded to, unless told otherwise."""


def load(
    source: str | Path = "digits",
    *,
    side: int | None = None,
    root: str | Path | None = None,
    download: bool = True,
    progress: Progress | None = None,
) -> Dataset:
    """Load images by name or path.

    Where there is no test set, 20 % of every class are held out as one.

    Args:
        source: one of `NAMES`, the path of an image folder or ``.npz`` file, or what
            `dada.datasets.huggingface.read_hub` takes, such as ``hf:OWNER/NAME``. A folder
            that is called like a name is given as ``./name``.
        side: of the images, 8 to 1024 pixels. None keeps the size of named sets and arrays,
            takes 224 for ImageNet, and chooses 32, 64 or 96 for an image folder.
        root: where named datasets are kept; None is ``~/.cache/dada`` (for ImageNet its
            subfolder ``imagenet``), and for ``hf:`` the cache of Hugging Face.
        download: whether to download a named dataset that is not there.
        progress: called with the number of files decoded and of all files.

    Raises:
        UserError: nothing is there, or it cannot be used; the message says what would be right.
    """
    check_side(side)
    if isinstance(source, str) and source in NAMES:
        name, parts = source, _by_name(source, side, root, download, progress)
    elif isinstance(source, str) and source.startswith(PREFIX):
        name, parts = hub_name(source), read_hub(source, side, root, download)
    else:
        path = Path(source).expanduser()
        name, parts = path_name(path), _by_path(path, side, progress)
    return complete(name, parts)


def complete(name: str, parts: Parts) -> Dataset:
    """A dataset from what a reader found: with a test set, and notes on its classes and copies.

    Raises:
        UserError: there is no test set, and too few images to hold one out.
    """
    train, test = parts.train, parts.test
    if test is None:
        train, test, notes = split_off_test_set(name, train, parts.classes)
    else:
        notes = copies_in_words(first_of_each(train.contents()))
    notes = (*parts.notes, *notes, *imbalance(train.labels, parts.classes))
    return Dataset(name, train, test, parts.classes, parts.flip, parts.skipped, notes)


def imagenet_folder(root: str | Path | None) -> Path:
    """Return the folder that holds ImageNet: ``root``, or its place among the named datasets."""
    return Path(root or DEFAULT_ROOT / "imagenet").expanduser()


def path_name(path: Path) -> str:
    """Return what to call the data at a path."""
    whole = path.resolve()
    return (whole.name if path.is_dir() else whole.stem) or str(path)


def _by_name(
    name: str, side: int | None, root: str | Path | None, download: bool, progress: Progress | None
) -> Parts:
    if name == "digits":
        return read_digits(side)
    if name == "imagenet":
        return read_imagenet(imagenet_folder(root), side, progress)
    return read_named(name, Path(root or DEFAULT_ROOT).expanduser(), download, side)


def _by_path(path: Path, side: int | None, progress: Progress | None) -> Parts:
    try:
        if path.is_dir():
            return read_folder(path, side, progress)
        if path.suffix.lower() in (".npz", ".npy") and path.is_file():
            return read_arrays(path, side)
        found = path.exists()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    wrong = "neither a folder nor an .npz file" if found else "no such file or folder"
    raise UserError(
        f"{path}: {wrong}: give an image folder, an .npz file, hf:OWNER/NAME, or a name "
        f"({', '.join(NAMES)})"
    )
