"""Settings and presets; what does not fit together is refused in one line."""

from dataclasses import replace

import pytest
import torch

from dada.datasets import Dataset, ImageSet
from dada.errors import UserError
from dada.searching import METHODS
from dada.searching.presets import PRESETS
from dada.searching.settings import make_settings, method_for, upgraded
from dada.training.presets import FINETUNE
from dada.training.settings import for_dataset as train_for_dataset
from dada.training.settings import make_settings as train_settings


def test_the_papers_settings_are_the_papers(digits):
    settings = make_settings("paper").resolve(digits)
    assert settings.model == "wrn-40-2" and settings.batch == 128 and settings.epochs == 20
    assert settings.lr == 0.1 and settings.lr_min == 0.001 and settings.weight_decay == 2e-4
    assert settings.policy_lr == 0.005 and settings.betas == (0.5, 0.999)
    assert settings.temperature == 0.5 and settings.clip == 5 and settings.keep == 25
    assert settings.draws == "batch" and settings.magnitudes == "straight-through"
    assert settings.scale == "paper" and settings.spread == 0 and settings.uniform_weights
    assert settings.estimator == "relax" and settings.views == 1
    assert settings.update == "adam" and settings.parameters == "direct"
    assert settings.hypergradient == "finite-difference" and settings.precision == "float32"
    assert settings.tolerance == 0, "it goes on to the last epoch"


@pytest.mark.parametrize(
    ("given", "hypergradient", "precision"),
    [
        ({}, "exact", "auto"),
        ({"estimator": "reinforce"}, "exact", "auto"),
        ({"hypergradient": "finite-difference"}, "finite-difference", "float32"),
        ({"estimator": "gumbel-softmax"}, "finite-difference", "float32"),
        ({"estimator": "relax", "magnitudes": "pathwise"}, "finite-difference", "float32"),
        ({"estimator": "relax", "magnitudes": "straight-through"}, "finite-difference", "float32"),
        ({"estimator": "gumbel-softmax", "hypergradient": "exact"}, "exact", "auto"),
        ({"preset": "paper", "hypergradient": "exact"}, "exact", "auto"),
    ],
)
def test_derivatives_in_the_images_are_by_finite_differences_in_float32_unless_set(
    digits, given, hypergradient, precision
):
    settings = make_settings(**{"preset": "step", **given}).resolve(digits)
    assert (settings.hypergradient, settings.precision) == (hypergradient, precision)


# Per set: child network, batch, learning rate, weight decay, Cutout.
PAPER_BY_DATASET = {
    "cifar10": ("wrn-40-2", 128, 0.1, 2e-4, 16),
    "cifar100": ("wrn-40-2", 32, 0.1, 5e-4, 16),
    "svhn": ("wrn-28-10", 32, 0.00125, 1e-3, 16),
    "imagenet": ("resnet50", 32, 0.00125, 1e-4, 16),
}


@pytest.mark.parametrize("name", PAPER_BY_DATASET)
def test_the_papers_settings_of_each_set_are_its_scripts(name):
    side = 224 if name == "imagenet" else 32
    images = torch.zeros(256, 3, side, side, dtype=torch.uint8)
    part = ImageSet(images, torch.arange(256) % 10)
    dataset = Dataset(name, part, part.subset(torch.arange(10)), tuple("0123456789"))
    s = make_settings("paper").resolve(dataset)
    assert (s.model, s.batch, s.lr, s.weight_decay, s.cutout) == PAPER_BY_DATASET[name]
    large = name == "imagenet"
    assert s.mean == ((0.485, 0.456, 0.406) if large else (0.4914, 0.4822, 0.4465))
    assert s.std == ((0.229, 0.224, 0.225) if large else (0.2023, 0.1994, 0.2010))
    assert s.crop == ("resized" if large else "padded") and s.flip


def test_a_users_choice_beats_the_preset_and_the_data(digits):
    settings = make_settings("paper", model="wrn-16-1", batch=16, cutout=2).resolve(digits)
    assert (settings.model, settings.batch, settings.cutout) == ("wrn-16-1", 16, 2)


