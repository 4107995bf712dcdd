"""What the user's own code raises reaches the user as it is, after a line that says whose it is."""

import traceback

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.data import get_worker_info

import dada
from dada.datasets import Dataset, ImageSet, open_files
from dada.errors import UserError
from dada.tasks import Classification
from dada.tasks.network import check_network

TRAIN = {"recipe": "demo", "images": 40, "epochs": 1, "batch": 20}
TRIALS = {"images": 40, "folds": 2, "epochs": 1, "operations": ("Rotate", "Invert")}
STEPS = {"preset": "step", "images": 40, "epochs": 1}
OPTIONS = {"train": TRAIN, "trials": TRIALS, "steps": STEPS}
VERBS = {
    "train": lambda data, **own: dada.train(data, **TRAIN, **own),
    "trials": lambda data, **own: dada.search(data, **TRIALS, **own),
    "steps": lambda data, **own: dada.search(data, model="wrn-10-1", **STEPS, **own),
    "compare": lambda data, **own: dada.compare(
        data, model="wrn-10-1", images=40, epochs=1, seeds=1, **own
    ),
}


def faulty_transform(image):
    raise OverflowError("mine")


def faulty_in_workers(image):
    return faulty_transform(image) if get_worker_info() else image


class Faulty(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))

    def forward(self, images):
        raise FloatingPointError("mine")


@pytest.fixture(params=[1, 2], ids=["here", "in processes"])
def threads(request):
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(1)


def shown(error):
    return "".join(traceback.format_exception(error))


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.usefixtures("threads")
def test_a_mistake_in_a_loss_is_not_taken_for_a_loss_that_grows(verb, digits, capfd):
    def loss(logits, labels):
        losses = cross_entropy(logits, labels, reduction="none")
        return losses if len(labels) == 2 else losses / (1 // len(labels[labels > 99]))

    with pytest.raises(ZeroDivisionError) as caught:
        VERBS[verb](digits, loss=loss)
    assert "1 // len(labels[labels > 99])" in shown(caught.value)
    # From another process the line goes to stderr there.
    said = capfd.readouterr().err
    assert said == "" or "dada: the loss you passed raised ZeroDivisionError:" in said


@pytest.mark.parametrize("verb", VERBS)
def test_a_loss_that_always_fails_does_so_before_a_run_begins(verb, digits, tmp_path):
    def loss(logits, labels):
        raise OverflowError("mine")

    with pytest.raises(OverflowError, match=r"^mine$"):
        VERBS[verb](digits, loss=loss, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("part", ["before", "after"])
def test_a_mistake_in_a_transform_is_shown_with_its_traceback(verb, part, digits, caplog):
    with pytest.raises(OverflowError, match=r"^mine$") as caught:
        VERBS[verb](digits, **{part: faulty_transform})
    assert 'raise OverflowError("mine")' in shown(caught.value)
    assert f"dada: the {part} you passed raised OverflowError:" in caplog.messages


@pytest.mark.parametrize("verb", ["train", "trials", "steps"])
def test_a_mistake_in_a_network_is_shown_before_anything_is_trained(verb, digits, caplog, tmp_path):
    call = dada.train if verb == "train" else dada.search
    with pytest.raises(FloatingPointError, match=r"^mine$"):
        call(digits, out=tmp_path / "run", **OPTIONS[verb], model=Faulty())
    assert caplog.messages == ["dada: the network Faulty you passed raised FloatingPointError:"]
    assert not (tmp_path / "run").exists()


def test_a_mistake_in_a_data_set_is_shown_with_the_item(caplog):
    class Pictures:
        def __len__(self):
            return 20

        def __getitem__(self, index):
            return torch.zeros(1, 8, 8), index % 2 if index < 7 else 1 // 0

    with pytest.raises(ZeroDivisionError):
        dada.train(Pictures(), **TRAIN)
    (said,) = caplog.messages
    assert said == "dada: the dataset (Pictures, item 7) you passed raised ZeroDivisionError:"


@pytest.mark.filterwarnings("ignore:This DataLoader will create 2 worker processes")
def test_a_mistake_in_a_worker_that_decodes_has_its_traceback(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        for number in range(20):
            pixels = np.full((24, 24, 3), 6 * number + (name == "b"), np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{number}.png")
    files = open_files(tmp_path, side=24)
    with pytest.raises(OverflowError, match=r"(?s)worker process.*faulty_transform.*mine"):
        dada.train(files, before=faulty_in_workers, workers=2, **{**TRAIN, "model": "wrn-10-1"})


def test_what_the_program_says_of_a_users_code_is_one_line(digits, caplog):
    with pytest.raises(UserError, match=r"the loss gave .* must give one number per image"):
        dada.train(digits, loss=cross_entropy, **TRAIN)
    assert not caplog.messages


class Few(nn.Sequential):
    def __init__(self, outputs=9):
        super().__init__(nn.Flatten(), nn.Linear(64, outputs))


@pytest.mark.parametrize("verb", ["train", "trials", "steps"])
@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (
            Few(),
            r"network Few gives \(2, 9\) for 2 images: must give \(2, 10\), one number for each",
        ),
        (Few(11), r"gives \(2, 11\) for 2 images: must give \(2, 10\)"),
        (nn.Identity(), r"gives \(2, 1, 8, 8\) for 2 images"),
        (Few(10).requires_grad_(False), "network Few has nothing to train"),
        (Few, r"model is the class Few: give a network, Few\(\)"),
        (len, "model is a builtin_function_or_method: must be a name such as wrn-16-2"),
        ("wrn-10-100000", r"'wrn-10-100000' has 7.4e\+14 parameters: at most 1,000,000,000"),
        ("wrn-1000000-1", "'wrn-1000000-1' is 1,000,000 layers deep: at most 2,000"),
        ("proxy-999999", "'proxy-999999' has"),
    ],
)
def test_a_network_that_cannot_be_trained_is_one_line(verb, model, reason, digits, tmp_path):
    call = dada.train if verb == "train" else dada.search
    with pytest.raises(UserError, match=reason) as caught:
        call(digits, out=tmp_path / "run", **OPTIONS[verb], model=model)
    assert "\n" not in str(caught.value) and not (tmp_path / "run").exists()


def test_a_comparison_takes_networks_by_name_and_checks_them(digits):
    wrong = "network vit_b_16 does not take images of 8 × 8 pixels and 1 channel: Wrong"
    for model, reason in ((Few(10), "must be a name"), ("vit_b_16", wrong)):
        with pytest.raises(UserError, match=reason):
            dada.compare(digits, model=model, images=40, epochs=1, seeds=1)


def test_a_check_changes_neither_the_network_nor_any_generator():
    torch.manual_seed(3)
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64), nn.Dropout(), nn.Linear(64, 10))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    check_network(model, "mine", Classification(), 10, (1, 8, 8), users=True)
    assert torch.equal(torch.get_rng_state(), state) and model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


