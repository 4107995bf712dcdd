import shutil

import numpy as np
import pytest
import torch
from torchvision.transforms import v2

import dada
from dada.comparison import bench, compare
from dada.comparison.answers import unpack
from dada.comparison.statistics import interval
from dada.datasets import Dataset, ImageSet
from dada.errors import UserError
from dada.policy import (
    Operation,
    Policy,
    PolicySchedule,
    Scale,
    SearchSpace,
    Stage,
    SubPolicy,
    loads,
)
from dada.runs import Callback, RunFolder
from dada.training.augmentations import (
    BASELINE,
    policy_method,
    torchvision_method,
    usual_cutout,
    without_search,
)
from dada.training.hooks import UserHooks
from dada.training.settings import make_settings

SMALL = {
    "images": 100,
    "epochs": 2,
    "model": "wrn-10-1",
    "batch": 50,
    "precision": "float32",
    "seeds": 2,
}


@pytest.fixture(scope="module")
def whole(digits, tmp_path_factory):
    """A finished comparison, and its folder."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    return compare(digits, ["dada-svhn"], out=folder, **SMALL), folder


NOTHING = Policy((SubPolicy((Operation("Rotate", 0.0, 0.5),)),), name="nothing")


def test_a_policy_that_does_nothing_equals_the_baseline_exactly(digits):
    """Its trainings are the baseline's."""
    result = compare(digits, [NOTHING], **{**SMALL, "padding": 0, "cutout": 0, "flip": False})
    rows = {row["name"]: row for row in result["rows"]}
    assert result["baseline"] == "no augmentation"
    assert rows["nothing"]["errors"] == rows["no augmentation"]["errors"]
    assert rows["nothing"]["difference"] == 0
    assert rows["nothing"]["discordant"] == 0
    assert rows["nothing"]["difference_interval"] > 0, "360 images do not prove equality"


def test_a_policy_that_changes_no_image_is_the_baseline(digits):
    """Whatever surrounds it: it makes no draws, so that chance cannot tell the two apart."""
    asked = make_settings(**{name: SMALL[name] for name in SMALL if name != "seeds"})
    made = bench.Bench(digits, asked, torch.device("cpu"), UserHooks())
    trained = [
        {**made.train(method, 0, lambda: None), "row": "", "seconds": 0}
        for method in (BASELINE, policy_method(NOTHING))
    ]
    assert trained[0] == trained[1]
    result = compare(digits, Policy.none("none"), **{**SMALL, "seeds": 1})  # one needs no list
    # And the uniform row is on the scale that it has without any policy.
    uniform = compare(digits, **{**SMALL, "seeds": 1})["rows"][-1]
    assert result["rows"][-1]["errors"] == uniform["errors"] and "uniform" in uniform["name"]


def test_a_row_that_changes_no_image_is_not_trained(digits, tmp_path, monkeypatch):
    """Its records are copies of the baseline's, after an interruption between the two as well."""
    trained, plain = [], bench.Bench.train

    def train(self, method, seed, on_step):
        trained.append((method.name, seed))
        return plain(self, method, seed, on_step)

    monkeypatch.setattr(bench.Bench, "train", train)
    with pytest.raises(KeyboardInterrupt):
        compare(digits, [NOTHING], out=tmp_path / "run", callback=StopAfter(1), **SMALL)
    compare(digits, [NOTHING], out=tmp_path / "run", resume=True, **SMALL)
    events = [e for e in RunFolder.open(tmp_path / "run").events if e["event"] == "training"]
    assert len(events) == 10 and len(trained) == len(set(trained)) == 8
    for seed in range(2):
        baseline, nothing = (
            {**e, "row": "", "checksum": ""}
            for e in events
            if e["seed"] == seed and e["row"] in ("crop", "nothing")
        )
        assert baseline == nothing


