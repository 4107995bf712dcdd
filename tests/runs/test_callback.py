"""A callback is told the same of every kind of run."""

import pytest

import dada

FEW = {"images": 40, "batch": 20, "epochs": 2, "precision": "float32", "model": "proxy-2"}
JOBS = {
    "trials": ("search", {"operations": ("Rotate", "Invert"), "folds": 1}),
    "steps": ("search", {"preset": "step", "operations": ("Rotate", "Invert")}),
    "training": ("train", {"policy": "dada-svhn", "recipe": "demo"}),
    "comparison": ("compare", {"seeds": 1}),
}


class Ticks(dada.Callback):
    """Compares what was told with what was announced, and stops once."""

    def __init__(self, stop=False):
        self.stop, self.records = stop, []

    def on_start(self, work):
        self.work, (self.done, self.total) = work, work.ticks
        self.first = work.iteration
        assert work.dataset.name == "digits"

    def on_progress(self):
        self.done += 1

    def on_record(self, record):
        self.records.append(record)
        assert self.work.iteration == self.first + len(self.records)
        assert (self.done, self.total) == self.work.ticks
        if self.stop:
            raise KeyboardInterrupt


@pytest.mark.parametrize("job", JOBS)
def test_the_ticks_are_those_that_were_announced(job, digits, tmp_path):
    kind, given = JOBS[job]
    given = {**FEW, **given, "out": tmp_path / "run"}
    first, second = Ticks(stop=True), Ticks()
    with pytest.raises(KeyboardInterrupt):
        getattr(dada, kind)(digits, callback=first, **given)
    getattr(dada, kind)(digits, callback=second, resume=True, **given)
    assert (first.first, second.first) == (0, 1)
    assert len(second.records) == second.work.length - 1 > 0
    assert first.total == second.total == second.done > first.done > 0
