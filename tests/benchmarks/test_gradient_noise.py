"""The study of the policy gradient, on the digits: what it claims is what it measures."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_default_estimator_is_far_quieter_than_the_published_one_and_ranks_rightly(tmp_path):
    file = tmp_path / "noise.json"
    command = [sys.executable, "-m", "benchmarks.gradient_noise", "--json", str(file)]
    command += ["--pictures", str(tmp_path / "figures")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    study = json.loads(file.read_text())
    published, default = study["published"], study[study["default"]]
    assert default["alpha"] <= published["alpha"] / 20
    assert default["beta"] <= published["beta"] / 2000
    assert default["cost"] <= 14 and default["cost"] < published["cost"]
    assert default["rank_correlation"] >= 0.7 and published["rank_correlation"] < 0.5
    # What is unbiased by theory has a mean error of about one standard error.
    for name in ("reinforce", "leave_one_out", "unaugmented", "views_2", "relax", "rebar"):
        for group in ("alpha", "beta"):
            assert 0.7 < study[name]["bias"][group] < 1.4, (name, group)
    assert study["gumbel_softmax"]["bias"]["beta"] > 2, "and what is biased has more"
    assert all(
        (tmp_path / "figures" / f"{name}.svg").exists()
        for name in ("gradient_noise", "reward_tables")
    )
