"""A set for segmentation from a set with boxes: an ellipse in each box, the smaller on top.

    python examples/masks_of_boxes.py bccd/ bccd-masks/

Blood cells are nearly round, so ellipses show where they are much better than boxes do; but no one
has drawn them by hand. Pictures are copied to `images/PART`, masks written to `masks/PART`: 0 is
background, and class c is c + 1.
"""

import argparse
import shutil
from pathlib import Path

from PIL import Image, ImageDraw

from dada.datasets import open_files
from dada.datasets.files import ImageFiles


def mask_of(rows: list[list[float]], size: tuple[int, int]) -> Image.Image:
    """The mask of one picture.

    Args:
        rows: boxes (x0, y0, x1, y1, class), relative; the class of no box is -1.
        size: width and height, in pixels.
    """
    mask, (width, height) = Image.new("L", size), size
    draw = ImageDraw.Draw(mask)
    for x0, y0, x1, y1, kind in sorted(rows, key=lambda r: (r[0] - r[2]) * (r[3] - r[1])):
        if kind >= 0:
            corners = (x0 * width, y0 * height, x1 * width - 1, y1 * height - 1)
            draw.ellipse(corners, fill=int(kind) + 1)
    return mask


def write(files: ImageFiles, part: str, out: Path) -> None:
    """Copy the pictures of a part, and write their masks."""
    for folder in ("images", "masks"):
        (out / folder / part).mkdir(parents=True, exist_ok=True)
    for file, rows in zip(files.files, files.labels.tolist(), strict=True):
        with Image.open(file) as picture:
            mask_of(rows, picture.size).save(out / "masks" / part / f"{Path(file).stem}.png")
        shutil.copy(file, out / "images" / part)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("boxes", help="a folder that dada reads as pictures with boxes")
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    data = open_files(options.boxes)
    parts = {"train": data.train, "val": data.validation, "test": data.test}
    for part, files in parts.items():
        if files is not None:
            write(files, part, options.out)
    names = ("background", *data.classes)
    (options.out / "classes.txt").write_text("\n".join(names) + "\n")


if __name__ == "__main__":
    main()
