import pytest

from dada.errors import UserError
from dada.files import replace_file


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    assert replace_file(path, b"new") == path and path.read_text() == "new"
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match=r"cannot write .*folder: Is a directory"):
        replace_file(tmp_path / "folder", b"new")
    with pytest.raises(UserError, match="No such file"):
        replace_file(tmp_path / "nowhere" / "file", b"new")
    assert [file.name for file in tmp_path.iterdir()] == ["folder"]
