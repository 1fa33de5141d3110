"""The conformance runner: what it holds, what it tells, and what a process may do wrong."""

from __future__ import annotations

import json
import shlex
import sys

import pytest

from routecore import decide_scenario
from routecore.testing.conformance import check_router
from routecore.testing.levels import LEVELS, laws_of, scenario_of
from routecore.testing.process import ProcessRouter, RouterProcessError
from routecore.testing.reference import reference_decide_scenario
from routecore.testing.shrink import smallest
from routecore.testing.vectors import vectors


def python(program):
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(program)}"


@pytest.mark.parametrize("level", LEVELS)
def test_the_reference_conforms_at_every_level(level):
    checks = list(check_router(reference_decide_scenario, level=level, scenarios=3, parts=("vectors", "laws", "hostile")))
    assert [check.first for check in checks if not check.holds] == []
    assert {check.part for check in checks} == ({"vectors", "laws", "hostile"} if level == "full" else {"vectors", "laws"})


def test_the_engine_holds_every_vector():
    for one in vectors():
        (check,) = check_router(decide_scenario, parts=("vectors",), named=(one["name"],))
        assert check.holds, check.first


def test_vectors_are_json_with_names_of_their_own():
    names = [one["name"] for one in vectors()]
    assert len(set(names)) == len(names) >= 30
    assert json.loads(json.dumps(vectors())) == vectors()


def test_a_difference_is_told_by_a_scenario_that_cannot_be_smaller():
    def without_ignore(scenario):
        block = {key: value for key, value in (scenario["request"].get("provider") or {}).items() if key != "ignore"}
        return reference_decide_scenario({**scenario, "request": {**scenario["request"], "provider": block}})

    (check,) = check_router(without_ignore, level="basic", scenarios=40, parts=("laws",), named=("law_never_a_forbidden_endpoint",))
    assert 0 < check.held < check.tried == 40
    assert "is in the request's ignore" in check.first.words
    assert len(check.first.scenario["catalog"]["endpoints"]) == 1
    assert set(check.first.scenario["request"]["provider"]) == {"ignore"}


def test_a_router_that_raises_differs_and_ends_nothing():
    def divide(scenario):
        return 1 // 0

    checks = list(check_router(divide, level="basic", scenarios=1, shrink=False))
    assert not any(check.held for check in checks)
    assert all("ZeroDivisionError" in check.first.words for check in checks)


def test_a_level_that_does_not_exist_is_told():
    with pytest.raises(ValueError, match="level: 'some' is none of basic, documented, full"):
        next(check_router(reference_decide_scenario, level="some"))


def test_each_level_asks_more_than_the_one_before():
    assert len(laws_of("basic")) < len(laws_of("documented")) < len(laws_of("full"))
    import random

    assert "settings" not in scenario_of("basic", random.Random(3))


def test_shrinking_stops_after_so_many_questions():
    asked = []
    smallest(list(range(100)), lambda one: bool(asked.append(one)), tries=10)
    assert len(asked) == 10


def test_a_process_answers_line_by_line():
    with ProcessRouter(python("import sys\nfor line in sys.stdin: print(line, end='', flush=True)")) as router:
        assert [router({"draw": draw}) for draw in (1, 2**64 - 1)] == [{"draw": 1}, {"draw": 2**64 - 1}]


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("import sys; sys.exit('no such table')", "it ended; on standard error: no such table|takes no input; on standard error: no such table"),
        ("import time; time.sleep(60)", "no answer within 0.5 s"),
        ("print('hello', flush=True); import time; time.sleep(60)", "a line that is no JSON .*hello"),
        ("print('[]', flush=True); import time; time.sleep(60)", "a line that is no JSON object"),
    ],
)
def test_a_process_that_gives_no_answer_is_told(program, told):
    with (
        ProcessRouter(python(program), seconds=0.5 if "sleep(60)" in program and "print" not in program else 20) as router,
        pytest.raises(RouterProcessError, match=told),
    ):
        router({})


def test_a_process_is_started_again_after_it_failed():
    program = "import sys\nfor line in sys.stdin:\n    if 'die' in line: sys.exit(1)\n    print(line, end='', flush=True)"
    with ProcessRouter(python(program)) as router:
        with pytest.raises(RouterProcessError):
            router({"die": 1})
        assert router({"live": 1}) == {"live": 1}


def test_a_command_that_does_not_exist_is_told():
    with ProcessRouter("no-such-router") as router, pytest.raises(RouterProcessError, match="no-such-router cannot be started"):
        router({})
