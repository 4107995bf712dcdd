"""Which folders are classes, and which are parts of the set."""

from pathlib import Path

import pytest
from PIL import Image

from dada.datasets import load
from dada.datasets.folder import list_folder
from dada.datasets.layout import find_layout
from dada.errors import UserError


def make(root, *folders, count=2, ending="png"):
    for folder in folders:
        (root / folder).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            Image.new("L", (8, 8)).save(root / folder / f"{i}.{ending}")
    return root


@pytest.mark.parametrize("test", ["dev", "eval", "val_images", "test_set", "holdout", "Evaluation"])
@pytest.mark.parametrize("train", ["train", "train_set"])
def test_parts_by_many_names(tmp_path, train, test):
    make(tmp_path, f"{train}/a", f"{train}/b", f"{test}/a")
    listing = list_folder(tmp_path)
    assert (listing.classes, len(listing.train.files), len(listing.test.files)) == (
        ("a", "b"),
        4,
        2,
    )
    assert f"{test}/ is the test set" in {note.partition(":")[0] for note in listing.notes}
    assert ("train_set/ is the training set" in listing.notes) == (train == "train_set")


def test_what_is_not_used_beside_a_training_set_is_said(tmp_path):
    make(tmp_path, "train/a", "train/b", "val/a", "test/a", "extra/a", "odd", ".cache")
    (tmp_path / "annotations").mkdir()
    Image.new("L", (8, 8)).save(tmp_path / "overview.png")
    assert list_folder(tmp_path).notes == (
        "test/ is the test set",
        "val/ is the validation set",
        "not used beside train/: 'annotations', 'extra', 'odd', '.cache' (4 images)",
        "1 image beside train/ skipped",
    )


@pytest.mark.parametrize(
    ("names", "used", "notes"),
    [
        (
            ("test", "dev", "val"),
            ("test", "val"),
            ["dev/ is not used (2 images): val/ is the validation set"],
        ),
        (
            ("test", "holdout"),
            ("test", None),
            ["holdout/ is not used (2 images): test/ is the test set"],
        ),
        (("val", "holdout"), ("holdout", "val"), []),
        (("eval", "valid"), ("eval", "valid"), []),
        (("Testing", "Eval"), ("Testing", "Eval"), []),
        (
            ("test", "training"),
            ("test", None),
            ["training/ is not used (2 images): train/ is the training set"],
        ),
    ],
)
def test_of_several_sets_one_is_the_validation_set(tmp_path, names, used, notes):
    make(tmp_path, "train/a", "train/b", *(f"{name}/a" for name in names))
    layout = find_layout(tmp_path)
    found = (layout.test, layout.validation)
    assert tuple(tree and tree.root.name for tree in found) == used
    words = zip(used, ("test", "validation"), strict=True)
    said = [f"{name}/ is the {word} set" for name, word in words if name]
    assert [note.replace(": there is no other", "") for note in layout.notes] == said + notes


def test_a_validation_set_among_longer_names(tmp_path):
    make(tmp_path, "seg_train/a", "seg_train/b", "seg_test/a", "seg_val/b")
    listing = list_folder(tmp_path)
    assert (listing.test.labels, listing.validation.labels) == ((0, 0), (1, 1))


@pytest.mark.parametrize(
    ("train", "test"),
    [("seg_train", "seg_test"), ("my-train-set", "my-val-set"), ("x_training", "x_validation")],
)
def test_names_that_differ_in_the_part_alone_are_parts(tmp_path, train, test):
    make(tmp_path, f"{train}/a", f"{train}/b", f"{test}/a")
    listing = list_folder(tmp_path)
    assert (listing.classes, len(listing.test.files)) == (("a", "b"), 2)
    assert listing.notes[0] == f"{train}/ is the training set"
    assert listing.notes[1].partition(":")[0] == f"{test}/ is the test set"


def test_a_longer_name_alone_is_a_class(tmp_path):
    make(tmp_path, "steam_train/red", "stress_test/red", "car")
    assert list_folder(tmp_path).classes == ("car", "steam_train", "stress_test")


