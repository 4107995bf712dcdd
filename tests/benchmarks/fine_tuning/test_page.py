"""What the page says of a study."""

from benchmarks.page.fine_tuning import fine_tuning


def gap(mean):
    return {"mean": mean, "interval": 0.5}


def test_every_set_has_its_tables_and_the_average_comes_last():
    rows = {
        "none": {"error": gap(20.0), "errors": [[20.0]], "less found": gap(1.0)},
        "found": {"error": gap(19.0), "errors": [[19.0]], "less none": gap(-1.0)},
    }
    tables = [{"epochs": epochs, "rows": rows} for epochs in (12, 30)]
    one = {"data": "waste", "classes": 6, "train": 9, "test": 1011, "tables": tables}
    one["searches"] = {"found": [{"seconds": 500}, {"seconds": 600}]}
    result = {"model": "a", "per_class": 50, "side": 96, "sets": [one], "average": [tables[1]]}
    lines = fine_tuning(result)
    titles = [line for line in lines if line.endswith("epochs:")]
    assert titles == [
        "waste (1,011 test images, 6 classes), 12 epochs:",
        "waste (1,011 test images, 6 classes), 30 epochs:",
        "Average of the sets, 30 epochs:",
    ]
    [row, *_] = [line for line in lines if line.startswith("| found")]
    assert row == "| found | 19.00 ± 0.50 | −1.00 ± 0.50 | 550 s |"
    assert not any("less found" in line for line in lines)
