import copy
import pickle
import random
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import stats
from sklearn.datasets import load_sample_images

from dada.augment import random_magnitude
from dada.errors import UserError
from dada.export import target, write
from dada.export.python import run
from dada.export.python import target as python
from dada.ops import get, register, registry
from dada.policy import (
    Operation,
    Policy,
    Scale,
    SearchSpace,
    SubPolicy,
    published_names,
)
from tests.published import published

KNOWN = tuple(python.operations)
CHINA = Image.fromarray(load_sample_images().images[0]).resize((48, 40))
PICTURES = (CHINA, CHINA.convert("L"))


def alone(name, magnitude=0.5, spread=0.0, scale=None, probability=1.0):
    operation = Operation(name, probability, magnitude, spread)
    return Policy((SubPolicy((operation,)),), scale or Scale())


def names_of(policy):
    return run(python.source(policy))


class Replayed:
    """A generator that gives the numbers it was given, and always the first sub-policy."""

    def __init__(self, *numbers):
        self.numbers = iter(numbers)

    def random(self):
        return next(self.numbers)

    def choices(self, population, weights):
        return [population[0]]


@pytest.mark.parametrize("kind", ["paper", "strength"])
@pytest.mark.parametrize("name", KNOWN)
def test_bytes_are_those_of_the_pillow_twin(name, kind):
    scale, operation, place = Scale(kind), get(name), (0.2, 0.9)
    for magnitude in np.linspace(0, 1, 9).tolist():
        augment = names_of(alone(name, magnitude, scale=scale))["Augment"]
        values = scale.values(operation, magnitude)
        for sign, value in zip((0.9, 0.1), values, strict=True):
            for picture in PICTURES:
                drawn = augment(Replayed(0.0, sign, *place))(picture)
                known = operation.pillow(picture, value, *([place] * operation.random_place))
                assert drawn.mode == picture.mode
                assert drawn.tobytes() == known.tobytes(), (magnitude, value)


def test_operations_follow_each_other():
    operations = (Operation("Rotate", 1.0, 1.0), Operation("Color", 0.5, 0.0))
    policy = Policy((SubPolicy((*operations, Operation("ShearX", 1.0, 1.0))),))
    turned = get("Rotate").pillow(CHINA, 30.0)
    # For each operation: whether, the sign, the place; only whether for the one left out.
    drawn = names_of(policy)["Augment"](Replayed(0.0, 0.9, 0, 0, 0.6, 0.0, 0.1, 0, 0))(CHINA)
    assert drawn.tobytes() == get("ShearX").pillow(turned, -0.3).tobytes()


def test_a_random_magnitude_is_that_of_the_sampler():
    drawn = names_of(alone("Cutout", 0.3, 0.7))["Augment"]
    for centre, spread, u in [(0.3, 0.7, 0.01), (0.9, 2.0, 0.6), (0.0, 1.0, 0.5), (1.0, 90.0, 0.9)]:
        known = random_magnitude(
            *(torch.tensor(x, dtype=torch.float64) for x in (centre, spread, u))
        )
        assert drawn(Replayed(u)).magnitude(centre, spread) == pytest.approx(
            float(known), abs=1e-12
        )


def test_frequencies_are_the_policys():
    """Statistical, with a fixed seed: within 4 standard errors of the multinomial's counts."""
    rows = [(2.0, "Invert", 0.5), (1.0, "Solarize", 1.0), (0.0, "Equalize", 1.0)]
    policy = Policy(
        tuple(SubPolicy((Operation(n, p, 0.0),), weight=w) for w, n, p in rows),
    )
    white = Image.new("L", (1, 1), 200)
    augment, count = names_of(policy)["Augment"](random.Random(0)), 9000
    # Invert and Solarize at threshold 0 both give 55, one at probability 0.5 and one always.
    inverted = sum(augment(white).getpixel((0, 0)) == 55 for _ in range(count))
    share = 2 / 3 * 0.5 + 1 / 3
    assert abs(inverted - share * count) < 4 * np.sqrt(count * share * (1 - share))


def test_signs_places_and_magnitudes_are_as_distributed():
    """Statistical, with a fixed seed: Kolmogorov-Smirnov, p above 0.001; signs within 4 s.e."""
    drawn, count = names_of(alone("Rotate", 0.5, 1.0))["Augment"](random.Random(0)), 4000
    magnitudes = [drawn.magnitude(0.5, 1.0) for _ in range(count)]
    assert stats.kstest(magnitudes, "uniform").pvalue > 0.001
    shifted = [drawn.magnitude(0.3, 0.5) for _ in range(count)]
    logits = (np.log(np.divide(shifted, 1 - np.array(shifted))) - np.log(0.3 / 0.7)) / 0.5
    assert stats.kstest(logits, "logistic").pvalue > 0.001
    signs = Counter(drawn.value("Rotate", 0.9) > 0 for _ in range(count))
    assert abs(signs[True] - count / 2) < 4 * np.sqrt(count / 4)
    black = Image.new("L", (200, 100))
    cut = names_of(alone("Cutout", 0.1))["Augment"](random.Random(0))
    boxes = np.array([cut(black).getbbox() for _ in range(800)])
    for axis, size in ((0, 200), (1, 100)):
        inside = boxes[(boxes[:, axis] > 0) & (boxes[:, axis + 2] < size), axis]
        assert stats.kstest(inside / size, "uniform", (0, inside.max() / size)).pvalue > 0.001


