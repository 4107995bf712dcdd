"""Damage to a run's files is noticed: every bit of every file that is read back."""

import io
import json
import zipfile
from dataclasses import replace

import pytest
import torch

from dada.errors import UserError
from dada.policy import load_policy, loads, save_policy
from dada.policy.files import checksum
from dada.runs import RunFolder

CONFIG = {"kind": "train", "settings": {"lr": 0.1, "mean": [0.5]}, "data": {"name": "é\udc80"}}
STATE = {"epoch": 2, "w": torch.arange(20.0), "name": "x"}


@pytest.fixture
def run(tmp_path):
    run = RunFolder.create(tmp_path / "run", CONFIG)
    run.save_checkpoint({**STATE, "epoch": 1})
    run.save_checkpoint(STATE)
    run.write_json("result.json", {"test_error": 0.25, "epoch": 2})
    for epoch in (1, 2):
        run.add_event({"event": "epoch", "epoch": epoch, "loss": 0.5})
    return run


def tensors(run):
    state = run.load_tensors("checkpoint.pt")
    return [state["epoch"], state["name"], state["w"].tolist()]


READERS = {
    "config.json": lambda run: {k: run.config.get(k) for k in CONFIG},
    "result.json": lambda run: {k: run.read_json("result.json").get(k) for k in ("test_error",)},
    "events.jsonl": lambda run: run.events,
    "checkpoint.pt": tensors,
}


@pytest.mark.parametrize("name", READERS)
def test_one_flipped_bit_is_refused_or_changes_nothing(name, run):
    path, read = run.path / name, READERS[name]
    whole, value = path.read_bytes(), read(run)
    refused, bits = 0, range(0, 8 * len(whole), 29)
    for bit in bits:
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        try:
            found = read(run)
        except UserError as error:
            assert str(path) in str(error)
            refused += 1
        else:
            # Of the events, the last line may be lost: so may it be by a kill.
            assert found == value or (name == "events.jsonl" and found == value[:-1])
    assert refused > 0.9 * len(bits)


@pytest.mark.parametrize("name", READERS)
def test_a_file_that_was_cut_off_is_refused_or_changes_nothing(name, run):
    path, read = run.path / name, READERS[name]
    whole, value = path.read_bytes(), read(run)
    for length in range(0, len(whole), 13):
        path.write_bytes(whole[:length])
        try:
            found = read(run)
        except UserError:
            continue
        assert found == value or (name == "events.jsonl" and found == value[: len(found)])


def test_a_file_of_tensors_stays_an_ordinary_one(run):
    path = run.path / "checkpoint.pt"
    assert zipfile.ZipFile(path).testzip() is None
    for mmap in (False, True):
        state = torch.load(path, weights_only=True, mmap=mmap)
        assert torch.equal(state["w"], STATE["w"])


def test_files_without_a_checksum_are_of_an_older_release_and_read(run):
    memory = io.BytesIO()
    torch.save(STATE, memory)
    (run.path / "checkpoint.pt").write_bytes(memory.getvalue())
    (run.path / "config.json").write_text(json.dumps(CONFIG))
    (run.path / "events.jsonl").write_text('{"event": "epoch", "epoch": 1}\n')
    assert tensors(run)[0] == 2 and run.config == CONFIG
    assert run.events == [{"event": "epoch", "epoch": 1}]


def test_the_checkpoint_before_a_damaged_one_is_offered_and_goes_on(run):
    (run.path / "checkpoint.pt").write_bytes(b"damaged")
    with pytest.raises(UserError, match=r"delete checkpoint.pt to resume .* before, of epoch 1"):
        run.load_checkpoint()
    (run.path / "checkpoint.pt").unlink()
    assert run.load_checkpoint()["epoch"] == 1
    (run.path / "checkpoint.pt").write_bytes(b"damaged")
    (run.path / "checkpoint-before.pt").write_bytes(b"damaged")
    with pytest.raises(UserError, match="start anew in another folder"):
        run.load_checkpoint()


def test_numbers_that_json_cannot_hold_are_not_written(run):
    for value in (float("nan"), float("inf"), [{"x": -float("inf")}]):
        for write in (run.add_event, lambda data: run.write_json("result.json", data)):
            with pytest.raises(UserError, match="not a finite number"):
                write({"value": value})
    assert run.read_json("result.json")["epoch"] == 2 and len(run.events) == 2


def test_a_runs_policy_is_what_its_search_found(tmp_path):
    policy = replace(load_policy("dada-svhn"), provenance={"epochs_done": 2})
    path = save_policy(policy, tmp_path / "policy.json")
    run = RunFolder.create(tmp_path / "run", CONFIG)
    for epoch, content in ((1, b"another"), (2, path.read_bytes())):
        run.add_event({"event": "epoch", "epoch": epoch, "policy_checksum": checksum(content)})
    (run.path / "policy.json").write_bytes(path.read_bytes())
    assert load_policy(run.path) == policy
    edited = path.read_text().replace("dada-svhn", "mine")
    (run.path / "policy.json").write_text(edited)
    with pytest.raises(UserError, match=r"policy.json: edited or damaged since the search wrote"):
        load_policy(run.path)
    assert load_policy(run.path / "policy.json") == loads(edited)
    newer = replace(policy, provenance={"epochs_done": 3})  # the search was killed at this moment
    save_policy(newer, run.path / "policy.json")
    assert load_policy(run.path) == newer
