"""Runs of releases without checksums go on to the same end."""

import io
import json

import pytest
import torch

from tests.torture.jobs import finish, judged, start
from tests.torture.part import part


def stripped(path):
    """The file as an older release wrote it."""
    if path.suffix == ".pt":
        memory = io.BytesIO()
        torch.save(torch.load(path, weights_only=True), memory)
        path.write_bytes(memory.getvalue())
    elif path.suffix in (".json", ".jsonl") and path.name != "policy.json":
        lines = path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()]
        objects = [json.loads(line) for line in lines]
        for thing in objects:
            del thing["checksum"]
        path.write_text("".join(json.dumps(thing) + "\n" for thing in objects))


@pytest.mark.parametrize("name", ["by_steps", "comparison"])
def test_a_run_without_checksums_is_resumed(name, tmp_path):
    run = part(name, tmp_path)
    for path in run.iterdir():
        stripped(path)
    (run / "checkpoint-before.pt").unlink(missing_ok=True)
    (run / "run.lock").unlink()
    assert judged(name, finish(start(name, run, resume=True)), run, tmp_path) == "same"
