import pickle
import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import stats
from sklearn.datasets import load_sample_images
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from dada.errors import UserError
from dada.export import write
from dada.export.python import run
from dada.export.torchvision import target as torchvision
from dada.ops import get
from dada.policy import Operation, Policy, Scale, SubPolicy, load_policy, published_names
from tests.augment.test_transform import GEOMETRIC, check_moved, patch_in
from tests.published import published

KNOWN = tuple(torchvision.operations)
CHINA = Image.fromarray(load_sample_images().images[0]).resize((48, 40))
PICTURES = (CHINA, CHINA.convert("L"))
ROUNDED = ("AutoContrast", "Contrast", "Color", "Sharpness")


def alone(name, magnitude=0.5, spread=0.0, scale=None):
    operation = Operation(name, 1.0, magnitude, spread)
    return Policy((SubPolicy((operation,)),), scale or Scale())


def augment_of(policy):
    return torchvision.load(torchvision.source(policy))


def drawn_like(augment, policy):
    """One of the draws of a single operation, with the value and the place that it has."""
    params = augment.make_params([])
    ((name, (value, *place)),) = params["draws"][0]
    assert value in policy.scale.values(get(name), policy.sub_policies[0].operations[0].magnitude)
    return params, value, place


@pytest.mark.parametrize("kind", ["paper", "strength"])
@pytest.mark.parametrize("name", KNOWN)
def test_pictures_get_pillows_bytes_and_tensors_at_most_a_level_from_them(name, kind):
    torch.manual_seed(0)
    scale, operation = Scale(kind), get(name)
    for magnitude in np.linspace(0, 1, 9).tolist():
        policy = alone(name, magnitude, scale=scale)
        augment = augment_of(policy)
        params, value, place = drawn_like(augment, policy)
        for picture in PICTURES:
            known = operation.pillow(picture, value, *([place] * operation.random_place))
            assert augment.transform(picture, params).tobytes() == known.tobytes()
            image = augment.transform(F.pil_to_tensor(picture), params)
            assert image.dtype == torch.uint8
            distance = (image.int() - F.pil_to_tensor(known).int()).abs().max()
            assert distance <= (1 if name in ROUNDED else 0), (magnitude, value)


@pytest.mark.parametrize("name", ROUNDED)
def test_what_differs_is_said(name):
    assert any(name in line for line in torchvision.differences(alone(name)))


def test_odd_sizes_and_angles_move_tensors_as_pillow_does():
    names = run(torchvision.source(load_policy("dada-cifar10")))
    random = np.random.default_rng(0)
    for height, width in ((1, 1), (7, 33), (48, 5)):
        array = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
        picture = Image.fromarray(array)
        for name in GEOMETRIC:
            for value in [0.0, 0.5, -0.37, 90.0, 180.0, *random.uniform(-1, 1, 5).tolist()]:
                known = np.asarray(get(name).pillow(picture, value))
                tensor = torch.from_numpy(array).movedim(-1, 0)
                moved = names["apply"](tensor, [(name, [value])]).movedim(0, -1).numpy()
                for found in (moved, np.asarray(names["apply"](picture, [(name, [value])]))):
                    np.testing.assert_array_equal(found, known, f"{name} {value}")


def test_operations_follow_each_other():
    augment = augment_of(load_policy("dada-cifar10"))
    draw = [("Rotate", [30.0]), ("Invert", [0.0]), ("ShearX", [-0.3])]
    known = CHINA
    for name, (value,) in draw:
        known = get(name).pillow(known, value)
    for image in (CHINA, F.pil_to_tensor(CHINA)):
        moved = F.to_pil_image(F.to_image(augment.transform(image, {"draws": [draw]})))
        assert moved.tobytes() == known.tobytes()


@pytest.mark.parametrize("sign", (0, 1))
@pytest.mark.parametrize("name", GEOMETRIC)
def test_boxes_masks_and_points_move_with_the_image(name, sign):
    for magnitude in (0.0, 0.2, 0.35, 0.5, 0.9):
        augment = augment_of(alone(name, magnitude))
        value = Scale().values(get(name), magnitude)[sign]
        params = {"draws": [[(name, [value])]]}
        check_moved(*(augment.transform(item, params) for item in patch_in(400, 320)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64])
