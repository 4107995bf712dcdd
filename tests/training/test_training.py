"""A training against the same thing written with PyTorch alone."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from dada.augment import Pipeline
from dada.augment.loader import MemoryLoader
from dada.compute.distributed import Processes
from dada.datasets import ImageSet, even_batches
from dada.errors import DivergedError
from dada.models import create
from dada.training.augmentations import BASELINE
from dada.training.evaluate import measure
from dada.training.schedule import learning_rate
from dada.training.settings import TrainSettings
from dada.training.training import Training

CPU = torch.device("cpu")
STILL = Pipeline((0.5,), (0.25,), padding=0, flip=False)


def digits_of_noise(count=60, classes=3, side=8):
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (count, 1, side, side), dtype=torch.uint8, generator=generator)
    return ImageSet(images, torch.arange(count) % classes)


def flat_network(seed=0):
    """Without batch normalisation, so that a batch may be taken in parts."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(216, 3))


def train(network, images, settings, pipeline=STILL, seed=0):
    loader = MemoryLoader(images, pipeline, CPU)
    going = Training(settings, network, loader, pipeline, BASELINE.augment, seed, CPU)
    records = [going.run_epoch() for _ in range(settings.epochs)]
    return going, records


def settings(**given):
    return TrainSettings(**{"epochs": 3, "batch": 20, "precision": "float32", **given})


def by_pytorch(network, images, settings, seed=0):
    """SGD with everything that the settings name, in the most ordinary way."""
    optimiser = torch.optim.SGD(
        network.parameters(), 0.1, 0.9, weight_decay=settings.weight_decay, nesterov=True
    )
    order = torch.Generator().manual_seed(seed)
    history = []
    for epoch in range(settings.epochs):
        batches = even_batches(torch.randperm(len(images), generator=order), settings.batch)
        for number, rows in enumerate(batches):
            optimiser.param_groups[0]["lr"] = learning_rate(epoch + number / len(batches), settings)
            batch = images.subset(rows)
            logits = network((batch.images.float() / 255 - 0.5) / 0.25)
            loss = cross_entropy(logits, batch.labels, label_smoothing=settings.label_smoothing)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), settings.clip)
            optimiser.step()
            history.append([p.detach().clone() for p in network.parameters()])
    return history


@pytest.mark.parametrize(
    "given",
    [{}, {"label_smoothing": 0.1}, {"clip": 0.1}, {"weight_decay": 0.01}, {"accumulate": 3}],
    ids=str,
)
def test_the_weights_are_those_of_a_plain_training(given):
    network, images = flat_network(), digits_of_noise()
    twin = copy.deepcopy(network)
    chosen = settings(**given)
    train(network, images, chosen)
    by_pytorch(twin, images, chosen)
    for mine, other in zip(network.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(mine, other, atol=2e-6, rtol=1e-5)


def test_a_loss_of_ones_own():
    network, images = flat_network(), digits_of_noise()
    twin = copy.deepcopy(network)
    loader = MemoryLoader(images, STILL, CPU)
    own = nn.CrossEntropyLoss(label_smoothing=0.2, reduction="none")
    going = Training(settings(), network, loader, STILL, BASELINE.augment, 0, CPU, loss=own)
    for _ in range(going.settings.epochs):
        going.run_epoch()
    train(twin, images, settings(label_smoothing=0.2))
    for mine, other in zip(network.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(mine, other)


def test_no_clipping_at_0():
    networks = [flat_network() for _ in range(2)]
    for network, clip in zip(networks, (0, 1e9), strict=True):
        train(network, digits_of_noise(), settings(clip=clip))
    for a, b in zip(networks[0].parameters(), networks[1].parameters(), strict=True):
        assert torch.equal(a, b)


def test_what_is_tested_is_the_average_of_the_weights():
    network, images, chosen = flat_network(), digits_of_noise(), settings(ema=0.9)
    twin = copy.deepcopy(network)
    going, _ = train(network, images, chosen)
    history = by_pytorch(twin, images, chosen)
    expected = history[0]  # the average begins with the first step's weights
    for weights in history[1:]:
        expected = [0.9 * e + 0.1 * w for e, w in zip(expected, weights, strict=True)]
    for mine, other in zip(going.tested.model.parameters(), expected, strict=True):
        torch.testing.assert_close(mine.detach(), other, atol=2e-6, rtol=1e-5)
    assert going.tested.model is not network


def test_processes_share_an_order_and_augment_apart():
    """And no stream is another one's: what is drawn for images does not repeat their order."""
    images = digits_of_noise()
    orders, streams = [], []
    for rank in (0, 1):
        loader = MemoryLoader(images, STILL, CPU)
        share = Processes(rank, 2)
        going = Training(settings(), flat_network(), loader, STILL, BASELINE.augment, 5, CPU, share)
        orders.append(torch.rand(4, generator=going.order).tolist())
        streams.append(torch.rand(4, generator=going.randomness).tolist())
    assert orders[0] == orders[1]
    assert len({tuple(drawn) for drawn in (orders[0], *streams)}) == 3


def test_a_resumed_training_is_the_uninterrupted_one():
    images = digits_of_noise()
    moving = Pipeline((0.5,), (0.25,), padding=2, flip=True, cutout=3)
    chosen = settings(model="wrn-10-1", ema=0.9)

    def begin():
        torch.manual_seed(0)
        network = create("wrn-10-1", 3, 1)
        loader = MemoryLoader(images, moving, CPU)
        return Training(chosen, network, loader, moving, BASELINE.augment, 0, CPU)

    whole = begin()
    for _ in range(3):
        whole.run_epoch()
    first = begin()
    first.run_epoch()
    state = copy.deepcopy(first.state_dict())
    torch.manual_seed(99)
    second = begin()
    second.load_state_dict(state)
    for _ in range(2):
        second.run_epoch()
    for kind in ("model", "average"):
        there, here = whole.state_dict()[kind], second.state_dict()[kind]
        assert all(torch.equal(there[name], here[name]) for name in there)


def test_a_network_learns_what_can_be_learnt():
    """Dark against bright images: no errors after a few epochs; the labels swapped: all."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(120) % 2
    noise = torch.randint(100, (120, 1, 8, 8), generator=generator)
    images = ImageSet((noise + 120 * labels[:, None, None, None]).to(torch.uint8), labels)
    torch.manual_seed(0)
    chosen = settings(model="wrn-10-1", epochs=6, batch=30)
    pipeline = Pipeline((0.5,), (0.25,), padding=1)
    going, records = train(create("wrn-10-1", 2, 1), images, chosen, pipeline)
    assert records[-1]["train_loss"] < 0.2 < records[0]["train_loss"]
    assert [record["epoch"] for record in records] == [1, 2, 3, 4, 5, 6]
    swapped = ImageSet(images.images, 1 - labels)
    for test, error in ((images, 0), (swapped, 1)):
        found = measure(going.tested, MemoryLoader(test, pipeline, CPU), pipeline, 2)
        assert found["test_error"] == error


def test_a_learning_rate_beyond_reason_is_an_error():
    with pytest.raises(DivergedError, match="epoch 1"):
        train(create("wrn-10-1", 3, 1), digits_of_noise(), settings(lr=1e38, model="wrn-10-1"))