def noise(labels, side):
    """48 random pictures to train and 12 to test; each column of labels is a class."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (60, 3, side, side), dtype=torch.uint8, generator=generator)
    parts = (ImageSet(pixels[:48], labels[:48]), ImageSet(pixels[48:], labels[48:]))
    classes = ("a", "b", "c")[: labels.shape[1] if labels.ndim == 2 else 2]
    return Dataset("noise", *parts, classes, flip=True)


@pytest.fixture(scope="module")
def colourful():
    return noise(torch.arange(60) % 2, 32)


TINY = {"epochs": 1, "model": "wrn-10-1", "batch": 20, "precision": "float32", "seeds": 1}


def test_cutout_is_a_row_of_its_own_where_it_is_usual(colourful):
    result = compare(colourful, **TINY)
    names = [row["name"] for row in result["rows"]]
    assert names[:2] == ["crop and flip", "crop, flip and Cutout 16"]
    assert names == result["free"]
    assert result["around"] == "crop and flip"
    assert not any("Cutout" in name for name in names[2:])


def test_cutout_that_is_asked_for_is_in_every_row_and_in_every_name(colourful):
    result = compare(colourful, ["dada-svhn"], cutout=8, **TINY)
    names = [row["name"] for row in result["rows"]]
    assert names == [
        "crop, flip and Cutout 8",
        "policy dada-svhn and Cutout 8",
        "RandAugment and Cutout 8",
        "TrivialAugment and Cutout 8",
        "uniform policy and Cutout 8",
    ]
    assert result["rows"][1]["policy"] == "policy dada-svhn"


def test_the_row_of_cutout_is_trained_with_cutout_and_no_other_row_is(colourful, monkeypatch):
    seen = {}

    class Spy(bench.Training):
        def __init__(self, *, pipeline, **given):
            seen[len(seen)] = pipeline.cutout
            super().__init__(pipeline=pipeline, **given)

    monkeypatch.setattr(bench, "Training", Spy)
    compare(colourful, images=48, **TINY)
    assert list(seen.values()) == [0, 0, 0, 0, 16], "in the order of interest"


@pytest.mark.parametrize(
    ("side", "cutout"),
    [((32, 32), 16), ((24, 24), 12), ((64, 64), 32), ((16, 48), 0), ((8, 8), 0), ((96, 96), 0),
     ((32, 64), 16), ((23, 23), 0)],
)  # fmt: skip
def test_where_cutout_is_usual(side, cutout):
    assert usual_cutout(side) == cutout


def test_a_schedule_of_one_stage_is_that_policy(tmp_path):
    """To the last bit; the page has its table, and the run is resumed with it."""
    policy = dada.load_policy("dada-svhn").top(3)
    schedule = PolicySchedule((Stage(7, policy),), "scheduled")
    small = {**TINY, "model": "proxy-4", "out": tmp_path / "run"}
    result = compare(noise(torch.arange(60) % 2, 8), {"a": policy, "b": schedule}, **small)
    rows = {row["name"]: row for row in result["rows"]}
    assert rows["a"]["errors"] == rows["b"]["errors"]
    assert rows["a"]["class_errors"] == rows["b"]["class_errors"]
    assert loads(RunFolder.open(tmp_path / "run").config["policies"]["b"]) == schedule
    assert "A schedule of 7 epochs in 1 stage:" in (tmp_path / "run" / "report.html").read_text()


def test_rows_are_called_after_what_they_do(digits):
    rows = compare(digits, **{**TINY, "images": 60}, flip=True, padding=0)["rows"]
    assert rows[0]["name"] == "flip"


@pytest.mark.parametrize("name", ["TrivialAugment", "crop", "uniform policy"])
def test_two_rows_of_one_name_are_refused(digits, name):
    policy = Policy(NOTHING.sub_policies, name=name)
    with pytest.raises(UserError, match=f"two rows are called '{name}'"):
        compare(digits, [policy], **SMALL)


def test_free_rows_are_the_methods_that_they_are_called_after():
    """TrivialAugment and RandAugment draw other operations and strengths: seen in what they do
    to one picture, against torchvision's own."""
    images = torch.randint(256, (12, 3, 32, 32), dtype=torch.uint8)
    for name, transform in {
        "RandAugment": v2.RandAugment(),
        "TrivialAugment": v2.TrivialAugmentWide(),
    }.items():
        method = next(m for m in without_search(SearchSpace()) if m.name == name)
        generator = torch.Generator().manual_seed(3)
        seed = int(torch.randint(2**62, (), generator=torch.Generator().manual_seed(3)))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            expected = torch.stack([transform(image) for image in images])
        assert torch.equal(method.at(0, 1)(images, generator), expected), name


def test_the_rows_and_the_files(whole):
    result, folder = whole
    assert [row["name"] for row in result["rows"]] == [
        "crop",
        "policy dada-svhn",
        "RandAugment",
        "TrivialAugment",
        "uniform policy",
    ]
    assert RunFolder.open(folder).read_json("comparison.json") == result
    assert (folder / "report.html").exists()
    for row in result["rows"]:
        assert len(row["errors"]) == 2 and all(0 < e < 1 for e in row["errors"])
        assert 0 < row["interval"] <= 1 and len(row["class_errors"]) == 10
    assert result["intervals"] == "seeds and test images"
    assert result["free"] == ["crop", "RandAugment", "TrivialAugment", "uniform policy"]
    (found,) = [row for row in result["rows"] if "against" in row]
    assert list(found["against"]) == result["free"]
    for other in found["against"].values():
        assert other["interval"] < other["simultaneous"]
    by_name = {row["name"]: row for row in result["rows"]}
    gap = found["mean"] - by_name["TrivialAugment"]["mean"]
    assert found["against"]["TrivialAugment"]["difference"] == pytest.approx(gap, abs=2e-6)


