"""A policy for kornia: its text, and kornia's pixels beside Pillow's."""

from __future__ import annotations

import ast
import copy
import pickle
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_images
from torch import Tensor

from dada.errors import UserError
from dada.export import write
from dada.export.kornia import target
from dada.ops import get
from dada.policy import Operation, Policy, Scale, SubPolicy, load_policy

KNOWN = tuple(target.operations)
MAGNITUDES = np.linspace(0, 1, 11)
# The largest difference in grey levels, the mean one of any image, and the share of its pixels
# that differ, as measured over MAGNITUDES (bytes rounded by us, truncated by Pillow).
ROUNDED = (1, 0.7, 0.7)
BOUNDS = {
    "ShearX": (255, 0.6, 0.04),
    "ShearY": (255, 0.6, 0.04),
    "Rotate": (255, 0.1, 0.002),
    "AutoContrast": ROUNDED,
    "Contrast": ROUNDED,
    "Color": ROUNDED,
    "Brightness": ROUNDED,
    "Sharpness": ROUNDED,
}
EXACT = (0, 0, 0)


def one(name: str, probability: float = 1.0, magnitude: float = 0.5, **more: Any) -> Policy:
    return Policy((SubPolicy((Operation(name, probability, magnitude, **more),)),))


def photographs() -> list[Image.Image]:
    return [Image.fromarray(a).resize((64, 64)) for a in load_sample_images().images]


def as_tensor(images: list[Image.Image]) -> Tensor:
    arrays = np.stack([np.array(image) for image in images]).transpose(0, 3, 1, 2)
    return torch.from_numpy(arrays.copy()).float() / 255


def as_bytes(images: Tensor) -> np.ndarray:
    return (images * 255).round().clamp(0, 255).numpy().transpose(0, 2, 3, 1)


def run(policy: Policy) -> ModuleType:
    pytest.importorskip("kornia")
    module = ModuleType("exported")
    exec(target.source(policy, ".py"), module.__dict__)
    return module


def test_text_is_python_and_the_same_each_time() -> None:
    policy = load_policy("dada-cifar10")
    text = write(policy, "kornia")
    assert text == target.source(policy, ".py")
    assert max(map(len, text.splitlines())) <= 100
    tree = ast.parse(text)
    table = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "POLICY"
    )
    assert sum(chance for chance, _ in table) == pytest.approx(1)
    expected = policy.leading()[0].operations[0]
    assert table[0][1][0][:2] == (expected.name, expected.probability)


@pytest.mark.parametrize("name", ['"""', "\\", "a\nb", "ü✂", '"'])
def test_any_policy_name_makes_python(name: str) -> None:
    ast.parse(target.source(Policy((SubPolicy((Operation("Invert", 1.0, 0.5),)),), name=name), ""))


def test_a_sign_is_a_second_value() -> None:
    text = target.source(one("Rotate", magnitude=0.75), ".py")
    assert '("Rotate", 1.0, (15.0, -15.0))' in text
    strength = Policy(one("Brightness", magnitude=0.5).sub_policies, Scale("strength"))
    assert '("Brightness", 1.0, (1.45, 0.55))' in target.source(strength, ".py")
    assert '("Posterize", 1.0, (6.0,))' in target.source(one("Posterize"), ".py")


def test_differences_name_what_is_there() -> None:
    assert len(target.differences(one("Invert"))) == 1
    said = " ".join(target.differences(one("Cutout", spread=0.5)))
    assert "Cutout" in said and "random magnitude" in said and "Rotate" not in said


def test_without_kornia_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kornia", None)
    with pytest.raises(UserError, match=r"pip install 'dada-augment\[kornia\]'"):
        target.load(target.source(one("Invert"), ".py"), ".py")


