"""Decode ordinary JPEG files straight into a tensor, which takes little more than half the time."""

import warnings

import torch
from PIL import Image
from torch import Tensor

from dada.datasets.picture import LARGE, ORIENTATION, quiet
from dada.files import opened


def read_jpeg(file: str) -> Tensor | None:
    """The pixels of a colour JPEG, uint8 (3, H, W), if there is nothing unusual about it.

    Pillow and torchvision both decode by libjpeg-turbo, to the same bytes. Pillow's way goes by
    pixels of four bytes and two copies.

    Returns:
        None for all else, which `dada.datasets.picture.read_picture` has to read or refuse: other
        formats, grey, turned by its metadata, large or broken.
    """
    try:
        with (
            quiet(),
            opened(file) as source,
            Image.open(source, formats=("JPEG",)) as picture,
        ):
            upright = picture.getexif().get(ORIENTATION, 1) == 1
            small = picture.width * picture.height <= LARGE
            if not (picture.format == "JPEG" and picture.mode == "RGB" and upright and small):
                return None
            source.seek(0)
            encoded = torch.frombuffer(bytearray(source.read()), dtype=torch.uint8)
        return _decoded(encoded)
    except MemoryError:
        raise
    except Exception:  # for a broken file both may raise nearly anything
        return None


def _decoded(encoded: Tensor) -> Tensor:
    with warnings.catch_warnings():
        # Deprecated since 0.29. Without it Pillow reads all files, to the same bytes; so would its
        # successor, torchcodec's, whose releases each need their own release of PyTorch.
        warnings.filterwarnings("ignore", message="The image decoding", category=DeprecationWarning)
        from torchvision.io import ImageReadMode, decode_jpeg  # noqa: PLC0415

        return decode_jpeg(encoded, mode=ImageReadMode.RGB)
