"""Every benchmark runs, tiny, and the page of results can be made of what it writes."""

import importlib
import json
import sys

import pytest

from benchmarks import page, scaling

TINY = {
    "operations": "--batch 8 --sides 32 --repeats 2",
    "search_step": "--model wrn-10-1 --batch 8 --rounds 1 --repeats 2 --device cpu",
    "trials": "--epochs 1 --repeats 2 --device cpu",
    "search": "--epochs 1 --device cpu",
    "search-step": "--preset step --model wrn-10-1 --epochs 1 --device cpu",
    "search-paper": "--preset paper --model wrn-10-1 --epochs 1 --device cpu",
    "scaling": "--model wrn-10-1 --repeats 2 --device cpu",
    "credit": "--epochs 1 --batches 2 --batch 32 --seeds 1",
    "fidelity": "--targets python",
}


@pytest.mark.parametrize("name", TINY)
def test_it_runs_and_its_results_are_shown(name, tmp_path, monkeypatch):
    monkeypatch.setattr(scaling, "CHANGES", {"batch": [8]})
    module, _, _ = name.partition("-")
    path = tmp_path / "measured" / f"{name}.json"
    path.parent.mkdir()
    command = [f"benchmarks/{module}.py", *TINY[name].split(), "--json", str(path)]
    monkeypatch.setattr(sys, "argv", command)
    importlib.import_module(f"benchmarks.{module}").main()
    result = json.loads(path.read_text())
    assert result["machine"]["torch"]
    assert result["command"].startswith(f"python -m benchmarks.{module} {TINY[name]}")
    monkeypatch.setattr(page, "DOCS", tmp_path)
    if module in page.PARTS:
        assert page.PARTS[module][0] in page.page() and result["command"] in page.page()
