"""The part of a file for DALI that is the same for every policy."""

IMPORTS = """
from functools import partial

import numpy as np
from nvidia.dali import fn, math, types
from nvidia.dali.auto_aug.auto_augment import apply_auto_augment
from nvidia.dali.auto_aug.core import Policy, augmentation
from nvidia.dali.pipeline import do_not_convert

BINS = 101

# DALI draws evenly. So for each sub-policy: how many times it is in the list that DALI draws from,
# and for each of its operations name, probability and magnitude in hundredths.
"""

CODE = '''

def value(name, magnitude):
    """The real value of a magnitude, whose sign is the random one: even 0 and -0 differ."""
    # What calls this is not converted by DALI: it is plain NumPy, and there are 202 values.
    offset, slope = LINES[name][int(np.signbit(magnitude))]
    return offset + slope * round(abs(float(magnitude)), 2)


@do_not_convert
def number(name, magnitude):
    return np.float32(value(name, magnitude))


@do_not_convert
def slope_x(name, magnitude):
    return np.float32([[1, value(name, magnitude), 0], [0, 1, 0]])


@do_not_convert
def slope_y(name, magnitude):
    return np.float32([[1, 0, 0], [value(name, magnitude), 1, 0]])


@do_not_convert
def mask(name, magnitude):
    """The highest bits."""
    bits = min(max(int(value(name, magnitude)), 1), 8)
    return np.uint8(256 - 2 ** (8 - bits))


def warp(images, matrix):
    """Nearest neighbour, black outside; the matrix sends a pixel to where it comes from."""
    nearest = types.INTERP_NN
    return fn.warp_affine(
        images, matrix=matrix, inverse_map=True, fill_value=0, interp_type=nearest
    )


def height_width(images):
    return fn.cast(images.shape()[:2], dtype=types.FLOAT)


def truncated(levels):
    """Bytes, as Pillow makes them of fractions."""
    return fn.cast(math.floor(levels), dtype=types.UINT8)


def blend(degenerate, images, factor):
    return truncated(degenerate + (images - degenerate) * factor)


def grey(images):
    """Pillow's luma in float."""
    weights = types.Constant(np.float32([19595, 38470, 7471]) / 65536)
    return math.floor(fn.reductions.sum(images * weights, axes=[2], keep_dims=True) + 0.5)


def translate_x(images, fraction):
    offset = fn.stack(fraction * height_width(images)[1], 0.0 * fraction)
    return warp(images, fn.transforms.translation(offset=offset))


def translate_y(images, fraction):
    offset = fn.stack(0.0 * fraction, fraction * height_width(images)[0])
    return warp(images, fn.transforms.translation(offset=offset))


def rotate(images, degrees):
    size = height_width(images)
    centre = fn.stack(size[1] / 2, size[0] / 2)
    return warp(images, fn.transforms.rotation(angle=degrees, center=centre))


def auto_contrast(images, _):
    low, high = (
        fn.cast(f(images, axes=[0, 1], keep_dims=True), dtype=types.FLOAT64)
        for f in (fn.reductions.min, fn.reductions.max)
    )
    flat = fn.cast(high == low, dtype=types.FLOAT64)  # a channel of one level stays
    scale = (255 * (1 - flat) + flat) / (high - low + flat)
    return truncated(images * scale - low * scale * (1 - flat))


def invert(images, _):
    return types.Constant(255, dtype=types.UINT8) - images


def equalize(images, _):
    return (fn.equalize if hasattr(fn, "equalize") else fn.experimental.equalize)(images)


def solarize(images, threshold):
    below = images < threshold
    return below * images + (below ^ True) * (types.Constant(255, dtype=types.UINT8) - images)


def posterize(images, bits):
    return images & bits


def contrast(images, factor):
    mean = math.floor(fn.reductions.mean(grey(images), axes=[0, 1], keep_dims=True) + 0.5)
    return blend(mean, images, factor)


def color(images, factor):
    return blend(grey(images), images, factor)


def brightness(images, factor):
    return truncated(images * factor)


def sharpness(images, factor):
    """Away from, or towards, Pillow's SMOOTH filter; the outermost pixels stay."""
    levels = fn.cast(images, dtype=types.FLOAT)
    inner = levels[1:-1, 1:-1]
    rows = levels[:-2] + levels[1:-1] + levels[2:]
    box = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:] + 4 * inner
    sharper = blend(math.floor(box * np.float32(1 / 13) + 0.5), inner, factor)
    change = fn.slice(
        fn.cast(sharper, dtype=types.FLOAT) - inner,
        start=[-1, -1],
        shape=fn.cast(images.shape()[:2], dtype=types.INT32),
        axes=[0, 1],
        out_of_bounds_policy="pad",
        fill_values=0,
    )
    return fn.cast(levels + change, dtype=types.UINT8)


def cutout(images, fraction):
    """A square at a random place, its side a fraction of the width."""
    size = height_width(images)
    side = fraction * size[1]
    corner = math.floor(math.max(fn.random.uniform(range=[0, 1], shape=2) * size - side / 2, 0.0))
    length = (math.floor(side) + 1) * fn.cast(side > 0, dtype=types.FLOAT)
    return fn.erase(
        images,
        anchor=corner,
        shape=fn.stack(length, length),
        axes=[0, 1],
        fill_value=[125, 123, 114],
    )


def identity(images, _):
    return images


# Each operation: what it does, what a magnitude becomes for it, and the device that needs it.
OPERATIONS = {
    "ShearX": (warp, slope_x, "cpu"),
    "ShearY": (warp, slope_y, "cpu"),
    "TranslateX": (translate_x, number, "cpu"),
    "TranslateY": (translate_y, number, "cpu"),
    "Rotate": (rotate, number, "cpu"),
    "AutoContrast": (auto_contrast,),
    "Invert": (invert,),
    "Equalize": (equalize,),
    "Solarize": (solarize, number, "auto"),
    "Posterize": (posterize, mask, "auto"),
    "Contrast": (contrast, number, "auto"),
    "Color": (color, number, "auto"),
    "Brightness": (brightness, number, "auto"),
    "Sharpness": (sharpness, number, "auto"),
    "Cutout": (cutout, number, "cpu"),
    "Identity": (identity,),
}


def named(name):
    """The operation as DALI's augmentation."""
    function, *parameter = OPERATIONS[name]
    if not parameter:
        return augmentation(function, name=name)
    convert, device = parameter
    return augmentation(
        function,
        mag_range=(0, 1),
        randomly_negate=True,
        mag_to_param=partial(convert, name),
        param_device=device,
        name=name,
    )


AUGMENTATIONS = {name: named(name) for name in OPERATIONS}
POLICY = Policy(
    "policy",
    BINS,
    [
        [(AUGMENTATIONS[name], probability, bin) for name, probability, bin in operations]
        for times, operations in SUB_POLICIES
        for _ in range(times)
    ],
)


def only_rgb(images):
    """The images as they are; DALI refuses others than uint8, HWC and RGB here."""
    images = fn.reshape(images, layout="HWC")  # which a video cannot have
    turned = fn.color_space_conversion(images, image_type=types.RGB, output_type=types.BGR)
    return fn.color_space_conversion(turned, image_type=types.BGR, output_type=types.RGB)


def augment(images):
    """A sub-policy drawn for each image; the pipeline's seed fixes the draws."""
    return apply_auto_augment(POLICY, only_rgb(images))
'''
