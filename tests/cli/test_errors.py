"""What the command line says when something is wrong: one block on standard error, the file and the fault named, the documented exit code, no traceback."""

from __future__ import annotations

import gzip
import json
import os

import pytest

from routecore import decide_scenario
from tests.cli.command_line import run, write
from tests.routing.scenes import row, scene

GOOD = scene(row("p"), row("q"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b" \n ", "is empty"),
        (b"\x89PNG\x00\xff", "is not text: byte 1 is 0x89"),
        (b'{"a": 1,\n "b": [1,,2]}', "is not JSON: line 2, column 10: expecting value"),
        (b"{'a': 1}", "is not JSON: line 1, column 2: expecting property name enclosed in double quotes"),
        (b"[" * 200_000, "is nested too deeply"),
        (b"[" + b"9" * 5_000 + b"]", "is not JSON: Exceeds the limit"),
        (gzip.compress(b"{}", mtime=0)[:12], "is a damaged gzip file"),
        (b"\x1f\x8bnot gzip at all", "is a damaged gzip file"),
    ],
)
@pytest.mark.parametrize("command", [["plan"], ["replay"], ["cost"], ["catalog", "show"], ["catalog", "import"]])
def test_a_file_that_holds_no_json_is_named_with_what_is_wrong(tmp_path, command, content, said):
    path = write(tmp_path, "file.json", content)
    done = run(*command, path)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: {path}: {said}")
    assert "expected a " in done.err


def test_the_line_of_a_fault_is_shown_with_a_mark_under_it(tmp_path):
    err = run("plan", write(tmp_path, "s.json", '{"a": 1,\n "b": [1,,2]}')).err
    shown, mark = err.splitlines()[1:3]
    assert shown.strip() == '"b": [1,,2]}'
    assert shown[mark.index("^")] == ","
    assert shown[mark.index("^") - 1] == ","


def test_of_a_long_line_the_part_around_the_fault_is_shown(tmp_path):
    err = run("plan", write(tmp_path, "s.json", '{"a": "' + "x" * 5_000 + '", "b" 1}')).err
    shown, mark = err.splitlines()[-3:-1]
    assert len(shown) < 80
    assert shown[mark.index("^")] == "1"


def test_a_missing_file_a_folder_and_a_near_name_are_told(tmp_path):
    write(tmp_path, "scenario.json", GOOD)
    assert "there is no such file" in run("plan", tmp_path / "nothing.json").err
    assert "did you mean" not in run("plan", tmp_path / "nothing.json").err
    assert "is a directory" in run("plan", tmp_path).err
    assert f"did you mean {tmp_path / 'scenario.json'}?" in run("plan", tmp_path / "scenaro.json").err


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path):
    path = write(tmp_path, "s.json", GOOD)
    path.chmod(0)
    assert "permission denied" in run("plan", path).err


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_json_in_any_of_its_encodings_is_read(tmp_path, encoding):
    assert run("plan", write(tmp_path, "s.json", json.dumps(GOOD).encode(encoding)), "--json").answer == decide_scenario(GOOD)


def test_a_gzipped_file_is_read(tmp_path):
    assert run("plan", write(tmp_path, "s.json.gz", gzip.compress(json.dumps(GOOD).encode())), "--json").answer == decide_scenario(GOOD)


def test_all_faults_are_listed_each_with_path_value_and_what_was_expected(tmp_path):
    path = write(tmp_path, "s.json", {**GOOD, "request": {"model": "a/b", "provider": {"order": [7, ""], "zrd": True}}})
    done = run("plan", path)
    assert done.code == 2
    assert done.err.splitlines() == [
        f"error: the provider block cannot be read ({path}), 3 faults",
        "  provider.order[0]: 7 is not a provider slug such as 'deepinfra' or 'deepinfra/fp8'",
        "  provider.order[1]: \"\" is not a provider slug such as 'deepinfra' or 'deepinfra/fp8'",
        "  provider.zrd: true is not a key of the provider block; did you mean 'zdr'?",
    ]


def test_faults_in_several_files_are_named_by_their_files(tmp_path):
    catalog, request = write(tmp_path, "c.json", GOOD["catalog"]), write(tmp_path, "r.json", {"model": 7})
    context, stats = write(tmp_path, "x.json", {"prompt_tokens": -1}), write(tmp_path, "t.json", [])
    err = run("plan", "--catalog", catalog, "--request", request, "--context", context, "--stats", stats).err
    for path, fault in ((request, "model: 7 is not"), (context, "context.prompt_tokens: -1 is not"), (stats, "stats: [] is not")):
        assert f"{path}: {fault}" in err


