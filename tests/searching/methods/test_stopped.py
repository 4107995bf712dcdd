"""A search by any method that is stopped and resumed ends as one that was not, to the last bit."""

import pytest

import dada
from dada.runs import RunFolder
from dada.searching import METHODS
from tests.searching.trials import ARMS, FEW, StopAfter

METHOD_AND_ROUND = [
    ({**ARMS}, 1),
    ({**ARMS}, 3),
    ({**ARMS, "horizon": 0.5}, 1),
    ({"method": "random", "policies": 2}, 1),
    ({"method": "randaugment", "numbers": (1,), "strengths": (0.1, 0.9)}, 1),
    ({"method": "autoaugment", "children": 5, "children_per_update": 2}, 2),
    ({"method": "fast_autoaugment", "folds": 2, "trials": 12, "size": 2}, 1),
    ({"method": "fast_autoaugment", "folds": 2, "trials": 12, "size": 2}, 2),
    ({"method": "faster_autoaugment", "sub_policies": 2, "epochs": 3}, 2),
    ({"method": "pba", "trials": 4, "epochs": 5, "interval": 2}, 1),
]


def test_every_method_is_here():
    assert {given.get("method", "dada") for given, _ in METHOD_AND_ROUND} == set(METHODS)


@pytest.mark.usefixtures("without_ray", "learned")
@pytest.mark.parametrize(("given", "rounds"), METHOD_AND_ROUND)
def test_a_stopped_search_goes_on_to_the_same_bytes(digits, tmp_path, monkeypatch, given, rounds):
    monkeypatch.setattr("dada.searching.work.write_page", lambda folder: None)
    given = {**FEW, **given}
    dada.search(digits, out=tmp_path / "whole", **given)
    with pytest.raises(KeyboardInterrupt):
        dada.search(digits, out=tmp_path / "part", callback=StopAfter(rounds), **given)
    assert len(RunFolder.open(tmp_path / "part").events) == 1 + rounds
    dada.search(digits, out=tmp_path / "part", resume=True, **given)
    dada.search(digits, out=tmp_path / "other", **{**given, "seed": 1})
    whole, part, other = (found(tmp_path / name) for name in ("whole", "part", "other"))
    assert whole == part
    assert whole != other, "the seed matters"


def found(folder):
    """The policy's bytes, and the records without what depends on the time of day."""
    events = [event for event in RunFolder.open(folder).events if event["event"] == "epoch"]
    timed = ("seconds", "checksum", "policy_checksum", "time")
    plain = [{name: value for name, value in e.items() if name not in timed} for e in events]
    return (folder / "policy.json").read_bytes(), plain
