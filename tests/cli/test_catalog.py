"""``routecore catalog`` and ``routecore replay``: what was imported, what was odd about it, and whether a decision still stands."""

from __future__ import annotations

import json

import pytest

from routecore import Catalog, record
from routecore.adapters.openrouter import import_endpoints
from routecore.wire.examples import example_catalog
from tests.cli.command_line import run, write
from tests.routing.scenes import row, scene

FEED = {
    "data": {
        "id": "a/b",
        "architecture": {"input_modalities": ["text"]},
        "endpoints": [
            {"tag": "p/fp8", "quantization": "fp8", "context_length": 1000, "supported_parameters": [], "pricing": {"prompt": "0.000001", "completion": "-1"}},
            {
                "tag": "q",
                "context_length": 0,
                "supported_parameters": ["seed"],
                "pricing": {"prompt": "0.000001", "completion": "0.000002"},
                "uptime_last_30m": 99.5,
            },
            {"tag": 7},
        ],
    }
}


def test_an_import_is_written_as_a_catalog_that_loads(tmp_path):
    out = tmp_path / "c.json"
    done = run("catalog", "import", write(tmp_path, "f.json", FEED), "--from", "openrouter", "-o", out)
    assert done.code == 0
    assert Catalog.load(out).version == import_endpoints(FEED).catalog().version
    assert f"Catalog written to {out}" in done.out


def test_the_summary_says_what_was_odd_and_names_refused_rows(tmp_path):
    out = " ".join(run("catalog", "import", write(tmp_path, "f.json", FEED)).out.split())
    assert "2 endpoints of 1 models, from 3 rows 1 of them with statistics" in out
    assert "context_length no tokens at all is no limit: unknown" in out
    assert "data.endpoints[2].tag: 7 is not a provider's tag" in out
    assert "Nothing was written: name a file with -o" in out


def test_statistics_are_written_for_plan_to_read(tmp_path):
    stats, catalog = tmp_path / "t.json", tmp_path / "c.json"
    run("catalog", "import", write(tmp_path, "f.json", FEED), "-o", catalog, "--stats-output", stats)
    assert json.loads(stats.read_text()) == {"stats": {"a/b@q": {"success_rate": 0.995}}}
    assert "99.5 % succeeded" in run("plan", "--catalog", catalog, "--stats", stats, "--model", "a/b", "--explain").out


def test_written_files_have_a_row_a_line(tmp_path):
    out = tmp_path / "c.json"
    run("catalog", "import", write(tmp_path, "f.json", FEED), "-o", out)
    assert len(out.read_text().splitlines()) == 2 + 2


def test_json_of_an_import_is_itself_a_catalog(tmp_path):
    done = run("catalog", "import", write(tmp_path, "f.json", FEED), "--json")
    assert Catalog.from_mapping(done.answer).version == done.answer["version"]
    assert done.answer["oddities"][0]["path"] == "data.endpoints[0]"
    assert [fault["path"] for fault in done.answer["summary"]["refused"]] == ["data.endpoints[2].tag"]


def test_a_catalog_on_standard_output_is_not_mixed_with_words(tmp_path):
    done = run("catalog", "import", write(tmp_path, "f.json", FEED), "-o", "-")
    assert len(done.answer["endpoints"]) == 2
    assert "2 endpoints of 1 models" in done.err


def test_of_several_files_a_fault_names_its_own(tmp_path):
    good, bad = write(tmp_path, "f.json", FEED), write(tmp_path, "g.json", {"data": 7})
    refused = run("catalog", "import", good, bad).out
    assert f"{good}: data.endpoints[2].tag: 7 is not" in refused
    assert f"{bad}: " in refused
    done = run("catalog", "import", bad)
    assert (done.code, done.out) == (2, "")
    assert f"{bad}: " in done.err


def test_a_faulty_source_beside_the_feed_is_named_by_its_file(tmp_path):
    feed, bad, good = write(tmp_path, "f.json", FEED), write(tmp_path, "bad.json", {"data": 7}), write(tmp_path, "good.json", {"data": []})
    for option in ("--providers", "--models"):
        for files in ((bad,), (good, bad), (bad, good)):
            done = run("catalog", "import", feed, *(part for file in files for part in (option, file)))
            assert (done.code, done.out) == (2, "")
            assert f"{bad}: " in done.err
            assert str(good) not in done.err


def test_policies_of_a_provider_directory_are_taken(tmp_path):
    providers = write(tmp_path, "p.json", {"data": [{"slug": "p", "dataPolicy": {"training": False, "retainsPrompts": False}}]})
    done = run("catalog", "import", write(tmp_path, "f.json", FEED), "--providers", providers, "--json")
    assert done.answer["endpoints"][0]["data_policy"] == {"trains": False, "retains": False}
    assert run("catalog", "import", write(tmp_path, "f.json", FEED), "--providers", write(tmp_path, "x.json", 7)).code == 2


