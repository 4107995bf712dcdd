"""A bank against the direct augmentation that it stands for."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import stats
from torchvision.transforms import v2

from dada.augment import Bank, FileLoader, MemoryLoader, Pipeline, Sampler, apply, bank
from dada.datasets import ImageFiles, ImageSet
from dada.errors import UserError
from dada.policy import Operation, Policy, SearchSpace, SubPolicy
from dada.training.settings import TrainSettings
from dada.training.training import Training

CPU = torch.device("cpu")
MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.3, 0.4)
PIPELINE = Pipeline(MEAN, STD, padding=2)
STILL = Pipeline(MEAN, STD, padding=0, flip=False)
ROWS = [torch.tensor([5, 0, 3]), torch.tensor([6])]
UNIFORM = SearchSpace().uniform()


def noise(count=40, side=12):
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (count, 3, side, side), dtype=torch.uint8, generator=generator)
    return ImageSet(images, torch.arange(count) % 3)


def inverts(probability):
    return Policy((SubPolicy((Operation("Invert", probability, 0.0),)),))


def drawn_apart(policy, seed=1):
    sampler, own = Sampler(policy), torch.Generator().manual_seed(seed)
    return lambda images, _: apply(images, sampler(len(images), own))


def make_bank(images, policy=UNIFORM, pipeline=PIPELINE, draws=4, batch=16, seed=0, **more):
    return Bank(
        loader=MemoryLoader(images, pipeline, CPU),
        pipeline=pipeline,
        augment=drawn_apart(policy),
        draws=draws,
        generator=torch.Generator().manual_seed(seed),
        batch=batch,
        **more,
    )


def served(bank, epoch):
    """All images in order, as an epoch sees them."""
    ((images, _),) = bank.batches([torch.arange(len(bank))], epoch)
    return images


@pytest.mark.parametrize(
    "around",
    [{}, {"jitter": 0.4}, {"before": v2.RandomVerticalFlip(), "after": v2.RandomPosterize(2)}],
    ids=["crop", "jitter", "own transforms"],
)
def test_with_as_many_draws_as_epochs_it_serves_what_direct_augmentation_gives(around):
    images, pipeline = noise(), replace(PIPELINE, **around)
    kept = make_bank(images, pipeline=pipeline)
    loader, augment = MemoryLoader(images, pipeline, CPU), drawn_apart(UNIFORM)
    generator, rows = torch.Generator().manual_seed(0), torch.arange(40).split(16)
    for epoch in range(4):
        for (direct, labels), (ours, same) in zip(
            loader.batches(rows, epoch, generator), kept.batches(rows, epoch), strict=True
        ):
            expected = pipeline.finish(augment(direct, generator), generator)
            assert torch.equal(kept.rest.finish(ours, torch.Generator()), expected)
            assert torch.equal(labels, same)


def test_a_batch_is_of_the_rows_asked_for():
    images = noise()
    kept = make_bank(images)
    for rows, (seen, labels) in zip(ROWS, kept.batches(ROWS, 2), strict=True):
        assert torch.equal(seen, served(kept, 2)[rows])
        assert torch.equal(labels, images.labels[rows])
    assert len(kept) == 40 and torch.equal(kept.labels, images.labels)
    ((plain, _),) = kept.plain(40)
    assert torch.equal(plain, images.images)


def test_epochs_take_turns_with_the_draws():
    kept = make_bank(noise(), draws=3)
    epochs = [served(kept, epoch) for epoch in range(9)]
    for epoch in range(3, 9):
        assert torch.equal(epochs[epoch], epochs[epoch - 3])
    for one, other in ((0, 1), (1, 2), (2, 0)):
        alike = (epochs[one] == epochs[other]).flatten(1).all(1)
        assert alike.sum() <= 2, "as good as every image has another draw"


def test_crops_and_flips_are_the_same_under_every_policy():
    images = noise()
    plain, inverted, some = (make_bank(images, inverts(p)) for p in (0.0, 1.0, 0.5))
    for epoch in range(4):
        cropped, changed = served(plain, epoch), served(some, epoch)
        assert torch.equal(255 - cropped, served(inverted, epoch))
        does = (changed != cropped).flatten(1).any(1)
        assert torch.equal(torch.where(does[:, None, None, None], 255 - changed, changed), cropped)
        assert not torch.equal(cropped, images.images)


def test_an_operation_keeps_its_probability_and_an_images_draws_are_independent():
    """χ² tests of Binomial(20, 1/2) per image, and of Binomial(400, 1/2) per draw."""
    count, draws = 400, 20
    black = ImageSet(torch.zeros(count, 3, 2, 2, dtype=torch.uint8), torch.zeros(count).long())
    kept = make_bank(black, inverts(0.5), STILL, draws, batch=100)
    does = torch.stack([served(kept, e)[:, 0, 0, 0] == 255 for e in range(draws)]).double()
    for along, trials in ((0, draws), (1, count)):
        sums = does.sum(along)
        statistic = ((sums - trials / 2) ** 2 / (trials / 4)).sum().item()
        assert 0.001 < stats.chi2.cdf(statistic, len(sums)) < 0.999
    following = (does[1:] == does[:-1]).double().mean()  # of independent draws, half are alike
    assert abs(following - 0.5) < 4 * (0.25 / (count * (draws - 1))) ** 0.5


def test_pixels_are_distributed_as_with_direct_augmentation():
    """Mean and mean square of each image's pixels, within 4 standard errors of the difference."""
    images, epochs = noise(count=60), 40
    kept = make_bank(images, draws=epochs)
    loader, augment = MemoryLoader(images, PIPELINE, CPU), drawn_apart(UNIFORM, seed=9)
    generator, rows = torch.Generator().manual_seed(8), torch.randperm(60).split(13)

    def moments(batch):
        pixels = batch.double().flatten(1)
        return torch.stack([pixels.mean(1), pixels.square().mean(1)], dim=1)

    ours = torch.cat([moments(served(kept, epoch)) for epoch in range(epochs)])
    theirs = torch.cat(
        [
            moments(augment(seen, generator))
            for epoch in range(epochs)
            for seen, _ in loader.batches(rows, epoch, generator)
        ]
    )
    error = ((ours.var(0) + theirs.var(0)) / len(ours)).sqrt()
    assert ((ours.mean(0) - theirs.mean(0)).abs() < 4 * error).all()
    assert (ours.std(0) / theirs.std(0) - 1).abs().max() < 0.1


