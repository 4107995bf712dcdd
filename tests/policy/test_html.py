from __future__ import annotations

import re

from dada.policy import Operation, Policy, Scale, SubPolicy, load_policy
from tests.report.html import Page


def page_of(policy: Policy) -> Page:
    return Page(policy._repr_html_())


def test_sub_policies_are_in_real_units_with_bars_as_long_as_their_weights():
    often = SubPolicy((Operation("Rotate", 0.5, 0.75), Operation("Invert", 0.25, 0.0)), weight=3.0)
    seldom = SubPolicy((Operation("Solarize", 1.0, 0.5),), weight=1.0)
    page = page_of(Policy((seldom, often), name="mine"))
    assert page.text.startswith("mine : 2 sub-policies")
    rows = "75.0 % Rotate ±15 degrees p 0.50 Invert p 0.25 25.0 % Solarize"
    assert rows in page.text and "more" not in page.text
    assert re.findall(r"width:([\d.]+)%", page.source) == ["100.0", "33.3"]


def test_of_many_sub_policies_the_leading_ten_are_shown():
    page = page_of(load_policy("dada-cifar10"))
    assert page.tags.count("tr") == 11 and "and 15 more" in page.text and not page.links


def test_strengths_are_those_of_the_description():
    policy = Policy((SubPolicy((Operation("Brightness", 0.5, 0.6, 1.0),)),), Scale("strength"))
    words = re.search(r"Brightness (.*) \(p", policy.describe()).group(1)
    assert words in page_of(policy).text


def test_no_augmentation_is_said_in_words():
    page = page_of(Policy.none())
    assert "no image changes" in page.text and "table" not in page.tags


def test_a_hostile_name_is_text():
    page = page_of(Policy(load_policy("dada-svhn").sub_policies, name="<img src=x>" * 80))
    assert "img" not in page.tags and "<img src=x>" in page.text and len(page.text) < 1500
