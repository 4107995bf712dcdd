"""AutoAugment (Cubuk et al. 2019): a controller learns which policies train well."""

from dada.searching.methods.autoaugment.method import AutoAugmentMethod

__all__ = ["AutoAugmentMethod"]
