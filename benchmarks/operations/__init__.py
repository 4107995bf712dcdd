"""Images per second for each operation and a whole policy: ours against other libraries.

    python -m benchmarks.operations [--batch 128] [--sides 32 224] [--device cpu|cuda] [--json FILE]

- ours and Pillow: from and to a uint8 tensor (B, C, H, W) on the device, as in a training loop,
  with one value per image. Their bytes are equal, which is asserted before timing.
- torchvision: its v2 functions on the same tensor, one value for the whole batch.
- kornia, if it is installed: one value per image, from and to float tensors, its own format; the
  conversion from and to bytes is not counted. Its geometry is nearest-neighbour here too.
- picture by picture: a policy's transform on PIL images, as in a DataLoader's worker, on one
  thread, against the policy written out in Pillow (`dada export --to python`); drawing included.

torchvision and kornia give other bytes; an empty column means that nothing was compared. A ratio is
our speed over theirs, so we lose where it is below 1. On CUDA our speed is also in GB/s: the bytes
of the images, read once and written once.
"""
