from __future__ import annotations

import json
import math
from dataclasses import asdict

import numpy as np
import pytest

from dada.searching.methods.dada import OneStep
from dada.searching.methods.dada.one_step.charts import charts, summary
from tests.report.conftest import PAIRS, make_config, make_epoch

RECORDS = [make_epoch(number) for number in (1, 2, 3)]
SETTINGS = make_config()["settings"]


def test_charts_are_plain_data():
    found = charts(SETTINGS, PAIRS, RECORDS)
    assert [chart.kind for chart in found] == ["lines", "panels", "lines", "lines"]
    data = [asdict(chart) for chart in found]
    assert json.loads(json.dumps(data)) == data


def test_the_leading_sub_policies_are_named():
    weights = charts(SETTINGS, PAIRS, RECORDS)[0]
    last = np.array(RECORDS[-1]["weights"])
    best = PAIRS[int(last.argmax())]
    assert weights.series[0].label == f"{best[0]}\n+ {best[1]}"
    assert [series.y[-1] for series in weights.series] == pytest.approx(sorted(100 * last)[::-1])
    assert [series.faint for series in weights.series] == [False] * 5 + [True]
    assert weights.reference == pytest.approx(100 / 6)


def test_concentration_is_the_number_of_equal_ones_of_that_entropy():
    record = make_epoch(1) | {"entropy": math.log(4)}
    assert "as if 4 of 6 were chosen" in charts(SETTINGS, PAIRS, [record])[0].caption
    del record["entropy"]  # of 0.1
    assert charts(SETTINGS, PAIRS, [record])[0].caption.endswith("Dashed: uniform. ")


def test_histories_are_means_over_the_places_of_an_operation():
    record = make_epoch(1)
    found = {panel.name: panel.series for panel in charts(SETTINGS, PAIRS, [record])[1].panels}
    probability, magnitude = found["Rotate"]
    places = [(s, pair.index("Rotate")) for s, pair in enumerate(PAIRS) if "Rotate" in pair]
    assert len(places) == 3
    for series, key in ((probability, "probabilities"), (magnitude, "magnitudes")):
        assert series.y == pytest.approx([np.mean([record[key][s][k] for s, k in places])])
    assert len(found["Invert"]) == 1, "it has no magnitude"


def test_what_a_magnitude_is_depends_on_the_scale():
    captions = [
        charts(SETTINGS | {"scale": scale}, PAIRS, RECORDS)[1].caption
        for scale in ("strength", "paper")
    ]
    assert "0 is no change" in captions[0] and "0.5 is its middle" in captions[1]


def test_the_summary_says_how_it_was_searched():
    assert summary(SETTINGS, {"parameters": 1000}, RECORDS) == (
        "in 3 epochs and 4.5 s: preset demo, estimator relax, seed 3, child network wrn-10-1 "
        "(1,000 parameters), no augmentation around the policy."
    )
    assert OneStep.gains(RECORDS) is None
