"""The residual network of the published ImageNet trainings that torchvision does not have."""

from torchvision.models.resnet import Bottleneck, ResNet


def resnet200(classes: int) -> ResNet:
    """ResNet-200: torchvision's bottlenecks, 3, 24, 36 and 3 of them.

    The numbers are those of He et al., *Identity Mappings in Deep Residual Networks*, 2016, whose
    blocks are pre-activated; the published code's are not. As in torchvision, the 3×3 convolution
    has the stride, the ReLU follows the sum, and convolutions are initialised normally with
    variance 2 / (k² · outputs) for a k×k kernel.

    Args:
        classes: number of outputs.

    Returns:
        A network from (B, 3, H, W) normalised images to (B, classes) logits.
    """
    return ResNet(Bottleneck, [3, 24, 36, 3], num_classes=classes)
