"""The table of operations: what each is called, what it does, what its values mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from multiprocessing import parent_process
from typing import TypeVar

from PIL import Image
from torch import Tensor

from dada.errors import UserError
from dada.ops.affine import affine
from dada.ops.two_step import TwoStep

Kernel = Callable[..., Tensor]
PillowTwin = Callable[..., Image.Image]
AnyKernel = TypeVar("AnyKernel", bound=Kernel)


@dataclass(frozen=True, kw_only=True)
class OperationType:
    """One operation on images, with at most one real value per image.

    Attributes:
        name: how policies name it.
        kernel: ``(images, values) -> images``, or ``(images, values, places) -> images`` where
            `random_place`. Images are uint8 (B, C, H, W) on any device and are left as they are;
            values are float64 (B,) on the CPU in the unit of `low` and `high`; places are float64
            (B, 2) on the CPU in [0, 1): x, then y. Some devices have no float64, so send float32
            or integers to the images' device. Row i of the result depends on row i of the arguments
            alone, so that a batch may come in parts. A `TwoStep` runs together with others that end
            alike.
        pillow: ``(image, value[, place]) -> image``, which defines the bytes that `kernel` gives
            for one RGB or L image; None where Pillow has no such operation.
        low: value at magnitude 0 in the paper's range.
        high: value at magnitude 1; equal to `low` where there is no magnitude.
        identity: the value that changes nothing; None if there is none.
        mirrored: the value's sign is flipped at random.
        random_place: the operation acts at a random place in the image.
        rgb_only: images without exactly three channels stay as they are by definition.
        differentiable: pixels change smoothly with the value, up to rounding to bytes.
        describe: a value in words and real units; "" where there is no magnitude.

    Examples:
        >>> from dada.ops import get
        >>> rotate = get("Rotate")
        >>> rotate.low, rotate.high, rotate.mirrored
        (-30.0, 30.0, True)
        >>> rotate.describe(rotate.low + 0.9 * (rotate.high - rotate.low))
        '24 degrees'
        >>> get("Invert").has_magnitude
        False
    """

    name: str
    kernel: Kernel
    pillow: PillowTwin | None
    low: float
    high: float
    identity: float | None
    mirrored: bool
    random_place: bool
    rgb_only: bool
    differentiable: bool
    describe: Callable[[float], str]

    @property
    def has_magnitude(self) -> bool:
        """Whether the value makes any difference."""
        return self.low != self.high

    @property
    def affine_map(self) -> Callable[[Tensor, Tensor], Tensor] | None:
        """``(images, values) -> coefficients (B, 6)`` of the maps by which it moves pixels.

        Masks, boxes and key points follow the same maps. None where it moves nothing.
        """
        kernel = self.kernel
        return kernel.prepare if isinstance(kernel, TwoStep) and kernel.finish is affine else None

    @property
    def spatial(self) -> bool:
        """Whether it moves or hides pixels; others change their values where they are."""
        return self.affine_map is not None or self.random_place


_operations: dict[str, OperationType] = {}


def register(
    name: str,
    *,
    low: float = 0.0,
    high: float = 0.0,
    identity: float | None = None,
    pillow: PillowTwin | None = None,
    mirrored: bool = False,
    random_place: bool = False,
    rgb_only: bool = False,
    differentiable: bool = False,
    describe: Callable[[float], str] | None = None,
) -> Callable[[AnyKernel], AnyKernel]:
    """Decorate a kernel to make it an operation that policies and search spaces can name.

    The arguments are the attributes of `OperationType`. Without `low` and `high` the operation
    has no magnitude; without `describe` a value is described as a plain number.

    Examples:
        >>> from dada.ops import get, register
        >>> @register("Darken", low=0, high=128, identity=0, describe="{:.0f} levels".format)
        ... def darken(images, values):
        ...     levels = values.float().to(images.device).view(-1, 1, 1, 1)
        ...     return (images - levels).clamp(0, 255).to(images.dtype)
        >>> get("Darken").describe(32)
        '32 levels'

    A function that is defined again, as when a notebook's cell runs twice, replaces itself.
    Worker processes that do not inherit memory (start methods spawn and forkserver) import the
    module that defines the kernel: register it at the top level there.

    Returns:
        A decorator that registers the kernel and gives it back unchanged.

    Raises:
        ValueError: the name is taken by another kernel, empty, not printable or padded with spaces;
            `low` or `high` is not finite.
    """
    if not name.isprintable() or name.strip() != name or not name:
        raise ValueError(f"an operation cannot be called {name!r}")
    if not math.isfinite(low) or not math.isfinite(high):
        raise ValueError(f"low and high of {name} must be finite")

    def add(kernel: AnyKernel) -> AnyKernel:
        taken = _operations.get(name)
        if taken is not None and not _defined_again(taken.kernel, kernel):
            raise ValueError(
                f"the operation {name} is registered already, by {_place(taken.kernel)}: "
                "choose another name"
            )
        words = describe or ("{:z.3g}" if low != high else "").format
        _operations[name] = OperationType(
            name=name,
            kernel=kernel,
            pillow=pillow,
            low=float(low),
            high=float(high),
            identity=identity,
            mirrored=mirrored,
            random_place=random_place,
            rgb_only=rgb_only,
            differentiable=differentiable,
            describe=words,
        )
        return kernel

    return add


def _place(kernel: Kernel) -> str:
    """Module and name under which a kernel was defined."""
    name = getattr(kernel, "__qualname__", None) or type(kernel).__qualname__
    return f"{kernel.__module__}.{name}"


def _defined_again(old: Kernel, new: Kernel) -> bool:
    """Whether both have the same module and name; nameless kernels must be the same object."""
    named = not getattr(new, "__qualname__", "<lambda>").endswith("<lambda>")
    return old is new or (named and _place(old) == _place(new))


def get(name: str) -> OperationType:
    """The operation of that name.

    Raises:
        UserError: there is none; the message suggests the closest name and lists all.

    Examples:
        >>> get("Solarize").describe(128.0)
        'threshold 128'
        >>> get("Solarise")
        Traceback (most recent call last):
        dada.errors.UserError: unknown operation 'Solarise' (did you mean Solarize?); known: ...
    """
    if name in _operations:
        return _operations[name]
    close = get_close_matches(name[:60], _operations, n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    if parent_process() is not None:
        hint += " in this worker process (register it at the top level of a module)"
    raise UserError(f"unknown operation {name!r:.60}{hint}; known: {', '.join(_operations)}")


def names() -> tuple[str, ...]:
    """All registered operations, in the order of registration: the paper's 15 come first.

    Examples:
        >>> names()[:5]
        ('ShearX', 'ShearY', 'TranslateX', 'TranslateY', 'Rotate')
    """
    return tuple(_operations)


def own() -> dict[str, OperationType]:
    """Those that do not come with the package, by name: another process may not know them."""
    return {
        name: operation
        for name, operation in _operations.items()
        if not operation.kernel.__module__.startswith("dada.ops.")
    }


def add_own(operations: Mapping[str, OperationType]) -> None:
    """Those that `own` gave in another process."""
    _operations.update(operations)
