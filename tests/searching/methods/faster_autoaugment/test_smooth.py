"""Operations with derivatives: the kernels' images, and derivatives against closed forms."""

import pytest
import torch

from dada.ops import PAPER_OPERATIONS, get
from dada.policy import Scale
from dada.searching.methods.faster_autoaugment.smooth import smooth

STRAIGHT_THROUGH = ("Solarize", "Posterize", "Cutout")


def pictures(count=3, channels=3, low=0, high=256):
    generator = torch.Generator().manual_seed(0)
    return torch.randint(low, high, (count, channels, 12, 12), generator=generator).byte()


def applied(name, images, magnitude, kind="paper"):
    """Float images after the operation at one magnitude, and that magnitude with its graph."""
    count = len(images)
    magnitude = torch.full((count,), magnitude, dtype=torch.float64, requires_grad=True)
    line = torch.tensor(Scale(kind).lines(get(name))[0], dtype=torch.float64).expand(count, 2)
    place = torch.full((count, 2), 0.4, dtype=torch.float64)
    return smooth(get(name), images, magnitude, line, place), magnitude


@pytest.mark.parametrize("name", PAPER_OPERATIONS)
def test_images_are_those_of_the_kernel(name):
    images, kind = pictures(), get(name)
    found, _ = applied(name, images.float() / 255, 0.8)
    values = torch.full((3,), kind.low + 0.8 * (kind.high - kind.low), dtype=torch.float64)
    places = (torch.full((3, 2), 0.4, dtype=torch.float64),) if kind.random_place else ()
    assert torch.equal((found.detach() * 255).round().byte(), kind.kernel(images, values, *places))


@pytest.mark.parametrize("name", STRAIGHT_THROUGH)
@pytest.mark.parametrize(("kind", "sign"), [("paper", 1), ("strength", -1)])
def test_magnitudes_straight_through(name, kind, sign):
    """Every pixel changes by 1 along the range, whose strong end is the low one but of Cutout."""
    weights = torch.randn(3, 3, 12, 12)
    found, magnitude = applied(name, pictures().float() / 255, 0.7, kind)
    (found * weights).sum().backward()
    direction = 1 if name == "Cutout" else sign
    assert torch.allclose(magnitude.grad, direction * weights.sum((1, 2, 3)).double(), atol=1e-5)


def test_the_magnitude_of_brightness():
    """The factor is 0.1 + 1.8 m: nothing is clipped here, but rounded."""
    images = pictures(low=20, high=120).float() / 255
    found, magnitude = applied("Brightness", images, 0.5)
    found.sum().backward()
    assert torch.allclose(magnitude.grad, 1.8 * images.sum((1, 2, 3)).double(), rtol=0.02)


def test_the_magnitude_of_a_translation():
    """On a ramp of 4 levels per pixel, a shift by all of the range is 0.9 · 48 pixels."""
    ramp = (4 * torch.arange(48)).byte().expand(1, 1, 48, 48)
    found, magnitude = applied("TranslateX", ramp.float() / 255, 0.5)
    found[0, 0, 24, 24].backward()
    assert magnitude.grad.item() == pytest.approx(0.9 * 48 * 4 / 255, rel=0.2)


@pytest.mark.parametrize("name", ["AutoContrast", "Invert", "Equalize"])
def test_an_operation_without_a_magnitude_has_no_derivative_in_it(name):
    found, magnitude = applied(name, pictures().float() / 255, 0.5)
    assert not found.requires_grad and magnitude.requires_grad


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Invert", -1.0), ("Brightness", 1.54), ("Posterize", 1.0), ("Cutout", 1.0)],
)
def test_the_derivative_in_the_image(name, expected):
    """Of tables their slope, where nothing is clipped; of others straight through."""
    images = (pictures(low=20, high=120).float() / 255).requires_grad_()
    found, _ = applied(name, images, 0.8)
    (slope,) = torch.autograd.grad(found.sum(), images)
    assert slope.mean().item() == pytest.approx(expected, rel=0.02)
    assert (slope - expected).abs().max() < 0.1


@pytest.mark.parametrize("name", ["ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate"])
def test_the_derivative_in_the_image_of_affine_maps_is_exact(name):
    """They are linear: <gradient of <w, A x>, y> is <w, A y>."""
    weights, other = torch.randn(3, 3, 12, 12), torch.rand(3, 3, 12, 12)
    images = torch.rand(3, 3, 12, 12, requires_grad=True)
    found, _ = applied(name, images, 0.8)
    (gradient,) = torch.autograd.grad((found * weights).sum(), images)
    moved, _ = applied(name, other, 0.8)
    expected = (moved * weights).sum().item()
    assert (gradient * other).sum().item() == pytest.approx(expected, rel=1e-4, abs=1e-4)
