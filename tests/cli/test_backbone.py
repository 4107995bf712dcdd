"""A segmentation network whose backbone starts from a classifier's weights."""

import json
from pathlib import Path

import numpy as np
import torch

from dada.models import create
from dada.runs import recall
from tests.datasets.annotated.formats import write_mask, write_picture

SMALL = "--epochs 1 --batch 4 --precision float32"
SECOND = f"--model lraspp_mobilenet_v3_large --backbone first.pt --side 32 {SMALL}"


def write_classes():
    images = np.random.default_rng(0).integers(256, size=(8, 32, 32, 3), dtype=np.uint8)
    labels = np.arange(8) % 2
    np.savez("kinds.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)


def write_squares():
    mask = np.zeros((32, 48), np.uint8)
    mask[8:24, 8:24] = 1
    for number in range(5):
        part = "train" if number < 4 else "test"
        write_picture(Path(f"pictures/images/{part}/{number}.png"), (32, 48), number)
        write_mask(Path(f"pictures/masks/{part}/{number}.png"), mask)


def test_train_from_a_backbone_and_resume_with_the_same(dada):
    write_squares()
    torch.manual_seed(0)
    torch.save(create("mobilenet_v3_large", 2).state_dict(), "first.pt")
    trained = dada(f"train pictures {SECOND} -o second")
    assert trained.code == 0, trained.err
    assert trained.out.count("tensors of first.pt; left out: classifier.0.weight") == 1
    settings = json.loads(Path("second/config.json").read_text())["settings"]
    assert settings["backbone"] == "first.pt" and settings["backbone_fingerprint"]
    known = recall("second").arguments
    assert known["side"] == 32 and known["backbone"] == "first.pt"
    torch.save(create("mobilenet_v3_large", 2).state_dict(), "first.pt")
    refused = dada("train --resume second")
    assert refused.code == 2 and refused.err.count("\n") == 1
    assert "backbone first.pt: not the weights that the run was started with" in refused.err


def test_a_network_without_a_backbone_is_refused_in_one_line(dada):
    write_classes()
    np.savez("weights.npz", a=np.zeros(3))
    for verb in ("train", "compare"):
        refused = dada(f"{verb} kinds.npz --model resnet18 --backbone weights.npz")
        assert refused.code == 2 and refused.err.count("\n") == 1
        assert "weights.npz: not a file of weights" in refused.err
