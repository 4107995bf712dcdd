"""Faster AutoAugment as a search: the same however it is run, its settings, and its report."""

import json

import pytest
import torch

from dada.compute.distributed import Processes
from dada.deadline import Deadline
from dada.errors import DivergedError, UserError
from dada.searching.budget import within
from dada.searching.methods.faster_autoaugment import method
from dada.searching.settings import make_settings
from tests.searching.trials import begin, finished

SMALL = {
    "method": "faster_autoaugment",
    "model": "proxy-4",
    "images": 60,
    "epochs": 3,
    "batch": 20,
    "sub_policies": 2,
    "policy_lr": 0.05,
    "operations": ("Rotate", "Invert", "Brightness"),
}


def test_an_epoch_sees_every_image_once_in_fresh_batches(digits, monkeypatch):
    search = begin(digits, **SMALL)
    search.train.labels.copy_(torch.arange(60))
    met, ticks = [], []
    monkeypatch.setattr(search, "step", lambda _, y: met.append(y.tolist()) or torch.zeros(5))
    record = search.advance(lambda: ticks.append(1))
    assert search.steps == [3] * 3 and record["steps"] == len(ticks) == 3
    assert sorted(label for batch in met for label in batch) == list(range(60))
    search.advance()
    assert met[:3] != met[3:]


def test_records_are_plain_data_of_what_is_learnt(digits):
    search = begin(digits, **SMALL)
    before = search.relaxed.record()
    first, *_, last = finished(search)
    json.dumps(last)
    assert (first["epoch"], last["epoch"]) == (1, 3) and search.iteration == search.length == 3
    for name, at_first in before.items():
        learnt = torch.tensor(last[name])
        assert learnt.shape == (2, 2, 3)
        assert not torch.equal(learnt, torch.tensor(at_first))
    assert torch.allclose(torch.tensor(last["choices"]).sum(-1), torch.ones(2, 2))
    shares = torch.tensor(last["choices"]).mean((0, 1))
    leading = search.problem.space.operations[shares.argmax()]
    assert search.headline().startswith(f"leading: {leading} {shares.max():.1%}, ")


def test_the_published_settings_reach_the_parts(digits):
    search = begin(digits, method="faster_autoaugment", operations=None)
    critic, policy = search.optimisers
    for optimiser in (critic, policy):
        (group,) = optimiser.param_groups
        assert (group["lr"], group["betas"], group["weight_decay"]) == (1e-3, (0.0, 0.999), 0)
    assert tuple(search.relaxed.choice.shape) == (10, 2, 14), "Color changes no grey image"
    assert (search.relaxed.temperature, search.relaxed.bit_temperature) == (0.05, 0.1)
    assert (search.step.class_weight, search.step.penalty_weight) == (0.1, 10.0)
    other = begin(digits, **SMALL, class_weight=0.7, penalty_weight=3.0, lr=0.1, length=3)
    assert (other.step.class_weight, other.step.penalty_weight) == (0.7, 3.0)
    assert other.optimisers[0].param_groups[0]["lr"] == 0.1
    assert tuple(other.relaxed.choice.shape) == (2, 3, 3)


def test_every_process_finds_what_one_would(digits):
    alone = begin(digits, **SMALL)
    first = begin(digits, processes=Processes(0, 2), **SMALL)
    finished(alone), finished(first)
    assert alone.policy("", {}) == first.policy("", {})
    assert any("not shared" in caution for caution in first.cautions())


def test_a_budget_shortens_it(digits, monkeypatch):
    times = iter(range(1000))
    monkeypatch.setattr("time.perf_counter", lambda: float(next(times)))
    chosen = make_settings(**{**SMALL, "epochs": 20}).resolve(digits)

    def begun(settings):
        return begin(digits, **settings.model_dump(include=set(SMALL)))

    fitted, words = within(chosen, Deadline(30.0), begun)
    assert fitted.epochs < 20 and "3.00 s per epoch" in words  # 3 steps of a second


def test_a_plan_that_changed_can_be_repeated(digits):
    search = begin(digits, **SMALL)
    search.advance()
    search.replan(3.0, most=5)
    assert search.plan == [3, 5, 5, 5, 5] and search.remaining() == 4
    assert search.changed_plan == {"plan": [3, 5, 5, 5, 5]}
    assert search.plan_in_words() == "the search has 5 epochs in all"
    finished_plan = [search.advance() for _ in range(4)][-1]
    again = begin(digits, **{**SMALL, "plan": (3, 5, 5, 5, 5)})
    assert again.length == 5
    assert finished(again)[-1]["choices"] == finished_plan["choices"]


def test_a_search_too_short_to_move_says_so(digits):
    (caution,) = begin(digits, **{**SMALL, "policy_lr": 1e-3}).cautions()
    assert caution.startswith("with 9 steps in all, a policy hardly moves")
    assert begin(digits, **SMALL).cautions() == ()


def test_what_is_not_finite_ends_it(digits, monkeypatch):
    search = begin(digits, **SMALL)
    monkeypatch.setattr(search, "step", lambda *_: torch.full((5,), float("nan")))
    with pytest.raises(DivergedError, match="not a finite number in epoch 1"):
        search.advance()


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"optimiser": "adamw"}, "optimiser: has no effect with method faster_autoaugment"),
        ({"weight_decay": 0.1}, "weight_decay: has no effect"),
        ({"precision": "bfloat16"}, "precision: bfloat16 is too coarse"),
        ({"length": 4}, "length: .*less than or equal to 3"),
        ({"sub_policies": 0}, "sub_policies: .*greater than or equal to 1"),
        ({"temperature": 0.0}, "temperature: .*greater than 0"),
        ({"spread": 0.0}, "spread has no effect with method faster_autoaugment"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line_before_anything_is_loaded(wrong, reason):
    with pytest.raises(UserError, match=reason) as caught:
        make_settings(method="faster_autoaugment", **wrong)
    assert "\n" not in str(caught.value)


def test_a_loss_that_is_not_per_image_is_refused(digits):
    search = begin(digits, **SMALL)
    search.step.loss = torch.nn.CrossEntropyLoss()
    with pytest.raises(UserError, match="one number per image"):
        search.advance()


def test_charts_show_what_the_records_say(digits):
    search = begin(digits, **SMALL)
    records = finished(search)
    settings = search.settings.model_dump()
    shares, strengths, critic, losses, accuracy = method.charts.charts(settings, (), records)
    chosen = torch.tensor([r["choices"] for r in records]).mean((1, 2))
    shown = {series.label: series.y for series in shares.series}
    for o, name in enumerate(SMALL["operations"]):
        assert shown[name] == pytest.approx((100 * chosen[:, o]).tolist(), rel=1e-5)
    assert shares.reference == pytest.approx(100 / 3)
    assert [len(panel.series) for panel in strengths.panels] == [2, 1, 2], "Invert: no magnitude"
    last = records[-1]
    weights, probabilities = (torch.tensor(last[k]) for k in ("choices", "probabilities"))
    expected = (weights * probabilities).sum((0, 1)) / weights.sum((0, 1))
    found = [panel.series[0].y[-1] for panel in strengths.panels]
    assert found == pytest.approx(expected.tolist(), rel=1e-5)
    assert critic.series[0].y == [r["distance"] for r in records]
    assert losses.series[1].y == [r["validation_loss"] for r in records]
    assert accuracy.series[0].y[-1] == 100 * last["validation_accuracy"]
    words = method.charts.summary(settings, {"parameters": 7}, records)
    assert words.startswith("by Faster AutoAugment, in 3 epochs")
