"""How good a search is: what it must not see, the arithmetic, and what is not done twice."""

import json
from argparse import ArgumentTypeError
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats

from benchmarks.page.search_quality import search_quality as page
from benchmarks.search_quality import __main__ as command
from benchmarks.search_quality import policy, rank, scale, trainings
from benchmarks.search_quality.rows import row_of
from benchmarks.search_quality.splits import Sizes, parts_of
from benchmarks.search_quality.statistics import crossed
from benchmarks.search_quality.store import Store
from dada.datasets import Dataset, ImageSet
from dada.errors import UserError
from dada.policy import Operation, Policy, Scale, SearchSpace, SubPolicy
from dada.searching import make_settings
from dada.searching.problem import problem_of
from dada.searching.trials import Fold, Trials
from dada.training.augmentations import policy_method

CPU = torch.device("cpu")
SIZES = Sizes(searches=2, search_images=20, sets=3, set_images=10, judges=20)


def numbered(count, channels=3):
    """Images of two classes, each with its number as its first pixel's value."""
    images = torch.zeros(count, channels, 8, 8, dtype=torch.uint8)
    images[:, 0, 0, 0] = torch.arange(count)
    train = ImageSet(images, torch.arange(count) % 2)
    test = ImageSet(255 - images[:20], train.labels[:20])
    return Dataset("numbered", train, test, ("a", "b"), validation=train)


def numbers(images):
    return set(images.images[:, 0, 0, 0].tolist())


def test_no_search_sees_what_is_trained_on_or_judges():
    parts = parts_of(numbered(100), SIZES)
    searches = [numbers(data.train) for data in parts.searches]
    others = [*map(numbers, parts.fresh), numbers(parts.judges)]
    everything = [*searches, *others]
    assert list(map(len, everything)) == [20, 20, 10, 10, 10, 20]
    assert len(set.union(*everything)) == sum(map(len, everything)), "disjoint"
    for data, seen in zip(parts.searches, searches, strict=True):
        assert numbers(data.test) <= seen and data.validation is None
        assert data.train.labels.bincount().tolist() == [10, 10]
    assert parts.eligible(0) == [0, 1] and parts.groups(3) == [[0, 1, 2]]


def test_more_sets_leave_those_before_as_they_are():
    few, more = (parts_of(numbered(100), replace(SIZES, sets=sets)) for sets in (3, 4))
    assert list(map(numbers, more.fresh))[:3] == list(map(numbers, few.fresh))
    for one, other in zip(few.searches, more.searches, strict=True):
        assert numbers(one.train) == numbers(other.train)


def test_with_few_images_a_policy_is_never_tried_on_what_its_search_saw():
    parts = parts_of(numbered(60), replace(SIZES, sets=4))
    assert not parts.apart and "two halves" in parts.in_words()
    for number, fresh in enumerate(parts.fresh):
        assert parts.eligible(number)
        for search in parts.eligible(number):
            assert not numbers(fresh) & numbers(parts.searches[search].train)
    assert numbers(parts.judges) == numbers(parts.test) and parts.groups(4) == [[0, 2], [1, 3]]
    with pytest.raises(UserError, match="an even number of both"):
        parts_of(numbered(60), SIZES)
    with pytest.raises(UserError, match="even number"):
        rank.jobs_of(numbered(60), parts, "proxy-4", rounds=3, epochs=1)


def test_sizes_and_labels_that_do_not_fit_are_refused():
    with pytest.raises(UserError, match="multiples of a fresh set's 10 images"):
        parts_of(numbered(100), replace(SIZES, search_images=25))
    several = replace(numbered(100).train, labels=torch.zeros(100, 2))
    with pytest.raises(UserError, match="several labels"):
        parts_of(Dataset("several", several, several, ("a", "b")), SIZES)


def test_trainings_on_many_images_have_none_that_searches_saw_while_there_are_enough():
    data = numbered(100)
    parts = parts_of(data, SIZES)
    seen = set.union(*(numbers(search.train) for search in parts.searches))
    sets = [numbers(images) for images in scale.sets_of(data, parts, 20, seeds=4)]
    assert [len(images) for images in sets] == [20] * 4 and not set.union(*sets) & seen
    assert not sets[0] & sets[1] and sets[3] == sets[0], "three sets of 20 in 60"
    assert all(len(images) == 100 for images in scale.sets_of(data, parts, 100, seeds=2))
    for images, words in ((80, "searches leave fewer"), (200, "there are 100 in all")):
        with pytest.raises(UserError, match=words):
            scale.sets_of(data, parts, images, seeds=1)
    halves = parts_of(numbered(60), replace(SIZES, sets=4))
    with pytest.raises(UserError, match="too few"):
        scale.sets_of(numbered(60), halves, 60, seeds=1)


