"""Whatever lies in a folder: a set of images, or one clear line."""

import io
import os
import random
import struct

import pytest
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


def outcome(load_, root):
    try:
        dataset = load_(root)
    except UserError as error:
        assert str(error).isprintable() and 20 < len(str(error)) < 5000
        return None
    assert all(note.isprintable() for note in (*dataset.notes, *dataset.classes))
    return dataset


@pytest.mark.parametrize("seed", range(int(os.environ.get("DADA_FUZZED_FOLDERS", "20"))))
def test_a_random_tree_is_a_set_or_one_line(tmp_path, seed):
    choose = random.Random(seed)
    root = tmp_path / "set"
    fill(root, choose)
    if seed % 2:  # with enough in it for a set
        for name in "ab":
            (root / name).mkdir(exist_ok=True)
            for i in range(8):
                colour = (i, choose.randrange(256), 9)
                Image.new("RGB", (9, 9), colour).save(root / name / f"good{i}.png")
    dataset = outcome(lambda path: load(path, side=8), root)
    if dataset is not None:
        assert len(dataset.train) and len(dataset.test)
        assert dataset.train.images.shape[2:] == (8, 8)
    outcome(open_files, root)
