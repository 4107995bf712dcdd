"""Every mistake gets one line and exit code 2, and changes nothing on the disk."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.cli.commands import COMPARE, SEARCH, SMALL, TRAIN, call, check_refused, contents

POLICY_HEAD = '{"format": "dada-policy", "version": 1, "sub_policies": '
HEAVY = '{"weight": 1e308, "operations": [["Rotate", 1, 1]]}'
POLICIES = {
    "deep-list": "[" * 100_000,
    "deep-object": '{"a": ' * 100_000,
    "deep-brackets": "(" * 100_000,
    "code": "[__import__('os').system('touch owned')]",
    "empty": "",
    "number": "1" * 5000,
    "nan": '[[["Rotate", NaN, 0.5]]]',
    "strong": '[[["Rotate", 0.5, 1.5]]]',
    "unlikely": '[[["Rotate", -0.5, 0.5]]]',
    "unknown": '[[["Rotat", 0.5, 0.5]]]',
    "escape": '[[["\\u001b[31mRotate", 0.5, 0.5]]]',
    "heavy": f"{POLICY_HEAD}[{HEAVY}, {HEAVY}]}}",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory, finished, fill):
    """A folder of everything that can be wrong."""
    place = tmp_path_factory.mktemp("place")
    random = np.random.default_rng(0)

    def arrays(name, count, labels, **more):
        images = random.integers(0, 256, (count, 8, 8), dtype=np.uint8)
        np.savez(place / f"{name}.npz", x_train=images, y_train=labels, **more)

    arrays("one-class", 20, np.zeros(20, int))
    arrays("few", 6, np.arange(6) // 2)
    two = random.integers(0, 256, (2, 8, 8), dtype=np.uint8)
    arrays("three", 6, np.arange(6) // 3, x_test=two, y_test=np.arange(2))
    arrays("two", 2, np.arange(2), x_test=two, y_test=np.arange(2))
    arrays("single", 8, np.array([0] * 7 + [1]), x_test=two, y_test=np.arange(2))
    arrays("fractions", 20, np.arange(20) % 2 * 0.5)
    arrays("pickled", 20, np.array([[1], "a"] * 10, dtype=object))
    arrays("shifted", 100, np.arange(100) % 2)
    np.savez(place / "nameless.npz", images=two)
    (place / "cut.npz").write_bytes((place / "few.npz").read_bytes()[:100])
    (place / "empty").mkdir()
    fill(place / "one", ["temple"], 2)
    fill(place / "pictures", count=5)
    for name, text in POLICIES.items():
        (place / f"{name}.policy").write_text(text)
    (place / "binary.policy").write_bytes(bytes(range(256)))
    with (place / "huge.policy").open("wb") as file:
        file.truncate(2**25)
    (place / "file.txt").write_text("years of work")
    (place / "vague.csv").write_text("path,a,b\npictures/x.jpg,cat,dog\n")
    (place / "lost.csv").write_text("path,label\nnowhere.jpg,cat\n")
    (place / "full").mkdir()
    (place / "full" / "thesis.tex").write_text("years of work")
    (place / "run").symlink_to(finished)
    return place


LONG = "x" * 300
BAD = {
    # The data.
    f"search nowhere {SMALL}": "nowhere: no such file or folder: give",
    f"search {LONG} {SMALL}": "File name too long",
    f"search file.txt {SMALL}": "file.txt: neither a folder, a table nor an .npz file: give",
    f"search vague.csv {SMALL}": "vague.csv: has columns 'path', 'a', 'b': which are the labels is",
    f"search lost.csv {SMALL}": "lost.csv: 1 of 1 rows name no picture: lost.csv, line 2 (there is",
    f"search empty {SMALL}": "empty: no images: must hold a folder of images for each class",
    f"search one {SMALL}": "one class only ('temple'): at least two",
    f"search one-class.npz {SMALL}": "one class only (0): at least two",
    f"search few.npz {SMALL}": "needs at least 5 images of each class: '0' has 2",
    f"search two.npz {SMALL}": "2 training images: at least 4 needed",
    f"compare two.npz {TRAIN} -o out": "2 training images: at least 4 needed",
    f"search single.npz {SMALL}": "needs at least 2 images of each class: '1' has 1",
    f"search fractions.npz {SMALL}": "y_train is float64: labels must be whole numbers or text",
    f"search pickled.npz {SMALL}": "y_train is an array of Python objects",
    f"search nameless.npz {SMALL}": "x_train and y_train missing; it holds images",
    f"search cut.npz {SMALL}": "not a readable .npz file",
    f"{SEARCH} --images 5": "5 of 1437 images in 10 classes",
    f"{SEARCH} --side 4": "Invalid value for '--side'",
    f"search pictures {SMALL} -o pictures/run": "in the image folder pictures",
    # Policies.
    "policies deep-list.policy": "deep-list.policy: nested too deeply",
    "policies deep-object.policy": "nested too deeply",
    "policies deep-brackets.policy": "neither JSON nor a Python list",
    "policies code.policy": "neither JSON nor a Python list",
    "policies empty.policy": "neither JSON nor a Python list",
    "policies number.policy": "number.policy",
    "policies nan.policy": "probability: Input should be a finite number (got nan)",
    "policies strong.policy": "magnitude: Input should be less than or equal to 1 (got 1.5)",
    "policies unlikely.policy": "probability: Input should be greater than or equal to 0",
    "policies unknown.policy": "unknown operation 'Rotat' (did you mean Rotate?)",
    "policies escape.policy": r"unknown operation '\x1b[31mRotate'",
    "policies heavy.policy": "weights are too large",
    "policies binary.policy": "binary.policy: cannot be read as text",
    "policies huge.policy": "too large to be a policy",
    "policies nowhere": "no policy 'nowhere': neither a file",
    f"policies {LONG}": "no policy",
    "policies full": "no policy 'full': neither a file, nor a run folder",
    "preview strong.policy": "less than or equal to 1",
    f"{COMPARE} -o out --policy code.policy": "neither JSON nor a Python list",
    f"{COMPARE} -o out --policy run --policy run": "policy run is given twice",
    # Where to write.
    f"{SEARCH} -o file.txt/run": "cannot make the run folder file.txt/run: Not a directory",
    f"{SEARCH} -o file.txt": "cannot make the run folder file.txt",
    f"{SEARCH} -o {LONG}": "File name too long",
    f"{SEARCH} -o full": "full is not empty: choose another folder",
    f"{COMPARE} -o full": "full is not empty: choose another folder",
    f"{SEARCH} -o run": "run holds a run already: resume it with --resume, or choose another",
    f"{SEARCH} -o out --json file.txt/x.json": "cannot write file.txt/x.json: Not a directory",
    f"{SEARCH} -o out --json full": "cannot write full: Is a directory",
    f"{SEARCH} -o out --json {LONG}": "File name too long",
    f"{COMPARE} -o out --json nowhere/x.json": "cannot write nowhere/x.json",
    "policies --json nowhere/x.json": "cannot write nowhere/x.json",
    "preview dada-svhn -o file.txt": "file.txt: not a picture's name: end it in .png",
    "preview dada-svhn -o sheet": "sheet: not a picture's name",
    "preview dada-svhn -o sheet.psd": "sheet.psd: not a picture's name",
    "preview dada-svhn -o file.txt/sheet.png": "cannot write file.txt/sheet.png",
    "preview dada-svhn -o full": "cannot write full: Is a directory",
    # Going on.
    f"{SEARCH} -o out --resume": "no run in out: it has no config.json",
    f"{COMPARE} -o out --resume": "no run in out: it has no config.json",
    f"{SEARCH} -o run --resume --epochs 2": "run was started with settings.epochs = 1, not 2",
    f"{SEARCH} -o run --resume --seed 1": "run was started with settings.seed = 0, not 1",
    f"search shifted.npz {SMALL} -o run --resume": "data.fingerprint",
    f"{COMPARE} -o run --resume": "run: a run of dada search, not of dada compare",
    "compare --resume run": "run: a run of dada search, not of dada compare",
    "search --resume nowhere": "no run in nowhere: it has no config.json",
    "train --resume empty": "no run in empty: it has no config.json",
    "search --resume run --epochs 2": "run was started with settings.epochs = 1, not 2",
    "search run --resume --seed 1": "run was started with settings.seed = 0, not 1",
    "search --resume run --preset step": "run was started with",
    # Reports.
    "report nowhere": "no run in nowhere: it has no config.json",
    "report empty": "no run in empty: it has no config.json",
    "report file.txt": "no run in file.txt",
    f"report {LONG}": "File name too long",
    # Settings.
    f"{SEARCH} --weights none.pt": "weights none.pt: no such file",
    f"{SEARCH} --model wrn-10-1 --pretrained": "wrn-10-1 has no pre-trained weights",
    f"{SEARCH} --preset best": "no preset 'best'; there are default, fast, step, paper",
    f"{SEARCH} --model net": "unknown network 'net'",
    f"{SEARCH} --model wrn-11-1": "must be 6n + 4",
    f"{SEARCH} --device gpu": "no device 'gpu' here: try cpu",
    f"{SEARCH} --device cuda:99": "no device 'cuda:99' here: try cpu",
    f"{SEARCH} --device meta": "only cpu and cuda are supported",
    f"{SEARCH} --preset step --estimator magic": "estimator: Input should be 'critic', 'reinforce'",
    f"{SEARCH} --precision half": "precision: Input should be 'auto'",
    f"{SEARCH} --operations ''": "unknown operation ''",
    f"{SEARCH} --operations Rotate": "Rotate cannot fill sub-policies of 2: at least 2",
    f"{SEARCH} --operations Rotate,Color": "Color changes RGB images only",
    f"{SEARCH} --operations Color": "Color cannot fill sub-policies of 2: at least 2",
    f"{SEARCH} --operations Rotat,Color": "unknown operation 'Rotat' (did you mean Rotate?)",
    f"{SEARCH} --operations Rotate,Rotate": "an operation is named twice",
    f"{SEARCH} --epochs -1": "epochs: Input should be greater than or equal to 1 (got -1)",
    f"{COMPARE} --epochs -1": "epochs: Input should be greater than or equal to 1 (got -1)",
    f"{COMPARE} --seeds 0": "Invalid value for '--seeds'",
    f"{SEARCH} --images 0": "images: Input should be greater than or equal to 4",
    f"{SEARCH} --batch 1": "batch: Input should be greater than or equal to 2",
    f"{SEARCH} --lr nan": "lr: Input should be a finite number",
    f"{SEARCH} --keep 0": "keep: Input should be greater than or equal to 1",
    f"{SEARCH} --seed -1": "Invalid value for '--seed'",
    f"{SEARCH} --epochs many": "Invalid value for '--epochs'",
    f"{SEARCH} --budget soon": "budget 'soon': must be a time above 0 such as 5m, 90s or 1h",
    f"{SEARCH} --budget -1m": "budget '-1m': must be a time",
    f"{COMPARE} --budget 0": "budget '0': must be a time above 0 such as 5m, 90s or 1h",
    f"{COMPARE} --budget soon": "budget 'soon': must be a time",
    f"{COMPARE} --add-seeds 0": "Invalid value for '--add-seeds'",
    f"{COMPARE} --add-seeds 2": "--add-seeds goes on with a comparison: without --seeds",
    "compare run --add-seeds 2 --budget 5m": "without --seeds and --budget",
    "compare run --add-seeds 2": "run: a run of dada search, not of dada compare",
    "compare --resume run --add-seeds 2": "run: a run of dada search, not of dada compare",
    "compare digits -o out --add-seeds 2": "no run in out: it has no config.json",
    f"{SEARCH} --set nonsense": "--set nonsense: write it as NAME=VALUE",
    f"{SEARCH} --preset step --set policy_lr=abc": "policy_lr: Input should be a valid number",
    f"{SEARCH} --set polcy_lr=1": "--set polcy_lr: no such setting (did you mean policy_lr?)",
    f"{SEARCH} --set =1": "no such setting",
    f"{SEARCH} --set out=x": "--set out: no such setting",
    f"{SEARCH} --set seed=1": "--set seed: give it as --seed",
    f"{SEARCH} --set side=9": "--set side: give it as --side",
    f"{COMPARE} --set policy_lr=1": "--set policy_lr: no such setting",
    f"{SEARCH} --set bounds={'[' * 5000}": "setting bounds: Input should be a valid dictionary",
    f"{SEARCH} --set 'bounds={{\"Rotate\": [1, 1]}}'": "bounds of Rotate must be two different",
    f"{SEARCH} --horizon 2": "Invalid value for '--horizon'",
    f"{SEARCH} --horizon -1": "Invalid value for '--horizon'",
    f"{SEARCH} --horizon abc": "Invalid value for '--horizon'",
    f"{SEARCH} --horizon nan": "Invalid value for '--horizon'",
    f"{SEARCH} --set horizon=2": "horizon: Input should be less than or equal to 1 (got 2)",
    f"{SEARCH} --set folds=0": "folds: Input should be greater than or equal to 1 (got 0)",
    f"{SEARCH} --set folds=1e9": "folds: Input should be less than or equal to 100",
    f"{SEARCH} --set fold_images=1": "fold_images: Input should be greater than or equal to 2",
    f"search three.npz {SMALL} --set folds=5": "5 folds: the largest class has 3 different images",
    f"{SEARCH} --preset default --set views=2": "views has no effect with method dada at a horizon",
    f"{SEARCH} --horizon 0.5 --estimator relax": "only with dada at a horizon of 0, one step",
    f"{SEARCH} --preset step --set folds=2": "folds has no effect with method dada at a horizon of",
    f"{SEARCH} --preset paper --horizon 1": "preset paper has no effect with method dada at a",
    "search digits --method random --horizon 0.5": "horizon has no effect with method random",
    f"{SEARCH} --preset default --set rounds=2": "rounds has no effect with method dada at a",
    # The command line itself.
    "serch": "No such command 'serch'. Did you mean 'search'?",
    "search --epoch 3": "No such option: --epoch",
    "--verbose": "No such option: --verbose",
    "report": "Missing argument",
    "preview": "Missing argument",
    "search digits cifar10": "unexpected extra argument",
    "train digits cifar10": "unexpected extra argument",
    "train digits --data cifar10": "data digits and --data cifar10: give one of them",
    "evaluate run digits --data cifar10": "data digits and --data cifar10: give one of them",
    "evaluate run": "run: a run of dada search, not of dada train",
    "search ''": "no data: the name is empty: give an image folder",
    "train --data ''": "no data: the name is empty: give an image folder",
    "search -o": "requires an argument",
}


@pytest.mark.parametrize(("command", "reason"), BAD.items(), ids=range(len(BAD)))
def test_a_mistake_gets_one_line_and_changes_nothing(command, reason, place, monkeypatch, capsys):
    monkeypatch.chdir(place)
    before = contents(place), contents("run/")
    check_refused(call(command, monkeypatch, capsys), reason)
    assert (contents(place), contents("run/")) == before


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu_is_said(dada):
    check_refused(dada(f"{SEARCH} --device cuda"), "no device 'cuda' here: try cpu")


def test_a_loss_that_is_no_number_says_what_to_try(dada):
    check_refused(dada(f"{SEARCH} -o out --lr 1e30"), "round 1", "lower --lr", "another run folder")
    assert not Path("out/checkpoint.pt").exists() and not Path("out/policy.json").exists()
    check_refused(dada(f"{COMPARE} --lr 1e30"), "not a finite number", "try a lower --lr")


def test_a_training_without_a_checkpoint_yet_speaks_of_none(dada):
    result = dada("train --data digits --model wrn-10-1 --images 40 --epochs 1 --lr 1e30 -o out")
    check_refused(result, "not a finite number", "try a lower --lr")
    assert "checkpoint" not in result.err


def test_a_loss_that_is_no_number_keeps_the_last_good_epoch(dada, monkeypatch):
    from dada.searching.methods.dada import OneStep

    one_epoch = OneStep.advance

    def blow_up(self, on_step):
        if self.iteration == 1:
            for parameter in self.child.parameters.values():
                parameter.data.fill_(float("nan"))
        return one_epoch(self, on_step)

    monkeypatch.setattr(OneStep, "advance", blow_up)
    result = dada(f"{SEARCH} -o out --preset step --epochs 3")
    check_refused(result, "epoch 2", "the last good checkpoint is kept in out", "lower --lr")
    assert torch.load("out/checkpoint.pt", weights_only=True)["epoch"] == 1
    assert Path("out/policy.json").exists()


MACHINE = [
    (OSError(28, "No space left on device", "runs/x"), "runs/x: No space left on device"),
    (MemoryError(), "out of memory: try a smaller --batch"),
    (torch.OutOfMemoryError("CUDA out of memory.\nTried"), "out of memory: try a smaller --batch"),
]


@pytest.mark.parametrize(("error", "reason"), MACHINE)
def test_errors_of_the_machine_are_one_line_too(dada, monkeypatch, error, reason):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("dada.datasets.load", fail)
    check_refused(dada(SEARCH), reason)


def test_a_mistake_of_the_program_is_not_hidden(dada, monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr("dada.datasets.load", fail)
    with pytest.raises(ZeroDivisionError):
        dada(SEARCH)
