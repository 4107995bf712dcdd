"""The transform on a device without float64, and under another default device and type."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torchvision import tv_tensors

from dada.augment import Sampler, apply
from dada.ops import names
from dada.policy import Operation, Policy, Scale, SearchSpace, SubPolicy

UNIFORM = SearchSpace(scale=Scale("strength")).uniform()
BATCH = torch.randint(256, (40, 3, 8, 9), dtype=torch.uint8, generator=torch.manual_seed(0))


class NoFloat64(TorchDispatchMode):
    """A device without float64, as Apple's is: none may be moved there, nor come about there."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor) and leaf.device.type != "cpu":
                assert leaf.dtype != torch.float64, function
        return result


def test_the_check_finds_float64():
    with NoFloat64(), pytest.raises(AssertionError):
        torch.zeros(2, dtype=torch.float64, device="cpu").to("meta")


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("name", names())
def test_no_float64_reaches_the_device(name, channels):
    policy = Policy((SubPolicy((Operation(name, 1.0, 0.9, 1.0),)),))
    image = torch.empty(channels, 8, 9, dtype=torch.uint8, device="meta")
    mask = tv_tensors.Mask(torch.empty(5, 8, 9, dtype=torch.bool, device="meta"))
    transform = policy.transform()
    with NoFloat64():
        for given in (image, image.expand(5, channels, 8, 9)):
            result = transform(given)
            assert result.device.type == "meta" and result.shape == given.shape
        moved = transform(tv_tensors.Image(given), mask)[1]
        assert moved.device.type == "meta" and moved.shape == mask.shape


@pytest.fixture(params=["meta device", "float16", "float64"])
def other_default(request):
    try:
        if request.param == "meta device":
            torch.set_default_device("meta")
        else:
            torch.set_default_dtype(getattr(torch, request.param))
        yield
    finally:
        torch.set_default_device(None)
        torch.set_default_dtype(torch.float32)


def outcomes():
    """What a seed gives for every kind of picture, masks and boxes, and for a batch."""
    torch.default_generator.manual_seed(5)
    transform = UNIFORM.transform()
    array = BATCH[0].permute(1, 2, 0).numpy()
    box = torch.from_numpy(np.array([[1, 1, 5, 6]], np.float32))
    boxes = tv_tensors.wrap(
        box, like=tv_tensors.BoundingBoxes(box, format="XYXY", canvas_size=(8, 9), device="cpu")
    )
    for _ in range(20):
        sample = (tv_tensors.Image(BATCH[0], device="cpu"), tv_tensors.Mask(BATCH[0], device="cpu"))
        for moved in transform(*sample, boxes):
            yield moved.numpy().tobytes()
        for given in (Image.fromarray(array), array, BATCH[0], BATCH[0, :2]):
            yield np.asarray(transform(given)).tobytes()
    yield transform(BATCH).numpy().tobytes()
    yield apply(BATCH, Sampler(UNIFORM)(40)).numpy().tobytes()


EXPECTED = list(outcomes())


def test_defaults_change_no_byte(other_default):
    assert list(outcomes()) == EXPECTED
