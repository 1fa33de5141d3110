"""``routecore conformance``: exit codes, what is printed of what differs, and machine output."""

from __future__ import annotations

import json
import shlex
import sys

import pytest

pytest.importorskip("click")

from tests.cli.command_line import run

REFERENCE = """
import json, sys
from routecore.testing.reference import reference_decide_scenario
for line in sys.stdin:
    scenario = json.loads(line)
    CHANGE
    print(json.dumps(reference_decide_scenario(scenario)), flush=True)
"""


def router(change="pass"):
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(REFERENCE.replace('CHANGE', change))}"


def test_a_router_that_conforms_exits_0_and_says_how_much_holds():
    done = run("conformance", "--cmd", router(), "--level", "basic", "--part", "vectors")
    assert (done.code, done.out.strip()) == (0, "vectors: 12 of 12 hold")


def test_a_router_that_differs_exits_1_and_shows_a_scenario_to_paste():
    done = run("conformance", "--cmd", router("scenario['request'].get('provider', {}).pop('only', None)"), "--level", "basic", "--part", "vectors")
    assert done.code == 1
    assert "a provider's slug names all its variants: 0 of 1 scenarios hold" in done.out
    pasted = next(json.loads(line) for line in done.out.splitlines() if line.startswith("{"))
    assert pasted["request"]["provider"]["only"]


def test_machines_get_every_check():
    done = run("conformance", "--cmd", router(), "--part", "vectors", "--check", "a tier is opt-in", "--json")
    answer = json.loads(done.out)
    assert answer["holds"] is True
    assert answer["checks"] == [{"part": "vectors", "name": "a tier is opt-in", "tried": 1, "held": 1, "first": None}]


def test_the_named_cases_are_printed_one_a_line():
    lines = [json.loads(line) for line in run("conformance", "--vectors").out.splitlines()]
    assert {"level", "name", "scenario", "answer"} == set(lines[0])
    assert len(lines) >= 30


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "--cmd is missing"),
        (("--cmd", "no-such-router"), "cannot be started"),
        (("--cmd", router(), "--level", "basic", "--check", "nothing"), "no check of the level basic is named nothing"),
    ],
)
def test_what_cannot_run_is_told(arguments, told):
    done = run("conformance", *arguments)
    assert done.code == 2
    assert told in done.err
