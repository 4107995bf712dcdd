"""PBA (Ho et al. 2019): a population of trainings, whose best are copied and varied."""

from dada.searching.methods.pba.method import PbaMethod

__all__ = ["PbaMethod"]
