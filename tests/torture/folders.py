"""Random image folders: odd names, links, pipes and broken files; a set of images, or one line."""

import io
import os
import random
import shutil
import struct
import tempfile
from collections import Counter
from pathlib import Path

from PIL import Image

from dada.datasets import load, open_files
from dada.errors import UserError

NAMES = [
    *("0.png", "1.jpg", "2.gif", "3.tif", "4.bmp", "5.webp", "6.heic", "x.PNG", "x.png.txt"),
    *("Thumbs.db", ".hidden.png", "._0.png", "a\nb.png", "\x1b[31m.jpg", os.fsdecode(b"\xff.png")),
    *("y" * 251 + ".png", "no ending", "..png", "-o.png", "$(id).png", "*.png", "é.jpg", " .png"),
]
FOLDERS = [
    *("train", "test", "val", "dev", "train_set", "images", "masks", "a", "b", "c", "cat.png"),
    *(".git", "__MACOSX", "@eaDir", "a b", "a\nb", "\x1b]0;x\x07", os.fsdecode(b"\xfe"), "z" * 255),
]


def campaign(seed, count):
    """Make `count` random trees, every other one with enough in it for a set, and read them.

    Returns:
        How many were loaded and refused.

    Raises:
        AssertionError: a refusal is not one line, or what was loaded is no set of images.
        Exception: anything else that came out is a bug.
    """
    found = Counter()
    for number in range(count):
        choose = random.Random(f"{seed} {number}")
        root = Path(tempfile.mkdtemp())
        try:
            fill(root, choose)
            if number % 2:
                add_classes(root, choose)
            found[f"folders {outcome(root)}"] += 1
        finally:
            shutil.rmtree(root)
    return dict(found)


def outcome(root):
    refused = 0
    for read in (lambda path: load(path, side=8), open_files):
        try:
            dataset = read(root)
        except UserError as error:
            assert str(error).isprintable() and 20 < len(str(error)) < 5000, error
            refused += 1
        else:
            assert len(dataset.train) and len(dataset.test)
            assert all(text.isprintable() for text in (*dataset.notes, *dataset.classes))
    return "refused" if refused else "loaded"


def add_classes(root, choose):
    for name in ("a", "b"):
        (root / name).mkdir(exist_ok=True)
        for i in range(30):
            colour = (i, choose.randrange(256), 9)
            Image.new("RGB", (9, 9), colour).save(root / name / f"good{i}.png")


def picture(choose):
    side = choose.choice([1, 2, 5, 8, 9, 33])
    mode = choose.choice(["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "I", "F", "CMYK"])
    kind = choose.choice(["PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP", "PPM", "AVIF"])
    buffer = io.BytesIO()
    try:
        Image.new(mode, (side, choose.choice([1, side, 400]))).save(buffer, kind)
    except (OSError, ValueError, KeyError):  # not every format has every mode
        Image.new("RGB", (side, side), (choose.randrange(256), 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


def content(choose):
    data = picture(choose)
    damage = choose.randrange(8)
    if damage == 0:
        return b""
    if damage == 1:
        return choose.randbytes(50)
    if damage == 2:
        return data[: choose.randrange(len(data))]
    if damage == 3:
        at = choose.randrange(len(data))
        return data[:at] + choose.randbytes(4) + data[at + 4 :]
    if damage == 4:  # a header that claims a gigantic picture
        return data[:16] + struct.pack(">II", 2**31 - 1, 2**31 - 1) + data[24:]
    return data


def fill(folder, choose, depth=3):
    folder.mkdir(exist_ok=True)
    for _ in range(choose.randrange(6)):
        path = folder / choose.choice(NAMES)
        what = choose.randrange(12)
        if os.path.lexists(path):
            continue
        if what == 0:
            os.mkfifo(path)
        elif what == 1:
            path.mkdir()
        elif what == 2:
            path.symlink_to(choose.choice(["..", ".", "nowhere", "/dev/zero", path.name, "../.."]))
        else:
            path.write_bytes(content(choose))
    for _ in range(choose.randrange(5) if depth else 0):
        inner = folder / choose.choice(FOLDERS)
        if not os.path.lexists(inner):
            fill(inner, choose, depth - 1)
    if choose.random() < 0.3 and not os.path.lexists(folder / "up"):
        (folder / "up").symlink_to(choose.choice(["..", "../..", "../train", "."]))
