"""A table's cell stands for one file, or for none with a reason."""

import os

import pytest

from dada.datasets.find_files import Finder


@pytest.fixture
def root(tmp_path):
    for name in (
        "a/1.jpg",
        "b/1.jpg",
        "a/2.png",
        "train/x.jpg",
        "test/x.jpg",
        "no.suffix",
        "v1.2.png",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "3.JPG").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("given", "kind", "file"),
    [
        ("a/1.jpg", None, "a/1.jpg"),
        ("./b/../a/1.jpg", None, "a/1.jpg"),
        ("a\\2.png", None, "a/2.png"),
        ("no.suffix", None, "no.suffix"),  # whatever the user names
        ("2.png", None, "a/2.png"),
        ("2", None, "a/2.png"),
        ("3", None, "deep/er/3.JPG"),
        ("er/3", None, "deep/er/3.JPG"),
        ("v1.2", None, "v1.2.png"),
        ("b/1", None, "b/1.jpg"),
        ("x", "train", "train/x.jpg"),
        ("x.jpg", "test", "test/x.jpg"),
    ],
)
def test_the_one_file_that_fits(root, given, kind, file):
    assert Finder(root).find(given, kind) == (str(root / file), "")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("1.jpg", "'1.jpg' may be 'a/1.jpg', 'b/1.jpg'"),
        ("x", "'x' may be 'train/x.jpg', 'test/x.jpg'"),
        ("a", "there is no file 'a'"),
        ("r/3", "there is no file 'r/3'"),  # folders count by whole names
        ("", "no picture is named"),
        ("1\0.jpg", "no picture is named"),
        ("/nowhere/2.png", "there is no file '/nowhere/2.png'"),
    ],
)
def test_none_or_several(root, given, why):
    found, reason = Finder(root).find(given)
    names = [sorted(text.split("may be ")[-1].split(", ")) for text in (reason, why)]
    assert found == "" and names[0] == names[1] and reason.split(" may")[0] == why.split(" may")[0]


def test_absolute_paths_and_the_working_directory(root, monkeypatch):
    monkeypatch.chdir(root.parent)
    there = Finder(root.relative_to(root.parent))
    assert there.find(str(root / "a/1.jpg")) == (str(root / "a/1.jpg"), "")
    assert there.find("2") == (os.path.join(root.name, "a/2.png"), "")


def test_folders_are_searched_only_if_a_path_leads_nowhere(root, monkeypatch):
    monkeypatch.setattr("dada.datasets.find_files.Tree", None)
    assert Finder(root).find("a/1.jpg")[0]
