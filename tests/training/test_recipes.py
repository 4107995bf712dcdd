"""The recipes are what the paper trained: read, complete, and fit for their data."""

import pytest

from dada.models.create import check_name
from dada.policy import published_names
from dada.training.recipes import recipes
from dada.training.settings import make_settings

# shared facts: batch, epochs, peak learning rate (lr × multiplier), weight decay, Cutout.
PAPER = {
    "cifar10-wrn-40-2": (512, 200, 0.4, 2e-4, 16),
    "cifar10-wrn-28-10": (512, 200, 0.4, 5e-4, 16),
    "cifar100-wrn-28-10": (512, 200, 0.4, 5e-4, 16),
    "svhn-wrn-28-10": (512, 200, 0.04, 5e-4, 20),
    "cifar10-shake-shake-26-2x32d": (512, 1800, 0.04, 1e-3, 16),
    "cifar10-shake-shake-26-2x96d": (512, 1800, 0.04, 1e-3, 16),
    "cifar10-shake-shake-26-2x112d": (512, 1800, 0.04, 1e-3, 16),
    "cifar100-shake-shake-26-2x96d": (512, 1800, 0.04, 1e-3, 16),
    "cifar10-pyramidnet-272-200": (512, 1800, 0.05, 5e-5, 16),
    "cifar100-pyramidnet-272-200": (512, 1800, 0.05, 5e-5, 16),
    "imagenet-resnet50": (512, 270, 0.2, 1e-4, 0),
}


@pytest.mark.parametrize("name", PAPER)
def test_settings_are_the_papers(name):
    s = make_settings(name)
    found = (s.batch, s.epochs, s.lr, s.weight_decay, s.cutout)
    assert found == pytest.approx(PAPER[name])
    assert s.nesterov and s.momentum == 0.9


@pytest.mark.parametrize("name", recipes())
def test_a_recipe_is_complete(name):
    recipe, settings = recipes()[name], make_settings(name)
    assert name.startswith(recipe.receipt.data.split("-")[0])
    assert recipe.receipt.command == f"dada train --recipe {name} --policy {recipe.receipt.policy}"
    assert recipe.receipt.policy in published_names()
    assert settings.model and name.endswith(settings.model)
    check_name(settings.model)
    assert settings.mean and settings.std and settings.flip
    assert "FLOP" in recipe.receipt.cost
