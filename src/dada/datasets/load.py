"""Load images by name, from a folder, a table, an ``.npz`` file or from Hugging Face."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from dada.datasets.annotated.find import list_annotated
from dada.datasets.arrays import read_arrays
from dada.datasets.choose import Choose, Chosen
from dada.datasets.copies import copies_across, copies_in_words, first_of_each
from dada.datasets.decode import Progress
from dada.datasets.files import FileDataset, folder_files, imagenet_files, with_bits
from dada.datasets.folder import list_folder
from dada.datasets.huggingface import PREFIX, hub_name, open_hub
from dada.datasets.imagenet import read_imagenet
from dada.datasets.imageset import Dataset, Parts, imbalance
from dada.datasets.list_table import list_table
from dada.datasets.listing import Listing
from dada.datasets.named import read_digits, read_named
from dada.datasets.pixels import check_side
from dada.datasets.read_folder import read_folder
from dada.datasets.read_splits import expected_size, read_splits
from dada.datasets.splits import split_off_test_set
from dada.datasets.table import is_table
from dada.datasets.validation import without_validation
from dada.errors import UserError
from dada.names import DATASETS as NAMES
from dada.names import INSTANCES

DEFAULT_ROOT = Path("~/.cache/dada")
"""Where named datasets are looked for and downloaded to by default."""

_WANTED = (
    "give an image folder (with boxes or masks, too), a .csv, .tsv or .parquet file of path and "
    f"label, an .npz file, hf:OWNER/NAME, or a name ({', '.join(NAMES)})"
)
_MEMORY = 2**31  # bytes of images; a network and its activations need the rest


def load(
    source: str | Path = "digits",
    *,
    side: int | None = None,
    root: str | Path | None = None,
    download: bool = True,
    progress: Progress | None = None,
    choose: Choose | None = None,
) -> Dataset:
    """Load images by name or path.

    A folder may have boxes or masks (`dada.datasets.annotated`): COCO JSON, Pascal VOC XML, YOLO
    text, or images and masks. A note says which. All its images are stretched to one size, of the
    usual shape, with ``side`` as the shorter side. Of COCO JSON with masks of objects the boxes are
    read; ``instances:`` before the path reads the masks (`dada.tasks.Instances`).

    If there is no test set, 20 % of every class are held out as one.

    Args:
        source: one of `NAMES`; the path of an image folder, of a table of files and labels
            (`dada.datasets.list_table`) or of an ``.npz`` file; or a source for
            `dada.datasets.huggingface.open_hub`, such as ``hf:OWNER/NAME``. For a folder with the
            name of a dataset, write ``./name``.
        side: of the images, 8 to 1024 pixels. None keeps the size of named sets and arrays,
            uses 224 for ImageNet, and chooses 32, 64 or 96 for an image folder.
        root: where named datasets are kept. None is ``~/.cache/dada`` (for ImageNet, its
            subfolder ``imagenet``), or the Hugging Face cache for ``hf:``.
        download: whether to download a named dataset that is missing.
        progress: called with the number of files decoded so far and the total.
        choose: which images of a folder, a table or ``hf:`` to decode; None decodes all. Other
            sources are always read in full.

    Raises:
        UserError: nothing is there, or it cannot be used; the message says what would be right.

    Examples:
        >>> digits = load("digits")
        >>> len(digits.train), len(digits.test), digits.side, digits.channels
        (1437, 360, (8, 8), 1)
        >>> load("digits", side=16).side
        (16, 16)
    """
    check_side(side)
    name = name_of(source)
    if isinstance(source, str) and source in NAMES:
        parts = _by_name(source, side, root, download, progress)
    elif isinstance(source, str) and source.startswith(PREFIX):
        return read_splits(open_hub(source, root, download), side, choose)
    else:
        path, _ = _place(source)
        try:
            if (listing := _listing(source, side)) is not None:
                return read_folder(listing, name, side, progress, choose)
            parts = _by_path(path, side)
        except OSError as error:
            raise _unreadable(path, error) from error
    return complete(name, parts)


def name_of(source: str | Path) -> str:
    """Return what `load` calls the data, without reading them.

    Raises:
        UserError: the source is empty, or cannot be a path.

    Examples:
        >>> name_of("cifar10"), name_of("hf:uoft-cs/cifar100"), name_of("pictures/birds.npz")
        ('cifar10', 'cifar100', 'birds')
    """
    # For example, an unset shell variable.
    if isinstance(source, str) and not source.removeprefix(INSTANCES).strip():
        raise UserError(f"no data: the name is empty: {_WANTED}")
    if isinstance(source, str) and (source in NAMES or source.startswith(PREFIX)):
        return hub_name(source)
    try:
        return path_name(_place(source)[0])
    except OSError as error:
        raise _unreadable(Path(source), error) from error


def complete(name: str, parts: Parts) -> Dataset:
    """Make a dataset from what a reader found: add a test set, and notes on classes and copies.

    Raises:
        UserError: there is no test set, and too few images to hold one out.
    """
    train, test = parts.train, parts.test
    if test is None:
        train, test, notes = split_off_test_set(name, train, parts.classes)
    else:
        contents = train.contents()
        notes = copies_in_words(first_of_each(contents)) + copies_across(contents, test.contents())
    if parts.validation is not None:
        judges = parts.validation.contents()
        notes += copies_across(train.contents(), judges, "validation")
    notes = (*parts.notes, *notes, *imbalance(train.labels, parts.classes))
    return Dataset(
        name=name,
        train=train,
        test=test,
        classes=parts.classes,
        flip=parts.flip,
        skipped=parts.skipped,
        notes=notes,
        validation=parts.validation,
    )


def open_images(
    source: str | Path,
    side: int | None = None,
    root: str | Path | None = None,
    tested: bool = False,
) -> Dataset | FileDataset:
    """Load images (`load`) if they fit in 2 GiB of memory, otherwise read them from their files.

    They are for training and testing: a validation set is left out. ImageNet always stays in its
    files. Images in files are resized to 224×224 pixels unless a side is given, or all of a Hugging
    Face dataset have one size; those with boxes or masks have the size that `load` gives them.

    Args:
        source, side, root: as for `load`.
        tested: whether only test images count. A folder or a table then needs no others; without
            them, the training images are the test images.

    Raises:
        UserError: as `load` and `open_files`.
    """
    check_side(side)
    read: Callable[[], Dataset] = partial(load, source, side=side, root=root, choose=_no_validation)
    if source == "imagenet":
        return open_files(source, root, side)
    if isinstance(source, str) and source.startswith(PREFIX):
        found = open_hub(source, root)
        chosen, *size = expected_size(found, side)
        height, width = size if side or chosen is None else (224, 224)
        found = replace(found, side=(height, width))
    elif (
        str(source).strip() and source not in NAMES and (listing := _listing(source, side, tested))
    ):
        read = partial(read_folder, listing, name_of(source), side, choose=_no_validation)
        if listing.size and _memory(listing.count, listing.size) <= _MEMORY:
            return read()
        found = _open_listing(source, listing, side)
        size = list(listing.size or [side or 96] * 2)  # 96 is the largest that `load` chooses
    else:
        return without_validation(load(source, side=side, root=root))
    found = without_validation(found)
    others = 0 if found.test is found.train else len(found.test)
    taken = _memory(len(found.train) + others, size)
    if taken <= _MEMORY:
        return read()
    note = f"the images would take {taken / 2**30:.1f} GiB of memory: read from their files instead"
    return replace(found, notes=(*found.notes, note))


def open_files(
    source: str | Path, root: str | Path | None = None, side: int | None = None
) -> FileDataset:
    """List the images of ImageNet, a folder or a table, all as RGB; nothing is decoded.

    Args:
        source: ``imagenet`` for all its 1,000 classes, or the path of an image folder or table as
            in `dada.datasets.load`. If that has no test set, 20 % of every class are held out.
        root: the folder that holds ImageNet; None is ``~/.cache/dada/imagenet``.
        side: that images are resized to, in pixels; None is 224. Images with boxes or masks have
            the size that `load` gives them.

    Raises:
        UserError: there is no such folder; the message says what would be right.
    """
    check_side(side)
    if source == "imagenet":
        files = imagenet_files(imagenet_folder(root))
        return replace(files, side=(side or 224, side or 224))
    if (listing := _listing(source, side)) is None:
        raise UserError(f"{source}: not an image folder or a table: give one, or imagenet")
    return _open_listing(source, listing, side)


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


def _memory(count: int, size: Sequence[int]) -> int:
    """Bytes of so many images in colour of that height and width."""
    return count * 3 * size[0] * size[1]


def _no_validation(_: FileDataset) -> Chosen:
    return Chosen(validation=0)


def _open_listing(source: str | Path, listing: Listing, side: int | None) -> FileDataset:
    files = folder_files(name_of(source), listing)
    return replace(with_bits(files), side=listing.size or (side or 224, side or 224))


def _listing(source: str | Path, side: int | None, tested: bool = False) -> Listing | None:
    """The image files of a folder or a table; None if it is neither."""
    path, instances = _place(source)
    try:
        if instances:
            return _with_masks(path, side, tested)
        if path.is_dir():
            return list_annotated(path, side, tested=tested) or list_folder(path, tested)
        return list_table(path, tested) if is_table(path) and path.is_file() else None
    except OSError as error:
        raise _unreadable(path, error) from error


def _place(source: str | Path) -> tuple[Path, bool]:
    """The path, and whether masks of objects are its labels."""
    text = str(source)
    return Path(text.removeprefix(INSTANCES)).expanduser(), text.startswith(INSTANCES)


def _with_masks(path: Path, side: int | None, tested: bool) -> Listing:
    listing = list_annotated(path, side, instances=True, tested=tested) if path.is_dir() else None
    if listing is None:
        raise UserError(f"{INSTANCES}{path}: no folder of COCO JSON, which has masks of objects")
    return listing


def _unreadable(path: Path, error: OSError) -> UserError:
    where = error.filename or path
    return UserError(f"{where}: cannot be read: {error.strerror or error}")


def _by_path(path: Path, side: int | None) -> Parts:
    if path.suffix.lower() in (".npz", ".npy") and path.is_file():
        return read_arrays(path, side)
    wrong = (
        "neither a folder, a table nor an .npz file" if path.exists() else "no such file or folder"
    )
    raise UserError(f"{path}: {wrong}: {_WANTED}")
