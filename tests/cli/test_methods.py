"""A search by each method from the command line, and what it leaves."""

import json
import sys
from pathlib import Path

import pytest

from dada.searching import METHODS
from tests.cli.commands import check_refused

SMALL = "--model proxy-4 --images 60 --epochs 2 --batch 15 --operations Rotate,Invert,Solarize"
CASES = {
    "dada": ("--set folds=2 --set fold_images=30", "3 sub-policies of 3 operations"),
    "random": ("--set policies=2", "2 random policies of 1 of 3 sub-policies"),
    "randaugment": (
        "--set numbers=[1] --set strengths=[0.1,0.9]",
        "2 pairs of N and M for 3 operations",
    ),
    "autoaugment": (
        "--set children=2 --set children_per_update=2",
        "policies of 5 sub-policies of 3 operations",
    ),
    "fast_autoaugment": (
        "--set folds=2 --set trials=2 --set size=2",
        "policies of 2 sub-policies of 3 operations",
    ),
    "faster_autoaugment": (
        "--set sub_policies=2",
        "policies of 2 sub-policies of 3 operations",
    ),
    "pba": ("--set trials=4 --set interval=1", "schedules of 3 operations"),
}
NEEDS = {"fast_autoaugment": ("optuna", "optuna"), "pba": ("ray.tune", "ray")}


@pytest.mark.parametrize("name", METHODS)
def test_a_search_its_policy_its_page_and_its_export(name, dada):
    settings, space = CASES[name]
    if name in NEEDS:
        pytest.importorskip(NEEDS[name][0])
    result = dada(f"search digits --method {name} {SMALL} {settings} -o run")
    assert result.code == 0, result.err
    assert f"method {name}: " in result.out and f", {space}, seed 0\n" in result.out
    found = json.loads(Path("run/policy.json").read_text())
    assert found["provenance"]["method"] == METHODS[name].title
    page = " ".join(Path("run/report.html").read_text().split())
    assert f"{space[0].upper()}{space[1:]} searched on 60 training images " in page
    epoch = "--epoch 1" if "stages" in found else ""
    assert dada(f"export run --to python {epoch} -o policy.py").code == 0


@pytest.mark.parametrize("name", METHODS)
def test_a_setting_of_another_method_is_refused(name, dada):
    foreign = "trials" if name == "autoaugment" else "children"
    result = dada(f"search digits --method {name} {SMALL} --set {foreign}=3 -o run")
    check_refused(result, f"{foreign} has no effect")
    assert not Path("run").exists()


@pytest.mark.parametrize("name", NEEDS)
def test_what_a_method_needs_is_named_with_its_install_line(name, dada, monkeypatch):
    library, extra = NEEDS[name]
    monkeypatch.setitem(sys.modules, library, None)
    result = dada(f"search digits --method {name} {SMALL} -o run")
    check_refused(result, f"method {name} needs {library}: pip install 'dada-augment[{extra}]'")
    assert not Path("run").exists()
