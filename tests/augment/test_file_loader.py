import importlib
import os
import pickle
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as F

from dada import load_policy
from dada.augment import FileLoader, Pipeline, Sampler, apply
from dada.datasets import ImageFiles
from dada.errors import UserError
from dada.ops import registry
from dada.policy import Operation, Policy, PolicySchedule, Scale, Stage, SubPolicy
from dada.training.augmentations import of_epoch, policy_method

CPU = torch.device("cpu")
RESIZED = Pipeline((0.5,) * 3, (0.2,) * 3, crop="resized", size=(14, 14))
PADDED = Pipeline((0.5,) * 3, (0.2,) * 3, padding=2, size=(14, 14))
ROWS = [torch.tensor([5, 0, 3]), torch.tensor([6]), torch.tensor([1, 2, 4, 7])]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Eight photographs of different sizes, JPEG and PNG, RGB and grey."""
    root, rng, names = tmp_path_factory.mktemp("photographs"), np.random.default_rng(0), []
    for i in range(8):
        noise = rng.integers(0, 256, (5, 6, 3), dtype=np.uint8)
        picture = Image.fromarray(noise).resize((40 + 3 * i, 60 - 5 * i), Image.Resampling.BICUBIC)
        names.append(str(root / f"{i}.{'png' if i % 2 else 'jpg'}"))
        (picture.convert("L") if i == 3 else picture).save(names[-1])
    return ImageFiles(tuple(names), torch.arange(8) % 3)


def make_loader(files, pipeline=RESIZED, workers=0, seed=0, **given):
    return FileLoader(files, pipeline, CPU, workers, seed, **given)


def everything(batches):
    images, labels = zip(*batches, strict=True)
    return torch.cat(images), torch.cat(labels)


def opened(file):
    return F.pil_to_tensor(Image.open(file).convert("RGB"))


@pytest.mark.parametrize("workers", [0, 1])
def test_of_no_images_there_are_no_batches(files, workers):
    """A process has none where there are fewer test images than processes."""
    assert not list(make_loader(files.subset(torch.arange(0)), workers=workers).plain())


@pytest.mark.parametrize("pipeline", [RESIZED, PADDED], ids=["resized", "padded"])
def test_workers_change_nothing(files, pipeline):
    alone = list(make_loader(files, pipeline).batches(ROWS, 3, torch.Generator()))
    both = list(make_loader(files, pipeline, workers=2).batches(ROWS, 3, torch.Generator()))
    for rows, (images, labels), (same, same_labels) in zip(ROWS, alone, both, strict=True):
        assert images.shape == (len(rows), 3, 14, 14) and images.dtype == torch.uint8
        assert torch.equal(images, same)
        assert torch.equal(labels, files.labels[rows]) and torch.equal(labels, same_labels)


def test_a_batch_is_what_pillow_and_torchvision_give_by_hand(files):
    for epoch, row in ((0, 0), (0, 1), (2, 1)):
        rows = [torch.tensor([row])]
        ((images, _),) = make_loader(files, seed=5).batches(rows, epoch, torch.Generator())
        mixed = np.random.SeedSequence(5, spawn_key=(epoch, row)).generate_state(1, np.uint64)
        by_hand = v2.RandomResizedCrop(14, interpolation=InterpolationMode.BICUBIC)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(mixed.item())
            expected = by_hand(opened(files.files[row]))
            if torch.rand(1) < 0.5:
                expected = F.horizontal_flip(expected)
        assert torch.equal(images[0], expected)


def test_padded_crops_are_of_the_centre_square(files):
    still = Pipeline((0.5,) * 3, (0.2,) * 3, padding=0, flip=False, size=(14, 14))
    expected = v2.Compose([v2.Resize(14, InterpolationMode.BICUBIC), v2.CenterCrop(14)])
    ((images, _),) = make_loader(files, still).batches([torch.arange(8)], 0, torch.Generator())
    for image, file in zip(images, files.files, strict=True):
        assert torch.equal(image, expected(opened(file)))
    assert torch.equal(everything(make_loader(files, still).plain(8))[0], images)
    ((shifted, _),) = make_loader(files, PADDED).batches([torch.arange(8)], 0, torch.Generator())
    assert not torch.equal(shifted, images)


@pytest.mark.parametrize("size", [(14, 28), (28, 14)])
def test_oblong_images_are_cut_from_the_centre_in_their_own_proportions(tmp_path, size):
    rng, (height, width) = np.random.default_rng(0), size
    square = rng.integers(0, 256, (28, 28, 3), dtype=np.uint8)
    double = rng.integers(0, 256, (2 * height, 2 * width, 3), dtype=np.uint8)
    for name, pixels in (("0.png", square), ("1.png", double)):
        Image.fromarray(pixels).save(tmp_path / name)
    names = tuple(str(tmp_path / name) for name in ("0.png", "1.png"))
    still = Pipeline((0.5,) * 3, (0.2,) * 3, padding=0, flip=False, size=size)
    images, _ = everything(make_loader(ImageFiles(names, torch.tensor([0, 1])), still).plain())
    middle = square[7:21] if height < width else square[:, 7:21]
    assert torch.equal(images[0], torch.from_numpy(middle).permute(2, 0, 1))
    assert torch.equal(images[1], F.resize(opened(names[1]), list(size), InterpolationMode.BICUBIC))


@pytest.mark.parametrize("shape", [(3, 9000), (9000, 3)])
def test_a_strip_of_a_picture_takes_no_gigantic_memory(tmp_path, shape, monkeypatch):
    levels = (np.arange(9000) // 36).astype(np.uint8)  # from black to nearly white along it
    pixels = np.broadcast_to(levels if shape[1] > 3 else levels[:, None], shape)
    Image.fromarray(np.repeat(pixels[..., None], 3, 2)).save(tmp_path / "strip.png")
    sizes, resize = [], F.resize

    def recorded(image, size, *how):
        sizes.append(size)
        return resize(image, size, *how)

    monkeypatch.setattr(F, "resize", recorded)
    strip = ImageFiles((str(tmp_path / "strip.png"),), torch.tensor([0]))
    (image,), _ = everything(make_loader(strip, PADDED).plain())
    assert image.shape == (3, 14, 14) and max(sizes[0]) <= 8 * 14
    assert (image.float() - 125).abs().max() < 2  # the middle of it


@pytest.mark.parametrize("workers", [0, 2])
def test_plain_is_a_resize_and_a_centre_crop_in_order(files, workers):
    expected = v2.Compose([v2.Resize(16, InterpolationMode.BICUBIC), v2.CenterCrop(14)])
    batches = list(make_loader(files, workers=workers).plain(3))
    assert [len(labels) for _, labels in batches] == [3, 3, 2]
    images, labels = everything(batches)
    assert torch.equal(labels, files.labels)
    for image, file in zip(images, files.files, strict=True):
        assert torch.equal(image, expected(opened(file)))


def test_of_imagenets_size_the_shorter_side_becomes_256(files):
    pipeline = Pipeline((0.5,) * 3, (0.2,) * 3, crop="resized")
    expected = v2.Compose([v2.Resize(256, InterpolationMode.BICUBIC), v2.CenterCrop(224)])
    images, _ = next(make_loader(files, pipeline).plain(1))
    assert torch.equal(images[0], expected(opened(files.files[0])))


def test_an_image_depends_on_seed_epoch_and_row_alone(files):
    def images(rows, epoch=0, seed=0):
        return everything(make_loader(files, seed=seed).batches(rows, epoch, torch.Generator()))[0]

    one = images([torch.tensor([2])])
    assert torch.equal(images([torch.tensor([4, 2, 2])])[1:], one.repeat(2, 1, 1, 1))
    assert torch.equal(images([torch.tensor([7]), torch.tensor([2])])[1:], one)
    assert not torch.equal(images([torch.tensor([2])], epoch=1), one)
    assert not torch.equal(images([torch.tensor([2])], seed=1), one)


def pids(loader):
    """Where each image of an epoch is made: files that say which process opened them."""
    return {int(value) for images, _ in loader.plain(1) for value in images.flatten().unique()}


def test_workers_stay_and_what_is_left_half_way_disturbs_nothing(files):
    """The numbers of the workers' processes, instead of pictures."""

    class Numbers(ImageFiles):
        def pixels(self, row):
            return torch.full((3, 40, 40), os.getpid() % 256, dtype=torch.uint8)

    numbers = Numbers(files.files, files.labels)
    loader = make_loader(numbers, Pipeline((0.5,) * 3, (0.2,) * 3, size=(8, 8)), workers=1)
    [worker] = pids(loader)
    assert worker != os.getpid() % 256 and pids(loader) == {worker}
    left = loader.plain(1)
    next(left)
    [other] = pids(loader)
    assert other != worker, "the first one is busy"
    assert len(list(left)) == len(files) - 1, "and goes on"


