"""The code of README, of the guides to libraries and of Extending runs as it stands."""

import sys
from importlib import import_module
from pathlib import Path
from shlex import split
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from torchvision import tv_tensors

from dada.cli.main import app
from dada.errors import UserError
from dada.policy import load_policy, save_policy
from dada.searching import METHODS, settings
from tests import squares
from tests.datasets.annotated.formats import write_voc
from tests.searching.trials import FEW, StopAfter, begin, finished, with_losses
from tests.test_docs import EXTENDING, FENCED

ROOT = Path(__file__).parent.parent
GUIDE = ROOT / "docs" / "guide"


class Pictures(torch.utils.data.Dataset):
    """Sixty-four photographs under the transform that timm sets."""

    transform = None

    def __getitem__(self, i):
        image = Image.new("RGB", (40, 30), (i, 100, 200))
        return (self.transform(image) if self.transform else image), i % 2

    def __len__(self):
        return 64


@pytest.fixture
def beside(tmp_path, monkeypatch):
    """A folder with a run and a schedule in it, in which a script would lie."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "policy", raising=False)
    (tmp_path / "runs" / "photos").mkdir(parents=True)
    save_policy(load_policy("dada-cifar10"), tmp_path / "runs" / "photos" / "policy.json")
    save_policy(load_policy("pba-cifar10"), tmp_path / "schedule.json")
    yield tmp_path
    sys.modules.pop("policy", None)


def blocks(page, language):
    return [code for _, found, code in FENCED.findall(page.read_text()) if found == language]


def export(page):
    """Run the page's `dada export` lines, with any files that they would replace."""
    lines = [line for code in blocks(page, "sh") for line in code.splitlines()]
    exports = [line for line in lines if line.startswith("dada export")]
    for line in exports:
        arguments = split(line, comments=True)[1:]
        app([*arguments, *["--force"] * ("-o" in arguments)], standalone_mode=False)
    assert exports


def run(page, names, containing=""):
    for code in blocks(page, "python"):
        if containing in code:
            exec(compile(code, str(page), "exec"), names)
    return names


def around():
    """What a reader has before the first line."""
    return {
        "dataset": Pictures(),
        "device": torch.device("cpu"),
        "images": torch.zeros(4, 3, 32, 32, dtype=torch.uint8),
        "policy": load_policy("dada-cifar10"),
        "mean": [0.5] * 3,
        "std": [0.2] * 3,
        "torch": torch,
    }


@pytest.mark.parametrize("page", [ROOT / "README.md", GUIDE / "timm.md"], ids=lambda p: p.stem)
def test_timms_lines_put_the_policy_into_its_loader(page, beside):
    timm = pytest.importorskip("timm")
    export(page)
    names = run(page, {**around(), "timm": timm}, "add_to")
    import policy

    steps = names["loader"].dataset.transform.transforms
    assert steps[2] is policy.augment
    images, labels = next(iter(names["loader"]))
    assert images.shape == (64, 3, 224, 224) and labels.shape == (64,)
    if "transform" in names:
        assert names["transform"].transforms[2] is policy.augment


def test_readmes_plain_loop_augments_a_batch(beside):
    names = run(ROOT / "README.md", around(), "policy.transform()")
    assert names["images"].shape == (4, 3, 32, 32) and names["images"].dtype == torch.uint8


def test_torchvisions_lines_give_normalised_images(beside):
    export(GUIDE / "torchvision.md")
    names = run(GUIDE / "torchvision.md", around())
    image = names["transform"](tv_tensors.Image(torch.zeros(3, 32, 32, dtype=torch.uint8)))
    assert image.dtype == torch.float32 and image.shape == (3, 32, 32)
    import policy

    assert policy.Augment()(names["images"]).shape == (4, 3, 32, 32)


