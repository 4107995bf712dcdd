"""The search of Fast AutoAugment from the command line."""

import json
import sys
from pathlib import Path

SEARCH = (
    "search digits --method fast_autoaugment --model proxy-4 --images 100 --epochs 8 "
    "--set folds=2 --set trials=2 --set size=2 --operations Rotate,Invert,ShearX -o run"
)


def test_a_search_its_policy_and_its_report(dada):
    result = dada(SEARCH)
    assert result.code == 0, result.err
    assert "2 trainings of proxy-4, 8 epochs each, and 2 trials of 2 sub-policies" in result.out
    found = json.loads(Path("run/policy.json").read_text())
    assert found["provenance"]["method"] == "Fast AutoAugment"
    assert {"optuna", "torch"} <= set(found["provenance"]["versions"])
    page = Path("run/report.html").read_text()
    assert "The reward of each trial" in page and "Which operations are kept" in page


def test_without_optuna_the_install_line_and_code_2(dada, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    result = dada(SEARCH)
    assert result.code == 2 and result.err.count("\n") == 1
    assert "pip install 'dada-augment[optuna]'" in result.err and not Path("run").exists()
