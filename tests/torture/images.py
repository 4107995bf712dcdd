"""Hostile pictures and arrays: a folder or an .npz of them loads, with notes, or is refused."""

import io
import random
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from dada.datasets import load
from dada.errors import UserError

FORMATS = ("png", "jpeg", "webp", "bmp", "tiff")


def campaign(seed, count):
    """Damage `count` picture files and `count` .npz files, and load them.

    Returns:
        How many were loaded and refused, of each kind.

    Raises:
        AssertionError: a refusal is not one line, or what was loaded is no set of images.
        Exception: anything else that came out is a bug.
    """
    rng, found = random.Random(seed), Counter()
    for _ in range(count):
        for kind, make in (("pictures", folder), ("arrays", arrays)):
            path = Path(tempfile.mkdtemp())
            try:
                found[f"{kind} {outcome(make(path, rng))}"] += 1
            finally:
                shutil.rmtree(path)
    return dict(found)


def outcome(path):
    try:
        dataset = load(str(path))
    except UserError as error:
        assert str(error) and "\n" not in str(error), error
        return "refused"
    images = dataset.train.images
    assert images.dtype.itemsize == 1 and images.ndim == 4
    assert len(images) == len(dataset.train.labels)
    return "loaded"


def folder(path, rng):
    """Two classes of whole pictures, and one that is damaged."""
    for name in ("a", "b"):
        (path / name).mkdir()
        for number in range(6):
            (path / name / f"{number}.png").write_bytes(picture("png", rng))
    kind = rng.choice(FORMATS)
    (path / "a" / f"x.{kind}").write_bytes(damaged(picture(kind, rng), rng))
    return path


def picture(kind, rng):
    pixels = np.frombuffer(rng.randbytes(8 * 8 * 3), np.uint8).reshape(8, 8, 3)
    memory = io.BytesIO()
    Image.fromarray(pixels).save(memory, kind)
    return memory.getvalue()


def arrays(path, rng):
    pixels = np.frombuffer(rng.randbytes(12 * 8 * 8), np.uint8).reshape(12, 8, 8)
    memory = io.BytesIO()
    np.savez(memory, x_train=pixels, y_train=np.arange(12) % 2)
    file = path / "set.npz"
    file.write_bytes(damaged(memory.getvalue(), rng))
    return file


def damaged(content, rng):
    """A few bytes changed, most of them at the front, or a part cut off, doubled or zeroed."""
    content = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(rng.choice((len(content), min(len(content), 200))))
        how = rng.random()
        if how < 0.7:
            content[place] = rng.choice((0, 255, 127, rng.randrange(256)))
        elif how < 0.8 and place:
            del content[place:]
        elif how < 0.9:
            content[place:place] = content[place : place + 40]
        else:
            content[place : place + 40] = bytes(len(content[place : place + 40]))
    return bytes(content)
