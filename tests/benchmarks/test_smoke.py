"""Every benchmark runs, tiny, and the page of results can be made of what it writes."""

import contextlib
import importlib
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks import _contract, scaling
from benchmarks import all as everything
from benchmarks.methods import rows as rows_of_methods
from benchmarks.page import contents
from benchmarks.page.errors import trainings
from benchmarks.quality import study
from benchmarks.quality.rows import SIZES
from dada.cli import main as dada_main
from dada.models import create
from dada.searching import search
from tests.benchmarks.fine_tuning.pictures import photographs

FOLDER = Path(scaling.__file__).parent
# The smallest size of each; a benchmark that has several kinds of result has a row each.
TINY = {
    "operations": "--batch 8 --sides 32 --repeats 1",
    "search_step": "--model wrn-10-1 --batch 8 --rounds 1 --repeats 1 --device cpu",
    "trials": "--epochs 1 --repeats 1 --device cpu",
    "bank": "--images 40 --epochs 2 --draws 2 --repeats 1 --quality 2 --device cpu",
    "stacked": "--trials 2 --model proxy-4 --images 40 --epochs 1 --repeats 1 --device cpu",
    "search": "--epochs 1 --device cpu",
    "search-step": "--preset step --model wrn-10-1 --epochs 1 --device cpu",
    "search-paper": "--preset paper --model wrn-10-1 --epochs 1 --device cpu",
    "scaling": "--model wrn-10-1 --repeats 1 --device cpu",
    "credit": "--epochs 1 --batches 2 --batch 16 --seeds 1",
    "fidelity": "--targets python",
    "photographs": "--side 32 --pictures 2 --passes 1 --repeats 1",
    "gradient_noise": "--epochs 1 --images 2 --levels 1 --repeats 16 --warm 1 --steps 2 "
    "--pictures {folder}",
    "precision": "--model wrn-10-1 --epochs 1 --batch 32",
    "movement": "--epochs 4 --batch 128 --seeds 1 --device cpu",
    "quality": "--data {data} --size few --seeds 1 --rows none ours ours-paper "
    "ours-paper-gumbel --device cpu --jobs 1 --folder {folder}",
    "search_quality": "--data {data} --rows none uniform tiny=folds=2,epochs=1,model=proxy-4 "
    "--searches 1 --search-images 10 --sets 2 --set-images 5 --judges 10 --epochs 1 --rounds 2 "
    "--round-epochs 1 --model proxy-4 --device cpu --yardsticks rank policy scale "
    "--sizes 10:1 40:1 --seeds 2 --scale-model proxy-4 --folder {folder}/study",
    "search_quality-halves": "--data {data} --rows none tiny=folds=2,epochs=1,model=proxy-4 "
    "--searches 2 --sets 2 --epochs 1 --model proxy-4 --device cpu --folder {folder}/study",
    "methods": "--data {data} --rows faster_autoaugment-0.01 --searches 1 "
    "--search-images 20 --sets 2 --set-images 5 --epochs 1 --model proxy-4 --device cpu "
    "--folder {folder}/study",
    "memory": "{pictures}/train --counts 20 --seconds 0",
    "training_throughput": "{pictures} --timm-script {folder}/script.py --side 32 --batch 4 "
    "--workers 0 --epochs 2 --rounds 1",
    "fine_tuning": "--data {photographs} {photographs} --weights {weights} --model proxy-4 "
    "--side 16 --rows none uniform finetune=preset=finetune,epochs=1,final_rounds=1 --per-class 4 "
    "--seeds 2 --epochs 1 --device cpu --folder {folder}/study",
    "transfer": "--first {data} --second {boxes} --rows none --epochs 1 --second-epochs 1 "
    "--seeds 1 --second-side 32 --device cpu --folder {folder}/study",
    "what_helps": "{run} {run} --picture {folder}/picture.svg",
}
NEEDS = {"training_throughput": "timm", "transfer": "pycocotools"}
"""A library that a benchmark needs."""
SLOW = {"memory", "transfer"}
# What the benchmark needs of timm's training script.
SCRIPT = """
def train_one_epoch(epoch, model, loader):
    sum(range(10_000))

def main():
    for epoch in range(2):
        train_one_epoch(epoch, None, range(2))
"""


