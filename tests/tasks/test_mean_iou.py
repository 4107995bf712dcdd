import pytest
import torch
from sklearn.metrics import jaccard_score

from dada.errors import UserError
from dada.tasks import TASKS
from dada.tasks.segmentation import IGNORED, pixel_cross_entropy

TASK = next(task for task in TASKS if task.name == "segmentation")
GENERATOR = torch.Generator().manual_seed(0)
LOGITS = torch.randn(7, 5, 6, 8, generator=GENERATOR)
LABELS = torch.randint(0, 3, (7, 6, 8), generator=GENERATOR, dtype=torch.uint8)
LABELS[:, :, 5:][torch.rand(7, 6, 3, generator=GENERATOR) < 0.3] = IGNORED
LOGITS[:, 3] = -10  # neither there nor ever the answer; class 4 is not there


def counted():
    answers, there = LOGITS.argmax(1).flatten(), LABELS.flatten()
    return there[there != IGNORED], answers[there != IGNORED]


@pytest.mark.parametrize("size", [1, 3, 7])
def test_a_test_in_batches_measures_what_scikit_learn_does(size):
    batches = zip(LOGITS.split(size), LABELS.split(size), strict=True)
    found = TASK.measures([TASK.tally(*batch) for batch in batches])
    there, answers = counted()
    expected = jaccard_score(there, answers, average=None, labels=[0, 1, 2, 4])
    assert found["class_IoU"][3] is None
    assert found["class_IoU"][:3] + found["class_IoU"][4:] == pytest.approx(expected.tolist())
    assert found[TASK.metric.key] == pytest.approx(expected.mean())
    assert found["test_images"] == 7
    assert found["test_loss"] == pytest.approx(pixel_cross_entropy(LOGITS, LABELS).mean().item())


def test_right_answers_overlap_wholly():
    logits = torch.nn.functional.one_hot(LABELS.clamp(max=2).long(), 3).permute(0, 3, 1, 2).float()
    found = TASK.measures([TASK.tally(logits, LABELS)])
    assert found[TASK.metric.key] == 1
    assert found["class_IoU"] == [1, 1, 1]


def test_there_must_be_a_pixel_that_counts():
    tally = TASK.tally(LOGITS, torch.full_like(LABELS, IGNORED))
    with pytest.raises(UserError, match="every pixel is 255"):
        TASK.measures([tally])
    assert TASK.measures([tally, TASK.tally(LOGITS, LABELS)])["test_images"] == 14
