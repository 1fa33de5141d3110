"""``routecore whatif``: the library's reports in words, the files of a what-if named when they are wrong, and what is done kept when it is stopped."""

from __future__ import annotations

import json
import random

import pytest

from routecore import Catalog, Facts
from routecore import simulate as simulation
from routecore.simulate import Policy, World, batch, diff, generate, simulate, steady
from tests.cli.command_line import run, write
from tests.routing.scenes import row

CATALOG = {"endpoints": [row("cheap", price=(1, 2)), row("dear", price=(3, 6))]}
STATS = {"a/b@cheap": {"latency": {"p50": 2}, "success_rate": 0.9}, "a/b@dear": {"latency": {"p50": 0.2}}}
CHEAP = {"provider": {"sort": "price"}}


@pytest.fixture
def options(tmp_path):
    files = {name: write(tmp_path, f"{name}.json", content) for name, content in (("catalog", CATALOG), ("stats", STATS), ("cheap", CHEAP))}
    return ["--catalog", files["catalog"], "--from-stats", files["stats"], "--generate", 200, "--policy", "default", "--policy", files["cheap"]]


def inputs():
    world = World.from_stats(Facts.from_mapping(STATS), default=steady())
    return generate(200, ["a/b"]), Catalog.from_mapping(CATALOG), world, [Policy("default"), Policy("cheap", **CHEAP)]


def test_json_has_the_figures_that_the_library_reports(options):
    expected = simulate(*inputs()).to_dict()
    answer = run("whatif", *options, "--json").answer
    assert answer["policies"] == json.loads(json.dumps(expected["policies"]))
    assert answer["sources"][-1].startswith("catalog: ")


def test_the_batch_engine_answers_as_the_library_does(options):
    answer = run("whatif", "--engine", "batch", *options, "--json").answer
    assert (answer["engine"], answer["policies"]) == ("batch", json.loads(json.dumps(batch(*inputs()).to_dict()["policies"])))
    assert "batch: first choices" in run("whatif", "sweep", "--param", "balance.price=0:4:3", "--engine", "batch", *options[:6]).out


@pytest.mark.parametrize("width", ["80", "200"])
def test_the_page_has_every_figure_of_every_policy_at_any_width(options, width):
    out = run("whatif", *options, COLUMNS=width).out
    report = simulate(*inputs())
    for name, *cells in report.table()[1:]:
        if name not in {"rejections", "shares"}:
            assert name in out
            assert all(cell in out for cell in cells), name
    for one in report.results:
        assert f"{one.name}: {', '.join(one.summary.shares)[:9]}" in out


def test_everything_that_was_assumed_is_listed(options):
    out = run("whatif", *options).out
    for text in simulate(*inputs()).assumptions:
        assert f"- {text}" in out


def test_the_report_is_written_as_one_page(options, tmp_path):
    path = tmp_path / "report.html"
    done = run("whatif", *options, "--report", path)
    assert done.code == 0
    assert f"Report written to {path}" in done.out
    assert "<html" in path.read_text(encoding="utf-8")


def test_a_report_that_cannot_be_written_is_told_before_anything_runs(options, tmp_path, monkeypatch):
    monkeypatch.setattr(simulation, "simulate", None)
    assert "cannot be written" in run("whatif", *options, "--report", tmp_path / "no" / "report.html").err


def test_diff_tells_what_changed_and_why(options):
    trace, catalog, world, policies = inputs()
    found = diff(trace, catalog, world, *policies)
    assert run("whatif", "diff", *options, "--json").answer == json.loads(json.dumps(found.to_dict()))
    out = run("whatif", "diff", *options).out
    assert out.startswith(f"{found.changed} of 200 requests go elsewhere first under cheap than under default")
    assert "a/b@dear  →  a/b@cheap" in out
    assert "strategy" in out


def test_a_sweep_has_a_row_a_value(options):
    arguments = [one for one in options[:6]]
    done = run("whatif", "sweep", "--param", "balance.price=0:4:3", *arguments)
    rows = [line.split() for line in done.out.splitlines()[3:7]]
    assert [one[0] for one in rows] == ["balance.price", "0", "2", "4"]
    answer = run("whatif", "sweep", "--param", "provider.sort=price,latency", *arguments, "--json").answer
    assert (answer["parameter"], [one["value"] for one in answer["policies"]]) == ("provider.sort", ["price", "latency"])


