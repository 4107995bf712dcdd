"""What an operation does to pixels: batched kernels, each beside its Pillow twin.

Pillow's result is the definition. Importing this package registers the paper's 15 operations;
`register` adds one of your own.
"""

# These imports are in the paper's order of operations, which policies and tables follow.
# Files with further operations come after them.
# isort: off
from dada.ops import geometric as _geometric  # noqa: F401
from dada.ops import tables as _tables  # noqa: F401
from dada.ops import blends as _blends  # noqa: F401
from dada.ops import erasing as _erasing  # noqa: F401

# isort: on
from dada.ops.registry import OperationType, get, names, register
from dada.ops.two_step import TwoStep

PAPER_OPERATIONS = (
    *("ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate"),
    *("AutoContrast", "Invert", "Equalize", "Solarize", "Posterize"),
    *("Contrast", "Color", "Brightness", "Sharpness", "Cutout"),
)
"""Names of the paper's 15 operations, in its order. Operations added here are not among them."""

__all__ = ["OperationType", "PAPER_OPERATIONS", "TwoStep", "get", "names", "register"]
