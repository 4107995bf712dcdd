"""The wheel, installed into an empty environment: minutes, and some gigabytes for PyTorch.

``make wheel`` builds it and runs this.
"""

from __future__ import annotations

import os
import subprocess
import venv
from pathlib import Path

import pytest

import dada

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("DADA_WHEEL" not in os.environ, reason="make wheel runs this"),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Runs a program of the environment, in a folder of its own, and returns what it prints."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home / "env", with_pip=True)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def program(name, *words):
        result = subprocess.run(
            [home / "env" / "bin" / name, *words],
            check=False,
            capture_output=True,
            text=True,
            cwd=home,
            env=environment,
        )
        assert not result.returncode, result.stderr
        return result.stdout

    program("pip", "install", "--quiet", str(Path(os.environ["DADA_WHEEL"]).resolve()))
    return program


def test_it_is_this_package_with_its_data(run):
    code = (
        "import dada; print(dada.__version__, 'site-packages' in dada.__file__); "
        "print([dada.load_policy(name).name for name in dada.published_names()])"
    )
    version, names = run("python", "-c", code).splitlines()
    assert version == f"{dada.__version__} True"
    assert "autoaugment-imagenet" in names and "dada-svhn" in names
    assert "cifar10-wrn-28-10" in run("dada", "recipes")
    assert "Usage: dada" in run("dada", "--help")


def test_a_search_runs_to_its_page_and_its_policy_is_exported(run):
    told = run("dada", "search", "digits", "--preset", "demo", "--epochs", "1", "-o", "run")
    assert "policy  run/policy.json" in told and "report  run/report.html" in told
    for target in ("torchvision", "python", "list"):
        run("dada", "export", "dada-cifar10", "--to", target, "-o", f"by_{target}.py")
    run("python", "by_torchvision.py")
    run("dada", "preview", "run", "-o", "sheet.png")
