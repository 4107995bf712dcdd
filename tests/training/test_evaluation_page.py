import numpy as np
import pytest
import torch
from PIL import Image

import dada
from dada.datasets import open_files
from dada.training.evaluation_page import EVALUATION
from tests.report.html import Page

HOSTILE = "<script>alert('x')</script>"
SMALL = {"epochs": 1, "batch": 32, "model": "wrn-10-1", "padding": 0, "device": "cpu"}


def dataset(classes, channels=3, labels=None, side=9, images=120):
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(
        256, (images, channels, side, side), dtype=torch.uint8, generator=generator
    )
    labels = torch.arange(images) % len(classes) if labels is None else labels
    whole = dada.ImageSet(pixels, labels)
    half = images // 2
    parts = (whole.subset(range(half)), whole.subset(range(half, images)))
    return dada.Dataset("set", *parts, tuple(classes))


def page_for(data, folder, **given):
    dada.train(data, out=folder / "run", **SMALL)
    path = folder / "run" / EVALUATION
    found = dada.evaluate(folder / "run", data, page=path, device="cpu", **given)
    return found, Page(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("classes", "channels"), [(2, 1), (10, 3), (30, 5)])
def test_a_page_for_few_and_for_many_classes(tmp_path, classes, channels):
    names = [HOSTILE, *(f"class {i}" for i in range(1, classes))]
    found, page = page_for(dataset(names, channels), tmp_path)
    assert "script" not in page.tags and HOSTILE in page.text
    assert "report.html" in page.links
    assert all(link.startswith(("data:image/", "#", "report.html")) for link in page.links)
    assert len(page.images) == len(found["worst"]) == 16
    assert ('class="matrix"' in page.source) == (classes <= 20)
    assert "These are 20 of 30" in page.text or classes < 30
    assert ("channels the first 3 are shown" in page.text) == (channels == 5)
    assert f"Test error {found['test_error']:.2%}"[:-1] in page.text
    assert all(page.source.count(f">class {i}</th>") for i in range(1, classes))
    worst = found["worst"][0]
    assert f"{worst['answer']} ({worst['probability']:.1%}"[:-1] in page.text
    original = dataset(names, channels).test.images[worst["image"]]
    shown = np.array(page.images[0])
    expected = original[0] if channels == 1 else original[:3].permute(1, 2, 0)
    assert np.array_equal(shown, expected.numpy())


def test_several_labels_and_a_class_without_images(tmp_path):
    labels = (torch.rand(120, 3, generator=torch.Generator().manual_seed(0)) < 0.4).float()
    labels[:, 2] = 0
    found, page = page_for(dataset("abc", labels=labels), tmp_path)
    assert found["per_class"][2]["recall"] is None and found["confusion"] is None
    assert "Average precision" in page.text and "Confusions" not in page.text


def test_few_images_of_some_of_the_classes(tmp_path):
    data = dataset(["a", "b", "c"])
    dada.train(data, out=tmp_path / "run", **SMALL)
    few = dada.Dataset("few", data.train, data.test.subset([0, 3]), data.classes)
    found = dada.evaluate(tmp_path / "run", few, page=tmp_path / "page.html", device="cpu")
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert found["class_errors"][1:] == [None, None] and len(found["worst"]) == 2
    assert page.text.count("–") >= 2 and "report.html" not in page.links


@pytest.fixture
def photos(tmp_path):
    """A folder of plain pictures, each with a brightness of its own."""
    for label, name in enumerate(("dark", "bright")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(20):
            pixels = np.full((40, 30 + number, 3), 10 + 6 * number + 120 * label, np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.png")
    return tmp_path / "photos"


def check_files(found, page):
    """The pictures on the page are those of the files that it names."""
    assert len(found["worst"]) == 8
    for about, picture in zip(found["worst"], page.images, strict=True):
        assert about["file"] in page.source and about["label"] in about["file"]
        assert picture.size == (24, 24)
        with Image.open(about["file"]) as original:
            assert np.ravel(picture)[0] == np.ravel(original)[0]


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_files_are_named_and_shown_as_the_network_sees_them(photos, tmp_path):
    data = open_files(photos, side=24)
    found, page = page_for(data, tmp_path)
    check_files(found, page)
    assert all(about["file"] == data.test.files[about["image"]] for about in found["worst"])


def test_files_are_named_where_a_folder_was_read_into_memory(photos, tmp_path):
    found, page = page_for(str(photos), tmp_path, side=24)
    check_files(found, page)
    (photos / "dark" / "broken.png").write_bytes(b"no picture")
    found = dada.evaluate(tmp_path / "run", str(photos), side=24, device="cpu")
    for about in found["worst"]:
        assert f"/{about['label']}/" in about["file"] and "broken" not in about["file"]


def test_equal_evaluations_write_equal_pages_and_nothing_unless_asked(tmp_path):
    data = dataset("ab")
    dada.train(data, out=tmp_path / "run", **SMALL)
    before = {path.name for path in (tmp_path / "run").iterdir()}
    dada.evaluate(tmp_path / "run", data, device="cpu")
    assert {path.name for path in (tmp_path / "run").iterdir()} == before
    pages = [tmp_path / "one.html", tmp_path / "two.html"]
    for path in pages:
        dada.evaluate(tmp_path / "run", data, page=path, device="cpu")
    assert pages[0].read_bytes() == pages[1].read_bytes()
