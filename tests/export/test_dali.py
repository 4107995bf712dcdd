"""A policy for NVIDIA DALI: its text, and DALI's pixels on the CPU beside Pillow's."""

from __future__ import annotations

import ast
import importlib.util
import sys
import tracemalloc
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_images

from dada.errors import UserError
from dada.export import write
from dada.export.dali import _times, target
from dada.ops import get
from dada.policy import Operation, Policy, Scale, SubPolicy, load_policy

KNOWN = tuple(target.operations)
BINS = range(0, 101, 10)
# The largest difference in grey levels, the mean one of any image, and the share of its pixels
# that differ, as measured over BINS and both signs.
BOUNDS = {
    "ShearX": (255, 0.6, 0.04),
    "ShearY": (255, 0.6, 0.04),
    "Rotate": (255, 0.1, 0.002),
    "Equalize": (35, 6.1, 1),
}
EXACT = (0, 0, 0)


def one(name: str, probability: float = 1.0, magnitude: float = 0.5, **more: Any) -> Policy:
    return Policy((SubPolicy((Operation(name, probability, magnitude, **more),)),))


def photographs() -> list[Image.Image]:
    return [Image.fromarray(a).resize((64, 64)) for a in load_sample_images().images]


def every_operation() -> Policy:
    return Policy(tuple(SubPolicy((Operation(name, 1.0, 0.5),)) for name in KNOWN))


def tables(policy: Policy) -> dict[str, Any]:
    """SUB_POLICIES and LINES, read without running anything."""
    return {
        ast.unparse(node.targets[0]): ast.literal_eval(node.value)
        for node in ast.parse(target.source(policy, ".py")).body
        if isinstance(node, ast.Assign)
        and ast.unparse(node.targets[0]) in ("SUB_POLICIES", "LINES", "BINS")
    }


