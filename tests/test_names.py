"""The names that help and completion offer are those that the program knows."""

import subprocess
import sys
from importlib.resources import files

import pytest

from dada import names
from dada.datasets import named
from dada.export import target
from dada.loggers.named import LOGGERS
from dada.models import check_name
from dada.models import names as networks
from dada.policy import PAPER_OPERATIONS, SearchSpace, load_policy
from dada.searching import METHODS, PRESETS
from dada.training.augmentations import BASELINE, method
from dada.training.recipes import recipes
from dada.training.settings import PRESETS as TRAIN_PRESETS


def test_the_names_are_those_of_the_tables_that_they_stand_for():
    assert set(names.DATASETS) == {"digits", "imagenet", *named._TORCHVISION}
    assert list(names.SEARCH_PRESETS) == list(PRESETS)
    assert list(names.SEARCH_METHODS) == list(METHODS)
    assert list(names.TRAIN_PRESETS) == list(TRAIN_PRESETS)
    assert list(names.LOGGERS) == list(LOGGERS)
    assert names.recipe_names() == tuple(recipes())
    for name in names.published_policies():
        assert load_policy(name).name == name
    for name in names.WITHOUT_SEARCH:
        assert method(name, SearchSpace(PAPER_OPERATIONS)) is not BASELINE


def test_every_export_is_a_module_and_every_such_module_an_export():
    there = [file.name for file in files("dada.export").iterdir() if file.name.endswith(".py")]
    sources = {name: files("dada.export").joinpath(name).read_text("utf-8") for name in there}
    assert set(names.TARGETS) == {
        n[:-3] for n, text in sources.items() if "\ntarget = Target(" in text
    }
    assert all(callable(target(name).source) for name in names.TARGETS)


def test_networks_of_the_paper_and_of_each_pattern_exist():
    assert set(names.PAPER_NETWORKS) < set(networks())
    numbers = {"DEPTH-WIDTH": "10-1", "WIDTHd": "32d", "DEPTH": "26", "WIDTH": "8", "ALPHA": "48"}
    for pattern in names.NETWORK_PATTERNS:
        name = pattern.replace("net-DEPTH", "net-20")  # whose depths are 9n + 2
        for word, number in numbers.items():
            name = name.replace(word, number)
        check_name(name)


@pytest.mark.parametrize("verb", ["search", "train", "export", "recipes"])
def test_help_names_them_without_importing_what_is_slow(verb):
    code = "import sys\nfrom dada.cli.main import main\ntry: main()\nfinally: print(*sys.modules)"
    words = [sys.executable, "-c", code, verb, "--help"]
    out = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    loaded = set(out.splitlines()[-1].split())
    assert "dada.cli.main" in loaded and not loaded & {"torch", "numpy", "PIL"}
    shown = "".join(out.split())
    for name in {"search": names.DATASETS, "export": names.TARGETS}.get(verb, ()):
        assert name in shown