def test_rows_draw_apart_from_each_other(files):
    same = ImageFiles((files.files[0],) * 8, files.labels)
    images, _ = everything(make_loader(same).batches([torch.arange(8)], 0, torch.Generator()))
    assert len(images.unique(dim=0)) == 8


@pytest.mark.parametrize("workers", [0, 2])
def test_no_generator_moves(files, workers):
    torch.rand(1)  # away from a state that an image could have left
    generator = torch.Generator().manual_seed(0)
    before = torch.get_rng_state(), np.random.get_state()[1].tolist(), generator.get_state()
    list(make_loader(files, workers=workers).batches(ROWS, 0, generator))
    list(make_loader(files, workers=workers).plain(4))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]
    assert torch.equal(generator.get_state(), before[2])


@pytest.mark.parametrize("workers", [0, 2])
def test_a_broken_file_is_one_clear_error(files, tmp_path, workers):
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    broken = ImageFiles((*files.files, f"{tmp_path}/broken.jpg"), torch.arange(9))
    batches = make_loader(broken, workers=workers).batches([*ROWS, torch.tensor([0, 8])], 0, None)
    for _ in ROWS:
        next(batches)
    with pytest.raises(UserError, match=f"^{tmp_path}/broken.jpg: cannot be read") as e:
        next(batches)
    assert "\n" not in str(e.value)
    with pytest.raises(UserError, match=r"broken.jpg"):
        list(make_loader(broken, workers=workers).plain(9))


