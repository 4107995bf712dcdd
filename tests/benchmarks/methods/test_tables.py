"""The table of all methods in the results is what was stored."""

import json
from pathlib import Path

import pytest

from benchmarks.methods.rows import SLOW

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


def table(head):
    """The cells of each row, by its first, of the table in the results that begins like this."""
    _, _, after = (DOCS / "results.md").read_text().partition(f"\n{head}")
    rows = {}
    for line in after.splitlines()[2:]:
        if not line.startswith("|"):
            break
        words, *found = [part.strip() for part in line.split("|")[1:-1]]
        rows[words.replace("**", "")] = found
    return rows


def stored(data):
    return json.loads((DOCS / "measured" / f"methods-{data}.json").read_text())


def cells(policies, row):
    if row not in policies:
        return ["not run", ""]
    found, gap = policies[row], policies[row].get("less dada")
    return [interval(found["error"]), interval(gap, "+") if gap else ""]


def interval(found, sign=""):
    return f"{found['mean']:{sign}.2f} ± {found['interval']:.2f}".replace("-", "−")


def test_the_table_in_the_results_is_what_was_stored():
    sets = [stored(data)["policy"] for data in ("cifar10", "fashion-mnist")]
    rows = table("| | CIFAR-10 | less ours")
    assert rows.keys() == NAMES.keys()
    for words, name in NAMES.items():
        shown = [cell.replace("**", "") for cell in rows[words]]
        assert shown == [cell for policies in sets for cell in cells(policies, name)], words


def test_a_difference_is_in_bold_where_its_interval_leaves_out_0():
    found = stored("cifar10")["policy"]
    text = (DOCS / "results.md").read_text()
    for name in NAMES.values():
        gap = found[name].get("less dada")
        if gap is not None:
            assert (f"**{interval(gap, '+')}**" in text) == (abs(gap["mean"]) > gap["interval"])


LONGER = {
    "our search, default": "dada",
    "Fast AutoAugment, published size": "fast_autoaugment-published",
    "PBA, published size": "pba-published",
    "AutoAugment": "autoaugment-4",
    "PBA": "pba-4",
    "Fast AutoAugment": "fast_autoaugment-4",
    "uniform policy, no search": "uniform",
    "our search, published size": "dada-published",
    "Faster AutoAugment, published size": "faster_autoaugment-published",
    "none": "none",
}


def test_the_table_of_longer_searches_is_what_was_stored():
    result = stored("cifar10-longer")
    rows = table("| | cost, times ours")
    assert rows.keys() == LONGER.keys()
    for words, (cost, error, *gaps) in rows.items():
        times, found = result["rows"][LONGER[words]]["times"], result["policy"][LONGER[words]]
        assert float(cost or 0) == pytest.approx(times, rel=0.05)
        assert error.replace("**", "") == interval(found["error"])
        for gap, other in zip(gaps, ("dada", "dada-published"), strict=True):
            one = found.get(f"less {other}")
            clear = one is not None and abs(one["mean"]) > one["interval"]
            said = "" if one is None else interval(one, "+")
            assert gap == (f"**{said}**" if clear else said)


def test_what_the_text_says_of_longer_searches_is_what_was_stored():
    result = stored("cifar10-longer")
    for method in SLOW:
        found = result["reach"]["dada"][method]
        assert found["above"] == pytest.approx(4, rel=0.01)
        assert all(one["reached"] is None for one in found["by_search"])
        uniform = result["policy"][f"{method}-4"]["less uniform"]
        assert abs(uniform["mean"]) < uniform["interval"]


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
