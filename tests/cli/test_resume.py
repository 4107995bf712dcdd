"""A run folder is all that `--resume` needs."""

import json
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import dada as package
from dada.cli.bar import Bar
from tests.cli.commands import COMPARE, SEARCH, SMALL, TRAIN, check_refused

TRAINING = "train digits --recipe demo --epochs 3 --images 60 --batch 20 --model wrn-10-1"


@pytest.fixture
def interrupted(dada, monkeypatch):
    """Runs a command until its progress bar has advanced so often; returns what it offers next."""

    def run(command, steps):
        def advance(self):
            nonlocal steps
            steps -= 1
            if steps < 0:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(Bar, "advance", advance)
            result = dada(command)
        assert (result.code, result.err) == (130, ""), result
        offered = re.search(r"^stopped.*; resume with: dada (.*)$", result.out, re.M)[1]
        return shlex.split(offered)

    return run


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ("--seed 3 --epochs 2 --cutout 2", 12),
        ("--preset step --epochs 3 --side 16 --keep 5 --set views=2", 5),
    ],
)
def test_a_search_ends_with_the_same_policy(dada, interrupted, options, steps):
    command = f"{SEARCH} {options}"
    assert dada(f"{command} -o whole").code == 0
    assert interrupted(f"{command} -o 'my run'", steps) == ["search", "--resume", "my run"]
    result = dada(["search", "my run", "--resume"])  # in the other order
    assert result.code == 0, result.err
    assert Path("my run/policy.json").read_bytes() == Path("whole/policy.json").read_bytes()


def test_a_comparison_knows_its_policies_and_seeds(dada, interrupted, run):
    policies = "--policy dada-svhn --policy run"
    command = COMPARE.replace("--seeds 1", "--seeds 2") + f" {policies} --set balance=true"
    assert dada(f"{command} -o whole").code == 0
    offered = interrupted(f"{command} -o stopped", 5)
    assert offered == ["compare", "--resume", "stopped"]
    shutil.rmtree(run)  # its policy is in the comparison's config
    result = dada(offered)
    assert result.code == 0, result.err
    found = [json.loads(Path(f, "comparison.json").read_text()) for f in ("whole", "stopped")]
    errors = [[row["errors"] for row in comparison["rows"]] for comparison in found]
    assert errors[0] == errors[1] and len(errors[0][0]) == 2
    result = dada("compare --resume stopped --seeds 3 --json more.json")
    assert result.code == 0, result.err
    assert all(len(row["errors"]) == 3 for row in json.loads(Path("more.json").read_text())["rows"])
    check_refused(dada("compare --resume stopped --policy dada-svhn"), "policies")


@pytest.mark.parametrize("policy", ["none", "uniform", "randaugment", "dada-svhn"])
def test_a_training_knows_its_recipe_policy_and_seed(dada, interrupted, policy):
    command = f"{TRAINING} --policy {policy} --seed 2 --set ema=0.5"
    assert dada(f"{command} -o whole").code == 0
    offered = interrupted(f"{command} -o stopped", 4)
    assert offered == ["train", "--resume", "stopped"]
    result = dada(offered)
    assert result.code == 0, result.err
    last = [torch.load(f"{run}/last.pt", weights_only=True) for run in ("whole", "stopped")]
    assert all(torch.equal(last[0][name], last[1][name]) for name in last[0])
    check_refused(dada("train --resume stopped --seed 1"), "was started with seed = 2, not 1")
    check_refused(dada("train --resume stopped --lr 0.5"), "settings.lr = 0.1, not 0.5")


def test_photographs_some_of_which_cannot_be_read(dada, interrupted, fill):
    fill(Path("photos"))
    fill(Path("photos"), ["rare"], count=2)
    for name in ("temple/0", "flower/1"):
        Path(f"photos/{name}.png").write_bytes(b"no picture")
    for command in (
        f"search photos {SMALL} --set images=20 -o some",
        f"search photos {SMALL} --root . -o all",
        f"compare photos {TRAIN} --set images=20 --seeds 1 --side 24 -o compared",
    ):
        offered = interrupted(command, 3)
        assert ("--root" in offered) == ("--root" in command)
        result = dada(offered)
        assert result.code == 0, result.err


