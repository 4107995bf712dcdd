"""What pycocotools itself says of answers: the oracle of both kinds of mean average precision."""


def evaluated(truth, answers, kind, capsys):
    """Over overlaps, at a half, and of each class; `truth` is a COCO with a data set."""
    from pycocotools.cocoeval import COCOeval

    truth.createIndex()
    evaluation = COCOeval(truth, truth.loadRes(answers), kind)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    capsys.readouterr()
    precision = evaluation.eval["precision"][:, :, :, 0, 2]
    return evaluation.stats[0], evaluation.stats[1], precision.mean((0, 1)).tolist()
