"""What the target "torchvision" writes: torch and torchvision only."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import PIL.Image
import torch
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from dada.augment.following import follow
from dada.ops.affine import affine

# Each sub-policy: its frequency relative to the others, and its operations in order. An operation:
# its name, probability, magnitude in [0, 1], and the spread of that. With L standard logistic, each
# sample gets the magnitude sigmoid(logit(magnitude) + spread * L).
SUB_POLICIES: list[tuple[float, list[tuple[str, float, float, float]]]] = [
    (1.0, [("ShearX", 0.5, 0.5, 0.0), ("Cutout", 0.5, 0.5, 1.0)]),
]

# An operation's value is offset + slope * magnitude. Either (offset, slope) is as likely: they
# differ where the direction is random. Units: see the operations below.
LINES: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "ShearX": ((-0.3, 0.6), (0.3, -0.6)),
    "Cutout": ((0.0, 0.2), (0.0, 0.2)),
}

# Operations at a random place (x, y), in fractions of both sides.
PLACED: list[str] = ["Cutout"]
# Operations that move pixels, and boxes, masks and points with them.
GEOMETRIC: list[str] = ["ShearX"]

# (a, b, c, d, e, f): the pixel (x, y) is taken from (ax + by + c, dx + ey + f).
Map = tuple[float, float, float, float, float, float]


def shear_x(value: float, width: int, height: int) -> Map:
    """Row y is taken from value * y pixels further right."""
    return 1, value, 0, 0, 1, 0


def shear_y(value: float, width: int, height: int) -> Map:
    """Column x is taken from value * x pixels further down."""
    return 1, 0, 0, value, 1, 0


def translate_x(value: float, width: int, height: int) -> Map:
    """The image moves left by the value, a fraction of its width."""
    return 1, 0, value * width, 0, 1, 0


def translate_y(value: float, width: int, height: int) -> Map:
    """The image moves up by the value, a fraction of its height."""
    return 1, 0, 0, 0, 1, value * height


def rotate(value: float, width: int, height: int) -> Map:
    """Turn counterclockwise about the centre by the value in degrees."""
    angle = -math.radians(value % 360)
    # Rounded as Pillow does, so that right angles become exact.
    cos, sin = round(math.cos(angle), 15), round(math.sin(angle), 15)
    c = cos * (-width / 2) + sin * (-height / 2) + width / 2
    f = -sin * (-width / 2) + cos * (-height / 2) + height / 2
    return cos, sin, c, -sin, cos, f


def move(image: Any, moved: Map) -> Any:
    """An image under a map: the nearest pixel, black outside."""
    if isinstance(image, PIL.Image.Image):
        return image.transform(image.size, PIL.Image.Transform.AFFINE, moved)
    pixels = image.as_subclass(torch.Tensor).reshape(1, -1, *image.shape[-2:])
    return tv_tensors.wrap(affine(pixels, steps([moved])[:, 0]).view(image.shape), like=image)


def steps(maps: list[Map]) -> torch.Tensor:
    """The maps (1, K, 6) of one image."""
    return torch.tensor(maps, dtype=torch.float64, device="cpu").view(1, -1, 6)


def auto_contrast(image: Any, value: float) -> Any:
    """Stretch each channel so that its extremes become 0 and 255."""
    return F.autocontrast(image)


def invert(image: Any, value: float) -> Any:
    """255 minus each pixel."""
    return F.invert(image)


def equalize(image: Any, value: float) -> Any:
    """Flatten each channel's histogram."""
    return F.equalize(image)


def solarize(image: Any, value: float) -> Any:
    """Invert the pixels that are not below the value, a threshold from 0 to 256."""
    return image if value > 255 else F.solarize(image, value)


def posterize(image: Any, value: float) -> Any:
    """Keep the highest int(value) bits of each pixel."""
    return F.posterize(image, min(max(int(value), 1), 8))


def contrast(image: Any, value: float) -> Any:
    """Away from, or towards, the mean grey, by a factor; 1 changes nothing."""
    return F.adjust_contrast(image, value)


def color(image: Any, value: float) -> Any:
    """Away from, or towards, the grey image, by a factor; 1 changes nothing."""
    return F.adjust_saturation(image, value)


def brightness(image: Any, value: float) -> Any:
    """Away from, or towards, black, by a factor; 1 changes nothing."""
    return F.adjust_brightness(image, value)


def sharpness(image: Any, value: float) -> Any:
    """Away from, or towards, the smoothed image, by a factor; 1 changes nothing."""
    return F.adjust_sharpness(image, value)