def test_an_interval_over_sets_alone_is_students():
    table = np.random.default_rng(0).normal(size=(7, 1))
    low, high = stats.ttest_1samp(table[:, 0], 0).confidence_interval()
    assert crossed(table) == pytest.approx(((low + high) / 2, (high - low) / 2))
    assert crossed(table[:1]).interval is None


def test_two_halves_have_welchs_interval():
    generator = np.random.default_rng(0)
    a, b = generator.normal(size=(6, 1)), generator.normal(1, 3, size=(4, 1))
    low, high = stats.ttest_ind(a[:, 0], -b[:, 0], equal_var=False).confidence_interval()
    assert crossed(a, b) == pytest.approx(((low + high) / 4, (high - low) / 4))


def test_intervals_over_sets_and_searches_hold_the_truth_as_often_as_they_say():
    """Statistical, with a fixed seed: 1000 studies, so one standard error is 0.7 points."""
    generator = np.random.default_rng(0)
    held = 0
    for _ in range(1000):
        sets, searches = generator.normal(size=(12, 1)), generator.normal(size=(1, 4))
        mean, half = crossed(sets + searches + generator.normal(size=(12, 4)))
        held += abs(mean) <= half
    assert 0.925 < held / 1000 < 0.985


def stored(tmp_path, jobs, value):
    store = Store(tmp_path / "results.jsonl")
    for place, job in jobs.items():
        store.add(job.key, value(place))
    return store


def test_differences_of_errors_are_paired_by_set_and_search(tmp_path):
    parts = parts_of(numbered(100), SIZES)
    plain, found = policy_method(Policy.none()), policy_method(SearchSpace().uniform())
    methods = {"none": [plain], "ours": [found, plain]}
    jobs = policy.jobs_of(methods, parts, "proxy-4", epochs=1)
    assert len(jobs) == 3 * (1 + 2) and {job.seed for job in jobs.values()} == {0, 1, 2}

    def value(place):  # sets differ by 10 points; ours is better by 1 or 3 under its searches
        gain = (0.01, 0.03)[place.search] if place.row == "ours" else 0
        return {"error": 0.5 + place.number / 10 - gain}

    store = stored(tmp_path, jobs, value)
    table = policy.table_of(jobs, parts, store, ["none", "uniform"])
    assert table["none"]["error"]["mean"] == pytest.approx(60)
    assert table["ours"]["by_search"] == pytest.approx([59, 57])
    assert table["ours"]["less none"]["mean"] == pytest.approx(-2)
    over_searches = stats.t.ppf(0.975, 1) * 1  # of the means 1 and 3
    assert table["ours"]["less none"]["interval"] == pytest.approx(over_searches)
    assert "less uniform" not in table["ours"] and "less none" not in table["none"]


def test_a_scales_differences_allow_for_shared_searches(tmp_path):
    data = numbered(100)
    parts = parts_of(data, SIZES)
    plain = policy_method(Policy.none())
    methods = {"none": [plain], "ours": [policy_method(SearchSpace().uniform()), plain]}
    sizes = [scale.Size(20, 2), scale.Size(10, 3)]
    jobs = scale.jobs_of(methods, data, parts, "proxy-4", sizes, seeds=4)

    def value(place):
        gain = (0.01, 0.03)[place.seed % 2] if place.row == "ours" else 0
        return {"error": 0.5 + place.seed / 10 - gain, "train_loss": place.size.images}

    small, large = scale.table_of(jobs, methods, stored(tmp_path, jobs, value), ["none"])
    assert (small["images"], large["images"], large["epochs"], large["seeds"]) == (10, 20, 2, 4)
    gap = large["rows"]["ours"]["less none"]
    assert gap["mean"] == pytest.approx(-2)
    assert gap["interval"] == pytest.approx(stats.t.ppf(0.975, 1)), "two searches, not four seeds"
    assert small["rows"]["ours"]["train_loss"] == 10