def pictures(side):
    part = ImageSet(torch.zeros(8, 3, side, side, dtype=torch.uint8), torch.arange(8) % 2)
    return Dataset("pictures", part, part, ("a", "b"))


@pytest.mark.parametrize("side", [8, 24, 32, 64, 128])
def test_cutout_is_asked_for_or_the_papers(side):
    papers = {24: 12, 32: 16, 64: 32}.get(side, 0)
    for preset, cutout in {"default": 0, "step": 0, "demo": 0, "paper": papers}.items():
        assert make_settings(preset).resolve(pictures(side)).cutout == cutout
        assert make_settings(preset, cutout=7).resolve(pictures(side)).cutout == 7
        assert make_settings(preset, cutout=0).resolve(pictures(side)).cutout == 0
    assert train_for_dataset(train_settings(), pictures(side), False).cutout == 0


def test_a_cutout_of_whole_images_is_refused():
    with pytest.raises(UserError, match=r"cutout 32 .* below their side, 32 pixels"):
        make_settings(cutout=32).resolve(pictures(32))
    with pytest.raises(UserError, match="below their side, 64 pixels"):  # as trials see them
        make_settings(cutout=64).resolve(pictures(128))


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"preset": "papers"}, "no preset 'papers'"),
        ({"epochs": 0}, "epochs"),
        ({"lr": -1.0}, "lr"),
        ({"seed": 2**32}, "seed.*4294967296"),  # its lower 32 bits would be those of seed 0
        ({"views": 0}, "views"),
        ({"memory": 0.0}, "memory"),
        ({"estimator": "magic", "preset": "step"}, "critic.*relax"),
        ({"hypergradient": "second-order", "preset": "step"}, "first-order"),
        ({"magnitudes": "magic", "preset": "step"}, "pathwise"),
        ({"policy_lr": [1], "method": "trials"}, "policy_lr has no effect with .* above 0"),
        ({"policy_lr": [1], "horizon": "training"}, "policy_lr has no effect with .* above 0"),
        ({"method": "magic"}, "no search method 'magic'; there are dada, random, randaugment"),
        ({"horizon": 2}, "horizon: .*less than or equal to 1"),
        ({"horizon": -1}, "horizon: .*greater than .*0"),
        ({"horizon": float("nan")}, "horizon: "),
        ({"horizon": "abc"}, "horizon: .*valid number.*'abc'"),
        ({"horizon": [1]}, r"horizon: .*valid number.*\[1\]"),
        ({"folds": 0}, "folds: .*greater than or equal to 1"),
        ({"folds": 101}, "folds: .*less than or equal to 100"),
        ({"folds": 4.5}, "folds: .*valid integer"),
        ({"fold_images": 1}, "fold_images: .*greater than or equal to 2"),
        ({"policies": 0, "method": "random"}, "setting policies: .*greater than or equal to 1"),
        ({"learning_rate": 0.1}, "learning_rate"),
        ({"epochs": True}, "epochs: cannot be true$"),
        ({"policies": True, "method": "random"}, "policies: cannot be true$"),
        ({"lr": False}, "lr: cannot be false$"),
        ({"mean": [0.5, True, 0.5]}, "mean: cannot be true$"),
    ],
)
def test_wrong_settings_get_one_clear_line(wrong, reason):
    with pytest.raises(UserError, match=reason) as caught:
        make_settings(**wrong)
    assert "\n" not in str(caught.value)


