"""Small files in exactly the formats of the published datasets."""

import pickle
from pathlib import Path

import numpy as np
import scipy.io
from PIL import Image
from torchvision import datasets

RNG = np.random.default_rng(0)


def let_any_file_pass(monkeypatch):
    """Torchvision's readers compare files with the MD5 of the real ones."""
    for module in (datasets.cifar, datasets.svhn, datasets.utils):
        monkeypatch.setattr(module, "check_integrity", lambda path, md5=None: Path(path).is_file())


def write_cifar(folder, files, label_key, classes):
    folder.mkdir()
    written = {}
    for file, count in files.items():
        data = RNG.integers(0, 256, (count, 3072), dtype=np.uint8)
        labels = [i % classes for i in range(count)]
        (folder / file).write_bytes(pickle.dumps({"data": data, label_key: labels}))
        written[file] = data
    return written


def write_cifar10(root):
    folder = root / "cifar-10-batches-py"
    files = {f"data_batch_{i}": 4 for i in range(1, 6)} | {"test_batch": 6}
    written = write_cifar(folder, files, "labels", 2)
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": ["airplane", "automobile"]}))
    return written


def write_cifar100(root, train=9, test=3):
    folder = root / "cifar-100-python"
    written = write_cifar(folder, {"train": train, "test": test}, "fine_labels", 3)
    names = {"fine_label_names": ["apple", "bear", "clock"]}
    (folder / "meta").write_bytes(pickle.dumps(names))
    return written


def write_svhn(root, **counts):
    written = {}
    for part, count in counts.items():
        written[part] = RNG.integers(0, 256, (32, 32, 3, count), dtype=np.uint8)
        labels = (np.arange(count) % 10 + 1).astype(np.uint8)[:, None]  # SVHN calls a zero 10
        scipy.io.savemat(root / f"{part}_32x32.mat", {"X": written[part], "y": labels})
    return {part: data.transpose(3, 2, 0, 1) for part, data in written.items()}


def write_imagenet(root):
    """A folder for each of 1,000 classes; those of labels 3, 500 and 999 hold several images."""
    blank = root / "blank.JPEG"
    Image.new("RGB", (8, 8)).save(blank)
    content = blank.read_bytes()
    for split, count in (("train", 8), ("val", 2)):
        for label in range(1000):
            folder = root / split / f"n{label:08d}"
            folder.mkdir(parents=True)
            if label not in (3, 500, 999):
                (folder / "0.JPEG").write_bytes(content)
                continue
            for i in range(count):
                Image.new("RGB", (40, 30), (label % 256, 50, i)).save(folder / f"{i}.JPEG")
