import torch

from dada.augment import MemoryLoader, Pipeline
from dada.datasets import ImageSet

CPU = torch.device("cpu")
PADDED = Pipeline((0.5,) * 3, (0.2,) * 3, padding=2, size=(14, 14))
ROWS = [torch.tensor([5, 0, 3]), torch.tensor([6]), torch.tensor([1, 2, 4, 7])]


def test_memory_is_cropped_batch_by_batch_with_the_generator_given():
    images = ImageSet(torch.randint(256, (8, 3, 14, 14), dtype=torch.uint8), torch.arange(8))
    memory = MemoryLoader(images, PADDED, CPU)
    batches = memory.batches(ROWS, 0, torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(0)
    for rows, (seen, labels) in zip(ROWS, batches, strict=True):
        assert torch.equal(seen, PADDED.crop_and_flip(images.images[rows], generator))
        assert torch.equal(labels, rows)
    assert len(memory) == 8 and torch.equal(memory.labels, images.labels)


def test_memory_draws_a_batch_when_it_is_asked_for():
    """So that what a training draws in between stays where it was in the stream."""
    images = ImageSet(torch.zeros(8, 3, 14, 14, dtype=torch.uint8), torch.arange(8))
    generator = torch.Generator().manual_seed(0)
    batches = MemoryLoader(images, PADDED, CPU).batches(ROWS, 0, generator)
    states = [generator.get_state()]
    for _ in batches:
        states.append(generator.get_state())
    assert len({bytes(state.numpy()) for state in states}) == 4


def test_plain_memory_is_all_images_in_order():
    images = ImageSet(torch.randint(256, (8, 3, 9, 7), dtype=torch.uint8), torch.arange(8))
    batches = list(MemoryLoader(images, PADDED, CPU).plain(3))
    assert [len(labels) for _, labels in batches] == [3, 3, 2]
    seen, labels = zip(*batches, strict=True)
    assert torch.equal(torch.cat(seen), images.images)
    assert torch.equal(torch.cat(labels), images.labels)


def test_of_no_images_in_memory_there_are_no_batches():
    images = ImageSet(torch.zeros(0, 3, 9, 7, dtype=torch.uint8), torch.arange(0))
    assert not list(MemoryLoader(images, PADDED, CPU).plain())
