"""Trainings side by side against the same trainings one by one."""

import copy

import pytest
import torch
from torch import nn

from dada.augment import MemoryLoader, Pipeline, Sampler, apply
from dada.augment.bank import Bank
from dada.compute.randomness import stream
from dada.datasets import ImageSet
from dada.models import Proxy
from dada.policy import Operation, Policy, Scale, SubPolicy
from dada.training.augmentations import BASELINE
from dada.training.settings import TrainSettings
from dada.training.side_by_side import SideBySide, stack_size
from dada.training.training import Training
from dada.training.views import JoinedBanks, each

CPU = torch.device("cpu")
PIPELINE = Pipeline(
    (0.5, 0.4, 0.3), (0.25, 0.3, 0.2), padding=1, cutout=3, jitter=0.2, lighting=0.1
)
ROUNDING = {"atol": 5e-6, "rtol": 1e-5}  # ten times what was measured
NAMES = ("Invert", "Rotate", "Solarize")


def pictures(count=50, classes=3, side=10):
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (count, 3, side, side), dtype=torch.uint8, generator=generator)
    return ImageSet(images, torch.arange(count) % classes)


def alone(name):
    """Half of the images under one operation, drawn from a generator of its own."""
    policy = Policy((SubPolicy((Operation(name, 0.5, 0.7),)),), Scale("strength"))
    sampler, own = Sampler(policy), torch.Generator().manual_seed(stream(3, 3))
    return lambda images, _: apply(images, sampler(len(images), own))


def settings(**given):
    usual = {"epochs": 4, "batch": 16, "precision": "float32", "weight_decay": 5e-3, "clip": 0.5}
    return TrainSettings(**{**usual, "warmup": 0.0, **given})


def proxies():
    torch.manual_seed(1)
    return [Proxy(4, 3) for _ in NAMES]


def one_by_one(chosen, models):
    images = MemoryLoader(pictures(), PIPELINE, CPU)
    return [
        Training(chosen, copy.deepcopy(model), images, PIPELINE, alone(name), 3, CPU, together=2)
        for name, model in zip(NAMES, models, strict=True)
    ]


def side_by_side(chosen, models):
    images = MemoryLoader(pictures(), PIPELINE, CPU)
    augment = each([alone(name) for name in NAMES])
    return SideBySide(chosen, models, images, PIPELINE, augment, 3, CPU, together=2)


def advanced(training, epochs):
    return [training.run_epoch()["train_loss"] for _ in range(epochs)]


def agree(states, others, **tolerance):
    for state, other in zip(states, others, strict=True):
        torch.testing.assert_close(state, other, **tolerance)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"clip": 0.0, "label_smoothing": 0.1},
        {"momentum": 0.0, "ema": 0.9},
        {"accumulate": 2, "balance": True},
    ],
    ids=str,
)
def test_each_is_what_it_is_alone(given):
    """Losses and the whole state after four epochs of four steps, statistics and momenta too."""
    chosen = settings(**given)
    singles, together = one_by_one(chosen, proxies()), side_by_side(chosen, proxies())
    expected = [advanced(training, 4) for training in singles]
    found = advanced(together, 4)
    torch.testing.assert_close(torch.tensor(found).T, torch.tensor(expected), atol=1e-6, rtol=1e-6)
    assert len({losses[-1] for losses in expected}) == 3, "they do differ"
    states = [training.state_dict() for training in singles]
    agree(together.state_dicts(), states, **ROUNDING)


def test_in_bfloat16_each_is_nearly_what_it_is_alone():
    """Ten times what differs most with six seeds; weights move by 0.1."""
    chosen = settings(precision="bfloat16")
    singles, together = one_by_one(chosen, proxies()), side_by_side(chosen, proxies())
    expected = [advanced(training, 4) for training in singles]
    found = torch.tensor(advanced(together, 4)).T
    torch.testing.assert_close(found, torch.tensor(expected), atol=2.5e-3, rtol=0)
    models = [training.state_dict()["model"] for training in singles]
    agree([state["model"] for state in together.state_dicts()], models, atol=1e-2, rtol=0)


