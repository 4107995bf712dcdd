"""Pyramidal residual networks with ShakeDrop, as used in the published final trainings.

Han, Kim and Kim, *Deep Pyramidal Residual Networks*, CVPR 2017 (arXiv 1610.02915), with
bottlenecks, in the variant of Fast AutoAugment and DADA. ShakeDrop: `dada.models.shake_drop`.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from dada.errors import UserError
from dada.models.shake_drop import ShakeDrop

EXPANSION = 4  # output channels of a bottleneck per inner channel


def check_depth(depth: int) -> None:
    """Raise `UserError` unless ``depth`` is 9n + 2 with n of at least 1."""
    if depth >= 11 and (depth - 2) % 9 == 0:
        return
    nearest = max(11, 9 * round((depth - 2) / 9) + 2)
    raise UserError(
        f"PyramidNet depth {depth}: must be 9n + 2 (11, 20, 29, ..., 272); the nearest is {nearest}"
    )


class PyramidBlock(nn.Module):
    """BN-conv1×1-BN-ReLU-conv3×3-BN-ReLU-conv1×1-BN, ShakeDrop, plus the input.

    The 3×3 convolution has the stride. With stride 2 the input is averaged over 2×2 pixels, and
    missing channels are padded with zeros.

    Args:
        inputs: input channels.
        width: inner channels; there are four times as many outputs, at least ``inputs``.
        stride: 1 or 2.
        keep: ShakeDrop's probability of leaving the branch as it is.
    """

    def __init__(self, inputs: int, width: int, stride: int, keep: float) -> None:
        super().__init__()
        outputs = EXPANSION * width
        self.branch = nn.Sequential(
            nn.BatchNorm2d(inputs),
            nn.Conv2d(inputs, width, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.drop = ShakeDrop(keep)
        self.stride = stride
        self.missing = outputs - inputs

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, inputs, H, W) to (B, 4 · width, ⌈H / stride⌉, ⌈W / stride⌉)."""
        out = self.drop(self.branch(x))
        if self.stride == 2:
            x = F.avg_pool2d(x, 2, ceil_mode=True)
        return out + F.pad(x, (0, 0, 0, 0, 0, self.missing))


class PyramidNet(nn.Module):
    """PyramidNet-``depth`` with α = ``alpha``: three stages of (depth − 2) / 9 bottlenecks.

    Block k of N has 16 + αk / N inner channels, so the width grows everywhere and not only where
    the image shrinks. It is rounded, as in the published code (the paper rounds down, and its
    parameter counts are 1 % smaller). ShakeDrop keeps the block with probability
    1 − (1 − last_keep)·k / N.

    Convolutions are initialised normally with variance 2 / (k² · outputs) for a k×k kernel (He et
    al. 2015, by fan-out), the last layer by PyTorch's defaults, as in the published code; draws
    come from torch's global generator.

    Args:
        depth: number of layers counted as in the paper, 9n + 2: 11, 20, ..., 272.
        alpha: how much wider the last block is than 16.
        classes: number of outputs.
        channels: channels of the input images.
        last_keep: ShakeDrop's p_L, 0 to 1; 1 for a plain PyramidNet.

    Raises:
        UserError: ``depth`` is not 9n + 2, or ``alpha`` is negative.
    """

    def __init__(
        self, depth: int, alpha: int, classes: int, channels: int = 3, last_keep: float = 0.5
    ) -> None:
        super().__init__()
        check_depth(depth)
        if alpha < 0:
            raise UserError(f"PyramidNet alpha {alpha}: must be at least 0")
        blocks = (depth - 2) // 3
        widths = [round(16 + alpha * block / blocks) for block in range(1, blocks + 1)]
        inputs = [16, *(EXPANSION * width for width in widths)]
        self.conv = nn.Conv2d(channels, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.stages = nn.Sequential(
            *(
                PyramidBlock(
                    inputs[block],
                    width,
                    stride=2 if block in (blocks // 3, 2 * blocks // 3) else 1,
                    keep=1 - (1 - last_keep) * (block + 1) / blocks,
                )
                for block, width in enumerate(widths)
            )
        )
        self.bn2 = nn.BatchNorm2d(inputs[-1])
        self.linear = nn.Linear(inputs[-1], classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Map normalised images (B, channels, H, W) of any side to logits (B, classes)."""
        out = F.relu(self.bn2(self.stages(self.bn1(self.conv(x)))))
        return self.linear(F.adaptive_avg_pool2d(out, 1).flatten(1))
