"""The pictures say what the code's tables say, and the files of the README are those that a build makes."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from routecore.live.health_table import TRANSITIONS
from routecore.routing.ranking.passes import PASSES
from routecore.routing.rules import RULES

EXTENSIONS = Path(__file__).resolve().parents[2] / "docs" / "_ext"
TEXT = "{http://www.w3.org/2000/svg}text"


@pytest.fixture(scope="module")
def pictures():
    sys.path.insert(0, str(EXTENSIONS))
    spec = importlib.util.spec_from_file_location("pictures", EXTENSIONS / "pictures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.path.remove(str(EXTENSIONS))


def read(drawn):
    return ET.fromstring(drawn)  # noqa: S314 - as above


def words(drawn):
    return " ".join("".join(node.itertext()) for node in read(drawn).iter(TEXT))


def test_every_rule_and_pass_is_in_the_picture_of_the_pipeline(pictures):
    shown = words(pictures.pipeline())
    assert [name for name in (*(rule.name for rule in RULES), *(one.name for one in PASSES)) if name not in shown] == []


def test_the_ladder_has_the_passes_in_their_order(pictures):
    shown = words(pictures.passes())
    places = [shown.index(f"{number}. {one.name}") for number, one in enumerate(PASSES, 1)]
    assert places == sorted(places)


def test_every_way_between_two_states_has_its_arrow_and_every_event_its_words(pictures):
    drawn = pictures.health()
    assert drawn.count("marker-end") == len({(row.state, row.to, row.cooldown) for row in TRANSITIONS})
    assert all(str(row.event).replace("_", " ") in words(drawn) for row in TRANSITIONS)


@pytest.mark.parametrize("name", ["pipeline", "passes", "health"])
def test_no_word_leaves_the_picture(pictures, name):
    for node in read(pictures.PICTURES[name]()).iter(TEXT):
        x, length = float(node.get("x")), len(node.text) * pictures.LETTER
        left = {"start": x, "middle": x - length / 2, "end": x - length}[node.get("text-anchor")]
        assert left >= -4, node.text
        assert left + length <= pictures.WIDTH + 4, node.text


def test_the_pictures_of_the_readme_are_those_that_a_build_makes(pictures):
    assert (pictures.STATIC / "plan.svg").read_text(encoding="utf-8") == pictures.plan_picture()
    for name in pictures.FILES:
        read((pictures.STATIC / name).read_text(encoding="utf-8"))
