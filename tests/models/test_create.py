import re
import sys
from importlib import import_module

import pytest
import torch

from dada.errors import UserError
from dada.models import PyramidNet, ShakeShake, WideResNet, check_name, create, names, suggest
from dada.models.batch_norm import batch_statistics, elementary, fused


def test_wide_resnets_by_pattern():
    network = create("wrn-16-2", classes=10, channels=1)
    assert isinstance(network, WideResNet)
    assert network.conv.in_channels == 1
    assert network.stages[0].conv1.out_channels == 32
    assert len(network.stages) == 6
    assert create("WRN-10-1", classes=2).linear.out_features == 2


@pytest.mark.parametrize("channels", [1, 3])
def test_torchvision_residual_networks(channels):
    network = create("resnet18", classes=4, channels=channels).eval()
    assert network(torch.randn(1, channels, 32, 32)).shape == (1, 4)
    assert network.conv1.stride == (2, 2)
    assert network.conv1.bias is None


@pytest.mark.parametrize(
    "name",
    [
        "alexnet",
        "efficientnet_b0",
        "googlenet",
        "inception_v3",
        "mobilenet_v3_small",
        "vgg11",
        "vit_b_16",
    ],
)
def test_other_networks_of_torchvision(name):
    side = 299 if name == "inception_v3" else 224
    with torch.device("meta"):
        logits = create(name, classes=5, channels=2)(torch.empty(2, 2, side, side))
    assert logits.shape == (2, 5)


def test_other_channels_keep_the_spread_of_the_first_convolution():
    """Within 4 standard errors, the usual one's and the new one's."""
    torch.manual_seed(0)
    network = create("resnet18", classes=4, channels=1)
    weight = network.conv1.weight
    assert weight.shape == (64, 1, 7, 7)
    expected = (2 / (49 * 64)) ** 0.5
    error = expected * (1 / (2 * weight.numel()) + 1 / (6 * weight.numel())) ** 0.5
    assert abs(weight.std().item() - expected) < 4 * error
    torch.manual_seed(0)
    assert torch.equal(create("resnet18", classes=4, channels=1).conv1.weight, weight)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("shake-shake-26-2x32d", ShakeShake), ("PyramidNet-29-12", PyramidNet)],
)
def test_the_papers_networks_by_pattern(name, kind):
    with torch.device("meta"):
        network = create(name, classes=7, channels=2)
    assert isinstance(network, kind)
    assert network.conv.in_channels == 2
    assert network.linear.out_features == 7
    assert len(network.stages) == {ShakeShake: 12, PyramidNet: 9}[kind]


def test_the_papers_networks_are_named_first():
    assert names()[:8] == (
        "wrn-40-2",
        "wrn-28-10",
        "shake-shake-26-2x32d",
        "shake-shake-26-2x96d",
        "shake-shake-26-2x112d",
        "pyramidnet-272-200",
        "resnet50",
        "resnet200",
    )
    assert {"resnet18", "wide_resnet50_2", "resnext50_32x4d", "vgg11", "vit_b_16"} < set(names())
    assert len(names()) == len(set(names()))
    assert not any("keypoint" in name or "r3d" in name for name in names())


@pytest.fixture
def no_timm(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)  # importing it is an ImportError


@pytest.fixture
def no_networks(monkeypatch):
    def made(*_):
        raise AssertionError("a network is made")

    monkeypatch.setattr(torch.nn.Module, "__init__", made)
    # Parameters are counted on a device that takes no memory.
    monkeypatch.setattr(import_module("dada.models.create"), "_parameters", lambda *_: 0)


@pytest.mark.parametrize(
    ("name", "reason"),
    {
        "wrn-10-100000": r"has 7.4e\+14 parameters: at most 1,000,000,000",
        "wrn-10-999999": "parameters: at most",
        "wrn-2002-1": "is 2,002 layers deep: at most 2,000",
        "proxy-999999": "parameters: at most",
        "shake-shake-26-2x999998d": "parameters: at most",
        "shake-shake-1000004-2x32d": "is 1,000,004 layers deep: at most 2,000",
        "pyramidnet-272-999999": "parameters: at most",
        "wrn-10-" + "9" * 5000: "unknown network 'wrn-10-9",
    }.items(),
)
def test_a_network_of_no_memory_is_refused_before_any_is_taken(name, reason):
    for ask in (check_name, lambda name: create(name, 10)):
        with pytest.raises(UserError, match=reason) as caught:
            ask(name)
        assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "name", ["wrn-10-1", "proxy-8", "shake-shake-26-2x32d", "pyramidnet-20-24", "wrn-28-10"]
)
def test_parameters_are_counted_without_making_them(name, monkeypatch):
    counted, module = [], import_module("dada.models.create")
    original = module._parameters
    monkeypatch.setattr(
        module, "_parameters", lambda *given: counted.append(original(*given)) or counted[-1]
    )
    real = sum(p.numel() for p in create(name, 10).parameters())
    assert counted == [real]