def test_the_lines_of_detection_move_boxes(beside):
    boxes = tv_tensors.BoundingBoxes([[2, 2, 9, 9]], format="XYXY", canvas_size=(20, 30))
    target = {"boxes": boxes, "labels": torch.tensor([1])}
    image = tv_tensors.Image(torch.zeros(3, 20, 30, dtype=torch.uint8))
    given = {**around(), "image": image, "target": target}
    names = run(GUIDE / "detection.md", given, "policy.transform()")
    assert names["image"].dtype == torch.float32 and set(names["target"]) == {"boxes", "labels"}


def test_the_lines_of_detection_read_a_folder_with_boxes(beside):
    write_voc(beside / "blood")
    assert run(GUIDE / "detection.md", {}, "load(")["dataset"].task.name == "detection"


def test_the_commands_of_detection(beside):
    """As they stand but for the search, on few small pictures and with a small network."""
    squares.write_yolo(beside / "blood")
    (beside / "runs" / "blood").mkdir()
    save_policy(load_policy("dada-cifar10"), beside / "runs" / "blood" / "policy.json")
    lines = blocks(GUIDE / "detection.md", "sh")[0].splitlines()
    _, _, compare, train, evaluate = [split(line, comments=True)[1:] for line in lines]
    few = ["--model", "detector-4", "--epochs", "1", "--device", "cpu", "-q"]
    app([*compare, "--seeds", "1", *few], standalone_mode=False)
    app([*train, *few], standalone_mode=False)
    app([*evaluate, "--device", "cpu"], standalone_mode=False)
    assert (beside / "runs" / "blood" / "compare" / "comparison.json").is_file()
    assert (beside / "runs" / "detector" / "evaluation.html").is_file()


def test_the_lines_of_exports_write_a_file(beside, capsys):
    import dada

    export(GUIDE / "exports.md")
    assert "kornia" in capsys.readouterr().out
    names = run(GUIDE / "exports.md", {**around(), "dada": dada})
    assert (beside / "policy.py").read_text() == names["text"]


def test_lightnings_lines_load_and_augment(beside):
    lightning = pytest.importorskip("lightning")
    from torch.utils.data import DataLoader
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import v2

    import dada

    for name in ("a", "b"):
        (beside / "photos" / name).mkdir(parents=True)
        Image.fromarray(np.zeros((20, 20, 3), np.uint8)).save(beside / "photos" / name / "0.png")
    given = {"lightning": lightning, "v2": v2, "dada": dada, "ImageFolder": ImageFolder}
    names = run(GUIDE / "lightning.md", {**around(), **given, "DataLoader": DataLoader})
    images, _ = next(iter(names["Data"]("photos", "runs/photos").train_dataloader()))
    assert images.shape == (2, 3, 224, 224)

    module = SimpleNamespace(
        trainer=SimpleNamespace(training=True),
        augment=names["policy"].transform(),
        normalise=v2.ToDtype(torch.float32, scale=True),
    )
    augmented, _ = names["on_after_batch_transfer"](module, (names["images"], torch.zeros(4)), 0)
    assert augmented.dtype == torch.float32 and augmented.shape == (4, 3, 32, 32)


def test_the_way_from_photographs_to_a_model_file(beside, fill_photos):
    """Its commands as they stand, on few small pictures, from weights in a file."""
    fill_photos(beside / "my_photos")
    torch.save(torchvision.models.resnet18().state_dict(), beside / "resnet18.pt")
    page = GUIDE / "train.md"
    lines = blocks(page, "sh")[0].splitlines()
    _, train, evaluate, onnx = [split(line, comments=True)[1:] for line in lines]
    train[train.index("--pretrained")] = "--weights=resnet18.pt"
    app(
        [*train, *["--side", "32", "--epochs", "1", "--device", "cpu", "-q"]], standalone_mode=False
    )
    app([*evaluate, "--device", "cpu"], standalone_mode=False)
    assert (beside / "runs" / "trained" / "evaluation.html").is_file()
    names = run(page, around(), "from torchvision.models")
    [logits] = names["network"].eval()(torch.zeros(1, 3, 32, 32)).tolist()
    assert len(logits) == 2
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    app(onnx, standalone_mode=False)
    Image.new("RGB", (50, 40), (250, 10, 10)).save(beside / "photo.jpg")
    assert run(page, around(), "onnxruntime")["classes"] == ["blue", "red"]


