import os
from pathlib import Path

import pytest

from dada.errors import UserError
from dada.files import append_line, opened, replace_file, to_json


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    assert replace_file(path, b"n", b"ew") == path and path.read_text() == "new"
    assert [file.name for file in tmp_path.iterdir()] == ["file"]
    replace_file(path, b"newer", keep=tmp_path / "before")
    assert (path.read_text(), (tmp_path / "before").read_text()) == ("newer", "new")


@pytest.mark.parametrize("name", ["", ".", "a\0b", "folder\0/a", "\ud800"])
def test_what_is_no_name_of_a_file_gets_one_line(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="cannot write '") as error:
        replace_file(Path(name), b"")
    assert str(error.value).isprintable() and not list(tmp_path.iterdir())


def test_a_new_file_has_the_usual_rights(tmp_path):
    (tmp_path / "usual").touch()
    mode = replace_file(tmp_path / "file", b"").stat().st_mode
    assert mode == (tmp_path / "usual").stat().st_mode


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match=r"cannot write .*folder: Is a directory"):
        replace_file(tmp_path / "folder", b"new")
    with pytest.raises(UserError, match="No such file"):
        replace_file(tmp_path / "nowhere" / "file", b"new")
    assert [file.name for file in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize("call", ["fsync", "open", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_at_any_call_leaves_the_old_file_and_no_part(call, error, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise error

    path = tmp_path / "file"
    path.write_text("old")
    with monkeypatch.context() as patch:
        patch.setattr(f"os.{call}", fail)
        with pytest.raises((UserError, KeyboardInterrupt)):
            replace_file(path, b"new")
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["file"]


def test_links_are_never_followed(tmp_path):
    outside, link = tmp_path / "outside", tmp_path / "link"
    outside.write_text("mine")
    link.symlink_to(outside)
    with pytest.raises(UserError, match="cannot write"):
        append_line(link, "theirs")
    replace_file(link, b"theirs")
    assert outside.read_text() == "mine"
    assert link.read_text() == "theirs" and not link.is_symlink()


def test_pipes_do_not_block_and_are_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(UserError, match="not a regular file"):
        replace_file(pipe, b"")
    with pytest.raises(UserError, match="not a regular file"), opened(pipe):
        pass
    with pytest.raises(UserError, match="cannot write"):
        append_line(pipe, "")


def test_json_is_strict():
    assert to_json({"x": 1.5}) == '{"x": 1.5}'
    for value in (float("nan"), float("-inf")):
        with pytest.raises(UserError, match="not a finite number"):
            to_json([value])
