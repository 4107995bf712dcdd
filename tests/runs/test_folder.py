import hashlib
import json
import pickle
import tracemalloc

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


def test_the_fingerprint_is_of_the_bytes_and_copies_none():
    images = torch.randint(0, 256, (64, 3, 64, 64), dtype=torch.uint8)
    text = b"torch.uint8(64, 3, 64, 64)" + images.numpy().tobytes() + b"torch.int64(0,)"
    tracemalloc.start()
    found = fingerprint(images, torch.zeros(0, dtype=torch.int64))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == hashlib.sha256(text).hexdigest()[:16] and most < images.numel() / 4


def test_the_data_is_described_as_plain_data(digits):
    described = describe_data(digits, "digits")
    assert json.loads(json.dumps(described)) == described
    assert described["train"] + described["test"] == 1797 and described["side"] == [8, 8]


@pytest.mark.parametrize(
    "left", [[], ["run.lock"], ["config.json.12-0a1b2c3d.partial", "config.json.partial"]]
)
@pytest.mark.parametrize("resume", [True, False])
def test_a_run_that_was_killed_before_its_config_is_begun_anew(left, resume, tmp_path):
    for name in left:
        (tmp_path / name).write_text("half")
    with RunFolder.begin(tmp_path, CONFIG, resume) as run:
        assert run.config == CONFIG and run.load_checkpoint() is None
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]


def test_files_of_others_are_neither_a_run_nor_removed(tmp_path):
    for name in ("film.partial", "thesis.tex"):
        (tmp_path / name).write_text("work")
        for resume, reason in ((True, "no run in"), (False, "not empty")):
            with pytest.raises(UserError, match=reason):
                RunFolder.begin(tmp_path, CONFIG, resume)
        assert [path.name for path in tmp_path.iterdir()] == [name]
        (tmp_path / name).unlink()


def test_links_in_a_run_folder_lead_nowhere(tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("mine")
    run = RunFolder.create(tmp_path / "run", CONFIG)
    for name in ("events.jsonl", "result.json", "checkpoint.pt", "checkpoint-before.pt"):
        (run.path / name).symlink_to(outside)
    with pytest.raises(UserError, match="cannot write"):
        run.add_event({})
    run.keep_events([])
    run.add_event({})
    run.write_json("result.json", {})
    for _ in range(3):
        run.save_checkpoint({"epoch": 1})
    assert outside.read_text() == "mine"
    (run.path / "run.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match=r"cannot write .*run\.lock"):
        RunFolder.begin(run.path, CONFIG, True)
    assert not (tmp_path / "elsewhere").exists()


NOT_A_CONFIG = [
    ("machine", None),
    ("settings", []),
    ("data", None),
    ("data", {"side": None}),
    ("data", {"side": [1, -2]}),
    ("data", {"classes": None}),
    ("data", {"notes": [1]}),
    ("data", {"channels": "3"}),
    ("policies", {"x": None}),
]


@pytest.mark.parametrize(("key", "value"), NOT_A_CONFIG)
def test_a_config_of_another_shape_is_refused_in_one_line(key, value, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({**CONFIG, key: value}))
    with pytest.raises(UserError, match="not the configuration of a run") as error:
        RunFolder.resume(tmp_path, CONFIG)
    assert key in str(error.value)


@pytest.mark.parametrize("name", ["config.json", "events.jsonl"])
def test_a_file_that_would_fill_the_memory_is_refused(name, tmp_path):
    run = RunFolder.create(tmp_path, CONFIG)
    with (tmp_path / name).open("ab") as file:
        file.truncate(2**40)  # sparse: it takes no disk
    with pytest.raises(UserError, match=f"{name}: too large"):
        _ = run.config, run.events
