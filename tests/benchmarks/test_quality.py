"""The study's own arithmetic, and what it leaves as it is."""

from argparse import Namespace

import pytest
from scipy import stats

from benchmarks.quality.study import Study
from benchmarks.quality.table import certain, wins
from dada.runs import RunFolder


def test_wins_by_hand():
    errors = {"a": [0.1, 0.3], "b": [0.2, 0.3], "c": [0.3, 0.1]}
    # a: better than b and c from seed 0; as good as b and worse than c from seed 1
    assert wins("a", errors) == (1 + 1 + 0.5 + 0) / 4
    assert sum(wins(name, errors) for name in errors) == 3 / 2
    assert wins("alone", {"alone": [0.1]}) == 0


def test_trainings_that_share_a_search_are_not_taken_for_independent():
    """Seeds 0, 2 and 1, 3 agree because they share a search: two values, not four."""
    errors, none = [0.10, 0.20, 0.11, 0.21], [0.3, 0.3, 0.3, 0.3]
    found = certain(errors, none, 2)
    expected = stats.t.ppf(0.975, 1) * 0.10 / 2  # of the means 0.105 and 0.205
    assert found["interval"] == found["difference_interval"] == pytest.approx(expected)
    assert found["mean"] == pytest.approx(0.155) and found["errors"] == errors
    alone = certain(errors, none, None)
    assert alone["interval"] < found["interval"]
    assert certain(errors, none, 4) == alone, "a search each"


def test_what_is_done_is_not_done_again(tmp_path, monkeypatch):
    done = []

    def dada(study, verb, *words, out):
        """What the command line leaves behind."""
        done.append(f"{verb} {out.name}")
        out.mkdir(parents=True, exist_ok=True)
        if verb == "train":
            (out / "result.json").write_text('{"test_error": 0.1, "seconds": 2}')
        else:
            RunFolder(out).add_event({"event": "epoch", "seconds": 3})
            RunFolder(out).add_event({"event": "finish"})

    monkeypatch.setattr(Study, "dada", dada)
    options = Namespace(
        data="digits",
        size="few",
        rows=["none", "ours"],
        seeds=2,
        searches=1,
        jobs=1,
        device="cpu",
        folder=tmp_path,
    )
    table = Study(options).run()
    trainings = ["train none-0", "train ours-0", "train none-1", "train ours-1"]
    assert done == ["search ours-0", *trainings]
    assert table["none"]["errors"] == [0.1, 0.1] and "search_seconds" not in table["none"]
    assert table["ours"]["search_seconds"] == [3] and table["ours"]["seconds"] == 2
    assert Study(options).run() == table and len(done) == 5

    folder = tmp_path / "digits" / "few"
    RunFolder(folder / "search" / "ours-0").keep_events([{"event": "epoch", "seconds": 3}])
    (folder / "train" / "ours-1" / "result.json").unlink()
    Study(options).run()
    assert done[5:] == ["search ours-0", "train ours-1"], "what is missing"
