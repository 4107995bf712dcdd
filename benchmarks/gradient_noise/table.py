"""The rewards of all draws at fixed weights: a search whose exact gradient is known."""

import sys
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn.functional import cross_entropy
from torch.nn.modules.batchnorm import _BatchNorm

from benchmarks._searches import Frozen
from dada.augment import apply
from dada.bilevel import exact_rewards
from dada.models.batch_norm import batch_statistics
from dada.models.child import Child
from dada.searching.distribution import PolicyDistribution
from dada.searching.methods.dada.one_step.outcome import (
    Batch,
    pathwise,
    relaxed_derivatives,
    straight_through,
)
from dada.searching.sample import Groups, Sample


@dataclass(frozen=True)
class RewardTable:
    """Measured rewards and derivatives of N images, in units of the usual reward.

    An operation's outcome is 0 if it is not applied, and 1 + l if it is, at the l-th of L
    magnitudes, which is the middle of the l-th of L equal parts of [0, 1] and stands for all of it.

    Attributes:
        reward: (N, S, 1 + L, 1 + L).
        derivative: (N, S, 1 + L, 1 + L, 7) of the reward with respect to the relaxed selection, the
            two bits, and the two magnitudes, straight-through and (NaN where there is none)
            pathwise.
    """

    reward: Tensor
    derivative: Tensor

    @property
    def levels(self) -> int:
        """L, the number of magnitudes."""
        return self.reward.shape[2] - 1

    @property
    def unaugmented(self) -> Tensor:
        """(N,) rewards of the images as they are."""
        return self.reward[:, 0, 0, 0]

    def at(self, sample: Sample, one_draw: bool) -> tuple[Tensor, Tensor]:
        """(G,) rewards and (G, 7) derivatives of G draws.

        Args:
            one_draw: whether each draw is for all images, with their mean reward; otherwise draw g
                is for image g mod N.
        """
        level = (sample.magnitude.detach() * self.levels).long().clamp(0, self.levels - 1)
        first, second = torch.where(sample.applied, 1 + level, 0).unbind(1)
        place = sample.sub_policy, first, second
        if one_draw:
            return self.reward[:, *place].mean(0), self.derivative[:, *place].mean(0)
        images = torch.arange(len(sample)) % len(self.reward)
        return self.reward[images, *place], self.derivative[images, *place]

    def expected(self, distribution: PolicyDistribution, logits: Groups) -> Tensor:
        """(S,) expected reward of each sub-policy, exactly, with the graph to the logits."""
        edges = torch.linspace(0, 1, self.levels + 1, dtype=torch.float64)[1:-1].logit()
        below = ((edges - logits.magnitude[..., None]) / distribution.spread).sigmoid()
        ends = torch.zeros_like(below[..., :1]), torch.ones_like(below[..., :1])
        shares = torch.cat([ends[0], below, ends[1]], -1).diff(dim=-1)
        chance = logits.probability.sigmoid()[..., None]
        first, second = torch.cat([1 - chance, chance * shares], -1).unbind(1)
        return torch.einsum("sab,sa,sb->s", self.reward.mean(0), first, second)

    def gradient(self, distribution: PolicyDistribution) -> Groups:
        """The exact gradient of the expected reward."""
        logits = distribution.logits()
        expected = self.expected(distribution, logits)
        mean = (logits.selection.softmax(0) * expected).sum()
        return Groups(*torch.autograd.grad(mean, logits.all()))


