"""The trunk of the small networks that answer for places: down, up again, and across.

A U-Net (Ronneberger et al. 2015) whose skips are added, not concatenated (LinkNet, Chaurasia and
Culurciello 2017): it then does with each group of channels what it does with all, and can be
stacked (`dada.models.stacked`).
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from dada.models.proxy import block

_LEVELS = 4


class UNet(nn.Module):
    """Conv3×3-BN-ReLU at four resolutions, each half of the one before; then back up.

    Args:
        width: channels at the highest resolution; each next one has twice as many.
        channels: channels of the images, which may have any size.
    """

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(_LEVELS)]
        inputs = [channels, *widths[:-1]]
        self.down = nn.ModuleList(
            nn.Sequential(*block(i, o)) for i, o in zip(inputs, widths, strict=True)
        )
        self.narrow = nn.ModuleList(
            nn.Sequential(nn.Conv2d(2 * w, w, 1, bias=False), nn.BatchNorm2d(w))
            for w in widths[:-1]
        )
        self.up = nn.ModuleList(nn.Sequential(*block(w, w)) for w in widths[:-1])
        self.pool = nn.MaxPool2d(2, ceil_mode=True)

    def forward(self, images: Tensor) -> Tensor:
        """(B, channels, H, W) to (B, width, H, W)."""
        passed, x = [], images
        for level, down in enumerate(self.down):
            x = down(self.pool(x) if level else x)
            passed.append(x)
        for across, narrow, up in reversed(
            list(zip(passed[:-1], self.narrow, self.up, strict=True))
        ):
            x = up(enlarged(narrow(x), 2, across, "nearest") + across)
        return x


def shrunk(images: Tensor, side: int) -> tuple[Tensor, int]:
    """The means of squares of k × k pixels, at most `side` of them in a row; and k.

    The last squares are cut off by the image's edge where k does not divide its size.
    """
    factor = -(-max(images.shape[2:]) // side)
    return (avg_pool2d(images, factor, ceil_mode=True) if factor > 1 else images), factor


def enlarged(x: Tensor, factor: int, like: Tensor, mode: str) -> Tensor:
    """`factor` times as large, cut off at the right and the bottom to the size of `like`.

    It undoes pooling that rounds sizes up: every pixel is again where it was.
    """
    height, width = like.shape[2:]
    if factor > 1:
        x = interpolate(x, scale_factor=float(factor), mode=mode)
    return x[..., :height, :width]
