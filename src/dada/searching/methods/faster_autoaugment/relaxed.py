"""The relaxed policy: what is learnt, how images are augmented meanwhile, and the policy found."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from dada.estimators import bernoulli, open_uniform
from dada.ops import get
from dada.policy import Operation, Policy, SearchSpace, SubPolicy
from dada.policy.model import MOST_SUB_POLICIES
from dada.searching.methods.faster_autoaugment.smooth import smooth

_INSIDE = 1e-3  # how far probabilities stay from 0 and 1, where nothing more would be learnt
_KEPT = 0.99  # share of the weight that the policy keeps, unless a number is given


@dataclass(frozen=True)
class Noise:
    """What is random about B images: all drawn before anything is computed, on the CPU.

    Attributes:
        sub_policy: (B,) int64, each image's sub-policy.
        bit: float64 (B, K, O), uniform, behind whether an operation is applied.
        minus: (B, K, O) bool, the random sign of a value.
        place: float64 (B, K, O, 2) in [0, 1), for operations with a random place.
    """

    sub_policy: Tensor
    bit: Tensor
    minus: Tensor
    place: Tensor


class RelaxedPolicy(nn.Module):
    """L sub-policies of K slots, each with a choice between O operations.

    Every operation of every slot has a weight, a probability and a magnitude of its own, all of
    which begin uniformly random in [0, 1], as in the published code. While the search lasts, the
    outcome of a slot is the weighted sum of all its operations' outcomes (figure 4).

    Args:
        space: operations (O), `length` (K) and scale.
        sub_policies: L.
        temperature: of the softmax over the operations of a slot.
        bit_temperature: of the relaxed Bernoulli variables.
        generator: CPU generator of the beginning.
    """

    def __init__(
        self,
        space: SearchSpace,
        sub_policies: int,
        temperature: float,
        bit_temperature: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.space = space
        self.temperature, self.bit_temperature = temperature, bit_temperature
        self.operations = [get(name) for name in space.operations]
        lines = [space.scale.lines(operation) for operation in self.operations]
        self.lines = torch.tensor(lines, dtype=torch.float64, device="cpu")  # (O, sign, 2)
        shape = (sub_policies, space.length, len(self.operations))

        def beginning() -> nn.Parameter:
            # float64 on the CPU: a few hundred numbers, and byte-equal policies are worth the bits.
            return nn.Parameter(torch.rand(shape, dtype=torch.float64, generator=generator))

        self.choice, self.probability, self.magnitude = beginning(), beginning(), beginning()
        self.clip()

    def weights(self) -> Tensor:
        """(L, K, O) chances of the operations; those of a slot sum to 1."""
        return (self.choice / self.temperature).softmax(-1)

    def draw(self, count: int, generator: torch.Generator) -> Noise:
        """Independent noise for `count` images, from a CPU generator."""
        sub_policies, *rest = self.choice.shape
        shape = (count, *rest)
        return Noise(
            sub_policy=torch.randint(sub_policies, (count,), generator=generator),
            bit=open_uniform(shape, generator),
            minus=open_uniform(shape, generator) < 0.5,
            place=open_uniform((*shape, 2), generator),
        )

    def forward(self, images: Tensor, noise: Noise) -> Tensor:
        """Float images (B, C, H, W) in [0, 1] to augmented ones, differentiable in all that is
        learnt."""
        weights = self.weights()[noise.sub_policy]
        magnitudes = self.magnitude[noise.sub_policy]
        z = bernoulli(self.probability[noise.sub_policy].logit(), noise.bit)
        bits = (z / self.bit_temperature).sigmoid()
        for k in range(weights.shape[1]):
            outcomes = []
            for o, operation in enumerate(self.operations):
                changed = smooth(
                    operation,
                    images,
                    magnitudes[:, k, o],
                    self.lines[o][noise.minus[:, k, o].long()],
                    noise.place[:, k, o],
                )
                bit = bits[:, k, o].to(images).view(-1, 1, 1, 1)
                outcomes.append(images + bit * (changed - images))
            chosen = weights[:, k].to(images)
            images = torch.einsum("obchw,bo->bchw", torch.stack(outcomes), chosen)
        return images

    @torch.no_grad()
    def clip(self) -> None:
        """Keep probabilities and magnitudes in their range, so that they can come back."""
        self.probability.clamp_(_INSIDE, 1 - _INSIDE)
        self.magnitude.clamp_(0, 1)

    def record(self) -> dict[str, Any]:
        """What is learnt as plain data, (L, K, O) each, for an event."""
        return {
            "choices": self.weights().tolist(),
            "probabilities": self.probability.tolist(),
            "magnitudes": self.magnitude.tolist(),
        }

    def shares(self) -> Tensor:
        """(O,) how often an operation is in a slot, of all slots."""
        return self.weights().detach().mean((0, 1))

    def policy(self, keep: int | None, name: str, provenance: dict[str, Any]) -> Policy:
        """The policy that applies one operation per slot, drawn by its weight.

        After the search the published code draws the operation of every slot by the slot's softmax
        each time. An ordinary policy says the same: every combination of operations is a
        sub-policy, and its weight is the product of their chances.

        Args:
            keep: how many of the leading combinations; None for the fewest that hold 99 % of the
                weight. Either way at most 10,000.
        """
        weights, probability, magnitude = (
            part.detach().tolist() for part in (self.weights(), self.probability, self.magnitude)
        )
        found = [
            (prod(slot[o] for slot, o in zip(slots, chosen, strict=True)) / len(weights), s, chosen)
            for s, slots in enumerate(weights)
            for chosen in product(range(len(self.operations)), repeat=len(slots))
        ]
        found.sort(key=lambda one: -one[0])
        if keep is None:
            held = torch.tensor([one[0] for one in found], dtype=torch.float64).cumsum(0)
            keep = int((held < _KEPT).sum()) + 1
        kept = found[: min(keep, MOST_SUB_POLICIES)]
        total = sum(weight for weight, *_ in kept)
        return Policy(
            tuple(
                SubPolicy(
                    tuple(
                        Operation(self.operations[o].name, probability[s][k][o], magnitude[s][k][o])
                        for k, o in enumerate(chosen)
                    ),
                    weight / total,
                )
                for weight, s, chosen in kept
            ),
            self.space.scale,
            name,
            provenance,
        ).rounded()
