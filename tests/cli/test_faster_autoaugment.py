"""The search of Faster AutoAugment from the command line."""

import json
from pathlib import Path

SEARCH = (
    "search digits --method faster_autoaugment --model proxy-4 --images 60 --epochs 2 --batch 20 "
    "--set sub_policies=2 --operations Rotate,Invert,Solarize -o run"
)


def test_a_search_its_policy_and_its_report(dada):
    result = dada(SEARCH)
    assert result.code == 0, result.err
    assert "critic proxy-4, 2 epochs of 3 steps of up to 20 images" in result.out
    found = json.loads(Path("run/policy.json").read_text())
    assert found["provenance"]["method"] == "Faster AutoAugment"
    page = Path("run/report.html").read_text()
    assert "Which operations are chosen" in page and "Accuracy on augmented images" in page
    assert dada("export run --to torchvision -o policy.py").code == 0


def test_a_setting_without_effect_is_refused_with_code_2(dada):
    result = dada(f"{SEARCH} --set momentum=0.5")
    assert result.code == 2 and result.err.count("\n") == 1
    assert "momentum: has no effect" in result.err and not Path("run").exists()
