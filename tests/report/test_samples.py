import numpy as np
import pytest
import torch
from PIL import Image

from dada.datasets import ImageSet
from dada.report.samples import load_labels, load_samples, save_samples
from dada.runs import RunFolder

from .conftest import write_json


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_images_come_back_as_they_were(tmp_path, channels):
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (4, channels, 6, 7), dtype=torch.uint8, generator=generator)
    write_json(tmp_path / "config.json", {"data": {"channels": channels, "side": [6, 7]}})
    run = RunFolder(tmp_path)
    save_samples(run, ImageSet(images, torch.arange(4)))
    assert torch.equal(load_samples(run), images) and load_labels(run) is None


def test_many_channels_lie_below_each_other(tmp_path):
    images = torch.arange(5, dtype=torch.uint8)[None, :, None, None].expand(2, 5, 6, 7)
    save_samples(RunFolder(tmp_path), ImageSet(images, torch.arange(2)))
    pixels = np.asarray(Image.open(tmp_path / "samples.png"))
    assert pixels.shape == (30, 14) and (pixels[:, 0] == np.arange(5).repeat(6)).all()


def test_masks_and_boxes_come_back_beside_their_images(tmp_path):
    images = torch.zeros(2, 3, 6, 7, dtype=torch.uint8)
    masks = torch.arange(84).view(2, 6, 7).byte()
    boxes = torch.tensor([[[0.0, 0, 1, 1, 3]], [[0.0, 0, 0, 0, -1]]])
    run = RunFolder(tmp_path)
    for labels in (masks, boxes):
        save_samples(run, ImageSet(images, labels))
        assert torch.equal(load_labels(run), labels)
    (tmp_path / "samples.pt").write_bytes(b"damaged")
    assert load_labels(run) is None