def test_grey_files_stay_grey(files):
    grey = ImageFiles(files.files, files.labels, channels=1)
    pipeline = Pipeline((0.5,), (0.2,), crop="resized", size=(14, 14))
    images, _ = everything(make_loader(grey, pipeline).plain(8))
    assert images.shape == (8, 1, 14, 14)


def boxed(folder, count=4):
    """Pictures of a white rectangle on black, 40 × 30 pixels, its box, and the same as masks."""
    boxes, masks, names = [], [], []
    for i in range(count):
        x0, y0, x1, y1 = 4 + 4 * i, 6, 20 + 4 * i, 18
        pixels = np.zeros((30, 40, 3), np.uint8)
        pixels[y0:y1, x0:x1] = 255
        names.append(str(folder / f"{i}.png"))
        Image.fromarray(pixels).save(names[-1])
        boxes.append([[x0 / 40, y0 / 30, x1 / 40, y1 / 30, 1], [0, 0, 0, 0, -1]])
        mask = Image.fromarray(pixels[..., 0]).resize((80, 60), Image.Resampling.NEAREST)
        masks.append(torch.from_numpy(np.asarray(mask) // 255))
    labels = torch.tensor(boxes, dtype=torch.float32), torch.stack(masks)
    return [ImageFiles(tuple(names), kind) for kind in labels]


STRETCHED = Pipeline((0.5,) * 3, (0.2,) * 3, padding=8, size=(60, 80))
RANDOM = Pipeline((0.5,) * 3, (0.2,) * 3, crop="resized", size=(60, 80))


def measured(image):
    """The corners of what is white, relative."""
    rows, columns = np.nonzero(image[0].numpy() > 127)
    return (
        *(columns.min() / 80, rows.min() / 60),
        *((columns.max() + 1) / 80, (rows.max() + 1) / 60),
    )


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("pipeline", [STRETCHED, RANDOM])
def test_boxes_and_masks_from_files_are_where_the_objects_are(tmp_path, pipeline, workers):
    """Pictures are stretched, and what is drawn for a crop and a flip moves labels as well."""
    of_boxes, of_masks = boxed(tmp_path)
    rows = [torch.arange(4)] * 3
    moved = [*make_loader(of_boxes, pipeline, workers).batches(rows, 1, torch.Generator())]
    masked = make_loader(of_masks, pipeline, workers).batches(rows, 1, torch.Generator())
    for (images, boxes), (same, masks) in zip(moved, masked, strict=True):
        assert torch.equal(images, same) and images.shape == (4, 3, 60, 80)
        for image, (box, absent), mask in zip(images, boxes, masks, strict=True):
            assert absent.tolist() == [0, 0, 0, 0, -1]
            if box[4] == 1:  # not dropped
                assert measured(image) == pytest.approx(box[:4].tolist(), abs=2.5 / 60)
            known = mask != 255
            wrong = (image[0] > 127)[known] != (mask == 1)[known]
            assert wrong.float().mean() < 0.05
    assert not torch.equal(moved[0][1][0], of_boxes.labels[0])


def test_plain_pictures_with_boxes_are_stretched_whole(tmp_path):
    of_boxes, of_masks = boxed(tmp_path)
    images, labels = everything(make_loader(of_boxes, RANDOM).plain())
    assert torch.equal(labels, of_boxes.labels)
    for image, (box, _) in zip(images, labels, strict=True):
        assert measured(image) == pytest.approx(box[:4].tolist(), abs=1 / 60)
    assert torch.equal(everything(make_loader(of_masks, RANDOM).plain())[1], of_masks.labels)


def under(policy, epochs=5):
    """The policy of each epoch, as a training gives it to its loader."""
    return partial(of_epoch, policy_method(policy).augment, epochs=epochs)


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.parametrize("pipeline", [RESIZED, PADDED], ids=["resized", "padded"])
def test_a_policy_follows_crop_and_flip_in_the_workers(files, pipeline, workers):
    """The images are those without it, and under its draws from the seed, epoch and first row."""
    policy = load_policy("autoaugment-imagenet")
    plain = make_loader(files, pipeline, seed=4).batches(ROWS, 2, torch.Generator())
    loader = make_loader(files, pipeline, workers, seed=4, augment=under(policy))
    augmented = loader.batches(ROWS, 2, torch.Generator())
    for rows, (before, labels), (after, same) in zip(ROWS, plain, augmented, strict=True):
        key = (2, int(rows[0]), len(rows))
        seed = np.random.SeedSequence(4, spawn_key=key).generate_state(1, np.uint64).item()
        draw = Sampler(policy)(len(rows), torch.Generator().manual_seed(seed))
        assert torch.equal(after, apply(before, draw)) and torch.equal(labels, same)
    assert torch.equal(
        everything(loader.plain())[0], everything(make_loader(files, pipeline).plain())[0]
    )


def test_workers_draw_anew_for_each_epoch_and_each_batch(files):
    same = ImageFiles((files.files[0],) * 8, files.labels)
    still = Pipeline((0.5,) * 3, (0.2,) * 3, padding=0, flip=False, size=(14, 14))
    loader = make_loader(same, still, augment=under(load_policy("dada-imagenet")))
    halves = [torch.arange(4), torch.arange(4, 8)]
    images = [everything(loader.batches(halves, epoch, torch.Generator()))[0] for epoch in (0, 1)]
    assert len(torch.cat(images).unique(dim=0)) > 8


INVERT = Policy((SubPolicy((Operation("Invert", 1.0, 0.0),)),))


@pytest.mark.parametrize("workers", [0, 1])
def test_workers_follow_a_schedule(files, workers):
    schedule = PolicySchedule((Stage(2, Policy.none()), Stage(3, INVERT)))
    loader = make_loader(files, workers=workers, augment=under(schedule))
    for epoch in range(5):
        images, _ = everything(loader.batches(ROWS, epoch, torch.Generator()))
        plain, _ = everything(make_loader(files).batches(ROWS, epoch, torch.Generator()))
        assert torch.equal(images, plain if epoch < 2 else 255 - plain)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_policy_in_the_workers_moves_boxes_and_masks(tmp_path, workers):
    """With crop and flip in one motion; a turn by a half is easily told."""
    of_boxes, of_masks = boxed(tmp_path)
    turn = Policy(
        (SubPolicy((Operation("Rotate", 1.0, 1.0),)),), Scale("strength", {"Rotate": (0.0, 180.0)})
    )
    rows, given = [torch.arange(4)] * 2, {"workers": workers, "augment": under(turn)}
    moved = [*make_loader(of_boxes, STRETCHED, **given).batches(rows, 1, torch.Generator())]
    masked = make_loader(of_masks, STRETCHED, **given).batches(rows, 1, torch.Generator())
    still = make_loader(of_boxes, STRETCHED).batches(rows, 1, torch.Generator())
    for (images, boxes), (same, masks), (plain, _) in zip(moved, masked, still, strict=True):
        assert torch.equal(images, same) and not torch.equal(images, plain)
        for image, (box, _), mask in zip(images, boxes, masks, strict=True):
            if box[4] == 1:  # not dropped
                assert measured(image) == pytest.approx(box[:4].tolist(), abs=3.5 / 60)
            known = mask != 255
            assert ((image[0] > 127)[known] != (mask == 1)[known]).float().mean() < 0.05


MODULE = """
from dada.ops import register

@register("Half")
def half(images, values):
    return images // 2
"""
FRESH = """
import pickle, sys
work = pickle.load(sys.stdin.buffer)
images, labels = work.__getitems__(([5, 0, 3], 1))
sys.stdout.buffer.write(images.numpy().tobytes())
"""


def test_a_worker_that_starts_afresh_gets_operations_of_ones_own(files, tmp_path, monkeypatch):
    (tmp_path / "of_mine.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "_operations", dict(registry._operations))
    importlib.import_module("of_mine")
    half = Policy((SubPolicy((Operation("Half", 1.0, 0.0),)),))
    loader = make_loader(files, seed=1, augment=under(half))
    ((images, _),) = loader.batches(ROWS[:1], 1, torch.Generator())
    ((plain, _),) = make_loader(files, seed=1).batches(ROWS[:1], 1, torch.Generator())
    assert torch.equal(images, plain // 2)
    place = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [tmp_path, *sys.path]))}
    command, sent = [sys.executable, "-c", FRESH], pickle.dumps(loader._work)
    done = subprocess.run(command, input=sent, env=place, capture_output=True, check=True)
    assert done.stdout == images.numpy().tobytes()


def test_an_operation_that_fails_in_a_worker_is_one_clear_error(files):
    def failing(epoch):
        def augment(images, generator, motion=None):
            raise UserError("Half: failed")

        return augment

    for workers in (0, 1):
        with pytest.raises(UserError, match=r"^Half: failed$"):
            list(make_loader(files, workers=workers, augment=failing).batches(ROWS, 0, None))
