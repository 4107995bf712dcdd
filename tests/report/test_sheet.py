from __future__ import annotations

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from dada.augment import Sampler, apply
from dada.errors import UserError
from dada.policy import Operation, Policy, Scale, SubPolicy
from dada.report import contact_sheet
from dada.report.sheet import (
    augmented,
    data_uri,
    picture,
    row_generator,
    shown_in_words,
    to_pil,
)
from tests import squares

from .conftest import make_images, make_policy


def sheet_images(sheet: Image.Image, count: int, cell: int, gap: int = 6, margin: int = 16):
    """The columns of a sheet whose rows are as high as its images: right-aligned to the margin."""
    array = np.asarray(sheet)
    left = array.shape[1] - margin - count * (cell + gap) + gap
    return [
        array[:, left + i * (cell + gap) : left + i * (cell + gap) + cell] for i in range(count)
    ]


def test_the_first_row_shows_the_originals():
    images = make_images(8)
    sheet = contact_sheet(images, make_policy(), rows=2)
    for column, image in zip(sheet_images(sheet, 8, 64), images, strict=True):
        cell = np.asarray(picture(image))
        assert cell.shape == (64, 64, 3)
        assert np.array_equal(column[16 : 16 + 64], cell)


def test_each_row_is_what_apply_gives_for_its_sub_policy():
    images, policy = make_images(8), make_policy()
    sheet = contact_sheet(images, policy, rows=3, seed=5)
    for row, sub_policy in enumerate(policy.leading()[:3]):
        expected = augmented(images, policy, sub_policy, row_generator(5, row))
        top = 16 + (row + 1) * (64 + 6)
        for column, image in zip(sheet_images(sheet, 8, 64), expected, strict=True):
            assert np.array_equal(column[top : top + 64], np.asarray(picture(image)))


def test_operations_are_always_applied_with_random_strengths():
    policy = Policy((SubPolicy((Operation("Brightness", 0.1, 0.5, 1.0),)),), Scale("strength"))
    images = make_images(1).expand(16, -1, -1, -1).contiguous()
    result = augmented(images, policy, policy.sub_policies[0], row_generator(0, 0))
    always = Policy((SubPolicy((Operation("Brightness", 1.0, 0.5, 1.0),)),), Scale("strength"))
    assert torch.equal(result, apply(images, Sampler(always)(16, row_generator(0, 0))))
    assert len({image.numpy().tobytes() for image in result}) > 8


def test_one_seed_one_sheet_and_more_rows_leave_the_first_alone():
    images, policy = make_images(4), make_policy()
    few, same, many, other = (
        np.asarray(contact_sheet(images, policy, rows, seed))
        for rows, seed in ((2, 0), (2, 0), (4, 0), (2, 1))
    )
    assert np.array_equal(few, same)
    assert not np.array_equal(few, other)
    height = 16 + 3 * 70 - 6
    few_columns = sheet_images(Image.fromarray(few), 4, 64)
    many_columns = sheet_images(Image.fromarray(many), 4, 64)
    for a, b in zip(few_columns, many_columns, strict=True):
        assert np.array_equal(a[:height], b[:height])


@pytest.mark.parametrize(
    ("shape", "scale", "size"),
    [
        ((1, 8, 8), None, (64, 64)),
        ((3, 32, 32), None, (64, 64)),
        ((3, 100, 80), None, (80, 100)),
        ((3, 224, 224), None, (160, 160)),
        ((3, 300, 40), None, (21, 160)),
        ((3, 8, 8), 3, (24, 24)),
    ],
)
def test_pictures_are_brought_to_a_size_to_look_at(shape, scale, size):
    assert picture(torch.zeros(shape, dtype=torch.uint8), scale).size == size


def test_of_many_channels_a_picture_shows_three_and_says_so():
    images = make_images().repeat(1, 2, 1, 1)[:, :5]
    assert np.array_equal(np.asarray(to_pil(images[0])), np.moveaxis(images[0, :3].numpy(), 0, -1))
    assert np.array_equal(np.asarray(to_pil(images[0, :2])), images[0, 0].numpy())
    assert shown_in_words(5) == "Of 5 channels the first 3 are shown as red, green and blue."
    assert shown_in_words(2) == "Of 2 channels the first is shown as grey."
    assert shown_in_words(1) == shown_in_words(3) == ""


def test_grey_images_have_a_sheet_too():
    assert contact_sheet(make_images(3, channels=1), make_policy(), rows=2).mode == "RGB"


@pytest.mark.parametrize(("side", "kind"), [(8, "PNG"), (64, "PNG"), (100, "JPEG"), (224, "JPEG")])
def test_data_uris_decode(side, kind):
    image = make_images(1, side=side)[0]
    head, data = data_uri(image).split(",")
    decoded = Image.open(io.BytesIO(base64.b64decode(data)))
    assert decoded.format == kind
    assert head == f"data:image/{kind.lower()};base64"
    assert max(decoded.size) == min(side, 160)
    if kind == "PNG":
        assert np.array_equal(np.asarray(decoded), image.permute(1, 2, 0).numpy())


@pytest.mark.parametrize(("count", "rows"), [(0, 3), (3, 0)])
def test_nothing_to_show_is_the_users_error(count, rows):
    with pytest.raises(UserError, match="at least one"):
        contact_sheet(make_images(8)[:count], make_policy(), rows)


def test_masks_and_boxes_are_drawn_where_the_pixels_have_moved():
    """An object is tinted, or its outline is, wherever it is; all else stays as it is."""
    images = torch.zeros(2, 3, 40, 40, dtype=torch.uint8)
    images[:, :, 12:28, 8:24] = 200
    masks = (images[:, 0] > 0).to(torch.uint8)
    boxes = torch.tensor([[[0.2, 0.3, 0.6, 0.7, 0.0]]]).repeat(2, 1, 1)
    shift = Policy((SubPolicy((Operation("TranslateX", 1.0, 1.0),)),), Scale("strength"))
    plain = np.asarray(contact_sheet(images, shift, scale=1)).astype(int)
    for labels in (masks, boxes):
        drawn = np.asarray(contact_sheet(images, shift, scale=1, labels=labels)).astype(int)
        changed = np.abs(drawn - plain).sum(2) > 0
        tall, wide = np.nonzero(changed.any(1))[0], np.nonzero(changed.any(0))[0]
        white = (plain == 200).all(2)
        assert (tall.min(), tall.max()) == pytest.approx(
            (np.nonzero(white.any(1))[0].min(), np.nonzero(white.any(1))[0].max()), abs=1
        )
        assert (wide.min(), wide.max()) == pytest.approx(
            (np.nonzero(white.any(0))[0].min(), np.nonzero(white.any(0))[0].max()), abs=1
        )
        if labels is masks:
            assert white.sum() > 900 and (changed == white).mean() > 0.998


@pytest.mark.parametrize("kind", ["boxes", "masks", "instances"])
def test_labels_of_other_images_are_the_users_error(kind):
    found = getattr(squares, kind)(0, 4)
    policy = make_policy()
    with pytest.raises(UserError, match="4 images but 3 labels"):
        contact_sheet(found.images, policy, labels=found.labels[:3])
    if kind != "boxes":
        with pytest.raises(UserError, match=r"32 × 16 pixels but .* 32 × 32: must be the same"):
            contact_sheet(found.images[:, :, :16], policy, labels=found.labels)
