import numpy as np
import pytest
import torch
from PIL import Image

from dada.report.samples import load_samples, save_samples
from dada.runs import RunFolder

from .conftest import write_json


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_images_come_back_as_they_were(tmp_path, channels):
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (4, channels, 6, 7), dtype=torch.uint8, generator=generator)
    write_json(tmp_path / "config.json", {"data": {"channels": channels, "side": [6, 7]}})
    run = RunFolder(tmp_path)
    save_samples(run, images)
    assert torch.equal(load_samples(run), images)


def test_many_channels_lie_below_each_other(tmp_path):
    images = torch.arange(5, dtype=torch.uint8)[None, :, None, None].expand(2, 5, 6, 7)
    save_samples(RunFolder(tmp_path), images)
    pixels = np.asarray(Image.open(tmp_path / "samples.png"))
    assert pixels.shape == (30, 14) and (pixels[:, 0] == np.arange(5).repeat(6)).all()
