import json
from pathlib import Path

from tests.cli.commands import check_refused

TRAIN = "train digits --recipe demo --epochs 2 --images 80 --batch 20 -o out"


def test_the_terminal_says_how_each_part_of_the_test_went(dada):
    assert dada(TRAIN).code == 0
    result = dada("evaluate out --json found.json")
    found = json.loads(Path("found.json").read_text())
    assert result.code == 0 and not result.err
    lines = result.out.splitlines()
    assert lines[0] == f"test error  {found['test_error']:.2%} of 360 images"
    worst, about = max(zip(found["class_errors"], found["per_class"], strict=True), key=first)
    taken = f"{about['times']} taken for {about['taken_for']}"
    line = f"worst       {about['name']} {worst:.1%} of {about['images']} images, {taken}"
    assert line in lines
    error = found["calibration"]["ece"]
    assert any(line.startswith(f"calibration expected error {error:.1%}, ") for line in lines)
    assert lines[-1] == "page        out/evaluation.html" and Path("out/evaluation.html").is_file()
    assert sum(map(sum, found["confusion"])) == 360


def first(pair):
    return pair[0]


def test_the_page_can_be_elsewhere_and_is_refused_before_the_test(dada):
    assert dada(TRAIN).code == 0
    result = dada("evaluate out -o page.html --quiet")
    assert result.code == 0
    assert Path("page.html").is_file() and not Path("out/evaluation.html").exists()
    check_refused(dada("evaluate out -o nowhere/page.html"), "cannot write nowhere/page.html")
