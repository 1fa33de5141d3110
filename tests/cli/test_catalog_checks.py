"""``routecore catalog lint`` and ``diff``: what is found is printed, and tells in the exit code."""

from __future__ import annotations

from tests.cli.command_line import run, write

ROW = {"model": "a/b", "provider": "p", "quantization": "fp8", "pricing": {"prompt": "0.000001"}}


def test_a_catalog_in_order_exits_with_0():
    done = run("catalog", "lint", "example", "--stats", "example")
    assert (done.code, done.out.splitlines()[0]) == (0, "0 findings in 112 endpoints")


def test_findings_are_printed_with_what_would_mend_them_and_exit_with_1(tmp_path):
    block = write(tmp_path, "team.json", {"model": "a/b", "provider": {"only": ["deepinfa"]}})
    done = run("catalog", "lint", write(tmp_path, "c.json", {"endpoints": [{**ROW, "provider": "deepinfra"}]}), "--provider", block)
    assert done.code == 1
    assert "team.json.only: 'deepinfa' names no endpoint of the catalog" in done.out
    assert "did you mean 'deepinfra'? (dead_slug)" in done.out


def test_findings_as_json_are_whole(tmp_path):
    done = run("catalog", "lint", write(tmp_path, "c.json", {"endpoints": [{**ROW, "pricing": {"prompt": "3"}}]}), "--json")
    assert (done.code, [one["lint"] for one in done.answer["findings"]]) == (1, ["price_scale"])


def test_a_difference_is_printed_and_exits_with_0(tmp_path):
    old, new = (
        write(tmp_path, name, {"endpoints": rows}) for name, rows in (("o.json", [ROW]), ("n.json", [{**ROW, "disabled": True}, {**ROW, "provider": "q"}]))
    )
    done = run("catalog", "diff", old, new)
    assert done.code == 0
    assert "1 endpoints before, 2 after" in done.out
    assert "a/b@p disabled: False -> True" in done.out
    assert run("catalog", "diff", old, old).out.endswith("Nothing changed.\n")


def test_a_difference_that_looks_like_a_mistake_exits_with_1(tmp_path):
    old, new = (write(tmp_path, name, {"endpoints": [{**ROW, "pricing": {"prompt": price}}]}) for name, price in (("o.json", "0.000001"), ("n.json", "0.001")))
    done = run("catalog", "diff", old, new, "--json")
    assert (done.code, len(done.answer["alarms"])) == (1, 1)
