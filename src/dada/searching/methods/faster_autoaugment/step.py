"""One step of the adversarial search: the critic learns, then the policy."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from dada.augment import Pipeline
from dada.models.child import Loss, per_image
from dada.searching.methods.faster_autoaugment.critic import Critic, gradient_penalty
from dada.searching.methods.faster_autoaugment.relaxed import RelaxedPolicy
from dada.searching.methods.faster_autoaugment.smooth import to_bytes
from dada.tasks import task_of


@dataclass
class Step:
    """A critic and a policy, and how both learn from a batch (Faster AutoAugment, section 3).

    With D the critic's score, x original images with labels y, and x' augmented ones of labels y',
    the critic minimises −E D(x) + E D(x') + λ · penalty + ε · loss(x, y), and the policy
    −E D(x') + ε · loss(x', y').

    Attributes:
        critic, policy: what learns.
        critic_optimiser, policy_optimiser: of their parameters.
        pipeline: what surrounds the policy. What follows it has a derivative of 1 (straight
            through) up to normalisation.
        loss: (logits, labels) to one loss per image.
        generator: CPU generator of all that is random, but for random layers.
        class_weight: ε.
        penalty_weight: λ.
    """

    critic: Critic
    policy: RelaxedPolicy
    critic_optimiser: torch.optim.Optimizer
    policy_optimiser: torch.optim.Optimizer
    pipeline: Pipeline
    loss: Loss
    generator: torch.Generator
    class_weight: float
    penalty_weight: float

    def __call__(self, images: Tensor, labels: Tensor) -> Tensor:
        """Update critic and policy once.

        Args:
            images: uint8 (B, C, H, W) on the critic's device, at least 2. The first half is
                augmented, the second is not; of an odd number the last is left out.
            labels: of the images.

        Returns:
            (5,) on the device: loss of the original images; loss and accuracy of the augmented
            ones; E D(x) − E D(x'), the distance between the two; and the gradient penalty.
        """
        half = len(images) // 2
        images = self.pipeline.before_policy(images[: 2 * half], self.generator)
        to_augment, original = images.float().div_(255).split(half)
        labels_augmented, labels_original = labels[: 2 * half].split(half)
        original = self._seen(original)

        self.critic.train()
        self.critic.learns(True)
        logits, real = self.critic(original)
        loss = per_image(self.loss, logits, labels_original).mean()
        with torch.no_grad():
            noise = self.policy.draw(half, self.generator)
            augmented = self._seen(self.policy(to_augment, noise))
        _, fake = self.critic(augmented)
        distance = real.mean() - fake.mean()
        share = torch.rand(half, generator=self.generator).to(images.device)
        penalty = gradient_penalty(lambda x: self.critic(x)[1], original, augmented, share)
        self.critic_optimiser.zero_grad()
        objective = -distance + self.penalty_weight * penalty + self.class_weight * loss
        objective.backward()
        self.critic_optimiser.step()

        self.critic.learns(False)
        noise = self.policy.draw(half, self.generator)
        logits, fake = self.critic(self._seen(self.policy(to_augment, noise)))
        moved_loss = per_image(self.loss, logits, labels_augmented).mean()
        self.policy_optimiser.zero_grad()
        (self.class_weight * moved_loss - fake.mean()).backward()
        self.policy_optimiser.step()
        self.policy.clip()
        accuracy = task_of(labels_augmented).accuracy(logits, labels_augmented).mean()
        return torch.stack([loss, moved_loss, accuracy, distance, penalty]).detach()

    def _seen(self, images: Tensor) -> Tensor:
        """What the critic sees of float images in [0, 1], with a derivative of 1 up to
        normalisation: bytes, and what follows the policy, drawn anew."""
        exact = self.pipeline.after_policy(len(images), self.generator)(to_bytes(images))
        images = images + (exact - images).detach()
        mask = self.pipeline.cutout_mask(images, self.generator)
        return self.pipeline.normalise(images) * mask
