import json
import pickle

import pytest
import torch

from dada.errors import UserError
from dada.runs import RunFolder, describe_data, fingerprint

CONFIG = {"kind": "search", "settings": {"epochs": 2}, "data": {"fingerprint": "a", "source": "x"}}


def test_a_run_is_made_once_and_opened_again(tmp_path):
    run = RunFolder.create(tmp_path / "deep" / "run", CONFIG)
    assert RunFolder.open(run.path).config == CONFIG
    with pytest.raises(UserError, match="holds a run already"):
        RunFolder.create(run.path, CONFIG)


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match="not empty"):
        RunFolder.create(tmp_path, CONFIG)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_path_below_a_file_cannot_be_a_run(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot make the run folder"):
        RunFolder.create(tmp_path / "file" / "run", CONFIG)


def test_resuming_needs_the_same_data_and_settings_but_not_the_same_path(tmp_path):
    RunFolder.create(tmp_path / "run", CONFIG)
    moved = {**CONFIG, "data": {"fingerprint": "a", "source": "elsewhere"}}
    assert RunFolder.resume(tmp_path / "run", moved).path == tmp_path / "run"
    with pytest.raises(UserError, match=r"data\.fingerprint"):
        RunFolder.resume(tmp_path / "run", {**CONFIG, "data": {"fingerprint": "b"}})
    with pytest.raises(UserError, match=r"settings\.epochs = 2, not 3"):
        RunFolder.resume(tmp_path / "run", {**CONFIG, "settings": {"epochs": 3}})
    with pytest.raises(UserError, match="no run in"):
        RunFolder.resume(tmp_path / "other", CONFIG)


def test_events_survive_a_line_that_was_cut_off(tmp_path):
    run = RunFolder.create(tmp_path, CONFIG)
    run.add_event({"event": "epoch", "epoch": 1})
    run.add_event({"event": "epoch", "epoch": 2})
    with (tmp_path / "events.jsonl").open("a") as file:
        file.write('{"event": "epo')
    assert [e["epoch"] for e in run.events] == [1, 2]
    run.keep_events(run.events[:1])
    assert [json.loads(line)["epoch"] for line in (tmp_path / "events.jsonl").open()] == [1]


def test_checkpoints_hold_tensors_and_plain_data(tmp_path):
    run = RunFolder.create(tmp_path, CONFIG)
    assert run.load_checkpoint() is None
    run.save_checkpoint({"epoch": 3, "w": torch.arange(4)})
    state = run.load_checkpoint()
    assert state["epoch"] == 3 and torch.equal(state["w"], torch.arange(4))
    assert not list(tmp_path.glob("*.partial"))


class Hostile:
    """Unpickling this would make a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_a_hostile_or_damaged_checkpoint_runs_nothing(tmp_path):
    run = RunFolder.create(tmp_path / "run", CONFIG)
    for content in (pickle.dumps(Hostile(tmp_path / "owned")), b"PK\x03\x04 cut off", b""):
        (run.path / "checkpoint.pt").write_bytes(content)
        with pytest.raises(UserError, match="not a checkpoint"):
            run.load_checkpoint()
    torch.save({"x": Hostile(tmp_path / "owned")}, run.path / "checkpoint.pt")
    with pytest.raises(UserError, match="not a checkpoint"):
        run.load_checkpoint()
    assert not (tmp_path / "owned").exists()


def test_the_fingerprint_sees_every_byte_shape_and_type():
    images = torch.zeros(4, 1, 2, 2, dtype=torch.uint8)
    changed = images.clone()
    changed[3, 0, 1, 1] = 1
    others = [changed, images.view(2, 1, 4, 2), images.to(torch.int8)]
    assert len({fingerprint(t) for t in [images, *others]}) == 4
    assert fingerprint(images) == fingerprint(images.clone())


def test_the_data_is_described_as_plain_data(digits):
    described = describe_data(digits, "digits")
    assert json.loads(json.dumps(described)) == described
    assert described["train"] + described["test"] == 1797 and described["side"] == [8, 8]
