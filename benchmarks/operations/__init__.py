"""Images per second under each operation and a whole policy: ours against what else there is.

    python -m benchmarks.operations [--batch 128] [--sides 32 224] [--device cpu|cuda] [--json FILE]

- ours and Pillow: from and to a uint8 tensor (B, C, H, W) on the device, as a training loop has
  it; every image has a value of its own. Equal to the byte, which is asserted before timing.
- torchvision: its v2 functions on the same tensor, one value for the whole batch.
- kornia, if it is installed: a value for every image, from and to float tensors, its own format;
  the conversion from and to bytes is not counted. Its geometry is nearest-neighbour here too.

- picture by picture: a policy's transform on PIL images, as a DataLoader's worker has them, on one
  thread, against the policy written out in Pillow (`dada export --to python`); drawing included.

torchvision and kornia give other bytes; where their column is empty nothing was compared. A ratio
is our speed over theirs, so losses are ratios below 1. On CUDA ours is also in GB/s: the bytes of
the images, read once and written once.
"""