@pytest.mark.usefixtures("no_timm", "no_networks")
def test_a_right_name_is_known_without_a_network():
    for name in (*names(), "wrn-16-4", "shake-shake-26-2x64d", "pyramidnet-110-48", "ResNet18"):
        check_name(name)


@pytest.mark.usefixtures("no_timm", "no_networks")
@pytest.mark.parametrize("name", ["wrn-40", "wrn-16-2-1", "wrn-16-0", "", "resnet19", "wrn-a-2"])
@pytest.mark.parametrize("ask", [check_name, lambda name: create(name, classes=10)])
def test_an_unknown_name_says_what_to_give(ask, name):
    with pytest.raises(UserError, match=rf"unknown network '{name}'.*: give wrn-DEPTH.*resnet18"):
        ask(name)


@pytest.mark.usefixtures("no_timm")
@pytest.mark.parametrize(
    ("name", "close"),
    [
        ("resnet19", "resnet18"),
        ("wrn-40-2x", "wrn-40-2"),
        ("pyramidnet", "pyramidnet-272-200"),
        ("shakeshake-26-2x96d", "shake-shake-26-2x96d"),
    ],
)
def test_an_unknown_name_has_close_ones(name, close):
    with pytest.raises(UserError, match=rf"did you mean .*{close}"):
        check_name(name)


@pytest.mark.usefixtures("no_timm")
def test_timm_is_asked_for_by_the_line_that_installs_it():
    line = re.escape("pip install 'dada-augment[timm]'")
    with pytest.raises(UserError, match=rf"^network 'timm:resnet50' needs timm: {line}$"):
        create("timm:resnet50", classes=10)
    with pytest.raises(UserError, match=line):
        check_name("convnextv2_atto")


@pytest.mark.parametrize("name", ["timm:resnet10t", "resnet10t", "TIMM:resnet18"])
@pytest.mark.parametrize("channels", [1, 3])
def test_networks_of_timms(name, channels):
    pytest.importorskip("timm")
    check_name(name)
    network = create(name, classes=4, channels=channels)
    assert type(network).__module__.startswith("timm.")
    assert network(torch.randn(2, channels, 32, 32)).shape == (2, 4)


@pytest.mark.parametrize("name", ["resnet10q", "timm:resnet10q"])
def test_an_unknown_name_of_timms_has_close_ones(name):
    pytest.importorskip("timm")
    with pytest.raises(UserError, match=rf"unknown network '{name}' .*{name[:-1]}t"):
        check_name(name)


def test_timms_normalisations_keep_their_activations():
    """Some of timm's are normalisation and activation in one."""
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    expected = timm.create_model("regnety_002", num_classes=4, in_chans=1)
    torch.manual_seed(0)
    network = create("timm:regnety_002", classes=4, channels=1)
    x = torch.randn(4, 1, 32, 32)
    assert torch.equal(network(x), expected(x))
    assert torch.equal(network.eval()(x), expected.eval()(x))
    network.train(), expected.train()
    for normalise in (fused, elementary):
        with batch_statistics(network, normalise):
            torch.testing.assert_close(network(x), expected(x), atol=1e-5, rtol=1e-4)


@pytest.mark.usefixtures("no_networks")
@pytest.mark.parametrize("ask", [check_name, lambda name: create(name, classes=10)])
def test_a_wrong_depth_in_a_name(ask):
    with pytest.raises(UserError, match=r"depth 20: .* nearest is 22"):
        ask("wrn-20-2")
    with pytest.raises(UserError, match=r"depth 25: .* nearest is 26"):
        ask("shake-shake-25-2x32d")
    with pytest.raises(UserError, match=r"depth 270: .* nearest is 272"):
        ask("pyramidnet-270-200")
    with pytest.raises(UserError, match="width 33: must be even"):
        ask("shake-shake-26-2x33d")


@pytest.mark.parametrize(
    ("side", "accelerated", "name"),
    [
        (8, False, "wrn-10-2"),
        (16, True, "wrn-10-2"),
        (17, False, "wrn-16-2"),
        (32, True, "wrn-40-2"),
        (64, False, "wrn-16-2"),
        (65, True, "resnet18"),
        (224, False, "resnet18"),
    ],
)
def test_suggestions(side, accelerated, name):
    assert suggest(side, accelerated) == name
    create(name, classes=2)
