"""Transforms of the user's own in a search: reproducible, resumable, seen by the network."""

import pytest
import torch
from torch import nn
from torchvision.transforms import v2

from dada.augment import apply
from dada.errors import UserError
from dada.runs import RunFolder
from dada.searching import search
from dada.searching.problem import begin, problem_of
from dada.searching.settings import make_settings
from dada.training.hooks import UserHooks
from tests.searching import SMALL, TINY

from .test_run import StopAfter

ROTATE, BLUR = v2.RandomRotation(30), v2.RandomApply([v2.GaussianBlur(3)])


@pytest.fixture(autouse=True)
def no_report(monkeypatch):
    monkeypatch.setattr("dada.searching.work.write_page", lambda folder: None)


@pytest.mark.parametrize("kind", [{}, {"estimator": "relax", "views": 2}], ids=["critic", "relax"])
def test_one_seed_one_policy_and_a_search_that_goes_on(digits, tmp_path, kind):
    given = {**SMALL, **kind, "before": ROTATE, "after": BLUR}
    for name in "ab":
        torch.rand(3)
        search(digits, out=tmp_path / name, **given)
    with pytest.raises(KeyboardInterrupt):
        search(digits, out=tmp_path / "part", callback=StopAfter(1), **given)
    search(digits, out=tmp_path / "part", resume=True, **given)
    files = {(tmp_path / name / "policy.json").read_bytes() for name in ("a", "b", "part")}
    assert len(files) == 1
    for other in ({"before": None}, {"after": None}, {"seed": 1}):
        found = search(digits, out=tmp_path / f"other {other}", **{**given, **other})
        assert (tmp_path / f"other {other}" / "policy.json").read_bytes() not in files, found.name


def test_their_names_are_kept_and_must_stay(digits, tmp_path):
    given = {**SMALL, "epochs": 1, "out": tmp_path / "run"}
    search(digits, before=ROTATE, **given)
    config = RunFolder.open(tmp_path / "run").config
    assert config["before"] == "RandomRotation" and "after" not in config
    with pytest.raises(UserError, match="before = 'RandomRotation', not 'RandomApply'"):
        search(digits, before=BLUR, resume=True, **given)
    with pytest.raises(UserError, match="after = None, not 'RandomApply'"):
        search(digits, before=ROTATE, after=BLUR, resume=True, **given)


def test_the_network_sees_what_comes_after_the_policy(digits):
    """Training images are blanked, validation images are not."""
    seen = []

    class Looking(nn.Sequential):
        def forward(self, x):
            seen.append(x.detach().float())
            return super().forward(x)

    model = Looking(nn.Flatten(), nn.Linear(64, 10))
    search(digits, after=torch.zeros_like, **{**TINY, "model": model, "cutout": 0})
    plain = [x for x in seen if x.flatten(1).std(1).min() > 0]
    blank = [x for x in seen if x.flatten(1).std(1).max() == 0]
    assert len(plain) == 1 and blank and len(plain) + len(blank) == len(seen)


def test_a_batch_is_prepared_again_with_the_same_randomness(digits):
    """Relaxed derivatives compare images that must differ in nothing but the operation."""
    settings = make_settings(**TINY, views=2).resolve(digits)
    own = UserHooks(after=v2.RandomApply([v2.GaussianBlur(3)]))
    problem = problem_of(settings, digits, None, torch.device("cpu"), hooks=own)
    step = begin(settings, problem).step
    batch = step._draw(digits.train.images[:16])
    again = batch.prepare(apply(batch.original, batch.draw))
    assert torch.equal(again, batch.augmented)
    first, second = batch.prepare(batch.original).split(16)
    assert torch.equal(first, second), "views differ in their draws alone"


def test_a_transform_that_changes_the_shape_is_one_clear_error(digits):
    with pytest.raises(
        UserError, match=r"before: returned uint8 \(1, 4, 4\) for uint8 \(1, 8, 8\)"
    ):
        search(digits, before=v2.CenterCrop(4), **SMALL)
    with pytest.raises(UserError, match=r"after: returned float32"):
        search(digits, after=v2.ToDtype(torch.float32), **SMALL)