def trainings(folder):
    return [event for event in RunFolder.open(folder).events if event["event"] == "training"]


def test_a_training_records_each_test_image(digits, whole):
    result, folder = whole
    done = trainings(folder)
    for event in done:
        wrong = unpack(event["wrong"], len(digits.test))
        assert wrong.mean() == pytest.approx(event["test_error"])
        for label, error in enumerate(event["class_errors"]):
            assert wrong[digits.test.labels == label].mean() == pytest.approx(error, abs=1e-6)
    first = done[0]
    row = next(row for row in result["rows"] if row["name"] == first["row"])
    assert row["errors"][first["seed"]] == pytest.approx(first["test_error"], abs=1e-6)


def test_images_of_several_labels_are_paired_too(tmp_path):
    labels = torch.rand(60, 3, generator=torch.Generator().manual_seed(1)).round()
    result = compare(noise(labels, 16), out=tmp_path, **TINY)
    assert result["intervals"] == "test images", "one seed says nothing of other seeds"
    events = {event["row"]: event for event in trainings(tmp_path)}
    assert len(events) == len(result["rows"])
    for row in result["rows"]:
        wrong = unpack(events[row["name"]]["wrong"], result["test_images"], 3)
        assert wrong.mean() == pytest.approx(row["mean"], abs=1e-6)
        assert 0 < row["interval"] < 1
        assert np.mean(row["class_errors"]) == pytest.approx(row["mean"], abs=1e-5)


def test_trainings_of_an_older_release_keep_their_intervals_over_seeds(digits, whole, tmp_path):
    """Their single images are not known; going on with them, none of the others' are used."""
    run = RunFolder(shutil.copytree(whole[1], tmp_path / "old"))
    answers = ("wrong", "class_errors")
    old = [{k: v for k, v in e.items() if k not in answers} for e in trainings(run.path)]
    run.keep_events(old[:-1])
    result = compare(digits, ["dada-svhn"], out=run.path, resume=True, **SMALL)
    assert result["intervals"] == "seeds"
    for row in result["rows"]:
        assert row["interval"] == pytest.approx(interval(row["errors"]), abs=1e-4)
        assert "against" not in row


def errors(result):
    return {row["name"]: row["errors"] for row in result["rows"]}


def test_two_comparisons_are_alike_and_seeds_differ(digits, whole):
    once = compare(digits, ["dada-svhn"], **{**SMALL, "seeds": 1})
    found = errors(whole[0])
    assert all(found[name][0] == first for name, (first,) in errors(once).items())
    assert any(a != b for a, b in found.values())


def test_as_many_trainings_at_once_as_there_are_threads_change_nothing(digits, whole):
    torch.set_num_threads(2)
    try:
        together = compare(digits, ["dada-svhn"], **SMALL)
    finally:
        torch.set_num_threads(1)
    assert errors(together) == errors(whole[0])


class StopAfter(Callback):
    def __init__(self, count):
        self.left = count

    def on_record(self, record):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def test_an_interrupted_comparison_goes_on_to_the_same_result(digits, whole, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        compare(digits, ["dada-svhn"], out=tmp_path, callback=StopAfter(3), **SMALL)
    made = []

    class Count(Callback):
        def on_record(self, record):
            made.append(record["row"])

    resumed = compare(digits, ["dada-svhn"], out=tmp_path, resume=True, callback=Count(), **SMALL)
    assert len(made) == 10 - 3
    assert errors(resumed) == errors(whole[0])


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
        result = method.at(0, 1)(images, torch.Generator().manual_seed(0))
        again = method.at(0, 1)(images, torch.Generator().manual_seed(0))
        assert result.dtype == torch.uint8 and result.shape == images.shape
        assert torch.equal(result, again), method.name
        different = len({i.numpy().tobytes() for i in result})
        assert different == 1 if method is BASELINE else different > 5, method.name


def test_torchvisions_methods_move_all_channels_of_an_image_alike():
    """Every channel is the same grey image, so it must still be after one draw for all."""
    method = torchvision_method("RandAugment", v2.RandAugment())
    images = torch.randint(256, (30, 1, 16, 16), dtype=torch.uint8).expand(-1, 5, -1, -1)
    result = method.at(0, 1)(images, torch.Generator().manual_seed(0))
    assert torch.equal(result, result[:, :1].expand(-1, 5, -1, -1))
    assert not torch.equal(result, images)


def test_torchvisions_methods_leave_the_global_generator_alone():
    method = torchvision_method("TrivialAugment", v2.TrivialAugmentWide())
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    method.at(0, 1)(torch.zeros(3, 3, 8, 8, dtype=torch.uint8), torch.Generator())
    assert torch.equal(torch.rand(2), expected)
