"""Networks that draw at random under everything that a search or a training asks of a child."""

from functools import partial

import pytest
import torch
from torch.func import jvp
from torch.nn.functional import cross_entropy
from torchvision.models.resnet import Bottleneck, ResNet

from dada.models import create
from dada.models.child import Child

CROSS_ENTROPY = partial(cross_entropy, reduction="none")
NAMES = ["wrn-10-1", "shake-shake-8-2x4d", "pyramidnet-11-8", "bottlenecks"]
IMAGES = torch.randn(8, 3, 16, 16, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(8) % 4


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def child_of(name, precision=torch.float32, weights=torch.float32):
    torch.manual_seed(0)
    if name == "bottlenecks":  # ResNet-200's blocks
        network = ResNet(Bottleneck, [2, 1, 1, 1], num_classes=4, width_per_group=8)
    else:
        network = create(name, classes=4)
    return Child(network.to(weights), torch.device("cpu"), precision, CROSS_ENTROPY)


def weights_of(child):
    return {key: p.detach() for key, p in child.parameters.items()}


def direction_of(child):
    generator = torch.Generator().manual_seed(1)
    return {
        key: torch.randn(p.shape, generator=generator).to(p) / p[0].numel() ** 0.5
        for key, p in child.parameters.items()
    }


def derivative(child, reverse, images=IMAGES):
    """(B,) losses and their derivatives in a direction, at the draws of seed 2."""
    images = images.to(next(iter(child.parameters.values())))
    torch.manual_seed(2)
    return jvp(
        lambda w: child.losses(w, images, LABELS, reverse=reverse),
        (weights_of(child),),
        (direction_of(child),),
    )


def both_modes_agree(name):
    """In float64, where no activation is so near zero that rounding decides on its derivative."""
    child = child_of(name, weights=torch.float64)
    losses, tangents = derivative(child, reverse=True)
    torch.testing.assert_close(derivative(child, reverse=False), (losses, tangents))
    for weights in (None, weights_of(child)):
        torch.manual_seed(2)
        loss, gradient = child.gradient(IMAGES.double(), LABELS, weights)[:2]
        torch.testing.assert_close(loss, losses.mean())
        inner = sum((gradient[key] * v).sum() for key, v in direction_of(child).items())
        torch.testing.assert_close(inner.float(), tangents.mean())
        assert all(g.isfinite().all() and g.any() for g in gradient.values())


def test_forward_mode_is_the_gradient_in_a_direction(name):
    """Both take the derivative of β, and both ways of forward mode draw the same."""
    both_modes_agree(name)


def test_reverse_mode_over_forward_mode(name):
    child, images = child_of(name), IMAGES.clone().requires_grad_()
    tangents = derivative(child, reverse=True, images=images)[1]
    (gradient,) = torch.autograd.grad(tangents.sum(), images)
    assert gradient.isfinite().all() and gradient.flatten(1).any(1).all()


@pytest.mark.parametrize("name", NAMES[:3])  # the last one normalises over 8 values at this size
@pytest.mark.parametrize("reverse", [True, False])
def test_bfloat16_follows_float32(name, reverse):
    exact_losses, exact = derivative(child_of(name), reverse)
    child = child_of(name, torch.bfloat16)
    losses, tangents = derivative(child, reverse)
    torch.testing.assert_close(losses, exact_losses, rtol=0.1, atol=0.1)
    assert torch.corrcoef(torch.stack([tangents, exact]))[0, 1] > 0.98
    torch.manual_seed(2)
    loss, gradient = child.gradient(IMAGES, LABELS)[:2]
    torch.testing.assert_close(loss, exact_losses.mean(), rtol=0.1, atol=0.1)
    assert all(g.dtype == torch.float32 and g.isfinite().all() for g in gradient.values())


def test_losses_write_to_no_buffer(name):
    child = child_of(name)
    before = {key: buffer.clone() for key, buffer in child.model.named_buffers()}
    derivative(child, reverse=True)
    assert all(torch.equal(before[key], b) for key, b in child.model.named_buffers())


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_evaluation_is_deterministic(name, precision):
    child = child_of(name, precision)
    child.gradient(IMAGES, LABELS)  # running statistics away from 0 and 1
    logits = child.logits(IMAGES)
    assert logits.dtype == torch.float32 and torch.equal(logits, child.logits(IMAGES))
    if precision == torch.float32:
        with torch.no_grad():
            torch.testing.assert_close(logits, child.model.eval()(IMAGES))


def test_a_network_of_timms_keeps_its_activations():
    """Its batch normalisation has the activation in it, which a child must not replace."""
    pytest.importorskip("timm")
    both_modes_agree("timm:mobilenetv3_small_050")