def test_a_run_that_is_stopped_reports_what_is_done_and_exits_130(options, monkeypatch):
    def stopped(*arguments, progress, **named):
        del progress
        pressed = []

        def interrupt(done, total):
            del total
            if done > 0 and not pressed:
                pressed.append(done)
                raise KeyboardInterrupt

        return simulate(*arguments, progress=interrupt, **named)

    monkeypatch.setattr(simulation, "simulate", stopped)
    done = run("whatif", *options, "--generate", 20_000)
    assert done.code == 130
    assert "PARTIAL" in done.out
    assert run("whatif", *options, "--generate", 20_000, "--json").answer["partial"] is True


def log_of(folder, rows=400):
    dice = random.Random(1)
    lines = []
    for number in range(rows):
        cheap = dice.random() < 0.3
        lines.append(
            json.dumps(
                {
                    "timestamp_s": number,
                    "model": "a/b",
                    "prompt_tokens": 10,
                    "completion_tokens": 5,
                    "endpoint": "a/b@cheap" if cheap else "a/b@dear",
                    "propensity": 0.3 if cheap else 0.7,
                    "cost_usd": 0.001 if cheap else 0.003,
                    "status": 200,
                }
            )
        )
    return write(folder, "log.jsonl", "\n".join(lines) + "\n")


def test_estimates_from_a_log_need_no_world(tmp_path):
    arguments = ["whatif", "--engine", "ope", "--trace", log_of(tmp_path), "--catalog", write(tmp_path, "c.json", CATALOG)]
    done = run(*arguments, "--policy", write(tmp_path, "cheap.json", CHEAP), "--reward", "cost_usd", "--reward", "success")
    assert done.code == 0
    snips = next(line.split() for line in done.out.splitlines() if line.startswith("  snips"))
    assert snips[1] == "$0.001000"
    assert "cheap: success, from 400 of 400 rows" in done.out
    answer = run(*arguments, "--policy", "default", "--json").answer
    assert [one["policy"] for one in answer["policies"]] == ["default"]


def test_what_a_log_cannot_tell_is_said_once(tmp_path):
    catalog = {"endpoints": [*CATALOG["endpoints"], row("new", price=("0.5", "0.5"))]}
    done = run(
        "whatif", "--engine", "ope", "--trace", log_of(tmp_path), "--catalog", write(tmp_path, "c.json", catalog), "--policy", write(tmp_path, "p.json", CHEAP)
    )
    assert done.out.count("not identifiable: ") == 1
    assert "a/b@new" in done.out