def test_faults_of_a_catalog_are_told_beside_its_file(tmp_path):
    catalog = write(tmp_path, "c.json", {"endpoints": [row("p", pricing={"prompt": "-1"}), {"model": "a/b"}]})
    done = run("plan", "--catalog", catalog, "--model", "a/b")
    assert done.code == 2
    assert f"error: the catalog cannot be loaded ({catalog}), 2 faults" in done.err
    assert 'endpoints[0].pricing.prompt: "-1" is not a price' in done.err


def test_a_thousand_faults_are_counted_and_not_all_printed(tmp_path):
    path = write(tmp_path, "c.json", {"endpoints": [7] * 1_000})
    err = run("catalog", "show", path).err
    assert "1000 faults" in err.replace("\n  ", " ")
    assert "and 970 more; --json lists them all" in err
    assert len(run("catalog", "show", path, "--json").answer["error"]["metadata"]["faults"]) == 1_000


def test_a_long_value_is_cut_where_it_is_seen_to_be(tmp_path):
    path = write(tmp_path, "s.json", {**GOOD, "request": {"model": "a/b", "provider": {"sort": "x" * 10_000}}})
    err = run("plan", path).err
    assert len(err) < 500
    assert "x…" in err


def test_an_unknown_model_is_told_with_near_names_and_exits_3(tmp_path):
    catalog = write(tmp_path, "c.json", GOOD["catalog"])
    done = run("plan", "--catalog", catalog, "--model", "a/bb")
    assert (done.code, done.out) == (3, "")
    assert done.err.splitlines() == [
        "error: the catalog has no model 'a/bb'",
        "  did you mean",
        "    a/b",
        f"hint: routecore catalog show {catalog} lists the models it has",
    ]


def test_of_a_scenarios_own_catalog_no_other_command_is_hinted_at(tmp_path):
    assert "hint" not in run("plan", write(tmp_path, "s.json", {**GOOD, "request": {"model": "a/bb"}})).err


def test_nothing_eligible_is_told_with_funnel_rejections_and_relaxations_and_exits_3(tmp_path):
    done = run("plan", write(tmp_path, "s.json", scene(row("p"), row("q"), provider={"only": ["q"], "zdr": True})))
    assert (done.code, done.out) == (3, "")
    words = " ".join(done.err.split())
    assert "error: no eligible endpoint for 'a/b': 0 of 2 passed" in words
    assert "only -1 1 endpoints that only does not name" in words
    assert "a/b@p only p not in [q] zdr retention unknown, taken as retaining" in words
    assert "What would help lift which removes zdr endpoints that retain prompts" in words


def test_where_nothing_would_help_that_is_said(tmp_path):
    err = run("plan", write(tmp_path, "s.json", scene(row("p", disabled=True)))).err
    assert "Nothing that the request could lift" in err


@pytest.mark.parametrize(
    "scenario",
    [
        {"catalog": 7, "request": {"model": "a/b"}},
        {**GOOD, "request": {}},
        {**GOOD, "draw": -1},
        {**GOOD, "settings": {"sticky": "x"}},
        {**GOOD, "request": {"model": "a/b", "provider": {"sort": 1}}},
        {**GOOD, "request": {"model": "x/y"}},
        scene(row("p"), provider={"zdr": True}),
        [],
        None,
    ],
)
def test_json_of_a_failure_is_the_error_body_with_the_same_exit_code(tmp_path, scenario):
    path = write(tmp_path, "s.json", scenario)
    machine, human = run("plan", path, "--json"), run("plan", path)
    assert machine.answer == decide_scenario(scenario)
    assert machine.code == human.code == {400: 2, 404: 3, 503: 3}[machine.answer["error"]["code"]]
    assert human.out == ""
    assert human.err.startswith("error: ")


