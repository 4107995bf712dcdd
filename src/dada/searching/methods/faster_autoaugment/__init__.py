"""Faster AutoAugment (Hataya et al. 2020): a policy that a critic cannot tell from no policy."""

from dada.searching.methods.faster_autoaugment.method import FasterAutoAugmentMethod

__all__ = ["FasterAutoAugmentMethod"]
