"""Images in: named sets, image folders, arrays and other libraries' datasets; their splits."""

from dada.datasets.adapt import from_torch
from dada.datasets.imageset import Dataset, ImageSet, channel_statistics, even_batches
from dada.datasets.load import DEFAULT_ROOT, load
from dada.datasets.named import NAMES
from dada.datasets.splits import PAPER_REDUCED, halves, hold_out, reduced

__all__ = [
    "DEFAULT_ROOT",
    "NAMES",
    "PAPER_REDUCED",
    "Dataset",
    "ImageSet",
    "channel_statistics",
    "even_batches",
    "from_torch",
    "halves",
    "hold_out",
    "load",
    "reduced",
]
