"""One trial: paired, repeatable, a training like any other."""

import copy
import math
from dataclasses import replace

import pytest
import torch
from torch import nn

import dada
from dada.augment import MemoryLoader, Sampler, apply
from dada.compute.randomness import stream
from dada.models.child import Child
from dada.policy import Operation, Policy, Scale, SubPolicy
from dada.runs import RunFolder
from dada.searching.score import Score, score
from dada.searching.training_settings import settings_of_a_trial
from dada.searching.trials import Trials
from dada.training.training import Training
from tests.searching.trials import ARMS, begin, tried

NOTHING = Policy((SubPolicy((Operation("Invert", 0.0, 0.5),)),), Scale("strength"))
INVERT = Policy((SubPolicy((Operation("Invert", 1.0, 0.5),)),), Scale("strength"))


def test_a_trial_is_its_seed_and_leaves_the_callers_randomness_alone(digits):
    search = begin(digits)
    before = torch.get_rng_state()
    one, two = (tried(search, INVERT, 5) for _ in range(2))
    assert one == two and torch.equal(torch.get_rng_state(), before)
    assert tried(search, INVERT, 6) != one


def test_trials_differ_in_nothing_but_the_policy(digits):
    """Weights, order, crops and flips are the same, so that what is applied to no image is as
    good as any other that is applied to none."""
    search = begin(digits)
    rotate = Operation("Rotate", 0.0, 0.9)
    longer = SubPolicy((rotate, Operation("Invert", 0.0, 0.5), rotate))
    for other in ((SubPolicy((rotate,)),), (longer, longer)):  # which take more random numbers
        assert tried(search, NOTHING, 1) == tried(search, Policy(other, Scale("strength")), 1)
    assert tried(search, NOTHING, 1) == tried(search, Policy.none(), 1)
    assert tried(search, NOTHING, 1) != tried(search, INVERT, 1)


def test_a_trial_learns_and_sees_the_augmented_images(digits):
    search = begin(digits, images=400, fold_images=200, epochs=15, padding=0)
    plain = tried(search, NOTHING, 0)
    inverted = tried(search, INVERT, 0)
    assert plain.accuracy > 0.8 and plain.train_loss < 0.5
    assert inverted.train_loss < 1 and inverted.accuracy < plain.accuracy - 0.2


def test_the_learning_rate_falls_as_a_cosine(digits, monkeypatch):
    search, rates = begin(digits, epochs=2, images=80, batch=10), []
    monkeypatch.setattr(
        torch.optim.SGD, "step", lambda self: rates.append(self.param_groups[0]["lr"])
    )
    tried(search, NOTHING, 0)
    lr = search.settings.lr
    assert rates == pytest.approx([lr * (1 + math.cos(math.pi * t / 8)) / 2 for t in range(8)])


def test_every_image_is_seen_once_an_epoch(digits, monkeypatch):
    search, seen = begin(digits, epochs=1, images=150, batch=7, padding=0), []
    mean, std = search.settings.mean[0], search.settings.std[0]
    plain = Child.gradient

    def gradient(self, images, labels, weights=None):
        seen.append((images * std + mean).mul(255).round())
        return plain(self, images, labels, weights)

    monkeypatch.setattr(Child, "gradient", gradient)
    tried(search, NOTHING, 0)
    found = torch.cat(seen).flatten(1).long()
    expected = search.folds[0].train.images.flatten(1).long()
    assert sorted(found.tolist()) == sorted(expected.tolist())


def seen_by(search, monkeypatch):
    """Normalised training images of a trial without a policy, in the order that they come."""
    seen, plain = [], Child.gradient

    def gradient(self, images, labels, weights=None):
        seen.append(images.clone())
        return plain(self, images, labels, weights)

    with monkeypatch.context() as patch:
        patch.setattr(Child, "gradient", gradient)
        tried(search, NOTHING, 0)
    return torch.cat(seen)


