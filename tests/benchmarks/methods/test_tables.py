"""The table of all methods in the results is what was stored."""

import json
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs"
NAMES = {
    "our search, default": "dada",
    "our search, fast (0.55 of the cost)": "dada-fast",
    "AutoAugment": "autoaugment-1",
    "PBA": "pba-1",
    "uniform policy, no search": "uniform",
    "random search": "random-1",
    "Fast AutoAugment": "fast_autoaugment-1",
    "RandAugment, tuned": "randaugment-1",
    "Faster AutoAugment": "faster_autoaugment-1",
    "TrivialAugment, no search": "trivialaugment",
    "none": "none",
}


def stored(data):
    return json.loads((DOCS / "measured" / f"methods-{data}.json").read_text())


def cells(policies, row):
    if row not in policies:
        return ["not run", ""]
    found, gap = policies[row], policies[row].get("less dada")
    said = [f"{found['error']['mean']:.2f} ± {found['error']['interval']:.2f}", ""]
    if gap is not None:
        said[1] = f"{gap['mean']:+.2f} ± {gap['interval']:.2f}".replace("-", "−")
    return said


def test_the_table_in_the_results_is_what_was_stored():
    sets = [stored(data)["policy"] for data in ("cifar10", "fashion-mnist")]
    rows = {
        parts[1].strip(): [part.strip() for part in parts[2:6]]
        for line in (DOCS / "results.md").read_text().replace("**", "").splitlines()
        if len(parts := line.split("|")) == 7
    }
    for words, name in NAMES.items():
        assert rows[words] == [cell for policies in sets for cell in cells(policies, name)], words


def test_a_difference_is_in_bold_where_its_interval_leaves_out_0():
    found = stored("cifar10")["policy"]
    text = (DOCS / "results.md").read_text()
    for name in NAMES.values():
        gap = found[name].get("less dada")
        if gap is not None:
            said = f"{gap['mean']:+.2f} ± {gap['interval']:.2f}".replace("-", "−")
            assert (f"**{said}**" in text) == (abs(gap["mean"]) > gap["interval"])


def test_what_the_text_says_of_ten_times_is_what_was_stored():
    reach = stored("cifar10")["reach"]
    for data in ("cifar10", "fashion-mnist"):
        for found in stored(data)["reach"]["dada"].values():
            assert all(one["reached"] is None for one in found["by_search"])
    published = reach["dada-published"]
    assert [one["reached"] for one in published["autoaugment"]["by_search"]] == [
        published["autoaugment"]["reached"]
    ] * 3
    assert published["autoaugment"]["holds"] is False
    assert published["pba"]["holds"] is published["fast_autoaugment"]["holds"] is None
