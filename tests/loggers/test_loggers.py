"""Loggers get the numbers of every kind of run; TensorBoard and MLflow read them back."""

import sys

import pytest

import dada
from dada.errors import UserError
from dada.loggers import Logger, MLflow, TensorBoard, WandB
from dada.loggers.mlflow import _spelt
from dada.loggers.named import named
from dada.runs import RunFolder

SMALL = {"images": 40, "batch": 20, "epochs": 2, "precision": "float32", "model": "proxy-2"}
TRIALS = {"operations": ("Rotate", "Invert"), "folds": 2, "fold_images": 10}


class Kept(Logger):
    """What a logger is told."""

    def __init__(self):
        self.began, self.logged, self.ended = [], [], []

    def begin(self, name, settings):
        self.began.append((name, dict(settings)))

    def log(self, step, values):
        self.logged.append((step, dict(values)))

    def end(self, failed):
        self.ended.append(failed)


def events(run, kind):
    return [event for event in RunFolder(run).events if event["event"] == kind]


def test_a_training_logs_its_epochs(digits, tmp_path):
    kept = Kept()
    dada.train(digits, out=tmp_path / "run", callback=kept, **SMALL)
    recorded = events(tmp_path / "run", "epoch")
    assert [step for step, _ in kept.logged] == [1, 2]
    for (_, values), event in zip(kept.logged, recorded, strict=True):
        for name in ("train_loss", "lr", "seconds", "test_loss", "test_error"):
            assert values.get(name) == event.get(name)
    assert "test_error" in kept.logged[-1][1]
    ((name, settings),) = kept.began
    assert name == "training digits" and settings["epochs"] == 2 and settings["model"] == "proxy-2"
    assert kept.ended == [False]


def test_a_search_logs_the_effects_of_operations(digits, tmp_path):
    kept = Kept()
    dada.search(digits, out=tmp_path / "run", callback=kept, **SMALL, **TRIALS)
    recorded = events(tmp_path / "run", "epoch")
    assert [step for step, _ in kept.logged] == [event["epoch"] for event in recorded]
    for (_, values), event in zip(kept.logged, recorded, strict=True):
        known = event["findings"]["operations"]
        assert {n: values[f"effect/{n}"] for n in known} == {
            n: found["effect"] for n, found in known.items()
        }
        assert values["validation_loss"] == event["validation_loss"]


def test_a_comparison_logs_each_row_by_seed(digits, tmp_path):
    kept = Kept()
    dada.compare(digits, out=tmp_path / "run", seeds=2, callback=kept, **SMALL)
    recorded = events(tmp_path / "run", "training")
    expected = [(e["seed"], {f"test_error/{e['row']}": e["test_error"]}) for e in recorded]
    assert kept.logged == expected and len(expected) > 4


def test_a_run_that_fails_or_is_stopped_ends_as_failed(digits):
    class Stops(dada.Callback):
        def on_record(self, record):
            raise KeyboardInterrupt

    kept = Kept()
    with pytest.raises(KeyboardInterrupt):
        dada.train(digits, callback=[kept, Stops()], **SMALL)
    assert kept.ended == [True] and len(kept.logged) == 1
    with pytest.raises(UserError, match="not a finite number"):
        dada.train(digits, callback=kept, **(SMALL | {"lr": 1e38}))
    assert kept.ended == [True, True]


def test_loggers_by_name(tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r"no logger 'tensorbord' \(did you mean tensorboard\?\)"):
        named(["tensorbord"], tmp_path)
    for name, module in (("mlflow", "mlflow"), ("wandb", "wandb")):
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(UserError, match=rf"pip install 'dada-augment\[{name}\]'"):
            named([name], tmp_path)
    assert named([], tmp_path) == []


def test_tensorboard_reads_what_was_logged(digits, tmp_path):
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    dada.train(digits, out=tmp_path / "run", tensorboard=True, test_every=1, **SMALL)
    found = reader.EventAccumulator(str(tmp_path / "run" / "tensorboard")).Reload()
    recorded = events(tmp_path / "run", "epoch")
    for name in ("train_loss", "test_error", "lr"):
        scalars = found.Scalars(name)
        assert [scalar.step for scalar in scalars] == [1, 2]
        expected = [event[name] for event in recorded]
        assert [scalar.value for scalar in scalars] == pytest.approx(expected, rel=1e-6)


def test_tensorboard_needs_a_run_folder(digits):
    pytest.importorskip("tensorboard")
    with pytest.raises(UserError, match="name one, out="):
        dada.train(digits, tensorboard=True, **SMALL)
    assert TensorBoard("runs/board")


def test_mlflow_reads_what_was_logged(digits, tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # quicker than a database
    uri = (tmp_path / "store").as_uri()
    client = mlflow.MlflowClient(tracking_uri=uri)
    dada.compare(digits, out=tmp_path / "run", seeds=2, callback=MLflow(uri), **SMALL)
    (run,) = client.search_runs([client.get_experiment_by_name("dada").experiment_id])
    assert run.info.status == "FINISHED" and run.info.run_name == "comparison digits"
    assert run.data.params["model"] == "proxy-2"
    for row in {event["row"] for event in events(tmp_path / "run", "training")}:
        history = client.get_metric_history(run.info.run_id, _spelt(f"test_error/{row}"))
        expected = {
            e["seed"]: e["test_error"]
            for e in events(tmp_path / "run", "training")
            if e["row"] == row
        }
        assert {metric.step: metric.value for metric in history} == pytest.approx(expected)


def test_wandb_gets_what_was_logged(digits, monkeypatch):
    """Against a stand-in: the real one talks to a process of its own."""

    class Run:
        def __init__(self):
            self.logged, self.code = [], None

        def log(self, values):
            self.logged.append(values)

        def finish(self, exit_code):
            self.code = exit_code

    run, asked = Run(), {}

    class Module:
        @staticmethod
        def init(**given):
            asked.update(given)
            return run

    monkeypatch.setitem(sys.modules, "wandb", Module)
    dada.train(digits, callback=WandB(mode="offline"), **SMALL)
    assert asked["project"] == "dada" and asked["mode"] == "offline"
    assert asked["config"]["epochs"] == 2 and asked["name"] == "training digits"
    assert [values["step"] for values in run.logged] == [1, 2] and run.code == 0
