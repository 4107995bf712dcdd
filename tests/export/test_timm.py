import math
import pickle
import random
import sys
from collections import Counter

import numpy as np
import pytest
import torch
from PIL import Image

from dada.errors import UserError
from dada.export import timm_levels, write
from dada.export.python import run
from dada.export.steps import resolve
from dada.export.timm import target
from dada.ops import get
from dada.policy import Operation, Policy, Scale, SubPolicy, load_policy, published_names
from tests.export.samples import MAGNITUDES, one, photographs

KNOWN = tuple(target.operations)
PLACED = "Cutout"  # its place is drawn as well, so it has tests of its own


def everything(spread=0.0):
    """All 15 operations, in sub-policies of two, with weights."""
    rows = [
        SubPolicy((Operation(a, 0.3, 0.2, spread), Operation(b, 0.7, 0.9, spread)), 1.0 + i)
        for i, (a, b) in enumerate(zip(KNOWN, [*KNOWN[1:], "ShearX"], strict=True))
    ]
    return Policy(tuple(rows), name='a """name"""\n')


def apply_both_signs(augment, image):
    """The results under the random sign, both of which 24 applications give."""
    return {np.asarray(augment(image)).tobytes() for _ in range(24)}


def with_timm(policy):
    pytest.importorskip("timm")
    random.seed(0)
    return target.load(target.source(policy))


