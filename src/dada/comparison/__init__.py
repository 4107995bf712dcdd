"""Does it help? The same network from the same seeds under each augmentation."""

from dada.comparison.compare import compare
from dada.comparison.work import ComparisonWork

__all__ = ["ComparisonWork", "compare"]
