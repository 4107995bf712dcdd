"""Squares of two kinds on a dark ground, with boxes or masks: quickly learnt, quickly made."""

import torch
from PIL import Image

from dada.datasets import Dataset, ImageSet

SIDE = 32
ABSENT = [0.0, 0.0, 0.0, 0.0, -1.0]


def boxes(seed, count, classes=2):
    """One to three squares per image; the last image is empty."""
    random = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 60, (count, 3, SIDE, SIDE), generator=random, dtype=torch.uint8)
    labels = torch.tensor(ABSENT).repeat(count, 3, 1)
    for number in range(count - 1):
        for row in range(1 + number % 3):
            kind = int(torch.randint(classes, (), generator=random))
            side = 8 + 4 * int(torch.randint(2, (), generator=random))
            x, y = torch.randint(SIDE - side + 1, (2,), generator=random).tolist()
            images[number, kind, y : y + side, x : x + side] = 220
            corners = torch.tensor([x, y, x + side, y + side]) / SIDE
            labels[number, row] = torch.tensor([*corners.tolist(), kind])
    return ImageSet(images, labels)


def masks(seed, count):
    """The same squares as classes 1 and 2; a border of one pixel does not count."""
    found = boxes(seed, count)
    labels = torch.zeros(count, SIDE, SIDE, dtype=torch.uint8)
    for kind in range(2):
        labels[found.images[:, kind] == 220] = kind + 1
    labels[:, 0] = 255
    return ImageSet(found.images, labels)


def instances(seed, count):
    """The same squares, each an object; the later one is in front."""
    found = boxes(seed, count)
    labels = torch.zeros(count, SIDE, SIDE, dtype=torch.int32)
    for image, rows in enumerate(found.labels.tolist()):
        for number, (*corners, kind) in enumerate(rows):
            x0, y0, x1, y1 = (round(SIDE * corner) for corner in corners)
            labels[image, y0:y1, x0:x1] = 1 + int(kind) + 256 * number
    return ImageSet(found.images, labels)


def of_boxes(train=16, test=9):
    return Dataset("squares", boxes(0, train), boxes(1, test), ("red", "green"))


def of_masks(train=16, test=9):
    return Dataset("squares", masks(0, train), masks(1, test), ("ground", "red", "green"))


def of_instances(train=16, test=9):
    return Dataset("squares", instances(0, train), instances(1, test), ("red", "green"))


def turned(data):
    """The same boxes, with the classes numbered the other way round."""

    def other(images):
        labels = images.labels.clone()
        there = labels[..., -1] >= 0
        labels[there, -1] = 1 - labels[there][:, -1]
        return ImageSet(images.images, labels)

    return Dataset(data.name, other(data.train), other(data.test), data.classes[::-1])


def write_yolo(folder):
    """The squares as a YOLO folder of small pictures."""
    data = of_boxes()
    for part, images in (("train", data.train), ("test", data.test)):
        for kind in ("images", "labels"):
            (folder / kind / part).mkdir(parents=True)
        for number, (pixels, rows) in enumerate(zip(images.images, images.labels, strict=True)):
            picture = Image.fromarray(pixels.permute(1, 2, 0).numpy())
            picture.save(folder / "images" / part / f"{number}.png")
            lines = [
                f"{int(kind)} {(x0 + x1) / 2} {(y0 + y1) / 2} {x1 - x0} {y1 - y0}\n"
                for x0, y0, x1, y1, kind in rows[rows[:, -1] >= 0].tolist()
            ]
            (folder / "labels" / part / f"{number}.txt").write_text("".join(lines))
    (folder / "classes.txt").write_text("red\ngreen\n")
