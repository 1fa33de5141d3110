"""Every command line of the documentation runs, on small files of the names that it uses."""

from __future__ import annotations

import doctest
import gzip
import json
import re
import shlex
from pathlib import Path

import pytest

from routecore import decide_scenario, record
from routecore.wire.examples import read_example

pytest.importorskip("click")

from tests.adapters.feed_documents import DOCUMENTS
from tests.cli.command_line import run

ROOT = Path(__file__).resolve().parents[2]
MODEL = "z-ai/glm-4.7"
CHECKER = doctest.OutputChecker()


def command_lines():
    for page in sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]):
        if "_build" in page.parts:
            continue
        for block in re.findall(r"^```console\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            for line, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
                command, _, arguments = line.partition(" ")
                if command.endswith("routecore"):
                    yield pytest.param(arguments, shown, id=f"{page.relative_to(ROOT)}: {line}")


def parquet(rows):
    pyarrow = pytest.importorskip("pyarrow")
    import pyarrow.parquet as files

    files.write_table(pyarrow.Table.from_pylist(rows), "requests.parquet")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with every file that the examples name."""
    monkeypatch.chdir(tmp_path)
    rows = [row for row in read_example("catalog")["endpoints"] if row["model"] in (MODEL, "deepseek/deepseek-v3.2")]
    scenario = {"catalog": {"endpoints": rows}, "request": {"model": MODEL}, "draw": 7}
    chosen = decide_scenario(scenario)["attempts"][0]
    price = {"prompt": "0.000001", "completion": "0.000002"}
    usage = {"prompt_tokens": 1000, "completion_tokens": 100}
    answer = {
        "data": {
            "id": "deepseek/deepseek-v3.2",
            "architecture": {"input_modalities": ["text"]},
            "endpoints": [{"provider_name": "North", "tag": "north/fp8", "quantization": "fp8", "context_length": 1000, "pricing": price}],
        }
    }
    turn = {"model": MODEL, "prompt_tokens": 1000, "completion_tokens": 100}
    logged = {"endpoint": chosen["endpoint"], "propensity": chosen["probability"], "cost_usd": 0.001, "ttft_s": 0.5, "total_s": 1.5, "status": 200}
    contents = {
        "scenario.json": scenario,
        "body.json": {"model": MODEL, "provider": {"sort": "price", "zdr": True}},
        "typo.json": {"model": MODEL, "provider": {"zrd": True}},
        "context.json": {"prompt_tokens": 1200, "completion_tokens": 300},
        "decision.json": record({**scenario, "request": {"model": MODEL, "provider": {"sort": "price", "zdr": True}}}),
        "record.json": record(scenario),
        "case.json": {"pricing": price, "usage": usage, "finish_reason": "stop"},
        "catalog.json": {"endpoints": rows},
        "endpoints.json": answer,
        "providers.json": {"data": [{"slug": "north", "dataPolicy": {"training": False, "retainsPrompts": False}}]},
        "world.json": {"endpoints": {}, "default": {"ttft": {"p50": 0.4, "p90": 0.9}, "tokens_per_second": {"p50": 50}}},
        "now.json": {},
        "cheaper.json": {"settings": {"balance": {"price": 2}}},
        "cheapest.json": {"provider": {"sort": "price"}},
        "model_prices_and_context_window.json": DOCUMENTS["litellm"],
        "api.json": DOCUMENTS["models.dev"],
        "data.json": DOCUMENTS["genai-prices"],
        "names.json": {"claude-opus-4@20250514": "anthropic/claude-opus-4"},
        "policies.json": {"openai": {"trains": False, "retains": True}},
    }
    for name, content in contents.items():
        (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
    (tmp_path / "log.jsonl").write_text(json.dumps({"endpoint": chosen["endpoint"], "usage": usage, "finish_reason": "stop"}) + "\n", encoding="utf-8")
    (tmp_path / "decisions.jsonl").write_text("".join(json.dumps({"timestamp_s": n, **turn, **logged}) + "\n" for n in range(30)), encoding="utf-8")
    (tmp_path / "sweep.json.gz").write_bytes(gzip.compress(json.dumps({"data": [{"modelId": "deepseek/deepseek-v3.2", "response": answer}]}).encode()))
    (tmp_path / "endpoints.json.gz").write_bytes(gzip.compress(json.dumps(answer).encode()))
    return turn


@pytest.mark.parametrize(("line", "shown"), list(command_lines()))
def test_the_command_line_runs_and_prints_what_is_shown(line, shown, folder):
    if "requests.parquet" in line:
        parquet([{"timestamp_s": float(n), **folder} for n in range(20)])
    # less traffic than the reader is shown: the claim is that it runs
    line = re.sub(r"--generate \d+", "--generate 40", line.partition(" > ")[0])
    done = run(*shlex.split(line), COLUMNS="120")
    assert done.code == (2 if "typo.json" in line else 0), done.err
    assert done.out or done.err or "-o " in line
    if shown:
        printed = done.err if done.code else done.out
        assert CHECKER.check_output(shown, printed, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE), printed


def test_the_pages_that_show_the_command_line_have_such_lines():
    pages = {one.id.partition(":")[0] for one in command_lines()}
    assert {
        "docs/reference/command-line.md",
        "docs/how-to/replay-a-record.md",
    } <= pages  # the README's lines have no prompts: tests/docs/test_readme.py runs them


def test_every_python_block_is_a_session_that_runs():
    for page in (ROOT / "docs").rglob("*.md"):
        # claims about a patched copy, which tests/house/test_contributing.py runs; and what needs a neighbour, whose calls tests/neighbours makes
        if page.parent.name == "contributing" or page.name in {"several-processes.md", "observe-a-gateway.md", "use-with-litellm.md"}:
            continue
        for block in re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            assert block.startswith(">>> "), f"{page}: {block[:80]}"