def test_a_class_called_test_that_holds_folders_is_said(tmp_path):
    make(tmp_path, "test/x", "test/y", "a", "b")
    listing = list_folder(tmp_path)
    assert listing.classes == ("a", "b", "test")
    assert listing.notes == ("test/ is a class: there is no training set",)


def test_a_class_of_trains_hides_no_other(tmp_path):
    make(tmp_path, "train", "car", "bus")
    listing = list_folder(tmp_path)
    assert listing.classes == ("bus", "car", "train")
    assert "train/ is a class: it contains no class folders" in listing.notes
    make(tmp_path, "train/steam")  # pictures beside folders of them: a class all the same
    assert list_folder(tmp_path).classes == ("bus", "car", "train")


def test_what_may_be_both_is_refused(tmp_path):
    make(tmp_path, "train/steam", "train/diesel", "car", "bus")
    with pytest.raises(UserError, match=r"may be the training set.* or a class like 'bus', 'car'"):
        list_folder(tmp_path)


def test_a_training_set_beside_more_of_its_classes_is_one(tmp_path):
    make(tmp_path, "train/a", "train/b", "more/a", "more/b")
    listing = list_folder(tmp_path)
    assert listing.classes == ("a", "b")
    assert "not used beside train/: 'more' (4 images)" in listing.notes


@pytest.mark.parametrize(
    "folders",
    [
        ("test/a", "test/b", "validation/a", "validation/b"),
        ("learn/a", "learn/b", "test/a", "test/b"),
    ],
)
def test_a_test_set_without_a_training_set_is_refused(tmp_path, folders):
    make(tmp_path, *folders)
    with pytest.raises(UserError, match="none is called train: rename the training set to train"):
        list_folder(tmp_path)


@pytest.mark.parametrize(
    "folders",
    [
        ("train", "test"),
        ("train_set", "test_set"),
        ("train", "test/a", "test/b"),
        ("dev", "eval"),
        ("x_train", "x_test"),
    ],
)
def test_parts_without_class_folders_are_not_classes(tmp_path, folders):
    make(tmp_path, *folders)
    with pytest.raises(UserError, match="hold images but no class folders: put the images of"):
        list_folder(tmp_path)


@pytest.mark.parametrize(
    ("images", "masks"),
    [
        *(("images", "masks"), ("Imgs", "Labels"), ("JPEGImages", "SegmentationClass")),
        *(("image", "gt"), ("inputs", "targets"), ("original", "ground_truth")),
        *(("train_images", "train_masks"), ("images_of_cats", "labels_of_cats")),
    ],
)
@pytest.mark.parametrize("part", ["", "train/"])
def test_images_and_masks_are_not_classes(tmp_path, images, masks, part):
    make(tmp_path, f"{part}{images}", f"{part}{masks}")
    with pytest.raises(UserError, match="are images and their masks, not classes"):
        list_folder(tmp_path)


def test_masks_inside_a_class_are_no_pictures_of_it(tmp_path):
    make(tmp_path, "well/images", "ill/images", "ill/masks")
    with pytest.raises(UserError, match=r"ill: 'images', 'masks' are .*: move the masks out of"):
        list_folder(tmp_path)


def test_people_with_and_without_masks_are_classes(tmp_path):
    assert list_folder(make(tmp_path, "mask", "no_mask")).classes == ("mask", "no_mask")


def test_parts_inside_classes_are_refused(tmp_path):
    make(tmp_path, "a/train", "a/test", "b/train", "b/test")
    with pytest.raises(UserError, match="swap the levels, as in train/a/ and test/a/"):
        list_folder(tmp_path)


def test_folders_that_all_classes_have_are_said(tmp_path):
    make(tmp_path, "a/2023", "a/2024", "b/2023", "b/2024")
    assert list_folder(tmp_path).notes == (
        "every class has a folder '2023', '2024': its images belong to the class",
    )


