"""``routecore cost``: bills that can be checked by hand, and logs in which no row is lost."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal

import pytest

from routecore import Catalog
from routecore.cost.log import price_log
from routecore.cost.log_totals import LogTotals
from routecore.wire.cost_case import cost_case
from tests.cli.command_line import run, write

SAMPLE = {
    "pricing": {"prompt": "0.0000002", "completion": "0.0000005", "input_cache_read": "0.00000005"},
    "usage": {"prompt_tokens": 163, "completion_tokens": 450, "prompt_tokens_details": {"cached_tokens": 151}},
    "usage_format": "openai_chat",
    "finish_reason": "stop",
}
CATALOG = {
    "endpoints": [
        {"model": "a/b", "provider": "p", "pricing": {"prompt": "0.000001", "completion": "0.000002"}},
        {"model": "a/b", "provider": "q", "pricing": {"prompt": "0.000003", "completion": "0.000004"}},
        {"model": "a/c", "provider": "p"},
    ]
}


def served(provider, prompt=1000, completion=10, model="a/b", **more):
    return {"model": model, "provider": provider, "usage": {"prompt_tokens": prompt, "completion_tokens": completion}, "finish_reason": "stop", **more}


def log_of(folder, *rows):
    return write(folder, "log.jsonl", "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in rows))


def bill_of(out):
    """Return (count, unit price, unit, amount) of each line of the printed bill, read back from the page."""
    lines = []
    for line in out.splitlines():
        if " × " in line and " = " in line and "bill" not in line:
            left, right = line.split("×")
            price, rest = right.split("=")
            number, unit = price.strip().split("/")
            lines.append((int(left.split()[-1].replace(",", "")), Decimal(number), unit, Decimal(rest.split()[0])))
    return lines


def test_json_is_what_cost_case_answers(tmp_path):
    done = run("cost", write(tmp_path, "c.json", SAMPLE), "--json")
    assert (done.code, done.answer) == (0, cost_case(SAMPLE))
    assert done.answer["cost"] == "0.00023495"


def test_each_printed_line_is_count_times_unit_price_and_the_lines_add_up(tmp_path):
    case = {
        "pricing": {
            "prompt": "0.000003",
            "completion": "0.000015",
            "cache_read_multiplier": "0.1",
            "cache_write_1h_multiplier": 2,
            "web_search": "0.01",
            "request": "0.002",
            "overrides": [{"min_prompt_tokens": 200000, "prompt_multiplier": 2, "completion_multiplier": "1.5"}],
        },
        "usage": {
            "input_tokens": 1234,
            "cache_read_input_tokens": 300001,
            "cache_creation": {"ephemeral_1h_input_tokens": 77},
            "output_tokens": 13,
            "server_tool_use": {"web_search_requests": 3},
        },
        "finish_reason": "end_turn",
    }
    out = run("cost", write(tmp_path, "c.json", case)).out
    lines = bill_of(out)
    assert len(lines) == 6
    for number, price, unit, amount in lines:
        assert amount == number * (price / 1_000_000 if unit == "Mtok" else price)
    assert sum(amount for *_, amount in lines) == Decimal(cost_case(case)["list_cost"])
    assert "overrides[0].prompt_multiplier" in out
    assert "overrides[0].completion_multiplier" in out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"context": {"discount_rate": "0.5"}}, "discounted 0.000117475 list cost × 0.5"),
        ({"context": {"is_byok": True, "byok_fee_rate": "0.05"}}, "charged 0.0000117475 upstream × the fee rate 0.05"),
        ({"finish_reason": "error"}, "charged 0 nothing: there was no completion, which is insured"),
        ({"usage": {**SAMPLE["usage"], "completion_tokens": -5}}, "usage.completion_tokens: negative: -5, taken as 0"),
        ({"usage": {}}, "nothing was used: 0"),
    ],
)
def test_how_the_list_cost_became_the_charge_is_told(tmp_path, change, said):
    assert said in " ".join(run("cost", write(tmp_path, "c.json", {**SAMPLE, **change})).out.split())


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        ({"pricing": {"prompt": "-1", "promt": 1}}, "invalid_pricing", "error: the prices cannot be read"),
        ({"usage": None}, "invalid_usage", "error: the usage cannot be read"),
        ({"context": {"is_byok": 1}}, "invalid_request", "error: the context cannot be read"),
        ({"pricing": {"prompt": "1e-6"}}, "unpriced_usage", "hint: a price that is missing is not free"),
    ],
)
def test_a_case_that_cannot_be_priced_says_why_and_exits_2(tmp_path, change, kind, said):
    path = write(tmp_path, "c.json", {**SAMPLE, **change})
    human, machine = run("cost", path), run("cost", path, "--json")
    assert human.code == machine.code == 2
    assert human.out == ""
    assert said in human.err
    assert machine.answer == cost_case({**SAMPLE, **change})
    assert machine.answer["error"]["type"] == kind


def test_json_of_a_log_is_what_the_library_totals(tmp_path):
    rows = [served("p"), served("q", cost=0.5), served("p", 7, 0, finish_reason=None), served("x"), 7]
    expected = LogTotals()
    for one in price_log(rows, Catalog.from_mapping(CATALOG)):
        expected.add(one)
    done = run("cost", "--usage", log_of(tmp_path, *rows), "--catalog", write(tmp_path, "c.json", CATALOG), "--json")
    assert (done.code, done.answer) == (0, expected.to_dict())


def test_the_totals_are_listed_by_model_and_provider_the_dearest_first(tmp_path):
    out = run("cost", "--usage", log_of(tmp_path, served("p"), served("q"), served("q")), "--catalog", write(tmp_path, "c.json", CATALOG)).out
    assert out.startswith("0.0071 USD charged for 3 of 3 rows\n")
    assert [line.split() for line in out.splitlines() if "a/b@" in line] == [
        ["a/b@q", "2", "2,000", "0", "20", "0.00608"],
        ["a/b@p", "1", "1,000", "0", "10", "0.00102"],
    ]


def test_every_row_that_could_not_be_priced_is_named_by_its_line(tmp_path):
    path = log_of(tmp_path, served("p"), "", "not json", served("x"), served("p", model="a/d"), served("p", model="a/c"), '{"usage": ')
    out = " ".join(run("cost", "--usage", path, "--catalog", write(tmp_path, "c.json", CATALOG)).out.split())
    assert "charged for 1 of 6 rows" in out
    for line, said in ((3, 'row: "not json" is not JSON'), (4, 'provider: "x" is not one of p, q'), (5, 'model: "a/d"'), (6, 'endpoint: "a/c@p"'), (7, "row:")):
        assert f"line {line}: {said}" in out


def test_with_strict_a_row_without_a_price_fails_the_command_after_all_is_told(tmp_path):
    catalog = write(tmp_path, "c.json", CATALOG)
    assert run("cost", "--usage", log_of(tmp_path, served("p")), "--catalog", catalog, "--strict").code == 0
    done = run("cost", "--usage", log_of(tmp_path, served("p"), served("x")), "--catalog", catalog, "--strict")
    assert done.code == 2
    assert "Not priced: 1 row\n" in done.out


def test_a_log_comes_gzipped_and_from_standard_input(tmp_path):
    catalog, rows = write(tmp_path, "c.json", CATALOG), (json.dumps(served("p")) + "\r\n").encode() * 3
    expected = run("cost", "--usage", write(tmp_path, "l.jsonl", rows), "--catalog", catalog, "--json").answer
    assert expected["total"]["requests"] == 3
    assert run("cost", "--usage", write(tmp_path, "l.jsonl.gz", gzip.compress(rows)), "--catalog", catalog, "--json").answer == expected
    assert run("cost", "--usage", "-", "--catalog", catalog, "--json", stdin=rows).answer == expected


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "is empty"), (b"\n\n", "is empty"), (gzip.compress(b"{}\n" * 9999, mtime=0)[:30], "is a damaged gzip file")]
)
def test_a_log_without_rows_or_cut_short_is_an_error_of_its_file(tmp_path, content, said):
    path = write(tmp_path, "log", content)
    done = run("cost", "--usage", path, "--catalog", write(tmp_path, "c.json", CATALOG))
    assert (done.code, done.out) == (2, "")
    assert f"error: {path}: {said}" in done.err


def test_no_progress_bar_is_drawn_where_there_is_no_terminal(tmp_path):
    rows = [served("p")] * 3_000
    assert run("cost", "--usage", log_of(tmp_path, *rows), "--catalog", write(tmp_path, "c.json", CATALOG)).err == ""


def test_dollars_stand_beside_each_cause_of_a_difference_and_are_the_rows_added_up(tmp_path):
    # 0.00102 each: reported right, twice much too high, and once too low
    rows = [served("p", cost="0.00102"), served("p", cost="0.5"), served("p", cost="0.7"), served("p", cost="0.0002")]
    log, catalog = log_of(tmp_path, *rows), write(tmp_path, "c.json", CATALOG)
    told = run("cost", "--usage", log, "--catalog", catalog, "--json").answer
    assert told["reconciliation"]["unexplained"] == 3
    assert Decimal(told["differences"]["unexplained"]) == sum(Decimal(row["cost"]) - Decimal("0.00102") for row in rows[1:])
    assert Decimal(told["differences"]["none"]) == 0
    out = " ".join(run("cost", "--usage", log, "--catalog", catalog).out.split())
    assert f"unexplained 3 {told['differences']['unexplained']}" in out


def test_the_dollars_of_causes_add_up_over_any_parts_of_a_log():
    catalog = Catalog.from_mapping(CATALOG)
    priced = list(price_log([served("p", cost=cost, id=name) for cost, name in (("0.5", "x"), ("0.7", "x"), ("0.2", "y"), ("0.00102", "z"))], catalog))
    whole = LogTotals()
    for one in priced:
        whole.add(one)
    for cut in range(len(priced) + 1):
        parts = LogTotals(), LogTotals()
        for place, one in enumerate(priced):
            parts[place >= cut].add(one)
        assert parts[0].merge(parts[1]).to_dict()["differences"] == whole.to_dict()["differences"]


def test_a_log_of_which_nothing_could_be_priced_exits_with_2_and_lists_its_rows(tmp_path):
    log = log_of(tmp_path, served("z"), served("p", model="a/unheard-of"))
    done = run("cost", "--usage", log, "--catalog", write(tmp_path, "k.json", CATALOG))
    assert (done.code, done.out.splitlines()[0]) == (2, "0 USD charged for 0 of 2 rows")
    machine = run("cost", "--usage", log, "--catalog", write(tmp_path, "k.json", CATALOG), "--json")
    assert (machine.code, [row["line"] for row in machine.answer["unpriceable"]]) == (2, [1, 2])


@pytest.mark.parametrize(
    "content",
    [json.dumps(CATALOG, indent=1), json.dumps(CATALOG), "\x89PNG\r\n\x1a\n", "model,provider\na/b,p\n", "[1, 2]", '{"model": "a/b"}\n{"model": "a/b"}\n'],
)
def test_a_file_that_is_no_log_is_named(tmp_path, content):
    done = run("cost", "--usage", write(tmp_path, "thing.json", content), "--catalog", write(tmp_path, "k.json", CATALOG))
    assert done.code == 2
    assert "thing.json" in done.err
    assert "is no log: none of its rows has a usage" in " ".join(done.err.split())


def test_a_transcript_is_a_log_and_each_of_its_messages_is_counted_once(tmp_path):
    def block(output, stop):
        usage = {"input_tokens": 1000, "output_tokens": output, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
        return {"type": "assistant", "sessionId": "s", "uuid": str(output), "message": {"id": "m", "model": "a/b", "stop_reason": stop, "usage": usage}}

    catalog = {"endpoints": [{"model": "a/b", "provider": "anthropic", "pricing": {"prompt": "0.000001", "completion": "0.000002"}}]}
    log = log_of(tmp_path, {"type": "user", "sessionId": "s", "message": {"role": "user", "content": "hi"}}, block(1, None), block(50, "end_turn"))
    done = run("cost", "--usage", log, "--catalog", write(tmp_path, "k.json", catalog))
    assert (done.code, done.out.splitlines()[0]) == (0, "0.0011 USD charged for 1 of 2 rows")
    assert "1 row told a response once more" in done.out
