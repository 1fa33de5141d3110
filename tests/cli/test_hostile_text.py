"""Whatever a file holds, no command lets it drive the terminal or forge a line: every command, with hostile text in every place that takes any."""

from __future__ import annotations

import json
from unicodedata import category

import pytest

from routecore import record
from tests.cli.command_line import run, write
from tests.routing.scenes import row, scene

TEXTS = ["\x1b]0;owned\x07\x1b[2J", "x\nerror: forged", "a\rb\x9b31m", "\u202egpj.exe\u2066", "half \ud800", "\u2028next", "tag\U000e0041"]
BAD = {"Cc", "Cs", "Zl", "Zp"}
TURNING = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C, *range(0xE0000, 0xE0080)}


def harmless(text):
    return not any((category(char) in BAD and char != "\n") or ord(char) in TURNING for char in text)


def forged(done):
    return any(line.startswith("error: forged") for line in (done.out + done.err).splitlines())


def calls(folder, text):
    """Every command with the text wherever a file may hold any."""
    price = {"prompt": "0.000001", "completion": "0.000002"}
    body = {"model": "a/b", "provider": {"order": [text], "sort": text}, text: text, "messages": [{"role": "user", "content": text}], "tools": [text]}
    plain = write(folder, "catalog.json", {"endpoints": [row("p", supported_parameters=[text], input_modalities=["text", text])]})
    names = scene(row("p", model=text), row(text), row("q", quantization=text, pricing={text: text}), body=body)
    usable = scene(row("p", supported_parameters=[text]), row("q"), body={"user": text, "seed": 1}, context={"account_id": text})
    yield "plan", write(folder, "names.json", names), "--explain"
    yield "plan", write(folder, "usable.json", usable), "--explain"
    yield "explain", "p", write(folder, "usable2.json", usable)
    yield "plan", "--catalog", plain, "--request", write(folder, "body.json", body)
    yield "plan", "--catalog", plain, "--request", write(folder, "warned.json", {"model": "a/b", "provider": {"order": ["p", "q" + text[:1].strip()]}})
    yield "catalog", "show", plain, "a/b"
    yield "catalog", "lint", plain
    yield "catalog", "diff", plain, write(folder, "other.json", {"endpoints": [row("p", supported_parameters=[text, "tools"])]})
    feed = {"data": {"id": text, "endpoints": [{"tag": text, "provider_name": text, "pricing": price, "quantization": text}, text]}}
    yield "catalog", "import", write(folder, "feed.json", feed)
    yield "catalog", "import", write(folder, "feed2.json", {"data": {"id": "a/b", "endpoints": [{"tag": "p", "name": text, "pricing": price, "status": text}]}})
    recorded = record(scene(row("p")))
    recorded["answer"]["strategy"] = text
    recorded["answer"][text] = [text]
    recorded["versions"][text] = recorded["versions"]["library"] = text
    yield "replay", write(folder, "record.json", recorded)
    yield "replay", write(folder, "no_record.json", {text: text})
    yield "cost", write(folder, "case.json", {"pricing": price, "usage": {"prompt_tokens": 1, text: 7, "completion_tokens": -1}, "finish_reason": text})
    yield "cost", write(folder, "case2.json", {"pricing": {text: text}, "usage": {"prompt_tokens": text}, "usage_format": text})
    log = (
        json.dumps({"model": text, "provider": text, "usage": {text: text}})
        + "\n"
        + json.dumps({"model": "a/b", "provider": "p", "usage": {"prompt_tokens": 1}})
    )
    yield "cost", "--usage", write(folder, "log.jsonl", log), "--catalog", plain
    asked = ["whatif", "--catalog", "example", "--from-stats", "example"]
    policy = write(folder, "policy.json", {"name": text, "provider": {"sort": "price"}})
    yield *asked, "--generate", 20, "--model", "z-ai/glm-4.7", "--policy", "default", "--policy", policy
    yield *asked, "--generate", 20, "--policy", write(folder, "policy2.json", {"name": "x", text: text})
    rows = f"timestamp_s,model,prompt_tokens,completion_tokens\n0,{json.dumps(text)},10,1\n1,z-ai/glm-4.7,10,1\n"
    yield *asked, "--trace", write(folder, "trace.csv", rows.encode("utf-8", "surrogatepass")), "--policy", "default"


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
@pytest.mark.parametrize("machine", [False, True], ids=["words", "json"])
def test_no_command_sends_what_drives_a_terminal_or_forges_a_line(tmp_path, text, machine):
    for call in calls(tmp_path, text):
        done = run(*call, *(["--json"] if machine else []))
        assert done.code in {0, 1, 2, 3}, (call, done.err)
        assert harmless(done.out), (call, done.out)
        assert harmless(done.err), (call, done.err)
        assert not forged(done), (call, done.err, done.out)
        if machine and done.out:
            json.loads(done.out)
