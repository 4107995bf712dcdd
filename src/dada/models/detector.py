"""A small network that finds objects; for trials, as the proxy is."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from dada.models.grid import BOX, OnGrid
from dada.models.u_net import UNet, shrunk

_SIDE = 128  # pixels at most, after pooling
_STRIDE = 4  # of them to a cell
_PRIOR = 0.01  # a class's probability at first, as in Lin et al. 2017


class Detector(nn.Module):
    """The image pooled to 128 × 128 pixels or fewer, two strided convolutions, a small U-Net, and a
    box and the classes' logits for each cell of 4 × 4 of these pixels.

    Args:
        width: channels of the first convolution; of the grid's cells twice as many.
        classes: kinds of objects.
        channels: channels of the input images, which may have any size.

    Examples:
        >>> import torch
        >>> answers = Detector(4, 3)(torch.zeros(2, 3, 64, 64))
        >>> answers.boxes(most=5).shape
        torch.Size([2, 5, 6])
    """

    def __init__(self, width: int, classes: int, channels: int = 3) -> None:
        super().__init__()
        self.stem = nn.Sequential(_strided(channels, width), _strided(width, 2 * width))
        self.trunk = UNet(2 * width, 2 * width)
        self.head = nn.Conv2d(2 * width, BOX + classes, 1)
        nn.init.zeros_(self.head.weight[:BOX])
        prior = torch.tensor([0.0] * BOX + [math.log(_PRIOR / (1 - _PRIOR))] * classes)
        self.head.bias = nn.Parameter(prior)

    def forward(self, images: Tensor) -> OnGrid:
        """(B, channels, H, W) to the objects found."""
        x, cell = self.cells(images)
        return OnGrid(self.head(x), cell)

    def cells(self, images: Tensor) -> tuple[Tensor, tuple[float, float]]:
        """The features of the cells, (B, 2 · width, h, w), and the width and height of a cell,
        relative to the image's."""
        x, factor = shrunk(images, _SIDE)
        height, width = images.shape[2:]
        side = factor * _STRIDE
        return self.trunk(self.stem(x)), (side / width, side / height)


def _strided(inputs: int, outputs: int) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())