@pytest.mark.parametrize("format", ["XYXY", "XYWH", "CXCYWH"])
def test_all_that_follows_moves_as_under_our_transform_bit_for_bit(format, dtype):
    cut = Operation("Cutout", 1.0, 1.0)
    pairs = [
        (Operation(a, 1.0, 0.93), Operation(b, 1.0, 1.0)) for a in GEOMETRIC for b in GEOMETRIC
    ]
    policy = Policy(tuple(SubPolicy((first, cut, second)) for first, second in pairs))
    ours, augment = policy.transform(), augment_of(policy)
    random = torch.Generator().manual_seed(0)
    image, mask = (torch.randint(256, (1, 30, 41), generator=random).byte() for _ in range(2))
    corners = (torch.rand(6, 4, generator=random) * 40 - 3).view(6, 2, 2).sort(1).values
    canvas = {"canvas_size": (30, 41)}
    boxes = tv_tensors.BoundingBoxes(corners.flatten(1), format="XYXY", **canvas)
    boxes = F.convert_bounding_box_format(boxes, new_format=format)
    boxes = tv_tensors.wrap(boxes.to(dtype), like=boxes)
    points = tv_tensors.KeyPoints(corners.flatten(0, 1).to(dtype), **canvas)
    sample = [tv_tensors.Image(image), tv_tensors.Mask(mask), boxes, points]
    for _ in range(60):
        params = ours.make_params(sample)
        choices = params["draw"].choices()
        draw = [(n, [value, *(place if n == "Cutout" else [])]) for n, value, place in choices]
        for item in sample:
            known = ours.transform(item, params)
            moved = augment.transform(item, {"draws": [draw]})
            assert type(moved) is type(known) and moved.dtype == known.dtype
            assert torch.equal(moved, known)


@pytest.mark.parametrize("name", [n for n in KNOWN if n not in GEOMETRIC])
def test_colours_and_cutout_leave_boxes_and_masks(name):
    sample = patch_in(400, 320)
    _, *moved = augment_of(alone(name, 1.0))(*sample)
    assert all(torch.equal(a, b) for a, b in zip(moved, sample[1:], strict=True))
    if name == "Cutout":
        assert any("Cutout leaves boxes" in d for d in torchvision.differences(alone(name)))


def test_a_sample_shares_one_draw_and_keeps_its_types():
    torch.manual_seed(0)
    augment = augment_of(load_policy("dada-cifar10"))
    image = tv_tensors.Image(F.pil_to_tensor(CHINA))
    for _ in range(20):
        out = augment({"image": image, "again": tv_tensors.Image(image), "label": 3})
        assert isinstance(out["image"], tv_tensors.Image) and out["label"] == 3
        assert torch.equal(out["image"], out["again"])
        video = augment(tv_tensors.Video(torch.stack([image] * 3)))
        assert isinstance(video, tv_tensors.Video) and torch.equal(video[0], video[2])


def test_each_image_of_a_batch_gets_the_draw_that_it_would_get_alone():
    augment = augment_of(load_policy("dada-cifar10"))
    image = F.pil_to_tensor(CHINA)
    for batch in (torch.stack([image] * 6), tv_tensors.Image(torch.stack([image] * 6))):
        masks = tv_tensors.Mask(torch.ones(6, *image.shape[1:]))
        torch.manual_seed(0)
        out, moved, labels = augment(batch, masks, torch.arange(6))
        assert type(out) is type(batch) and labels.tolist() == list(range(6))
        torch.manual_seed(0)
        draws = [augment.make_params([])["draws"] for _ in batch]
        for i, draw in enumerate(draws):
            assert torch.equal(out[i], augment.transform(image, {"draws": draw}))
            assert torch.equal(moved[i], augment.transform(masks, {"draws": draw})[i])
        assert len({o.numpy().tobytes() for o in out}) > 1
    assert augment(image[None, :, :0][:0]).shape == (0, 3, 0, 48)


