"""Comparisons within a budget, from end to end, and how they are resumed."""

from dataclasses import replace

import pytest

from dada.comparison import compare, pace
from dada.errors import UserError
from dada.runs import Callback, RunFolder
from dada.runs.recall import recall

FIXED = {"model": "wrn-10-1", "batch": 50, "precision": "float32"}


@pytest.fixture
def rehearsals(monkeypatch):
    """Rehearsals on a machine of known speed; the list of their networks."""
    made = []

    def timed(bench, methods):
        made.append(bench.settings.model)
        return [0.0, 1e-3, 1e-4, *[0.0] * len(methods)]  # a millisecond per image

    monkeypatch.setattr(pace, "_timed", timed)
    return made


def config(folder):
    return RunFolder.open(folder).config


def test_a_comparison_that_fits_half_an_hour_is_as_it_was(digits, rehearsals, tmp_path):
    """The same settings in the config, and nothing of a plan."""
    few = {**FIXED, "images": 20, "batch": 20, "seeds": 1}
    compare(digits, out=tmp_path / "open", **few, epochs=None)
    compare(digits, out=tmp_path / "set", **few, epochs=60)
    assert rehearsals == ["wrn-10-1"], "none where all is set"
    opened, fixed = config(tmp_path / "open"), config(tmp_path / "set")
    del opened["data"]["notes"], fixed["data"]["notes"]
    assert opened == fixed and not {"plan", "budget", "stop_early"} & set(opened)


def test_a_budget_is_kept_and_resumed_as_it_was(digits, rehearsals, tmp_path):
    """20 images for 60 epochs take 1.2 s by the rehearsal, so that 15 trainings take 18 s."""

    class Stop(Callback):
        def on_record(self, record):
            raise KeyboardInterrupt

    given = {**FIXED, "images": 20, "batch": 20, "policies": ["dada-svhn"]}
    with pytest.raises(KeyboardInterrupt):
        compare(digits, out=tmp_path, budget="12s", callback=Stop(), **given)
    begun = config(tmp_path)
    assert begun["budget"] == 12 and begun["stop_early"] and begun["seeds"] == 3
    assert begun["settings"]["epochs"] == begun["plan"]["settings"]["epochs"] < 60
    assert begun["settings"]["images"] == 20
    note = next(note for note in begun["data"]["notes"] if note.startswith("budget of 12 s"))
    assert (
        f"wrn-10-1 on 20 of 1,437 images of 8 × 8 pixels, {begun['settings']['epochs']} ep" in note
    )
    made = len(rehearsals)
    result = compare(digits, out=tmp_path, resume=True, **given)
    assert len(rehearsals) == made, "no new rehearsal"
    assert config(tmp_path) == begun
    assert result["epochs"] == begun["settings"]["epochs"] and len(result["seeds"]) == 3
    recalled = recall(tmp_path, "digits").arguments
    assert "epochs" not in recalled, "chosen by the run itself"
    with pytest.raises(UserError, match="started with 12 s, and keeps its size: leave budget="):
        compare(digits, out=tmp_path, resume=True, budget="1m", **given)


def test_rows_and_resolution_are_chosen_for_the_rest_of_the_run(digits, rehearsals, tmp_path):
    result = compare(digits, ["dada-svhn"], out=tmp_path, budget=1.0, images=30, model="wrn-10-1")
    names = [row["name"] for row in result["rows"]]
    assert names == ["crop", "policy dada-svhn", "uniform policy"]
    assert config(tmp_path)["plan"]["rows"] == names
    assert result["epochs"] == 15, "a quarter, and no less"
    *_, chosen, _, missing = config(tmp_path)["data"]["notes"]
    assert "more than the budget" in chosen
    assert missing == "no time for the rows 'RandAugment', 'TrivialAugment'"
    again = compare(digits, ["dada-svhn"], out=tmp_path, resume=True, images=30, model="wrn-10-1")
    assert [row["name"] for row in again["rows"]] == names


def test_a_run_without_a_budget_keeps_to_that(digits, tmp_path):
    few = {**FIXED, "images": 60, "epochs": 1}
    compare(digits, out=tmp_path, seeds=1, **few)
    result = compare(digits, out=tmp_path, resume=True, **few)
    assert len(result["seeds"]) == 1, "as many as it was started with"
    with pytest.raises(UserError, match="started without a budget"):
        compare(digits, out=tmp_path, resume=True, budget="1m", **few)


@pytest.mark.parametrize("budget", [0, "-1m", "soon", float("nan")])
def test_no_time_is_refused(digits, tmp_path, budget):
    with pytest.raises(UserError, match="must be a time above 0"):
        compare(digits, out=tmp_path / "run", budget=budget)
    assert not (tmp_path / "run").exists()


TINY = {**FIXED, "images": 40, "batch": 20, "epochs": 1, "policies": ["dada-svhn"]}


def errors(result):
    return {row["name"]: row["errors"] for row in result["rows"]}


def differences(result):
    return [
        (row["difference"], row["difference_interval"], row["interval"]) for row in result["rows"]
    ]


