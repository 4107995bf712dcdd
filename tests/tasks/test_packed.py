"""Packed maps are the tensor that they were packed from."""

import pickle
import zlib
from functools import partial

import numpy as np
import pytest
import torch

from dada.tasks import Instances, Segmentation, task_of
from dada.tasks.packed import PackedMaps, changed, pack, renumbered

SIZE = (5, 7)


def maps_of(dtype, count=6):
    """Maps of every kind: one value, noise, the highest values, runs across the ends of rows."""
    generator = np.random.default_rng(0)
    highest = np.iinfo(dtype).max
    maps = generator.integers(0, highest, (count, *SIZE), dtype=dtype, endpoint=True)
    maps[0], maps[1] = 0, highest
    maps[2, 1:3] = 3
    return maps


def packed(maps):
    return PackedMaps([pack(one) for one in maps], maps.shape[1:], maps.dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32])
def test_rows_are_those_of_the_tensor(dtype):
    maps = maps_of(dtype)
    found, tensor = packed(maps), torch.from_numpy(maps)
    assert (found.shape, found.dtype, found.ndim) == (tensor.shape, tensor.dtype, tensor.ndim)
    assert torch.equal(found[:], tensor)
    for rows in ([4, 0, 4], [], torch.tensor([5, 1]), slice(1, 4)):
        assert torch.equal(found[rows], tensor[rows])
        assert torch.equal(found.index_select(0, rows)[:], tensor[rows])
    assert all(map(torch.equal, found.split(4), tensor.split(4)))
    assert torch.equal(pickle.loads(pickle.dumps(found))[:], tensor)


def test_a_map_of_few_objects_is_small_and_noise_not_much_larger_than_its_tensor():
    plain = np.zeros((800, 1064), np.int32)
    plain[100:200, 300:500] = 1
    assert len(pack(plain)) < 1000
    noise = np.random.default_rng(0).integers(0, 255, (100, 100), np.uint8)
    assert len(pack(noise)) < 1.2 * noise.nbytes


def test_changes_are_made_in_order_and_survive_a_choice_of_rows():
    maps = maps_of(np.uint8)
    up = partial(renumbered, torch.arange(1, 257).to(torch.uint8))
    down = partial(renumbered, torch.arange(255, -1, -1).to(torch.uint8))
    found = changed(changed(packed(maps), up), down)
    expected = 255 - (maps + np.uint8(1))
    np.testing.assert_array_equal(found.index_select(0, [3, 1])[:], expected[[3, 1]])
    np.testing.assert_array_equal(changed(torch.from_numpy(maps), up), maps + np.uint8(1))


def test_checksums_change_with_a_pixel_alone():
    maps = maps_of(np.int32)
    before = packed(maps).checksums()
    maps[4, 2, 2] += 1
    differ = [one != other for one, other in zip(before, packed(maps).checksums(), strict=True)]
    assert differ == [row == 4 for row in range(len(maps))]
    [one] = packed(maps[:1]).checksums()  # zeros: one run, by zlib itself
    runs = np.int32(0).tobytes() + np.int32(SIZE[0] * SIZE[1]).tobytes()
    assert int(one, 16) == zlib.adler32(runs)


@pytest.mark.parametrize(
    ("task", "dtype", "classes"), [(Segmentation(), np.uint8, 4), (Instances(), np.int32, 4)]
)
def test_what_a_task_says_of_packed_maps_is_what_it_says_of_the_tensor(task, dtype, classes):
    kinds = np.random.default_rng(0).integers(0, classes + 1, (5, *SIZE))
    numbers = np.random.default_rng(1).integers(0, 2, (5, *SIZE))
    maps = (kinds % classes if dtype is np.uint8 else (kinds > 0) * (kinds + 256 * numbers)).astype(
        dtype
    )
    maps[1] = 0
    tensor, found = torch.from_numpy(maps), packed(maps)
    assert task_of(found) is task_of(tensor)
    assert task_of(found).name == task.name
    assert task.strata(found) is None
    task.check(found, classes, "maps")
    task.check_test(found, "maps")
    assert task.occurrences(found, classes) == task.occurrences(tensor, classes)
    order = [2, 0, 3, 1]
    (first, _), (second, _) = task.matched(found, order), task.matched(tensor, order)
    assert isinstance(first, PackedMaps) and torch.equal(first[:], second)


def test_balance_counts_the_pixels_of_packed_masks():
    maps = np.random.default_rng(0).integers(0, 3, (5, *SIZE)).astype(np.uint8)
    logits = torch.randn(5, 3, *SIZE, generator=torch.Generator().manual_seed(0))
    tensor = torch.from_numpy(maps)
    losses = [
        Segmentation().loss(of, balance=True)(logits, tensor) for of in (tensor, packed(maps))
    ]
    assert torch.equal(*losses)
