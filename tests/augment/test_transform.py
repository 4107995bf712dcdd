import pickle

import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import tv_tensors
from torchvision.transforms import v2

from dada.augment import PolicyTransform
from dada.policy import Operation, Policy, Scale, SearchSpace, SubPolicy

POLICY = SearchSpace(scale=Scale("strength")).uniform()
INVERT = Policy((SubPolicy((Operation("Invert", 1.0, 0.0),)),))


@pytest.fixture
def image():
    generator = torch.Generator().manual_seed(0)
    return torch.randint(256, (3, 16, 16), dtype=torch.uint8, generator=generator)


def test_every_kind_of_image_gives_the_same_pixels(image):
    transform = PolicyTransform(INVERT)
    expected = 255 - image
    assert torch.equal(transform(image), expected)
    assert torch.equal(transform(image[None])[0], expected)
    picture = transform(v2.functional.to_pil_image(image))
    assert isinstance(picture, Image.Image) and picture.mode == "RGB"
    assert torch.equal(v2.functional.pil_to_tensor(picture), expected)
    wrapped = transform(tv_tensors.Image(image))
    assert isinstance(wrapped, tv_tensors.Image) and torch.equal(
        wrapped.as_subclass(torch.Tensor), expected
    )


def test_grey_pictures(image):
    picture = v2.functional.to_pil_image(image[:1])
    result = PolicyTransform(INVERT)(picture)
    assert result.mode == "L"
    assert torch.equal(v2.functional.pil_to_tensor(result), 255 - image[:1])


def test_a_batch_has_a_draw_for_every_image(image):
    torch.manual_seed(0)
    batch = PolicyTransform(POLICY)(image.expand(64, 3, 16, 16))
    assert len({tuple(i.flatten().tolist()) for i in batch}) > 32


def test_the_global_seed_fixes_the_stream(image):
    transform = PolicyTransform(POLICY)

    def stream():
        torch.manual_seed(7)
        return torch.stack([transform(image) for _ in range(10)])

    assert torch.equal(stream(), stream())


def test_labels_pass_through(image):
    result, label, target = PolicyTransform(INVERT)(image, 3, torch.tensor(5))
    assert label == 3 and target == 5 and torch.equal(result, 255 - image)


def test_inside_a_compose_and_through_a_pickle(image):
    pipeline = v2.Compose([PolicyTransform(INVERT), v2.ToDtype(torch.float32, scale=True)])
    torch.testing.assert_close(pickle.loads(pickle.dumps(pipeline))(image), (255 - image) / 255)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (torch.zeros(3, 4, 4), "uint8"),
        (Image.new("RGBA", (4, 4)), "RGBA"),
        (Image.new("I;16", (4, 4)), "I;16"),
        (tv_tensors.Mask(torch.zeros(4, 4, dtype=torch.uint8)), "Mask"),
    ],
)
def test_what_would_come_out_wrong_is_refused(wrong, reason):
    with pytest.raises(TypeError, match=reason):
        PolicyTransform(POLICY)(wrong)


class Repeated(Dataset):
    """The same picture many times, so that only the draws differ."""

    def __init__(self, image, transform):
        self.image, self.transform = image, transform

    def __len__(self):
        return 24

    def __getitem__(self, index):
        return self.transform(self.image)


def test_no_two_workers_draw_alike_and_a_seed_repeats_them(image):
    data = Repeated(image, PolicyTransform(POLICY))

    def epoch():
        torch.manual_seed(3)
        return torch.cat(list(DataLoader(data, batch_size=12, num_workers=2)))

    first = epoch()
    # Batch 0 comes from worker 0 and batch 1 from worker 1.
    assert not torch.equal(first[:12], first[12:])
    assert torch.equal(first, epoch())
