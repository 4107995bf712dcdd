"""The user's own validation set: left out where nothing is judged by it."""

from dataclasses import replace
from typing import TypeVar

from dada.datasets.files import FileDataset, ImageFiles
from dada.datasets.imageset import Dataset, ImageSet

AnyDataset = TypeVar("AnyDataset", Dataset, FileDataset)


def without_validation(dataset: AnyDataset) -> AnyDataset:
    """The dataset as it would be if it had no validation set, and a note that says so.

    A training and a comparison test on the test set; their networks see no other images.

    Examples:
        >>> from dataclasses import replace
        >>> from dada.datasets import load
        >>> digits = load("digits")
        >>> without_validation(digits) is digits
        True
        >>> judged = replace(digits, validation=digits.test.subset(range(50)))
        >>> without_validation(judged).notes[-1]
        '50 validation images are left out: only a search judges by them'
    """
    if dataset.validation is None:
        return dataset
    there: ImageSet | ImageFiles = dataset.validation
    if isinstance(dataset, Dataset) and dataset.files is not None:
        there = dataset.files.validation or there
        dataset = replace(dataset, files=replace(dataset.files, validation=None))
    are, them = ("image is", "it") if len(there) == 1 else ("images are", "them")
    note = f"{len(there)} validation {are} left out: only a search judges by {them}"
    return replace(dataset, validation=None, notes=(*dataset.notes, note))
