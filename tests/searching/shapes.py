"""Rectangles on noise, with masks or boxes."""

import torch

from dada.datasets import Dataset, ImageSet

SIDE = 16


def shapes(kind, count=48):
    """A set for "segmentation", "instances" or "detection"; an image has one rectangle, or none."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(120, (count, 3, SIDE, SIDE), dtype=torch.uint8, generator=generator)
    masks = torch.zeros(count, SIDE, SIDE, dtype=torch.uint8)
    boxes = torch.tensor([0.0, 0, 0, 0, -1]).repeat(count, 2, 1)
    for number in range(count):
        kind_of_it = number % 3
        if kind_of_it < 2:
            x, y = torch.randint(SIDE - 7, (2,), generator=generator).tolist()
            images[number, kind_of_it, y : y + 7, x : x + 7] += 130
            masks[number, y : y + 7, x : x + 7] = kind_of_it + 1
            corners = torch.tensor([x, y, x + 7, y + 7]) / SIDE
            boxes[number, 0] = torch.cat([corners, torch.tensor([float(kind_of_it)])])
    labels, classes = {
        "segmentation": (masks, ("ground", "red", "green")),
        "instances": (masks.int(), ("red", "green")),
        "detection": (boxes, ("red", "green")),
    }[kind]
    train, test = (ImageSet(images[part], labels[part]) for part in (slice(36), slice(36, None)))
    return Dataset("shapes", train, test, classes)
