"""Jobs of two processes, as torchrun starts them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from dada.comparison import compare
from dada.compute.distributed import ALONE
from dada.runs import RunFolder

TWO = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
ROOT = Path(__file__).parents[2]


def run(words, **given):
    return subprocess.run(
        list(map(str, words)),
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        **given,
    )


def test_alone_everything_stays_as_it_is():
    tensor = torch.arange(5.0)
    ALONE.average([tensor], 1.0)
    assert torch.equal(tensor, torch.arange(5.0))
    assert torch.equal(ALONE.shard(tensor), tensor) and ALONE.sum(tensor) is tensor
    assert ALONE.all_gather(1) == [1] and ALONE.broadcast("x") == "x" and ALONE.first


def test_two_processes_do_what_one_does(tmp_path):
    """Weights after training steps, logits, and weights and policy after a search step."""
    one, two = tmp_path / "one.pt", tmp_path / "two.pt"
    for words, path in (([sys.executable], one), (TWO, two)):
        done = run([*words, "-m", "tests.shared_job", path])
        assert done.returncode == 0, done.stderr
    alone, shared = (torch.load(path, weights_only=True) for path in (one, two))
    assert (alone.pop("tested"), shared.pop("tested")) == ((41, 41), (21, 21)), "its share"
    torch.testing.assert_close(shared, alone, atol=1e-6, rtol=1e-4)


def test_training_under_torchrun_goes_on_after_a_process_died(tmp_path):
    folder = tmp_path / "run"
    words = ["-m", "dada", "train", "--data", "digits", "--recipe", "demo", "--epochs", "10"]
    words += ["--policy", "dada-svhn", "--set", "test_every=1", "-o", folder]
    process = subprocess.Popen(
        list(map(str, TWO + words)),
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    events, deadline = folder / "events.jsonl", time.monotonic() + 120
    while not (events.exists() and '"epoch": 2' in events.read_text()):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(_child(process.pid, rank=1), signal.SIGKILL)
    _, said = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "SIGKILL" in said or "Signal 9" in said or "exitcode: -9" in said, said
    done = RunFolder.open(folder).load_checkpoint()["epoch"]
    assert done >= 2
    result = run([*TWO, *words, "--resume"])
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("test error") == 1 + 10 - done, "one process speaks"
    found = RunFolder.open(folder).read_json("result.json")
    assert found["epoch"] == 10
    result = run([*TWO, *words, "--resume"])
    assert result.returncode == 0, result.stderr
    assert RunFolder.open(folder).read_json("result.json") == found, "finished already"


def test_a_search_under_torchrun(tmp_path):
    words = ["-m", "dada", "search", "digits", "--preset", "step", "--epochs", "2"]
    words += ["--model", "wrn-10-1", "--images", "400"]
    done = run([*TWO, *words, "-o", tmp_path / "run"])
    assert done.returncode == 0, done.stderr
    policy = json.loads((tmp_path / "run" / "policy.json").read_text())
    assert policy["provenance"]["epochs_done"] == 2
    assert (tmp_path / "run" / "report.html").exists()
    assert done.stdout.count("epoch   2") == 1


def test_trials_shared_by_processes_find_what_one_finds(tmp_path):
    words = ["search", "digits", "--preset", "demo", "--epochs", "2", "--images", "100"]
    done = run([*TWO, "-m", "dada", *words, "-o", tmp_path / "run"])
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("round   2") == 1, "one process speaks"
    alone = run([sys.executable, "-m", "dada", *words, "-o", tmp_path / "alone"])
    assert alone.returncode == 0, alone.stderr
    shared, single = (
        json.loads((tmp_path / name / "policy.json").read_text()) for name in ("run", "alone")
    )
    assert shared["sub_policies"] == single["sub_policies"]


@pytest.mark.slow
def test_candidates_shared_by_processes_are_judged_as_by_one(tmp_path):
    done = run([*TWO, "-m", "tests.searching.shared_search", tmp_path / "shared.json"])
    assert done.returncode == 0, done.stderr
    alone = run([sys.executable, "-m", "tests.searching.shared_search", tmp_path / "alone.json"])
    assert alone.returncode == 0, alone.stderr
    shared, single = (json.loads((tmp_path / f"{n}.json").read_text()) for n in ("shared", "alone"))
    assert shared == single and {"dada", "autoaugment", "fast_autoaugment"} <= set(single)


def test_a_comparison_shared_by_processes_goes_on_to_what_one_finds(tmp_path):
    """Each makes whole trainings; the first one has what was done before."""
    folder = tmp_path / "run"
    settings = {"epochs": 1, "images": 60, "model": "wrn-10-1", "precision": "float32"}
    alone = compare("digits", preset="demo", seeds=1, out=folder, **settings)
    path = RunFolder.open(folder)
    path.keep_events(path.events[:1])
    (folder / "comparison.json").unlink()
    words = ["compare", "digits", "--preset", "demo", "--seeds", "1", "--resume", "-o", folder]
    for name, value in settings.items():
        words += [f"--{name}", value]
    done = run([*TWO, "-m", "dada", *words])
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("report  ") == 1, "one process speaks"
    assert "3 trainings" in done.stdout
    shared = path.read_json("comparison.json")
    for row in (*alone["rows"], *shared["rows"]):
        row.pop("seconds")
    assert shared == alone


@pytest.mark.parametrize(
    "kinds", [["boxes", "masks"], pytest.param(["instances"], marks=pytest.mark.slow)]
)
def test_comparisons_of_boxes_and_masks_shared_by_processes_find_what_one_finds(kinds, tmp_path):
    """Each measures its own networks, without waiting for the other."""
    found = {}
    for name, words in (("alone", [sys.executable]), ("shared", TWO)):
        (tmp_path / name).mkdir()
        file = tmp_path / name / "found"
        done = run([*words, "-m", "tests.comparison.shared_comparison", file, *kinds])
        assert done.returncode == 0, done.stderr
        found[name] = json.loads((tmp_path / name / "found").read_text())
    assert found["shared"] == found["alone"]
    assert all(values[-1] for values in found["alone"].values())


def _child(parent: int, rank: int) -> int:
    """The process of that rank, by its environment."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
            status = (entry / "status").read_text()
        except OSError:
            continue
        if f"RANK={rank}".encode() in environment and f"PPid:\t{parent}\n" in status:
            return int(entry.name)
    raise AssertionError(f"no process of rank {rank}")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_nccl_alone(tmp_path):
    done = run(
        [
            *TWO[:-1],
            "1",
            "-m",
            "dada",
            "train",
            "--data",
            "digits",
            "--recipe",
            "demo",
            "--epochs",
            "1",
            "--device",
            "cuda",
            "-o",
            tmp_path / "run",
        ]
    )
    assert done.returncode == 0, done.stderr
