"""Does it help? The same network from the same seeds under each augmentation."""

from dada.comparison.compare import CompareWatcher, compare

__all__ = ["CompareWatcher", "compare"]
