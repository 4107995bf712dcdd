"""A draw, and applying it; the pipeline that search and training share; the transform."""

from dada.augment.apply import apply
from dada.augment.bank import Bank
from dada.augment.draw import Draw, Table
from dada.augment.file_loader import FileLoader
from dada.augment.loader import Loader, MemoryLoader
from dada.augment.motion import Motion
from dada.augment.own import Transform
from dada.augment.pipeline import Pipeline
from dada.augment.sampler import Sampler, random_magnitude
from dada.augment.transform import PolicyTransform
from dada.deprecation import former

__all__ = [
    "Bank",
    "Draw",
    "Loader",
    "FileLoader",
    "MemoryLoader",
    "Motion",
    "Pipeline",
    "PolicyTransform",
    "Sampler",
    "Table",
    "Transform",
    "apply",
    "random_magnitude",
]

__getattr__ = former(
    __name__,
    {
        "Feed": "dada.augment:Loader",
        "FileFeed": "dada.augment:FileLoader",
        "MemoryFeed": "dada.augment:MemoryLoader",
    },
)