def cutout(image: Any, value: float, x: float, y: float) -> Any:
    """Paint over a square about (x, y), fractions of both sides; the value is one of the width."""
    height, width = F.get_size(image)
    size = value * width
    if size <= 0:
        return image
    left, top = int(max(0, x * width - size / 2)), int(max(0, y * height - size / 2))
    right, bottom = min(width, int(left + size) + 1), min(height, int(top + size) + 1)
    fill = (123,) if F.get_num_channels(image) == 1 else (125, 123, 114)  # ImageNet's mean
    colour = torch.tensor(fill, dtype=torch.uint8, device=getattr(image, "device", None))
    return F.erase(image, top, left, bottom - top, right - left, colour.view(-1, 1, 1))


OPERATIONS: dict[str, Callable[..., Any]] = {
    "ShearX": shear_x,
    "ShearY": shear_y,
    "TranslateX": translate_x,
    "TranslateY": translate_y,
    "Rotate": rotate,
    "AutoContrast": auto_contrast,
    "Invert": invert,
    "Equalize": equalize,
    "Solarize": solarize,
    "Posterize": posterize,
    "Contrast": contrast,
    "Color": color,
    "Brightness": brightness,
    "Sharpness": sharpness,
    "Cutout": cutout,
}

FOLLOWING = (tv_tensors.BoundingBoxes, tv_tensors.Mask, tv_tensors.KeyPoints)
WRAP = "wrap a mask in tv_tensors.Mask, and images that share a draw in tv_tensors.Image"


class Augment(v2.Transform):
    """Augment a sample under the policy above: an image, and boxes, masks and points with it.

    The image is a PIL image, a uint8 tensor (C, H, W), or a batch (B, C, H, W), each image of which
    gets its own draw; masks (B, ..., H, W) may come with a batch. Without other inputs, also a
    uint8 NumPy array (H, W), (H, W, C) or (B, H, W, C). The frames of a video and everything else
    in a sample share one draw. Geometric operations move boxes, masks (nearest pixel, 0 outside)
    and points; the others leave them. A box becomes the one around what is left of it in the
    image. Random numbers are of PyTorch's global CPU generator.

    Raises:
        TypeError: no such image, or an ambiguous input: a list of images, or a plain mask or array.
    """

    _transformed_types = (torch.Tensor, PIL.Image.Image)

    def __init__(self) -> None:
        super().__init__()
        self.weights = [weight for weight, _ in SUB_POLICIES]

    def forward(self, *inputs: Any) -> Any:
        """Augment a sample: an image, or any nest of tuples and dicts with one in it."""
        check_lists(inputs)
        alone = inputs[0] if len(inputs) == 1 else None
        if hasattr(alone, "__array_interface__") and not isinstance(alone, PIL.Image.Image):
            return self.of_array(alone)
        return super().forward(*inputs)

    def of_array(self, array: Any) -> Any:
        """Augment a uint8 NumPy image (H, W) or (H, W, C), or a batch (B, H, W, C)."""
        shape = tuple(array.shape)
        known = len(shape) == 2 or (len(shape) in (3, 4) and shape[-1] in (1, 3))
        if array.dtype != "uint8" or not known:
            raise TypeError(
                "expected a uint8 array (H, W), (H, W, C) or (B, H, W, C), C of 1 or 3, "
                f"got {array.dtype} {shape}"
            )
        whole = array.reshape(*shape, 1) if len(shape) == 2 else array
        images = torch.tensor(whole.copy(), device="cpu").movedim(-1, -3)  # no negative strides
        return self(images).movedim(-3, -1).contiguous().numpy().reshape(shape)

    def check_inputs(self, flat_inputs: list[Any]) -> None:
        """Refuse what would come out wrong, or would not be augmented at all."""
        kinds = (PIL.Image.Image, tv_tensors.Image, tv_tensors.Video)
        tensors = [i for i in flat_inputs if isinstance(i, torch.Tensor)]
        plain = [t for t in tensors if not isinstance(t, tv_tensors.TVTensor)]
        pictures = [i for i in flat_inputs if isinstance(i, kinds)]
        # Beside none of these torchvision takes the first plain tensor for the image.
        images, others = (pictures, plain) if pictures else (plain[:1], plain[1:])
        others = others + [i for i in flat_inputs if not isinstance(i, (torch.Tensor, *kinds))]
        if not images and not any(isinstance(i, FOLLOWING) for i in flat_inputs):
            got = ", ".join(dict.fromkeys(type(i).__name__ for i in flat_inputs)) or "nothing"
            raise TypeError(
                f"no image to augment in {got}: expected a PIL image or a uint8 tensor "
                "(C, H, W); pass a NumPy array (H, W, C) alone"
            )
        for image in images:
            check_image(image)
        if sum(isinstance(image, PIL.Image.Image) for image in images) > 1:
            raise TypeError(f"several PIL images in one sample: {WRAP}")
        sizes = [tuple(F.get_size(image)) for image in images]
        for other in others:
            shape = tuple(getattr(other, "shape", ()))
            if len(shape) >= 2 and (shape[-2:] in sizes or shape[:2] in sizes):
                raise TypeError(f"{type(other).__name__} {shape} beside an image: {WRAP}")
        for item in (t for t in tensors if isinstance(t, FOLLOWING) and sizes):
            (height, width), (rows, columns) = F.get_size(item), sizes[0]
            if (height, width) not in sizes:
                raise TypeError(
                    f"{type(item).__name__} of an image of {width} x {height} beside one of "
                    f"{columns} x {rows}: crop and resize both"
                )

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """A draw for the sample, or for each image of a batch."""
        counts = {len(i) for i in flat_inputs if is_batch(i)}
        if len(counts) > 1:
            raise TypeError(f"batches of {sorted(counts)} images in one sample")
        return {"draws": [self.draw() for _ in range(counts.pop() if counts else 1)]}

    def draw(self) -> list[Any]:
        """The operations that are applied, in order, each with its arguments."""
        weights = torch.tensor(self.weights, dtype=torch.float64, device="cpu")
        draw = []
        for name, probability, magnitude, spread in SUB_POLICIES[int(weights.multinomial(1))][1]:
            sign, do, noise, *place = torch.rand(5, dtype=torch.float64, device="cpu").tolist()
            if do < probability:
                offset, slope = LINES[name][sign < 0.5]
                value = offset + slope * random_magnitude(magnitude, spread, noise)
                draw.append((name, [value, *(place if name in PLACED else [])]))
        return draw

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """Apply the draws to an image or a batch, or move what belongs to it."""
        draws = params["draws"]
        if not is_batch(inpt) and len(draws) == 1:
            return apply(inpt, draws[0])
        of_batch = is_batch(inpt) or (isinstance(inpt, tv_tensors.Mask) and inpt.ndim > 2)
        if not of_batch or len(inpt) != len(draws):
            raise TypeError(
                f"{type(inpt).__name__} beside {len(draws)} images: pass them one by one"
            )
        each = [apply(tv_tensors.wrap(i, like=inpt), d) for i, d in zip(inpt, draws, strict=True)]
        return tv_tensors.wrap(torch.stack(each), like=inpt) if each else inpt


