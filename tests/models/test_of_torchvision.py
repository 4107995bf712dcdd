"""Detectors and segmentation networks by name."""

import pytest
import torch
import torchvision

from dada.errors import UserError
from dada.models import Detected, check_name, create
from dada.models.libraries import detectors, segmenters
from dada.tasks import TASKS

OTHER_DEPTHS = [
    "retinanet_resnet18_fpn",
    "fcos_resnet34_fpn",
    "fasterrcnn_resnet101_fpn",
    "maskrcnn_resnet18_fpn",
]


def shapes(network):
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


@pytest.mark.parametrize("name", segmenters())
def test_segmentation_networks_answer_for_each_pixel(name):
    check_name(name)
    with torch.device("meta"):
        network = create(name, classes=5, channels=1)
        assert network(torch.empty(2, 1, 64, 48)).shape == (2, 5, 64, 48)
    assert not any("aux" in key for key in network.state_dict())


@pytest.mark.parametrize("name", detectors())
def test_detectors_have_the_weights_of_torchvisions(name):
    check_name(name)
    with torch.device("meta"):
        network = create(name, classes=5)
        own = torchvision.models.get_model(
            name, weights=None, weights_backbone=None, num_classes=5 + network.background
        )
    assert shapes(network) == shapes(own)
    assert isinstance(network, type(own))


@pytest.mark.parametrize("name", OTHER_DEPTHS)
def test_other_depths_are_built_as_torchvisions_own(name):
    """With 50 layers, the same shapes as torchvision's; so only the ResNet differs."""
    from dada.models.of_torchvision import _with_resnet

    kind = name.split("_")[0]
    with torch.device("meta"):
        ours = _with_resnet(kind, "resnet50", 5)
        own = create(f"{kind}_resnet50_fpn", classes=5)
        body = create(name, classes=5).backbone.body
        resnet = torchvision.models.get_model(name.split("_")[1])
    assert shapes(ours) == shapes(own)
    expected = {n: s for n, s in shapes(resnet).items() if not n.startswith("fc.")}
    assert shapes(body) == expected


@pytest.mark.parametrize(
    "name",
    ["ssdlite320_mobilenet_v3_large", "fasterrcnn_mobilenet_v3_large_320_fpn"],
)
def test_a_detector_by_name_answers_in_both_modes(name):
    torch.manual_seed(0)
    network = create(name, classes=3, channels=1)
    images = torch.randn(2, 1, 64, 64)
    labels = torch.tensor([[[0.1, 0.2, 0.6, 0.9, 2.0]], [[0.0, 0.0, 0.0, 0.0, -1.0]]])
    for training in (True, False):
        outputs = network.train(training)(images)
        assert isinstance(outputs, Detected)
        assert outputs.losses(labels).isfinite().all()
        assert outputs.boxes(most=7).shape[1] <= 7


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_the_networks_that_tasks_name_are_known_and_have_pretrained_weights(task):
    for name in (task.proxy, task.pretrained, task.network(96, False), task.network(96, True)):
        check_name(name)
    torchvision.models.get_model_weights(task.pretrained)


@pytest.mark.parametrize("name", ["keypointrcnn_resnet50_fpn", "retinanet_resnet20_fpn"])
def test_others_are_unknown(name):
    with pytest.raises(UserError, match=f"unknown network '{name}'"):
        check_name(name)


@pytest.mark.parametrize("name", ["fcos_resnet18_fpn", "fcos_resnet50_fpn"])
def test_distances_of_fcos_start_above_their_relu(name):
    """About the size of a cell; torchvision's start around 0, half of them without a gradient."""
    torch.manual_seed(0)
    network = create(name, 3, 3).eval()
    with torch.no_grad():
        distances = network(torch.rand(2, 3, 64, 64)).heads["bbox_regression"]
    assert (distances > 0).float().mean() > 0.95
    assert distances.mean().item() == pytest.approx(1, abs=0.3)