def test_masks_of_any_type_and_rank_move():
    augment = augment_of(alone("Rotate", 1.0))
    plain = torch.rand(30, 20, generator=torch.Generator().manual_seed(0)) < 0.5
    for dtype in (torch.bool, torch.uint8, torch.int64, torch.float32):
        for mask in (plain, plain[None], plain.expand(2, 3, 30, 20), plain[None][:0]):
            moved = augment(tv_tensors.Mask(mask.to(dtype)))
            assert moved.dtype == dtype and moved.shape == mask.shape
            assert isinstance(moved, tv_tensors.Mask)


def test_draws_are_as_often_as_the_policy_says():
    """Statistical, with a fixed seed: counts within 4 s.e., Kolmogorov-Smirnov p above 0.001."""
    torch.manual_seed(0)
    rows = [(2.0, "Invert", 0.5, 0.0), (1.0, "Cutout", 0.5, 1.0), (0.0, "Equalize", 0.5, 0.0)]
    augment = augment_of(
        Policy(tuple(SubPolicy((Operation(n, 0.7, m, s),), weight=w) for w, n, m, s in rows))
    )
    count = 3000
    draws = [augment.make_params([])["draws"][0] for _ in range(count)]
    seen = Counter(step[0] for draw in draws for step in draw)
    for name, share in (("Invert", 0.7 * 2 / 3), ("Cutout", 0.7 / 3), ("Equalize", 0.0)):
        assert abs(seen[name] - count * share) <= 4 * np.sqrt(count * share * (1 - share))
    cuts = np.array([step[1] for draw in draws for step in draw if step[0] == "Cutout"])
    for column, scale in zip(cuts.T, (0.2, 1, 1), strict=True):
        assert stats.kstest(column / scale, "uniform").pvalue > 0.001
    augment = augment_of(alone("Rotate", 1.0))
    turns = [augment.make_params([])["draws"][0][0][1][0] for _ in range(100)]
    assert set(turns) == {30.0, -30.0} and abs(turns.count(30.0) - 50) <= 4 * 5


@pytest.mark.parametrize("name", published_names())
def test_every_published_policy_runs(name, tmp_path):
    policy = published(name)
    names = run(write(policy, "torchvision", tmp_path / "policy.py"))
    assert len(names["SUB_POLICIES"]) == len(policy.sub_policies)
    for _ in range(3):
        assert names["Augment"]()(CHINA).size == CHINA.size


def test_the_file_imports_torch_and_torchvision_only_and_pickles(tmp_path, monkeypatch):
    text = write("dada-cifar10", "torchvision", tmp_path / "written_policy.py")
    imported = re.findall(r"^(?:from|import) ([A-Za-z_]+)", text, re.MULTILINE)
    assert set(imported) - sys.stdlib_module_names == {"PIL", "torch", "torchvision"}
    monkeypatch.syspath_prepend(tmp_path)
    import written_policy

    made = v2.Compose([written_policy.Augment(), v2.ToDtype(torch.float32, scale=True)])
    image = F.pil_to_tensor(CHINA)
    torch.manual_seed(0)
    known = made(image)
    torch.manual_seed(0)
    assert torch.equal(pickle.loads(pickle.dumps(made))(image), known)


TENSOR = torch.zeros(3, 4, 5, dtype=torch.uint8)


