import shutil

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

from tests.cli.commands import SEARCH, call


@pytest.fixture
def dada(monkeypatch, capsys, tmp_path):
    """Calls a command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda command: call(command, monkeypatch, capsys)


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A finished search; to read only."""
    from dada.cli.main import main

    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["dada", *SEARCH.split(), "-o", str(folder / "run")])
        with pytest.raises(SystemExit) as stop:
            main()
    assert not stop.value.code
    return folder / "run"


@pytest.fixture
def run(finished, tmp_path):
    """A finished search of one's own, at `run`."""
    return shutil.copytree(finished, tmp_path / "run")


@pytest.fixture(scope="session")
def crop():
    """Cuts a patch of random size from one of scikit-learn's two photographs."""
    photographs = load_sample_images().images
    random = np.random.default_rng(0)

    def patch(which):
        height, width = random.integers(40, 120, 2)
        top, left = random.integers(0, 400 - height), random.integers(0, 600 - width)
        return Image.fromarray(photographs[which][top : top + height, left : left + width])

    return patch


@pytest.fixture(scope="session")
def fill(crop):
    """Writes class folders of such patches."""

    def write(folder, classes=("temple", "flower"), count=15):
        for which, name in enumerate(classes):
            (folder / name).mkdir(parents=True)
            for number in range(count):
                crop(which % 2).save(folder / name / f"{number}.png")

    return write
