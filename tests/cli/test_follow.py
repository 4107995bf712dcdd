from __future__ import annotations

import pytest

import dada
from dada.errors import UserError

QUICK = {"images": 40, "epochs": 1, "model": "wrn-10-1"}


def lines(capsys) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_it_prints_what_the_command_line_prints(capsys, digits):
    dada.train(digits, callback=dada.Progress(), **QUICK)
    first, note, second = lines(capsys)
    assert note.startswith("note: no test images found")
    assert first.startswith("training wrn-10-1 on digits: 40 images, 1 epoch")
    assert second.startswith("epoch    1  training loss") and "test error" in second
    dada.search(digits, preset="demo", epochs=1, images=80, callback=dada.Progress())
    *notes, last = lines(capsys)
    assert last.startswith("round ") and "--" not in "".join(notes), "options as Python has them"
    assert any(note.endswith("learns fast; model= tries another") for note in notes)
    dada.compare(digits, seeds=1, callback=dada.Progress(), **QUICK)
    assert sum(line.startswith("seed 0  ") for line in lines(capsys)) == 4


def test_one_callback_serves_several_runs_and_ends_when_a_run_fails(capsys, digits):
    class Failing(dada.Callback):
        def on_record(self, record):
            raise UserError("enough")

    progress = dada.Progress()
    with pytest.raises(UserError, match="enough"):
        dada.train(digits, callback=[progress, Failing()], **QUICK)
    assert progress._shown._over.is_set() and progress._shown._reporter is None
    dada.train(digits, callback=progress, **QUICK)
    assert sum(line.startswith("epoch ") for line in lines(capsys)) == 2
