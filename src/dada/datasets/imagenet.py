"""ImageNet: a reduced set of 6,000 training images in 120 classes, or the list of all images.

Classes and number are the paper's, but not the images: the published code takes a stratified
50,000 of all 1,281,167 images first and keeps those of the 120 classes, which are 6,007. Here the
images of the 120 classes are reduced directly, which works for any number and any classes.
"""

import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from torchvision.datasets import ImageNet

from dada.datasets.decode import Progress, Samples, decode
from dada.datasets.folder import labelled
from dada.datasets.imageset import Parts
from dada.datasets.listing import Listing
from dada.datasets.named import READ_ERRORS
from dada.datasets.splits import PAPER_REDUCED, reduced
from dada.datasets.tree import Tree
from dada.errors import UserError

_CLASSES = 1000
_BORDER = 1 / 16  # resizing to 256 and cropping to 224 cuts a sixteenth off each edge
_DEVKIT = ("meta.bin", "ILSVRC2012_devkit_t12.tar.gz")


def reduced_classes() -> tuple[int, ...]:
    """Return the labels (0 to 999) of the 120 classes that Fast AutoAugment and DADA use."""
    text = resources.files(__package__).joinpath("reduced_imagenet_classes.json").read_text()
    return tuple(json.loads(text))


def read_imagenet(
    root: Path,
    side: int | None = None,
    progress: Progress | None = None,
    *,
    chosen: Sequence[int] | None = None,
    size: int = PAPER_REDUCED["imagenet"],
) -> Parts:
    """Read ``size`` training images of the chosen classes, and all their validation images.

    Only these are decoded; the rest is listed. Each image is resized so that its centre square
    fills 8/7 of the side, and cropped to the side: 256 and 224, as in the paper's tests. A search
    draws its random resized crops from that square, so that all images in memory have one size; the
    published code draws them from the whole picture, as a training from files does here.

    Args:
        root: contains torchvision's three archives, which are extracted on first use, or the
            extracted folders ``train/`` and ``val/``, with a folder for each of the 1,000 classes.
        side: of the images, in pixels; None is 224.
        progress: called after each file.
        chosen: labels of the classes; None uses `reduced_classes`.
        size: number of training images to keep, chosen by `dada.datasets.splits.reduced`.

    Raises:
        UserError: the root does not contain ImageNet, or too many files are unreadable.
    """
    chosen, side = chosen or reduced_classes(), side or 224
    everything = list_imagenet(root)
    train, val, names = everything.train, everything.test, everything.classes
    assert val is not None
    picked = tuple(names[label] for label in chosen)
    train_samples, val_samples = _of_classes(train, chosen), _of_classes(val, chosen)
    kept = reduced(train_samples.targets(), size, classes=picked)
    kept_samples = Samples(
        tuple(train_samples.files[i] for i in kept), tuple(train_samples.labels[i] for i in kept)
    )
    found = decode(root, kept_samples, val_samples, side, border=_BORDER, progress=progress)
    note = (
        f"imagenet: the reduced set of {len(kept)} images of {len(chosen)} classes, at "
        f"{side}x{side}; the test images are the validation images of these classes"
    )
    return Parts(
        found.train,
        found.test,
        picked,
        skipped=found.skipped,
        notes=(note, *everything.notes, *found.notes),
    )


def list_imagenet(root: Path) -> Listing:
    """List all training and validation images of the 1,000 classes; no file is opened.

    Args:
        root: as in `read_imagenet`.

    Raises:
        UserError: the root does not contain ImageNet.
    """
    train, names, notes = _listing(root, "train")
    val, _, more = _listing(root, "val")
    return Listing(root, train, val, names, (*notes, *more))


def _listing(root: Path, split: str) -> tuple[Samples, tuple[str, ...], list[str]]:
    """List a split, its classes and what was skipped; torchvision extracts the archives."""
    extracted = (root / split).is_dir() and not any((root / file).exists() for file in _DEVKIT)
    try:
        # torchvision has several names per class; take the first.
        names = None if extracted else tuple(name[0] for name in ImageNet(root, split).classes)
        tree = Tree(root / split)
    except READ_ERRORS as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"imagenet: cannot be read from {root} ({reason}): place the extracted folders train/ "
            "and val/ there, or ILSVRC2012_devkit_t12.tar.gz, ILSVRC2012_img_train.tar and "
            "ILSVRC2012_img_val.tar from image-net.org"
        ) from error
    if len(tree.classes) != _CLASSES:
        raise UserError(
            f"imagenet: {root / split} has {len(tree.classes)} class folders: must be "
            f"all {_CLASSES}; give the path of the folder to use it as it is"
        )
    return labelled(tree, tree.classes), names or tree.classes, tree.notes()


def _of_classes(samples: Samples, chosen: Sequence[int]) -> Samples:
    """Keep the files of the chosen classes, renumbered in the order given."""
    place = {label: i for i, label in enumerate(chosen)}
    pairs = zip(samples.files, samples.labels, strict=True)
    kept = [(file, place[label]) for file, label in pairs if label in place]
    return Samples(tuple(file for file, _ in kept), tuple(label for _, label in kept))
