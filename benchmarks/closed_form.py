"""A search whose inner problem is solved exactly: ridge regression on features of patches.

    python -m benchmarks.closed_form --data cifar10.npz --images 1000 -o policy.json

Research, not part of the program (docs/research.md, section 5). The policy is a mixture over
(operation, strength). For a mixture π the regression on augmented images has the solution

    W(π) = (Σ π_g C_g + λ)⁻¹ Σ π_g R_g,

with C_g the covariance of features under g and R_g their covariance with the labels, so that the
validation loss is a differentiable function of π: no noise, no horizon. What is maximised is minus
the validation loss, less a multiple of the Kullback-Leibler divergence from where π started.
"""

import argparse
import math
import time
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, one_hot, relu, unfold

from benchmarks._contract import finish
from dada.augment import Pipeline, Sampler, apply
from dada.datasets import as_dataset, halves, reduced
from dada.ops import PAPER_OPERATIONS, get
from dada.policy import Operation, Policy, Scale, SubPolicy, effective, save_policy

SIDE, STRIDE, THRESHOLD, RIDGE = 6, 2, 0.5, 0.1  # of patches, and of their whitening
STRENGTHS, SPREAD = (0.17, 0.5, 0.83), 0.3
UNCHANGED, STEPS, LR = 0.14, 120, 0.05  # the share of images that begins unchanged

Group = tuple[str | None, float]


class Features:
    """Whitened random patches, matched everywhere, pooled into quarters (Coates & Ng 2011)."""

    def __init__(self, images: Tensor, count: int, generator: torch.Generator) -> None:
        patches = unfold(images, SIDE).transpose(1, 2).flatten(0, 1)
        patches = patches[torch.randperm(len(patches), generator=generator)[:20000]]
        self.mean = patches.mean(0)
        values, vectors = torch.linalg.eigh((patches - self.mean).T.cov(correction=0))
        whiten = vectors @ torch.diag((values + RIDGE).rsqrt()) @ vectors.T
        chosen = ((patches - self.mean) @ whiten)[:count]
        self.filters = whiten @ (chosen / chosen.norm(dim=1, keepdim=True)).T

    def __call__(self, images: Tensor) -> Tensor:
        """Normalised images (B, C, H, W) to (B, 8 · count)."""
        return torch.cat([self._of(part) for part in images.split(50)])

    def _of(self, images: Tensor) -> Tensor:
        match = (unfold(images, SIDE, stride=STRIDE).transpose(1, 2) - self.mean) @ self.filters
        both = torch.cat([relu(match - THRESHOLD), relu(-match - THRESHOLD)], 2)
        rows = 1 + (images.shape[2] - SIDE) // STRIDE
        return avg_pool2d(both.transpose(1, 2).unflatten(2, (rows, -1)), rows // 2).flatten(1)


def groups(channels: int) -> list[Group]:
    """No change; every operation at each strength."""
    found: list[Group] = [(None, 0.5)]
    for name in effective(PAPER_OPERATIONS, channels):
        found += [(name, m) for m in (STRENGTHS if get(name).has_magnitude else (0.5,))]
    return found


def alone(group: Group) -> SubPolicy:
    """The group as a sub-policy."""
    name, strength = group
    chance = 0.0 if name is None else 1.0
    return SubPolicy((Operation(name or "Cutout", chance, strength, SPREAD),))


def moments(images: Tensor, labels: Tensor, features, pipeline, scale, every, draws):
    """Of each group: covariance of the features, with the labels, and mean."""
    target = (labels - labels.mean(0)).repeat(draws, 1)
    found = []
    for number, group in enumerate(every):
        generator = torch.Generator().manual_seed(number)
        sampler = Sampler(Policy((alone(group),), Scale("strength")))
        parts = []
        for _ in range(draws):
            cropped = pipeline.crop_and_flip(images, generator)
            changed = apply(cropped, sampler(len(images), generator))
            parts.append(features(pipeline.normalise(changed.float() / 255)))
        seen = torch.cat(parts) / scale
        found.append((seen.T @ seen / len(seen), seen.T @ target / len(seen), seen.mean(0)))
    return tuple(map(torch.stack, zip(*found, strict=True)))


def validation_loss(fold, share: Tensor, ridge: Tensor) -> Tensor:
    """Squared error on a fold's validation half, of the regression under the mixture."""
    covariance, towards, means, seen, labels, prior = fold
    mean = share @ means
    matrix = torch.einsum("g,gij->ij", share, covariance) - torch.outer(mean, mean)
    matrix = matrix + ridge * torch.eye(len(matrix))
    weights = torch.linalg.solve(matrix, torch.einsum("g,gij->ij", share, towards))
    return ((seen - mean) @ weights + prior - labels).square().sum(1).mean()


def search(options: argparse.Namespace) -> Policy:
    """The policy, from halves of the reduced set that validate each other."""
    dataset = as_dataset(options.data)
    images = dataset.train.subset(reduced(dataset.train.labels, options.images))
    mean, std = dataset.statistics()
    pipeline = Pipeline(mean, std, max(dataset.side) // 8, dataset.flip)
    generator = torch.Generator().manual_seed(options.seed)
    features = Features(pipeline.normalise(images.images.float() / 255), options.filters, generator)
    labels = one_hot(images.labels, len(dataset.classes)).float()
    every, folds = groups(dataset.channels), []
    split = halves(images.labels, options.seed)
    for train, valid in (split, split[::-1]):
        seen = features(pipeline.normalise(images.images[valid].float() / 255))
        scale = seen.std(0).clamp_min(1e-3)
        part = images.images[train], labels[train]
        learnt = moments(*part, features, pipeline, scale, every, options.draws)
        folds.append((*learnt, seen / scale, labels[valid], labels[train].mean(0)))
    logits = torch.zeros(len(every))
    logits[0] = math.log(UNCHANGED / (1 - UNCHANGED) * (len(every) - 1))
    start, ridge = logits.softmax(0), torch.tensor(math.log(0.6), requires_grad=True)
    logits.requires_grad_()
    optimiser = torch.optim.Adam([logits, ridge], LR)
    for step in range(STEPS):
        share = logits.softmax(0)
        loss = sum(validation_loss(fold, share, ridge.exp()) for fold in folds) / len(folds)
        if step % 20 == 0:
            print(f"step {step}: {loss.item():.4f}", flush=True)
        optimiser.zero_grad()
        (loss + options.kl * (share * (share / start).log()).sum()).backward()
        optimiser.step()
    shares = logits.detach().softmax(0).tolist()
    kept = (
        SubPolicy(alone(group).operations, share)
        for group, share in zip(every, shares, strict=True)
    )
    return Policy(tuple(kept), Scale("strength"), "closed form")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--filters", type=int, default=150)
    parser.add_argument("--draws", type=int, default=2, help="of each image under each group")
    parser.add_argument("--kl", type=float, default=0.005)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    started = time.perf_counter()
    policy = search(options)
    save_policy(policy, options.out)
    shares: dict[str, float] = {}
    for sub_policy in policy.sub_policies:
        (operation,) = sub_policy.operations
        name = operation.name if operation.probability else "none"
        shares[name] = shares.get(name, 0) + sub_policy.weight
    for name, share in sorted(shares.items(), key=lambda item: -item[1]):
        print(f"{name:14} {share:6.1%}")
    finish({"shares": shares, "seconds": time.perf_counter() - started}, options.json)


if __name__ == "__main__":
    main()