def test_seeds_that_are_added_are_as_if_asked_for_at_once(digits, tmp_path):
    at_once = compare(digits, out=tmp_path / "once", seeds=5, **TINY)
    compare(digits, out=tmp_path / "run", seeds=2, **TINY)
    made = []

    class Count(Callback):
        def on_record(self, record):
            made.append((record["row"], record["seed"]))

    added = compare(digits, out=tmp_path / "run", add_seeds=1, callback=Count(), **TINY)
    assert added["seeds"] == [0, 1, 2] and {seed for _, seed in made} == {2}
    added = compare(digits, out=tmp_path / "run", add_seeds=2, callback=Count(), **TINY)
    assert len(made) == len(set(made)) == 3 * len(added["rows"]), "nothing is repeated"
    assert errors(added) == errors(at_once) and differences(added) == differences(at_once)
    assert config(tmp_path / "run")["seeds"] == 5


def test_added_seeds_that_are_interrupted_are_resumed(digits, tmp_path):
    class Stop(Callback):
        def on_record(self, record):
            raise KeyboardInterrupt

    compare(digits, out=tmp_path, seeds=1, **TINY)
    with pytest.raises(KeyboardInterrupt):
        compare(digits, out=tmp_path, add_seeds=2, callback=Stop(), **TINY)
    assert compare(digits, out=tmp_path, resume=True, **TINY)["seeds"] == [0, 1, 2]


@pytest.fixture
def certain(monkeypatch):
    """Answers are certain after the second seed."""

    def why(asked, wrong, seeds):
        return (
            "after 2 seeds, as the answer is certain" if len(wrong["crop"]) == 2 < seeds else None
        )

    monkeypatch.setattr("dada.comparison.work.why_stop", why)


def test_a_comparison_that_is_stopped_says_so_and_stays_so(digits, tmp_path, certain):
    result = compare(digits, out=tmp_path, seeds=4, stop_early=True, **TINY)
    assert result["seeds"] == [0, 1] and "certain" in result["stopped"]
    assert all(len(row["errors"]) == 2 for row in result["rows"])
    run = RunFolder.open(tmp_path)
    assert run.read_json("comparison.json") == result
    assert run.events[-1]["reason"] == result["stopped"]
    assert (
        "Stopped after 2 seeds, as the answer is certain." in (tmp_path / "report.html").read_text()
    )
    assert compare(digits, out=tmp_path, resume=True, **TINY) == result
    whole = compare(digits, seeds=4, **TINY)
    added = compare(digits, out=tmp_path, add_seeds=2, **TINY)
    assert errors(added) == errors(whole) and "stopped" not in added


def test_seeds_that_were_asked_for_are_all_made(digits, certain):
    assert "stopped" not in compare(digits, seeds=3, **TINY)


def test_a_seed_that_there_is_no_time_for_is_left_for_later(digits, tmp_path, monkeypatch):
    monkeypatch.setattr("dada.deadline.Deadline.left", lambda self: -1e3)
    result = compare(digits, out=tmp_path, seeds=3, budget=60.0, **TINY)
    assert result["seeds"] == [0] and "as the time is spent" in result["stopped"]
    assert config(tmp_path)["seeds"] == 3
    monkeypatch.undo()
    assert compare(digits, out=tmp_path, resume=True, **TINY)["seeds"] == [0, 1, 2]


def test_more_seeds_of_nothing_are_refused(digits, tmp_path):
    with pytest.raises(UserError, match="no run in"):
        compare(digits, out=tmp_path / "run", add_seeds=1, **TINY)
    assert not (tmp_path / "run").exists()
    with pytest.raises(UserError, match="no comparison to add seeds to"):
        compare(digits, out=tmp_path, add_seeds=1, **TINY)
    with pytest.raises(UserError, match="name the folder"):
        compare(digits, add_seeds=1, **TINY)
    for wrong in ({"add_seeds": -1}, {"add_seeds": 1, "seeds": 3}):
        with pytest.raises(UserError, match="more seeds"):
            compare(digits, out=tmp_path, **wrong, **TINY)


def test_a_setting_that_is_given_again_must_be_the_runs(digits, rehearsals, tmp_path):
    given = {**FIXED, "images": 20, "batch": 20}
    compare(digits, out=tmp_path, budget=1.0, **given)
    assert config(tmp_path)["settings"]["epochs"] == 15
    with pytest.raises(UserError, match=r"started with settings\.epochs = 15, not 60"):
        compare(digits, out=tmp_path, resume=True, epochs=60, **given)


def test_images_are_shrunk_as_asked(digits, tmp_path):
    images = digits.train.images.repeat_interleave(2, 2).repeat_interleave(2, 3)
    tests = digits.test.images.repeat_interleave(2, 2).repeat_interleave(2, 3)
    large = replace(
        digits, train=replace(digits.train, images=images), test=replace(digits.test, images=tests)
    )
    given = {**TINY, "seeds": 1, "cutout": 0}
    small = compare(large, out=tmp_path, pixels=8, **given)
    assert errors(small) != errors(compare(large, **given))
    assert (
        config(tmp_path)["data"]["side"] == [16, 16]
        and config(tmp_path)["settings"]["padding"] == 1
    )
    assert "--set pixels=8" in (tmp_path / "report.html").read_text()
    assert compare(large, out=tmp_path, resume=True, **given) == small
    with pytest.raises(UserError, match="started with pixels = 8, not 9"):
        compare(large, out=tmp_path, resume=True, pixels=9, **given)
    with pytest.raises(UserError, match="pixels 7: must be at least 8"):
        compare(large, pixels=7, **given)
