"""From the weights of a training to a search that starts from them, and the comparison it names."""

import json
import re
from pathlib import Path

NETWORK = "--model wrn-10-1 --weights before/last.pt"
SMALL = "--epochs 1 --images 60"


def test_train_search_compare_and_resume_from_a_file_of_weights(dada):
    assert dada("train digits --recipe demo --epochs 1 --images 60 -o before").code == 0
    folds = "--set folds=2 --set fold_images=20 --operations Rotate,Invert"
    searched = dada(f"search digits {NETWORK} {SMALL} {folds} -o run")
    assert searched.code == 0, searched.err
    settings = json.loads(Path("run/config.json").read_text())["settings"]
    assert settings["preset"] == "finetune" and settings["optimiser"] == "adamw"
    origin = json.loads(Path("run/policy.json").read_text())["provenance"]["settings"]
    assert origin["weights"] == "last.pt", "equal searches give equal files, wherever weights are"
    line = re.search(r"do(?:es it| they) help\?  dada (compare .*)", searched.out)[1]
    assert line.endswith("--model wrn-10-1 --weights before/last.pt")
    compared = dada(f"{line} {SMALL} --seeds 1")
    assert compared.code == 0, compared.err
    settings = json.loads(Path("run/compare/config.json").read_text())["settings"]
    assert settings["weights"] == "before/last.pt" and settings["weights_fingerprint"]
    again = dada("search --resume run")
    assert again.code == 0 and re.search(r"dada (compare .*)", again.out)[1] == line


def test_other_weights_do_not_resume_a_run(dada):
    assert dada("train digits --recipe demo --epochs 1 --images 60 -o before").code == 0
    train = f"train digits {NETWORK} {SMALL} -o tuned"
    assert dada(train).code == 0
    assert dada("train digits --recipe demo --epochs 1 --images 60 --seed 1 -o other").code == 0
    Path("before/last.pt").write_bytes(Path("other/last.pt").read_bytes())
    for command in (f"{train} --resume", "train --resume tuned"):
        refused = dada(command)
        assert refused.code == 2 and refused.err.count("\n") == 1
        assert "weights" in refused.err
