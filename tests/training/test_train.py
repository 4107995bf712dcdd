import pytest
import torch

from dada.augment import Pipeline
from dada.datasets import ImageSet
from dada.models import create
from dada.training.methods import BASELINE
from dada.training.settings import TrainSettings, for_dataset, make_settings
from dada.training.train import error_rate, train, warmup_cosine


def test_the_schedule_warms_up_and_falls_as_a_cosine():
    assert warmup_cosine(2.5, 5, 100) == pytest.approx(0.5)
    assert warmup_cosine(5, 5, 105) == pytest.approx(1.0)
    assert warmup_cosine(55, 5, 105) == pytest.approx(0.5)
    assert warmup_cosine(105, 5, 105) == pytest.approx(0.0)
    assert 0 < warmup_cosine(0, 5, 100) < 0.05, "the first step is not wasted"
    assert warmup_cosine(2, 5, 4) == pytest.approx((1 + 0.5) / 2, abs=0.01), (
        "short trainings warm up briefly"
    )


def test_a_network_learns_what_can_be_learnt():
    """Dark against bright images: no errors after a few epochs; labels at random: chance."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(120) % 2
    noise = torch.randint(100, (120, 1, 8, 8), generator=generator)
    images = ImageSet((noise + 120 * labels[:, None, None, None]).to(torch.uint8), labels)
    settings = TrainSettings(model="wrn-10-1", epochs=6, batch=30, precision="float32")
    pipeline = Pipeline((0.5,), (0.25,), padding=1)
    torch.manual_seed(0)
    network = create("wrn-10-1", 2, 1)
    child = train(network, images, pipeline, BASELINE.augment, settings, 0, torch.device("cpu"))
    assert error_rate(child, images, pipeline) == 0
    flipped = ImageSet(images.images, 1 - labels)
    assert error_rate(child, flipped, pipeline) == 1


def test_a_learning_rate_beyond_reason_is_an_error():
    labels = torch.arange(40) % 2
    images = ImageSet(torch.randint(256, (40, 1, 8, 8), dtype=torch.uint8), labels)
    settings = TrainSettings(epochs=3, batch=20, lr=1e38, precision="float32")
    with pytest.raises(ArithmeticError, match="finite"):
        train(
            create("wrn-10-1", 2, 1),
            images,
            Pipeline((0.5,), (0.25,), padding=1),
            BASELINE.augment,
            settings,
            0,
            torch.device("cpu"),
        )


def test_settings_suit_the_data(digits):
    settings = for_dataset(make_settings("demo"), digits, False)
    assert (settings.images, settings.padding, settings.cutout, settings.flip) == (200, 1, 0, False)
    assert for_dataset(make_settings(images=10**6), digits, False).images == len(digits.train)
