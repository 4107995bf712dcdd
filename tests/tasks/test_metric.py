from dada.tasks import Metric

ERROR = Metric("error", "test error")
ACCURACY = Metric("accuracy", "test accuracy", lower_is_better=False)


def test_the_best_value_is_in_the_metrics_direction():
    values = {"a": 0.3, "b": 0.1, "c": 0.2, "d": 0.1, "e": 0.3}  # of equal ones, the first
    assert (ERROR.best(values, key=values.get), ERROR.superlative) == ("b", "lowest")
    assert (ACCURACY.best(values, key=values.get), ACCURACY.superlative) == ("a", "highest")


def test_of_two_values_one_is_better_unless_they_are_equal():
    for low, high in ((0.1, 0.2), (-0.1, 0.0)):
        assert ERROR.better(low, than=high) and not ERROR.better(high, than=low)
        assert ACCURACY.better(high, than=low) and not ACCURACY.better(low, than=high)
    assert not ERROR.better(0.1, than=0.1) and not ACCURACY.better(0.1, than=0.1)