def test_only_the_operations_used_are_in_the_file():
    text = python.source(alone("Rotate"))
    assert "def rotate" in text and "def affine" not in text and "def cutout" not in text
    assert "ImageOps" not in text and "from PIL import Image\n" in text
    assert "def affine" in python.source(alone("ShearY"))


@pytest.mark.parametrize("name", published_names())
def test_every_published_policy_runs_and_is_all_there(name, tmp_path):
    policy = published(name)
    names = run(write(policy, "python", tmp_path / "policy.py"))
    assert names["SUB_POLICIES"] == [
        (s.weight, [(o.name, o.probability, o.magnitude, o.spread) for o in s.operations])
        for s in policy.leading()
    ]
    assert set(names["OPERATIONS"]) == {o.name for s in policy.sub_policies for o in s.operations}
    for picture in PICTURES:
        assert names["Augment"](random.Random(0))(picture).size == picture.size
    assert python.differences(policy) == []


def test_the_file_needs_neither_dada_nor_torch(tmp_path):
    write("dada-cifar10", "python", tmp_path / "policy.py")
    script = (
        "import sys, policy; from PIL import Image\n"
        "image = Image.new('RGB', (9, 9)); policy.Augment()(image)\n"
        "assert not {'dada', 'torch', 'numpy'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=tmp_path)


def test_the_file_is_tidy(tmp_path):
    policies = {name: alone(name) for name in KNOWN}
    policies["all"] = SearchSpace(scale=Scale("strength")).uniform()
    for name, policy in policies.items():
        for to in ("python", "torchvision"):
            if name in ("all", *target(to).operations):
                write(policy, to, tmp_path / f"{name}_{to}.py")
    ruff = [sys.executable, "-m", "ruff"]
    line = ["--isolated", "--line-length", "100", str(tmp_path)]
    for command in (["check", "--select", "E,F,I,B"], ["format", "--check"]):
        done = subprocess.run([*ruff, *command, *line], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_name_cannot_leave_the_docstring():
    policy = Policy(alone("Invert").sub_policies, name='a"""\nimport os\\')
    assert "os" not in run(python.source(policy))


def test_what_the_file_cannot_do_is_refused(monkeypatch):
    monkeypatch.setattr(registry, "_operations", dict(registry._operations))

    @register("OfMyOwn")
    def mine(images, values):
        return images

    for to in ("python", "torchvision", "list"):
        with pytest.raises(UserError, match=f"the {to} export does not know OfMyOwn: it has Shea"):
            write(alone("OfMyOwn"), to)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (Image.new("RGBA", (4, 4)), 'mode RGBA: convert it to "RGB" or "L"'),
        (np.zeros((4, 4, 3), np.uint8), "one PIL image, got ndarray"),
        (torch.zeros(3, 4, 4), "one PIL image, got Tensor"),
        ("photo.jpg", "one PIL image, got str"),
        ([CHINA, CHINA], "one PIL image, got list"),
        (None, "one PIL image, got NoneType"),
    ],
)
def test_what_is_no_image_is_refused_by_name(given, reason):
    with pytest.raises(TypeError, match=reason):
        names_of(alone("Invert", probability=0.0))["Augment"]()(given)


@pytest.mark.parametrize("name", KNOWN)
def test_images_of_any_size_are_taken(name):
    augment = names_of(alone(name, 0.9))["Augment"]()
    for size in ((0, 0), (0, 3), (1, 1), (2, 1), (1, 40)):
        for mode in ("RGB", "L"):
            assert augment(Image.new(mode, size)).size == size


def test_copies_draw_from_the_same_generator(tmp_path, monkeypatch):
    write("dada-cifar10", "python", tmp_path / "pickled_policy.py")
    monkeypatch.syspath_prepend(tmp_path)
    import pickled_policy

    for made in (
        pickled_policy.Augment(),
        pickled_policy.Augment(random),
        pickled_policy.Augment(random.Random(0)),
    ):
        results = []
        for augment in (copy.deepcopy(made), pickle.loads(pickle.dumps(made)), made):
            random.seed(0)
            results.append([augment(CHINA).tobytes() for _ in range(10)])
        assert results[0] == results[1] == results[2]
