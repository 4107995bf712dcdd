from dada.tasks import Metric


def test_the_best_value_is_in_the_metrics_direction():
    error, accuracy = Metric("error", "test error"), Metric("accuracy", "x", lower_is_better=False)
    assert error.best([0.3, 0.1, 0.2]) == 0.1 and accuracy.best([0.3, 0.1, 0.2]) == 0.3
    assert error.heading == "test error, %"
