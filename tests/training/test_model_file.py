"""What a training leaves is loaded by the libraries that the network is from, as it is."""

import json
import sys

import numpy as np
import pytest
import torch
from torchvision.models import resnet18

import dada
from dada.augment import Pipeline
from dada.errors import UserError
from dada.training import onnx
from dada.training.trained import Trained

HARDEST = {"ema": 0.9, "precision": "bfloat16", "frozen_statistics": True}
SMALL = {"epochs": 2, "batch": 20, "test_every": 1, "padding": 0, "device": "cpu"}


def dataset(channels=3):
    generator = torch.Generator().manual_seed(0)
    shape = (60, channels, 32, 24)
    images = torch.randint(256, shape, dtype=torch.uint8, generator=generator)
    whole = dada.ImageSet(images, torch.arange(60) % 3)
    parts = whole.subset(range(40)), whole.subset(range(40, 60))
    return dada.Dataset("set", *parts, ("a", "b", "ö"))


def error_of(network, folder, data):
    settings = Trained.open(folder).settings
    pipeline = Pipeline(settings.mean, settings.std, padding=0)
    with torch.no_grad():
        answers = network.eval()(pipeline.normalise(data.test.images)).argmax(1)
    return (answers != data.test.labels).double().mean().item()


def check(network, folder, data, weights):
    """The network is the one that dada tests."""
    ours = Trained.open(folder).network(weights)
    assert [*network.state_dict()] == [*ours.state_dict()]
    pairs = zip(network.state_dict().values(), ours.state_dict().values(), strict=True)
    assert all(torch.equal(*pair) for pair in pairs)
    found = dada.evaluate(folder, data, weights=weights, device="cpu")
    if Trained.open(folder).settings.precision != "bfloat16":  # rounding can turn an answer
        assert error_of(network, folder, data) == pytest.approx(found["test_error"])


@pytest.mark.parametrize("settings", [{}, HARDEST])
def test_torchvision(tmp_path, settings):
    data = dataset()
    dada.train(data, model="resnet18", out=tmp_path / "run", **SMALL, **settings)
    for weights in ("last", "best"):
        network = resnet18(num_classes=3)
        network.load_state_dict(torch.load(tmp_path / "run" / f"{weights}.pt"))
        check(network, tmp_path / "run", data, weights)


@pytest.mark.parametrize("settings", [{}, HARDEST])
def test_timm(tmp_path, settings):
    timm = pytest.importorskip("timm")
    data = dataset()
    dada.train(data, model="timm:resnet10t", out=tmp_path / "run", **SMALL, **settings)
    for weights in ("last", "best"):
        file = str(tmp_path / "run" / f"{weights}.pt")
        network = timm.create_model("resnet10t", num_classes=3, checkpoint_path=file)
        check(network, tmp_path / "run", data, weights)


@pytest.mark.parametrize(("model", "channels"), [("wrn-10-1", 5), ("resnet18", 1)])
def test_onnx(tmp_path, model, channels):
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    data, path = dataset(channels), tmp_path / "model.onnx"
    dada.train(data, model=model, out=tmp_path / "run", **SMALL, mean=(0.4,) * channels)
    assert onnx.export_onnx(tmp_path / "run", path, weights="best") == path
    session = runtime.InferenceSession(path)
    about = session.get_modelmeta().custom_metadata_map
    assert json.loads(about["classes"]) == ["a", "b", "ö"]
    assert (about["network"], about["task"]) == (model, "classification")
    trained = Trained.open(tmp_path / "run")
    pipeline = Pipeline(trained.settings.mean, trained.settings.std, padding=0)
    for images in (data.test.images, data.test.images[:1]):
        with torch.no_grad():
            ours = trained.network("best").eval()(pipeline.normalise(images))
        [theirs] = session.run(["logits"], {"images": images.numpy()})
        assert np.abs(ours.numpy() - theirs).max() < 1e-5
    with pytest.raises(Exception, match=r"uint8|Unexpected input data type"):
        session.run(None, {"images": data.test.images.float().numpy()})


def test_without_onnxscript_the_line_that_installs_it_is_said(tmp_path, monkeypatch):
    dada.train(dataset(), model="wrn-10-1", out=tmp_path / "run", **SMALL)
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(UserError, match=r"pip install 'dada-augment\[onnx\]'"):
        onnx.export_onnx(tmp_path / "run", tmp_path / "model.onnx")
    with pytest.raises(UserError, match="must be last or best"):
        onnx.export_onnx(tmp_path / "run", tmp_path / "model.onnx", weights="first")
    assert not (tmp_path / "model.onnx").exists()
