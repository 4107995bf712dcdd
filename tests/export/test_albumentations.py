import ast
import json
import math
import pickle
import random
import sys
import warnings
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from dada.errors import UserError
from dada.export import write
from dada.export.albumentations import target
from dada.export.python import run
from dada.ops import get
from dada.policy import Operation, Policy, Scale, SubPolicy, load_policy
from tests.export.samples import MAGNITUDES, one, photographs

KNOWN = tuple(target.operations)
LARGEST = 255  # any difference
BOUNDS = {  # as measured, of the absolute difference: its maximum; its mean over all images
    "ShearX": (LARGEST, 0.02),
    "ShearY": (LARGEST, 0.02),
    "TranslateX": (LARGEST, 0.7),
    "TranslateY": (LARGEST, 0.7),
    "Rotate": (LARGEST, 0.02),
    "AutoContrast": (3, 0.7),
    "Invert": (0, 0.0),
    "Equalize": (35, 4.6),
    "Solarize": (0, 0.0),
    "Posterize": (0, 0.0),
    "Contrast": (1, 0.11),
    "Color": (2, 0.4),
    "Brightness": (0, 0.0),
    "Sharpness": (76, 0.6),
}


def everything(spread=0.0):
    """All 15 operations, in sub-policies of two, with weights."""
    pairs = zip(KNOWN, [*KNOWN[1:], "ShearX"], strict=True)
    rows = [
        SubPolicy((Operation(a, 0.3, 0.2, spread), Operation(b, 0.7, 0.9, spread)), 1.0 + i)
        for i, (a, b) in enumerate(pairs)
    ]
    return Policy(tuple(rows))


def loaded(policy):
    pytest.importorskip("albumentations")
    random.seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of arguments that a class does not know
        return target.load(target.source(policy))


def difference(got, wanted):
    return np.abs(np.asarray(got).astype(int) - np.asarray(wanted).astype(int))


def same(ours, theirs):
    """Whether all that we wrote is in what albumentations writes itself."""
    if isinstance(ours, dict):
        return all(name in theirs and same(value, theirs[name]) for name, value in ours.items())
    if isinstance(ours, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return ours == theirs


def test_the_text_is_deterministic_json_and_needs_no_albumentations(monkeypatch):
    monkeypatch.setitem(sys.modules, "albumentations", None)
    for policy in (everything(), everything(spread=1.0), load_policy("dada-cifar10")):
        text = target.source(policy, ".json")
        assert text == target.source(policy, ".yaml")
        assert json.loads(text)["transform"]["__class_fullname__"] == "Compose"
        python = write(policy, "albumentations")
        assert python == target.source(policy)
        (table,) = (
            ast.literal_eval(node.value)
            for node in ast.parse(python).body
            if isinstance(node, ast.AnnAssign)
        )
        assert table == json.loads(text)["transform"]


def test_small_numbers_are_numbers_in_yaml():
    yaml = pytest.importorskip("yaml")
    rows = (everything().sub_policies[0], SubPolicy((Operation("Rotate", 3e-7, 0.50001),), 1.5e-9))
    text = target.source(Policy(rows), ".yaml")
    assert yaml.safe_load(text) == json.loads(text)
    assert "3.0e-07" in text


def test_a_missing_albumentations_is_a_user_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "albumentations", None)
    with pytest.raises(UserError, match=r"pip install 'dada-augment\[albumentations\]'"):
        target.load("{}")


