"""A router in JavaScript is held against the conformance runner: as it is, and with each of four planted bugs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROUTER = Path(__file__).with_name("basic_router.js")
NODE = shutil.which("node")
pytestmark = [pytest.mark.skipif(NODE is None, reason="node is not installed"), pytest.mark.slow]
pytest.importorskip("click")


def conformance(*options, bug=""):
    command = [sys.executable, "-m", "routecore", "conformance", "--cmd", f"{NODE} {ROUTER}", "--level", "basic", "--scenarios", "25", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env={**os.environ, "BUG": bug})


def test_a_router_in_javascript_conforms_at_the_basic_level():
    done = conformance()
    assert (done.returncode, done.stderr) == (0, "")
    assert "vectors: 12 of 12 hold" in done.stdout
    assert "reference: 1 of 1 hold" in done.stdout


@pytest.mark.parametrize(
    ("bug", "told"),
    [
        ("catalog_order", "law_permuting_the_catalog"),
        ("one_number", "the balance: a number of its own for each place, of all 64 bits of the draw"),
        ("ignore_variants", "law_never_a_forbidden_endpoint"),
        ("cut_the_last", "law_subset"),
    ],
)
def test_a_planted_bug_is_told_with_a_scenario_that_shows_it(bug, told):
    done = conformance("--part", "vectors", "--part", "laws", bug=bug)
    assert done.returncode == 1
    assert told in done.stdout
    assert '{"catalog": {"endpoints": [' in done.stdout


def test_a_router_that_does_not_start_is_no_router_that_differs():
    command = [sys.executable, "-m", "routecore", "conformance", "--cmd", "no-such-router"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "the router does not answer: no-such-router cannot be started" in done.stderr
