"""One rule for what is a picture of a class, however odd the folder."""

import os
import socket
from pathlib import Path

import pytest
from PIL import Image

from dada.datasets import load, open_files
from dada.datasets.folder import list_folder
from dada.errors import UserError
from dada.runs.provenance import file_fingerprint


def picture(path, colour=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (8, 8), colour).save(path, "PNG")


def make(root, classes=("a", "b"), count=5):
    for c, name in enumerate(classes):
        for i in range(count):
            picture(root / name / f"{i}.png", 40 * c + i)
    return root


def count(root):
    listing = list_folder(root)
    return [listing.train.labels.count(i) for i in range(len(listing.classes))]


def notes(root):
    return " | ".join(list_folder(root).notes)


@pytest.mark.parametrize(
    "name",
    [".ipynb_checkpoints", "__MACOSX", "@eaDir", "$RECYCLE.BIN", "lost+found", ".thumbnails"],
)
@pytest.mark.parametrize("where", ["a", "a/deep/er", "."])
def test_hidden_and_system_folders_never_count_and_are_said(tmp_path, name, where):
    make(tmp_path)
    picture(tmp_path / where / name / "0.png")
    assert count(tmp_path) == [5, 5]
    inside = os.path.normpath(os.path.join(where, name))
    assert f"hidden and system entries are skipped: '{inside}'" in notes(tmp_path)


def test_system_files_are_no_pictures_and_hidden_pictures_are_said(tmp_path):
    make(tmp_path)
    for name in ("Thumbs.db", "desktop.ini", ".DS_Store"):
        (tmp_path / "a" / name).write_bytes(b"x")
    assert list_folder(tmp_path).notes == ()
    picture(tmp_path / "a" / "._0.png")
    assert count(tmp_path) == [5, 5]
    assert "skipped: 'a/._0.png'" in notes(tmp_path)


def test_the_folder_that_one_is_in(tmp_path, monkeypatch):
    monkeypatch.chdir(make(tmp_path, classes=("train/a/x", "train/a/y", "train/b/x", "test/b")))
    assert list_folder(Path(".")) == list_folder(Path("./"))
    assert [len(list_folder(Path(".")).train.files), count(Path("."))] == [15, [10, 5]]


def test_links_that_lead_upwards_are_not_followed(tmp_path):
    make(tmp_path)
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "b" / "up").symlink_to(tmp_path)
    (tmp_path / "b" / "self").symlink_to(tmp_path / "b")
    (tmp_path / "a" / "other").symlink_to(tmp_path / "b")
    (tmp_path / "c").symlink_to(tmp_path / "a")
    assert count(tmp_path) == [5, 5]
    assert "links that lead to a folder that contains them are not followed: 'a/up', 'b/up'" in (
        notes(tmp_path)
    )
    assert "counted already are not followed: 'a/other', 'b/self', 'c'" in notes(tmp_path)


def test_links_to_elsewhere_are_followed_once(tmp_path):
    root, pool = make(tmp_path / "root"), tmp_path / "pool"
    picture(pool / "more" / "8.png")
    picture(pool / "9.png")
    (pool / "back").symlink_to(root)
    (pool / "round").symlink_to(pool)
    (root / "a" / "pool").symlink_to(pool)
    (root / "b" / "pool").symlink_to(pool)
    (root / "c").symlink_to(make(tmp_path / "elsewhere") / "a")
    assert (list_folder(root).classes, count(root)) == (("a", "b", "c"), [7, 5, 5])


def test_a_file_that_is_linked_counts_once(tmp_path):
    make(tmp_path)
    (tmp_path / "a" / "again.png").symlink_to(tmp_path / "a" / "0.png")
    (tmp_path / "b" / "other.png").symlink_to(tmp_path / "a" / "1.png")
    assert count(tmp_path) == [5, 5]
    assert "counted already are not followed: 'a/again.png', 'b/other.png'" in notes(tmp_path)


def test_sets_made_of_links_are_whole(tmp_path):
    """As DVC, git-annex and the cache of Hugging Face keep files: under names of their own."""
    for c, name in enumerate("ab"):
        for i in range(5):
            blob = tmp_path / ".store" / f"{name}{i}"
            picture(blob, 40 * c + i)
            link = tmp_path / "train" / name / f"{i}.png"
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(blob)
    assert count(tmp_path) == [5, 5]
    assert len(load(tmp_path / "train", side=8).train) == 8


def test_parts_may_be_links_to_what_lies_beside_them(tmp_path):
    make(tmp_path / "all")
    for part, numbers in (("train", range(3)), ("test", range(3, 5))):
        for name in "ab":
            (tmp_path / part / name).mkdir(parents=True)
            for i in numbers:
                (tmp_path / part / name / f"{i}.png").symlink_to(
                    f"../../../all/{name}/{i}.png".replace("../../../", "../../")
                )
    listing = list_folder(tmp_path)
    assert (len(listing.train.files), len(listing.test.files)) == (6, 4)
    assert "not used beside train/: 'all' (10 images)" in listing.notes


