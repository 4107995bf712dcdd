"""The same few pictures with boxes in every format, and with masks."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = (30, 40)  # height and width
CLASSES = ("cat", "dog")
# For each picture, its boxes: x0, y0, x1, y1 in pixels, and the class. Some have none.
SCENES = {
    "a": [(4, 3, 20, 15, "dog"), (0, 0, 40, 30, "cat")],
    "b": [],
    "c": [(10, 6, 30, 24, "cat")],
    "d": [(1, 2, 3, 4, "dog")],
}
PARTS = {"train": ("a", "b", "c"), "test": ("d",)}


def write_picture(path: Path, size=SIZE, value=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*size, 3), (value, 9, 90), np.uint8)).save(path)


def labels(name):
    """What every reader must make of a scene, rows (x0, y0, x1, y1, class), relative."""
    height, width = SIZE
    return [
        [x0 / width, y0 / height, x1 / width, y1 / height, CLASSES.index(kind)]
        for x0, y0, x1, y1, kind in SCENES[name]
    ]


def coco(names, folder="", **changes):
    """The content of a COCO file."""
    images = [
        {"id": i, "file_name": f"{folder}{name}.png", "height": SIZE[0], "width": SIZE[1]}
        for i, name in enumerate(names, 7)
    ]
    annotations = [
        {
            "id": 100 * image["id"] + j,
            "image_id": image["id"],
            "category_id": {"cat": 17, "dog": 18}[kind],
            "bbox": [x0, y0, x1 - x0, y1 - y0],
            "area": (x1 - x0) * (y1 - y0),
            "iscrowd": 0,
        }
        for image, name in zip(images, names, strict=True)
        for j, (x0, y0, x1, y1, kind) in enumerate(SCENES[name])
    ]
    categories = [
        {"id": 17, "name": "cat", "supercategory": "pet"},
        {"id": 18, "name": "dog", "supercategory": "pet"},
    ]
    whole = {"images": images, "annotations": annotations, "categories": categories}
    return whole | changes


def voc(name, size=SIZE, boxes=None):
    """The content of a Pascal VOC file."""
    objects = "".join(
        f"<object>\n<name>{kind}</name>\n<bndbox>\n<xmin>{x0}</xmin>\n<ymin>{y0}</ymin>\n"
        f"<xmax>{x1}</xmax>\n<ymax>{y1}</ymax>\n</bndbox>\n</object>\n"
        for x0, y0, x1, y1, kind in (SCENES[name] if boxes is None else boxes)
    )
    return (
        f"<annotation>\n<filename>{name}.png</filename>\n<size>\n<width>{size[1]}</width>\n"
        f"<height>{size[0]}</height>\n<depth>3</depth>\n</size>\n{objects}</annotation>\n"
    )


def yolo(name):
    rows = [
        f"{int(kind)} {(x0 + x1) / 2} {(y0 + y1) / 2} {x1 - x0} {y1 - y0}"
        for x0, y0, x1, y1, kind in labels(name)
    ]
    return "\n".join(rows) + "\n"


def write(path: Path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text if isinstance(text, str) else json.dumps(text))


def write_coco(root):
    for part, names in PARTS.items():
        write(root / "annotations" / f"instances_{part}2017.json", coco(names))
        for name in names:
            write_picture(root / f"{part}2017" / f"{name}.png", value=ord(name))


def with_outlines(names):
    """The content of a COCO file with outlines: dogs are polygons, cats run lengths."""
    content = coco(names)
    for annotation in content["annotations"]:
        x, y, width, height = annotation["bbox"]
        if annotation["category_id"] == 18:
            corners = [x, y, x + width, y, x + width, y + height, x, y + height]
            annotation["segmentation"] = [corners]
        else:
            mask = np.zeros(SIZE, int)
            mask[y : y + height, x : x + width] = 1
            flat = mask.T.ravel()
            edges = np.flatnonzero(np.diff(flat)) + 1
            runs = np.diff([0, *edges.tolist(), len(flat)]).tolist()
            annotation["segmentation"] = {
                "size": list(SIZE),
                "counts": [0, *runs] if flat[0] else runs,
            }
    return content


def write_outlines(root, change=lambda content: None, parts=None):
    for part, names in (parts or PARTS).items():
        content = with_outlines(names)
        change(content)
        write(root / "annotations" / f"instances_{part}2017.json", content)
        for name in names:
            write_picture(root / f"{part}2017" / f"{name}.png", value=ord(name))


def write_roboflow_coco(root):
    for part, names in PARTS.items():
        write(root / part / "_annotations.coco.json", coco(names))
        for name in names:
            write_picture(root / part / f"{name}.png", value=ord(name))


def write_coco_of_any_name(root):
    """One file for the pictures of all parts, which it does not tell apart."""
    write(root / "mylabels.json", coco("".join("".join(names) for names in PARTS.values())))
    write_parts(root)


def write_coco_beside_parts(root):
    for part, names in PARTS.items():
        write(root / f"{part}_labels.json", coco(names))
    write_parts(root)


def write_parts(root):
    for part, names in PARTS.items():
        for name in names:
            write_picture(root / part / f"{name}.png", value=ord(name))


def write_voc(root):
    for part, names in PARTS.items():
        write(root / "ImageSets" / "Main" / f"{part}.txt", "\n".join(names) + "\n")
        for name in names:
            write(root / "Annotations" / f"{name}.xml", voc(name))
            write_picture(root / "JPEGImages" / f"{name}.png", value=ord(name))


def write_loose_voc(root):
    for part, names in PARTS.items():
        for name in names:
            write(root / part / f"{name}.xml", voc(name))
            write_picture(root / part / f"{name}.png", value=ord(name))


def write_voc_of_one_folder(root):
    for name in SCENES:
        write(root / "annotations" / "xmls" / f"{name}.xml", voc(name))
    write_parts(root / "images")


def write_voc_in_parts(root):
    for part, names in PARTS.items():
        for name in names:
            write(root / "Annotations_v2" / part / f"{name}.xml", voc(name))
    write_parts(root)


def write_yolo(root, images="images/{}", texts="labels/{}"):
    write(root / "data.yaml", "train: ../images/train\nnc: 2\nnames: ['cat', \"dog\"]  # two\n")
    for part, names in PARTS.items():
        for name in names:
            write(root / texts.format(part) / f"{name}.txt", yolo(name))
            write_picture(root / images.format(part) / f"{name}.png", value=ord(name))


def write_roboflow_yolo(root):
    write_yolo(root, "{}/images", "{}/labels")


def write_yolo_beside(root):
    write_yolo(root, "{}", "{}")


DETECTION = {
    "COCO JSON": write_coco,
    "COCO JSON, of any name": write_coco_of_any_name,
    "COCO JSON, beside parts": write_coco_beside_parts,
    "COCO JSON, Roboflow": write_roboflow_coco,
    "Pascal VOC XML": write_voc,
    "Pascal VOC XML, loose": write_loose_voc,
    "Pascal VOC XML, one folder": write_voc_of_one_folder,
    "Pascal VOC XML, in parts": write_voc_in_parts,
    "YOLO text": write_yolo,
    "YOLO text, beside": write_yolo_beside,
    "YOLO text, Roboflow": write_roboflow_yolo,
}


def mask(name):
    """The values of a scene's mask: 0, and 1 or 2 where a cat or a dog is."""
    values = np.zeros(SIZE, np.uint8)
    for x0, y0, x1, y1, kind in SCENES[name]:
        values[y0:y1, x0:x1] = 1 + CLASSES.index(kind)
    return values


def write_mask(path: Path, values, mode="L"):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(values)
    if mode == "P":
        picture.putpalette([value % 256 for value in range(37, 37 + 768)])
    picture.save(path)


def write_masks(root, images="images/{}", masks="masks/{}", mode="L", ending=""):
    for part, names in PARTS.items():
        for name in names:
            write_mask(root / masks.format(part) / f"{name}{ending}.png", mask(name), mode)
            write_picture(root / images.format(part) / f"{name}.png", value=ord(name))