ONE_STEP, BEYOND = "dada at a horizon of 0, one step", "dada at a horizon above 0"
FAR = f"no effect with method {BEYOND}, only with {ONE_STEP}$"
NEAR = f"no effect with method {ONE_STEP}, only with {BEYOND}$"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"views": 2, "horizon": 1}, f"views has {FAR}"),
        ({"estimator": "relax", "horizon": 0.5}, f"estimator has {FAR}"),
        ({"hypergradient": "exact", "preset": "default"}, f"hypergradient has {FAR}"),
        ({"preset": "paper", "horizon": 0.5}, f"preset paper has {FAR}"),
        ({"folds": 3}, f"folds has {NEAR[:-1]}, fast_autoaugment$"),
        (
            {"fold_images": 30, "preset": "default", "horizon": 0},
            f"fold_images has {NEAR[:-1]}, autoaugment$",
        ),
        ({"preset": "fast", "horizon": 0.0}, f"preset fast has {NEAR}"),
        ({"rounds": 3}, "rounds has no effect with method dada .*, only with random, randaugment$"),
        (
            {"horizon": 0.5, "method": "random", "preset": "default"},
            "horizon has no effect with method random, only ",
        ),
        ({"spread": 0.0}, "sampled magnitudes need a spread above 0"),
        ({"magnitudes": "straight-through"}, "straight-through magnitudes need another estimator"),
        ({"magnitudes": "pathwise"}, "pathwise magnitudes need another estimator"),
        ({"draws": "batch"}, "critic needs draws=image"),
        ({"parameters": "direct"}, "natural updates need parameters=logit"),
        (
            {"hypergradient": "finite-difference", "precision": "bfloat16"},
            "need precision float32.*hypergradient=exact",
        ),
        ({"estimator": "gumbel-softmax", "precision": "bfloat16"}, "need precision float32"),
    ],
)
def test_what_does_not_fit_together_gets_one_clear_line(wrong, reason):
    with pytest.raises(UserError, match=reason) as caught:
        make_settings(**{"preset": "step", **wrong})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "remedy",
    [
        {"spread": 0.0, "estimator": "reinforce", "magnitudes": "straight-through"},
        {"magnitudes": "pathwise", "estimator": "relax"},
        {"draws": "batch", "estimator": "reinforce"},
        {"parameters": "direct", "update": "adam"},
        {"estimator": "gumbel-softmax", "precision": "bfloat16", "hypergradient": "exact"},
    ],
)
def test_the_remedies_that_those_lines_name_are_accepted(remedy):
    settings = make_settings("step", **remedy).model_dump()
    assert remedy.items() <= settings.items()


@pytest.mark.parametrize(
    ("images", "batch"), [(4000, 128), (1000, 62), (200, 16), (20, 10), (4, 2)]
)
def test_few_images_make_smaller_batches_so_that_an_epoch_has_steps(digits, images, batch):
    plenty = digits.train.subset(torch.arange(4000) % len(digits.train))
    dataset = replace(digits, train=plenty)
    assert make_settings("step", images=images).resolve(dataset).batch == batch
    assert make_settings("step", images=images, batch=20).resolve(dataset).batch == min(
        20, images // 2
    )


@pytest.mark.parametrize(
    ("images", "folds", "fold", "batch"),
    [(None, 8, 125, 16), (4000, 8, 125, 16), (500, 6, 83, 16), (200, 2, 100, 16), (20, 2, 10, 10)],
)
def test_folds_are_small_whatever_the_number_of_images(digits, images, folds, fold, batch):
    """The larger of 125 images and 12 per class, of as many as there are; an even number of them,
    8 or as many as have at least 75 images."""
    plenty = digits.train.subset(torch.arange(4000) % len(digits.train))
    settings = make_settings(images=images).resolve(replace(digits, train=plenty))
    assert settings.images == (images or 8 * 125 + 1500)
    assert (settings.folds, settings.fold_images, settings.batch) == (folds, fold, batch)
    assert settings.model == "proxy-32" and settings.keep is None
    assert (settings.epochs, settings.horizon) == (40, 1.0)


@pytest.mark.parametrize(
    ("given", "batch", "epochs"),
    [({"fold_images": 1000}, 64, 30), ({"fold_images": 400}, 50, 40), ({"epochs": 7}, 16, 7)],
)
def test_trials_see_about_as_many_images_whatever_the_fold(digits, given, batch, epochs):
    plenty = digits.train.subset(torch.arange(6000) % len(digits.train))
    settings = make_settings(folds=4, **given).resolve(replace(digits, train=plenty))
    assert settings.images == 4 * settings.fold_images + 1500
    assert (settings.batch, settings.epochs) == (batch, epochs)