@pytest.mark.parametrize("name", [n for n in KNOWN if not get(n).random_place])
def test_pixels_are_pillows_within_the_measured_bound(name: str) -> None:
    images, largest = photographs(), np.zeros(3)
    for magnitude in MAGNITUDES:
        module = run(one(name, magnitude=float(magnitude)))
        generator = module.augment.sub_policies[0][0]._param_generator
        for value in module.POLICY[0][1][0][2] or (0.0,):
            if module.POLICY[0][1][0][2]:
                generator.values = (value,)
            theirs = as_bytes(module.augment(as_tensor(images)))
            ours = np.stack([np.array(get(name).pillow(image, value)) for image in images])
            off = np.abs(theirs - ours)
            each = off.max(), off.mean((1, 2, 3)).max(), (off > 0).mean((1, 2, 3)).max()
            largest = np.maximum(largest, each)
    assert (largest <= BOUNDS.get(name, EXACT)).all(), largest


@pytest.mark.parametrize("magnitude", [0.0, 0.3, 1.0])
def test_cutout_is_dadas_square_in_grey(magnitude: float) -> None:
    torch.manual_seed(0)
    module, size = run(one("Cutout", magnitude=magnitude)), 0.2 * magnitude * 64
    image = photographs()[0]
    for _ in range(20):
        theirs = as_bytes(module.augment(as_tensor([image])))[0]
        drawn = module.augment.sub_policies[0][0]._params
        # A quarter of a pixel keeps what Pillow truncates away from whole numbers.
        corner = [(drawn[side].item() + size / 2 + 0.25) / 64 for side in ("xs", "ys")]
        ours = np.array(get("Cutout").pillow(image, 0.2 * magnitude, tuple(corner)))
        assert np.abs(theirs - ours).max() <= 7


def test_every_operation_in_one_policy_from_image_to_image() -> None:
    pytest.importorskip("kornia")
    torch.manual_seed(0)
    policy = Policy(
        tuple(
            SubPolicy((Operation(a, 0.5, 0.2), Operation(b, 0.9, 0.8, spread=0.5)))
            for a, b in zip(KNOWN, KNOWN[1:] + KNOWN[:1], strict=True)
        )
    )
    transform = target.load(target.source(policy, ".py"), ".py")
    for image in photographs() * 20:
        result = transform(image)
        assert (result.mode, result.size) == ("RGB", image.size)
    grey = transform(photographs()[0].convert("L"))
    assert grey.mode == "L"


def test_an_image_becomes_the_nearest_bytes() -> None:
    pytest.importorskip("kornia")
    for name in ("Contrast", "Color", "Sharpness"):
        transform = target.load(target.source(one(name, magnitude=0.9), ".py"), ".py")
        for image in photographs():
            ours = np.array(get(name).pillow(image, 0.1 + 1.8 * 0.9)).astype(int)
            assert np.abs(np.array(transform(image)) - ours).max() <= 1


def every_operation() -> Policy:
    return Policy(tuple(SubPolicy((Operation(n, 1.0, 0.9, 0.5),)) for n in KNOWN))


@pytest.mark.parametrize("name", KNOWN)
def test_batches_of_any_size_are_taken(name: str) -> None:
    augment = run(one(name, magnitude=0.9)).augment
    for shape in (
        (0, 3, 8, 8),
        (2, 3, 0, 4),
        (2, 3, 1, 1),
        (2, 1, 1, 1),
        (2, 1, 8, 8),
        (2, 3, 1, 9),
    ):
        images = torch.rand(shape)
        result = augment(images)
        assert result.shape == images.shape and result.isfinite().all()
    images = torch.rand(2, 3, 8, 8, dtype=torch.float64)
    assert augment(images).dtype == torch.float64


def test_one_image_is_augmented_as_one() -> None:
    augment = run(Policy(every_operation().sub_policies[:5])).augment
    image = as_tensor(photographs())[0]
    torch.manual_seed(0)
    known = augment(image[None])[0]
    torch.manual_seed(0)
    assert torch.equal(augment(image), known) and known.shape == image.shape


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (np.zeros((4, 4, 3)), r"float images \(B, C, H, W\).*, got ndarray"),
        (Image.new("RGB", (4, 4)), "got Image"),
        ([torch.zeros(3, 4, 4)] * 2, "got list"),
        (torch.zeros(2, 3, 4, 4, dtype=torch.uint8), r"got torch.uint8 \(2, 3, 4, 4\)"),
        (torch.zeros(4, 4, 3), r"got torch.float32 \(4, 4, 3\)"),
        (torch.zeros(2, 4, 4, 3), r"got torch.float32 \(2, 4, 4, 3\)"),
        (torch.zeros(4, 4), "got torch.float32"),
        (torch.full((3, 4, 4), 255.0), "got values from 255 to 255"),
        (torch.randn(3, 9, 9, generator=torch.Generator().manual_seed(0)), "got values from -"),
        (torch.full((3, 4, 4), float("nan")), "got values from nan"),
    ],
)
def test_what_is_no_batch_in_0_to_1_is_refused_by_name(given: Any, reason: str) -> None:
    with pytest.raises(TypeError, match=reason):
        run(one("Invert", probability=0.0)).augment(given)