def test_a_cutout_that_is_asked_for_acts_in_trials(digits, monkeypatch):
    """Where images differ from those without, they are blank, in a square of that side at most."""
    given = {"epochs": 1, "images": 100, "batch": 10, "padding": 0}
    without, with_ = (
        seen_by(begin(digits, cutout=cutout, **given), monkeypatch) for cutout in (0, 4)
    )
    changed = without != with_
    assert (with_[changed] == 0).all()
    assert changed.flatten(1).any(1).float().mean() > 0.9
    for image in changed[:, 0]:
        rows, columns = image.any(1).nonzero(), image.any(0).nonzero()
        for places in (rows, columns):
            assert not len(places) or places.max() - places.min() < 4
    assert changed.flatten(1).sum(1).max() > 4


@pytest.mark.parametrize(("clip", "momentum"), [(0.05, 0.9), (0.0, 0.9), (0.05, 0.0)])
def test_a_trial_steps_by_nesterov_momentum_with_decay_and_clipped_gradients(
    digits, monkeypatch, clip, momentum
):
    """Against the textbook's formula on the gradients that it took (Sutskever et al. 2013, as in
    PyTorch): v ← μ v + g, w ← w − ξ (g + μ v), with g clipped and then decayed."""
    search = begin(digits, epochs=1, images=80, batch=10, clip=clip, momentum=momentum)
    network, gradients, plain = nn.Sequential(nn.Flatten(), nn.Linear(64, 10)), [], Child.gradient
    weight = network[1].weight.detach().double().clone()

    def gradient(self, images, labels, weights=None):
        found = plain(self, images, labels, weights)
        gradients.append({name: g.detach().double().clone() for name, g in found.weights.items()})
        return found

    monkeypatch.setattr(Child, "gradient", gradient)
    problem = replace(search.problem, network=lambda: network)
    search.trials = replace(search.trials, problem=problem)
    tried(search, NOTHING, 0)
    s, velocity, bound = search.settings, torch.zeros_like(weight), 0
    for step, found in enumerate(gradients):
        norm = torch.cat([g.flatten() for g in found.values()]).norm().item()
        factor = min(1.0, clip / norm) if clip else 1.0
        bound += factor < 0.9
        g = factor * found["1.weight"] + s.weight_decay * weight
        velocity = momentum * velocity + g
        rate = s.lr * (1 + math.cos(math.pi * step / len(gradients))) / 2
        weight = weight - rate * (g + momentum * velocity)
    assert len(gradients) == 4 and bound == (4 if clip else 0)
    torch.testing.assert_close(network[1].weight.detach().double(), weight, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(("pixels", "most"), [(2**21, 30), (15 * 64, 15), (1, 15)])
def test_images_that_are_augmented_at_once_are_bounded_by_pixels(digits, pixels, most, monkeypatch):
    search, counts = begin(digits), []  # two batches of 15 images of 8 × 8 pixels an epoch
    monkeypatch.setattr("dada.searching.trials._PIXELS", pixels)
    plain = type(search.problem.pipeline).finish

    def counted(self, images, generator):
        counts.append(len(images))
        return plain(self, images, generator)

    monkeypatch.setattr(type(search.problem.pipeline), "finish", counted)
    tried(search, INVERT, 1)
    assert set(counts) == {most}


def policies():
    """One that takes random numbers, and one more."""
    rotate = Operation("Rotate", 0.5, 0.9, 1.0)
    return Policy((SubPolicy((rotate,)),), Scale("strength")), INVERT


@pytest.mark.parametrize(("until", "epochs"), [(1, 3), (2, 3)])
def test_a_trial_that_continues_a_trunk_is_a_training_that_changes_its_policy(
    digits, until, epochs
):
    """Bit for bit: one training, whose policy is none up to an epoch."""
    search = begin(digits, epochs=epochs)
    trials, fold, problem = search.trials, search.folds[0], search.problem
    trunk = trials.trunk(fold, 5, epochs, until)
    for policy in policies():
        torch.manual_seed(5)
        sampler, own = Sampler(policy), torch.Generator().manual_seed(stream(5, 3))
        training = Training(
            settings=settings_of_a_trial(search.settings, epochs),
            model=problem.network(),
            images=MemoryLoader(fold.train, problem.pipeline, problem.device),
            pipeline=problem.pipeline,
            augment=lambda images, _: images,
            seed=5,
            device=problem.device,
            loss=problem.loss,
            together=trials._together,
        )
        for _ in range(until):
            training.run_epoch()
        training.augment = lambda images, _, s=sampler, g=own: apply(images, s(len(images), g))
        for _ in range(epochs - until):
            record = training.run_epoch()
        judges = MemoryLoader(fold.judges, problem.pipeline, problem.device)
        expected = score(training.tested, judges, problem.pipeline)
        found = trials.trial(policy, fold, 5, epochs, trunk)
        assert found == Score(record["train_loss"], *expected)
        assert found != trials.trial(policy, fold, 5, epochs), "the trunk had no policy"
    none = trials.trial(Policy.none(), fold, 5, epochs, trunk)
    assert none == trials.trial(Policy.none(), fold, 5, epochs), "nor has this"


def test_a_trunk_is_left_as_it_is_by_those_that_continue_it(digits):
    search = begin(digits, epochs=3)
    fold, before = search.folds[0], torch.get_rng_state()
    trunk = search.trials.trunk(fold, 5, 3, 1)
    assert torch.equal(torch.get_rng_state(), before)
    kept, ticks = copy.deepcopy(trunk), []
    found = [search.trials.trial(p, fold, 5, 3, trunk, lambda: ticks.append(1)) for p in policies()]
    assert len(ticks) == 2 * 2, "epochs of their own alone"
    again = search.trials.trial(policies()[0], fold, 5, 3, trunk)
    assert again == found[0] != found[1]
    torch.testing.assert_close(trunk, kept, atol=0, rtol=0)


class Process:
    """One of several, which do their work one after the other."""

    size, sent = 2, None

    def __init__(self, rank):
        self.rank, self.first = rank, rank == 0

    def shard(self, rows):
        return rows.tensor_split(self.size)[self.rank]

    def sum(self, tensor, device=None):
        self.found = tensor
        return tensor

    def broadcast(self, value):
        Process.sent = value if self.first else Process.sent
        return Process.sent


def test_processes_share_the_trials_of_a_trunk_that_the_first_trains(digits):
    alone, found = begin(digits, epochs=3), []
    candidates, fold, ticks = [*policies(), NOTHING], alone.folds[0], []
    trunk = alone.trials.trunk(fold, 5, 3, 2)
    expected = alone.trials.scores(candidates, fold, 5, 3, trunk)
    for rank in (0, 1):
        trials = begin(digits, processes=Process(rank), epochs=3).trials
        shared = trials.trunk(fold, 5, 3, 2, lambda: ticks.append(1))
        trials.scores(candidates, fold, 5, 3, shared, lambda: ticks.append(1))
        found.append(trials.problem.processes.found)
    assert sum(found).tolist() == [list(score) for score in expected]
    assert (found[0][2:] == 0).all() and (found[1][:2] == 0).all()
    assert len(ticks) == 2 + 3, "one trunk of two epochs, and an epoch of each"


@pytest.mark.parametrize("horizon", [1.0, 0.5])
def test_trials_side_by_side_are_single_trials_up_to_rounding(digits, monkeypatch, horizon):
    """As on a GPU: float32, several epochs with momentum, weight decay and clipping."""
    given = {"epochs": 4, "horizon": horizon, "clip": 1.0}
    single, stacked = begin(digits, **given), begin(digits, **given)
    ticks = [0, 0]

    def tick(which):
        ticks[which] += 1

    one = single.advance(lambda: tick(0))
    monkeypatch.setattr("dada.searching.trials.stack_size", lambda network, device: 3)
    other = stacked.advance(lambda: tick(1))
    for name, trial in one["trials"].items():
        assert other["trials"][name] == pytest.approx(trial, rel=2e-4)
    assert len({trial["loss"] for trial in other["trials"].values()}) == len(other["trials"])
    assert ticks[0] == ticks[1] == one["steps"]


@pytest.mark.parametrize("until", [0, 1])
def test_trials_side_by_side_are_the_same_up_to_rounding(digits, until):
    """As on a GPU; with a trunk and without."""
    search, ticks = begin(digits, images=100, fold_images=40, epochs=3), []
    trials, fold = search.trials, search.folds[0]
    candidates = [*policies(), NOTHING]
    trunk = trials.trunk(fold, 5, 3, until) if until else None
    kept, before = copy.deepcopy(trunk), torch.get_rng_state()
    found = trials.side_by_side(candidates, fold, 5, 3, trunk, lambda: ticks.append(1))
    assert torch.equal(torch.get_rng_state(), before)
    assert len(ticks) == len(candidates) * (3 - until)
    if until:
        torch.testing.assert_close(trunk, kept, atol=0, rtol=0)
    expected = [trials.trial(policy, fold, 5, 3, trunk) for policy in candidates]
    for one, other in zip(found, expected, strict=True):
        assert one.train_loss == pytest.approx(other.train_loss, rel=1e-3)
        assert one.loss == pytest.approx(other.loss, rel=1e-3)
    assert len({round(score.train_loss, 2) for score in expected}) > 1


@pytest.mark.parametrize("size", [2, 3, 16])
def test_groups_are_the_same_whatever_the_number_of_processes(digits, monkeypatch, size):
    """They are as even as can be, and each falls to one process."""
    monkeypatch.setattr("dada.searching.trials.stack_size", lambda *_: size)
    search = begin(digits)

    def group(self, policies, *given):
        return [Score(1.0, float(len(policies)), 0.5)] * len(policies)

    monkeypatch.setattr(Trials, "group", group)
    groups = search.trials.groups(7)
    assert [place for group in groups for place in group] == list(range(7))
    assert len(groups) == -(-7 // size) and max(map(len, groups)) - min(map(len, groups)) <= 1
    found = search.trials.scores([NOTHING] * 7, search.folds[0], 5, 2)
    assert [score.loss for score in found] == [len(group) for group in groups for _ in group]
    assert search.trials.share(7) == 7


@pytest.mark.parametrize("given", [{}, {"method": "random"}])
def test_the_users_validation_images_judge_and_are_never_trained_on(digits, given):
    own = digits.test.subset(range(40))
    search, alone = (begin(data, **given) for data in (replace(digits, validation=own), digits))
    for fold, before in zip(search.folds, alone.folds, strict=True):
        assert torch.equal(fold.train.images, before.train.images)
        expected = torch.cat([before.judges.images, own.images])
        assert torch.equal(fold.judges.images, expected)
        assert torch.equal(fold.judges.labels, torch.cat([before.judges.labels, own.labels]))
    assert search.advance()["trials"] != alone.advance()["trials"]


def test_one_step_leaves_the_users_validation_images_out_and_says_so(digits, tmp_path):
    given = {"horizon": 0, "images": 40, "epochs": 1, "batch": 20, "model": "proxy-4"}
    dataset = replace(digits, validation=digits.test.subset(range(40)))
    dada.search(dataset, out=tmp_path / "with", **given)
    dada.search(digits, out=tmp_path / "without", **given)
    data = [RunFolder.open(tmp_path / name).config["data"] for name in ("with", "without")]
    assert data[0]["fingerprint"] == data[1]["fingerprint"]
    assert any("40 validation images are left out" in note for note in data[0]["notes"])
    policies = [(tmp_path / name / "policy.json").read_bytes() for name in ("with", "without")]
    assert policies[0] == policies[1]


def test_what_judges_is_said(digits, tmp_path):
    dataset = replace(digits, validation=digits.test.subset(range(40)))
    dada.search(dataset, out=tmp_path / "run", **ARMS)
    notes = RunFolder.open(tmp_path / "run").config["data"]["notes"]
    assert any(note.startswith("40 of 40 validation images judge") for note in notes)