@pytest.fixture
def fill_photos():
    """Writes two folders of coloured pictures."""

    def write(folder):
        for name, colour in (("blue", (0, 0, 1)), ("red", (1, 0, 0))):
            (folder / name).mkdir(parents=True)
            for number in range(20):
                tint = tuple(100 + 3 * number + 50 * part for part in colour)
                Image.new("RGB", (40 + number, 36), tint).save(folder / name / f"{number}.png")

    return write


@pytest.fixture
def single(tmp_path, monkeypatch):
    """The search method of Extending, as if it came with the package."""
    [code] = blocks(EXTENDING, "python")
    (tmp_path / "single.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    method = import_module("single").SingleMethod
    monkeypatch.setitem(METHODS, method.name, method)
    settings.known_settings.cache_clear()
    yield {**FEW, "method": method.name, "probability": 1.0}
    del sys.modules["single"]
    settings.known_settings.cache_clear()


def test_extendings_method_searches_resumes_reports_and_keeps_to_a_budget(single, digits, tmp_path):
    import dada

    policy = dada.search(digits, **single, out=tmp_path / "whole")
    if not policy.is_none:
        [[operation]] = [sub_policy.operations for sub_policy in policy.sub_policies]
        assert operation.name in FEW["operations"] and operation.probability == 1
    with pytest.raises(KeyboardInterrupt):
        dada.search(digits, **single, out=tmp_path / "run", callback=StopAfter(1))
    resumed = dada.search(digits, **single, out=tmp_path / "run", resume=True)
    files = [tmp_path / name / "policy.json" for name in ("whole", "run")]
    assert resumed == policy and files[0].read_bytes() == files[1].read_bytes()
    assert "Rotate" in (tmp_path / "run" / "report.html").read_text()
    assert dada.search(digits, **single, budget="10m") == policy
    assert compile(dada.export.write(policy, "python"), "policy.py", "exec")


def test_extendings_method_keeps_the_operation_that_helps(single, digits, monkeypatch):
    """Where its loss is the lower one, by more than the others differ."""
    losses = {"Rotate": 0.5, "Invert": 1.1, "Brightness": 0.9}

    def loss_of(policy):
        return 1.0 if policy.is_none else losses[policy.sub_policies[0].operations[0].name]

    with_losses(monkeypatch, loss_of)
    search = begin(digits, **single)
    finished(search)
    [[operation]] = [s.operations for s in search.policy("found", {}).sub_policies]
    assert (operation.name, operation.probability) == ("Rotate", 1.0)


def test_extendings_method_refuses_what_is_not_its_own(single):
    with pytest.raises(UserError, match="kl_weight has no effect with method single, only with"):
        settings.make_settings(method="single", kl_weight=1.0)
    with pytest.raises(UserError, match="probability has no effect with method random, only with"):
        settings.make_settings(method="random", probability=0.7)


def test_the_schedule_of_the_guide(beside, capsys):
    page = GUIDE / "policies.md"
    made, followed, converted = blocks(page, "python")
    names = {"dada": import_module("dada")}
    exec(made, names)
    assert capsys.readouterr().out in blocks(page, "text")
    assert load_policy("schedule.json") == names["schedule"]
    exec(followed, names)
    (beside / "schedules").mkdir()
    line = f"['1', '2', 12, 10, {[0] * 60}, {[5, 5] * 30}]"
    (beside / "schedules" / "mine.txt").write_text(line)
    exec(converted, names)
    assert [stage.epochs for stage in load_policy("mine.json").stages] == [10, 190]