def test_lighting_and_cutout_are_left_and_drawn_anew():
    pipeline = replace(PIPELINE, jitter=0.4, lighting=0.1, cutout=4, after=v2.RandomInvert())
    rest = make_bank(noise(), pipeline=pipeline, draws=2).rest
    assert rest == replace(pipeline, jitter=0.0, after=None)


def test_files_are_read_once_per_draw(tmp_path):
    rng = np.random.default_rng(0)
    for i in range(3):
        pixels = rng.integers(0, 256, (20, 24, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
    files = ImageFiles(tuple(str(tmp_path / f"{i}.png") for i in range(3)), torch.arange(3))
    pipeline = Pipeline(MEAN, STD, crop="resized", size=(8, 8))
    loader = FileLoader(files, pipeline, CPU, workers=0, seed=5)
    kept = Bank(loader, pipeline, drawn_apart(inverts(1.0)), 2, torch.Generator(), batch=2)
    for epoch in range(2):
        ((direct, _),) = loader.batches([torch.arange(3)], epoch, torch.Generator())
        assert torch.equal(served(kept, epoch), 255 - direct)


def test_fewer_draws_are_kept_if_memory_is_short(monkeypatch):
    draw = 40 * 3 * 12 * 12
    monkeypatch.setattr(bank, "available", lambda: 2 * 3 * draw)
    assert make_bank(noise()).kept == 3
    monkeypatch.setattr(bank, "available", lambda: 2 * 2 * 3 * draw)
    assert make_bank(noise(), at_once=2).kept == 3
    monkeypatch.setattr(bank, "available", lambda: 2 * draw)
    assert make_bank(noise(), draws=1).kept == 1
    with pytest.raises(UserError, match="GiB are free for it: at least 2 must fit"):
        make_bank(noise())


def test_a_training_on_it_is_the_same_where_nothing_is_random():
    images, policy = noise(), inverts(1.0)
    kept = make_bank(images, policy, STILL, draws=2)
    direct = (MemoryLoader(images, STILL, CPU), STILL, drawn_apart(policy))
    results = []
    for loader, pipeline, augment in (direct, (kept, kept.rest, lambda images, _: images)):
        torch.manual_seed(0)
        network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(432, 3))
        settings = TrainSettings(epochs=3, batch=16, precision="float32")
        training = Training(settings, network, loader, pipeline, augment, seed=0, device=CPU)
        losses = [training.run_epoch()["train_loss"] for _ in range(3)]
        results.append((losses, network[1].weight))
    (losses, weight), (same_losses, same_weight) = results
    assert losses == same_losses and torch.equal(weight, same_weight)
