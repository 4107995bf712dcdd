"""What a piece of work takes of a node, and how many pieces there is room for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from dada.compute.parallel import memory_of
from dada.compute.threads import SMALL
from dada.errors import UserError

Resources = Mapping[str, float]
"""Amounts by name: "CPU" and "GPU" in pieces, "memory" in bytes."""
_ON_A_GPU = 4  # small networks: their stacks leave most of the processor and of its memory idle


def demand(
    nodes: Sequence[Resources], device: torch.device, pixels: int = 0, parameters: int = 0
) -> dict[str, float]:
    """What a piece of work takes.

    Args:
        nodes: what each has.
        device: where it computes.
        pixels, parameters: as in `Engine.run`.

    Returns:
        One CPU or, for work on a GPU, a share of one; and memory, where batches are large. No more
        of that than the largest node has, where pieces then run one after another.

    Examples:
        >>> from torch import device
        >>> demand([{"CPU": 8}], device("cpu"))
        {'CPU': 1}
        >>> demand([{"CPU": 8, "GPU": 1}], device("cuda"), parameters=24_000)
        {'GPU': 0.25}
    """
    if device.type == "cuda":
        return {"GPU": 1 / _ON_A_GPU if parameters <= SMALL else 1}
    takes: dict[str, float] = {"CPU": 1}
    largest = max((node.get("memory", 0) for node in nodes), default=0)
    if largest and (memory := memory_of(pixels)):
        takes["memory"] = min(memory, int(largest))
    return takes


def room(nodes: Sequence[Resources], takes: Resources) -> int:
    """How many pieces the nodes hold at once.

    Raises:
        UserError: not a single one.

    Examples:
        >>> room([{"CPU": 4}, {"CPU": 2.5}], {"CPU": 1})
        6
    """
    held = sum(
        min(int(node.get(name, 0) / amount) for name, amount in takes.items()) for node in nodes
    )
    if not held:
        wanted = next(name for name in takes if name != "memory")
        raise UserError(f"no node of the cluster has a {wanted}: the trials could never begin")
    return held