def apply(sample: Any, draw: list[Any]) -> Any:
    """The draw's operations on one image, or what of them concerns a box, a mask or a point."""
    height, width = F.get_size(sample)
    if not height or not width:
        return sample
    if isinstance(sample, FOLLOWING):
        maps = [OPERATIONS[n](*v, width, height) for n, v in draw if n in GEOMETRIC]
        return follow(sample, steps(maps))
    for name, arguments in draw:
        if name in GEOMETRIC:
            sample = move(sample, OPERATIONS[name](*arguments, width, height))
        else:
            sample = OPERATIONS[name](sample, *arguments)
    return sample


def is_batch(sample: Any) -> bool:
    """Whether it is a batch of images, each of which gets a draw of its own."""
    single = (PIL.Image.Image, tv_tensors.Video, *FOLLOWING)
    return not isinstance(sample, single) and sample.ndim == 4


def check_lists(sample: Any) -> None:
    """A list of images is a batch, whose images must not share a draw."""
    items = list(sample.values()) if isinstance(sample, dict) else sample
    if not isinstance(items, (list, tuple)):
        return
    count = sum(isinstance(i, (PIL.Image.Image, tv_tensors.Image)) for i in items)
    count += sum(type(i) is torch.Tensor and i.ndim >= 3 for i in items)
    if isinstance(sample, list) and count > 1:
        raise TypeError(
            f"a list of {count} images: pass them one by one, or stacked as (B, C, H, W)"
        )
    for item in items:
        check_lists(item)


def check_image(image: Any) -> None:
    """Refuse images that the operations do not know."""
    if isinstance(image, PIL.Image.Image):
        if image.mode in ("RGB", "L"):
            return
        raise TypeError(f'an image of mode {image.mode}: convert it to "RGB" or "L" first')
    shape = tuple(image.shape)
    if image.dtype != torch.uint8:
        raise TypeError(f"expected a uint8 image, got {image.dtype} {shape}")
    ranks = (4, 5) if isinstance(image, tv_tensors.Video) else (3, 4)
    if len(shape) not in ranks or shape[-3] not in (1, 3):
        hint = "; of (H, W, C), use movedim(-1, -3)" if shape[-1:] in ((1,), (3,)) else ""
        raise TypeError(f"expected (C, H, W) or (B, C, H, W), C of 1 or 3, got {shape}{hint}")


def random_magnitude(magnitude: float, spread: float, u: float) -> float:
    """A random magnitude in [0, 1], u uniform; the one given where there is no spread."""
    if not spread:
        return magnitude
    both = torch.tensor([magnitude, u], dtype=torch.float64, device="cpu")
    centre, noise = both.logit(1e-12).tolist()
    return 0.5 + 0.5 * math.tanh((centre + spread * noise) / 2)
