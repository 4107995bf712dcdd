"""Every export, and dada itself, in DataLoader workers that inherit no memory.

Such workers are those of macOS, Windows and, from Python 3.14 on, Linux.
"""

import subprocess
import sys
from importlib.util import find_spec

import pytest

from dada.export import write
from tests.export.samples import one

SCRIPT = """
import sys
import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms.v2.functional import pil_to_tensor

import dada


@dada.register_operation("Halve")
def halve(images, values):
    return images // 2


class Pictures(Dataset):
    def __init__(self, transforms):
        self.transforms = transforms

    def __len__(self):
        return 4

    def __getitem__(self, i):
        picture = Image.new("RGB", (8, 8), (200, 200, 200))
        array, tensor = np.array(picture), pil_to_tensor(picture)
        given = {"albumentations": array, "kornia": tensor / 255}
        found = {}
        for name, transform in self.transforms.items():
            image = given.get(name, picture)
            named = {"image": image} if name == "albumentations" else {}
            image = transform(**named)["image"] if named else transform(image)
            scale = 255 if name == "kornia" else 1
            found[name] = float(np.array(image).mean() * scale)
        return found


if __name__ == "__main__":
    transforms = {}
    for name in sys.argv[2:]:
        module = __import__(f"policy_for_{name}")
        transforms[name] = module.augment if hasattr(module, "augment") else module.Augment()
    step = dada.Operation("Halve", 1.0, 0.0)
    transforms["dada"] = dada.Policy((dada.SubPolicy((step,)),)).transform()
    loader = DataLoader(
        Pictures(transforms), batch_size=4, num_workers=1, multiprocessing_context=sys.argv[1]
    )
    for batch in loader:
        print({name: values.round().tolist() for name, values in batch.items()})
"""


def check(method, targets, folder):
    for to in targets:
        write(one("Invert", 0.5), to, folder / f"policy_for_{to}.py")
    (folder / "train.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "train.py", method, *targets],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    known = {name: [55.0] * 4 for name in targets} | {"dada": [100.0] * 4}
    assert done.stdout == f"{known}\n", done.stderr


def test_spawned_workers_augment(tmp_path):
    check("spawn", ["python", "torchvision"], tmp_path)


@pytest.mark.slow
def test_workers_of_a_fork_server_augment(tmp_path):
    check("forkserver", ["python", "torchvision"], tmp_path)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_workers_augment_with_other_libraries(method, tmp_path):
    targets = [name for name in ("timm", "albumentations", "kornia") if find_spec(name)]
    if not targets:
        pytest.skip("none of them is installed")
    check(method, targets, tmp_path)