def test_all_continue_a_trunk():
    chosen = settings(ema=0.9)
    trunk = one_by_one(chosen, proxies())[0]
    advanced(trunk, 2)
    state = copy.deepcopy(trunk.state_dict())
    singles, together = one_by_one(chosen, proxies()), side_by_side(chosen, proxies())
    for single in singles:
        single.load_state_dict(copy.deepcopy(state))
    together.load_state_dicts([state] * 3)
    torch.testing.assert_close(together.state_dicts(), [state] * 3, atol=0, rtol=0)
    for training in (*singles, together):
        advanced(training, 2)
    states = [training.state_dict() for training in singles]
    agree(together.state_dicts(), states, **ROUNDING)


def test_trainings_that_stand_elsewhere_are_refused():
    together, states = side_by_side(settings(), proxies()), []
    for epochs in (1, 1, 2):
        training = one_by_one(settings(), proxies())[0]
        advanced(training, epochs)
        states.append(training.state_dict())
    for wrong, message in ((states[:2], "2 states for 3"), (states, "stand at one epoch")):
        with pytest.raises(ValueError, match=message):
            together.load_state_dicts(wrong)


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_what_is_tested_is_each_network_by_itself(ema):
    chosen = settings(ema=ema)
    singles, together = one_by_one(chosen, proxies()), side_by_side(chosen, proxies())
    for training in (*singles, together):
        advanced(training, 1)
    images = torch.randn(5, 3, 10, 10)
    for child, single in zip(together.each_tested, singles, strict=True):
        expected = single.tested.logits(images)
        torch.testing.assert_close(child.logits(images), expected, atol=1e-5, rtol=1e-5)


def test_banks_are_seen_by_each_its_own():
    def bank(name):
        generator, images = torch.Generator().manual_seed(0), pictures()
        loader = MemoryLoader(images, PIPELINE, CPU)
        return Bank(loader, PIPELINE, alone(name), draws=2, generator=generator, batch=50)

    banks, chosen, models = [bank(name) for name in NAMES], settings(), proxies()
    rest = banks[0].rest
    together = SideBySide(chosen, models, JoinedBanks(banks), rest, BASELINE.augment, 3, CPU)
    singles = [
        Training(chosen, copy.deepcopy(model), bank, rest, BASELINE.augment, 3, CPU)
        for bank, model in zip(banks, models, strict=True)
    ]
    for training in (*singles, together):
        advanced(training, 3)
    states = [training.state_dict() for training in singles]
    agree(together.state_dicts(), states, **ROUNDING)
    assert len(JoinedBanks(banks)) == 50
    assert torch.equal(next(JoinedBanks(banks).plain())[0], pictures().images)


def test_an_augmentation_that_takes_everyones_numbers_is_refused():
    def jitter(images, generator):
        torch.rand(1, generator=generator)
        return images

    with pytest.raises(ValueError, match="generators of their own"):
        each([jitter])(torch.zeros(1, 3, 4, 4, dtype=torch.uint8), torch.Generator())


def test_networks_that_cannot_be_stacked_are_refused():
    images = MemoryLoader(pictures(), PIPELINE, CPU)
    networks = [nn.Sequential(nn.Dropout(0.5))]
    with pytest.raises(ValueError, match="cannot be stacked"):
        SideBySide(settings(), networks, images, PIPELINE, each([alone("Invert")]), 3, CPU)


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_a_stack_of_small_networks_takes_one_thread(two_threads):
    """Although its parameters, all in all, are those of a large one."""
    threads, images = [], MemoryLoader(pictures(), PIPELINE, CPU)

    def augment(images, _):
        threads.append(torch.get_num_threads())
        return images.repeat(10, 1, 1, 1)

    networks = [Proxy(16, 3)] * 10
    SideBySide(settings(), networks, images, PIPELINE, augment, 3, CPU).run_epoch()
    assert set(threads) == {1} and torch.get_num_threads() == 2


def test_where_they_are_worth_it(two_threads):
    gpu, dropout = torch.device("cuda"), nn.Sequential(nn.Dropout(0.5))
    small, large = Proxy(32, 10), Proxy(64, 10)
    sizes = [
        stack_size(network, device) for device in (gpu, CPU) for network in (small, dropout, large)
    ]
    assert sizes == [16, 1, 1, 4, 1, 1]
