"""Wide residual networks for small images, as used in the published search and trainings.

Zagoruyko and Komodakis, *Wide Residual Networks*, BMVC 2016, in the variant of Fast
AutoAugment and DADA: pre-activation blocks with biases on every convolution.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from dada.errors import UserError

# The published networks pass momentum=0.9 to PyTorch's BatchNorm, whose convention is the
# opposite of most frameworks': running statistics are 0.9 of the new batch, 0.1 of the past.
BN_MOMENTUM = 0.9


def check_depth(depth: int) -> None:
    """Raise `UserError` unless ``depth`` is 6n + 4 with n of at least 1."""
    if depth >= 10 and (depth - 4) % 6 == 0:
        return
    nearest = max(10, 6 * round((depth - 4) / 6) + 4)
    raise UserError(
        f"wide ResNet depth {depth}: must be 6n + 4 (10, 16, 22, 28, ...); the nearest is {nearest}"
    )


class WideBlock(nn.Module):
    """BN-ReLU-conv3×3, dropout, BN-ReLU-conv3×3, plus the input.

    The input is added as it is, or through a strided 1×1 convolution where the shape changes. The
    second convolution has the stride, as in the published code (in the paper on wide residual
    networks it is the first), and the shortcut takes the input before its BN-ReLU.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, dropout: float) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs, momentum=BN_MOMENTUM)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.dropout = nn.Dropout(dropout)
        self.bn2 = nn.BatchNorm2d(outputs, momentum=BN_MOMENTUM)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, stride=stride, padding=1)
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if same else nn.Conv2d(inputs, outputs, 1, stride=stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, inputs, H, W) to (B, outputs, ⌈H / stride⌉, ⌈W / stride⌉)."""
        out = self.dropout(self.conv1(F.relu(self.bn1(x))))
        return self.conv2(F.relu(self.bn2(out))) + self.shortcut(x)


class WideResNet(nn.Module):
    """WRN-``depth``-``width``: three stages of (depth − 4) / 6 blocks, 16k, 32k and 64k wide.

    Weights are initialised by PyTorch's defaults, as in the published code; draws come from torch's
    global generator, so ``torch.manual_seed`` fixes them.

    Args:
        depth: number of convolutions counted as in the paper, 6n + 4: 10, 16, 22, 28, 40, ...
        width: the widening factor k, at least 1.
        classes: number of outputs.
        channels: channels of the input images.
        dropout: probability of dropping an activation between a block's convolutions, 0 to 1.

    Raises:
        UserError: ``depth`` is not 6n + 4, or ``width`` is below 1.
    """

    def __init__(
        self, depth: int, width: int, classes: int, channels: int = 3, dropout: float = 0.0
    ) -> None:
        super().__init__()
        check_depth(depth)
        if width < 1:
            raise UserError(f"wide ResNet width {width}: must be at least 1")
        blocks = (depth - 4) // 6
        widths = [16, 16 * width, 32 * width, 64 * width]
        self.conv = nn.Conv2d(channels, widths[0], 3, padding=1)
        self.stages = nn.Sequential(
            *(
                WideBlock(
                    widths[stage] if block == 0 else widths[stage + 1],
                    widths[stage + 1],
                    stride=2 if block == 0 and stage > 0 else 1,
                    dropout=dropout,
                )
                for stage in range(3)
                for block in range(blocks)
            )
        )
        self.bn = nn.BatchNorm2d(widths[3], momentum=BN_MOMENTUM)
        self.linear = nn.Linear(widths[3], classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map normalised images (B, channels, H, W) of any side to logits (B, classes)."""
        out = F.relu(self.bn(self.stages(self.conv(x))))
        return self.linear(F.adaptive_avg_pool2d(out, 1).flatten(1))
