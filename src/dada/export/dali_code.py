"""The part of a file for DALI that is the same for every policy."""

IMPORTS = """
from collections import namedtuple
from functools import partial, reduce

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


def given(size, matrix):
    return matrix


def translate_x(size, fraction):
    return fn.transforms.translation(offset=fn.stack(fraction * size[1], 0.0 * fraction))


def translate_y(size, fraction):
    return fn.transforms.translation(offset=fn.stack(0.0 * fraction, fraction * size[0]))


def rotate(size, degrees):
    return fn.transforms.rotation(angle=degrees, center=fn.stack(size[1] / 2, size[0] / 2))


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


# Each operation: what it does, what a magnitude becomes for it, and the device that needs it. Those
# in MATRICES do not change the image but give the matrix by which it is warped.
MATRICES = ("ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate")
OPERATIONS = {
    "ShearX": (given, slope_x, "cpu"),
    "ShearY": (given, slope_y, "cpu"),
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


class Sample(namedtuple("Sample", "images masks boxes")):
    """Images and what belongs to them; None where nothing does."""

    @property
    def device(self):
        return self.images.device


def under(name, sample, parameter):
    """The sample under an operation. Only one that moves pixels moves masks and boxes."""
    images, masks, boxes = sample
    function, size = OPERATIONS[name][0], height_width(images)
    if name not in MATRICES:
        return Sample(function(images, parameter), masks, boxes)
    matrix = function(size, parameter)
    if masks is not None:
        masks = warp(masks, matrix)
    if boxes is not None:
        boxes = moved(boxes, matrix, size)
    return Sample(warp(images, matrix), masks, boxes)


def moved(boxes, matrix, size):
    """The boxes around the moved ones, cut at the edges of the image."""
    a, b, c, d, e, f = (matrix[i, j] for i in range(2) for j in range(3))
    x0, y0, x1, y1 = (boxes[:, i] for i in range(4))
    corners = [(x - c, y - f) for x in (x0, x1) for y in (y0, y1)]
    scale = a * e - b * d
    xs = [(e * x - b * y) / scale for x, y in corners]
    ys = [(a * y - d * x) / scale for x, y in corners]
    whole, cut = [], []
    for values, end in ((xs, size[1]), (ys, size[0])):
        low, high = reduce(math.min, values), reduce(math.max, values)
        whole.append(high - low)
        cut.append((math.min(math.max(low, 0.0), end), math.min(math.max(high, 0.0), end)))
    (left, right), (top, bottom) = cut
    width, height = right - left, bottom - top
    kept = width * height >= LEAST_LEFT * whole[0] * whole[1]
    kept = fn.cast(kept & (width >= LEAST_SIDE) & (height >= LEAST_SIDE), dtype=types.FLOAT)
    return fn.stack(left * kept, top * kept, right * kept, bottom * kept, axis=1)


def named(name):
    """The operation as DALI's augmentation."""
    _, *parameter = OPERATIONS[name]
    if not parameter:
        return augmentation(partial(under, name), name=name)
    convert, device = parameter
    return augmentation(
        partial(under, name),
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


def augment(images, masks=None, boxes=None):
    """A sub-policy drawn for each image; the pipeline's seed fixes the draws.

    Masks are HWC and on the images' device; they take the nearest pixel, and 0 outside. Boxes are
    float32 (N, 4), rows (x0, y0, x1, y1) in pixels, and on the CPU. A moved box is the one around
    all its corners, cut at the edges of the image. If less than LEAST_LEFT of it is left, or less
    than LEAST_SIDE pixels across, the row becomes zeros.

    Returns the images alone, or a tuple of all that was given.
    """
    sample = apply_auto_augment(POLICY, Sample(only_rgb(images), masks, boxes))
    found = tuple(given for given in sample if given is not None)
    return found[0] if len(found) == 1 else found
'''
