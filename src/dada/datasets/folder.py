"""List a folder of class folders, or of ``train/`` and ``test/`` with class folders inside."""

from collections import Counter
from contextlib import suppress
from pathlib import Path

from dada.datasets.annotated.below import annotated_below
from dada.datasets.annotated.unread import unread
from dada.datasets.decode import Samples
from dada.datasets.layout import check_classes, find_layout
from dada.datasets.listing import Listing, check_known
from dada.datasets.parts import part_of
from dada.datasets.table import is_table
from dada.datasets.tree import ENDINGS, Tree
from dada.errors import UserError, listed, printable

FOREIGN = {
    *(".heic", ".heif", ".hif", ".jxl", ".psd", ".svg", ".exr", ".hdr", ".dcm", ".dng", ".nef"),
    *(".cr2", ".cr3", ".arw", ".orf", ".raf", ".rw2", ".mov", ".mp4", ".avi", ".webm", ".npy"),
    *(".heics", ".heifs", ".avifs", ".mpo", ".jps", ".jpf", ".jpx", ".j2k", ".j2c", ".jpc", ".jxr"),
    *(
        ".ico",
        ".tga",
        ".pcx",
        ".dds",
        ".qoi",
        ".apng",
        ".sgi",
        ".xcf",
        ".ai",
        ".eps",
        ".emf",
        ".wmf",
    ),
    *(".raw", ".raf", ".srw", ".pef", ".fits", ".fit", ".nii", ".nrrd", ".mha", ".czi", ".mkv"),
}
"""Extensions of pictures, videos and arrays that are not supported."""


def list_folder(path: Path, tested: bool = False) -> Listing:
    """List an image folder; no file is opened.

    The folder holds either class folders, or ``train/`` and, optionally, ``test/``, and beside that
    ``validation/`` (`dada.datasets.layout`). Class folders may contain other folders;
    `dada.datasets.tree` defines what counts as a picture.

    Args:
        path: the folder.
        tested: whether only test images count: there need be no training images, nor of all
            classes.

    Raises:
        UserError: there are no images, no class folders, only one class, classes of another part
            that are not training classes, or folders that hold annotated images instead.

    Examples:
        >>> from pathlib import Path
        >>> for name in ("cats/1.jpg", "cats/2.jpg", "dogs/1.jpg"):
        ...     Path("pets", name).parent.mkdir(parents=True, exist_ok=True)
        ...     Path("pets", name).touch()
        >>> listing = list_folder(Path("pets"))
        >>> listing.classes, listing.train.labels, listing.test
        (('cats', 'dogs'), (0, 0, 1), None)
    """
    left = unread(path)
    try:
        layout = find_layout(path, tested)
        below = annotated_below(layout.train)
        _check(path, layout.train)
    except UserError as error:  # what is not read may be why
        raise UserError("; ".join((str(error), *left))) from error
    classes, test = layout.train.classes, layout.test
    if tested and test is not None:
        classes = tuple(sorted({*classes, *test.classes}))
    notes = [*layout.notes, *below, *_notes(layout.train), *left]
    train = labelled(layout.train, classes)
    others: list[Samples | None] = []
    judges = None if tested else layout.validation
    for tree, what in ((test, "test"), (judges, "validation")):
        if tree is layout.train:
            others.append(train)
            continue
        others.append(None if tree is None else _samples(tree, classes, what))
        notes += [] if tree is None else [f"{tree.root.name}/: {note}" for note in _notes(tree)]
    return Listing(
        root=path,
        train=train,
        test=others[0],
        classes=tuple(map(printable, classes)),
        notes=tuple(notes),
        validation=others[1],
        tested=tested,
    )


def labelled(tree: Tree, classes: tuple[str, ...]) -> Samples:
    """The pictures of a tree, labelled by the index of their folder among the classes."""
    label = {name: i for i, name in enumerate(classes)}
    pairs = [(file, label[name]) for name in tree.classes for file in tree.folders[name]]
    return Samples(tuple(file for file, _ in pairs), tuple(label for _, label in pairs))


def _samples(tree: Tree, classes: tuple[str, ...], what: str) -> Samples:
    """The files of another part, labelled like the training classes."""
    check_known(tree.root, what, tree.classes, classes)
    return labelled(tree, classes)


def _check(path: Path, tree: Tree) -> None:
    """Raise UserError if a class cannot be read, or if there are not enough classes."""
    for name in (name for name in tree.folders if name not in tree.classes):
        if why := tree.unreadable.get(tree.path(name)):
            raise UserError(f"{tree.root / name}: cannot be read: {why}")
        if found := [ending for ending in tree.others.get(name, ()) if ending in FOREIGN]:
            raise UserError(
                f"{tree.root}: class {listed([name])} has only files that cannot be read "
                f"({', '.join(found)}): convert them to JPEG or PNG, for example with "
                f"'magick mogrify -format jpg *{found[0]}', or remove the folder"
            )
    check_classes(tree)
    classes = tree.classes
    if len(classes) > 1:
        return
    if classes:
        raise UserError(
            f"{tree.root}: one class only ({listed(classes)}): at least two class folders are "
            f"needed; if they are inside it, give {tree.root / classes[0]}"
        )
    if tree.loose:
        raise UserError(
            f"{path}: images but no class folders: put the images of each class into a folder "
            f"of its own{_or_a_table(path)}"
        )
    raise UserError(
        f"{path}: no images: must hold a folder of images for each class, or train/ and test/ "
        f"with such folders ({', '.join(ENDINGS)})"
    )


def _or_a_table(path: Path) -> str:
    """A hint if there is a table that may list the images."""
    found: list[Path] = []
    for folder in (path, path.parent):
        with suppress(OSError):
            found += sorted(file for file in folder.iterdir() if is_table(file))
    return f", or give a table of path and label, such as {found[0]}" if found else ""


def _notes(tree: Tree) -> list[str]:
    """Notes on what is left out of a part of the set, and on what may be a mistake."""
    notes = tree.notes()
    if empty := [name for name in tree.folders if name not in tree.classes]:
        notes.append(f"no images in folder {listed(empty)}: not a class")
    if tree.loose:
        many = "1 image is" if len(tree.loose) == 1 else f"{len(tree.loose)} images are"
        notes.append(f"{many} in no class folder and skipped: {tree.root.name}/")
    endings = sum((tree.others.get(name, Counter()) for name in tree.classes), Counter[str]())
    if endings:
        found = ", ".join(f"{ending} {count}" for ending, count in endings.most_common(5))
        many = "1 file" if endings.total() == 1 else f"{endings.total()} files"
        foreign = sorted(FOREIGN.intersection(endings))
        pictures = f": convert {', '.join(foreign)} to JPEG or PNG to use them" if foreign else ""
        notes.append(f"{many} skipped: not in a supported image format ({found}){pictures}")
    shared = sorted(set.intersection(*(tree.inner(name) for name in tree.classes)))
    if len(shared) > 1 or any(map(part_of, shared)):
        notes.append(f"every class has a folder {listed(shared)}: its images belong to the class")
    return notes
