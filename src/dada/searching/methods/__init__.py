"""The search methods: one file or folder each, and nothing outside asks which one it is."""

from dada.searching.method import SearchMethod
from dada.searching.methods.dada import DadaMethod
from dada.searching.methods.randaugment import RandAugmentMethod
from dada.searching.methods.random import RandomMethod
from dada.searching.methods.trials import TrialsMethod

METHODS: dict[str, type[SearchMethod]] = {
    method.name: method for method in (TrialsMethod, DadaMethod, RandomMethod, RandAugmentMethod)
}
"""By name, the default first."""

__all__ = ["METHODS"]
