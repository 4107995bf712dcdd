"""What Python shows of a data set, a policy or a result is one screen, whatever is in it."""

import pytest
import torch

import dada
from dada.comparison import compare
from dada.datasets import Dataset, FileDataset, ImageFiles, ImageSet
from dada.policy import Operation, Policy, Scale, SearchSpace, SubPolicy
from dada.runs import Result

NAMES = tuple(f"{'a very long name ' * 9}{number}\n\x1b[31m" for number in range(3000))


def screen(thing):
    text = repr(thing)
    assert len(text) <= 2400 and text.count("\n") < 24
    assert all(line.isprintable() and len(line) <= 500 for line in text.split("\n")), text
    return text


@pytest.fixture
def images():
    return ImageSet(torch.zeros(3000, 3, 9, 12, dtype=torch.uint8), torch.arange(3000))


def test_a_dataset():
    parts = [torch.zeros(n, 3, 24, 32, dtype=torch.uint8) for n in (1200, 30)]
    train, test = (ImageSet(part, torch.arange(len(part)) % 7) for part in parts)
    assert repr(Dataset("photos", train, test, tuple("abcdefg"))) == (
        "Dataset(photos: 1,200 training images, 30 test images, 32 × 24 RGB, 7 classes: "
        "a, b, c, d, e and 2 more)"
    )
    assert repr(train) == "ImageSet(1,200 images, 32 × 24 RGB; labels int64 (1200,))"
    several = ImageSet(parts[1][:, :1], torch.zeros(30, 5))
    assert repr(several) == "ImageSet(30 images, 32 × 24 grey; labels float32 (30, 5))"


def test_a_dataset_of_many_classes_with_long_names(images):
    text = screen(Dataset(NAMES[0], images, images, NAMES))
    assert "3,000 classes: a very long name a very" in text and "and 2,995 more" in text
    assert "3,000 training images" in screen(images) or "3,000 images" in screen(images)


def test_files(images):
    files = ImageFiles(tuple(f"/photos/{name}" for name in NAMES), torch.arange(3000))
    assert "3,000 files" in screen(files)
    listed = FileDataset("photos", files, files, NAMES)
    assert "photos: 3,000 training files, 3,000 test files, 224 × 224 RGB" in screen(listed)
    some = Dataset("photos", images.subset([0, 1]), images.subset([]), NAMES, files=listed)
    assert "2 of 3,000 training images, 0 test images" in screen(some)
    judged = FileDataset("photos", files, files, NAMES, validation=files)
    assert "3,000 test files, 3,000 validation files" in screen(judged)
    some = Dataset("photos", images, images, NAMES, files=judged, validation=images.subset([0]))
    assert "3,000 test images, 1 of 3,000 validation images" in screen(some)


def test_a_policy_and_a_search_space():
    assert repr(Policy.none("photos")) == "Policy(photos: no image changes)"
    published = repr(dada.load_policy("dada-svhn"))
    assert published.startswith("Policy(dada-svhn: 25 sub-policies, paper scale: ")
    one = SubPolicy((Operation("Rotate", 0.5, 0.5), Operation("Color", 0.5, 0.5)))
    assert repr(Policy((one,), scale=Scale("strength"), name="mine")) == (
        "Policy(mine: 1 sub-policy, strength scale: Rotate+Color)"
    )
    long = SubPolicy((Operation("Rotate", 0.5, 0.5),) * 16)
    most = Policy((long,) * 10_000, name="x" * 1000)
    assert "10,000 sub-policies" in screen(most)
    assert str(most).count("\n") == 25 and "9975 more" in str(most)
    assert "105 sub-policies of 2 of 15 operations" in screen(SearchSpace())


def test_a_result_is_a_dictionary_that_prints_as_one_screen():
    result = Result({name: [0.5] * 3000 for name in NAMES[:400]})
    assert "3,000 values" in screen(result) and "more lines" in screen(result)
    assert result == dict(result) and repr(Result()) == "{}"
    rows = [{"name": name, "errors": [0.5] * 3000, "against": {"a": {"b": 1}}} for name in NAMES]
    assert screen(Result({"rows": rows})).startswith("rows  a very long name")


def test_results_of_the_three_functions(digits, tmp_path):
    quick = {"model": "wrn-10-1", "epochs": 1, "images": 40}
    trained = dada.train(digits, out=tmp_path / "run", **quick)
    assert f"\ntest_error       {trained['test_error']:.4g}" in f"\n{screen(trained)}"
    assert "class_errors     10 values" in screen(dada.evaluate(tmp_path / "run", digits))
    compared = compare(digits, seeds=1, **quick)
    assert "\nrows " in screen(compared) and "uniform policy (" in screen(compared)
    assert "1,437 training images" in screen(digits)