@pytest.mark.parametrize("call", [dada.train, dada.search, dada.compare])
@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"epoch": 3}, r"no setting 'epoch' \(did you mean epochs\?\)"),
        ({"weightdecay": 0.1}, r"no setting 'weightdecay' \(did you mean weight_decay\?\)"),
        ({"mean": (float("inf"),)}, "mean.0: Input should be a finite number"),
        ({"std": (1e-320,)}, "std.0: Input should be greater than or equal to 0.0001"),
        ({"epochs": 10**12}, "epochs: Input should be less than or equal to 1000000"),
        ({"epochs": 10**400}, "epochs: Input should be less than or equal to 1000000"),
        ({"padding": 10**9}, "padding 1000000000 can leave nothing of the images of digits"),
        ({"lr": "fast"}, "lr: Input should be a valid number"),
        ({"lr": 1e300}, "lr: Input should be less than or equal to 1"),
        ({"weight_decay": 1e300}, "weight_decay: Input should be less than or equal to 1"),
    ],
)
def test_a_setting_that_cannot_be_is_one_line(call, wrong, reason, digits):
    with pytest.raises(UserError, match=reason) as caught:
        call(digits, **wrong)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"preset": "demo"}, "a training's presets are recipes: give recipe="),
        ({"seed": -1}, "seed -1: must be an integer from 0 to"),
        ({"seed": 2**32}, "must be an integer from 0 to 2³² - 1"),
        ({"seed": True}, "seed True: must be an integer"),
        ({"seed": "1"}, "seed '1': must be an integer"),
        ({"device": 0.5}, "no device 0.5 here: try cpu"),
        ({"device": None}, "no device None here: try cpu"),
        ({"recipe": []}, r"no preset \[\]; there are default"),
    ],
)
def test_what_a_training_does_not_know_is_one_line(wrong, reason, digits):
    with pytest.raises(UserError, match=reason):
        dada.train(digits, **wrong)


@pytest.mark.parametrize("lr", [1e3, 1e38])
def test_a_network_that_diverges_leaves_no_number_that_is_none(lr, digits, tmp_path):
    for test_every in (1, 2):
        out = tmp_path / str(test_every)
        given = {**TRAIN, "lr": lr, "epochs": 2, "test_every": test_every, "clip": 0}
        try:
            dada.train(digits, out=out, **given)
        except UserError as error:
            assert "not a finite number" in str(error) and "try a lower lr=" in str(error)
        for file in out.glob("*.json*"):
            assert "NaN" not in file.read_text() and "Infinity" not in file.read_text()


@pytest.mark.parametrize("function", [dada.train, dada.compare])
@pytest.mark.parametrize("place", ["before", "after"])
def test_transforms_of_images_alone_are_refused_where_labels_move(function, place):
    part = ImageSet(
        torch.zeros(4, 3, 16, 16, dtype=torch.uint8), torch.zeros(4, 16, 16, dtype=torch.uint8)
    )
    data = Dataset("squares", part, part, ("one", "two"))
    with pytest.raises(UserError, match=f"{place}: a transform of images alone"):
        function(data, model="segmenter-4", **{place: lambda image: image})