@pytest.fixture
def small(monkeypatch):
    """Three sub-policies, one setting of all that grows, and one process for everything."""

    def here(arguments, environment=None):
        """What a process of its own would print, without the seconds that importing takes."""
        with monkeypatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as out:
            patch.setattr(sys, "argv", arguments[1:])
            importlib.import_module(arguments[1]).main()
        return json.loads(out.getvalue().splitlines()[-1])

    def command_line(command, check, stdout, stderr, env):
        with monkeypatch.context() as patch, contextlib.redirect_stdout(stdout):
            patch.setattr(sys, "argv", command[2:])
            with pytest.raises(SystemExit) as ended:
                dada_main()
            assert check and not ended.value.code

    there = SimpleNamespace(run=command_line, STDOUT=subprocess.STDOUT)
    monkeypatch.setattr(study, "subprocess", there)
    pool = contextlib.nullcontext(SimpleNamespace(map=map))
    monkeypatch.setattr(study, "ThreadPoolExecutor", lambda jobs: pool)
    monkeypatch.setattr(_contract, "in_its_own_process", here)
    monkeypatch.setattr(scaling, "in_its_own_process", here)
    monkeypatch.setattr(
        "dada.searching.common_settings.PAPER_OPERATIONS", ("Rotate", "Invert", "Cutout")
    )
    for part in ("dada.searching.work", "dada.training.work"):
        monkeypatch.setattr(f"{part}.write_page", lambda folder: None)
    monkeypatch.setattr(scaling, "CHANGES", {"batch": [8]})
    size = ["--images", "40", "--epochs", "1", "--batch", "8"]
    few = {"train": [*size, "--model", "wrn-10-1"], "child": ["--model", "wrn-10-1"]}
    tiny = {"preset": "default", "folds": 2, "epochs": 1, "model": "proxy-4"}
    monkeypatch.setattr(rows_of_methods, "DADA", {"dada": tiny})
    monkeypatch.setitem(SIZES, "few", {**few, "search": size})


def run(name, words, path, monkeypatch):
    """A benchmark in this process; what it wrote."""
    module, _, _ = name.partition("-")
    there = FOLDER / module / "__main__.py" if (FOLDER / module).is_dir() else FOLDER / module
    monkeypatch.setattr(sys, "argv", [str(there), *words.split(), "--json", str(path)])
    main = f"benchmarks.{module}.__main__" if there.stem == "__main__" else f"benchmarks.{module}"
    importlib.import_module(main).main()
    return json.loads(path.read_text())


def write_detection(folder):
    """Six pictures with a box."""
    for part, numbers in {"train": range(4), "val": range(4, 6)}.items():
        images = [{"id": i, "file_name": f"{i}.png", "height": 30, "width": 40} for i in numbers]
        boxes = [
            {"id": i, "image_id": i, "category_id": 1, "bbox": [4, 5, 12, 16]} for i in numbers
        ]
        whole = {"images": images, "annotations": boxes, "categories": [{"id": 1, "name": "a"}]}
        (folder / part).mkdir(parents=True)
        (folder / part / "_annotations.coco.json").write_text(json.dumps(whole))
        for i in numbers:
            Image.new("RGB", (40, 30), (40 * i, 0, 0)).save(folder / part / f"{i}.png")