def run(policy: Policy, folder: Path) -> ModuleType:
    """The file as it would be imported: DALI wants to read the source."""
    pytest.importorskip("nvidia.dali")
    path = folder / "exported.py"
    path.write_text(target.source(policy, ".py"))
    specification = importlib.util.spec_from_file_location("exported", path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def batch(make: Any, *inputs: list[np.ndarray]) -> list[np.ndarray]:
    """What the pipeline `make(*inputs)` gives for a batch; one array an output."""
    from nvidia.dali import fn, pipeline_def

    def given(arrays: list[np.ndarray]) -> Any:
        layout = "HWC" if arrays[0].ndim == 3 else None
        return fn.external_source(source=lambda: arrays, batch=True, layout=layout)

    @pipeline_def(enable_conditionals=True)
    def pipeline() -> Any:
        return make(*map(given, inputs))

    built = pipeline(batch_size=len(inputs[0]), num_threads=1, device_id=None, seed=1)
    built.build()
    return [np.stack([np.array(o.at(i)) for i in range(len(inputs[0]))]) for o in built.run()]


def test_text_is_python_and_the_same_each_time() -> None:
    policy = load_policy("dada-cifar10")
    text = write(policy, "dali")
    assert text == target.source(policy, ".py")
    assert max(map(len, text.splitlines())) <= 100
    ast.parse(text)


@pytest.mark.parametrize("name", ['"""', "\\", "a\nb", "ü✂", '"'])
def test_any_policy_name_makes_python(name: str) -> None:
    ast.parse(target.source(Policy(one("Invert").sub_policies, name=name), ".py"))


@pytest.mark.parametrize("scale", [Scale(), Scale("strength")])
def test_a_bin_is_within_half_a_bin_of_the_value(scale: Scale) -> None:
    for name in KNOWN:
        magnitude = 0.123456
        policy = Policy(one(name, magnitude=magnitude).sub_policies, scale)
        said = tables(policy)
        ((times, ((same, probability, bin),)),) = said["SUB_POLICIES"]
        assert (times, same, probability) == (1, name, 1.0)
        if not get(name).has_magnitude:
            assert bin is None
            continue
        for (offset, slope), value in zip(
            said["LINES"][name], scale.values(get(name), magnitude), strict=True
        ):
            assert abs(offset + slope * bin / 100 - value) <= abs(slope) * 0.005


def test_chances_are_how_often_a_sub_policy_is_in_the_list() -> None:
    policy = Policy(
        (
            SubPolicy((Operation("Invert", 0.5, 0.5),), weight=3.0),
            SubPolicy((Operation("Equalize", 0.5, 0.5),), weight=1.0),
            SubPolicy((Operation("Color", 0.5, 0.5),), weight=0.0),
        )
    )
    assert [times for times, _ in tables(policy)["SUB_POLICIES"]] == [3, 1]
    names, weights = ("Invert", "Equalize", "Color"), (1.01, 0.505, 0.0123)
    uneven = Policy(
        tuple(
            SubPolicy((Operation(name, 0.5, 0.5),), weight)
            for name, weight in zip(names, weights, strict=True)
        )
    )
    times = np.array([times for times, _ in tables(uneven)["SUB_POLICIES"]])
    assert np.abs(times / times.sum() - np.array(uneven.weights)).max() < 1e-3
    assert any("chance" in line for line in target.differences(uneven))


def test_random_magnitudes_become_several() -> None:
    rows = tables(one("Rotate", spread=1.0))["SUB_POLICIES"]
    assert [row[0][2] for _, row in rows] == [17, 50, 83]
    assert "random magnitude" in target.differences(one("Rotate", spread=1.0))[0]


def test_what_many_random_magnitudes_would_take_is_refused_before_memory_is_taken() -> None:
    def policy(operations: int, count: int = 1) -> Policy:
        step = Operation("Rotate", 0.5, 0.5, 1.0)
        rows = (SubPolicy((step,) * operations, 1.0 + i) for i in range(count))
        return Policy(tuple(rows))

    assert len(tables(policy(4))["SUB_POLICIES"]) == 3**4
    for large, count in (
        (policy(9), "19,683"),
        (policy(16), f"{3**16:,}"),
        (policy(2, 2000), "18"),
    ):
        with pytest.raises(UserError, match=f"would need {count}.*the limit is 10,000: use few"):
            target.source(large, ".py")
    # Numbers of places are tried one by one: a table of all of them took gigabytes.
    tracemalloc.start()
    assert sum(_times([i / 4498500 for i in range(3000)])) >= 3000
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("image", "layout", "reason"),
    [
        (np.zeros((8, 9, 1), np.uint8), "HWC", "Expected 3. Got 1"),
        (np.zeros((8, 9, 4), np.uint8), "HWC", "Expected 3. Got 4"),
        (np.zeros((3, 8, 9), np.uint8), "CHW", "Expected 3. Got 9"),
        (np.zeros((8, 9, 3), np.float32), "HWC", "only uint8"),
        (np.zeros((2, 8, 9, 3), np.uint8), "FHWC", "4D shape"),
    ],
)
def test_what_is_no_rgb_image_is_refused(
    image: np.ndarray, layout: str, reason: str, tmp_path: Path
) -> None:
    augment = run(one("Invert", probability=0.01), tmp_path).augment
    from nvidia.dali import fn, pipeline_def

    @pipeline_def(enable_conditionals=True)
    def pipeline() -> Any:
        return augment(fn.external_source(lambda: [image], batch=True, layout=layout))

    with pytest.raises(RuntimeError, match=reason):
        pipeline(batch_size=1, num_threads=1, device_id=None, seed=1).run()


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 1, 3), (1, 40, 3)])
def test_images_of_any_size_are_taken(shape: tuple[int, ...], tmp_path: Path) -> None:
    (result,) = batch(run(every_operation(), tmp_path).augment, [np.ones(shape, np.uint8)] * 40)
    assert result.shape == (40, *shape)


def test_without_dali_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nvidia.dali", None)
    with pytest.raises(UserError, match="pip install nvidia-dali-cuda120"):
        target.load(target.source(one("Invert"), ".py"), ".py")


@pytest.fixture(scope="module")
def pixels(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Any], dict[str, np.ndarray]]:
    """(image, bin, sign) of a batch, and what each operation made of it."""
    module = run(every_operation(), tmp_path_factory.mktemp("dali"))
    from nvidia.dali.auto_aug.core import signed_bin

    samples = [(image, bin, sign) for image in photographs() for bin in BINS for sign in (0, 1)]

    def each(images: Any, bins: Any, signs: Any) -> Any:
        where = {"magnitude_bin": signed_bin(bins, signs), "num_magnitude_bins": 101}
        return tuple(
            module.AUGMENTATIONS[name](module.Sample(images, None, None), **where).images
            for name in KNOWN
        )

    images, bins, signs = zip(*samples, strict=True)
    outputs = batch(
        each,
        [np.array(i) for i in images],
        [np.int32(b) for b in bins],
        [np.int32(s) for s in signs],
    )
    return samples, dict(zip(KNOWN, outputs, strict=True))


@pytest.mark.parametrize("name", [n for n in KNOWN if not get(n).random_place])
def test_pixels_are_pillows_within_the_measured_bound(name: str, pixels: Any) -> None:
    samples, outputs = pixels
    pillow = get(name).pillow
    values = [Scale().values(get(name), bin / 100)[sign] for _, bin, sign in samples]
    ours = [np.array(pillow(s[0], value)) for s, value in zip(samples, values, strict=True)]
    off = np.abs(outputs[name].astype(int) - np.stack(ours))
    largest = off.max(), off.mean((1, 2, 3)).max(), (off > 0).mean((1, 2, 3)).max()
    assert (np.array(largest) <= BOUNDS.get(name, EXACT)).all(), largest


