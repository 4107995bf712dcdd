"""The search methods: one file or folder each, and nothing outside asks which one it is."""

from dada.searching.method import SearchMethod
from dada.searching.methods.autoaugment import AutoAugmentMethod
from dada.searching.methods.dada import DadaMethod
from dada.searching.methods.fast_autoaugment import FastAutoAugmentMethod
from dada.searching.methods.faster_autoaugment import FasterAutoAugmentMethod
from dada.searching.methods.pba import PbaMethod
from dada.searching.methods.randaugment import RandAugmentMethod
from dada.searching.methods.random import RandomMethod

METHODS: dict[str, type[SearchMethod]] = {
    method.name: method
    for method in (
        DadaMethod,
        RandomMethod,
        RandAugmentMethod,
        AutoAugmentMethod,
        FastAutoAugmentMethod,
        FasterAutoAugmentMethod,
        PbaMethod,
    )
}
"""By name, the default first."""

__all__ = ["METHODS"]
