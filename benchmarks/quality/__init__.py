"""Does a policy help? Every way to augment, the same network and training, paired by seed.

    python -m benchmarks.quality --data cifar10.npz [--size small] [--rows ...] [--seeds 3]
        [--searches 1] [--jobs 2] [--folder runs/quality] [--json FILE]

A row is trained from each seed; a searched row is searched first, once for each search seed, and
trainings take its searches in turn. Searches, and all rows but "none", have the paper's Cutout:
half of the side of images of 24 to 64 pixels. Everything lies in run folders under `--folder`: what
is done is not done again, and what was interrupted is resumed, so the command can be stopped and
repeated.
"""
