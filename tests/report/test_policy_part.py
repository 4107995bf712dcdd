from __future__ import annotations

import numpy as np
import pytest

from dada.policy import Operation, OperationList, PolicySchedule, Scale, Stage, save_policy
from tests.report.conftest import make_config, make_images, make_policy, write_json, write_search
from tests.report.html import page_of


def test_pictures_are_the_samples_and_what_becomes_of_them(run):
    images = page_of(run).images
    assert len(images) == 8 * (1 + 6)
    for shown, sample in zip(images, make_images(), strict=False):
        assert np.array_equal(np.asarray(shown), sample.permute(1, 2, 0).numpy())


@pytest.mark.parametrize("damage", ["missing", "no picture", "another size"])
def test_without_samples_there_is_a_page_without_pictures(tmp_path, damage):
    run = write_search(tmp_path / "run", samples=damage == "another size", side=[5, 7])
    if damage == "no picture":
        (run / "samples.png").write_bytes(b"nothing")
    page = page_of(run)
    assert not page.images
    assert "What it does to the images" not in page.text


def test_operations_come_first_and_pairs_are_folded_away(run):
    page = page_of(run)
    assert page.text.index("ShearX") < page.text.index("All 6 sub-policies")
    assert f"dada export {run} --to torchvision" in page.text
    assert page.text.index("dada export") < page.text.index("ShearX")


def test_a_single_sub_policy_is_the_sub_policy(run):
    save_policy(make_policy(1), run / "policy.json")
    text = page_of(run).text
    assert "The sub-policy For each image" in text and "All 1" not in text


def test_pictures_are_as_a_training_sees_them(run):
    config = make_config()
    given = {"mean": [0.5] * 3, "std": [0.25] * 3, "padding": 1, "flip": True, "cutout": 4}
    write_json(run / "config.json", config | {"settings": {**config["settings"], **given}})
    page = page_of(run)
    assert "in three epochs, under crop, flip and Cutout 4 and the policy" in page.text
    assert len(page.images) == 8 * 4 + 8 * 7
    for seen in page.images[8:32]:
        grey = (np.abs(np.asarray(seen).astype(int) - 127) <= 1).all(-1)
        assert grey.sum() >= 4, "part of the image is blanked with the mean colour"


def test_a_schedule_is_one_table_of_stages(run):
    listed = OperationList(
        tuple(Operation(name, 0.5, 0.5) for name in ("Rotate", "Invert", "Color")),
        scale=Scale("strength"),
    )
    still = OperationList((Operation("Rotate", 0.0, 0.5),), scale=Scale("strength"))
    save_policy(PolicySchedule((Stage(4, still), Stage(6, listed)), "mine"), run / "policy.json")
    given = {"mean": [0.5] * 3, "std": [0.25] * 3, "padding": 0, "flip": False}
    config = make_config()
    write_json(run / "config.json", config | {"settings": {**config["settings"], **given}})
    page = page_of(run)
    assert "A schedule of 10 epochs in 2 stages" in page.text
    table = "Epochs Rotate Invert Color 1 to 4 0 % 0 % 0 % 5 to 10 32 % 32 % 32 % What a training"
    assert table in page.text
    assert "sub-policies" not in page.text.split("The policy")[1].split("What a training")[0]
    assert f"dada export {run} --to torchvision --epoch 10" in page.text
    strips = [np.asarray(picture) for picture in page.images]
    assert len(strips) == 8 * 4, "the originals, and three epochs"
    assert all(np.array_equal(*pair) for pair in zip(strips[:8], strips[8:16], strict=True))
    assert not all(np.array_equal(*pair) for pair in zip(strips[:8], strips[24:], strict=True))
