"""The command: what it goes on with, and what it refuses."""

import json
import re

import pytest

from benchmarks.search_quality import __main__ as command
from benchmarks.search_quality import trainings


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
    ("words", "message"),
    [
        ("--rows none --sets 0", "'0' is not a whole number above 0"),
        ("--rows none --jobs -1", "expected one argument|'-1' is not a whole number above 0"),
        ("--rows none none", "two rows are called none"),
        ("--rows none --against uniform", "--against uniform: no such row"),
        ("--rows none --data nowhere", "nowhere: no such file or folder"),
        ("--rows a=x.json+y.json --searches 3", "a: 2 policies for 3 searches"),
    ],
)
def test_wrong_words_are_refused_in_a_line(words, message, tmp_path, monkeypatch, capsys):
    given = ["search_quality", "--data", "digits", "--folder", str(tmp_path), *words.split()]
    given += ["--search-images", "20", "--set-images", "20", "--judges", "20"]
    monkeypatch.setattr("sys.argv", given)
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 2
    assert re.search(message, capsys.readouterr().err.splitlines()[-1])
