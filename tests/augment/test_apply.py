from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
import torch
from PIL import Image

from dada.augment import Draw, Sampler, apply
from dada.augment.apply import apply_to_picture
from dada.ops import TwoStep, get, register, registry
from dada.policy import Operation, Policy, Scale, SearchSpace, SubPolicy, load_policy


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(0)
    return torch.randint(256, (64, 3, 12, 12), dtype=torch.uint8, generator=generator)


def with_pillow(image, draw, row):
    """The draw of one image, operation by operation, in Pillow."""
    picture = Image.fromarray(image.permute(1, 2, 0).numpy())
    for k in range(draw.operation.shape[1]):
        if draw.applied[row, k]:
            kind = get(draw.operations[draw.operation[row, k]])
            place = (tuple(draw.place[row, k].tolist()),) if kind.random_place else ()
            picture = kind.pillow(picture, draw.value[row, k].item(), *place)
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)


@pytest.mark.parametrize("name", ["dada-cifar10", "autoaugment-cifar10", "uniform"])
def test_a_batch_equals_pillow_image_by_image(images, name):
    policy = (
        SearchSpace(scale=Scale("strength")).uniform() if name == "uniform" else load_policy(name)
    )
    draw = Sampler(policy)(len(images), torch.Generator().manual_seed(1))
    result = apply(images, draw)
    for row, image in enumerate(images):
        assert torch.equal(result[row], with_pillow(image, draw, row)), row


@pytest.mark.parametrize("channels", [3, 1])
def test_a_picture_comes_out_as_in_a_batch(images, channels):
    """By Pillow for the picture, by batched kernels for the batch: the same bytes."""
    images = images[:, :channels]
    sampler = Sampler(SearchSpace(scale=Scale("strength")).uniform())
    for seed, image in enumerate(images):
        draw = sampler(1, torch.Generator().manual_seed(seed))
        picture = Image.fromarray(image.permute(1, 2, 0).squeeze(2).numpy())
        before = picture.tobytes()
        result = torch.from_numpy(np.array(apply_to_picture(picture, draw.choices())))
        expected = apply(image[None], draw)[0]
        assert torch.equal(result.view(12, 12, channels).permute(2, 0, 1), expected), draw
        assert picture.tobytes() == before


