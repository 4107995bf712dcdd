"""The gallery's figures are those of the stored results."""

import json
from pathlib import Path

import pytest

from benchmarks.page.search_quality import errors

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "guide" / "gallery.md").read_text().replace("**", "")  # found policies are bold
TEXT = " ".join(PAGE.split())


def stored(name):
    return json.loads((DOCS / "measured" / f"{name}.json").read_text())


def table_of(rows, *columns):
    shown = {n: {k: row[k] for k in ("error", *columns) if k in row} for n, row in rows.items()}
    return "\n".join(errors(shown, {}))


@pytest.fixture(scope="module")
def waste():
    [found] = [one for one in stored("fine_tuning")["sets"] if one["data"] == "trash-192"]
    return found


@pytest.mark.parametrize("data", ["cifar10", "fashion-mnist"])
def test_errors_are_the_measured_ones(data):
    rows = stored(f"search_quality-{data}")["policy"]
    assert table_of(rows, "less none", "less uniform") in PAGE


def test_errors_on_waste_are_the_measured_ones(waste):
    [table] = waste["tables"]
    assert table["epochs"] == 12 and "for 12 epochs, 8 seeds" in TEXT
    assert table_of(table["rows"], "less none", "less uniform") in PAGE
    assert f"{waste['train']:,} to search and train on, {waste['test']:,} to test" in TEXT


def test_the_search_on_waste_took_and_found_what_is_said(waste):
    [search] = waste["searches"]["finetune"]
    assert f"The search took {search['seconds'] / 60:.0f} minutes" in TEXT
    assert f"reliability of these effects is {search['reliability']:.2f}" in TEXT
    changes = sorted(((100 * -e, name) for name, e in search["effects"].items()), reverse=True)
    named, rest, lower = changes[:7], changes[7:12], changes[:11:-1]
    assert rest[-1][0] > 0 > lower[-1][0]
    [(by, first), *others], [(less, best), *better] = named, lower
    assert (
        f"{first} raised the held-out loss by {by:.1f} %, "
        f"{', '.join(f'{name} by {by:.1f} %' for by, name in others)}, and five others by "
        f"{rest[-1][0]:.1f} to {rest[0][0]:.1f} %; {best} lowered it by {-less:.1f} %, "
        f"{' and '.join(f'{name} by {-by:.1f} %' for by, name in better)}."
    ) in TEXT
    losses = search["losses"]
    assert list(losses) == ["0%", "25%", "50%", "75%", "100%", "uniform", "TrivialAugment"]
    assert min(losses, key=losses.get) == "0%"
    assert f"| {' | '.join(f'{loss:.3f}' for loss in losses.values())} |" in PAGE


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("horizon", "The search saw 2,500 images, took {default[0]:.0f} seconds"),
        ("horizon", "`fast` is `--preset fast` ({fast[0]:.0f} s)"),
        (
            "fashion-mnist",
            "took {default[0]:.0f} seconds (three searches: {low:.0f} to {high:.0f})",
        ),
    ],
)
def test_searches_took_what_is_said(data, said):
    found = stored(f"search_quality-{data}")["searches"]
    seconds = {row: [one["seconds"] for one in searches] for row, searches in found.items()}
    default = seconds["default"]
    assert said.format(**seconds, low=min(default), high=max(default)) in TEXT