def test_the_text_is_deterministic_python_and_needs_no_timm(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    for policy in (everything(), everything(spread=1.0), load_policy("dada-cifar10")):
        text = target.source(policy)
        assert text == target.source(policy) == write(policy, "timm")
        compile(text, "policy.py", "exec")
        assert target.differences(policy) == []


def test_a_missing_timm_is_a_user_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(UserError, match=r"pip install 'dada-augment\[timm\]'"):
        target.load("")


def test_a_policy_takes_timms_own_operations():
    text = target.source(load_policy("autoaugment-imagenet"))
    assert text.count("class ") == 1 and "class Augment(AutoAugment)" in text
    assert "ColorIncreasing" in text
    assert max(map(len, text.splitlines())) <= 100


def test_published_policies_rarely_need_a_value_that_no_level_says():
    drawn = [
        line
        for name in published_names()
        if not name.startswith("pba")  # whose levels are others
        for line in target.source(load_policy(name)).splitlines()
        if line.strip().startswith("Drawn(")
    ]
    assert len(drawn) <= 2


def test_levels_are_in_timms_arithmetic():
    auto_augment = pytest.importorskip("timm.data.auto_augment")
    for sayings in timm_levels.TIMM_OPERATIONS.values():
        for timms in sayings:
            level_to_arg = auto_augment.LEVEL_TO_ARG[timms.name]
            for level in (*np.linspace(0, 10, 41).tolist(), 3.3333333, 9.9999999):
                got = {level_to_arg(level, {})[0] for _ in range(24)}
                assert got == set(timms.values(level)), (timms.name, level)


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("kind", ["paper", "strength"])
@pytest.mark.parametrize("name", [n for n in KNOWN if not get(n).random_place])
def test_bytes_are_pillows(name, kind, mode):
    scale = Scale(kind)
    for magnitude in MAGNITUDES:
        augment = with_timm(one(name, magnitude, scale=scale))
        for image in photographs(mode):
            values = scale.values(get(name), magnitude)
            wanted = {np.asarray(get(name).pillow(image, v)).tobytes() for v in values}
            assert apply_both_signs(augment, image) == wanted, (magnitude, image.size)


@pytest.mark.parametrize(
    ("name", "bounds"),
    [
        ("ShearX", (-0.1, 0.9)),
        ("TranslateY", (-0.1, 0.4)),
        ("Rotate", (-90.0, 200.0)),
        ("Contrast", (0.0, 3.0)),
        ("Sharpness", (-1.0, 1.5)),
        ("Solarize", (-20.0, 300.0)),
        ("Posterize", (1.0, 8.0)),
    ],
)
@pytest.mark.parametrize("kind", ["paper", "strength"])
def test_bytes_are_pillows_in_bounds_of_a_users_own(name, bounds, kind):
    scale = Scale(kind, {name: bounds})
    for magnitude in (0.0, 0.3, 1.0):
        augment = with_timm(one(name, magnitude, scale=scale))
        for image in photographs():
            values = scale.values(get(name), magnitude)
            wanted = {np.asarray(get(name).pillow(image, v)).tobytes() for v in values}
            assert apply_both_signs(augment, image) == wanted, magnitude


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_cutout_paints_pillows_square(mode):
    augment = with_timm(one(PLACED, 0.8))
    for image in photographs(mode):
        for seed in range(20):
            random.seed(seed)
            got = np.asarray(augment(image))
            random.seed(seed)
            random.choices([0])  # of the policy's one sub-policy
            random.choice([0])  # of the one sign
            random.random()  # whether it is applied
            place = random.random(), random.random()
            assert (got == np.asarray(get(PLACED).pillow(image, 0.2 * 0.8, place))).all()


def test_cutout_of_no_size_and_operations_of_no_chance_change_nothing():
    for policy in (one(PLACED, 0.0), one("Invert", 0.0, probability=0.0)):
        augment = with_timm(policy)
        for image in photographs():
            assert apply_both_signs(augment, image) == {np.asarray(image).tobytes()}


def test_all_operations_with_weights_give_outcomes_of_the_policy():
    rows = [s for s in everything().sub_policies if all(o.name != PLACED for o in s.operations)]
    policy = Policy(tuple(rows))
    augment, image = with_timm(policy), photographs()[0]
    wanted = set()
    for sub_policy in resolve(policy):
        images = [image]
        for step in sub_policy.steps:
            images += [get(step.name).pillow(i, v) for i in images for v in step.values[0]]
        wanted |= {i.tobytes() for i in images}
    assert {augment(image).tobytes() for _ in range(300)} <= wanted


def test_choices_have_their_frequencies():
    """Statistical: 4000 draws with a fixed seed, within 4 standard errors."""
    draws = 4000
    sub_policies = (
        SubPolicy((Operation("Invert", 0.3, 0.0),), 1.0),
        SubPolicy((Operation("TranslateX", 1.0, 0.9),), 3.0),
    )
    augment = with_timm(Policy(sub_policies))
    image = photographs()[0].resize((8, 8))
    left, right = (get("TranslateX").pillow(image, v) for v in (0.36, -0.36))
    chances = {
        image.tobytes(): 0.25 * 0.7,
        get("Invert").pillow(image, 0.0).tobytes(): 0.25 * 0.3,
        left.tobytes(): 0.375,
        right.tobytes(): 0.375,
    }
    counts = Counter(augment(image).tobytes() for _ in range(draws))
    assert set(counts) == set(chances)
    for outcome, chance in chances.items():
        error = math.sqrt(chance * (1 - chance) / draws)
        assert abs(counts[outcome] / draws - chance) < 4 * error


def test_random_magnitudes_have_their_distribution():
    """Statistical: quartiles of 4000 draws with a fixed seed, within 4 standard errors."""
    draws, magnitude, spread = 4000, 0.3, 0.8
    augment = with_timm(one("Brightness", magnitude, spread=spread))
    white = Image.new("L", (1, 1), 255 // 2)
    levels = np.array([augment(white).getpixel((0, 0)) for _ in range(draws)])
    for share in (0.25, 0.5, 0.75):
        logit = math.log(magnitude / (1 - magnitude)) + spread * math.log(share / (1 - share))
        factor = 0.1 + 1.8 / (1 + math.exp(-logit))
        below = (levels + 0.5 < 127 * factor).mean()
        # A level is a whole number, which blurs the quartile by half a level: under 1 %.
        assert abs(below - share) < 4 * math.sqrt(share * (1 - share) / draws) + 0.01


def test_random_magnitudes_stay_possible_at_their_ends():
    for name in KNOWN:
        for magnitude in (0.0, 1.0):
            augment = with_timm(one(name, magnitude, spread=60.0))
            for _ in range(10):
                assert augment(photographs()[0]).size == (64, 64)


def test_the_transform_can_be_sent_to_workers(tmp_path, monkeypatch):
    pytest.importorskip("timm")
    write(everything(spread=1.0), "timm", tmp_path / "policy_for_workers.py")
    monkeypatch.syspath_prepend(tmp_path)
    import policy_for_workers

    augment = pickle.loads(pickle.dumps(policy_for_workers.augment))
    results = []
    for each in (policy_for_workers.augment, augment):
        random.seed(1)
        results.append([each(image).tobytes() for _ in range(50) for image in photographs()])
    assert results[0] == results[1]
    assert "m=0.9" in repr(augment)


@pytest.mark.parametrize(
    "given",
    [np.zeros((4, 4, 3), np.uint8), torch.zeros(3, 4, 4), "photo.jpg", [Image.new("L", (4, 4))]],
)
def test_what_is_no_image_is_refused_by_name(given):
    with pytest.raises(TypeError, match=f"one PIL image, got {type(given).__name__}"):
        with_timm(one("Invert", 0.0, probability=0.0))(given)
    with pytest.raises(TypeError, match="mode RGBA"):
        with_timm(one("Invert", 0.0, probability=0.0))(Image.new("RGBA", (4, 4)))


@pytest.mark.parametrize("name", KNOWN)
def test_images_of_any_size_are_taken(name):
    augment = with_timm(one(name, 0.9))
    for size in ((0, 0), (0, 3), (1, 1), (2, 1), (1, 40)):
        for mode in ("RGB", "L"):
            assert augment(Image.new(mode, size)).size == size


class Recorded(torch.utils.data.Dataset):
    """Twelve grey pictures under a transform, as timm's datasets have one."""

    transform = None

    def __getitem__(self, i):
        image = Image.new("RGB", (40, 32), (100, 100, 100))
        return (self.transform(image) if self.transform else image), i % 2

    def __len__(self):
        return 12


@pytest.mark.parametrize("hflip", [0.5, 0.0])
@pytest.mark.parametrize("color_jitter", [0.4, None])
@pytest.mark.parametrize("use_prefetcher", [True, False])
@pytest.mark.parametrize("num_aug_splits", [0, 2])
def test_it_finds_its_place_in_timms_loader(hflip, color_jitter, use_prefetcher, num_aug_splits):
    data = pytest.importorskip("timm.data")
    names = run(target.source(one("Invert", 0.0)))
    dataset = Recorded()
    loader = data.create_loader(
        data.AugMixDataset(dataset, num_aug_splits) if num_aug_splits else dataset,
        (3, 16, 16),
        4,
        is_training=True,
        num_workers=0,
        persistent_workers=False,
        device=torch.device("cpu"),
        **{"hflip": hflip, "color_jitter": color_jitter, "use_prefetcher": use_prefetcher},
        num_aug_splits=num_aug_splits,
    )
    names["add_to"](loader)
    steps = names["find_steps"](loader)
    place = steps.index(names["augment"])
    before, after = (
        [type(step).__name__ for step in part] for part in (steps[:place], steps[place + 1 :])
    )
    known = ["RandomResizedCropAndInterpolation"] + ["RandomHorizontalFlip"] * (hflip > 0)
    assert before == ([] if num_aug_splits else known)
    assert ("ColorJitter" in after) == (color_jitter is not None)
    # Grey of 100, and 155 where it is inverted, before timm's normalisation and colour jitter.
    if color_jitter is None:
        images, _ = next(iter(loader))
        images = torch.cat(images) if isinstance(images, list) else images  # a part per split
        levels = images * torch.tensor([0.229, 0.224, 0.225]).view(-1, 1, 1)
        levels = (levels + torch.tensor([0.485, 0.456, 0.406]).view(-1, 1, 1)) * 255
        known = [100.0] * 4 + [155.0] * 4 if num_aug_splits else [155.0] * 4
        assert levels.mean((1, 2, 3)).tolist() == pytest.approx(known, abs=0.01)
    with pytest.raises(ValueError, match="a policy is in this transform already"):
        names["add_to"](loader)


def test_it_is_added_to_a_transform_alone_and_nowhere_else():
    data = pytest.importorskip("timm.data")
    names = run(target.source(one("Invert", 0.0)))
    names["add_to"](together := data.create_transform(32, is_training=True))
    assert together.transforms[2] is names["augment"]
    names["add_to"](parts := data.create_transform(32, is_training=True, separate=True))
    assert parts[1].transforms[0] is names["augment"]
    for nowhere in (Recorded(), torch.utils.data.DataLoader(Recorded()), None, "loader"):
        with pytest.raises(ValueError, match="no transform of timm's in it"):
            names["add_to"](nowhere)
    v2 = pytest.importorskip("torchvision.transforms.v2")
    with pytest.raises(ValueError, match="the policy takes PIL images"):
        names["add_to"](v2.Compose([v2.PILToTensor(), v2.RandomCrop(8)]))
