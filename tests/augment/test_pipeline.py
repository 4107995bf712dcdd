from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
import torch
from torchvision.transforms import v2
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as F

from dada.augment import Pipeline
from dada.augment.pipeline import _box

PIPELINE = Pipeline((0.5, 0.4, 0.3), (0.2, 0.3, 0.4), padding=2, flip=True, cutout=3)


def images(count=200):
    generator = torch.Generator().manual_seed(0)
    return torch.randint(256, (count, 3, 6, 8), dtype=torch.uint8, generator=generator)


def test_every_image_is_a_padded_crop_flipped_or_not():
    before = images()
    after = PIPELINE.crop_and_flip(before, torch.Generator().manual_seed(0))
    seen = set()
    for image, result in zip(before, after, strict=True):
        padded = F.pad(image, [2])
        candidates = {
            (top, left, flip): F.horizontal_flip(crop) if flip else crop
            for top in range(5)
            for left in range(5)
            for flip in (False, True)
            for crop in [F.crop(padded, top, left, 6, 8)]
        }
        match = [key for key, value in candidates.items() if torch.equal(value, result)]
        assert len(match) == 1
        seen.add(match[0])
    assert len(seen) > 40, "nearly all 50 outcomes occur in 200 images"


@pytest.mark.parametrize("channels", [1, 3])
def test_corners_are_drawn_before_flips_from_the_generator_given(channels):
    before = images()[:, :channels].contiguous()
    after = PIPELINE.crop_and_flip(before, torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(0)
    top, left = torch.randint(5, (2, len(before)), generator=generator).tolist()
    mirror = (torch.rand(len(before), generator=generator) < 0.5).tolist()
    for i, image in enumerate(before):
        crop = F.crop(F.pad(image, [2]), top[i], left[i], 6, 8)
        assert torch.equal(after[i], F.horizontal_flip(crop) if mirror[i] else crop)


def test_a_part_without_images_is_cropped_to_none():
    generator = torch.Generator().manual_seed(0)
    assert PIPELINE.crop_and_flip(images()[:0], generator).shape == (0, 3, 6, 8)


def test_half_of_the_images_are_flipped_and_every_shift_is_as_frequent():
    """Within 4 standard errors, of one pixel in the middle of 5 x 5 that may move by 2."""
    pipeline = Pipeline((0.5,), (0.2,), padding=2, flip=False)
    image = torch.zeros(1, 1, 5, 5, dtype=torch.uint8)
    image[0, 0, 2, 2] = 255
    count = 10_000
    moved = pipeline.crop_and_flip(image.expand(count, 1, 5, 5), torch.Generator().manual_seed(0))
    places = (moved[:, 0] == 255).double().mean(0)
    assert (places - 1 / 25).abs().max() < 4 * (1 / 25 * 24 / 25 / count) ** 0.5
    image = torch.tensor([0, 255], dtype=torch.uint8).expand(count, 1, 1, 2)
    pipeline = Pipeline((0.5,), (0.2,), padding=0, flip=True)
    flipped = pipeline.crop_and_flip(image, torch.Generator().manual_seed(0))[:, 0, 0, 0] == 255
    assert abs(flipped.double().mean() - 0.5) < 4 * (0.25 / count) ** 0.5


def test_without_crop_and_flip_images_stay():
    pipeline = Pipeline((0.5,), (0.2,), padding=0, flip=False)
    assert torch.equal(pipeline.crop_and_flip(images(), torch.Generator()), images())


def test_normalisation_is_torchvisions():
    expected = F.normalize(F.to_dtype(images(), scale=True), PIPELINE.mean, PIPELINE.std)
    torch.testing.assert_close(PIPELINE.normalise(images()), expected)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
def test_parts_are_normalised_to_the_same_bits_with_the_channels_last(
    channels, masked, monkeypatch
):
    """Parts of 7 images, so that the last one is smaller."""
    monkeypatch.setattr(import_module("dada.augment.apply"), "_CPU_BYTES", 7 * channels * 6 * 8)
    pipeline = Pipeline(PIPELINE.mean[:channels], PIPELINE.std[:channels])
    given = images()[:, :channels].contiguous()
    mask = torch.rand(200, 1, 6, 8) if masked else None
    mean, std = (torch.tensor(v)[:, None, None] for v in (pipeline.mean, pipeline.std))
    expected = (given.float() / 255 - mean) / std
    seen = pipeline.normalise(given, mask)
    assert torch.equal(seen, expected * mask if masked else expected)
    assert seen.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("seed", range(4))
def test_a_single_image_is_flipped_as_in_a_batch(seed):
    pipeline = Pipeline((0.5,), (0.2,), padding=0)
    mirror = torch.rand(1, generator=torch.Generator().manual_seed(seed)) < 0.5
    one = pipeline.crop_and_flip(images(1), torch.Generator().manual_seed(seed))
    assert torch.equal(one, F.horizontal_flip(images(1)) if mirror else images(1))


def test_the_cutout_square_has_its_centre_anywhere_in_the_image():
    mask = PIPELINE.cutout_mask(images(2000), torch.Generator().manual_seed(0))
    assert mask.shape == (2000, 1, 6, 8) and set(mask.unique().tolist()) == {0.0, 1.0}
    holes = (mask == 0).sum((1, 2, 3))
    assert holes.max() == 9 and holes.min() == 4, "whole inside, a quarter or so at the corners"
    assert (mask == 0).any(0).all(), "every pixel is blanked some time"


def test_no_cutout_is_no_mask():
    pipeline = Pipeline((0.5,), (0.2,))
    assert (pipeline.cutout_mask(images(), torch.Generator()) == 1).all()


# ImageNet's


IMAGENET = Pipeline(
    (0.5, 0.4, 0.3),
    (0.2, 0.3, 0.4),
    flip=False,
    crop="resized",
    size=(12, 12),
    jitter=0.4,
    lighting=0.1,
)


def photographs(count=8, height=40, width=60):
    generator = torch.Generator().manual_seed(1)
    return torch.randint(256, (count, 3, height, width), dtype=torch.uint8, generator=generator)


@pytest.mark.parametrize(
    ("height", "width"),
    [(40, 60), (60, 40), (300, 300), (1, 2), (5, 90), (90, 5), (60, 20), (30, 100)],
)
def test_the_box_is_the_one_that_torchvision_draws(height, width):
    crop = v2.RandomResizedCrop(224)
    generator = torch.Generator()
    for seed in range(50):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            expected = crop.make_params([torch.zeros(3, height, width)])
        box = _box(height, width, generator.manual_seed(seed))
        assert box == tuple(expected[key] for key in ("top", "left", "height", "width"))


@pytest.mark.parametrize("stretch", [1 / 3, 3])
def test_a_box_for_oblong_images_is_as_oblong(stretch):
    generator = torch.Generator().manual_seed(0)
    height, width = (60, 180) if stretch > 1 else (180, 60)
    boxes = [_box(height, width, generator, stretch) for _ in range(300)]
    ratios = torch.tensor([w / h for _, _, h, w in boxes]) / stretch
    assert 0.7 < ratios.min() < 0.8 and 1.25 < ratios.max() < 1.45
    shares = torch.tensor([w * h for _, _, h, w in boxes]) / (height * width)
    assert 0.07 < shares.min() < 0.12 and shares.max() > 0.85


def test_every_image_gets_a_resized_crop_of_its_own():
    before = photographs()
    after = IMAGENET.crop_and_flip(before, torch.Generator().manual_seed(0))
    generator, boxes = torch.Generator().manual_seed(0), set()
    for image, result in zip(before, after, strict=True):
        box = _box(40, 60, generator)
        boxes.add(box)
        cut = F.crop(image, *box)
        expected = F.resize(cut, [12, 12], InterpolationMode.BICUBIC, antialias=True)
        assert torch.equal(result, expected)
    assert len(boxes) == len(before)


def test_a_resized_crop_is_close_to_pillows():
    smooth = v2.functional.gaussian_blur(photographs(4, 90, 120), [9, 9])
    ours = IMAGENET.crop_and_flip(smooth, torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(0)
    for image, result in zip(smooth, ours, strict=True):
        box = _box(90, 120, generator)
        pillow = F.resized_crop(F.to_pil_image(image), *box, [12, 12], InterpolationMode.BICUBIC)
        assert (F.pil_to_tensor(pillow).int() - result.int()).abs().max() <= 1


def test_resized_crops_are_flipped_too():
    pipeline = Pipeline((0.5,) * 3, (0.2,) * 3, crop="resized", size=(12, 12))
    flipped = pipeline.crop_and_flip(photographs(50), torch.Generator().manual_seed(0))
    straight = IMAGENET.crop_and_flip(photographs(50), torch.Generator().manual_seed(0))
    same = (flipped == straight).flatten(1).all(1)
    mirrored = (flipped == straight.flip(-1)).flatten(1).all(1)
    assert (same ^ mirrored).all() and 10 < same.sum() < 40


JITTER = {
    "Brightness": F.adjust_brightness,
    "Contrast": F.adjust_contrast,
    "Color": F.adjust_saturation,
}


def test_colour_jitter_gives_the_bytes_of_torchvisions_on_pillow_images():
    pipeline = Pipeline((0.5,) * 3, (0.2,) * 3, jitter=0.4)
    images = photographs()
    colours = pipeline.after_policy(len(images), torch.Generator().manual_seed(0))
    draw, results = colours.jitter, colours(images)
    for i, image in enumerate(images):
        picture = F.to_pil_image(image)
        for k, value in zip(draw.operation[i], draw.value[i], strict=True):
            picture = JITTER[draw.operations[k]](picture, value.item())
        torch.testing.assert_close(results[i], F.to_dtype(F.pil_to_tensor(picture), scale=True))


def test_colour_jitter_is_uniform_and_in_any_order():
    draw = Pipeline((0.5,) * 3, (0.2,) * 3, jitter=0.4).after_policy(6000, torch.Generator()).jitter
    orders, counts = draw.operation.unique(dim=0, return_counts=True)
    assert len(orders) == 6 and (orders.sort(1).values == torch.arange(3)).all()
    assert (counts - 1000).abs().max() < 4 * 29, "four standard errors of 6000 · 1/6 · 5/6"
    quantiles = draw.value.quantile(torch.tensor([0, 0.25, 0.5, 0.75, 1]).double(), dim=0)
    expected = torch.tensor([0.6, 0.8, 1, 1.2, 1.4], dtype=torch.float64)[:, None]
    # The quartiles of 6,000 numbers, of standard error 0.8 · sqrt(0.25 / 6000) at most.
    assert (quantiles - expected).abs().max() < 4 * 0.0052
    assert draw.applied.all()


def test_lighting_moves_each_image_along_the_colours_of_imagenet():
    pipeline = Pipeline((0.5,) * 3, (0.2,) * 3, lighting=0.1)
    images = photographs(4000, 2, 2)
    shift = pipeline.after_policy(4000, torch.Generator().manual_seed(0))(images) - images / 255
    assert (shift - shift[:, :, :1, :1]).abs().max() < 1e-6, "one colour per image"
    components = np.array(
        [[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]]
    )
    covariance = components @ np.diag([0.02175, 0.00188, 0.00045]) ** 2 @ components.T
    found = np.cov(shift[:, :, 0, 0].double().numpy().T)
    scale = np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    # A sample covariance has a standard error of at most sqrt(2 / 4000) of this scale.
    assert (np.abs(found - covariance) / scale).max() < 4 * 0.0224
    # Along each colour, of sizes so unlike that the whole hides the smallest.
    along = np.linalg.solve(components, shift[:, :, 0, 0].double().numpy().T).std(1)
    assert along == pytest.approx([0.02175, 0.00188, 0.00045], rel=4 / 8000**0.5)


def test_without_jitter_and_lighting_images_only_become_float():
    colours = PIPELINE.after_policy(200, torch.Generator())
    assert torch.equal(colours(images()), images().float() / 255)
    assert torch.equal(PIPELINE.normalise(colours(images())), PIPELINE.normalise(images()))


def test_lighting_is_for_rgb():
    with pytest.raises(ValueError, match="lighting is for 3 channels, not 1"):
        Pipeline((0.5,), (0.2,), lighting=0.1)


# What search and training share


@pytest.mark.parametrize("pipeline", [PIPELINE, IMAGENET], ids=["small", "imagenet"])
def test_draws_are_reproducible_and_leave_the_global_generator_alone(pipeline):
    before, state = photographs(), torch.get_rng_state()

    def once(seed):
        generator = torch.Generator().manual_seed(seed)
        seen = pipeline.crop_and_flip(before, generator)
        mask = pipeline.cutout_mask(seen, generator)
        return pipeline.normalise(pipeline.after_policy(len(seen), generator)(seen)) * mask

    assert torch.equal(once(0), once(0))
    assert not torch.equal(once(0), once(1))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("pipeline", [PIPELINE, IMAGENET], ids=["small", "imagenet"])
def test_a_search_sees_in_every_view_what_a_training_sees(pipeline):
    before, views = photographs(), 3

    def cropped(generator):
        return pipeline.crop_and_flip(before, generator)

    generator = torch.Generator().manual_seed(0)
    seen = cropped(generator)
    training = pipeline.normalise(pipeline.after_policy(len(seen), generator)(seen))

    generator = torch.Generator().manual_seed(0)
    repeated = cropped(generator).repeat(views, 1, 1, 1)
    colours = pipeline.after_policy(len(before), generator, views)
    for view in pipeline.normalise(colours(repeated)).split(len(before)):
        assert torch.equal(view, training)


@pytest.mark.parametrize("pipeline", [replace(IMAGENET, cutout=3), PIPELINE])
def test_what_follows_the_policy_is_drawn_once_for_all_views(pipeline):
    one, two = images(6), images(12)[6:]
    alone = [pipeline.finish(view, torch.Generator().manual_seed(0)) for view in (one, two)]
    both = pipeline.finish(torch.cat([one, two]), torch.Generator().manual_seed(0), views=2)
    assert torch.equal(both, torch.cat(alone))


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_images_other_than_rgb_come_through_channel_by_channel(channels):
    pipeline = Pipeline((0.5,) * channels, (0.2,) * channels, crop="resized", size=(12, 12))
    before = photographs()[:, :1].repeat(1, channels, 1, 1)
    seen = pipeline.before_policy(before, torch.Generator().manual_seed(0))
    assert seen.shape == (8, channels, 12, 12) and (seen == seen[:, :1]).all()
    jittered = Pipeline((0.5,) * channels, (0.2,) * channels, jitter=0.4)
    result = jittered.after_policy(8, torch.Generator().manual_seed(0))(seen)
    assert result.shape == seen.shape and (result == result[:, :1]).all()