def test_the_reference_is_what_operations_save_and_searches_are_ranked_against_it(tmp_path):
    data = numbered(100)
    parts, names = parts_of(data, SIZES), rank.operations(data)
    jobs = rank.jobs_of(data, parts, "proxy-4", rounds=2, epochs=1)
    assert all(job.judges is parts.judges for job in jobs.values())

    def value(place):  # each operation saves a little more than the one before
        return {"loss": 2.0 if place.name == "none" else 2.0 * 0.99 ** names.index(place.name)}

    truth = rank.reference(jobs, data, stored(tmp_path, jobs, value))
    expected = -np.log(0.99) * np.arange(len(names))
    np.testing.assert_allclose(truth, [expected, expected])
    right = {name: float(n) for n, name in enumerate(names)}
    wrong = {name: -n for name, n in right.items()}
    searches = {
        "right": [{"effects": right}, {"effects": right}],
        "mixed": [{"effects": right}, {"effects": wrong}],
    }
    rows = rank.table_of(searches, data, parts, truth)["rows"]
    assert rows["right"]["searches"] == pytest.approx([1, 1])
    assert rows["right"]["spearman"] == pytest.approx(1)
    assert rows["right"]["standard_error"] == pytest.approx(0, abs=1e-12)
    assert rows["mixed"]["searches"] == pytest.approx([1, -1])
    # the mean of two that are 1 or -1 by chance
    assert rows["mixed"]["standard_error"] == pytest.approx(0.5**0.5, abs=0.02)


def test_a_search_is_not_ranked_by_trainings_on_its_own_half():
    data = numbered(60)
    parts = parts_of(data, replace(SIZES, sets=4))
    names = rank.operations(data)
    up = np.arange(len(names), dtype=float)
    truth = np.array([up, -up, up, -up])  # the first half trains in rounds 0 and 2
    effects = {name: float(n) for n, name in enumerate(names)}
    found = rank.table_of({"ours": [{"effects": effects}] * 2}, data, parts, truth)
    assert found["rows"]["ours"]["searches"] == pytest.approx([-1, 1])


def job(**changes):
    parts = parts_of(numbered(100), SIZES)
    one = Policy((SubPolicy((Operation("Rotate", 0.5, 0.9),)),), Scale("strength"))
    given = {
        "name": "a job",
        "method": policy_method(one),
        "train": parts.fresh[0],
        "judges": parts.judges,
        "model": "proxy-4",
        "seed": 3,
        "epochs": 2,
    }
    return trainings.Job(**{**given, **changes})


def test_what_a_result_depends_on_is_in_its_key():
    known = job().key
    policy_of_another = job().method.policy
    named = replace(policy_of_another, name="another", provenance={"seed": 1})
    assert job(method=policy_method(named)).key == known, "the same augmentation"
    other = Policy((SubPolicy((Operation("Rotate", 0.5, 0.8),)),), Scale("strength"))
    changes = [
        {"method": policy_method(other)},
        {"method": row_of("trivialaugment").method(numbered(100))},
        {"train": job().judges},
        {"judges": job().train},
        {"model": "proxy-8"},
        {"seed": 4},
        {"epochs": 3},
    ]
    assert len({known, *(job(**change).key for change in changes)}) == 1 + len(changes)


def test_a_training_is_a_trial_on_more_judges():
    one, data = job(), numbered(100)
    settings = make_settings(model="proxy-4", images=10, batch=16, pixels=8)
    alone = replace(data, train=one.train, test=one.judges, validation=None)
    chosen = settings.resolve(alone)
    trials = Trials(problem_of(chosen, alone, None, CPU), chosen)
    score = trials.trial(one.method.policy, Fold(one.train, one.judges), one.seed, one.epochs)
    found = trainings.trained(one, data, CPU)
    assert found == {
        "loss": score.loss,
        "error": 1 - score.accuracy,
        "train_loss": score.train_loss,
    }


def test_results_outlive_a_line_that_was_cut_off(tmp_path):
    path = tmp_path / "results.jsonl"
    Store(path).add("a", {"error": 0.1})
    with path.open("a") as file:
        file.write('\n["b", {"err')
    store = Store(path)
    assert "a" in store and "b" not in store
    store.add("c", 1)
    assert Store(path).found == {"a": {"error": 0.1}, "c": 1}


