"""Shake-Shake residual networks for small images, as used in the published final trainings.

Gastaldi, *Shake-Shake regularization*, 2017 (arXiv 1705.07485), "Shake-Shake-Image", in the
variant of Fast AutoAugment and DADA: the first convolution has a bias and nothing after it, and
the other convolutions have none.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dada.errors import UserError
from dada.models.shake_drop import scale, uniform


def check_depth(depth: int) -> None:
    """Raise `UserError` unless ``depth`` is 6n + 2 with n of at least 1."""
    if depth >= 8 and (depth - 2) % 6 == 0:
        return
    nearest = max(8, 6 * round((depth - 2) / 6) + 2)
    raise UserError(
        f"Shake-Shake depth {depth}: must be 6n + 2 (8, 14, 20, 26, ...); the nearest is {nearest}"
    )


def check_width(width: int) -> None:
    """Raise `UserError` unless ``width`` is even: a shortcut has two halves."""
    if width < 2 or width % 2:
        raise UserError(f"Shake-Shake width {width}: must be even and at least 2 (32, 96, 112)")


class Shake(nn.Module):
    """A random mean αx + (1 − α)y of two branches, differentiated as if it were βx + (1 − β)y.

    In training α and β are uniform in [0, 1], drawn anew for every image and every call; in
    evaluation both are ½.
    """

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Map two (B, …) of one shape to that shape."""
        if not self.training:
            return (x + y) / 2
        return y + scale(x - y, uniform(x), uniform(x))


class Shortcut(nn.Module):
    """Changes the shape: ReLU, two strided 1×1 convolutions side by side, BN.

    The second convolution reads one pixel further down and to the right, with zeros beyond the
    edge. With stride 2 the two read different pixels.
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.here = nn.Conv2d(inputs, outputs // 2, 1, stride=stride, bias=False)
        self.there = nn.Conv2d(inputs, outputs // 2, 1, stride=stride, bias=False)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, inputs, H, W) to (B, outputs, ⌈H / stride⌉, ⌈W / stride⌉)."""
        x = F.relu(x)
        moved = F.pad(x[..., 1:, 1:], (0, 1, 0, 1))
        return self.bn(torch.cat([self.here(x), self.there(moved)], 1))


class ShakeBlock(nn.Module):
    """Two branches ReLU-conv3×3-BN-ReLU-conv3×3-BN, shaken, plus the input or its shortcut.

    The first convolution of each branch has the stride.
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if same else Shortcut(inputs, outputs, stride)
        self.branch1 = _branch(inputs, outputs, stride)
        self.branch2 = _branch(inputs, outputs, stride)
        self.shake = Shake()

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, inputs, H, W) to (B, outputs, ⌈H / stride⌉, ⌈W / stride⌉)."""
        return self.shake(self.branch1(x), self.branch2(x)) + self.shortcut(x)


class ShakeShake(nn.Module):
    """Shake-Shake ``depth`` 2×``width``d: three stages of (depth − 2) / 6 blocks, C, 2C, 4C wide.

    Convolutions are initialised normally with variance 2 / (9 · outputs) for a 3×3 kernel (He et
    al. 2015, by fan-out), the last layer's bias with zero, as in the published code; draws come
    from torch's global generator.

    Args:
        depth: number of layers counted as in the paper, 6n + 2; the paper's networks have 26.
        width: channels C of each branch in the first stage, even.
        classes: number of outputs.
        channels: channels of the input images.

    Raises:
        UserError: ``depth`` is not 6n + 2, or ``width`` is not even.
    """

    def __init__(self, depth: int, width: int, classes: int, channels: int = 3) -> None:
        super().__init__()
        check_depth(depth)
        check_width(width)
        widths = [16, width, 2 * width, 4 * width]
        self.conv = nn.Conv2d(channels, widths[0], 3, padding=1)
        self.stages = nn.Sequential(
            *(
                ShakeBlock(
                    widths[stage] if block == 0 else widths[stage + 1],
                    widths[stage + 1],
                    stride=2 if block == 0 and stage > 0 else 1,
                )
                for stage in range(3)
                for block in range((depth - 2) // 6)
            )
        )
        self.linear = nn.Linear(widths[3], classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(self.linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map normalised images (B, channels, H, W) of any side to logits (B, classes)."""
        out = F.relu(self.stages(self.conv(x)))
        return self.linear(F.adaptive_avg_pool2d(out, 1).flatten(1))


def _branch(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.ReLU(),
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
    )
