"""Runs of older releases are resumed to the same end."""

import io
import json
import shutil
from pathlib import Path

import pytest
import torch

import dada
from dada.errors import UserError
from dada.runs import RunFolder, recall
from tests.torture.jobs import finish, judged, start
from tests.torture.part import part


def stripped(path):
    """The file as an older release wrote it."""
    if path.suffix == ".pt":
        memory = io.BytesIO()
        torch.save(torch.load(path, weights_only=True), memory)
        path.write_bytes(memory.getvalue())
    elif path.suffix in (".json", ".jsonl") and path.name != "policy.json":
        lines = path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()]
        objects = [json.loads(line) for line in lines]
        for thing in objects:
            del thing["checksum"]
        path.write_text("".join(json.dumps(thing) + "\n" for thing in objects))


@pytest.mark.parametrize("name", ["by_steps", "comparison"])
def test_a_run_without_checksums_is_resumed(name, tmp_path):
    run = part(name, tmp_path)
    for path in run.iterdir():
        stripped(path)
    (run / "checkpoint-before.pt").unlink(missing_ok=True)
    (run / "run.lock").unlink()
    assert judged(name, finish(start(name, run, resume=True)), run, tmp_path) == "same"


OLDER = Path(__file__).parent / "older"
"""Digits, 40 images and a tiny network: a search stopped after two of three epochs or four rounds,
a training after two of three epochs, a comparison after three of five trainings."""


@pytest.mark.parametrize("name", ["steps", "training", "comparison"])
@pytest.mark.parametrize("release", ["0.2.0"])
def test_a_run_of_an_older_release_is_resumed(release, name, tmp_path):
    job = OLDER / release / name
    run = RunFolder(shutil.copytree(job, tmp_path / "run"))
    before, recalled = run.events, recall(run.path)
    given = recalled.arguments | ({"seeds": 1} if recalled.kind == "compare" else {})
    getattr(dada, recalled.kind)(**given, out=run.path, resume=True)
    *after, finish = run.events
    assert finish["event"] == "finish" and after[: len(before)] == before
    assert len(after) - len(before) == (2 if name == "comparison" else 1)
    assert run.config == RunFolder(job).config, "it stays as it was written"


def test_trials_of_an_older_release_are_not_mixed_with_todays(tmp_path):
    """They drew other random numbers. The run stays as it is, and can be reported and used."""
    run = RunFolder(shutil.copytree(OLDER / "0.2.0" / "trials", tmp_path / "run"))
    before = {path.name: path.read_bytes() for path in run.path.iterdir()}
    with pytest.raises(UserError, match="finish the search with that release"):
        dada.search(**recall(run.path).arguments, out=run.path, resume=True)
    assert {path.name: path.read_bytes() for path in run.path.iterdir()} == before
    page = dada.write_report(run.path).read_text()
    assert "The effect of each operation" in page and dada.load_policy(run.path).sub_policies
