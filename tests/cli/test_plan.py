"""``routecore plan``: the same answers as the library, in words that need no other source."""

from __future__ import annotations

import json

import pytest

from routecore import Router, decide, decide_scenario
from routecore.request.settings import STRATEGIES
from routecore.routing.plan_view import MEANINGS, REMOVES
from routecore.routing.ranking.sorting import SORTS
from routecore.routing.rules import RULES
from routecore.wire.examples import example_catalog
from tests.cli.command_line import run, write
from tests.routing.scenes import row, scene

LONG = "google-vertex/some-very-long-region-name-that-no-table-has-room-for"


def two(**parts):
    return scene(row("cheap", price=(1, 2)), row("dear", price=(3, 6)), **parts)


def test_json_is_what_decide_scenario_answers(tmp_path):
    scenario = two(provider={"sort": "price"}, draw=5)
    done = run("plan", write(tmp_path, "s.json", scenario), "--json")
    assert (done.code, done.answer, done.err) == (0, decide_scenario(scenario), "")


def test_a_scenario_comes_from_standard_input_too():
    done = run("plan", "-", "--json", stdin=json.dumps(two()))
    assert done.answer == decide_scenario(two())


def test_a_catalog_and_a_request_make_the_scenario_that_they_are_parts_of(tmp_path):
    parts = {
        "stats": {"a/b@dear": {"latency": {"p50": 0.1}}},
        "health": {"a/b@dear": "cooling"},
        "context": {"prompt_tokens": 10},
        "settings": {"balance": {"price": 2}},
    }
    whole = two(**parts, draw=3)
    files = [f"--{name}={write(tmp_path, f'{name}.json', whole[name])}" for name in ("catalog", "request", *parts)]
    done = run("plan", *files, "--draw", 3, "--json")
    assert done.answer == decide_scenario(whole)


def test_statistics_may_stand_under_their_own_name(tmp_path):
    stats = {"a/b@dear": {"latency": {"p50": 0.1}}, "a/b@cheap": {"latency": {"p50": 0.2}}}
    catalog = write(tmp_path, "c.json", two()["catalog"])
    request = write(tmp_path, "r.json", {"model": "a/b", "provider": {"sort": "latency"}})
    bare, named = (
        run("plan", "--catalog", catalog, "--request", request, "--stats", write(tmp_path, "t.json", one), "--json") for one in (stats, {"stats": stats})
    )
    assert bare.answer == named.answer
    assert bare.answer["attempts"][0]["slug"] == "dear"


def test_a_model_alone_is_a_request():
    done = run("plan", "--catalog", "example", "--model", "z-ai/glm-4.7", "--json")
    assert done.answer == decide_scenario({"catalog": example_catalog(), "request": {"model": "z-ai/glm-4.7"}})


def test_draw_on_the_command_line_stands_above_the_scenarios(tmp_path):
    done = run("plan", write(tmp_path, "s.json", two(draw=1)), "--draw", 2**64 - 1, "--json")
    assert done.answer["draw"] == 2**64 - 1


def test_the_table_has_every_attempt_in_order_with_its_price(tmp_path):
    out = run("plan", write(tmp_path, "s.json", two(provider={"sort": "price"}))).out
    lines = [line.split() for line in out.splitlines() if "a/b@" in line]
    assert lines == [["1", "a/b@cheap", "0.0050"], ["2", "a/b@dear", "0.0150"]]


def test_a_sorted_plan_has_no_column_of_chances_and_a_drawn_one_has(tmp_path):
    drawn = run("plan", write(tmp_path, "s.json", two())).out
    assert "chance" in drawn
    assert "25.0 %" in drawn
    assert "chance" not in run("plan", write(tmp_path, "s.json", two(provider={"sort": "price"}))).out


@pytest.mark.parametrize("width", ["20", "40", "80", "200"])
def test_ids_and_figures_stay_whole_at_any_width(tmp_path, width):
    scenario = scene(row(LONG), row("dear"), row(f"{LONG}#2"), context={"byok": [{"slug": LONG, "key_id": "a-key-with-a-long-name"}]})
    out = run("plan", write(tmp_path, "s.json", scenario), "--explain", COLUMNS=width).out
    for text in (f"a/b@{LONG}", f"a/b@{LONG}#2", "a-key-with-a-long-name", "USD/request", "0.0050"):
        assert text in out
    assert [line.split()[0] for line in out.splitlines() if line.rstrip().endswith("0.0050")] == ["1", "2", "3", "4"]


def test_what_is_piped_has_no_colours_and_no_blanks_at_line_ends(tmp_path):
    out = run("plan", write(tmp_path, "s.json", two()), "--explain").out
    assert "\x1b" not in out
    assert all(line == line.rstrip() for line in out.splitlines())


def test_what_a_file_holds_cannot_drive_the_terminal(tmp_path):
    scenario = scene(row("p"), provider={"order": ["x\x9b2J"], "\x1b[31mred": 1})
    done = run("plan", write(tmp_path, "s.json", scenario))
    assert done.code == 2
    assert "\x1b" not in done.err
    assert "\\x1b[31mred" in done.err


def test_brackets_in_names_are_printed_and_not_taken_for_markup(tmp_path):
    scenario = scene(row("p", quantization="fp8"), row("q"), provider={"quantizations": ["unknown"]})
    assert "fp8 not in [unknown]" in run("plan", write(tmp_path, "s.json", scenario), "--explain").out


