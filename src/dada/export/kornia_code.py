"""The part of a file for kornia that is the same for every policy."""

IMPORTS = """
import kornia.augmentation as K
import torch
from kornia.augmentation.random_generator import RandomGeneratorBase
from kornia.constants import DataKey, Resample
from torch import Tensor

# For each sub-policy its chance, and for each of its operations name, probability and values, which
# are equally likely.
POLICY = [
"""

CODE = '''

def shear(v, width, height, axis):
    """A slope about the image's corner; kornia counts from the middle of the first pixel."""
    angle, zero = torch.rad2deg(torch.atan(v)), torch.zeros_like(v)
    x, y = (angle, zero) if axis == "x" else (zero, angle)
    return {"shear_x": x, "shear_y": y, "center": v.new_full((len(v), 2), -0.5)}


def translate(v, width, height, axis):
    """A fraction of the side towards the left or the top, in whole pixels."""
    pixels, zero = -torch.floor(v * (width if axis == "x" else height) + 0.5), torch.zeros_like(v)
    x, y = (pixels, zero) if axis == "x" else (zero, pixels)
    return {"translate_x": x, "translate_y": y}


def rotate(v, width, height):
    """Degrees counterclockwise."""
    return {"degrees": v}


def solarize(v, width, height):
    """A threshold of 256 levels, set between two of them so that no rounding matters."""
    return {"thresholds": (torch.ceil(v) - 0.5) / 255, "additions": torch.zeros_like(v)}


def posterize(v, width, height):
    """How many bits are kept."""
    return {"bits_factor": v.long().clamp(1, 8)}


def jitter(v, width, height, factor):
    """A factor of kornia's ColorJitter, which blends as Pillow does; the others stay at 1."""
    names = ("brightness_factor", "contrast_factor", "saturation_factor")
    same = {name: torch.ones_like(v) for name in names}
    order = torch.arange(4, device="cpu")
    return {**same, "hue_factor": torch.zeros_like(v), "order": order, factor: v}


def sharpen(v, width, height):
    """A factor: 0 smooths, 1 changes nothing."""
    return {"sharpness": v}


def cut_out(v, width, height):
    """A square at a random place, its side a fraction of the width, cut off at the borders."""
    side = v * width
    x, y = (torch.rand_like(v) * extent - side / 2 for extent in (width, height))
    length = torch.where(side > 0, side.floor() + 1, 0.0)
    corner = {"xs": x.clamp(min=0).floor(), "ys": y.clamp(min=0).floor()}
    return {**corner, "widths": length, "heights": length, "values": torch.full_like(v, 121 / 255)}


class Cutout(K.RandomErasing):
    """Hides what it covers, and leaves masks as they are."""

    def apply_transform_mask(self, input, params, flags, transform=None):
        return input


class Sharpness(K.RandomSharpness):
    """Images of fewer than three pixels across have no inside to sharpen, and stay."""

    def apply_transform(self, input, params, flags, transform=None):
        if min(input.shape[-2:]) < 3:
            return input
        return super().apply_transform(input, params, flags, transform)


# Each operation in kornia, and how its values (float64) become kornia's parameters.
OPERATIONS = {
    "ShearX": (lambda p: K.RandomShear(0.0, "nearest", align_corners=True, p=p), shear, "x"),
    "ShearY": (lambda p: K.RandomShear(0.0, "nearest", align_corners=True, p=p), shear, "y"),
    "TranslateX": (
        lambda p: K.RandomTranslate((0.0, 0.0), None, "nearest", align_corners=True, p=p),
        translate,
        "x",
    ),
    "TranslateY": (
        lambda p: K.RandomTranslate(None, (0.0, 0.0), "nearest", align_corners=True, p=p),
        translate,
        "y",
    ),
    "Rotate": (lambda p: K.RandomRotation(0.0, "nearest", p=p), rotate),
    "AutoContrast": (lambda p: K.RandomAutoContrast(p=p), None),
    "Invert": (lambda p: K.RandomInvert(p=p), None),
    "Equalize": (lambda p: K.RandomEqualize(p=p), None),
    "Solarize": (lambda p: K.RandomSolarize(0.5, 0.0, p=p), solarize),
    "Posterize": (lambda p: K.RandomPosterize(8, p=p), posterize),
    "Contrast": (lambda p: K.ColorJitter(p=p), jitter, "contrast_factor"),
    "Color": (lambda p: K.ColorJitter(p=p), jitter, "saturation_factor"),
    "Brightness": (lambda p: K.ColorJitter(p=p), jitter, "brightness_factor"),
    "Sharpness": (lambda p: Sharpness(1.0, p=p), sharpen),
    "Cutout": (lambda p: Cutout(p=p), cut_out),
}


class Values(RandomGeneratorBase):
    """Draws each image's value, as kornia's parameters."""

    def __init__(self, values, in_kornia, *about):
        super().__init__()
        self.values, self.in_kornia, self.about = values, in_kornia, about

    def make_samplers(self, device, dtype):
        """Nothing: the parameters are drawn on the CPU, and kornia moves them to the images."""

    def forward(self, batch_shape, same_on_batch=False):
        values = torch.tensor(self.values, dtype=torch.float64, device="cpu")
        drawn = values[torch.randint(len(values), (batch_shape[0],), device="cpu")]
        parameters = self.in_kornia(drawn, batch_shape[-1], batch_shape[-2], *self.about)
        return {k: x.float() if x.is_floating_point() else x for k, x in parameters.items()}


def operation(name, probability, values):
    """One of kornia's augmentations at the policy's values."""
    augmentation, in_kornia, *about = OPERATIONS[name]
    made = augmentation(probability)
    if in_kornia is not None:
        made._param_generator = Values(values, in_kornia, *about)
    return made


# Masks take the pixels that images take.
AS_IMAGES = {DataKey.MASK: {"resample": Resample.NEAREST, "align_corners": True}}


def maps(operations):
    """How the operations moved the last images: (B, K, 6) as for move_boxes."""
    half = torch.eye(3, dtype=torch.float64, device="cpu")
    half[:2, 2] = 0.5  # kornia counts from the middle of the first pixel
    matrices = [
        half @ o.transform_matrix.detach().cpu().double() @ half.inverse()
        for o in operations
        if isinstance(o, K.GeometricAugmentationBase2D)
    ]
    return [matrix.inverse()[:, :2].flatten(1) for matrix in matrices]


def moved(boxes, maps, size):
    """Boxes (B, N, 4) after the maps."""
    if not maps:
        return boxes
    steps = torch.stack(maps, 1)
    around, left = move_boxes(boxes.detach().cpu().double(), steps, size)
    sides = around[..., 2:] - around[..., :2]
    kept = (left >= LEAST_LEFT) & (sides >= LEAST_SIDE).all(-1)
    around = torch.where(kept[..., None], around, 0.0).to(boxes.device, boxes.dtype)
    still = (steps == steps.new_tensor(IDENTITY)).flatten(1).all(1).to(boxes.device)
    return torch.where(still[:, None, None], boxes, around)


def under(sub_policy, images, masks, boxes):
    """Images under one sub-policy, then masks and boxes if there are any."""
    if masks is None:
        found = [images]
        for each in sub_policy.children():
            found = [each(found[0])]
    else:
        layers = masks.reshape(len(masks), -1, *images.shape[-2:]).to(images.dtype)
        image, layers = sub_policy(images, layers, data_keys=["input", "mask"])
        found = [image, layers.reshape(masks.shape)]
    if boxes is not None:
        found.append(moved(boxes, maps(sub_policy.children()), images.shape[-2:]))
    return found


class Augment(torch.nn.Module):
    """Every image of a batch under a sub-policy of its own; the CPU's global generator draws."""

    def __init__(self):
        super().__init__()
        self.chances = [chance for chance, _ in POLICY]
        self.sub_policies = torch.nn.ModuleList(
            K.AugmentationSequential(*[operation(*o) for o in operations], extra_args=AS_IMAGES)
            for _, operations in POLICY
        )

    def forward(self, images, masks=None, boxes=None):
        """Augment images, and what belongs to them; what is given stays as it is.

        Args:
            images: float (B, C, H, W) or (C, H, W) in [0, 1], C of 1 or 3.
            masks: (B, H, W) or (B, L, H, W) of any type, without B for a single image. They take
                the nearest pixel, and 0 outside.
            boxes: float (B, N, 4), rows (x0, y0, x1, y1) in pixels, without B for a single image.
                A moved box is the one around what is left of it in the image. If that is less than
                LEAST_LEFT of its area or LEAST_SIDE pixels across, the row becomes zeros.

        Returns:
            The images alone, or a tuple of all that was given.

        Raises:
            TypeError: something else, such as bytes, normalised images or (H, W, C).
        """
        check(images, masks, boxes)
        given = [x for x in (images, masks, boxes) if x is not None]
        if images.ndim == 3:
            one = [None if x is None else x[None] for x in (images, masks, boxes)]
            found = self(*one)
            return found[0] if len(given) == 1 else tuple(x[0] for x in found)
        found = [x.clone() for x in given]
        if images.numel():
            chances = torch.tensor(self.chances, dtype=torch.float64, device="cpu")
            chosen = torch.multinomial(chances, len(images), replacement=True)
            for index in chosen.unique().tolist():
                rows = (chosen == index).to(images.device)
                part = [None if x is None else x[rows] for x in (images, masks, boxes)]
                changed = under(self.sub_policies[index], *part)
                for whole, new in zip(found, changed, strict=True):
                    whole[rows] = new.to(whole.dtype)
        return found[0] if len(found) == 1 else tuple(found)


def check(images, masks, boxes):
    """Refuse what would come out wrong."""
    wanted = "float images (B, C, H, W) or (C, H, W) in [0, 1], C of 1 or 3"
    if not isinstance(images, torch.Tensor):
        raise TypeError(f"expected {wanted}, got {type(images).__name__}")
    shape = tuple(images.shape)
    if not images.is_floating_point() or len(shape) not in (3, 4) or shape[-3] not in (1, 3):
        raise TypeError(f"expected {wanted}, got {images.dtype} {shape}")
    count = shape[:-3]
    if masks is not None:
        of = tuple(masks.shape)
        many = len(of) - len(count)
        if of[: len(count)] != count or of[-2:] != shape[-2:] or many not in (2, 3):
            raise TypeError(f"masks {of} beside images {shape}: must be (B, H, W) or (B, L, H, W)")
    if boxes is not None:
        of = tuple(boxes.shape)
        if of[:-2] != count or of[-1:] != (4,) or not boxes.is_floating_point():
            raise TypeError(
                f"boxes {boxes.dtype} {of} beside images {shape}: must be float (B, N, 4)"
            )
    if images.numel():
        low, high = torch.stack(images.detach().aminmax()).tolist()
        if not -0.01 <= low <= high <= 1.01:
            raise TypeError(f"expected {wanted}, got values from {low:.3g} to {high:.3g}")


augment = Augment()
'''