def test_percentiles_of_other_answers_are_joined(tmp_path):
    live = {"data": {"id": "a/b", "endpoints": [{"tag": "q", "latency_last_30m": {"p50": 500}}]}}
    done = run("catalog", "import", write(tmp_path, "f.json", FEED), "--stats", write(tmp_path, "s.json", live), "--json")
    assert done.answer["stats"]["a/b@q"]["latency"] == {"p50": 0.5}


def test_a_feed_is_imported_on_the_way_with_its_statistics(tmp_path):
    feed = write(tmp_path, "f.json", FEED)
    done = run("plan", "--catalog", feed, "--from", "openrouter", "--model", "a/b", "--explain")
    assert done.code == 0
    assert "99.5 % succeeded" in done.out
    assert run("catalog", "show", feed, "--from", "openrouter").code == 0


def test_show_lists_every_model_with_its_prices():
    out = run("catalog", "show", "example").out
    known = example_catalog()
    assert f"{len(known)} endpoints of {len(known.models)} models; version {known.version}" in out
    assert [line.split()[0] for line in out.splitlines() if line.startswith("  ") and "/" in line] == sorted(known.models)


def test_show_of_a_model_lists_every_endpoint_with_limits_prices_and_policy():
    model = "z-ai/glm-4.7"
    out = run("catalog", "show", "example", "--model", model).out
    for _, endpoint in example_catalog().rows(model):
        assert f"  {endpoint.id}\n" in out
        assert any(line.split()[0] == endpoint.slug for line in out.splitlines() if line.split())
    assert "does not train on prompts, does not retain them" in out
    assert "may train on prompts (not stated), may retain them (not stated)" in out


def test_show_tells_conditional_prices_too(tmp_path):
    card = {"prompt": "0.000001", "completion": "0.000002", "overrides": [{"min_prompt_tokens": 200000, "prompt_multiplier": 2}]}
    out = " ".join(run("catalog", "show", write(tmp_path, "c.json", {"endpoints": [row("p", pricing=card)]}), "--model", "a/b").out.split())
    assert '"min_prompt_tokens": 200000' in out


def test_show_in_json_has_the_rows_of_the_catalog():
    answer = run("catalog", "show", "example", "--json").answer
    assert Catalog.from_mapping(answer).version == answer["version"] == example_catalog().version
    one = run("catalog", "show", "example", "--model", "z-ai/glm-4.7", "--json").answer
    assert {endpoint["model"] for endpoint in one["endpoints"]} == {"z-ai/glm-4.7"}


def test_show_of_an_unknown_model_names_near_ones_and_exits_3():
    done = run("catalog", "show", "example", "--model", "z-ai/glm-4.6")
    assert done.code == 3
    assert "z-ai/glm-4.7" in done.err


# --- replay -----------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["a/b", "a/c"])
def test_a_record_that_is_decided_alike_is_identical_and_exits_0(tmp_path, model):
    done = run("replay", write(tmp_path, "r.json", record(scene(row("p"), row("q"), model=model))))
    assert done.code == 0
    assert done.out.startswith("identical: ")


def test_a_record_that_is_decided_otherwise_lists_the_differences_and_exits_1(tmp_path):
    recorded = record(scene(row("p"), row("q"), provider={"sort": "price"}))
    recorded["answer"]["draw"] = 9
    recorded["answer"]["attempts"].pop()
    recorded["versions"]["library"] = "0.0.0"
    path = write(tmp_path, "r.json", recorded)
    done = run("replay", path)
    assert done.code == 1
    words = " ".join(done.out.split())
    assert words.startswith("different: 2 differences")
    assert "draw recorded 9 now 0" in words
    assert 'note: library was "0.0.0" when it was recorded' in words
    answer = run("replay", path, "--json")
    assert answer.code == 1
    assert (answer.answer["identical"], [one["path"] for one in answer.answer["differences"]]) == (False, ["attempts", "draw"])


def test_numbers_that_json_does_not_have_are_told_as_text(tmp_path):
    recorded = record(scene(row("p")))
    recorded["answer"]["draw"] = float("nan")
    assert run("replay", write(tmp_path, "r.json", recorded), "--json").answer["differences"] == [{"path": "draw", "recorded": "nan", "now": 0}]


@pytest.mark.parametrize("content", [[], {}, {"scenario": {}}, {"scenario": {}, "answer": 7}, "text", None])
def test_what_is_no_record_is_refused(tmp_path, content):
    done = run("replay", write(tmp_path, "r.json", content if content != "text" else '"text"'))
    assert (done.code, done.out) == (2, "")
    assert "error: this is no decision record" in done.err
