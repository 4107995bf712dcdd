"""A network that does not fit the task is refused before anything is written."""

import sys

import pytest
import torch
import torchvision
from torch import nn

import dada
from dada.datasets import Dataset, ImageSet
from dada.errors import UserError
from dada.models import create
from dada.tasks import TASKS
from dada.tasks.network import check_network
from tests import squares


def of_classes():
    made = squares.boxes(0, 24)
    images = ImageSet(made.images, torch.arange(24) % 3)
    return Dataset("squares", images, images, ("a", "b", "c"))


def of_labels():
    made = squares.boxes(0, 24)
    images = ImageSet(made.images, torch.eye(3)[torch.arange(24) % 3])
    return Dataset("squares", images, images, ("a", "b", "c"))


MADE = {
    "classification": of_classes,
    "multilabel": of_labels,
    "segmentation": squares.of_masks,
    "detection": squares.of_boxes,
    "instances": squares.of_instances,
}
ANSWERS = {
    "wrn-10-1": {"classification", "multilabel"},
    "segmenter-4": {"segmentation"},
    "detector-4": {"detection", "instances"},
    "mask-detector-4": {"instances"},
}
PAIRS = [(task.name, network) for task in TASKS for network in ANSWERS]
SMALL = {"epochs": 1, "batch": 8, "precision": "float32", "device": "cpu"}
VERBS = {
    "search": lambda data, **asked: dada.search(data, folds=2, **asked, **SMALL),
    "train": lambda data, **asked: dada.train(data, **asked, **SMALL),
    "compare": lambda data, **asked: dada.compare(data, seeds=1, **asked, **SMALL),
}


def check(data, network, users=False):
    shape = (data.channels, *data.side)
    check_network(network, "it", data.task, len(data.classes), shape, users)


@pytest.mark.parametrize(("kind", "name"), PAIRS)
def test_networks_fit_the_tasks_that_they_are_for(kind, name):
    data = MADE[kind]()
    network = create(name, len(data.classes))
    if kind in ANSWERS[name]:
        check(data, network)
    else:
        with pytest.raises(UserError):
            check(data, network)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, name in PAIRS if kind not in ANSWERS[name]]
)
def test_what_does_not_fit_is_one_line_and_nothing_is_written(verb, kind, name, tmp_path):
    with pytest.raises(UserError, match=r"must give .*: take one such as|learns masks") as caught:
        VERBS[verb](MADE[kind](), model=name, out=tmp_path / "run")
    assert "\n" not in str(caught.value) and not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["detector-4", "mask-detector-4", "fcos_resnet18_fpn"])
def test_detectors_are_said_to_give_boxes(name):
    with pytest.raises(UserError, match=r"gives boxes for 2 images: must give \(2, 3, 32, 32\)"):
        check(MADE["segmentation"](), create(name, 3))


def test_torchvisions_mask_rcnn_is_for_masks_of_objects():
    network = create("maskrcnn_resnet50_fpn", 2)
    check(squares.of_instances(), network)
    with pytest.raises(UserError, match="a Mask R-CNN learns masks of objects, and the labels are"):
        check(squares.of_boxes(), network)


@pytest.mark.parametrize("verb", ["search", "train"])
@pytest.mark.parametrize(
    ("kind", "make", "message"),
    [
        ("detection", lambda: create("mask-detector-4", 2), "mask-detector learns masks"),
        (
            "detection",
            lambda: torchvision.models.get_model("fcos_resnet50_fpn", weights_backbone=None),
            "gives a list for 2 images: must give boxes and their losses, a dada.models",
        ),
        (
            "segmentation",
            lambda: torchvision.models.get_model(
                "lraspp_mobilenet_v3_large", weights_backbone=None, num_classes=3
            ),
            r"gives an OrderedDict for 2 images: must give \(2, 3, 32, 32\), one number for each",
        ),
    ],
)
def test_a_module_of_the_users_is_asked_too(verb, kind, make, message, tmp_path):
    with pytest.raises(UserError, match=message) as caught:
        VERBS[verb](MADE[kind](), model=make(), out=tmp_path / "run")
    assert "take one such" not in str(caught.value) and not (tmp_path / "run").exists()


class Aside(nn.Module):
    """Answers in training mode with an answer of a further head, too, as GoogLeNet does."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(3 * squares.SIDE**2))
        self.head = nn.Linear(3 * squares.SIDE**2, 3)

    def forward(self, images):
        answers = self.head(self.layers(images))
        return (answers, answers) if self.training else answers


def test_a_network_that_answers_otherwise_in_training_is_refused(tmp_path):
    network, state = Aside(), torch.get_rng_state()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with pytest.raises(UserError, match=r"Aside gives a tuple for 2 images: must give \(2, 3\)"):
        dada.train(of_classes(), model=network, out=tmp_path / "run", **SMALL)
    assert not (tmp_path / "run").exists()
    assert torch.equal(torch.get_rng_state(), state) and network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


@pytest.mark.parametrize("verb", ["train", "compare"])
@pytest.mark.parametrize("kind", ["detection", "instances"])
def test_a_library_that_is_missing_is_named_before_a_training(verb, kind, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torchmetrics.detection", None)
    with pytest.raises(UserError, match=r"mAP needs torchmetrics\.detection: pip install"):
        VERBS[verb](MADE[kind](), model="detector-4", out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_what_a_network_of_ours_cannot_take_is_said_once(caplog):
    with pytest.raises(UserError, match="does not take images of 8 × 8 pixels and 1 channel"):
        check_network(create("vit_b_16", 10), "it", TASKS[0], 10, (1, 8, 8), users=False)
    assert not caplog.messages