@pytest.mark.parametrize("ending", (".json", ".yaml"))
def test_albumentations_loads_the_file_and_would_write_the_same(ending, tmp_path):
    library = pytest.importorskip("albumentations")
    path = tmp_path / f"policy{ending}"
    for policy in (everything(), everything(spread=1.0)):
        text = write(policy, "albumentations", path)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            transform = library.load(path, data_format=ending[1:])
        theirs = json.loads(json.dumps(library.to_dict(transform)))
        assert same(json.loads(text)["transform"], theirs["transform"])
        for image in photographs():
            assert transform(image=np.array(image))["image"].shape[:2] == image.size[::-1]


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("name", [n for n in KNOWN if not get(n).random_place])
def test_results_are_near_pillows(name, mode):
    found = []
    for magnitude in MAGNITUDES:
        augment = loaded(one(name, magnitude))
        values = Scale().values(get(name), magnitude)
        for image in photographs(mode):
            wanted = [get(name).pillow(image, value) for value in dict.fromkeys(values)]
            nearest = Counter()
            for _ in range(12):
                got = augment(image)
                each = [difference(got, w) for w in wanted]
                best = min(range(len(each)), key=lambda i: each[i].mean())
                nearest[best] += 1
                found.append((each[best].max(), each[best].mean()))
            assert len(nearest) == len(wanted), "both signs occur"
    largest, mean = BOUNDS[name]
    assert max(m for m, _ in found) <= largest
    assert sum(m for _, m in found) / len(found) <= mean


def test_sharpness_is_near_pillows_inside_the_outermost_pixels():
    for magnitude in MAGNITUDES:
        augment = loaded(one("Sharpness", magnitude))
        value = Scale().values(get("Sharpness"), magnitude)[0]
        for image in photographs():
            off = difference(augment(image), get("Sharpness").pillow(image, value))
            assert off[1:-1, 1:-1].max() <= 12


