"""``routecore explain``: one endpoint, named as one likes, and the same words as the whole explanation."""

from __future__ import annotations

import pytest

from routecore import decide_scenario
from routecore.wire.scenario import plan_scenario
from tests.cli.command_line import run, write
from tests.routing.scenes import row, scene

SCENE = scene(row("p/fp8", price=(1, 2)), row("p/bf16", price=(2, 4)), row("q", price=(3, 6)), provider={"sort": "price", "ignore": ["q"]})


@pytest.mark.parametrize("name", ["a/b@p/bf16", "p/bf16"])
def test_an_endpoint_is_named_by_id_or_slug(tmp_path, name):
    done = run("explain", name, write(tmp_path, "s.json", SCENE), "--json")
    assert (done.code, done.answer) == (0, plan_scenario(SCENE).why("a/b@p/bf16").to_dict())


def test_a_provider_with_one_endpoint_is_that_endpoint_and_with_several_they_are_named(tmp_path):
    path = write(tmp_path, "s.json", SCENE)
    assert run("explain", "q", path, "--json").answer["decided_by"] == "ignore"
    done = run("explain", "p", path)
    assert done.code == 2
    assert "'p' is several endpoints: a/b@p/fp8, a/b@p/bf16" in done.err


def test_the_words_are_those_of_the_whole_explanation(tmp_path):
    path = write(tmp_path, "s.json", SCENE)
    whole = run("plan", path, "--explain").out
    for name in ("p/fp8", "p/bf16", "q"):
        head, _, told = run("explain", name, path).out.partition("\n\n")
        assert told in whole
        assert head.endswith("; sort:price; first: a/b@p/fp8")


def test_without_a_request_the_model_of_the_id_is_asked_for():
    done = run("explain", "z-ai/glm-4.7@z-ai", "--catalog", "example", "--stats", "example", "--json")
    assert done.answer["endpoint"] == "z-ai/glm-4.7@z-ai"


def test_an_unknown_endpoint_is_told_what_is_near_and_an_unknown_model_exits_3(tmp_path):
    done = run("explain", "p/fp16", write(tmp_path, "s.json", SCENE))
    assert done.code == 2
    assert "did you mean a/b@p/bf16?" in done.err
    assert run("explain", "x/y@p", "--catalog", "example").code == 3


def test_where_nothing_is_eligible_the_error_is_that_of_the_plan(tmp_path):
    scenario = scene(row("p"), provider={"ignore": ["p"]})
    done = run("explain", "p", write(tmp_path, "s.json", scenario), "--json")
    assert (done.code, done.answer) == (3, decide_scenario(scenario))