def test_it_is_copied_sent_and_trained_beside_as_a_module_without_parameters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("kornia")
    write(every_operation(), "kornia", tmp_path / "kornia_policy.py")
    monkeypatch.syspath_prepend(tmp_path)
    import kornia_policy

    made, images = kornia_policy.augment, as_tensor(photographs())
    assert not list(made.parameters())
    torch.save(made, tmp_path / "augment.pt")
    read = torch.load(tmp_path / "augment.pt", weights_only=False)
    results = []
    for augment in (made, copy.deepcopy(made), pickle.loads(pickle.dumps(made)), read):
        torch.manual_seed(0)
        results.append(augment(images))
    assert all(torch.equal(result, results[0]) for result in results)
    torch.manual_seed(0)
    with torch.device("meta"):
        assert torch.equal(made(images), results[0])


def test_the_gradient_is_the_same_under_distributed_data_parallel(tmp_path: Path) -> None:
    """Which waits for the gradient of every parameter, in vain for one that gets none."""
    network = torch.nn.Sequential(run(every_operation()).augment, torch.nn.Conv2d(3, 1, 1))
    torch.distributed.init_process_group(
        "gloo", store=torch.distributed.FileStore(str(tmp_path / "store"), 1), rank=0, world_size=1
    )
    try:
        together = torch.nn.parallel.DistributedDataParallel(network)
        for _ in range(3):
            together(as_tensor(photographs())).mean().backward()
    finally:
        torch.distributed.destroy_process_group()
    assert network[1].weight.grad.abs().sum() > 0


def test_frequencies_of_sub_policies_operations_and_signs() -> None:
    """Statistical: seed 0, 6,000 images, within 4 standard errors."""
    policy = Policy(
        (
            SubPolicy((Operation("Invert", 0.3, 0.5),), weight=3.0),
            SubPolicy((Operation("TranslateX", 1.0, 1.0),), weight=1.0),
        )
    )
    torch.manual_seed(0)
    count = 6000
    images = torch.zeros(count, 1, 1, 4)
    images[..., 1] = 1.0
    inverted, left, right = (
        torch.tensor(row).float() for row in ([1, 0, 1, 1], [0, 0, 0, 0], [0, 0, 0, 1])
    )
    result = run(policy).augment(images).flatten(1).round()
    for row, chance in ((inverted, 0.75 * 0.3), (left, 0.125), (right, 0.125)):
        share = (result == row).all(1).float().mean().item()
        assert abs(share - chance) <= 4 * (chance * (1 - chance) / count) ** 0.5, row


def test_gradients_reach_the_images() -> None:
    images = as_tensor(photographs()).requires_grad_()
    for name in ("ShearX", "Rotate", "Contrast", "Color", "Sharpness", "AutoContrast"):
        (gradient,) = torch.autograd.grad(
            run(one(name, magnitude=0.7)).augment(images).sum(), images
        )
        assert gradient.abs().sum() > 0


@pytest.mark.parametrize("training", [True, False])
def test_an_operation_happens_or_does_not_and_nothing_between(training: bool) -> None:
    """kornia 0.8 would blend the two in training."""
    torch.manual_seed(0)
    augment = run(one("Invert", probability=0.5)).augment.train(training)
    result = augment(torch.zeros(64, 3, 8, 8)).flatten(1)
    assert result.unique().tolist() == [0, 1] and torch.equal(result.amin(1), result.amax(1))
