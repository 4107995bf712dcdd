"""Reading images: named sets, folders, arrays, datasets of other libraries; and splitting them."""

from dada.datasets.adapt import from_torch
from dada.datasets.anything import AnyData, as_dataset
from dada.datasets.choose import Choose, Chosen
from dada.datasets.files import FileDataset, ImageFiles
from dada.datasets.folds import folds
from dada.datasets.imageset import (
    Dataset,
    ImageSet,
    channel_statistics,
    channels_in_words,
    even_batches,
)
from dada.datasets.load import DEFAULT_ROOT, load, name_of, open_files, open_images
from dada.datasets.repeated import hold_out_repeatedly
from dada.datasets.splits import (
    PAPER_REDUCED,
    at_most,
    halve,
    halves,
    hold_out,
    reduced,
    size_with_shares,
)
from dada.datasets.validation import without_validation
from dada.names import DATASETS as NAMES

__all__ = [
    "DEFAULT_ROOT",
    "NAMES",
    "PAPER_REDUCED",
    "AnyData",
    "Choose",
    "Chosen",
    "Dataset",
    "FileDataset",
    "ImageFiles",
    "ImageSet",
    "as_dataset",
    "at_most",
    "channel_statistics",
    "channels_in_words",
    "even_batches",
    "folds",
    "from_torch",
    "halve",
    "halves",
    "hold_out",
    "hold_out_repeatedly",
    "load",
    "name_of",
    "open_files",
    "open_images",
    "reduced",
    "size_with_shares",
    "without_validation",
]
