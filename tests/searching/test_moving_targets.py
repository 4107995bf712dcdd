"""Searches where labels move with the pixels: masks and boxes."""

import pytest
import torch
from torch import nn

import dada
from dada.augment import MemoryLoader, Pipeline
from dada.datasets import ImageSet
from dada.errors import UserError
from dada.models import create
from dada.policy import Policy
from dada.report.samples import load_samples
from dada.runs import RunFolder
from dada.searching import METHODS
from dada.searching.shrink import shrunk
from dada.searching.trials import drawn_apart
from dada.training.settings import TrainSettings
from dada.training.training import Training

from .shapes import SIDE, shapes

KINDS = {"segmentation": "segmenter-4", "detection": "detector-4", "instances": "mask-detector-4"}
TINY = {
    **{"epochs": 1, "batch": 9, "device": "cpu", "precision": "float32", "folds": 2},
    **{"final_rounds": 1, "operations": ("Rotate", "Invert")},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_search_ends_in_a_policy_a_page_and_samples(kind, tmp_path):
    data = shapes(kind)
    found = dada.search(data, out=tmp_path / "run", model=KINDS[kind], **TINY)
    run = RunFolder.open(tmp_path / "run")
    assert isinstance(found, Policy) and dada.load_policy(run.path) == found
    assert run.config["data"]["task"] == kind
    rounds = [event for event in run.events if event["event"] == "epoch"]
    assert [list(record["trials"]) for record in rounds[:2]] == [
        ["no augmentation", "Rotate", "Invert"]
    ] * 2
    assert all(0 <= record["validation_accuracy"] <= 1 for record in rounds)
    assert load_samples(run).shape[1:] == (3, SIDE, SIDE)
    assert "Rotate" in (run.path / "report.html").read_text()


def test_a_method_that_keeps_the_best_of_candidates_can_and_repeats_itself():
    asked = {name: TINY[name] for name in ("epochs", "batch", "device", "precision", "operations")}
    asked |= {"method": "random", "policies": 1, "rounds": 1, "model": "segmenter-4"}
    found, again = (dada.search(shapes("segmentation"), **asked) for _ in range(2))
    assert isinstance(found, Policy) and found.sub_policies == again.sub_policies


@pytest.mark.parametrize(
    "method", [name for name in METHODS if name not in ("dada", "random", "randaugment")]
)
def test_methods_that_cannot_are_refused_and_the_others_named(method):
    able = "dada at a horizon above 0, random, randaugment"
    with pytest.raises(UserError, match=f"segmentation: method {method} cannot search .* {able}"):
        dada.search(shapes("segmentation"), method=method, device="cpu")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"preset": "step"}, "detection: method dada at a horizon of 0, one step cannot search"),
        ({"before": lambda image: image}, "before: a transform of images alone"),
        ({"after": lambda image: image}, "after: a transform of images alone"),
        ({"balance": True}, "balance: a detector's loss is its own"),
        (
            {"model": "proxy-4"},
            r"proxy-4 gives \(2, 2\) for 2 images: must give boxes and their losses",
        ),
    ],
)
def test_what_would_be_wrong_is_refused(asked, message):
    with pytest.raises(UserError, match=message):
        dada.search(shapes("detection"), device="cpu", **asked)


def test_a_network_must_answer_for_each_pixel():
    with pytest.raises(UserError, match=r"\(2, 3\) for 2 images: must give \(2, 3, 16, 16\), one"):
        dada.search(shapes("segmentation"), model="proxy-4", device="cpu")


class Same(nn.Module):
    """Shows the loss what it sees."""

    def __init__(self):
        super().__init__()
        self.nothing = nn.Parameter(torch.zeros(1))

    def forward(self, images):
        return images + self.nothing


def test_in_training_every_mask_is_where_its_image_is():
    """The red channel is the mask."""
    masks = torch.randint(1, 255, (20, SIDE, SIDE), dtype=torch.uint8)
    images = ImageSet(masks[:, None].expand(-1, 3, -1, -1).contiguous(), masks)
    pipeline, seen = Pipeline((0.0,) * 3, (1.0,) * 3, padding=3), []

    def loss(outputs, labels):
        there = (255 * outputs[:, 0].detach()).round().byte()
        seen.append((there, labels))
        return outputs.flatten(1).mean(1)

    operations = ("Rotate", "ShearX", "TranslateY", "Cutout")
    policy = dada.SearchSpace(operations, 2).uniform()
    cpu = torch.device("cpu")
    training = Training(
        settings=TrainSettings(epochs=2, batch=6, precision="float32", lr=1e-9),
        model=Same(),
        images=MemoryLoader(images, pipeline, cpu),
        pipeline=pipeline,
        augment=drawn_apart(policy, 0),
        seed=0,
        device=cpu,
        loss=loss,
        together=3,
    )
    for _ in range(2):
        training.run_epoch()
    there, labels = (torch.cat(parts) for parts in zip(*seen, strict=True))
    assert len(there) == 40
    # Outside is black and does not count; a Cutout's square is grey, and its labels stay.
    hidden = (there == 125) & (labels != 125)
    assert ((there == labels) | hidden | ((there == 0) & (labels == 255))).all()
    assert (labels == 255).any() and hidden.any()


def test_shrunk_images_have_shrunk_masks_and_the_same_boxes():
    big = shapes("segmentation").train
    small = shrunk(big, 8)
    assert small.labels.shape == (36, 8, 8) and small.images.shape == (36, 3, 8, 8)
    boxes = shapes("detection").train
    assert torch.equal(shrunk(boxes, 8).labels, boxes.labels)


def test_trials_of_labels_that_move_are_not_side_by_side():
    network = create("segmenter-4", 3)
    from dada.training.side_by_side import SideBySide

    masks = shapes("segmentation").train
    pipeline, cpu = Pipeline((0.5,) * 3, (0.5,) * 3), torch.device("cpu")
    with pytest.raises(ValueError, match="labels that move are not the same side by side"):
        SideBySide(
            settings=TrainSettings(epochs=1, batch=6),
            models=[network] * 2,
            images=MemoryLoader(masks, pipeline, cpu),
            pipeline=pipeline,
            augment=lambda images, _, motion=None: images,
            seed=0,
            device=cpu,
        )
