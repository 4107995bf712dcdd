"""The critic's two outputs, and its penalty against closed forms."""

import torch
from torch import nn

from dada.models import create
from dada.searching.methods.faster_autoaugment.critic import Critic, gradient_penalty


def test_the_penalty_of_a_linear_critic():
    """(‖w‖ − 1)², whatever the images, and its gradient in w."""
    weight = torch.tensor([[0.6, -0.3], [1.2, 0.9]], requires_grad=True)
    first, second = torch.randn(2, 5, 2, 2)
    found = gradient_penalty(lambda x: (x * weight).sum((1, 2)), first, second, torch.rand(5))
    norm = weight.detach().norm()
    assert torch.allclose(found, (norm - 1) ** 2)
    (gradient,) = torch.autograd.grad(found, weight)
    assert torch.allclose(gradient, 2 * (norm - 1) * weight.detach() / norm)


def test_the_penalty_is_taken_between_the_images():
    """The slope of half the square of x is x."""
    first, second, share = torch.randn(4, 6), torch.randn(4, 6), torch.rand(4)
    found = gradient_penalty(lambda x: x.square().sum(1) / 2, first, second, share)
    points = share[:, None] * first + (1 - share[:, None]) * second
    assert torch.allclose(found, (points.norm(dim=1) - 1).square().mean())


def test_the_score_is_of_the_features_before_the_last_layer():
    torch.manual_seed(0)
    critic = Critic(create("proxy-4", classes=10, channels=1), 10).eval()
    images = torch.randn(3, 1, 8, 8)
    logits, scores = critic(images)
    features = critic.network.layers[:-1](images)
    assert features.shape == (3, 16) and torch.equal(logits, critic.network(images))
    assert torch.equal(scores, critic.score(features)[:, 0])


def test_a_network_without_a_last_linear_layer_is_judged_by_its_logits():
    class Means(nn.Module):
        def forward(self, images):
            return images.mean((2, 3))

    critic = Critic(Means(), 3)
    logits, scores = critic(torch.randn(2, 3, 4, 4))
    assert torch.equal(scores, critic.score(logits)[:, 0])


def test_the_penalty_reaches_through_attention():
    """In training, as fused attention has no second derivatives."""

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.project = nn.Linear(4, 3)

        def forward(self, images):
            x = images.flatten(2)
            mixed = nn.functional.scaled_dot_product_attention(x[:, None], x[:, None], x[:, None])
            return self.project(mixed.mean((1, 2)))

    critic = Critic(Attention(), 3)
    first, second = torch.randn(2, 5, 1, 2, 2)
    gradient_penalty(lambda x: critic(x)[1], first, second, torch.rand(5)).backward()
    assert critic.score[0].weight.grad.abs().sum() > 0


def test_what_is_frozen_stays_frozen():
    network = create("proxy-4", classes=10, channels=1)
    network.layers[0].weight.requires_grad_(False)
    critic = Critic(network, 10)
    critic.learns(False)
    assert not any(p.requires_grad for p in critic.parameters())
    critic.learns(True)
    frozen = [name for name, p in critic.named_parameters() if not p.requires_grad]
    assert frozen == ["network.layers.0.weight"]
