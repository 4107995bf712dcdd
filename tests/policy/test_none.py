"""The policy that changes nothing is a policy like any other."""

import numpy as np
import pytest
import torch
from PIL import Image

from dada.errors import UserError
from dada.export import TARGETS, target
from dada.ops import get
from dada.policy import Operation, Policy, SubPolicy, load_policy, save_policy
from dada.report import contact_sheet

NONE = Policy.none()


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(0)
    return torch.randint(256, (5, 3, 16, 20), dtype=torch.uint8, generator=generator)


def test_it_survives_a_file(tmp_path):
    named = Policy.none("hand signs", {"seed": 3})
    again = load_policy(save_policy(named, tmp_path / "policy.json"))
    assert again == named and again.is_none and again.name == "hand signs"


def test_it_says_so():
    assert NONE.describe().startswith("no augmentation")
    assert "\n" not in NONE.describe(limit=1, side=32)


def test_only_operations_that_can_act_count():
    never, always = (SubPolicy((Operation("Invert", p, 0.0),)) for p in (0.0, 1.0))
    unchosen = SubPolicy((Operation("Invert", 1.0, 0.0),), weight=0.0)
    assert Policy((never, never)).is_none and Policy((never, unchosen)).is_none
    assert not Policy((never, always)).is_none and not load_policy("dada-cifar10").is_none


def test_a_reader_that_forgets_the_probability_rotates_by_nothing(images):
    (operation,) = NONE.sub_policies[0].operations
    kind = get(operation.name)
    values = set(NONE.scale.values(kind, operation.magnitude))
    assert values == {kind.identity}


def test_the_transform_gives_back_the_same_bytes(images):
    transform = NONE.transform()
    assert torch.equal(transform(images), images)
    assert torch.equal(transform(images[0]), images[0])
    picture = Image.fromarray(images[0].permute(1, 2, 0).numpy())
    assert transform(picture).tobytes() == picture.tobytes()


@pytest.mark.parametrize("to", TARGETS)
def test_every_export_is_the_identity(to, images):
    module = target(to)
    text = module.source(NONE, module.endings[0])
    try:
        augment = module.load(text, module.endings[0])
    except UserError as error:  # a library that is not installed
        pytest.skip(str(error))
    array = images[0].permute(1, 2, 0).numpy()
    for _ in range(5):
        assert np.array_equal(np.asarray(augment(Image.fromarray(array))), array)


def test_the_contact_sheet_shows_the_originals_twice(images):
    sheet = np.asarray(contact_sheet(images[:1], NONE, scale=1))
    shown = images[0].permute(1, 2, 0).numpy()
    height, width = shown.shape[:2]
    found = sum(
        np.array_equal(sheet[y : y + height, x : x + width], shown)
        for y in range(sheet.shape[0] - height)
        for x in range(sheet.shape[1] - width)
    )
    assert found == 2


def test_an_operation_of_probability_0_is_never_shown_at_work(images):
    never = SubPolicy((Operation("Invert", 0.0, 0.0),))
    act = SubPolicy((Operation("Posterize", 1.0, 1.0),))  # 8 bits: nothing to see
    sheet = np.asarray(contact_sheet(images[:1], Policy((never, act)), scale=1))
    inverted = 255 - images[0].permute(1, 2, 0).numpy()
    corner = (sheet == inverted[0, 0]).all(-1)
    assert not any(
        np.array_equal(sheet[y : y + 16, x : x + 20], inverted)
        for y, x in zip(*corner.nonzero(), strict=True)
    )
