"""A draw, and applying it; the pipeline that search and training share; the transform."""

from dada.augment.apply import apply
from dada.augment.draw import Draw, Table
from dada.augment.feed import Feed, FileFeed, MemoryFeed
from dada.augment.own import Transform
from dada.augment.pipeline import Pipeline
from dada.augment.sampler import Sampler, random_magnitude
from dada.augment.transform import PolicyTransform

__all__ = [
    "Draw",
    "Feed",
    "FileFeed",
    "MemoryFeed",
    "Pipeline",
    "PolicyTransform",
    "Sampler",
    "Table",
    "Transform",
    "apply",
    "random_magnitude",
]