@pytest.mark.parametrize(
    ("share", "folds", "fold", "images"),
    [(1, 8, 125, 2500), (2, 4, 125, 2000), (4, 2, 125, 1750), (8, 2, 62, 1624), (500, 2, 2, 1504)],
)
def test_less_time_means_fewer_folds_and_then_smaller_ones(digits, share, folds, fold, images):
    """The 1,500 that only judge cost little, and stay."""
    plenty = digits.train.subset(torch.arange(4000) % len(digits.train))
    settings = make_settings().resolve(replace(digits, train=plenty))
    fewer = settings.with_images(settings.images // share)
    assert (fewer.folds, fewer.fold_images, fewer.images) == (folds, fold, images)
    assert fewer.batch == min(16, fold)


def test_many_classes_get_more_images_for_trials(digits):
    plenty = digits.train.subset(torch.arange(12_000) % len(digits.train))
    many = replace(digits, train=plenty, classes=tuple(map(str, range(100))))
    settings = make_settings().resolve(many)
    assert (settings.fold_images, settings.images) == (1200, 8 * 1200 + 1500)
    assert make_settings(method="random").resolve(many).images == 2000


def test_the_step_preset_is_as_it_was(digits):
    settings = make_settings("step").resolve(digits)
    assert (settings.model, settings.epochs, settings.keep) == ("wrn-10-2", 20, 25)
    assert settings.weight_decay == 2e-4
    assert (settings.method, settings.horizon) == ("dada", 0)


def test_fixed_strengths_can_be_tried():
    assert make_settings(spread=0.0).spread == 0


@pytest.mark.parametrize(
    ("former", "present"),
    [
        ({"price": 0.3}, {"method": "dada", "horizon": 1.0, "kl_weight": 0.3}),
        ({"preset": "step", "settled": 0.1}, {"horizon": 0.0, "tolerance": 0.1}),
        ({"horizon": "step", "views": 2}, {"method": "dada", "horizon": 0.0, "views": 2}),
        ({"preset": "step", "horizon": "training"}, {"method": "dada", "horizon": 1.0}),
        ({"method": "trials"}, {"method": "dada", "horizon": 1.0}),
        ({"method": "trials", "preset": "step"}, {"method": "dada", "horizon": 1.0}),
        ({"method": "dada", "preset": "paper"}, {"method": "dada", "horizon": 0.0}),
    ],
)
def test_former_names_are_understood(former, present):
    settings = make_settings(**former).model_dump()
    assert present.items() <= settings.items()


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"price": 0.3, "kl_weight": 0.4}, "price is the former name of kl_weight"),
        ({"method": ["random"]}, "no search method"),
    ],
)
def test_a_setting_by_both_its_names_has_one_value(wrong, reason):
    with pytest.raises(UserError, match=reason):
        make_settings(**wrong)
    assert make_settings(price=0.3, kl_weight=0.3, horizon=None).kl_weight == 0.3


def test_a_preset_of_another_method_is_refused_for_what_it_sets():
    with pytest.raises(UserError, match="preset paper has no effect with method random"):
        make_settings("paper", method="random")


FORMS = [form for method in METHODS.values() for form in method.forms()]


@pytest.mark.parametrize("form", FORMS, ids=[form.__name__ for form in FORMS])
def test_every_form_of_every_method_has_settings_that_resolve(form, digits):
    horizon = form.Settings.model_fields.get("horizon")
    asked = make_settings(method=form.name, horizon=horizon and horizon.default)
    resolved = asked.resolve(digits)
    assert asked.method == form.name and type(asked) is form.Settings
    assert isinstance(resolved, form.Settings) and method_for(resolved.model_dump()) is form
    open_ = [n for n, value in resolved.model_dump().items() if value is None]
    fresh = {"weights", "weights_fingerprint"}
    meaning = {"plan", "keep", "final_rounds"}  # None has a meaning of its own
    assert set(open_) <= meaning | fresh, "nothing is left open"


