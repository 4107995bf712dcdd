"""Datasets by name: scikit-learn's digits, and the sets that torchvision downloads."""

import http.client
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_digits
from torchvision import datasets

from dada.datasets.imageset import ImageSet, Parts
from dada.datasets.pixels import resized
from dada.errors import UserError

# Raised by torchvision's readers and downloads for missing or broken files.
READ_ERRORS = (
    OSError,
    RuntimeError,
    ValueError,
    EOFError,
    AssertionError,
    KeyError,
    http.client.HTTPException,
    pickle.UnpicklingError,
)


@dataclass(frozen=True)
class _Named:
    """How to read one of torchvision's sets: ``read(root, is_train, download)``."""

    read: Callable[[str, bool, bool], Any]
    flip: bool
    files: str  # to place in the root if there is no network
    note: str = ""


def _svhn_extra(root: str, train: bool, download: bool) -> datasets.SVHN:
    """Read the test images, or the training images followed by the extra ones."""
    if not train:
        return datasets.SVHN(root, "test", download=download)
    both, extra = (datasets.SVHN(root, part, download=download) for part in ("train", "extra"))
    both.data = np.concatenate([both.data, extra.data])
    both.labels = np.concatenate([both.labels, extra.labels])
    return both


_TORCHVISION = {
    "cifar10": _Named(
        lambda root, train, fetch: datasets.CIFAR10(root, train=train, download=fetch),
        flip=True,
        files="cifar-10-python.tar.gz (or its folder cifar-10-batches-py)",
    ),
    "cifar100": _Named(
        lambda root, train, fetch: datasets.CIFAR100(root, train=train, download=fetch),
        flip=True,
        files="cifar-100-python.tar.gz (or its folder cifar-100-python)",
    ),
    "svhn": _Named(
        lambda root, train, fetch: datasets.SVHN(
            root, "train" if train else "test", download=fetch
        ),
        flip=False,
        files="train_32x32.mat and test_32x32.mat",
        note="svhn: the extra training images are not used; svhn-extra includes them",
    ),
    "svhn-extra": _Named(
        _svhn_extra,
        flip=False,
        files="train_32x32.mat, extra_32x32.mat and test_32x32.mat",
    ),
    "fashion-mnist": _Named(
        lambda root, train, fetch: datasets.FashionMNIST(root, train=train, download=fetch),
        flip=True,
        files="FashionMNIST/raw with train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, "
        "t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz",
    ),
}


def read_digits(side: int | None = None) -> Parts:
    """Read scikit-learn's 1,797 handwritten digits, 8 × 8 grey; there is no test set.

    Their levels 0 … 16 are scaled to 0 … 255 and rounded.
    """
    bunch = load_digits()
    images = torch.from_numpy(np.rint(bunch.images * 255 / 16).astype(np.uint8))[:, None]
    labels = torch.from_numpy(bunch.target.astype(np.int64))
    return _parts(ImageSet(images, labels), None, tuple("0123456789"), False, side)


def read_named(name: str, root: Path, download: bool = True, side: int | None = None) -> Parts:
    """Read one of torchvision's small datasets.

    Args:
        name: ``cifar10``, ``cifar100``, ``svhn``, ``svhn-extra`` or ``fashion-mnist``.
        root: the folder that contains its files, or where to download them.
        download: whether to download what is missing.
        side: of the images, in pixels; None keeps their size.

    Raises:
        UserError: the files are missing or broken and cannot be downloaded.
    """
    named = _TORCHVISION[name]
    try:
        train, test = (named.read(str(root), is_train, download) for is_train in (True, False))
        classes = getattr(train, "classes", tuple("0123456789"))  # torchvision has none for SVHN
        sets = _image_set(train), _image_set(test)
    except READ_ERRORS as error:
        raise _not_found(name, root, named.files, download, error) from error
    notes = (named.note,) if named.note else ()
    return _parts(*sets, tuple(classes), named.flip, side, notes=notes)


def _image_set(dataset: Any) -> ImageSet:
    """Take the arrays from a torchvision dataset, whatever the order of their axes."""
    images = torch.as_tensor(dataset.data)
    if images.ndim == 3:
        images = images[:, None]
    elif images.shape[-1] == 3:
        images = images.permute(0, 3, 1, 2)
    labels = dataset.labels if hasattr(dataset, "labels") else dataset.targets
    return ImageSet(images.contiguous(), torch.as_tensor(labels, dtype=torch.int64))


def _parts(
    train: ImageSet,
    test: ImageSet | None,
    classes: tuple[str, ...],
    flip: bool,
    side: int | None,
    *,
    notes: tuple[str, ...] = (),
) -> Parts:
    if side is not None and train.images.shape[2:] != (side, side):
        notes = (*notes, f"images resized and cropped to {side}x{side}")
        train = ImageSet(resized(train.images, side), train.labels)
        if test is not None:
            test = ImageSet(resized(test.images, side), test.labels)
    return Parts(train, test, classes, flip, notes=notes)


def _not_found(
    name: str, root: Path, files: str, download: bool, error: BaseException
) -> UserError:
    reason = " ".join(str(error).split()) or type(error).__name__
    if download:
        return UserError(
            f"{name}: cannot be read from {root} or downloaded ({reason}): place {files} there"
        )
    return UserError(
        f"{name}: cannot be read from {root} ({reason}): place {files} there, or allow downloads"
    )
