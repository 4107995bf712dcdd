import numpy as np
import pytest
import torch
from PIL import Image

from dada.datasets import from_torch
from dada.errors import UserError

RGB = np.random.default_rng(0).integers(0, 256, (10, 12, 3), dtype=np.uint8)


def chw(pixels):
    return torch.from_numpy(pixels.transpose(2, 0, 1).copy())


@pytest.mark.parametrize(
    "picture",
    [
        Image.fromarray(RGB),
        chw(RGB),
        chw(RGB).float() / 255,
        chw(RGB).double() / 255,
        (chw(RGB).float() / 255 * 1.0000002 - 1e-7),
        RGB,
        RGB / 255,
    ],
    ids=["pil", "uint8", "float32", "float64", "rounded", "array", "float array"],
)
@pytest.mark.parametrize("label", [1, np.int64(1), torch.tensor(1), np.array(1)])
def test_pictures_and_labels_of_every_kind(picture, label):
    images = from_torch([(picture, label), (picture, 0)])
    assert torch.equal(images.images, torch.stack([chw(RGB)] * 2))
    assert images.labels.tolist() == [1, 0]


def test_grey_pictures_are_one_channel():
    grey = torch.arange(80, dtype=torch.uint8).view(8, 10)
    images = from_torch([(grey, 0), (grey[None], 1), (Image.fromarray(grey.numpy()), 2)])
    assert torch.equal(images.images, grey.expand(3, 1, 8, 10))


def test_grey_among_rgb_is_repeated():
    images = from_torch([(Image.fromarray(RGB), 0), (Image.fromarray(RGB[..., 0]), 1)])
    assert torch.equal(images.images[1], chw(RGB[..., :1]).expand(3, 10, 12))


def test_many_channels_stay_apart_whatever_their_sizes():
    pictures = [torch.randint(256, (5, 40 + i, 50), dtype=torch.uint8) for i in range(3)]
    images = from_torch([(picture, 0) for picture in pictures]).images
    assert images.shape == (3, 5, 32, 32)
    rgb = from_torch([(picture[:3], 0) for picture in pictures]).images
    assert torch.equal(images[:, :3], rgb)


def test_mixed_sizes_are_brought_to_one():
    pictures = [(Image.new("RGB", size), 0) for size in ((60, 70), (90, 80), (200, 300))]
    assert from_torch(pictures).images.shape == (3, 3, 64, 64)
    assert from_torch(pictures, side=20).images.shape == (3, 3, 20, 20)


class Endless:
    def __iter__(self):
        return iter([(Image.new("L", (8, 8)), 0)])


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        ([], "mine: has no items"),
        (Endless(), "mine: has no length: a map-style dataset is needed"),
        ([3], r"mine, item 0: is a int: must be a pair"),
        ([("a.png", 0)], "picture is a str: must be a PIL image, a tensor or an array"),
        (
            [(RGB.transpose(2, 0, 1)[:, :2], 0)],
            r"an array \(3, 2, 12\): .* \(C, H, W\) as a tensor",
        ),
        ([(np.zeros((2, 8, 8, 3)), 0)], r"picture is float64 \(2, 8, 8, 3\)"),
        ([(np.array(["a"]), 0)], "picture is <U1"),
        ([(chw(RGB).float(), 0)], "picture is 0 to 255: must be in .*; divide by 255"),
        ([(chw(RGB), 10**30)], "label is 1000000"),
        ([(torch.zeros(8, 8, 3), 0)], r"picture is \(8, 8, 3\): must be \(H, W\)"),
        (
            [(torch.zeros(4, 8, 8), 0), (chw(RGB), 0)],
            "mine: pictures of 3, 4 channels: must match; only grey",
        ),
        ([(torch.zeros(3, 8, 8).int(), 0)], "picture is torch.int32: must be uint8"),
        ([(torch.zeros(3, 8, 8) - 1, 0)], "picture is -1 to -1: .* remove Normalize from"),
        ([(torch.zeros(3, 8, 8) * torch.nan, 0)], "picture is nan to nan"),
        ([(Image.new("F", (8, 8)), 0)], "cannot be used: floating-point pixels"),
        ([(chw(RGB), 0), (chw(RGB), "cat")], "mine, item 1: label is 'cat': must be an integer"),
        ([(chw(RGB), -1)], "label is -1"),
        ([(chw(RGB), 0.5)], "label is 0.5"),
        ([(chw(RGB), True)], "label is True"),
        ([(chw(RGB), torch.tensor([0, 2]))], r"label is tensor\(\[0, 2\]\)"),
    ],
)
def test_what_cannot_be_used_is_named(dataset, message):
    with pytest.raises(UserError, match=message):
        from_torch(dataset, name="mine")


def test_several_labels_a_picture():
    picture = chw(RGB)
    images = from_torch([(picture, [1, 0, 1]), (picture, np.array([0, 0, 1]))])
    assert images.labels.dtype == torch.float32
    assert images.labels.tolist() == [[1, 0, 1], [0, 0, 1]]
    with pytest.raises(UserError, match="different lengths"):
        from_torch([(picture, [1, 0]), (picture, [1, 0, 1])])
    with pytest.raises(UserError, match="a list of 0 and 1"):
        from_torch([(picture, [1, 2])])
