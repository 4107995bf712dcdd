"""A small network that says of each pixel what it shows; for trials, as the proxy is."""

from __future__ import annotations

from torch import Tensor, nn

from dada.models.u_net import UNet, enlarged, shrunk

_SIDE = 48  # pixels at most, after pooling


class Segmenter(nn.Module):
    """The image pooled to 48 × 48 pixels or fewer, a small U-Net, and its answers enlarged again.

    Args:
        width: channels at the highest resolution.
        classes: number of outputs per pixel.
        channels: channels of the input images, which may have any size.

    Examples:
        >>> import torch
        >>> Segmenter(4, 3)(torch.zeros(2, 3, 100, 75)).shape
        torch.Size([2, 3, 100, 75])
    """

    def __init__(self, width: int, classes: int, channels: int = 3) -> None:
        super().__init__()
        self.trunk = UNet(width, channels)
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, images: Tensor) -> Tensor:
        """(B, channels, H, W) to logits (B, classes, H, W)."""
        x, factor = shrunk(images, _SIDE)
        return enlarged(self.head(self.trunk(x)), factor, images, "bilinear")