def test_arrays_of_a_size_that_was_asked_for(dada, interrupted):
    images = np.random.default_rng(0).integers(0, 256, (60, 20, 20, 3), dtype=np.uint8)
    np.savez("some.npz", x_train=images, y_train=np.arange(60) % 2)
    for options in ("--side 16", ""):
        offered = interrupted(f"search some.npz {SMALL} {options} -o 'run{options}'", 3)
        assert dada(offered).code == 0
    config = json.loads(Path("run--side 16/config.json").read_text())
    assert config["data"]["side"] == [16, 16]


def test_data_that_moved(dada, interrupted, fill):
    fill(Path("photos"))
    interrupted(f"search photos {SMALL} --seed 5 -o run", 3)
    Path("photos").rename("elsewhere")
    check_refused(dada("search --resume run"), "its images are no longer at photos: say where")
    offered = interrupted("search elsewhere -o run --resume", 3)
    assert offered == ["search", "elsewhere", "-o", "run", "--resume"]
    assert dada(offered).code == 0
    assert json.loads(Path("run/config.json").read_text())["settings"]["seed"] == 5


def test_what_came_from_python_is_resumed_there(dada):
    pairs = [(np.full((8, 8), 9 * n, np.uint8), n % 2) for n in range(20)]
    quick = {"model": "wrn-10-1", "epochs": 1, "out": "run"}
    package.train(pairs, **quick)
    check_refused(dada("train --resume run"), "run: its images came from Python")
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    package.train("digits", **quick | {"out": "own", "model": network, "images": 40})
    check_refused(
        dada("train --resume own"), "own was started from Python with a network, Sequential: resume"
    )
    loss = nn.CrossEntropyLoss(reduction="none")
    package.train("digits", **quick | {"out": "loss", "images": 40, "loss": loss})
    check_refused(dada("train --resume loss"), "loss was started from Python with a loss")


def test_a_run_of_an_older_release(dada, interrupted):
    """Without checksums, and without what is written down for this purpose."""
    interrupted(f"{COMPARE} -o run", 5)
    config = json.loads(Path("run/config.json").read_text())
    for name in ("checksum", "seeds"):
        del config[name]
    Path("run/config.json").write_text(json.dumps(config))
    assert dada("compare --resume run --seeds 1").code == 0


def test_an_image_folder_with_a_config_of_its_own_is_data(dada, fill):
    fill(Path("photos"))
    Path("photos/config.json").write_text('{"model": "of somebody else"}')
    check_refused(dada("search photos --resume"), "no run in runs/photos")


OLDER = Path(__file__).parents[1] / "runs" / "older"


def test_the_settings_of_an_older_release_are_understood(dada):
    """As 0.2 wrote them: `horizon` by name, `settled`, and all those of another method."""
    Path("run").mkdir()
    shutil.copy(OLDER / "0.2.0" / "steps" / "config.json", "run/config.json")
    result = dada("search --resume run --json policy.json")
    assert result.code == 0, result.err
    provenance = json.loads(Path("policy.json").read_text())["provenance"]
    assert provenance["settings"]["keep"] == 25 and provenance["settings"]["epochs"] == 3
    assert provenance["settings"]["horizon"] == 0 and provenance["method"] == "DADA"
    check_refused(
        dada("search --resume run --set settled=0.5"), "was started with", "0.02, not 0.5"
    )


def test_trials_of_an_older_release_are_refused_in_a_line(dada):
    for release in ("0.2.0", "0.3.0"):
        shutil.copytree(OLDER / release / "trials", release)
        for command in (f"search --resume {release}", f"search digits -o {release} --resume"):
            check_refused(dada(command), f"{release}: its trials were begun by another release")
