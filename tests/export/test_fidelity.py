import random
import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image, ImageChops
from torchvision.transforms.v2 import functional as F

from dada.errors import UserError
from dada.export import target
from dada.export.fidelity import fidelity, photographs, table
from dada.export.interface import Target
from dada.export.torchvision import target as torchvision
from dada.ops import get

MAGNITUDES = (0.1, 0.7)
KEYS = ["operation", "mode", "magnitude", "equal", "mean", "largest"]
KEYS += ["area", "area_of_dada", "refused"]


@pytest.fixture
def toy(monkeypatch):
    """A target that is one level too bright wherever Pillow's Rotate is below 255."""
    module = ModuleType("dada.export.toy")

    def source(policy, ending):
        (operation,) = policy.sub_policies[0].operations
        return f"{operation.name} {operation.magnitude}"

    def load(text, ending):
        name, magnitude = text.split()
        if name == "Color":
            raise UserError("toy is missing: pip install toy")
        value = 30 - 60 * float(magnitude)

        def augment(image):
            random.random()
            turned = image.rotate(value)
            return ImageChops.add(turned, Image.new(image.mode, image.size, (1,) * 3))

        return augment

    module.target = Target(
        name="toy",
        what="a toy",
        endings=(".py",),
        operations=("Rotate", "Color"),
        text_of=source,
        differences_of=lambda policy: [],
        load_from=load,
    )
    monkeypatch.setattr("dada.export.TARGETS", ("toy",))
    monkeypatch.setitem(sys.modules, "dada.export.toy", module)


@pytest.mark.parametrize("to", ["python", "torchvision", "list"])
def test_targets_that_are_to_have_pillows_bytes_have_them(to):
    known = target(to).operations
    rows = fidelity(to, list(known), magnitudes=MAGNITUDES)
    assert all(list(row) == KEYS and row["refused"] is None for row in rows)
    for row in rows:
        if row["operation"] != "Cutout":
            assert (row["equal"], row["mean"], row["largest"], row["area"]) == (1, 0, 0, None), row
    kinds = [get(name) for name in known]
    assert len(rows) == sum(2 * (1 + kind.has_magnitude) for kind in kinds)


def test_cutouts_cover_alike():
    """Statistical, with a fixed seed: means of 100 areas on an image, within 4 standard errors."""
    picture = Image.new("L", (50, 40))
    for magnitude in (0.5, 1.0):
        (row,) = fidelity("python", ["Cutout"], [picture], [magnitude])
        random_places = np.random.default_rng(1).random((2000, 2))
        cut = get("Cutout").pillow
        known = [
            (np.asarray(cut(picture, 0.2 * magnitude, tuple(p))) > 0).mean() for p in random_places
        ]
        error = np.std(known) / np.sqrt(100)
        assert abs(row["area"] - np.mean(known)) < 4 * error
        assert abs(row["area_of_dada"] - np.mean(known)) < 4 * error


def test_another_way_of_putting_a_file_to_work():
    def on_tensors(text, ending):
        augment = torchvision.load(text, ending)
        return lambda image: F.to_pil_image(augment(F.pil_to_tensor(image)))

    rows = fidelity("torchvision", ["Rotate", "Color"], magnitudes=MAGNITUDES, load=on_tensors)
    assert {row["largest"] for row in rows if row["operation"] == "Rotate"} == {0}
    assert {row["largest"] for row in rows if row["operation"] == "Color"} == {0, 1}  # 0 on grey


def test_differences_are_counted_against_the_nearer_sign(toy):
    picture = photographs()[0]
    (row,) = fidelity("toy", ["Rotate"], [picture], [0.3])
    level = np.asarray(picture.rotate(12)) < 255
    assert row["equal"] == pytest.approx(1 - level.mean())
    assert row["mean"] == pytest.approx(level.mean()) and row["largest"] == 1


def test_what_is_refused_is_a_row_and_a_missing_library_an_error(toy):
    (row,) = fidelity("toy", ["Invert"])
    known = "the toy export does not know Invert: it has Rotate, Color"
    assert row["refused"] == known and row["equal"] is None
    assert "| Invert | none |" in table([row])
    with pytest.raises(UserError, match="pip install toy"):
        fidelity("toy", ["Color"])
    with pytest.raises(UserError, match="no export to 'python'"):
        fidelity("python")


def test_the_callers_randomness_is_left_alone(toy):
    def numbers():
        return random.random(), np.random.random(), torch.rand(1).item()

    def seed():
        random.seed(5), np.random.seed(5), torch.manual_seed(5)

    seed()
    known = numbers()
    seed()
    fidelity("toy", ["Rotate"], photographs()[:1], [0.3])
    assert numbers() == known


def test_the_table_has_a_line_for_each_operation():
    rows = fidelity("python", ["Cutout", "Invert", "Rotate"], magnitudes=MAGNITUDES)
    head, rule, *lines = table(rows).splitlines()
    assert head.startswith("| operation | equal bytes") and rule.count("|") == 6
    assert [line.split(" | ")[0] for line in lines] == ["| Cutout", "| Invert", "| Rotate"]
    assert lines[1] == "| Invert | 100.00% | 0.000 | 0 |  |" and lines[0].count("%") == 2
