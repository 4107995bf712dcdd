import pytest
import torch
import torchvision
from torch import nn

from dada.errors import UserError
from dada.models import create, pretrained
from dada.models.libraries import detectors, segmenters
from dada.models.pretrained import Statistics, for_channels, start_from, statistics_of, weights_of
from tests.offered import offered


@pytest.fixture
def file(tmp_path):
    """Weights of a wrn-10-1 for seven classes, and the file that they are in."""
    torch.manual_seed(1)
    state = create("wrn-10-1", classes=7).state_dict()
    torch.save(state, tmp_path / "weights.pt")
    return state, str(tmp_path / "weights.pt")


def test_all_layers_but_the_last_start_from_the_file(file):
    state, path = file
    torch.manual_seed(2)
    network = create("wrn-10-1", classes=3, weights=path)
    for key, tensor in network.state_dict().items():
        if key.startswith("linear."):
            assert not tensor.any()
        else:
            assert torch.equal(tensor, state[key]), key
    assert not torch.equal(create("wrn-10-1", classes=3).conv.weight, network.conv.weight)


def test_with_as_many_classes_the_last_layer_comes_too(file):
    state, path = file
    found = create("wrn-10-1", classes=7, weights=path).state_dict()
    assert all(torch.equal(found[key], state[key]) for key in state)


@pytest.mark.parametrize("within", ["state_dict", "model"])
@pytest.mark.parametrize("wrapper", ["", "module.", "_orig_mod."])
def test_files_of_trainers_are_understood(file, tmp_path, within, wrapper):
    state, _ = file
    wrapped = {wrapper + key: tensor for key, tensor in state.items()}
    torch.save({within: wrapped, "epoch": 3}, tmp_path / "trainer.pth")
    network = create("wrn-10-1", classes=7, weights=str(tmp_path / "trainer.pth"))
    assert torch.equal(network.linear.weight, state["linear.weight"])


def test_other_names_in_the_same_order_are_understood(file, tmp_path):
    state, _ = file
    torch.save({f"layer{n}": tensor for n, tensor in enumerate(state.values())}, tmp_path / "w.pt")
    network = create("wrn-10-1", classes=3, weights=str(tmp_path / "w.pt"))
    assert torch.equal(network.conv.weight, state["conv.weight"])
    assert not network.linear.weight.any()


def test_a_grey_picture_is_seen_as_in_three_equal_channels(tmp_path):
    torch.manual_seed(0)
    colour = create("wrn-10-1", classes=4).eval()
    torch.save(colour.state_dict(), tmp_path / "colour.pt")
    grey = create("wrn-10-1", classes=4, channels=1, weights=str(tmp_path / "colour.pt")).eval()
    picture = torch.rand(2, 1, 16, 16)
    torch.testing.assert_close(grey(picture), colour(picture.expand(-1, 3, -1, -1)))


def test_several_channels_share_the_weights_of_three(tmp_path):
    torch.manual_seed(0)
    colour = create("wrn-10-1", classes=4)
    torch.save(colour.state_dict(), tmp_path / "colour.pt")
    six = create("wrn-10-1", classes=4, channels=6, weights=str(tmp_path / "colour.pt"))
    total = colour.conv.weight.sum(1)
    torch.testing.assert_close(six.conv.weight, (total / 6)[:, None].expand(-1, 6, -1, -1))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"conv.weight": torch.ones(2)}, r"not the weights of wrn-10-1: 0 of its"),
        ({}, "must hold tensors by name"),
        ([torch.ones(2)], "must hold tensors by name"),
        ({"state_dict": {"epoch": 3}}, "must hold tensors by name"),
    ],
)
def test_other_files_are_refused(tmp_path, content, message):
    torch.save(content, tmp_path / "weights.pt")
    with pytest.raises(UserError, match=message):
        create("wrn-10-1", classes=3, weights=str(tmp_path / "weights.pt"))


def test_a_layer_that_does_not_fit_is_named(file, tmp_path):
    state, _ = file
    name = next(key for key in state if key.endswith("conv1.weight"))
    torch.save({key: t for key, t in state.items() if key != name}, tmp_path / "less.pt")
    with pytest.raises(UserError, match=f"{name} is missing, or has another shape"):
        create("wrn-10-1", classes=3, weights=str(tmp_path / "less.pt"))


def test_code_in_a_file_is_not_run(tmp_path):
    torch.save(nn.Linear(2, 2), tmp_path / "module.pt")  # a pickled object
    with pytest.raises(UserError, match="not a file of weights"):
        create("wrn-10-1", classes=3, weights=str(tmp_path / "module.pt"))
    (tmp_path / "text.pt").write_text("no weights")
    with pytest.raises(UserError, match="not a file of weights"):
        create("wrn-10-1", classes=3, weights=str(tmp_path / "text.pt"))


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        create("wrn-10-1", classes=3, weights=str(tmp_path / "none.pt"))
    with pytest.raises(UserError, match=r"a folder; give the file, such as .*last.pt"):
        create("wrn-10-1", classes=3, weights=str(tmp_path))


def test_a_library_that_cannot_be_reached_is_named(monkeypatch):
    weights = torchvision.models.get_model_weights("resnet18").DEFAULT
    monkeypatch.setattr(type(weights), "get_state_dict", _unreachable)
    with pytest.raises(UserError, match=r"resnet18 cannot be fetched \(no route\).*weights="):
        create("resnet18", classes=3, weights="pretrained")
    with pytest.raises(UserError, match="wrn-10-1 has no pre-trained weights"):
        create("wrn-10-1", classes=3, weights="pretrained")


