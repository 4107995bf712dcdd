"""Pictures and policies that exports are tried on."""

from functools import cache

from PIL import Image
from sklearn.datasets import load_sample_images

from dada.policy import Operation, Policy, Scale, SubPolicy

MAGNITUDES = (0.0, 0.137, 0.25, 0.46, 0.5, 0.9031, 1.0)


@cache
def photographs(mode="RGB"):
    images = [Image.fromarray(a).convert(mode) for a in load_sample_images().images]
    return [*(image.resize((64, 64)) for image in images), images[0].resize((61, 47))]


def one(name, magnitude, probability=1.0, spread=0.0, scale=None):
    operation = Operation(name, probability, magnitude, spread)
    return Policy((SubPolicy((operation,)),), scale or Scale())
