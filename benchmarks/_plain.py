"""A step of the paper's search, written plainly: what a careful reader would write first.

Float32, contiguous images, one draw per batch, operations in a Pillow loop, the look-ahead in a
copy of the model, rewards by a finite difference, the training gradient computed twice, as in the
published scripts. Its estimates are unbiased: only the bits that were used enter the score.
"""

import copy

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchmarks._pillow import changed, picture, pixels
from dada.augment import Pipeline
from dada.models import create
from dada.ops import get
from dada.policy import Scale, SearchSpace


class PlainSearch:
    """A network and a policy that step together.

    Args:
        model: name of the child network.
        images: uint8 (N, 3, H, W), training images, on the CPU.
        labels: int64 (N,).
        batch: images per step.
        device: where the network runs.
    """

    def __init__(
        self, model: str, images: Tensor, labels: Tensor, batch: int, device: torch.device
    ) -> None:
        self.images, self.labels, self.batch, self.device = images, labels, batch, device
        self.space, self.scale = SearchSpace(), Scale("paper")
        size = len(self.space.sub_policies)
        self.model = create(model, int(labels.max()) + 1, 3).to(device)
        self.sgd = torch.optim.SGD(self.model.parameters(), 0.1, 0.9, weight_decay=2e-4)
        self.selection = nn.Parameter(torch.full((size,), 1e-3))
        self.probability = nn.Parameter(torch.full((size, 2), 0.5))
        self.magnitude = nn.Parameter(torch.full((size, 2), 0.5))
        self.adam = torch.optim.Adam(
            [self.selection, self.probability, self.magnitude], 0.005, (0.5, 0.999)
        )
        mean, std = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)
        self.pipeline = Pipeline(mean, std, padding=4, flip=True, cutout=16)
        self.generator = torch.Generator().manual_seed(0)

    def step(self) -> None:
        """One step on random images."""
        order = torch.randperm(len(self.images), generator=self.generator)
        train, valid = order[: self.batch], order[self.batch : 2 * self.batch]
        chosen = int(torch.distributions.Categorical(logits=self.selection).sample())
        bits = torch.rand(2) < self.probability[chosen].detach()
        images = self.augment(self.images[train], chosen, bits).to(self.device)
        labels = self.labels[train].to(self.device)

        ahead = self.look_ahead(images, labels)
        seen = self.pipeline.normalise(self.images[valid]).to(self.device)
        loss = cross_entropy(ahead(seen), self.labels[valid].to(self.device))
        direction = torch.autograd.grad(loss, list(ahead.parameters()))
        self.update_policy(chosen, bits, images, labels, direction)

        self.sgd.zero_grad()
        cross_entropy(self.model(images), labels).backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.sgd.step()

    def augment(self, images: Tensor, chosen: int, bits: Tensor) -> Tensor:
        """Crop, flip, the sub-policy image by image in Pillow, normalise, Cutout."""
        cropped = self.pipeline.crop_and_flip(images, self.generator)
        results = []
        for image in cropped:
            result = picture(image)
            for k, name in enumerate(self.space.sub_policies[chosen]):
                if not bits[k]:
                    continue
                values = self.scale.values(get(name), self.magnitude[chosen, k].item())
                sign, x, y = np.random.randint(2), *np.random.rand(2)
                result = changed(result, name, values[sign], (x, y))
            results.append(pixels(result))
        mask = self.pipeline.cutout_mask(cropped, self.generator)
        return self.pipeline.normalise(torch.stack(results)) * mask

    def look_ahead(self, images: Tensor, labels: Tensor) -> nn.Module:
        """A copy of the network after the optimiser's next step."""
        parameters = list(self.model.parameters())
        loss = cross_entropy(self.model(images), labels)
        gradient = torch.autograd.grad(loss, parameters)
        ahead = copy.deepcopy(self.model)
        with torch.no_grad():
            for new, p, g in zip(ahead.parameters(), parameters, gradient, strict=True):
                buffer = self.sgd.state.get(p, {}).get("momentum_buffer", torch.zeros_like(p))
                new.sub_(0.1 * (g + 2e-4 * p + 0.9 * buffer))
        return ahead

    def update_policy(
        self,
        chosen: int,
        bits: Tensor,
        images: Tensor,
        labels: Tensor,
        direction: tuple[Tensor, ...],
    ) -> None:
        """REINFORCE on the batch's finite-difference reward; straight-through magnitudes."""
        epsilon = 0.01 / torch.cat([d.flatten() for d in direction]).norm()
        sides = []
        for sign in (1.0, -1.0):
            moved = copy.deepcopy(self.model)
            with torch.no_grad():
                for p, d in zip(moved.parameters(), direction, strict=True):
                    p.add_(sign * epsilon * d)
            shift = torch.zeros((), device=self.device, requires_grad=True)
            loss = cross_entropy(moved(images + shift), labels)
            sides.append((loss.item(), torch.autograd.grad(loss, shift)[0].item()))
        reward, slope = ((a - b) / (2 * epsilon.item()) for a, b in zip(*sides, strict=True))
        log_p = self.selection.log_softmax(0)[chosen]
        log_p = (
            log_p
            + torch.distributions.Bernoulli(self.probability[chosen]).log_prob(bits.float()).sum()
        )
        magnitude = (self.magnitude[chosen] * bits).sum()
        self.adam.zero_grad()
        (-0.1 * (reward * log_p + slope * magnitude)).backward()
        self.adam.step()
        with torch.no_grad():
            for p in (self.probability, self.magnitude):
                p.clamp_(1e-3, 1 - 1e-3)