def test_the_weights_of_torchvision_are_taken(monkeypatch):
    torch.manual_seed(0)
    state = offered(monkeypatch, "squeezenet1_1")
    network = create("squeezenet1_1", classes=3, weights="pretrained")
    assert torch.equal(network.features[0].weight, state["features.0.weight"])
    assert not network.classifier[1].weight.any()
    assert weights_of("squeezenet1_1", "pretrained") is state


def test_statistics_are_those_of_the_weights():
    for name in ("resnet18", "mobilenet_v3_small", "vit_b_16"):
        expected = torchvision.models.get_model_weights(name).DEFAULT.transforms()
        assert statistics_of(name) == (tuple(expected.mean), tuple(expected.std))
    assert statistics_of("wrn-10-1") is None


def test_statistics_of_timm_networks():
    timm = pytest.importorskip("timm")
    known = timm.get_pretrained_cfg("tf_efficientnet_lite0")
    assert statistics_of("timm:tf_efficientnet_lite0") == (known.mean, known.std)


def test_statistics_for_other_channels_are_their_mean():
    assert for_channels(Statistics((0.3, 0.5, 0.7), (0.1, 0.2, 0.6)), 1) == ((0.5,), (0.3,))
    assert for_channels(Statistics((0.3, 0.5, 0.7), (0.1, 0.2, 0.6)), 3).mean == (0.3, 0.5, 0.7)


def test_nothing_changes_when_weights_do_not_fit(file, tmp_path):
    network = create("wrn-10-1", classes=3)
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    torch.save({"conv.weight": torch.ones(2)}, tmp_path / "weights.pt")
    with pytest.raises(UserError):
        start_from(network, "wrn-10-1", str(tmp_path / "weights.pt"), classes=3)
    assert all(torch.equal(network.state_dict()[key], before[key]) for key in before)


def _unreachable(*_, **__):
    raise OSError("no route")


def test_a_detector_takes_the_weights_of_another_number_of_classes(tmp_path):
    """The layers that depend on it keep their fresh weights, which say that objects are rare."""
    torch.manual_seed(1)
    state = create("retinanet_resnet18_fpn", classes=5).state_dict()
    torch.save(state, tmp_path / "five.pt")
    torch.manual_seed(2)
    network = create("retinanet_resnet18_fpn", classes=3, weights=str(tmp_path / "five.pt"))
    torch.manual_seed(2)
    fresh = create("retinanet_resnet18_fpn", classes=3).state_dict()
    for key, tensor in network.state_dict().items():
        own = fresh if "classification_head.cls_logits" in key else state
        assert torch.equal(tensor, own[key]), key


@pytest.mark.parametrize("name", ["fasterrcnn_mobilenet_v3_large_fpn", "lraspp_mobilenet_v3_large"])
def test_weights_of_torchvisions_detectors_and_segmentation_networks(name, monkeypatch):
    """Their batch normalisation is frozen, and counts no batches."""
    weights = torchvision.models.get_model_weights(name).DEFAULT
    torch.manual_seed(0)
    count = len(weights.meta["categories"])
    state = torchvision.models.get_model(
        name, weights=None, weights_backbone=None, num_classes=count
    ).state_dict()
    state = {key: t for key, t in state.items() if not key.endswith("num_batches_tracked")}
    monkeypatch.setattr(type(weights), "get_state_dict", lambda *_, **__: state)
    monkeypatch.setattr(pretrained, "_library_state", pretrained._library_state.__wrapped__)
    network = create(name, classes=3, weights="pretrained")
    found = network.state_dict()
    alike = [key for key in state if torch.equal(state[key], found[key])]
    assert len(state) - len(alike) == 4  # weight and bias of two layers
    assert statistics_of(name).mean == (0.485, 0.456, 0.406)


def test_a_detector_with_another_resnet_starts_from_what_is_offered_for_that(monkeypatch):
    torch.manual_seed(0)
    state = offered(monkeypatch, "resnet18")
    network = create("fcos_resnet18_fpn", classes=3, weights="pretrained")
    assert torch.equal(network.backbone.body.conv1.weight, state["conv1.weight"])
    assert statistics_of("fcos_resnet18_fpn") == statistics_of("resnet18")


def test_a_classifiers_file_is_for_the_backbone(tmp_path):
    torch.manual_seed(0)
    state = create("resnet18", classes=7).state_dict()
    torch.save({"model": state}, tmp_path / "last.pt")
    network = create("fasterrcnn_resnet18_fpn", 3, weights=str(tmp_path / "last.pt"))
    assert torch.equal(network.backbone.body.conv1.weight, state["conv1.weight"])


@pytest.mark.parametrize("name", [*detectors(), *segmenters()])
def test_statistics_of_all_of_torchvisions(name):
    if name in detectors():
        with torch.device("meta"):
            transform = create(name, classes=2).transform
        expected = transform.image_mean, transform.image_std
    else:
        transform = torchvision.models.get_model_weights(name).DEFAULT.transforms()
        expected = transform.mean, transform.std
    assert [list(values) for values in statistics_of(name)] == [
        pytest.approx(list(values)) for values in expected
    ]
