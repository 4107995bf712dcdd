import torch
from torch.nn.functional import cross_entropy

from dada.tasks import Classification, Multilabel
from dada.tasks.details import WORST, details

CLASSES = ("cat", "dog", "owl")


def test_one_label_per_image():
    # Eight cats, of which two are taken for dogs and one for an owl; one dog, taken for an owl.
    labels = torch.tensor([0] * 8 + [1])
    answers = torch.tensor([0] * 5 + [1, 1, 2, 2])
    logits = 4.0 * torch.eye(3)[answers]
    logits[6] *= 2  # the surest mistake
    files = [f"{i}.png" for i in range(9)]
    found = details(logits, labels, Classification(), CLASSES, files)
    assert found["confusion"] == [[5, 2, 1], [0, 0, 1], [0, 0, 0]]
    assert [list(one.values()) for one in found["confusions"]] == [
        ["cat", "dog", 2, 0.25],
        ["dog", "owl", 1, 1.0],
        ["cat", "owl", 1, 0.125],
    ]
    cat, dog, owl = found["per_class"]
    assert (cat["name"], cat["taken_for"], cat["times"]) == ("cat", "dog", 2)
    assert (dog["recall"], owl["recall"], owl["precision"]) == (0.0, None, 0.0)
    first = found["worst"][0]
    assert (first["image"], first["file"]) == (6, "6.png")
    assert (first["label"], first["answer"]) == ("cat", "dog")
    assert first["probability"] == logits[6].softmax(0).max().item()
    assert first["loss"] == cross_entropy(logits[6:7], labels[6:7]).item()
    assert [one["image"] for one in found["worst"]] == [6, 5, 7, 8, 0, 1, 2, 3, 4]


def test_several_labels_per_image():
    logits = torch.tensor([[3.0, -3.0, 3.0], [-3.0, -3.0, -3.0]])
    labels = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    found = details(logits, labels, Multilabel(), CLASSES)
    assert found["confusion"] is None and found["confusions"] == []
    first, second = found["worst"]
    assert (first["label"], first["answer"], first["file"]) == ("cat", "cat, owl", None)
    assert (second["label"], second["answer"]) == ("none", "none")
    assert abs(second["probability"] - torch.tensor(3.0).sigmoid().item() ** 3) < 1e-6


def test_no_more_than_the_worst_are_listed():
    found = details(torch.randn(40, 3), torch.zeros(40).long(), Classification(), CLASSES)
    losses = [one["loss"] for one in found["worst"]]
    assert len(losses) == WORST and losses == sorted(losses, reverse=True)