def test_without_explain_rejections_are_counted_and_with_it_they_are_told(tmp_path):
    path = write(tmp_path, "s.json", two(provider={"ignore": ["dear"], "max_price": {"prompt": 2}}))
    assert "1 of 2 endpoints rejected (ignore 1)" in run("plan", path).out
    told = run("plan", path, "--explain").out
    assert "dear in [dear]" in told
    assert "3.00 > 2.00 USD/Mtok" in told
    assert REMOVES["ignore"] in told


def test_explain_has_every_endpoint_with_reason_and_change(tmp_path):
    told = " ".join(run("plan", write(tmp_path, "s.json", two(provider={"sort": "price"})), "--explain").out.split())
    assert "1. a/b@cheap 1.00 in, 2.00 out" in told
    assert "strategy: expected price 0.015 USD first: expected price 0.005 USD to be first: order: ['dear', …]" in told


def test_a_change_is_offered_with_whose_it_is(tmp_path):
    told = " ".join(
        run("plan", write(tmp_path, "s.json", two(context={"account": {"ignore": ["cheap"]}}, settings={"balance": {"price": 2}})), "--explain").out.split()
    )
    assert "to be first, if the operator allows it: without account.ignore" in told
    assert "to be first: another draw (10.0% of them)" in " ".join(
        run("plan", write(tmp_path, "s.json", two(settings={"balance": {"price": 2}}, draw=1)), "--explain").out.split()
    )


def test_explain_in_json_has_the_reasons_beside_the_answer(tmp_path):
    answer = run("plan", write(tmp_path, "s.json", two(provider={"ignore": ["dear"]})), "--explain", "--json").answer
    why = {one["endpoint"]: one["decided_by"] for one in answer.pop("why")}
    assert why == {"a/b@cheap": "first", "a/b@dear": "ignore"}
    assert answer == decide_scenario(two(provider={"ignore": ["dear"]}))


def test_warnings_say_where_and_what(tmp_path):
    out = run("plan", write(tmp_path, "s.json", two(provider={"order": ["chaep"]}))).out
    assert "provider.order[0]: no endpoint of the asked models is 'chaep'; did you mean" in out


def test_panic_pin_and_cut_are_told(tmp_path):
    out = " ".join(
        run(
            "plan",
            write(
                tmp_path,
                "s.json",
                two(health={"a/b@cheap": "cooling", "a/b@dear": "cooling"}, context={"sticky": "a/b@dear"}, provider={"allow_fallbacks": False}),
            ),
        ).out.split()
    )
    assert "panic: every attempt is cooling down" in out
    assert "the pin to a/b@dear was not followed: the pinned endpoint does not cache prompts" in out
    assert "cut: allow_fallbacks is false, so only the first attempt is kept" in out


def test_an_endpoint_that_was_cut_off_is_explained_as_cut(tmp_path):
    out = run("plan", write(tmp_path, "s.json", two(provider={"allow_fallbacks": False, "sort": "price"})), "--explain").out
    assert "cut  a/b@dear" in out


def test_a_record_is_written_of_a_plan_and_of_a_failure(tmp_path):
    for number, model in enumerate(("a/b", "a/c")):
        path = tmp_path / f"{number}.json"
        run("plan", write(tmp_path, "s.json", two(model=model)), "--record", path)
        recorded = json.loads(path.read_text())
        assert recorded["answer"] == decide_scenario(two(model=model))
        assert recorded["scenario"] == two(model=model)


def test_a_record_holds_what_the_decision_looked_at_as_a_routers_own_does(tmp_path):
    path = tmp_path / "record.json"
    run("plan", "--catalog", "example", "--stats", "example", "--model", "z-ai/glm-4.7", "--record", path)
    scenario = json.loads(path.read_text())["scenario"]
    asked = {endpoint.id for _, endpoint in example_catalog().rows("z-ai/glm-4.7")}
    assert {f"{one['model']}@{one['slug']}" for one in scenario["catalog"]["endpoints"]} == asked
    assert set(scenario["stats"]) == asked
    own = Router(example_catalog()).plan({"model": "z-ai/glm-4.7"}).to_record()
    assert scenario["catalog"] == own["scenario"]["catalog"]
    assert run("replay", path).code == 0


def test_every_rule_and_every_strategy_has_a_meaning_in_words():
    assert list(REMOVES) == [rule.name for rule in RULES]
    assert set(MEANINGS) == {*STRATEGIES, *(f"sort:{name}" for name in SORTS)}


def test_print_of_a_plan_gives_the_table_that_the_command_gives():
    found = decide(example_catalog(), {"model": "z-ai/glm-4.7", "provider": {"sort": "price"}})
    assert str(found) == run(
        "plan", "--catalog", "example", "--request", "-", stdin='{"model": "z-ai/glm-4.7", "provider": {"sort": "price"}}', COLUMNS="100"
    ).out.rstrip("\n")
    assert str(found.explain()).startswith(str(found).partition("\n\nUSD/request")[0])


@pytest.mark.parametrize("model", sorted(example_catalog().models))
def test_a_plans_table_of_one_model_fits_60_columns(model):
    out = run("plan", "--catalog", "example", "--stats", "example", "--model", model, COLUMNS="60").out
    assert max(map(len, out.splitlines())) <= 60