@pytest.mark.parametrize("ending", [".heic", ".HEIF", ".jxl", ".nef", ".mp4", ".tga", ".j2k"])
def test_a_class_of_files_that_are_not_read_is_refused(tmp_path, ending):
    make(tmp_path, "a", "b")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / f"0{ending}").touch()
    with pytest.raises(UserError, match=f"class 'c' has only .*{ending.lower()}.*: convert them"):
        list_folder(tmp_path)


@pytest.mark.parametrize("ending", ["gif", "jfif", "jpe"])
def test_less_usual_endings_are_read(tmp_path, ending):
    for name in ("a", "b"):
        make(tmp_path, name, count=5)
        for i in range(5):
            (tmp_path / name / f"{i}.png").unlink()
            kind = "GIF" if ending == "gif" else "JPEG"
            Image.new("L", (8, 8), 50 * i).save(tmp_path / name / f"{i}.{ending}", kind)
    assert len(load(tmp_path).train) == 8


def test_images_beside_class_folders_are_said(tmp_path):
    make(tmp_path, "a", "b", ".")
    assert list_folder(tmp_path).notes == (
        f"2 images are in no class folder and skipped: {tmp_path.name}/",
    )


# As Kaggle, Keras, Roboflow and STL have them


def test_a_part_inside_a_folder_of_its_own_name(tmp_path):
    make(tmp_path, "seg_train/seg_train/a", "seg_train/seg_train/b", "seg_test/seg_test/b")
    make(tmp_path, "seg_pred/seg_pred", count=3)
    listing = list_folder(tmp_path)
    assert (listing.classes, listing.train.labels) == (("a", "b"), (0, 0, 1, 1))
    assert listing.test.labels == (1, 1)
    assert listing.notes == (
        "seg_train/ is the training set",
        "seg_test/ is the test set",
        "not used beside seg_train/: 'seg_pred' (3 images)",
    )


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ("test", "2 images in no class folder"),
        ("test/test", "2 images without labels, in test/"),
        ("Test/unknown", "2 images without labels, in unknown/"),
        ("test/images", "2 images without labels, in images/"),
    ],
)
def test_test_images_without_labels_are_left_out(tmp_path, folder, said):
    make(tmp_path, "train/a", "train/b", "valid/a", folder)
    listing = list_folder(tmp_path)
    assert listing.test.labels == (0, 0) and listing.validation is None
    assert listing.notes == (
        "valid/ is the test set: there is no other",
        f"{folder.split('/')[0]}/ is not used: {said}",
    )


def test_a_test_class_of_such_a_name_is_one_if_it_is_trained(tmp_path):
    make(tmp_path, "train/a", "train/unknown", "test/unknown")
    assert list_folder(tmp_path).test.labels == (1, 1)


@pytest.mark.parametrize("where", ["", "train/"])
def test_a_folder_of_unlabelled_images_is_no_class(tmp_path, where):
    make(tmp_path, f"{where}a", f"{where}b", f"{where}Unlabeled", count=3)
    listing = list_folder(tmp_path)
    assert listing.classes == ("a", "b")
    folder = where or f"{tmp_path.name}/"
    assert listing.notes == (f"{folder}Unlabeled/ is not a class: 3 images left out",)


def test_unlabelled_images_beside_the_training_set(tmp_path):
    make(tmp_path, "train/a", "train/b", "unlabeled")
    assert list_folder(tmp_path).notes == ("not used beside train/: 'unlabeled' (2 images)",)


def test_test_classes_are_matched_by_name(tmp_path):
    make(tmp_path, "train/a", "train/b", "train/c", "TEST/c", "TEST/b", "Validation/a")
    listing = list_folder(tmp_path)
    labels = {
        Path(file).parts[-3:-1]: label
        for part in (listing.train, listing.test, listing.validation)
        for file, label in zip(part.files, part.labels, strict=True)
    }
    assert labels == {
        ("train", "a"): 0,
        ("train", "b"): 1,
        ("train", "c"): 2,
        ("TEST", "b"): 1,
        ("TEST", "c"): 2,
        ("Validation", "a"): 0,
    }
