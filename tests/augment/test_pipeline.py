import torch
from torchvision.transforms.v2 import functional as F

from dada.augment import Pipeline

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


def test_without_crop_and_flip_images_stay():
    pipeline = Pipeline((0.5,), (0.2,), padding=0, flip=False)
    assert torch.equal(pipeline.crop_and_flip(images(), torch.Generator()), images())


def test_normalisation_is_torchvisions():
    expected = F.normalize(F.to_dtype(images(), scale=True), PIPELINE.mean, PIPELINE.std)
    torch.testing.assert_close(PIPELINE.normalise(images()), expected)


def test_the_cutout_square_has_its_centre_anywhere_in_the_image():
    mask = PIPELINE.cutout_mask(images(2000), torch.Generator().manual_seed(0))
    assert mask.shape == (2000, 1, 6, 8) and set(mask.unique().tolist()) == {0.0, 1.0}
    holes = (mask == 0).sum((1, 2, 3))
    assert holes.max() == 9 and holes.min() == 4, "whole inside, a quarter or so at the corners"
    assert (mask == 0).any(0).all(), "every pixel is blanked some time"


def test_no_cutout_is_no_mask():
    pipeline = Pipeline((0.5,), (0.2,))
    assert (pipeline.cutout_mask(images(), torch.Generator()) == 1).all()