def measure_table(frozen: Frozen, images: int, levels: int) -> RewardTable:
    """Measure all rewards at the child network's present weights.

    The validation gradient is the mean over the validation half. Batch normalisation uses the
    running statistics, so that an image's reward depends on its own draw alone.
    """
    child, pipeline, distribution = frozen.child, frozen.pipeline, frozen.distribution
    generator = torch.Generator().manual_seed(1)
    chosen = torch.randperm(len(frozen.train), generator=generator)[:images]
    train = frozen.train.subset(chosen)
    original = pipeline.crop_and_flip(train.images, generator)
    mask = pipeline.cutout_mask(original, generator).expand(images, -1, -1, -1)
    minus = torch.rand(images, 2, generator=generator) < 0.5
    place = torch.rand(images, 2, 2, dtype=torch.float64, generator=generator)
    direction = _validation_gradient(frozen)
    table, size = distribution.table, 1 + levels
    outcomes = torch.cartesian_prod(torch.arange(size), torch.arange(size))
    samples: dict[int, Sample] = {}  # a `Batch` only asks its sample for its size

    def measure(s: int, outcomes: Tensor) -> tuple[Tensor, Tensor]:
        """(N·C) rewards and (N·C, 7) derivatives of C outcomes of a sub-policy."""
        digits = outcomes.repeat(images, 1)
        each = torch.arange(images).repeat_interleave(len(outcomes))
        draw = table.realise(
            torch.full_like(each, s),
            digits > 0,
            (digits - 0.5) / levels,
            minus[each],
            place[each],
        )
        seen, labels, covered = original[each], train.labels[each], mask[each]
        augmented = pipeline.normalise(apply(seen, draw))

        def losses(weights: dict[str, Tensor], x: Tensor) -> Tensor:
            return _losses(child, weights, x * covered, labels)

        found = exact_rewards(losses, child.parameters, direction, augmented, image_gradient=True)
        assert found.image_gradient is not None
        index = torch.arange(len(each))
        sample = samples.get(len(each)) or distribution.sample(len(each), generator)
        samples[len(each)] = sample
        batch = Batch(
            sample=sample,
            index=index,
            draw=draw,
            original=seen,
            augmented=augmented,
            mask=covered,
            prepare=pipeline.normalise,
            whole=len(each),
        )
        selection, bits = relaxed_derivatives(batch, found.image_gradient)
        magnitudes = [f(batch, found.image_gradient) for f in (straight_through, pathwise)]
        return found.value.double(), torch.cat([selection[:, None], bits, *magnitudes], dim=1)

    reward, derivative = [], []
    for s, has_magnitude in enumerate(table.has_magnitude):
        # Without a magnitude all levels are alike, and one is measured.
        kinds = torch.where(has_magnitude, outcomes, outcomes.clamp_max(1))
        distinct, back = kinds.unique(dim=0, return_inverse=True)
        r, d = measure(s, distinct)
        reward.append(r.view(images, -1)[:, back])
        derivative.append(d.view(images, -1, 7)[:, back])
        _progress(s + 1, len(table.operation))
    rewards = torch.stack(reward, 1).view(images, -1, size, size)
    unit = rewards.square().mean().sqrt()
    derivatives = torch.stack(derivative, 1).view(*rewards.shape, 7)
    return RewardTable(rewards / unit, derivatives / unit)


def _losses(child: Child, weights: dict[str, Tensor], x: Tensor, labels: Tensor) -> Tensor:
    cast = {name: weight.to(child.precision) for name, weight in weights.items()}
    seen = x.to(child.precision).contiguous(memory_format=torch.channels_last)
    with batch_statistics(child.model, _running):
        logits = functional_call(child.model, cast, (seen,))
    return cross_entropy(logits.float(), labels, reduction="none")


def _validation_gradient(frozen: Frozen) -> dict[str, Tensor]:
    child, valid = frozen.child, frozen.valid
    total: dict[str, Tensor] = {}
    parts = torch.arange(len(valid)).split(512)
    for rows in parts:
        part = valid.subset(rows)
        images = frozen.pipeline.normalise(part.images)
        gradient = child.gradient(images, part.labels, child.parameters).weights
        total = {
            name: total.get(name, 0) + g * len(rows) / len(valid) for name, g in gradient.items()
        }
    return total


def _running(layer: _BatchNorm, x: Tensor) -> Tensor:
    """Batch normalisation by the running statistics, in elementary operations."""
    assert layer.running_mean is not None and layer.running_var is not None
    shape = [1, -1, 1, 1]
    scale = (layer.running_var + layer.eps).rsqrt().to(x.dtype) * layer.weight
    centred = x - layer.running_mean.to(x.dtype).view(shape)
    return centred * scale.view(shape) + layer.bias.view(shape)


def _progress(done: int, of: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == of else ""
        print(f"\rrewards of sub-policy {done} of {of}", end=end, file=sys.stderr)
