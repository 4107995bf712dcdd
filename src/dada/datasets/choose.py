"""Choose images by their labels, before any is decoded."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dada.datasets.files import FileDataset, ImageFiles
from dada.datasets.splits import at_most
from dada.datasets.validation import without_validation


@dataclass(frozen=True)
class Chosen:
    """The part of a folder to decode.

    Attributes:
        rows: indices of training images, in the order wanted; None for all.
        test: whether to decode the test images too; if all training images are decoded, they are.
        validation: the largest number of validation images to decode, chosen by
            `dada.datasets.at_most`; None for all, and 0 leaves the validation set out.
    """

    rows: np.ndarray | None = None
    test: bool = True
    validation: int | None = None


Choose = Callable[[FileDataset], Chosen]


@dataclass(frozen=True)
class Used:
    """The files to decode, and whether they are all that there are."""

    train: ImageFiles
    test: ImageFiles
    validation: ImageFiles | None
    is_whole: bool


def choose_from(files: FileDataset, choose: Choose | None) -> tuple[FileDataset, Used]:
    """The files, without a validation set that is not wanted, and those of them to decode.

    Args:
        choose: which images to decode; None, or a choice of all, decodes everything.
    """
    chosen = choose(files) if choose else Chosen()
    if chosen.validation == 0:
        files = without_validation(files)
    train, test, validation, is_whole = files.train, files.test, files.validation, True
    if chosen.rows is not None and len(chosen.rows) < len(train):
        train, is_whole = train.subset(chosen.rows), False
        test = test if chosen.test else test.subset([])
    most = chosen.validation
    if validation is not None and most is not None and most < len(validation):
        validation, is_whole = validation.subset(at_most(validation.labels, most)), False
    return files, Used(train, test, validation, is_whole)