def test_a_picture_s_operation_without_a_pillow_twin_runs_by_its_kernel(images, monkeypatch):
    monkeypatch.setattr(registry, "_operations", dict(registry._operations))
    register("Halve")(lambda images, values: images // 2)
    register("Corner", random_place=True)(
        lambda images, values, places: images * (places[:, 0] < 0.5).view(-1, 1, 1, 1)
    )
    picture = Image.fromarray(images[0].permute(1, 2, 0).numpy())
    draw = every_image(("Halve", "Corner"), [0])
    draw = replace(draw, operation=torch.tensor([[0, 1]]), applied=torch.ones(1, 2).bool())
    draw = replace(draw, value=torch.zeros(1, 2).double(), place=torch.zeros(1, 2, 2).double())
    assert np.array_equal(
        np.array(apply_to_picture(picture, draw.choices())), np.array(picture) // 2
    )


@pytest.mark.parametrize("at_once", [1, 3 * 12 * 12, 5 * 3 * 12 * 12 - 1])
def test_how_many_images_are_worked_on_at_once_makes_no_difference(images, at_once, monkeypatch):
    uniform = SearchSpace(scale=Scale("strength")).uniform()
    draw = Sampler(uniform)(len(images), torch.Generator().manual_seed(2))
    together = apply(images, draw)
    monkeypatch.setattr(import_module("dada.augment.apply"), "_CPU_BYTES", at_once)
    assert torch.equal(apply(images, draw), together)


def every_image(names, rows):
    """A draw of one operation per image, at value 0."""
    count = len(rows)
    return Draw(
        names,
        torch.tensor(rows).view(-1, 1),
        torch.ones(count, 1, dtype=torch.bool),
        torch.zeros(count, 1).double(),
        torch.zeros(count, 1, 2).double(),
        torch.zeros(count, 1).double(),
    )


def test_operations_that_share_a_second_step_run_it_once(images, monkeypatch):
    monkeypatch.setattr(registry, "_operations", dict(registry._operations))
    finished = []

    def fill(images, levels):
        finished.append(levels.tolist())
        return levels.to(torch.uint8).view(-1, 1, 1, 1).expand(images.shape)

    register("Seven")(TwoStep(lambda images, values: values + 7, fill))
    register("Nine")(TwoStep(lambda images, values: values + 9, fill))
    register("Halve")(lambda images, values: images // 2)
    result = apply(images[:5], every_image(("Seven", "Halve", "Nine"), [0, 2, 1, 0, 2]))
    assert finished == [[7, 7, 9, 9]]
    assert result[[0, 1, 3, 4], 0, 0, 0].tolist() == [7, 9, 7, 9]
    assert torch.equal(result[2], images[2] // 2)


def test_a_kernel_may_return_what_it_was_given(images, monkeypatch):
    monkeypatch.setattr(registry, "_operations", dict(registry._operations))
    register("Nothing")(lambda images, values: images)
    result = apply(images, every_image(("Nothing",), [0] * len(images)))
    assert torch.equal(result, images)
    assert result.data_ptr() != images.data_ptr()


def test_the_input_is_left_as_it_is(images):
    before = images.clone()
    apply(images, Sampler(load_policy("dada-cifar10"))(len(images)))
    assert torch.equal(images, before)


def test_the_result_is_contiguous_whatever_the_input(images):
    draw = Sampler(load_policy("dada-cifar10"))(len(images))
    result = apply(images.contiguous(memory_format=torch.channels_last), draw)
    assert result.is_contiguous()
    assert torch.equal(result, apply(images, draw))


def test_no_images_give_no_images():
    empty = torch.zeros(0, 3, 8, 8, dtype=torch.uint8)
    assert apply(empty, Sampler(load_policy("dada-cifar10"))(0)).shape == empty.shape


def test_wrong_input_is_refused(images):
    draw = Sampler(load_policy("dada-cifar10"))(3)
    with pytest.raises(ValueError, match="64 images but draws for 3"):
        apply(images, draw)
    with pytest.raises(ValueError, match="uint8"):
        apply(images[:3].float(), draw)
    with pytest.raises(ValueError, match="channels seem to come last"):
        apply(images[:3].permute(0, 2, 3, 1), draw)


def test_sub_policies_of_different_lengths():
    policy = Policy(
        (
            SubPolicy((Operation("Invert", 1.0, 0.0),)),
            SubPolicy((Operation("Invert", 1.0, 0.0), Operation("Invert", 1.0, 0.0))),
        )
    )
    images = torch.full((500, 1, 2, 2), 7, dtype=torch.uint8)
    values = apply(images, Sampler(policy)(500, torch.Generator().manual_seed(0)))[:, 0, 0, 0]
    assert set(values.tolist()) == {7, 248}


def test_draws_follow_the_policy():
    """Statistical: frequencies within 4 standard errors over 100,000 draws."""
    policy = Policy(
        (
            SubPolicy((Operation("Rotate", 0.3, 0.5, 1.0),), 1.0),
            SubPolicy((Operation("Solarize", 0.9, 0.25),), 3.0),
        ),
        Scale("strength"),
    )
    count = 100_000
    draw = Sampler(policy)(count, torch.Generator().manual_seed(0))
    rotate = draw.operation[:, 0] == draw.operations.index("Rotate")

    def near(mask, p):
        return abs(mask.double().mean().item() - p) < 4 * (p * (1 - p) / len(mask)) ** 0.5

    assert near(rotate, 0.25)
    assert near(draw.applied[rotate, 0], 0.3) and near(draw.applied[~rotate, 0], 0.9)
    assert near(draw.value[rotate, 0] < 0, 0.5), "the sign is random"
    assert near(draw.value[rotate, 0].abs() < 15, 0.5), "spread 1 about 0.5 is uniform"
    assert near(draw.value[rotate, 0].abs() < 3, 0.1)
    assert (draw.value[~rotate, 0] == 192).all(), "no spread: always the magnitude"
    assert (draw.place >= 0).all() and (draw.place < 1).all()