def test_a_stopped_study_goes_on_and_repeats_nothing(tmp_path, monkeypatch, capsys):
    words = "--data digits --rows none uniform tiny=folds=2,epochs=1,model=proxy-4 --searches 1 "
    words += "--search-images 40 --sets 3 --set-images 20 --judges 40 --epochs 1 --model proxy-4 "
    words += f"--device cpu --jobs 1 --folder {tmp_path} --json {tmp_path}/found.json"
    monkeypatch.setattr("sys.argv", ["search_quality", *words.split()])
    monkeypatch.setattr("dada.searching.work.write_page", lambda folder: None)
    done, real = [], trainings.trained

    def counted(one, *others):
        done.append(one.name)
        return real(one, *others)

    def stops_at_the_fifth(one, *others):
        if len(done) == 4:
            raise KeyboardInterrupt
        return counted(one, *others)

    monkeypatch.setattr(trainings, "trained", stops_at_the_fifth)
    with pytest.raises(KeyboardInterrupt):
        command.main()
    searched = "search/tiny/0"
    assert searched in capsys.readouterr().out

    monkeypatch.setattr(trainings, "trained", counted)
    command.main()
    assert len(done) == len(set(done)) == 3 * 3, "every row on every set, once"
    assert f"{searched}:" not in capsys.readouterr().out
    found = json.loads((tmp_path / "found.json").read_text())
    command.main()
    assert len(done) == 9 and json.loads((tmp_path / "found.json").read_text()) == found
    assert found["searches"]["tiny"][0]["views"] > 0


def test_a_row_with_other_settings_is_not_taken_for_the_one_that_was_searched(
    tmp_path, monkeypatch, capsys
):
    words = "--data digits --searches 1 --search-images 40 --sets 1 --set-images 20 --judges 40 "
    words += f"--epochs 1 --model proxy-4 --device cpu --folder {tmp_path} --rows "
    monkeypatch.setattr("dada.searching.work.write_page", lambda folder: None)
    for epochs in (1, 2):
        row = f"tiny=folds=2,epochs={epochs},model=proxy-4"
        monkeypatch.setattr("sys.argv", ["search_quality", *words.split(), row])
        if epochs == 1:
            command.main()
            continue
        with pytest.raises(SystemExit) as ended:
            command.main()
        assert ended.value.code == 2
        assert "epochs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("defualt", "no row 'defualt': there are none, randaugment, trivialaugment"),
        ("a=horizon=2", "a: setting horizon"),
        ("a=preset=slow", "a: .*slow"),
        ("a=epoch=2", "a: .*epoch"),
    ],
)
def test_rows_that_do_not_exist_are_refused(text, words):
    with pytest.raises(ArgumentTypeError, match=words):
        row_of(text)


def test_rows_of_policies_found_elsewhere(tmp_path):
    assert row_of("old=a.json").fixed == "a.json" and not row_of("old=a.json").searched
    assert len(row_of("old=a.json+b.json").files) == 2
    assert row_of("autoaugment").method(numbered(40)).policy is not None
    with pytest.raises(UserError, match="for colour images"):
        row_of("autoaugment").method(numbered(40, channels=1))
    assert row_of("uniform").method(numbered(40, channels=1)).policy is not None
    with pytest.raises(ArgumentTypeError, match="not IMAGES:EPOCHS"):
        scale.size_of("2000")


def results(gaps, searched):
    rows = {
        name: {
            "error": {"mean": 50.0, "interval": 1.0},
            "less uniform": {"mean": mean, "interval": half},
            "by_search": [50.0],
        }
        for name, (mean, half) in gaps.items()
    }
    uniform = {"error": {"mean": 51.0, "interval": 1.0}, "by_search": [51.0]}
    known = {"searches": {}, "searched": searched, "parts": "", "trained": ""}
    return {**known, "policy": {**rows, "uniform": uniform}}


def test_the_page_says_first_what_does_not_beat_uniform():
    gaps = {"a": (-1.0, 0.5), "b": (-1.0, 1.5), "c": (0.5, 0.1), "d": (-1.0, None)}
    first, *_ = page(results(gaps, list("abcd")))
    assert first == "**Not better than the uniform policy by its interval: b, c, d.**"
    assert page(results(gaps, ["a"]))[0].startswith("Every found policy beats")
    assert page(results(gaps, ["none"]))[0].startswith("No found policy was compared")
    many = {"images": 2000, "epochs": 3, "seeds": 2, "rows": results(gaps, [])["policy"]}
    for row in many["rows"].values():
        row["train_loss"] = 0.1
    lines = page({**results(gaps, ["b"]), "scale": [many], "scale_model": "proxy-64"})
    assert lines[0].endswith("its interval: b, b at 2,000 images.**")
    assert any("proxy-64, 3 epochs of 2,000 images, 2 seeds" in line for line in lines)