def test_whole_pixels_are_translated_exactly():
    for pixels in range(1, 29):
        augment = loaded(one("TranslateX", 0.5 + pixels / 64 / 0.9))
        image = photographs()[0]
        wanted = {get("TranslateX").pillow(image, s * pixels / 64).tobytes() for s in (1, -1)}
        assert {augment(image).tobytes() for _ in range(12)} == wanted


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_cutout_paints_a_square_of_its_size_and_colour(mode):
    augment, image = loaded(one("Cutout", 0.8)), photographs(mode)[0]
    for _ in range(20):
        result = np.array(augment(image))
        changed = np.argwhere((result != np.array(image)).reshape(64, 64, -1).any(2))
        extent = changed.max(0) - changed.min(0) + 1
        assert (extent <= int(0.16 * 64)).all() and (extent >= int(0.16 * 64) - 1).all()
        square = result[tuple(changed[len(changed) // 2])]
        assert square.tolist() == ([125, 123, 114] if mode == "RGB" else 123)


def test_values_beyond_what_albumentations_takes_are_taken_to_its_ends():
    bounds = {
        **dict.fromkeys(("Contrast", "Color", "Brightness", "Sharpness"), (-3.0, 30.0)),
        "Posterize": (-2.0, 12.0),
        "Solarize": (-100.0, 400.0),
        "Cutout": (-0.5, 2.0),
        "Rotate": (-400.0, 700.0),
    }
    for name in bounds:
        for magnitude in (0.0, 0.5, 1.0):
            policy = one(name, magnitude, scale=Scale(bounds=bounds))
            assert loaded(policy)(photographs()[0]).size == (64, 64)
    negative = one("Color", 0.0, scale=Scale(bounds=bounds))
    assert "Color: a factor below 0 counts as 0" in target.differences(negative)


def test_choices_have_their_frequencies_and_are_independent():
    """Statistical: 4000 draws with a fixed seed, within 4 standard errors."""
    draws = 4000
    sub_policies = (
        SubPolicy((Operation("Invert", 0.3, 0.0), Operation("Posterize", 0.5, 0.0)), 1.0),
        SubPolicy((Operation("TranslateX", 1.0, 1.0),), 3.0),
    )
    augment = loaded(Policy(sub_policies))
    image = photographs()[0].resize((20, 20))
    inverted = get("Invert").pillow(image, 0.0)
    chances = {
        image.tobytes(): 0.25 * 0.7 * 0.5,
        inverted.tobytes(): 0.25 * 0.3 * 0.5,
        get("Posterize").pillow(image, 4.0).tobytes(): 0.25 * 0.7 * 0.5,
        get("Posterize").pillow(inverted, 4.0).tobytes(): 0.25 * 0.3 * 0.5,
        get("TranslateX").pillow(image, 0.45).tobytes(): 0.375,
        get("TranslateX").pillow(image, -0.45).tobytes(): 0.375,
    }
    counts = Counter(augment(image).tobytes() for _ in range(draws))
    assert set(counts) == set(chances)
    for outcome, chance in chances.items():
        error = math.sqrt(chance * (1 - chance) / draws)
        assert abs(counts[outcome] / draws - chance) < 4 * error


def test_random_magnitudes_are_levels_of_equal_frequency():
    """Statistical: 2000 draws with a fixed seed, within 4 standard errors."""
    draws, policy = 2000, one("Brightness", 0.5, spread=1.0)
    augment, grey = loaded(policy), Image.new("L", (4, 4), 100)
    counts = Counter(augment(grey).getpixel((0, 0)) for _ in range(draws))
    assert set(counts) == {28, 64, 100, 136, 172}  # factors 0.28, 0.64, … of 0.1 to 1.9
    error = math.sqrt(0.2 * 0.8 / draws)
    assert all(abs(count / draws - 0.2) < 4 * error for count in counts.values())
    assert any("5 equally likely" in line for line in target.differences(policy))


def test_the_same_seed_gives_the_same_images():
    results = []
    for _ in range(2):
        augment = loaded(everything(spread=1.0))
        results.append([augment(image).tobytes() for _ in range(20) for image in photographs()])
    assert results[0] == results[1]


def test_differences_name_each_operation_that_differs():
    lines = target.differences(everything())
    for name, (largest, _) in BOUNDS.items():
        assert any(line.startswith(f"{name}: ") for line in lines) == (largest > 0), name
    assert any(line.startswith("Cutout: ") for line in lines)


@pytest.mark.parametrize("ending", target.endings)
@pytest.mark.parametrize("version", ["1.4.24", "2.0.2", "2.0.9", "2.5.1"])
def test_a_library_that_reads_it_otherwise_is_refused(version, ending, monkeypatch):
    """From 2.0.9 on it is AlbumentationsX, which overlooks factors."""
    monkeypatch.setattr(pytest.importorskip("albumentations"), "__version__", version)
    with pytest.raises(UserError, match=f"albumentations is {version}.*>=2.0.3,<2.0.9"):
        target.load(target.source(one("Contrast", 0.9), ending), ending)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((3, 8, 8), np.uint8),
        np.zeros((8, 8, 4), np.uint8),
        np.zeros((2, 8, 8, 3), np.uint8),
        np.zeros((8, 8, 3), np.float32),
        Image.new("RGB", (4, 4)),
        "photo.jpg",
        [np.zeros((8, 8, 3), np.uint8)] * 2,
    ],
)
def test_what_is_no_image_is_refused_by_name(image):
    pytest.importorskip("albumentations")
    augment = run(target.source(one("Invert", 0.0, probability=0.0)))["Augment"]()
    with pytest.raises(TypeError, match=r"expected a uint8 array .*, got "):
        augment(image=image)


@pytest.mark.parametrize("name", KNOWN)
def test_images_of_any_size_are_taken(name):
    augment = loaded(one(name, 0.9))
    for size in ((0, 0), (1, 1), (2, 1), (1, 40)):
        for mode in ("RGB", "L"):
            assert augment(Image.new(mode, size)).size == size


def test_seeds_and_copies(tmp_path, monkeypatch):
    library = pytest.importorskip("albumentations")
    write(everything(spread=1.0), "albumentations", tmp_path / "albumentations_policy.py")
    monkeypatch.syspath_prepend(tmp_path)
    import albumentations_policy

    image = np.array(photographs()[0])

    def drawn(augment):
        return [augment(image=image)["image"].tobytes() for _ in range(5)]

    random.seed(0)
    known = drawn(albumentations_policy.Augment())
    random.seed(0)
    copies = pickle.loads(pickle.dumps(albumentations_policy.Augment()))
    assert drawn(copies) == known
    random.seed(0)
    assert drawn(library.Compose([albumentations_policy.Augment(), library.NoOp()])) == known
    seeded = []
    for _ in range(2):
        augment = albumentations_policy.Augment()
        augment.set_random_seed(3)
        seeded.append(drawn(augment))
    assert seeded[0] == seeded[1] != known