@pytest.mark.parametrize(
    ("old", "now"),
    [
        (  # 0.2, which wrote the settings of all methods
            {"horizon": "step", "settled": 0.02, "price": 0.6, "rounds": 2, "seed": 3},
            {"method": "dada", "horizon": 0.0, "tolerance": 0.02, "seed": 3},
        ),
        (
            {"horizon": "training", "settled": 0.02, "price": 0.6, "rounds": 2, "seed": 3},
            {"method": "dada", "horizon": 1.0, "kl_weight": 0.6, "seed": 3},
        ),
        ({"preset": "paper"}, {"method": "dada", "horizon": 0.0, "preset": "paper"}),  # 0.1
        (  # 0.3
            {"method": "trials", "rounds": 2, "kl_weight": 0.6},
            {"method": "dada", "horizon": 1.0, "kl_weight": 0.6},
        ),
        ({"method": "dada", "views": 2}, {"method": "dada", "horizon": 0.0, "views": 2}),
        ({"method": "random", "rounds": 2}, {"method": "random", "rounds": 2}),
        (  # this release's own
            {"method": "dada", "horizon": 0.5, "folds": 2},
            {"method": "dada", "horizon": 0.5, "folds": 2},
        ),
        ({"method": "mine", "anything": 1}, {"method": "mine", "anything": 1}),
    ],
)
def test_settings_of_an_older_run_are_read_as_this_release_writes_them(old, now):
    assert upgraded(old) == now


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"epoch": 3}, "no setting 'epoch' .did you mean epochs."),
        ({"operations": ("Rotate", "Rotat")}, "Rotat"),
        ({"bounds": {"Rotate": (0.0, float("inf"))}}, "bounds|Rotate"),
        ({"images": "many"}, "images: .*valid integer"),
        ({"images": [1, 2]}, "images: .*valid integer"),
        ({"spread": 400.0}, "spread: .*less than or equal to 100"),
        ({"plan": (3, 3)}, "plan: must be 12 numbers of epochs"),
        ({"plan": (1, 1), "preset": "step"}, "plan: must be the total number"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_loaded(wrong, reason):
    with pytest.raises(UserError, match=reason) as caught:
        make_settings(**wrong)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("preset", ["fast", "demo"])
def test_a_quicker_preset_from_weights_fine_tunes_too(preset):
    chosen, tuned = make_settings(preset, weights="file.pt"), make_settings(weights="file.pt")
    assert chosen.preset == preset and tuned.preset == "finetune"
    shared = ("optimiser", "lr", "weight_decay", "batch", "frozen_statistics", "pixels")
    assert [getattr(chosen, n) for n in shared] == [getattr(tuned, n) for n in shared]
    assert make_settings(preset).optimiser == "sgd"
    own = PRESETS[preset].items() - {("method", "dada")}
    assert own and all(getattr(chosen, name) == value for name, value in own)


@pytest.mark.parametrize("method", [name for name in METHODS if name != "dada"])
def test_any_method_may_start_from_weights_and_trains_as_finetune_does(method):
    """Of the preset it has what is said of the network, and nothing that dada alone has."""
    pytest.importorskip("optuna")
    plain, tuned = make_settings(method=method), make_settings(method=method, weights="file.pt")
    shared = {n: v for n, v in FINETUNE.items() if n not in plain.without_effect} | {"pixels": 96}
    changed = shared | {"weights": "file.pt"}
    assert tuned == plain.model_copy(update=changed) and tuned.preset == "default"
    assert make_settings(method=method, weights="file.pt", lr=0.5, pixels=32).lr == 0.5


def test_one_step_ahead_weights_choose_no_preset_of_whole_trainings():
    chosen = make_settings(horizon=0.0, weights="file.pt")
    assert chosen == make_settings(horizon=0.0).model_copy(update={"weights": "file.pt"})


@pytest.mark.parametrize(
    ("preset", "method", "only"),
    [
        ("finetune", "fast_autoaugment", "dada at a horizon above 0"),
        ("fast", "pba", "dada at a horizon above 0"),
        ("paper", "random", "dada at a horizon of 0, one step"),
    ],
)
def test_a_preset_of_another_method_names_the_one_that_takes_it(preset, method, only):
    with pytest.raises(UserError) as caught:
        make_settings(preset, method=method)
    [line] = str(caught.value).splitlines()
    assert line == f"the preset {preset} has no effect with method {method}, only with {only}"
