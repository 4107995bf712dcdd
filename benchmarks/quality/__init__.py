"""Does a policy help? Each augmentation with the same network and training, paired by seed.

    python -m benchmarks.quality --data cifar10.npz [--size small] [--rows ...] [--seeds 3]
        [--searches 1] [--jobs 2] [--folder runs/quality] [--json FILE]

Each row is trained from each seed. A row with a search is searched first, once per search seed, and
its trainings use the searches in turn. Searches, and all rows but "none", have the paper's Cutout:
half the side of images of 24 to 64 pixels. Everything is in run folders under `--folder`. Finished
runs are not repeated and interrupted ones are resumed, so the command can be stopped and started
again.
"""
