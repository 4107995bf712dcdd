import pytest
import torch
from torchvision.transforms import v2

import dada
from dada.errors import UserError
from dada.policy import Operation, Policy, Scale, SearchSpace, SubPolicy
from dada.runs import RunFolder
from dada.training import CompareWatcher, compare
from dada.training.methods import BASELINE, policy_method, torchvision_method, without_search

SMALL = {
    "images": 100,
    "epochs": 2,
    "model": "wrn-10-1",
    "batch": 50,
    "precision": "float32",
    "seeds": 2,
}
NOTHING = Policy((SubPolicy((Operation("Rotate", 0.0, 0.5),)),), name="nothing")


def test_a_policy_that_does_nothing_equals_crop_and_flip_exactly(digits):
    """Same seeds, same order of images, same initial weights: paired to the last bit, but for
    the policy's own draws, which crop and flip does not make."""
    result = compare(digits, [NOTHING], **{**SMALL, "padding": 0, "cutout": 0, "flip": False})
    rows = {row["name"]: row for row in result["rows"]}
    assert rows["nothing"]["errors"] == rows["crop and flip"]["errors"]
    assert rows["nothing"]["difference"] == 0


def test_the_rows_and_the_files(digits, tmp_path):
    result = compare(digits, ["dada-svhn"], out=tmp_path / "run", **SMALL)
    assert [row["name"] for row in result["rows"]] == [
        "crop and flip",
        "policy dada-svhn",
        "RandAugment",
        "TrivialAugment",
        "uniform policy",
    ]
    assert RunFolder.open(tmp_path / "run").read_json("comparison.json") == result
    assert (tmp_path / "run" / "report.html").exists()
    for row in result["rows"]:
        assert len(row["errors"]) == 2 and all(0 < e < 1 for e in row["errors"])


def test_two_comparisons_are_alike_and_seeds_differ(digits):
    first, second = (compare(digits, **SMALL) for _ in range(2))
    errors = [[row["errors"] for row in result["rows"]] for result in (first, second)]
    assert errors[0] == errors[1]
    assert any(a != b for a, b in errors[0])


def test_as_many_trainings_at_once_as_there_are_threads_change_nothing(digits):
    alone = compare(digits, **SMALL)
    torch.set_num_threads(2)
    try:
        together = compare(digits, **SMALL)
    finally:
        torch.set_num_threads(1)
    for a, b in zip(alone["rows"], together["rows"], strict=True):
        assert a["errors"] == b["errors"]


class StopAfter(CompareWatcher):
    def __init__(self, count):
        self.left = count

    def on_training(self, record):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def test_an_interrupted_comparison_goes_on_to_the_same_result(digits, tmp_path):
    whole = compare(digits, **SMALL)
    with pytest.raises(KeyboardInterrupt):
        compare(digits, out=tmp_path, watch=StopAfter(3), **SMALL)
    made = []

    class Count(CompareWatcher):
        def on_training(self, record):
            made.append(record["row"])

    resumed = compare(digits, out=tmp_path, resume=True, watch=Count(), **SMALL)
    assert len(made) == 8 - 3
    for a, b in zip(whole["rows"], resumed["rows"], strict=True):
        assert a["errors"] == b["errors"]


def test_transforms_of_ones_own_are_in_every_row(digits, tmp_path):
    given = {**SMALL, "seeds": 1}
    plain = compare(digits, **given)
    blank = compare(digits, after=torch.zeros_like, out=tmp_path / "run", **given)
    assert [row["name"] for row in blank["rows"]] == [row["name"] for row in plain["rows"]]
    assert len({row["mean"] for row in blank["rows"]}) == 1, "nothing is left to learn from"
    assert RunFolder.open(tmp_path / "run").config["after"] == "zeros_like"


def test_wrong_requests(digits):
    with pytest.raises(UserError, match="0 seeds"):
        compare(digits, seeds=0)
    with pytest.raises(UserError, match="twice"):
        compare(digits, ["dada-svhn", "dada-svhn"])
    with pytest.raises(UserError, match="no policy"):
        compare(digits, ["nowhere"])


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_every_method_augments_every_image_by_itself(channels):
    image = torch.randint(256, (1, channels, 16, 16), dtype=torch.uint8)
    images = image.expand(40, -1, -1, -1)
    space = SearchSpace(scale=Scale("strength"))
    space = space.for_channels(channels)
    for method in [BASELINE, *without_search(space), policy_method(dada.load_policy("dada-svhn"))]:
        result = method.augment(images, torch.Generator().manual_seed(0))
        again = method.augment(images, torch.Generator().manual_seed(0))
        assert result.dtype == torch.uint8 and result.shape == images.shape
        assert torch.equal(result, again), method.name
        different = len({i.numpy().tobytes() for i in result})
        assert different == 1 if method is BASELINE else different > 5, method.name


def test_torchvisions_methods_move_all_channels_of_an_image_alike():
    """Every channel is the same grey image, so it must still be after one draw for all."""
    method = torchvision_method("RandAugment", v2.RandAugment())
    images = torch.randint(256, (30, 1, 16, 16), dtype=torch.uint8).expand(-1, 5, -1, -1)
    result = method.augment(images, torch.Generator().manual_seed(0))
    assert torch.equal(result, result[:, :1].expand(-1, 5, -1, -1))
    assert not torch.equal(result, images)


def test_torchvisions_methods_leave_the_global_generator_alone():
    method = torchvision_method("TrivialAugment", v2.TrivialAugmentWide())
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    method.augment(torch.zeros(3, 3, 8, 8, dtype=torch.uint8), torch.Generator())
    assert torch.equal(torch.rand(2), expected)