def test_a_sign_may_change_more_than_the_sign(tmp_path: Path) -> None:
    """In the scale `strength` a brightness goes up or down from 1."""
    policy = Policy(one("Brightness", magnitude=1.0).sub_policies, Scale("strength"))
    images = [np.full((2, 2, 3), 100, np.uint8)] * 64
    (result,) = batch(run(policy, tmp_path).augment, images)
    assert set(np.unique(result).tolist()) == {10, 190}


def test_cutout_is_dadas_square_somewhere(pixels: Any) -> None:
    samples, outputs = pixels
    starts = set()
    for (image, bin, _), theirs in zip(samples, outputs["Cutout"], strict=True):
        side, changed = 0.2 * bin / 100 * 64, (theirs != np.array(image)).any(2)
        if not side:
            assert not changed.any()
            continue
        ys, xs = np.nonzero((theirs == (125, 123, 114)).all(2))
        assert max(np.ptp(xs), np.ptp(ys)) <= int(side)
        assert len(xs) == (np.ptp(xs) + 1) * (np.ptp(ys) + 1) >= changed.sum()
        starts.add((xs.min(), ys.min()))
    assert len(starts) > 20


def test_every_operation_in_one_policy_from_image_to_image() -> None:
    pytest.importorskip("nvidia.dali")
    torch.manual_seed(0)
    transform = target.load(target.source(every_operation(), ".py"), ".py")
    for image in photographs() * 20:
        result = transform(image)
        assert (result.mode, result.size) == ("RGB", image.size)
    assert transform(photographs()[0].convert("L")).mode == "L"


def test_frequencies_of_sub_policies_operations_and_signs(tmp_path: Path) -> None:
    """Statistical: seed 1, 4,000 images, within 4 standard errors."""
    policy = Policy(
        (
            SubPolicy((Operation("Invert", 0.3, 0.5),), weight=3.0),
            SubPolicy((Operation("TranslateX", 1.0, 1.0),), weight=1.0),
        )
    )
    count, row = 4000, np.array([0, 255, 0, 0], np.uint8)
    image = np.repeat(row[None, :, None], 3, 2)
    (result,) = batch(run(policy, tmp_path).augment, [image] * count)
    rows = result[:, 0, :, 0]
    for expected, chance in (
        ((255, 0, 255, 255), 0.75 * 0.3),
        ((0, 0, 0, 0), 0.125),
        ((0, 0, 0, 255), 0.125),
    ):
        share = (rows == expected).all(1).mean()
        assert abs(share - chance) <= 4 * (chance * (1 - chance) / count) ** 0.5, expected


@pytest.mark.parametrize("name", ["ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate"])
def test_masks_and_boxes_follow_the_white_patch(name: str, tmp_path: Path) -> None:
    augment = run(one(name, magnitude=0.9), tmp_path).augment
    image, count = np.zeros((64, 64, 3), np.uint8), 8
    image[20:40, 24:36] = 255
    mask, box = image[..., :1] // 255, np.float32([[24, 20, 36, 40], [0, 0, 0, 0]])
    images, masks, boxes = batch(augment, [image] * count, [mask] * count, [box] * count)
    assert ((images[..., :1] == 255) == (masks == 1)).all()
    for pixels, rows in zip(masks[..., 0], boxes, strict=True):
        ys, xs = np.nonzero(pixels)
        tight = [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]
        assert np.abs(rows[0] - tight).max() <= 1 and not rows[1].any()
    assert len(np.unique(boxes[:, 0], axis=0)) == 2  # both signs


def test_what_does_not_move_stays_and_slivers_become_zeros(tmp_path: Path) -> None:
    image, count = np.zeros((32, 32, 3), np.uint8), 8
    rows = np.float32([[0, 0, 18, 9], [4, 0, 32, 9], [30.6, 0, 32, 9]])
    mask = np.arange(1024, dtype=np.uint8).reshape(32, 32, 1)
    given = ([image] * count, [mask] * count, [rows] * count)
    images, masks, boxes = batch(run(one("Cutout", magnitude=1.0), tmp_path).augment, *given)
    assert images.any() and (masks == mask).all() and (boxes == rows).all()
    moved = batch(run(one("TranslateX", magnitude=0.99), tmp_path).augment, *given)[2]  # 14.112
    left = [[0, 0, 0, 0], [0, 0, 17.888, 9], [16.488, 0, 17.888, 9]]
    right = [[14.112, 0, 32, 9], [18.112, 0, 32, 9], [0, 0, 0, 0]]
    for found in moved:
        assert any(np.abs(found - known).max() < 1e-3 for known in (left, right))
