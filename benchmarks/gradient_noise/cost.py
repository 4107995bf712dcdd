"""The cost of a step, in forward passes and in seconds."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from benchmarks._searches import Frozen
from benchmarks.gradient_noise.rows import TRAIN, Row
from dada.bilevel import Trace, exact_rewards, finite_difference_rewards


class CountOperations(TorchDispatchMode):
    """Counts multiplications and additions of convolutions and matrix products.

    PyTorch's own `FlopCounterMode` hooks modules, which fails for reverse mode over forward mode.
    """

    total = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        count = flop_registry.get(func.overloadpacket)
        if count is not None:
            self.total += count(*args, **(kwargs or {}), out_val=result)
        return result


def nothing() -> None:
    """The preparation of passes that need none."""


def primitives(
    frozen: Frozen, batch: int
) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """The passes that steps consist of, on a batch: a preparation, and the pass itself."""
    child, pipeline = frozen.child, frozen.pipeline
    part = frozen.train.subset(torch.arange(batch))
    images, labels = pipeline.normalise(part.images), part.labels
    weights = child.parameters
    direction = {name: torch.randn_like(w) for name, w in weights.items()}

    def losses(w: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
        return child.losses(w, x, labels)

    def forward() -> None:
        with torch.no_grad():
            losses(weights, images)

    trace = Trace(child.model, images[:16])

    def take_gradient() -> None:
        with trace:
            child.gradient(images, labels)

    def traced() -> None:
        with child.autocast():
            trace.rewards(direction)

    return {
        "forward": (nothing, forward),
        "gradient": (nothing, lambda: child.gradient(images, labels, weights)),
        "traced": (take_gradient, traced),
        "rewards": (nothing, lambda: exact_rewards(losses, weights, direction, images)),
        "rewards and images": (
            nothing,
            lambda: exact_rewards(losses, weights, direction, images, True),
        ),
        "finite difference": (
            nothing,
            lambda: finite_difference_rewards(losses, weights, direction, images, True),
        ),
    }


def measure(frozen: Frozen, batch: int, repeats: int = 5) -> dict[str, dict[str, float]]:
    """Each primitive's operations, relative to a forward pass, and seconds (median)."""
    found = {}
    for name, (prepare, run) in primitives(frozen, batch).items():
        prepare()
        with CountOperations() as counter:
            run()
        times = []
        for _ in range(repeats):
            prepare()
            started = time.perf_counter()
            run()
            times.append(time.perf_counter() - started)
        found[name] = {
            "flops": float(counter.total),
            "seconds": statistics.median(times),
        }
    unit = found["forward"]["flops"]
    return {
        name: {"passes": f["flops"] / unit, "seconds": f["seconds"]} for name, f in found.items()
    }


def of(row: Row, costs: dict[str, dict[str, float]]) -> tuple[float, float]:
    """A step's forward-pass equivalents and seconds, on the network."""
    parts = {**row.cost, "gradient": row.cost.get("gradient", 0.0) + TRAIN["gradient"]}
    return (
        sum(n * costs[name]["passes"] for name, n in parts.items()),
        sum(n * costs[name]["seconds"] for name, n in parts.items()),
    )
