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
or finished; a training stopped after two of three epochs, a comparison after three of five
trainings, a search by random policies after one of two rounds."""


def copied(release, name, tmp_path):
    return RunFolder(shutil.copytree(OLDER / release / name, tmp_path / "run"))


STOPPED = [
    ("0.2.0", "steps", 1),
    ("0.2.0", "training", 1),
    ("0.2.0", "comparison", 2),
    ("0.3.0", "steps", 1),
    ("0.3.0", "random", 1),
]


@pytest.mark.parametrize(("release", "name", "left"), STOPPED)
def test_a_run_of_an_older_release_is_resumed(release, name, left, tmp_path):
    run, job = copied(release, name, tmp_path), OLDER / release / name
    before, recalled = run.events, recall(run.path)
    given = recalled.arguments | ({"seeds": 1} if recalled.kind == "compare" else {})
    getattr(dada, recalled.kind)(**given, out=run.path, resume=True)
    *after, finish = run.events
    assert finish["event"] == "finish" and after[: len(before)] == before
    assert len(after) - len(before) == left
    assert run.config == RunFolder(job).config, "it stays as it was written"


def test_a_search_that_an_older_release_stopped_finds_what_that_would_have_found(tmp_path):
    """Up to what another machine rounds differently."""
    run = copied("0.3.0", "steps", tmp_path)
    found = dada.search(**recall(run.path).arguments, out=run.path, resume=True)
    expected = dada.load_policy(OLDER / "0.3.0" / "steps-finished")
    assert [s.weight for s in found.sub_policies] == [s.weight for s in expected.sub_policies]
    for one, other in zip(found.sub_policies, expected.sub_policies, strict=True):
        for mine, its in zip(one.operations, other.operations, strict=True):
            assert (mine.name, mine.spread) == (its.name, its.spread)
            assert mine.probability == pytest.approx(its.probability, abs=1e-5)
            assert mine.magnitude == pytest.approx(its.magnitude, abs=1e-5)


def test_a_finished_search_of_an_older_release_is_left_at_that(tmp_path):
    run = copied("0.3.0", "steps-finished", tmp_path)
    policy, events = (run.path / "policy.json").read_bytes(), run.events
    found = dada.search(**recall(run.path).arguments, out=run.path, resume=True)
    expected = dada.load_policy(OLDER / "0.3.0" / "steps-finished")
    assert found.sub_policies == expected.sub_policies
    assert run.events == events and (run.path / "policy.json").read_bytes() == policy


TRIALS = [("0.2.0", "trials"), ("0.3.0", "trials"), ("0.3.0", "trials-finished")]


@pytest.mark.parametrize(("release", "name"), TRIALS)
def test_trials_of_an_older_release_are_not_mixed_with_todays(release, name, tmp_path):
    """They were of other images, or drew other random numbers. The run stays as it is, and can be
    reported and used."""
    run = copied(release, name, tmp_path)
    before = {path.name: path.read_bytes() for path in run.path.iterdir()}
    given = {"operations": ("Rotate", "Invert"), "images": 40, "model": "proxy-1"}
    for arguments in (recall(run.path).arguments, {"data": "digits", **given}):
        with pytest.raises(UserError, match="finish the search with that release") as caught:
            dada.search(**arguments, out=run.path, resume=True)
        assert "\n" not in str(caught.value)
    assert {path.name: path.read_bytes() for path in run.path.iterdir()} == before


@pytest.mark.parametrize(("release", "name"), TRIALS)
def test_trials_of_an_older_release_are_read(release, name, tmp_path):
    run = copied(release, name, tmp_path)
    text = dada.write_report(run.path).read_text()
    assert "The effect of each operation" in text and dada.load_policy(run.path).sub_policies
    assert "rounds, which take the two halves of the images in turn" in text
    assert ("How often to apply it" in text) == (name == "trials-finished")
    assert "Weak or strong" not in text, "nobody asked"


@pytest.mark.parametrize("name", ["steps", "steps-finished"])
def test_steps_of_an_older_release_are_read(name, tmp_path):
    text = dada.write_report(copied("0.3.0", name, tmp_path).path).read_text()
    assert "estimator critic" in text and "The effect of each operation" not in text
    assert ("This search is not finished" in text) == (name == "steps")
