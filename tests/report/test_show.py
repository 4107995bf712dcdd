from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

import dada
from dada.datasets import ImageSet
from dada.errors import UserError
from dada.policy import PolicySchedule, SearchSpace, Stage
from dada.report import contact_sheet, show
from dada.report.samples import load_samples
from dada.report.sheet import to_pil
from dada.report.show import some_of
from dada.runs import RunFolder
from tests.report.conftest import make_images, make_policy


def same(sheet: Image.Image, other: Image.Image) -> bool:
    return np.array_equal(np.asarray(sheet), np.asarray(other))


def test_a_tensor_and_pictures_are_shown_as_they_are_in_their_order():
    images, policy = make_images(8), make_policy()
    expected = contact_sheet(images[:3], policy, rows=2, seed=4)
    for given in (images, [to_pil(image) for image in images]):
        assert same(show(policy, given, columns=3, rows=2, seed=4), expected)
    assert same(show(policy, to_pil(images[0])), contact_sheet(images[:1], policy))


def test_of_a_dataset_some_training_images_are_shown(digits):
    policy, picked = make_policy(), some_of(digits.train, 4, 1)
    expected = contact_sheet(digits.train.images[picked], policy, rows=2, seed=1)
    for given in ("digits", digits, digits.train):
        assert same(show(policy, given, columns=4, rows=2, seed=1), expected)


def test_masks_of_a_dataset_are_shown(tmp_path):
    images, policy = make_images(8), make_policy()
    masks = (images[:, 0] > 128).to(torch.uint8)
    picked = some_of(images, 4, 0)
    expected = contact_sheet(images[picked], policy, rows=2, labels=masks[picked])
    assert not same(expected, contact_sheet(images[picked], policy, rows=2))
    assert same(show(policy, ImageSet(images, masks), columns=4, rows=2), expected)


def test_a_folder_shows_the_same_images_as_when_all_of_it_is_read(tmp_path):
    for name, level in (("a", 50), ("b", 200)):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(10):
            picture = Image.new("RGB", (16, 16), (level, 5 * number, 0))
            picture.save(tmp_path / "photos" / name / f"{number}.png")
    train, policy = dada.load_dataset(tmp_path / "photos").train, make_policy()
    expected = contact_sheet(train.images[some_of(train, 3, 0)], policy, rows=1)
    assert same(show(policy, tmp_path / "photos", columns=3, rows=1), expected)


def test_a_run_folder_shows_its_own_images(run):
    policy = dada.load_policy(run)
    samples = load_samples(RunFolder.open(run))
    assert same(show(run), contact_sheet(samples, policy))
    (run / "samples.png").unlink()
    assert same(show(run), show(policy, "digits"))


def test_draws_are_without_replacement_and_by_seed():
    drawn = some_of(range(100), 20, seed=3)
    assert len(set(drawn.tolist())) == 20 and torch.equal(drawn, some_of(range(100), 20, seed=3))
    assert not torch.equal(drawn, some_of(range(100), 20, seed=4))
    assert sorted(some_of(range(3), 20, seed=0).tolist()) == [0, 1, 2]


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.zeros(2, 3, 8, 8), "must be uint8"),
        ([], "has no items"),
        ("no-such-folder", "no-such-folder"),
    ],
)
def test_what_cannot_be_shown_is_named(images, message):
    with pytest.raises(UserError, match=message):
        show("dada-cifar10", images)
    with pytest.raises(UserError, match="at least one"):
        show("dada-cifar10", make_images(1), rows=0)


def test_one_epoch_of_a_schedule_is_shown():
    images, policy = make_images(2), make_policy()
    first = SearchSpace(scale=policy.scale).uniform()
    schedule = PolicySchedule((Stage(1, first), Stage(2, policy)))
    for epoch in (2, 3):
        assert same(show(schedule, images, epoch=epoch), show(policy, images))
    with pytest.raises(UserError, match="choose an epoch from 1 to 3"):
        show(schedule, images)
