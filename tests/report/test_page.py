from __future__ import annotations

import base64
import io
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dada.errors import UserError
from dada.policy import Policy, save_policy
from dada.report import write_report

from .conftest import (
    OPERATIONS,
    PAIRS,
    make_comparison,
    make_config,
    make_images,
    make_policy,
    make_round,
    write_compare,
    write_events,
    write_json,
    write_search,
)

HOSTILE = "<script>alert('x')</script>"
VOID = {"meta", "img", "br", "link", "input", "hr", "col"}


class Page(HTMLParser):
    """Tags, links and text of a page; open tags must be closed in order."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        self.close()
        assert not self._open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [v or "" for k, v in attrs if k in ("src", "href", "xlink:href", "srcset")]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).replace("\N{NO-BREAK SPACE}", " ").split())

    @property
    def images(self) -> list[Image.Image]:
        data = [link.split(",")[1] for link in self.links if link.startswith("data:image/")]
        return [Image.open(io.BytesIO(base64.b64decode(part))) for part in data]


def page_of(path: Path) -> Page:
    return Page(write_report(path))


def test_the_page_is_one_file_that_needs_no_network(run):
    page = page_of(run)
    assert all(link.startswith(("data:image/", "#")) for link in page.links)
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert "url(http" not in page.source
    assert "@import" not in page.source
    assert 'name="viewport"' in page.source
    assert "prefers-color-scheme: dark" in page.source
    assert write_report(run) == run / "report.html"
    assert not (run / "report.html.partial").exists()


def test_a_search_tells_what_was_searched_and_found(run):
    text = page_of(run).text
    assert "6 sub-policies of 4 operations searched on 1,437 training images in 3 epochs" in text
    assert "preset demo, estimator relax, seed 3" in text
    assert all(name in text for name in OPERATIONS)
    assert "not finished" not in text
    assert "degrees" in text
    assert "0123456789abcdef" in text


def test_the_open_question_comes_with_the_command_that_answers_it(run):
    text = page_of(run).text
    assert "not known yet" in text
    assert f"dada compare digits --policy {run} -o {run / 'compare'}" in text


def test_pictures_are_the_samples_and_what_becomes_of_them(run):
    images = page_of(run).images
    assert len(images) == 8 * (1 + 6)
    for shown, sample in zip(images, make_images(), strict=False):
        assert np.array_equal(np.asarray(shown), sample.permute(1, 2, 0).numpy())


@pytest.mark.parametrize("damage", ["missing", "no picture", "another size"])
def test_without_samples_there_is_a_page_without_pictures(tmp_path, damage):
    run = write_search(tmp_path / "run", samples=damage == "another size", side=[5, 7])
    if damage == "no picture":
        (run / "samples.png").write_bytes(b"nothing")
    page = page_of(run)
    assert not page.images
    assert "What it does to the images" not in page.text


def test_an_interrupted_search_says_so(tmp_path):
    text = page_of(write_search(tmp_path / "run", epochs=1, finished=False)).text
    assert "not finished: 1 of 3 epochs are done" in text
    assert "--resume" in text


def test_before_the_first_epoch_there_is_nothing_to_report(tmp_path):
    run = write_search(tmp_path / "run", epochs=0, finished=False)
    with pytest.raises(UserError, match="no epoch is over yet") as caught:
        write_report(run)
    assert "\n" not in str(caught.value)
    assert not (run / "report.html").exists()


def test_the_answer_comes_first_where_a_comparison_is_there(run):
    write_compare(run / "compare", make_comparison())
    page = page_of(run)
    assert (
        "On these images the found policy made no measurable difference: test error 5.3 % ± 0.6 "
        "against 5.1 % ± 0.6 for crop and flip (paired difference +0.2 ± 0.9 points over 3 seeds)."
    ) in page.text
    assert "not known yet" not in page.text
    assert page.text.index("On these images") < page.text.index("The policy")


def test_a_comparison_of_another_policy_is_not_called_the_found_one(run):
    write_compare(run / "compare", make_comparison())
    save_policy(make_policy(3), run / "policy.json")
    text = page_of(run).text
    assert "the found policy" not in text
    assert "On these images the policy runs/digits made no measurable difference" in text


def test_a_comparison_has_a_page_of_its_own(tmp_path):
    page = page_of(write_compare(tmp_path / "compare", make_comparison(-0.02, 0.005)))
    assert "the policy runs/digits helped" in page.text
    assert "trained from the same 3 seeds" in page.text
    assert "no measurable difference" in page.text  # the uniform policy's row
    assert "dada compare digits --policy runs/digits --preset demo --seeds 3" in page.text
    assert "How the search went" not in page.text


def test_an_unfinished_comparison_shows_what_is_done(tmp_path):
    run = write_compare(tmp_path / "compare")
    text = page_of(run).text
    assert "not finished" in text
    assert "5.20 %" in text
    write_events(run / "events.jsonl", [])
    with pytest.raises(UserError, match="no training yet"):
        write_report(run)


def test_what_comes_from_outside_is_text_and_never_markup(tmp_path):
    run = write_search(
        tmp_path / "run", name=HOSTILE, source=HOSTILE, classes=[HOSTILE, "dog"],
        notes=[HOSTILE], skipped=[f"a/{HOSTILE}.png"],
    )  # fmt: skip
    comparison = make_comparison()
    comparison["rows"][1]["name"] = HOSTILE
    write_compare(run / "compare", comparison, HOSTILE)
    for page in (page_of(run), page_of(run / "compare")):
        assert "script" not in page.tags
        assert HOSTILE in page.text
    assert page_of(run).text.count(HOSTILE) >= 6


def test_notes_and_skipped_files_are_told(tmp_path):
    classes = [f"class {i}" for i in range(30)]
    run = write_search(tmp_path / "run", classes=classes, notes=["a note"], skipped=["bad.png"])
    text = page_of(run).text
    assert "a note" in text
    assert "1 file could not be read and was skipped" in text
    assert "class 19, and 10 more" in text


def test_no_augmentation_is_said_plainly(run):
    rounds = [make_round(1), make_round(2), make_round(3, of_amounts=True)]
    start = {"event": "start", "sub_policies": PAIRS, "parameters": 123456}
    write_events(run / "events.jsonl", [start, *rounds])
    save_policy(Policy.none("digits"), run / "policy.json")
    page = page_of(run)
    assert "No augmentation for digits" in page.text
    assert "the search found no policy that does better on these images" in page.text
    assert "No augmentation: every amount of the policy raises the loss." in page.text
    assert "not known yet" not in page.text and "dada export" not in page.text
    assert "What was tried" in page.text and "+8.0 % ± 2.2" in page.text
    assert not page.images


def test_operations_come_first_and_pairs_are_folded_away(run):
    page = page_of(run)
    assert page.text.index("ShearX") < page.text.index("All 6 sub-policies")
    assert f"dada export {run} --to torchvision" in page.text
    assert page.text.index("dada export") < page.text.index("ShearX")


def test_pictures_are_as_a_training_sees_them(run):
    config = make_config()
    given = {"mean": [0.5] * 3, "std": [0.25] * 3, "padding": 1, "flip": True, "cutout": 4}
    write_json(run / "config.json", config | {"settings": {**config["settings"], **given}})
    page = page_of(run)
    assert "in three epochs, under crop, flip and Cutout 4 and the policy" in page.text
    assert len(page.images) == 8 * 4 + 8 * 7
    for seen in page.images[8:32]:
        grey = (np.abs(np.asarray(seen).astype(int) - 127) <= 1).all(-1)
        assert grey.sum() >= 4, "part of the image is blanked with the mean colour"


def test_errors_of_each_class_are_shown(run):
    comparison = make_comparison()
    for number, row in enumerate(comparison["rows"]):
        row["class_errors"] = [None, *[0.01 * number + 0.1] * 9]
    write_compare(run / "compare", comparison)
    text = page_of(run).text
    assert "Errors of each class" in text and "10.0 % 11.0 % 12.0 %" in text


@pytest.mark.parametrize(
    ("intervals", "says"),
    [("seeds and test images", "over 3 seeds and 360 test images"),
     (None, "over 3 seeds alone, not over the test images")],
)  # fmt: skip
def test_what_the_intervals_hold_is_said(run, intervals, says):
    comparison = make_comparison() | ({"intervals": intervals} if intervals else {})
    write_compare(run / "compare", comparison)
    assert says in page_of(run).text


def test_equal_runs_give_equal_pages(run):
    first = write_report(run).read_bytes()
    assert write_report(run).read_bytes() == first


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [("config.json", "{", "cannot be read"), ("policy.json", "{", "policy.json"),
     ("compare/comparison.json", "{", "comparison.json")],
)  # fmt: skip
def test_damaged_files_are_named_in_one_line(run, name, text, says):
    (run / name).parent.mkdir(exist_ok=True)
    (run / name).write_text(text)
    with pytest.raises(UserError, match=says) as caught:
        write_report(run)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_no_run(tmp_path):
    with pytest.raises(UserError, match="no run in"):
        write_report(tmp_path)
    write_json(tmp_path / "config.json", {"kind": "cake"})
    with pytest.raises(UserError, match="unknown kind 'cake'"):
        write_report(tmp_path)