def test_json_of_an_unreadable_file_is_an_error_body_too(tmp_path):
    body = run("plan", tmp_path / "no.json", "--json").answer["error"]
    assert (body["type"], body["code"], body["param"]) == ("invalid_request", 400, str(tmp_path / "no.json"))
    assert body["metadata"]["faults"][0]["value"] == "there is no such file"
    assert run("catalog", "show", tmp_path / "no.json", "--json").answer["error"]["type"] == "invalid_catalog"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plan"], "name a SCENARIO file"),
        (["plan", "s.json", "--catalog", "c.json", "--stats", "t.json"], "leave out --catalog, --stats"),
        (["plan", "--catalog", "example"], "--catalog needs a request"),
        (["plan", "--catalog", "example", "--model", "m", "--request", "r.json"], "not from both"),
        (["whatif", "--catalog", "example", "--trace", "t.csv", "--generate", "5"], "not from both"),
        (["explain", "z-ai", "--catalog", "example"], "name the endpoint by its id (model@slug)"),
        (["catalog", "show", "example", "z-ai/glm-4.7", "--model", "z-ai/glm-4.7"], "named twice"),
        (["plan", "--catalog", "-", "--request", "-"], "only one file can be '-'"),
        (["plan", "s.json", "--draw", "x"], "not a valid integer"),
        (["plan", "s.json", "--explian"], "No such option"),
        (["cost"], "name a CASE file, or a log"),
        (["cost", "c.json", "--usage", "l.jsonl"], "not both"),
        (["cost", "--usage", "l.jsonl"], "a log needs --catalog"),
        (["cost", "c.json", "--catalog", "example"], "to price a log: routecore cost --usage c.json --catalog example"),
        (["cost", "--usage", "-", "--catalog", "-"], "only one file can be '-'"),
        (["replay"], "Missing argument"),
        (["catalog", "import"], "Missing argument"),
        (["bogus"], "there is no command"),
    ],
)
def test_a_wrong_call_is_told_and_exits_2(arguments, said):
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    machine = run(*arguments, "--json")
    assert machine.code == 2
    assert machine.answer["error"]["type"] == "usage"


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (GOOD["catalog"], "routecore plan --catalog"),
        ({"model": "a/b"}, "routecore plan --catalog example --request"),
    ],
)
def test_a_part_of_a_scenario_in_its_place_is_recognised(tmp_path, content, hint):
    assert hint in run("plan", write(tmp_path, "s.json", content)).err


def test_a_scenario_or_a_feed_in_place_of_a_catalog_is_recognised(tmp_path):
    assert "this looks like a scenario" in run("catalog", "show", write(tmp_path, "s.json", GOOD)).err
    feed = write(tmp_path, "f.json", {"data": {"id": "a/b", "endpoints": []}})
    assert "read it with --from openrouter" in run("plan", "--catalog", feed, "--model", "a/b").err


def test_a_file_that_cannot_be_written_is_told(tmp_path):
    done = run("plan", write(tmp_path, "s.json", GOOD), "--record", tmp_path / "no" / "record.json")
    assert (done.code, done.out) == (2, "")
    assert "cannot be written: there is no folder" in done.err


def test_an_error_of_the_program_is_one_block_and_exits_70(tmp_path, monkeypatch):
    def broken(*_):
        raise RuntimeError("boom")

    monkeypatch.setattr("routecore.cli.commands.plan.plan_scenario", broken)
    done = run("plan", write(tmp_path, "s.json", GOOD))
    assert (done.code, done.out) == (70, "")
    assert done.err.startswith("error: RuntimeError: boom\n  This is a bug in routecore.")


def test_a_misspelt_command_is_told_the_near_ones():
    assert "there is no command 'plna'; did you mean 'plan'" in run("plna").err
    assert "did you mean 'show'?" in run("catalog", "shwo").err


def test_a_log_in_place_of_a_case_is_told_how_logs_are_priced(tmp_path):
    row = json.dumps({"model": "a/b", "provider": "p", "usage": {"prompt_tokens": 1}})
    for name, content in (("two.jsonl", f"{row}\n{row}\n"), ("one.jsonl", f"{row}\n")):
        path = write(tmp_path, name, content)
        assert f"routecore cost --usage {path} --catalog" in run("cost", path).err


def test_two_policies_of_one_name_are_told_with_their_files(tmp_path):
    one, two = (write(tmp_path, name, {"name": "a", "provider": {"sort": "price"}}) for name in ("one.json", "two.json"))
    err = run("whatif", "--generate", 5, "--catalog", "example", "--from-stats", "example", "--policy", one, "--policy", two).err
    assert f"--policy {one} and --policy {two} are both named 'a'" in err


def test_a_report_that_cannot_be_written_is_told_before_the_work_and_one_that_is_there_is_left_alone(tmp_path):
    ask = ["whatif", "--generate", 5, "--catalog", "example", "--from-stats", "example"]
    assert "there is no folder" in run(*ask, "--report", tmp_path / "no" / "x.html").err
    kept = write(tmp_path, "x.html", "kept")
    assert run(*ask, "--policy", tmp_path / "no.json", "--report", kept).code == 2
    assert kept.read_text() == "kept"


def test_near_names_are_told_of_a_model_of_an_endpoint_and_of_the_example():
    assert "z-ai/glm-4.7" in run("catalog", "show", "example", "glm").err
    assert "did you mean example, the one that ships" in run("plan", "--catalog", "exmple", "--model", "a/b").err
    assert run("catalog", "show", "example", "z-ai/glm-4.7").out == run("catalog", "show", "example", "--model", "z-ai/glm-4.7").out


def test_what_a_caller_types_cannot_drive_the_terminal():
    for arguments in (["\x1b[31mplan"], ["plan", "--catalog", "example", "--model", "\u202egpj\nerror: forged"], ["plan", "\x1b[2J.json"]):
        err = run(*arguments).err
        assert "\x1b" not in err
        assert "\u202e" not in err
        assert "\nerror: forged" not in err