def fill(words, folder):
    """What stands for files of one's own in a command: a tiny set, and a run of a search."""
    if "{data}" in words:
        generator = np.random.default_rng(0)
        images = generator.integers(256, size=(40, 12, 12, 3), dtype=np.uint8)
        labels = np.arange(40) % 2
        np.savez(folder / "data.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    if "{run}" in words:
        given = {"images": 40, "folds": 2, "epochs": 1, "operations": ("Rotate", "Invert")}
        search("digits", out=folder / "run", **given)
    if "{pictures}" in words:
        for place in ("train/a", "train/b", "test/a", "test/b"):
            (folder / "pictures" / place).mkdir(parents=True)
            for number in range(4):
                picture = Image.new("RGB", (40, 30), (number, 0, 0))
                picture.save(folder / "pictures" / place / f"{number}.jpg")
        (folder / "script.py").write_text(SCRIPT)
    if "{weights}" in words:
        torch.save(create("proxy-4", 5, 3).state_dict(), folder / "weights.pth")
        photographs(folder / "photographs")
    if "{boxes}" in words:
        write_detection(folder / "boxes")
    return words.format(
        boxes=folder / "boxes",
        data=folder / "data.npz",
        run=folder / "run",
        pictures=folder / "pictures",
        photographs=folder / "photographs",
        weights=folder / "weights.pth",
        folder=folder,
    )


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in TINY]
)
def test_it_runs_and_its_results_are_shown(name, tmp_path, monkeypatch, small):
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    path = tmp_path / "measured" / f"{name}.json"
    path.parent.mkdir()
    words = fill(TINY[name], tmp_path)
    result = run(name, words, path, monkeypatch)
    module, _, _ = name.partition("-")
    assert result["machine"]["torch"] and result["machine"]["bfloat16"]
    said = re.sub(r" --folder \S+", "", f"python -m benchmarks.{module} {words}")
    assert result["command"].startswith(said) and "--json" not in result["command"]
    monkeypatch.setattr(contents, "DOCS", tmp_path)
    if module in contents.PARTS:
        text = contents.page()
        assert contents.PARTS[module][0] in text and result["command"] in text


def test_every_benchmark_is_among_them():
    """Whatever can be run measures something, except what puts results together."""
    files = [
        path for path in FOLDER.rglob("*.py") if 'if __name__ == "__main__":' in path.read_text()
    ]
    parts = [path.relative_to(FOLDER).with_suffix("").parts for path in files]
    found = {".".join(part for part in path if part != "__main__") for path in parts}
    assert found - {"all", "page", "gradient_noise.page"} == {
        name.partition("-")[0] for name in TINY
    }


def test_the_page_in_the_documentation_is_made_of_what_is_stored():
    assert (contents.DOCS / "benchmarks.md").read_text(encoding="utf-8") == contents.page()


def test_all_of_them_run_what_there_is(monkeypatch):
    commands = []
    monkeypatch.setattr(subprocess, "run", lambda command, check: commands.append(command))
    monkeypatch.setattr(sys, "argv", ["all", "--data", "digits", "--published", "there"])
    everything.main()
    modules = [command[2] for command in commands]
    assert modules[-1] == "benchmarks.page" and len(modules) == 10
    assert {name.removeprefix("benchmarks.") for name in modules[:-1]} <= set(TINY)


def test_the_studys_page_is_made_of_what_is_stored(tmp_path, monkeypatch, capsys):
    stored = FOLDER.parent / "docs" / "measured" / "gradient_noise.json"
    monkeypatch.setattr(sys, "argv", ["page", str(stored), "--chart", str(tmp_path / "c.svg")])
    importlib.import_module("benchmarks.gradient_noise.page").main()
    assert "| **critic** |" in capsys.readouterr().out and (tmp_path / "c.svg").exists()


def test_the_page_has_the_papers_trainings_with_top_5_errors_of_imagenet():
    page_of_trainings = "\n".join(trainings())
    assert "| `cifar10-wrn-40-2` | 5.3 | 4.1 | 3.7 | – | 3.6 | 3.6 |" in page_of_trainings
    errors = "| 23.7 / 6.9 | – | 22.4 / 6.2 | – | 22.4 / 6.3 | 22.5 / 6.5 |"
    assert f"| `imagenet-resnet50` {errors}" in page_of_trainings


def test_a_process_of_its_own_gives_its_last_line_or_what_it_says_of_an_error():
    assert _contract.in_its_own_process(["-c", "print('words'); print([0.5])"]) == [0.5]
    with pytest.raises(SystemExit, match="ZeroDivisionError"):
        _contract.in_its_own_process(["-c", "1 / 0"])


def test_one_value_is_its_own_quartiles(monkeypatch):
    monkeypatch.setattr(_contract, "in_its_own_process", lambda arguments, environment: [0.5])
    found = _contract.in_turn({"a": ["-c", ""]}, set(), rounds=1)
    assert found == {"a": {"median": 0.5, "low": 0.5, "high": 0.5}}