@pytest.mark.parametrize(
    ("sample", "reason"),
    [
        (np.zeros((4, 5, 3), np.float32), r"expected a uint8 array .*, got float32 \(4, 5, 3\)"),
        (np.zeros((3, 4, 5), np.uint8), r"expected a uint8 array .*, got uint8 \(3, 4, 5\)"),
        (np.uint8(3), "expected a uint8 array"),
        ({"image": np.zeros((4, 5, 3), np.uint8), "label": 1}, "in ndarray, int: expected a PIL"),
        ("photo.jpg", "no image to augment in str"),
        (Path("photo.jpg"), "no image to augment in .*Path"),
        (b"bytes", "no image to augment in bytes"),
        ([], "no image to augment in nothing"),
        (TENSOR / 255, r"expected a uint8 image, got torch.float32 \(3, 4, 5\)"),
        (TENSOR.movedim(0, -1), r"got \(4, 5, 3\); of \(H, W, C\), use movedim"),
        (TENSOR[0], r"\(C, H, W\) or \(B, C, H, W\), C of 1 or 3, got \(4, 5\)"),
        (TENSOR[None, None], "C of 1 or 3, got"),
        (torch.zeros(4, 8, 8, dtype=torch.uint8), "C of 1 or 3, got"),
        (Image.new("RGBA", (4, 4)), "mode RGBA"),
        ([CHINA, CHINA], "a list of 2 images: pass them one by one"),
        ([TENSOR, TENSOR], "a list of 2 images"),
        ({"image": [CHINA, CHINA], "label": [0, 1]}, "a list of 2 images"),
        (([tv_tensors.Image(TENSOR)] * 2, 1), "a list of 2 images"),
        ((CHINA, CHINA.convert("L")), r"several PIL images in one sample: wrap a mask in tv_tens"),
        ((CHINA, torch.zeros(40, 48)), r"Tensor \(40, 48\) beside an image: wrap a mask"),
        ((TENSOR, torch.zeros(4, 5, dtype=torch.int64)), "beside an image: wrap a mask"),
        ((TENSOR, TENSOR), "beside an image: wrap a mask"),
        ((CHINA, np.zeros((40, 48))), r"ndarray \(40, 48\) beside an image: wrap a mask"),
        ((TENSOR[None], TENSOR[None][:0]), "beside an image|batches of"),
        ((torch.stack([TENSOR] * 2), tv_tensors.Mask(torch.zeros(4, 5))), "Mask beside 2 images"),
        ((TENSOR, tv_tensors.Mask(TENSOR[:, :2])), "Mask of an image of 5 x 2 beside one of 5 x 4"),
        (
            (CHINA, tv_tensors.KeyPoints([[1, 2]], canvas_size=(9, 8))),
            "KeyPoints of an image of 8 x 9 beside one of 48 x 40",
        ),
    ],
)
def test_what_has_no_one_meaning_is_refused_by_name(sample, reason):
    with pytest.raises(TypeError, match=reason) as error:
        augment_of(alone("Invert"))(sample)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", KNOWN)
def test_arrays_get_what_tensors_get(name):
    augment = augment_of(alone(name, 0.9, 1.0))
    array = np.asarray(CHINA)
    whole = (array, array[..., 0], array[..., :1], np.stack([array] * 3), array[:0])
    for given in (*whole, array[:, ::-1], array[..., ::-1]):  # mirrored; BGR, as OpenCV reads
        channels_last = given if given.ndim > 2 else given[..., None]
        torch.manual_seed(0)
        known = augment(torch.from_numpy(channels_last.copy()).movedim(-1, -3)).movedim(-3, -1)
        before = given.copy()
        torch.manual_seed(0)
        result = augment(given)
        assert result.shape == given.shape and result.dtype == np.uint8
        assert (result == known.numpy().reshape(given.shape)).all() and (given == before).all()


@pytest.mark.parametrize("name", KNOWN)
def test_images_of_any_size_are_taken(name):
    augment = augment_of(alone(name, 0.9))
    for width, height in ((0, 0), (0, 3), (1, 1), (2, 1), (1, 40)):
        for mode in ("RGB", "L"):
            picture = Image.new(mode, (width, height), 100 if mode == "L" else (90, 10, 200))
            assert augment(picture).size == (width, height)
            if width and height:
                tensor = F.pil_to_tensor(picture)
                assert augment(tensor).shape == tensor.shape
    assert augment(torch.zeros(3, 0, 4, dtype=torch.uint8)).shape == (3, 0, 4)


@pytest.mark.parametrize("name", KNOWN)
def test_the_default_device_does_not_matter(name):
    augment, sample = augment_of(alone(name, 0.9, 1.0)), patch_in(40, 32)
    torch.manual_seed(0)
    known = augment(sample[:2])
    torch.manual_seed(0)
    with torch.device("meta"):
        moved = augment(sample[:2])
    assert all(torch.equal(a, b) for a, b in zip(moved, known, strict=True))


def test_what_it_cannot_do_is_refused():
    negative = Policy(alone("Color").sub_policies, Scale(bounds={"Color": (-1.0, 2.0)}))
    with pytest.raises(UserError, match="Color goes down to a factor of -1"):
        torchvision.source(negative)
