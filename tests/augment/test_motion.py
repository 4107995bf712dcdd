"""What is recorded while images are augmented moves masks and boxes as the pixels moved."""

import pytest
import torch
from torchvision.transforms.v2 import functional as F

from dada.augment import Motion, Pipeline, Sampler, apply
from dada.augment.loader import MemoryLoader
from dada.augment.motion import maps
from dada.datasets import ImageSet
from dada.errors import UserError
from dada.ops import PAPER_OPERATIONS, get
from dada.ops.moving import move_boxes, move_masks
from dada.policy import Operation, Policy, Scale, SearchSpace, SubPolicy

GEOMETRIC = ("ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate")
COUNT, SIZE = 24, (20, 26)


def generator():
    return torch.Generator().manual_seed(0)


def noise(count=COUNT, size=SIZE):
    return torch.randint(256, (count, 2, *size), dtype=torch.uint8, generator=generator())


def check(images, moved, motion):
    """Masks with the pixels of the images come out as the images do, bit for bit."""
    assert motion.maps.shape[::2] == (len(images), 6) and motion.maps.dtype == torch.float64
    assert torch.equal(move_masks(images, motion.maps), moved)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_masks_follow_any_draw_of_moving_operations(length):
    images, motion = noise(), Motion(COUNT)
    policy = SearchSpace(GEOMETRIC, length, Scale("strength")).uniform()
    moved = images
    for _ in range(2):  # one after the other
        moved = apply(moved, Sampler(policy)(COUNT, generator()), motion)
    assert motion.maps.shape[1] == 2 * length and not torch.equal(images, moved)
    check(images, moved, motion)


@pytest.mark.parametrize("name", PAPER_OPERATIONS)
def test_each_operation_alone(name):
    policy = Policy((SubPolicy((Operation(name, 0.7, 0.9),)),))
    draw = Sampler(policy)(COUNT, generator())
    found = maps(draw, *SIZE)
    still = (found == torch.tensor([1.0, 0, 0, 0, 1, 0], dtype=torch.float64)).all(-1)
    assert torch.equal(still, ~draw.applied if name in GEOMETRIC else torch.ones_like(still))


def test_an_operation_of_ones_own_moves_masks(zoom):
    policy = Policy((SubPolicy((Operation(zoom, 0.5, 0.4), Operation("Rotate", 0.5, 0.9))),))
    motion = Motion(COUNT)
    check(noise(), apply(noise(), Sampler(policy)(COUNT, generator()), motion), motion)


@pytest.mark.parametrize(("padding", "flip"), [(3, False), (0, True), (5, True), (0, False)])
def test_crop_and_flip(padding, flip):
    pipeline, motion = Pipeline((0.5,) * 2, (0.5,) * 2, padding=padding, flip=flip), Motion(COUNT)
    moved = pipeline.before_policy(noise(), generator(), motion)
    assert torch.equal(moved, pipeline.before_policy(noise(), generator()))
    check(noise(), moved, motion)


@pytest.mark.parametrize("target", [SIZE, (16, 16)])
def test_a_resized_crop(target):
    """Boxes against white rectangles, cut out and resized, with 16 times the pixels per side."""
    fine, box = 16, torch.tensor([8.0, 5, 20, 14])
    picture = torch.zeros(1, 1, *(fine * side for side in SIZE), dtype=torch.uint8)
    picture[..., 5 * fine : 14 * fine, 8 * fine : 20 * fine] = 255
    pipeline = Pipeline(
        (0.5,), (0.5,), crop="resized", flip=False, size=(fine * target[0], fine * target[1])
    )
    seen = 0
    relative = box / torch.tensor([SIZE[1], SIZE[0], SIZE[1], SIZE[0]])
    height, width = pipeline.size
    scale = torch.tensor([width, height, width, height])
    for seed in range(6):
        motion, drawn = Motion(1), torch.Generator().manual_seed(seed)
        result = pipeline.before_policy(picture, drawn, motion)
        there = (result[0, 0] > 127).nonzero().flip(1)
        moved, left = move_boxes(
            (relative * scale).double()[None, None], motion.maps, pipeline.size
        )
        assert (left.item() > 0) == (len(there) > 0)
        if len(there):
            seen += 1
            around = torch.cat([there.amin(0), there.amax(0) + 1]).double()
            torch.testing.assert_close(moved[0, 0], around, atol=1.5, rtol=0)
    assert seen > 3


def test_a_mask_follows_a_resized_crop_by_its_nearest_pixels():
    pipeline = Pipeline((0.5,), (0.5,), crop="resized", flip=False, size=(40, 40))
    for seed in range(5):
        coarse = torch.randint(2, (1, 1, 5, 5), generator=torch.Generator().manual_seed(seed))
        picture = F.resize(255 * coarse.byte(), [40, 40], F.InterpolationMode.NEAREST)
        motion = Motion(1)
        result = pipeline.before_policy(picture, torch.Generator().manual_seed(seed), motion)
        mask = move_masks(picture, motion.maps)
        assert ((result > 127) == (mask > 127)).double().mean() > 0.93  # all but the edges


def test_a_loader_moves_masks_and_leaves_other_labels():
    images = noise()
    masks = images[:, 0].clone().clamp(max=254)
    pipeline = Pipeline((0.5,) * 2, (0.5,) * 2, padding=4)
    loader = MemoryLoader(ImageSet(images, masks), pipeline, torch.device("cpu"))
    [(seen, labels)] = loader.batches([torch.arange(COUNT)], 0, generator())
    inside = labels != 255
    assert torch.equal(seen[:, 0][inside].clamp(max=254), labels[inside])
    assert 0 < (~inside).sum() < 4 * 8 * SIZE[1] * COUNT
    plain = torch.cat([labels for _, labels in loader.plain(7)])
    assert torch.equal(plain, masks)


def test_a_bank_is_refused():
    from dada.augment import Bank

    masks = torch.zeros(COUNT, *SIZE, dtype=torch.uint8)
    pipeline = Pipeline((0.5,) * 2, (0.5,) * 2)
    loader = MemoryLoader(ImageSet(noise(), masks), pipeline, torch.device("cpu"))
    with pytest.raises(UserError, match="not where labels move with the pixels"):
        Bank(loader, pipeline, lambda images, _: images, 2, generator(), 8)


def test_nothing_moves_where_nothing_was_recorded():
    assert Motion(3).maps.shape == (3, 0, 6)
    assert torch.equal(move_masks(noise(3), Motion(3).maps), noise(3))
    assert get("Invert").affine_map is None