def test_rows_that_cannot_be_read_are_counted_and_named_or_refused(options, tmp_path):
    trace = write(tmp_path, "t.csv", "timestamp_s,model,prompt_tokens,completion_tokens\n0,a/b,10,5\n1,a/b,-3,5\n2,x/y,3,5\n")
    arguments = ["whatif", *options[:4], "--trace", trace]
    done = run(*arguments)
    assert done.code == 0
    assert "t.csv:3: prompt_tokens: '-3' is not a whole number" in done.out
    assert "1 requests ask for models that the catalog does not know" in done.out
    strict = run(*arguments, "--strict")
    assert (strict.code, strict.out) == (2, "")
    assert "t.csv:3: prompt_tokens" in strict.err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (["--policy", {"provider": {"sort": "chep"}, "setings": {}}], "p.json), 2 faults"),
        (["--world", {"endpoints": {"a/b@cheap": {"ttft": -1}}}], "p.json)"),
        (["--world", {"endpoints": {}}], "world.endpoints.a/b@cheap"),
        (["--trace", "nothing here"], "p.json"),
        (["--model", "x/y"], "x/y"),
    ],
)
def test_what_cannot_be_simulated_says_which_file_and_why(tmp_path, options, change, said):
    name, value = change
    value = value if name == "--model" else write(tmp_path, "p.json", value)
    kept = {"--world": [*options[:2], *options[4:]], "--trace": options[:4]}.get(name, options)
    done = run("whatif", *kept, name, value)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert said in done.err
    assert run("whatif", *kept, name, value, "--json").answer["error"]["type"] == "invalid_simulation"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name the catalog"),
        (["--catalog", "example", "--generate", 1], "name the world"),
        (["--catalog", "example", "--from-stats", "example"], "name a trace"),
        (["--catalog", "example", "--from-stats", "example", "--world", "w.json", "--generate", 1], "not from both"),
        (["--catalog", "example", "--from-stats", "example", "--generate", 1, "--trace", "t.csv"], "not from both"),
        (["--catalog", "example", "--from-stats", "example", "--generate", 1, "--reward", "success"], "go with --engine ope"),
        (["--engine", "ope", "--catalog", "example", "--world", "w.json"], "takes no world"),
        (["--generate", 1, "diff"], "options of diff stand after its name"),
        (["diff", "--catalog", "example", "--from-stats", "example", "--generate", 1], "a diff is of two policies"),
        (["sweep", "--param", "x"], "balance.price=0:4:9 (from, to, how many)"),
        (["sweep", "--param", "balance.price=0:4:1"], "2 to 1,000 values"),
        (["sweep", "--param", "balance.price=0:nan:5"], "finite, 2 to 1,000 values"),
        (["--catalog", "example", "--from-stats", "example", "--trace", __file__, "--map-model", "x"], "write THEIRS=OURS"),
    ],
)
def test_a_wrong_call_is_told_and_exits_2(arguments, said):
    done = run("whatif", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_a_policy_may_be_written_in_line_and_a_block_alone_is_one(options):
    inline = run("whatif", *options[:6], "--policy", "default", "--policy", 'cheap={"sort":"price"}', "--json").answer
    assert [one["name"] for one in inline["policies"]] == ["default", "cheap"]
    assert inline["policies"][1]["policy"]["provider"] == {"sort": "price"}
    whole = run("whatif", *options[:6], "--policy", 'p={"settings":{"balance":{"price":4}}}', "--json").answer
    assert whole["policies"][0]["policy"]["settings"] == {"balance": {"price": 4}}
    broken = run("whatif", *options[:6], "--policy", 'p={"sort":')
    assert (broken.code, "--policy p" in broken.err) == (2, True)


def test_replications_give_intervals_that_say_what_they_are_of(options):
    answer = run("whatif", *options, "--replications", 4, "--json").answer
    assert (answer["intervals"], answer["policies"][0]["replications"]["runs"]) == (
        "replications",
        6,
    )  # whole blocks of three, as statistics leave the world in doubt
    assert "--engine closed" in run("whatif", *options, "--engine", "batch", "--replications", 4).err
    assert "no share" in run("whatif", *options, "--precision", "200%").err
    out = run("whatif", *options, "--precision", "60%", "--time-limit", "0.001").out
    assert "± 95 %, over replications" in out


def test_a_traces_names_of_models_are_matched_or_a_line_to_paste_is_given(options, tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("timestamp_s,model,prompt_tokens,completion_tokens\n0,B,10,5\n1,a/c,10,5\n", encoding="utf-8")
    done = run("whatif", "--trace", file, *options[:4])
    assert "model B: taken as a/b" in done.err
    assert "--map-model a/c=a/b" in done.err
    assert "the trace's model 'B' is the catalog's 'a/b'" in done.out


def test_a_backtest_tells_each_figure_and_exits_1_where_one_failed(tmp_path, options):
    file = tmp_path / "log.jsonl"
    rows = [
        {
            "timestamp_s": n,
            "model": "a/b",
            "prompt_tokens": 10,
            "completion_tokens": 11,
            "endpoint": "a/b@cheap",
            "status": 200,
            "ttft_s": 0.5 * (9 if n >= 100 else 1),
            "total_s": 9.0,
        }
        for n in range(200)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    catalog = options[options.index("--catalog") + 1]
    done = run("whatif", "validate", "--log", file, "--catalog", catalog)
    assert done.code == 1
    assert "first token, mean" in done.out
    assert "OUT" in done.out
    assert "the log has no cost_usd" in done.out
    assert run("whatif", "validate", "--log", file, "--catalog", catalog, "--json").answer["refused"]
