"""What searches by trials found on different data, side by side: a table and a picture.

    python -m benchmarks.what_helps runs/a runs/b … [--json FILE] [--picture FILE.svg]

Runs on the same data are grouped.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from benchmarks._contract import finish
from dada.report.facts import epochs_of
from dada.runs import RunFolder
from dada.searching.methods.dada.arms.records import rewards_of, shares_of

BLUE, GREY = "#0b5cad", "#6b7280"


def collect(folders: list[Path]) -> dict[str, dict]:
    """For each data set: operations' rewards and shares (one per search), and the probabilities."""
    found: dict[str, dict] = {}
    for folder in folders:
        run = RunFolder.open(folder)
        start, rounds = run.events[0], epochs_of(run.events)
        name = f"{run.config['data']['name']}, {run.config['settings']['images']:,} images"
        one = found.setdefault(
            name, {"rewards": defaultdict(list), "shares": defaultdict(list), "probability": []}
        )
        for operation, rewards in rewards_of(rounds, start["sub_policies"]).items():
            one["rewards"][operation].append(float(np.mean(rewards)))
        for operation, share in shares_of(rounds[-1]["weights"], start["sub_policies"]).items():
            one["shares"][operation].append(share)
        one["probability"].append(rounds[-1]["probabilities"][0][0])
    return found


def draw(found: dict[str, dict], path: Path) -> None:
    """One panel per data set: each search's rewards, their mean, and how often each is chosen."""
    first = next(iter(found.values()))
    means = {name: float(np.mean(values)) for name, values in first["rewards"].items()}
    names = sorted(means, key=lambda name: -means[name])
    figure = Figure(figsize=(3.4 * len(found) + 1, 0.27 * len(names) + 1), layout="constrained")
    panels = figure.subplots(1, len(found), sharey=True, squeeze=False)[0]
    for axes, (title, one) in zip(panels, found.items(), strict=True):
        for place, name in enumerate(names):
            if name not in one["rewards"]:
                axes.text(0, place, "–", ha="center", va="center", color=GREY)
                continue
            values = [100 * value for value in one["rewards"][name]]
            axes.plot(values, [place] * len(values), "|", color=BLUE, ms=8)
            axes.plot([0, np.mean(values)], [place] * 2, color=BLUE, lw=2)
            axes.plot(np.mean(values), place, "o", color=BLUE, ms=5)
            share = 100 * float(np.mean(one["shares"][name]))
            axes.text(1.02, place, f"{share:.0f} %", va="center", color=GREY,
                      transform=axes.get_yaxis_transform())  # fmt: skip
        axes.axvline(0, color=GREY, lw=0.8, ls="--", zorder=0)
        axes.set_title(title, fontsize=10, loc="left")
        axes.set_xlabel("validation loss saved, %", fontsize=9)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
    panels[0].set_ylim(len(names) - 0.5, -0.5)
    panels[0].set_yticks(range(len(names)), names)
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "what helps"}):
        figure.savefig(path, metadata={"Date": None}, facecolor="white")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    found = collect(options.runs)
    for title, one in found.items():
        count = len(one["probability"])
        print(f"{title}: {count} searches, probabilities {np.round(one['probability'], 2)}")
        for name in sorted(one["rewards"], key=lambda name: -np.mean(one["rewards"][name])):
            rewards, share = np.array(one["rewards"][name]), np.mean(one["shares"][name])
            print(f"  {name:14} {100 * rewards.mean():+6.1f} %  chosen {100 * share:5.1f} %")
    if options.picture:
        draw(found, options.picture)
    finish({"sets": found}, options.json)


if __name__ == "__main__":
    main()
