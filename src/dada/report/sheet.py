"""Contact sheets: what the leading sub-policies do to given images."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from io import BytesIO
from math import ceil
from pathlib import Path

import matplotlib
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from dada.augment import Motion, Sampler, apply
from dada.datasets import ImageSet
from dada.errors import UserError
from dada.policy import Policy, SubPolicy
from dada.tasks import task_of

SMALLEST, LARGEST = 64, 160  # pixels of a side on a sheet
_GAP, _MARGIN, _LINE, _FONT = 6, 16, 20, 14
_PAPER, _INK, _MUTED = "#ffffff", "#1b1f24", "#57606a"


def augmented(
    images: Tensor,
    policy: Policy,
    sub_policy: SubPolicy,
    generator: torch.Generator,
    motion: Motion | None = None,
) -> Tensor:
    """The images under one sub-policy whose operations are always applied.

    Strengths, signs and places are drawn at random; only the probabilities are set to 1, to show
    what the sub-policy does. A probability of 0 stays, as such an operation never acts.

    Args:
        images: uint8 (N, C, H, W).
        policy: gives the scale of the magnitudes.
        sub_policy: the one to show.
        generator: a CPU generator.
        motion: to which it adds what moves the images.
    """
    always = tuple(
        replace(operation, probability=1.0 if operation.probability else 0.0)
        for operation in sub_policy.operations
    )
    alone = Policy((SubPolicy(always),), policy.scale)
    return apply(images, Sampler(alone)(len(images), generator), motion)


def labelled(images: Tensor, labels: Tensor | None, motion: Motion | None = None) -> Tensor:
    """The images with their labels drawn, moved as the pixels were.

    Args:
        images: uint8 (N, C, H, W).
        labels: of the images, before they were moved; None draws none.
        motion: what moved the images; None if nothing did.
    """
    if labels is None:
        return images
    task = task_of(labels)
    if motion is not None:
        labels = task.moved(labels, motion.maps, (images.shape[2], images.shape[3]))
    return task.drawn(images, labels)


def row_generator(seed: int, row: int) -> torch.Generator:
    """The generator of one row, the same however many rows a sheet has."""
    return torch.Generator().manual_seed((seed * 1_000_003 + row) % 2**63)


def picture(image: Tensor, scale: int | None = None) -> Image.Image:
    """A uint8 (C, H, W) image at a size for viewing, enlarged without blur.

    Args:
        scale: whole factor of enlargement; None brings the image to 64 to 160 pixels.
    """
    height, width = image.shape[1:]
    plain = to_pil(image)
    if scale is None and max(height, width) > LARGEST:
        shrink = LARGEST / max(height, width)
        size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
        return plain.resize(size, Image.Resampling.LANCZOS)
    factor = scale or max(
        1, min(ceil(SMALLEST / min(height, width)), LARGEST // max(height, width))
    )
    return plain.resize((width * factor, height * factor), Image.Resampling.NEAREST)


def to_pil(image: Tensor) -> Image.Image:
    """A uint8 (C, H, W) tensor as a picture; of many channels, those that `shown_in_words` says."""
    array = image.cpu().numpy()
    return Image.fromarray(array[0] if len(array) < 3 else np.moveaxis(array[:3], 0, -1).copy())


def shown_in_words(channels: int) -> str:
    """Which channels a picture shows, if it cannot show all; else empty."""
    if channels in (1, 3):
        return ""
    part = "first is shown as grey" if channels == 2 else "first 3 are shown as red, green and blue"
    return f"Of {channels} channels the {part}."


def data_uri(image: Tensor) -> str:
    """A uint8 (C, H, W) image as a data URI: PNG if it is small, else shrunk to a JPEG."""
    file = BytesIO()
    if max(image.shape[1:]) <= SMALLEST:
        to_pil(image).save(file, "PNG", optimize=True)
        kind = "png"
    else:
        picture(image, 1 if max(image.shape[1:]) <= LARGEST else None).save(
            file, "JPEG", quality=88
        )
        kind = "jpeg"
    return f"data:image/{kind};base64,{b64encode(file.getvalue()).decode()}"


def contact_sheet(
    images: Tensor,
    policy: Policy,
    rows: int = 8,
    seed: int = 0,
    scale: int | None = None,
    labels: Tensor | None = None,
) -> Image.Image:
    """The originals, and below them one row for each of the leading sub-policies.

    Args:
        images: uint8 (N, C, H, W); each is a column.
        rows: sub-policies to show, most frequent first.
        policy: the policy.
        seed: for the random strengths, signs and places.
        scale: whole factor of enlargement; None brings images to 64 to 160 pixels.
        labels: boxes or masks of the images, drawn where they have moved; None for none.

    Returns:
        An RGB picture with a label before each row.

    Raises:
        UserError: there are no images or no rows to show, or the labels are not the images'.
    """
    if not len(images) or rows < 1:
        raise UserError("a contact sheet needs at least one image and one row")
    if labels is not None:
        ImageSet(images, labels)  # which refuses labels that do not fit
    policy = policy.chosen(None)  # refuses a schedule, and says how to choose an epoch
    strips = [(["Originals"], labelled(images, labels))]
    if policy.is_none:
        strips.append((["No augmentation"], strips[0][1]))
        rows = 0
    for number, sub_policy in enumerate(policy.leading()[:rows]):
        label = [f"{_share(policy, sub_policy):.1%}", *policy.in_words(sub_policy)]
        motion, generator = Motion(len(images)), row_generator(seed, number)
        seen = augmented(images, policy, sub_policy, generator, motion)
        strips.append((label, labelled(seen, labels, motion)))
    note = "Operations are always applied here; in training with their probability p."
    shown = [(label, [picture(i, scale) for i in strip]) for label, strip in strips]
    return _lay_out(shown, f"{note} {shown_in_words(images.shape[1])}".rstrip())


def _share(policy: Policy, sub_policy: SubPolicy) -> float:
    return sub_policy.weight / sum(s.weight for s in policy.sub_policies)


def _lay_out(rows: list[tuple[list[str], list[Image.Image]]], note: str) -> Image.Image:
    bold, plain = (_font(name) for name in ("DejaVuSans-Bold", "DejaVuSans"))
    cell_width, cell_height = rows[0][1][0].size
    text_width = max(ceil((bold if i == 0 else plain).getlength(line))
                     for label, _ in rows for i, line in enumerate(label))  # fmt: skip
    left = _MARGIN + text_width + _MARGIN
    heights = [max(cell_height, _LINE * len(label)) for label, _ in rows]
    width = left + len(rows[0][1]) * (cell_width + _GAP) - _GAP + _MARGIN
    width = max(width, 2 * _MARGIN + ceil(plain.getlength(note)))
    height = 2 * _MARGIN + sum(heights) + _GAP * len(rows) + _LINE
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    top = _MARGIN
    for (label, strip), row_height in zip(rows, heights, strict=True):
        start = top + (row_height - _LINE * len(label)) // 2
        for i, line in enumerate(label):
            font, ink = (bold, _INK) if i == 0 else (plain, _MUTED)
            middle = start + _LINE * i + _LINE // 2
            draw.text((_MARGIN, middle), line, ink, font, anchor="lm")
        for column, image in enumerate(strip):
            place = (left + column * (cell_width + _GAP), top + (row_height - cell_height) // 2)
            sheet.paste(image.convert("RGB"), place)
        top += row_height + _GAP
    draw.text((_MARGIN, height - _MARGIN), note, _MUTED, plain, anchor="ld")
    return sheet


def _font(name: str) -> ImageFont.FreeTypeFont:
    """A font that is sure to exist, as matplotlib comes with it."""
    return ImageFont.truetype(
        Path(matplotlib.get_data_path(), "fonts", "ttf", f"{name}.ttf"), _FONT
    )