def test_parts_may_be_links_to_whole_folders_beside_them(tmp_path):
    make(tmp_path / "fold1")
    make(tmp_path / "fold2")
    for link, folder in (("train", "fold1"), ("test", "fold2"), ("val", "fold2")):
        (tmp_path / link).symlink_to(folder)
    listing = list_folder(tmp_path)
    assert listing.classes == ("a", "b") and listing.test is not None
    assert Path(listing.train.files[0]).resolve().is_relative_to(tmp_path / "fold1")
    assert "not used beside train/: 'fold1', 'fold2', 'val' (20 images)" in listing.notes


def test_only_regular_files_are_opened(tmp_path):
    make(tmp_path)
    os.mkfifo(tmp_path / "a" / "pipe.png")
    (tmp_path / "a" / "device.png").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as bound:
        here = os.getcwd()
        os.chdir(tmp_path / "b")  # the path of a socket may have 108 bytes
        bound.bind("socket.png")
        os.chdir(here)
    dataset = load(tmp_path, side=8)
    assert len(dataset.train) + len(dataset.test) == 10
    assert (
        "pipes, sockets and devices are skipped: 'a/device.png', 'a/pipe.png', 'b/socket.png'"
        in dataset.notes
    )


def denied(path, monkeypatch):
    real = os.scandir

    def scandir(given):
        if Path(given) == path:
            raise PermissionError(13, "Permission denied", str(given))
        return real(given)

    monkeypatch.setattr(os, "scandir", scandir)


def test_a_folder_that_cannot_be_read_is_said(tmp_path, monkeypatch):
    picture(make(tmp_path) / "a" / "more" / "9.png")
    denied(tmp_path / "a" / "more", monkeypatch)
    assert "folders cannot be read (Permission denied): 'a/more'" in list_folder(tmp_path).notes


def test_a_class_that_cannot_be_read_is_an_error(tmp_path, monkeypatch):
    make(tmp_path, classes=("a", "b", "c"))
    denied(tmp_path / "c", monkeypatch)
    with pytest.raises(UserError, match=r"c: cannot be read: Permission denied"):
        load(tmp_path)


def test_odd_names_and_things_are_left_out_or_read(tmp_path):
    make(tmp_path)
    names = [b"new\nline.png", b"bytes\xff\xfe.png", b"x" * 251 + b".png", b"\x1b[2J.png"]
    for name in names:
        picture(tmp_path / "a" / os.fsdecode(name), 200)
    (tmp_path / "a" / "folder.png").mkdir()
    (tmp_path / "a" / "nowhere.png").symlink_to("nowhere")
    (tmp_path / "a" / "circle.png").symlink_to("circle.png")
    (tmp_path / os.fsdecode(b"\xffempty\x1b")).mkdir()
    assert count(tmp_path) == [9, 5]
    assert "lead nowhere are not followed: 'a/circle.png', 'a/nowhere.png'" in notes(tmp_path)
    assert r"no images in folder '\udcffempty\x1b': not a class" in notes(tmp_path)
    assert sum(map(len, (load(tmp_path, side=8).train, load(tmp_path, side=8).test))) == 14


def test_files_of_any_name_have_a_fingerprint(tmp_path):
    picture(make(tmp_path) / "a" / os.fsdecode(b"\xff.png"), 99)
    before = file_fingerprint(open_files(tmp_path))
    assert file_fingerprint(open_files(tmp_path)) == before
    (tmp_path / "a" / os.fsdecode(b"\xff.png")).rename(tmp_path / "a" / os.fsdecode(b"\xfe.png"))
    assert file_fingerprint(open_files(tmp_path)) != before


def test_notes_and_classes_hold_nothing_that_a_terminal_obeys(tmp_path):
    make(tmp_path, classes=("a", "b\x1b[31m", os.fsdecode(b"c\xff")))
    (tmp_path / "a" / "\x1b]0;title\x07.png").write_bytes(b"no picture")
    (tmp_path / "a" / "wa\nit.png").write_bytes(b"")
    os.mkfifo(tmp_path / "a" / "\x9bpipe.png")
    dataset = load(tmp_path, side=8)
    assert all(text.isprintable() for text in (*dataset.notes, *dataset.classes))
    assert dataset.classes == ("a", r"b\x1b[31m", r"c\udcff")
    assert any(r"\x1b]0;title\x07.png" in note for note in dataset.notes)
    assert all(note.isprintable() for note in open_files(tmp_path).notes)
