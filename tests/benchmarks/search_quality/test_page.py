"""What the page says of a study."""

from benchmarks.page.search_quality import search_quality as page


def results(gaps, searched):
    rows = {
        name: {
            "error": {"mean": 50.0, "interval": 1.0},
            "less uniform": {"mean": mean, "interval": half},
            "by_search": [50.0],
        }
        for name, (mean, half) in gaps.items()
    }
    uniform = {"error": {"mean": 51.0, "interval": 1.0}, "by_search": [51.0]}
    known = {"searches": {}, "searched": searched, "parts": "", "trained": ""}
    return {**known, "policy": {**rows, "uniform": uniform}}


def test_the_page_says_first_what_does_not_beat_uniform():
    gaps = {"a": (-1.0, 0.5), "b": (-1.0, 1.5), "c": (0.5, 0.1), "d": (-1.0, None)}
    first, *_ = page(results(gaps, list("abcd")))
    assert first == "**Not better than the uniform policy by its interval: b, c, d.**"
    assert page(results(gaps, ["a"]))[0].startswith("Every found policy beats")
    assert page(results(gaps, ["none"]))[0].startswith("No found policy was compared")
    many = {
        "images": 2000,
        "unseen": True,
        "epochs": 3,
        "seeds": 2,
        "rows": results(gaps, [])["policy"],
    }
    for row in many["rows"].values():
        row["train_loss"] = 0.1
    lines = page({**results(gaps, ["b"]), "scale": [many], "scale_model": "proxy-64"})
    assert lines[0].endswith("its interval: b, b at 2,000 images.**")
    assert any(
        "proxy-64, 3 epochs of 2,000 images, that no search saw, 2 seeds" in line for line in lines
    )
