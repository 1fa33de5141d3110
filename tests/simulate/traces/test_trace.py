"""Claims about traces: every row is taken as it stands or named; formats tell themselves; generated ones are the same whoever makes them."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from routecore.errors import SimulationError
from routecore.simulate import generate, read_trace, servegen, trace_of
from routecore.simulate.traces.columns import Chunk

ROW = {"timestamp_s": 0, "model": "m", "prompt_tokens": 10, "completion_tokens": 5}
SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the public traces are not beside the project (../shared/data)")


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"prompt_tokens": -1}, "prompt_tokens: -1 is not a whole number of tokens"),
        ({"prompt_tokens": 1.5}, "prompt_tokens: 1.5 is not a whole number of tokens"),
        ({"prompt_tokens": True}, "prompt_tokens: True is not"),
        ({"completion_tokens": 2**31}, "completion_tokens: 2147483648 is not"),
        ({"timestamp_s": "soon"}, "timestamp_s: 'soon' is not a finite number"),
        ({"timestamp_s": None}, "timestamp_s: null is not"),
        ({"timestamp_s": float("inf")}, "timestamp_s: inf is not"),
        ({"model": ""}, "model: null is not a model's name"),
        ({"model": 7}, "model: 7 is not"),
        ({"propensity": 0}, "propensity: 0 is not a probability above 0"),
        ({"propensity": 1.01}, "propensity: 1.01 is not a probability"),
        ({"status": 99}, "status: 99.0 is not|status: 99 is not"),
        ({"provider": "not json"}, "provider: 'not json' is not a provider block"),
        ({"provider": [1]}, "provider:"),
        ({"cached_prefix_tokens": 11}, "cached_prefix_tokens: 11 is not at most the prompt's 10 tokens"),
        ({"tools": "maybe"}, "tools: 'maybe' is not true or false"),
        ({"cost_usd": -1}, "cost_usd: -1 is not an amount"),
        ({"session_id": {}}, "session_id: {} is not text"),
    ],
)
def test_a_bad_value_drops_its_row_and_is_named_with_file_line_and_reason(tmp_path, change, reason):
    path = write(tmp_path / "t.jsonl", [ROW, {**ROW, **change}, ROW])
    trace = read_trace(path)
    assert len(trace) == 2
    assert trace.faults.dropped == 1
    example = trace.faults.examples[0]
    assert (example.file, example.line) == ("t.jsonl", 2)
    assert any(part in example.reason for part in reason.split("|"))
    with pytest.raises(SimulationError, match=r"t\.jsonl:2"):
        read_trace(path, strict=True)


def test_text_that_is_no_json_is_a_row_with_a_fault_and_the_rest_is_read(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text(json.dumps(ROW) + "\n{broken\n[1]\n\n" + json.dumps(ROW) + "\n", encoding="utf-8")
    trace = read_trace(path)
    assert (len(trace), [one.line for one in trace.faults.examples]) == (2, [2, 3])


def test_a_csv_row_with_too_few_or_too_many_cells_is_named(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("timestamp_s,model,prompt_tokens,completion_tokens\n0,m,1,1\n1,m,1\n2,m,1,1,9\n3,m,1,1\n", encoding="utf-8")
    trace = read_trace(path)
    assert (len(trace), [one.line for one in trace.faults.examples]) == (2, [3, 4])


def test_time_that_runs_backwards_is_counted_and_the_row_put_in_its_place():
    trace = trace_of([{**ROW, "timestamp_s": at} for at in (0, 5, 3)])
    assert trace.chunk(0).timestamp_s.tolist() == [0, 3, 5]
    assert trace.chunk(0).number.tolist() == [0, 1, 2]
    assert (len(trace.faults), trace.faults.dropped) == (1, 0)
    with pytest.raises(SimulationError, match="timestamp_s"):
        trace_of([{**ROW, "timestamp_s": at} for at in (5, 3)], strict=True)


def test_faults_of_one_kind_are_all_counted_and_the_first_shown():
    trace = trace_of([ROW, *[{**ROW, "prompt_tokens": -1}] * 1000])
    assert trace.faults.dropped == 1000
    assert len(trace.faults.examples) == trace.faults.shown


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.csv.gz", "t.jsonl.gz", "t.parquet"])
def test_one_trace_reads_alike_from_every_kind_of_file(tmp_path, name):
    rows = [
        {
            **ROW,
            "timestamp_s": at,
            "session_id": "s",
            "cached_prefix_tokens": at,
            "provider": {"sort": "price"},
            "endpoint": "m@p",
            "propensity": 0.5,
            "status": 200,
            "max_tokens": 7,
            "stream": False,
        }
        for at in range(3)
    ]
    path = tmp_path / name
    if name.endswith(".parquet"):
        parquet = pytest.importorskip("pyarrow.parquet")
        import pyarrow as pa

        parquet.write_table(pa.Table.from_pylist([{**row, "provider": json.dumps(row["provider"])} for row in rows]), path)
    else:
        if "csv" in name:
            import csv
            import io

            text = io.StringIO()
            writer = csv.DictWriter(text, rows[0])
            writer.writeheader()
            writer.writerows({**row, "provider": json.dumps(row["provider"])} for row in rows)
            data = text.getvalue().encode()
        else:
            data = "".join(json.dumps(row) + "\n" for row in rows).encode()
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    found, expected = read_trace(path), trace_of(rows)
    assert not len(found.faults)
    assert found.names.providers == expected.names.providers == [{"sort": "price"}]
    assert found.names.endpoints == ["m@p"]
    for column in Chunk.__slots__:
        np.testing.assert_array_equal(getattr(found.chunk(0), column), getattr(expected.chunk(0), column), err_msg=column)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\x1f\x8b broken", b"\xff\xfe\x00"])
def test_a_file_that_is_no_trace_is_refused_by_name(tmp_path, content):
    for name in ("t.csv", "t.jsonl", "t.csv.gz", "t.parquet"):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(SimulationError, match="t\\."):
            read_trace(path)


def test_a_file_that_is_not_there_and_a_format_that_is_none_are_refused(tmp_path):
    with pytest.raises(SimulationError, match="absent"):
        read_trace(tmp_path / "absent.csv")
    with pytest.raises(SimulationError, match="format"):
        read_trace(tmp_path / "absent.csv", format="xml")


def test_azure_rows_count_time_from_the_first(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:15:46.6805900,374,44\r\n2023-11-16 18:15:50.9951690,396,109\r\nlater,1,1\r\n",
        encoding="utf-8",
    )
    trace = read_trace(path, model="m")
    assert trace.chunk(0).timestamp_s.tolist() == pytest.approx([0, 4.314579])
    assert trace.chunk(0).prompt_tokens.tolist() == [374, 396]
    assert trace.faults.examples[0].line == 4
    assert "no session" in trace.assumptions[0]


def test_a_trace_that_names_no_model_needs_one(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,374,44\n", encoding="utf-8")
    with pytest.raises(SimulationError, match="give model="):
        read_trace(path)


def test_mooncake_prompts_that_begin_with_an_earlier_one_are_turns_of_its_session(tmp_path):
    rows = [
        {"timestamp": 0, "input_length": 1500, "output_length": 10, "hash_ids": [0, 1, 2]},
        {"timestamp": 500, "input_length": 900, "output_length": 10, "hash_ids": [0, 9]},
        {"timestamp": 1000, "input_length": 2000, "output_length": 10, "hash_ids": [0, 1, 3, 4]},
    ]
    chunk = read_trace(write(tmp_path / "t.jsonl", rows), model="m").chunk(0)
    assert chunk.timestamp_s.tolist() == [0, 0.5, 1]
    assert chunk.session[0] == chunk.session[2] != chunk.session[1]
    assert chunk.cached_prefix_tokens.tolist() == [0, 0, 1024]


def test_decision_records_give_endpoint_propensity_and_outcome(tmp_path):
    from routecore import record

    scenario = {
        "catalog": {"endpoints": [{"model": "m", "provider": "p"}, {"model": "m", "provider": "q"}]},
        "request": {"model": "m", "provider": {"ignore": ["x"]}},
        "context": {"prompt_tokens": 100, "completion_tokens": 20},
    }
    one = {**record(scenario), "timestamp_s": 3, "outcome": {"kind": "success", "ttft_seconds": 0.5, "total_seconds": 2.0}, "cost_usd": 0.01}
    refused = record({**scenario, "request": {"model": "unknown"}})
    trace = read_trace(write(tmp_path / "t.jsonl", [one, {**refused, "timestamp_s": 4}]), strict=True)
    chunk = trace.chunk(0)
    assert trace.names.endpoints[chunk.endpoint[0]] == one["answer"]["attempts"][0]["endpoint"]
    assert chunk.propensity[0] == 0.5
    assert (chunk.prompt_tokens[0], chunk.ttft_s[0], chunk.status[0], chunk.cost_usd[0]) == (100, 0.5, 200, 0.01)
    assert chunk.endpoint[1] == -1


def test_parts_cut_between_sessions_hold_every_request_once_and_every_session_whole():
    trace = generate(5_000, ["m"], session_share=0.7)
    parts = [trace.part(index, 3) for index in range(3)]
    numbers = np.concatenate([chunk.number for part in parts for chunk in part.chunks()])
    assert sorted(numbers.tolist()) == list(range(5_000))
    sessions = [set(np.concatenate([chunk.session[chunk.session > 0] for chunk in part.chunks()]).tolist()) for part in parts]
    assert len(set.union(*sessions)) == sum(map(len, sessions))


def test_a_generated_chunk_is_the_same_whenever_it_is_made():
    one, two = (generate(200_000, ["m", "n"], seed=3, session_share=0.5) for _ in range(2))
    list(one.chunks())
    for column in Chunk.__slots__:
        np.testing.assert_array_equal(getattr(one.chunk(2), column), getattr(two.chunk(2), column))


def test_generated_arrivals_come_at_their_rate_and_in_order():
    trace = generate(200_000, ["m"], rate_per_s=50)
    at = np.concatenate([chunk.timestamp_s for chunk in trace.chunks()])
    assert (np.diff(at) >= 0).all()
    assert at[-1] == pytest.approx(200_000 / 50, rel=0.01)


def test_turns_of_a_generated_session_grow_and_begin_with_the_one_before():
    trace = generate(20_000, ["m", "n"], session_share=1.0, turns=5, rate_per_s=10, turn_seconds=30)
    chunk = trace.chunk(0)
    session = chunk.session[0]
    mine = chunk.take(chunk.session == session)
    assert len(mine) == 5
    assert (np.diff(mine.prompt_tokens) > 0).all()
    assert (mine.cached_prefix_tokens[1:] <= mine.prompt_tokens[:-1]).all()
    assert (mine.cached_prefix_tokens[1:] > mine.prompt_tokens[:-1] - 64).all()
    assert len(set(mine.model.tolist())) == 1
    assert np.diff(mine.timestamp_s).mean() == pytest.approx(30, rel=0.3)


@pytest.mark.parametrize("bad", [{"requests": 0}, {"models": []}, {"session_share": 2}, {"rate_per_s": 0}, {"turns": 0}])
def test_what_cannot_be_generated_is_refused(bad):
    with pytest.raises(SimulationError):
        generate(**{"requests": 10, "models": ["m"], **bad})


@needs_shared
def test_the_public_traces_are_read_whole_and_without_a_fault():
    azure = read_trace(SHARED / "trace_azure_2023" / "AzureLLMInferenceTrace_conv.csv.gz", model="m", strict=True)
    mooncake = read_trace(SHARED / "trace_mooncake" / "conversation_trace.jsonl.gz", model="m", strict=True)
    claude = read_trace(SHARED / "trace_claude_code" / "requests.parquet", strict=True)
    assert (len(azure), len(mooncake), len(claude)) == (19_366, 12_031, 49_334 - 3_116)
    whole = Chunk.joined(list(claude.chunks()))
    assert len(np.unique(whole.session)) == 692
    assert whole.cached_prefix_tokens.sum() / whole.prompt_tokens.sum() == pytest.approx(0.962, abs=0.001)


@needs_shared
def test_a_servegen_sample_comes_at_the_published_rate():
    folder = SHARED / "trace_servegen"
    trace = servegen(folder / "reason_deepseek-r1_rates.parquet", folder / "reason_deepseek-r1_token_hist.parquet", model="m", seed=1)
    assert len(trace) / 86_400 == pytest.approx(16.0147, rel=0.01)
    at = trace.chunk(5).timestamp_s
    assert (np.diff(at) >= 0).all()
