"""Fast AutoAugment (Lim et al. 2019): policies under which held-out images look familiar."""

from dada.searching.methods.fast_autoaugment.method import FastAutoAugmentMethod

__all__ = ["FastAutoAugmentMethod"]
