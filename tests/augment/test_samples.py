"""What a policy's transform takes for the picture of a sample, and what it refuses."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import tv_tensors

from dada.augment import PolicyTransform
from dada.augment.convert import to_picture
from dada.policy import Operation, Policy, SubPolicy

INVERT = PolicyTransform(Policy((SubPolicy((Operation("Invert", 1.0, 0.0),)),)))
PIXELS = np.random.default_rng(0).integers(256, size=(6, 8, 3), dtype=np.uint8)
PICTURE = Image.fromarray(PIXELS)
TENSOR = torch.from_numpy(PIXELS).permute(2, 0, 1)
BATCH = np.stack([PIXELS] * 4)
READ_ONLY = PIXELS.copy()
READ_ONLY.flags.writeable = False


@dataclass
class Example:
    image: object


def plain(picture):
    return np.asarray(picture)


@pytest.mark.parametrize(
    "picture",
    [
        PICTURE,
        PICTURE.convert("L"),
        TENSOR,
        TENSOR[:1],
        TENSOR[None],
        tv_tensors.Image(TENSOR),
        PIXELS,
        PIXELS[..., 0],
        PIXELS[..., :1],
        BATCH,
        BATCH[..., :1],
        PIXELS[::-1, ::2],
        READ_ONLY,
    ],
    ids=lambda p: f"{type(p).__name__}{getattr(p, 'shape', getattr(p, 'mode', ''))}",
)
def test_every_picture_comes_back_as_it_went_in(picture):
    before = plain(picture).copy()
    for sample in (picture, {"image": picture, "label": 3}, (picture, 3), [{"a": [picture]}]):
        result = INVERT(sample)
        if sample is not picture:
            result = result["image"] if isinstance(result, dict) else result[0]
            result = result["a"][0] if isinstance(result, dict) else result
        assert type(result) is (Image.Image if isinstance(picture, Image.Image) else type(picture))
        assert np.array_equal(plain(result), 255 - before) and plain(result).shape == before.shape
        assert np.array_equal(plain(picture), before), "the picture itself is left alone"


def test_arrays_come_out_as_pictures_do():
    """The same draw gives the same bytes, whatever the picture is kept in."""
    policy = Policy((SubPolicy((Operation("Rotate", 0.8, 0.9), Operation("Color", 0.8, 0.1))),))
    transform = policy.transform()
    for seed in range(10):
        ways = []
        for way in (PICTURE, PIXELS, TENSOR, PIXELS[None]):
            torch.manual_seed(seed)
            result = plain(transform(way)).squeeze()
            ways.append(result if way is not TENSOR else result.transpose(1, 2, 0))
        assert all(np.array_equal(ways[0], way) for way in ways[1:])
    torch.manual_seed(0)
    assert len({i.tobytes() for i in transform(BATCH)}) > 1, "every image of a batch is drawn for"


@pytest.mark.parametrize(
    "beside",
    [
        3,
        "cat.jpg",
        Path("cat.jpg"),
        None,
        np.int64(3),
        np.array(3),
        np.array(["a", "b"]),
        np.zeros(10, np.float32),
        torch.tensor(3),
        torch.zeros(10),
        torch.zeros(5, 4),
        torch.zeros(2, 77, dtype=torch.int64),
    ],
    ids=repr,
)
@pytest.mark.parametrize("picture", [PICTURE, TENSOR, PIXELS], ids=["PIL", "tensor", "array"])
def test_what_is_no_picture_passes_through(picture, beside):
    result, other = INVERT(picture, beside)
    assert np.array_equal(plain(result), 255 - plain(picture)) and other is beside


def test_a_label_may_come_first():
    for label in (torch.tensor(3), np.zeros(10, np.float32), torch.zeros(10)):
        assert torch.equal(INVERT(label, TENSOR)[1], 255 - TENSOR)
    assert torch.equal(INVERT({"mask": TENSOR[0].float()[:2], "image": PICTURE})["mask"],
                       TENSOR[0].float()[:2])  # fmt: skip


def test_a_batch_s_labels_pass_through():
    hot = torch.zeros(6, 8)  # as many rows and columns as an image has
    images = TENSOR.expand(6, 3, 6, 8)
    assert INVERT(images, hot)[1] is hot


SMALL = Image.new("RGB", (3, 5))
REFUSED = {
    "a path": (str(Path("a") / "cat.jpg"), "a path 'a/cat.jpg': open the picture first"),
    "a Path": (Path("cat.jpg"), "a path 'cat.jpg'"),
    "paths": (["a.jpg", "b.jpg"], "no image in the sample (str)"),
    "bytes": (b"\x89PNG", "no image in the sample (bytes)"),
    "nothing": (None, "no image in the sample (NoneType)"),
    "an empty sample": ({}, "no image in the sample (nothing)"),
    "labels": ((3, torch.tensor(3)), "no image in the sample (int, Tensor)"),
    "pixels in lists": (PIXELS.tolist(), "no image in the sample (int)"),
    "a dataclass": (Example(PICTURE), "no image in the sample (Example)"),
    "a mask alone": (tv_tensors.Mask(TENSOR[:1]), "no image in the sample (Mask)"),
    "floats": (TENSOR / 255, "expected a uint8 image, got torch.float32 of shape (3, 6, 8)"),
    "integers": (TENSOR.long(), "got torch.int64"),
    "bools": (TENSOR > 0, "got torch.bool"),
    "a float array": (PIXELS / 255, "expected a uint8 image, got float64"),
    "a 16-bit array": (PIXELS.astype(np.uint16), "got uint16"),
    "a signed array": (PIXELS.astype(np.int64), "got int64"),
    "floats before the image": ((torch.zeros(5, 4), TENSOR), "the image before other tensors"),
    "a tensor (H, W)": (TENSOR[0], "must be (C, H, W) or (B, C, H, W)"),
    "a tensor (B, T, C, H, W)": (TENSOR[None, None], "must be (C, H, W) or (B, C, H, W)"),
    "a tensor (H, W, C)": (torch.from_numpy(PIXELS), "(6, 8, 3): its channels seem to come last"),
    "a tensor (H, W, 1)": (torch.from_numpy(PIXELS[..., :1]), "channels seem to come last"),
    "a tensor (H, W, 4)": (torch.zeros(6, 8, 4, dtype=torch.uint8), "seem to come last"),
    "a batch (B, H, W, C)": (torch.from_numpy(BATCH), "seem to come last"),
    "an Image (H, W, C)": (tv_tensors.Image(torch.from_numpy(PIXELS)), "seem to come last"),
    "an array (C, H, W)": (TENSOR.numpy(), "a NumPy image of shape (3, 6, 8)"),
    "an array (H, W, 4)": (np.zeros((6, 8, 4), np.uint8), "with 1 or 3 channels"),
    "an array (B, H, W)": (BATCH[..., 0], "a NumPy image of shape (4, 6, 8)"),
    "a mask in PIL": ((PICTURE, PICTURE.convert("L")), "2 pictures in one sample (Image and"),
    "pictures in a list": ([PICTURE, SMALL, SMALL], "3 pictures in one sample"),
    "pictures in a tuple": ((PICTURE, tv_tensors.Image(TENSOR)), "2 pictures in one sample"),
    "two Images": ([tv_tensors.Image(TENSOR)] * 2, "2 pictures in one sample"),
    "tensors in a list": ([TENSOR, TENSOR], "a plain Tensor of shape (3, 6, 8) beside"),
    "tensors of several sizes": ([TENSOR, TENSOR[:, 1:]], "of shape (3, 5, 8) beside the image"),
    "arrays in a list": ([PIXELS, PIXELS[1:]], "a plain ndarray of shape (5, 8, 3) beside"),
    "a mask in a tensor": ((PICTURE, TENSOR[0]), "wrap a mask in torchvision.tv_tensors.Mask"),
    "a float mask": ((PICTURE, TENSOR[:1].float()), "wrap a mask in torchvision.tv_tensors.Mask"),
    "a mask in an array": ({"image": PIXELS, "mask": PIXELS[..., 0] > 9}, "wrap a mask in"),
    "masks of a batch": ((TENSOR[None], TENSOR[None, :1] > 9), "wrap a mask in"),
    "a smaller mask": (
        (TENSOR, tv_tensors.Mask(TENSOR[:1, ::2, ::2])),
        "Mask of an image of 4 × 3 pixels beside one of 8 × 6: crop and resize both",
    ),
    "boxes of the whole picture": (
        (PICTURE, tv_tensors.BoundingBoxes([[1, 2, 3, 4]], format="XYXY", canvas_size=(12, 16))),
        "BoundingBoxes of an image of 16 × 12 pixels beside one of",
    ),
    "points of another array": (
        {"points": tv_tensors.KeyPoints([[1, 2]], canvas_size=(8, 6)), "image": PIXELS},
        "KeyPoints of an image of 6 × 8 pixels beside one of 8 × 6",
    ),
} | {mode: (Image.new(mode, (4, 4)), f"mode {mode}: convert it to")
     for mode in ("P", "RGBA", "I;16", "1", "CMYK", "LA", "F", "I", "YCbCr", "HSV")}  # fmt: skip


@pytest.mark.parametrize(("sample", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_would_be_wrong_in_silence_is_refused_in_one_line(sample, reason):
    with pytest.raises(TypeError) as error:
        INVERT(sample)
    assert reason in str(error.value) and "\n" not in str(error.value)


def empty(*shape):
    return torch.zeros(shape, dtype=torch.uint8)


@pytest.mark.parametrize("size", [(0, 0), (0, 5), (5, 0), (1, 1), (1, 5)])
@pytest.mark.parametrize("name", ["Rotate", "Equalize", "AutoContrast", "Contrast", "Cutout"])
def test_tiny_and_empty_images_in_every_form(name, size):
    transform = Policy((SubPolicy((Operation(name, 1.0, 0.9), Operation("ShearX", 1.0, 0.9))),))
    transform = transform.transform()
    H, W = size
    mask = tv_tensors.Mask(empty(1, H, W))
    for shape in ((3, H, W), (1, H, W), (2, H, W), (0, 3, H, W), (2, 3, H, W), (2, 1, H, W)):
        image = empty(*shape)
        assert transform(image).shape == image.shape and transform(image).dtype == torch.uint8
        masks = tv_tensors.Mask(empty(shape[0], H, W)) if len(shape) == 4 else mask
        assert transform(tv_tensors.Image(image), masks)[1].shape == masks.shape
    for array in (np.zeros((H, W), np.uint8), np.zeros((H, W, 3), np.uint8)):
        assert transform(array).shape == array.shape
    for mode in ("RGB", "L"):
        assert transform(Image.new(mode, (W, H))).size == (W, H)
    if H and W:
        assert transform(to_picture(empty(3, H, W))).size == (W, H)
