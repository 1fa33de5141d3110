"""Damaged and hostile files: typed faults that name file and place; long files in the memory of a few chunks."""

import gzip
import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routecore.errors import RoutecoreError, SimulationError
from routecore.simulate import Policy, World, read_trace, trace_of
from routecore.simulate.traces import columns

GOOD = {"timestamp_s": 0, "model": "a/b", "prompt_tokens": 10, "completion_tokens": 5}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.sampled_from([10**400, "1e999", ".1e999", float("nan")]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@given(
    st.dictionaries(
        st.sampled_from([*GOOD, "session_id", "provider", "tools", "status", "propensity", "propensities", "ttft_s", "endpoint", "max_tokens"]), json_values
    )
)
def test_one_bad_row_never_ends_a_trace(fields):
    trace = trace_of([GOOD, {**GOOD, **fields}, GOOD])
    assert len(trace) + trace.faults.dropped == 3
    assert len(trace) >= 2


@given(json_values, st.sampled_from(["name", "provider", "settings", "health", "context", "catalog", "estimates", "timeout_s", "tick_seconds", "windows"]))
def test_a_policy_of_anything_is_a_policy_or_a_typed_fault(value, part):
    try:
        Policy.from_mapping({"name": "p", part: value})
    except RoutecoreError as error:
        assert str(error)


@given(
    json_values,
    st.sampled_from(["ttft", "tokens_per_second", "error_rate", "slots", "effects", "regimes", "doubt", "assumed", "cache_ttl_s", "background_per_minute"]),
)
def test_a_world_of_anything_is_a_world_or_a_typed_fault(value, part):
    for world in ({"endpoints": {"m@p": {part: value}}}, {"default": {part: value}}, {"endpoints": value}, {"sources": value}, value):
        try:
            World.from_mapping(world)
        except SimulationError as error:
            assert error.faults


@pytest.mark.parametrize("kind", ["azure", "mooncake", "claude_code", "decisions"])
@given(value=json_values)
def test_readers_of_public_formats_note_what_they_do_not_know(kind, value):
    from routecore.simulate.traces.faults import TraceFaults
    from routecore.simulate.traces.formats import FORMATS, Reading
    from routecore.simulate.traces.names import Names
    from routecore.simulate.traces.trace import collect

    whole = {
        "azure": {"TIMESTAMP": "2023-11-16 18:17:03.97", "ContextTokens": 1, "GeneratedTokens": 1},
        "mooncake": {"timestamp": 1, "input_length": 1, "output_length": 1, "hash_ids": [1, 2]},
        "claude_code": {"session_id": "s", "t_s": 1, "input_tokens": 1, "output_tokens": 1, "cached_prefix_tokens": 0},
        "decisions": {"scenario": {"request": {"model": "m"}}, "answer": {"attempts": [{"endpoint": "m@p", "probability": 1}]}, "outcome": {}},
    }[kind]
    rows = [(place, {**whole, key: value}) for place, key in enumerate(whole)] + [(9, whole)]
    faults = TraceFaults()
    trace = collect(rows, "t", kind, faults, Reading(Names(), "m"))
    assert len(trace) + faults.dropped == len(rows)
    assert kind in FORMATS


def test_a_fraction_of_a_second_is_digits_and_nothing_else(tmp_path):
    path = tmp_path / "azure.csv"
    path.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.5,1,1\n2023-11-16 18:17:04.1e999,1,1\n", encoding="utf-8")
    trace = read_trace(path, model="m")
    assert (len(trace), trace.faults.examples[0].line) == (1, 3)


@pytest.mark.parametrize("cut", [0.3, 0.9])
def test_a_damaged_gzip_is_named_with_the_line_it_was_read_to(tmp_path, cut):
    path = tmp_path / "t.jsonl.gz"
    import random

    data = gzip.compress(
        "".join(json.dumps({**GOOD, "timestamp_s": place, "session_id": str(random.Random(place).random())}) + "\n" for place in range(5_000)).encode()
    )
    path.write_bytes(data[: int(len(data) * cut)])
    with pytest.raises(SimulationError, match=r"t\.jsonl\.gz: after line [\d,]+: .EOFError"):
        read_trace(path)
    middle = bytearray(data)
    middle[len(data) // 2 : len(data) // 2 + 40] = b"\xff" * 40
    path.write_bytes(bytes(middle))
    with pytest.raises(SimulationError, match=r"t\.jsonl\.gz: after line"):
        read_trace(path)


def test_a_damaged_parquet_file_is_named(tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "t.parquet"
    parquet.write_table(pa.Table.from_pylist([{**GOOD, "timestamp_s": place, "session_id": f"s{place * 7919}"} for place in range(5_000)]), path)
    data = bytearray(path.read_bytes())
    path.write_bytes(bytes(data[:-40]))
    with pytest.raises(SimulationError, match=r"t\.parquet"):
        read_trace(path)
    data[200:600] = b"\x00" * 400
    path.write_bytes(bytes(data))
    with pytest.raises(SimulationError, match=r"t\.parquet"):
        read_trace(path)


def test_bytes_that_are_no_text_cost_their_row_alone(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_bytes(json.dumps(GOOD).encode() + b'\n{"model": "\xff"}\n' + json.dumps(GOOD).encode() + b"\n")
    trace = read_trace(path)
    assert (len(trace), trace.faults.examples[0].line, trace.faults.examples[0].reason.partition(":")[0]) == (2, 2, "row")


def test_a_folder_of_parquet_files_is_one_trace(tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    for part in range(3):
        (tmp_path / f"day={part}").mkdir()
        parquet.write_table(pa.Table.from_pylist([{**GOOD, "timestamp_s": part * 10 + place} for place in range(4)]), tmp_path / f"day={part}" / "0.parquet")
    trace = read_trace(tmp_path)
    assert [at for chunk in trace.chunks() for at in chunk.timestamp_s.tolist()] == [part * 10.0 + place for part in range(3) for place in range(4)]
    with pytest.raises(SimulationError, match=r"no \.parquet in it"):
        read_trace(tmp_path / "day=0" / "..", format=None) if not any(tmp_path.rglob("*.parquet")) else read_trace(_empty(tmp_path))


def _empty(folder):
    (folder / "empty").mkdir()
    return folder / "empty"


@pytest.mark.parametrize("shuffle", ["none", "near", "far"])
def test_a_long_file_gives_the_same_rows_from_disk_as_from_memory(tmp_path, monkeypatch, shuffle):
    times = list(range(1_000))
    if shuffle == "near":
        times[500], times[503] = times[503], times[500]
    if shuffle == "far":
        times[20], times[900] = times[900], times[20]
    path = write_lines(
        tmp_path / "t.jsonl", [{**GOOD, "timestamp_s": at, "prompt_tokens": place, "session_id": f"s{place % 7}"} for place, at in enumerate(times)]
    )
    whole = read_trace(path)
    monkeypatch.setattr(columns, "CHUNK_ROWS", 50)
    monkeypatch.setattr(columns, "HELD", 3)
    parts = read_trace(path)
    assert parts.count > 10
    for name in ("number", "timestamp_s", "prompt_tokens", "session", "model"):
        one, two = ([value for chunk in trace.chunks() for value in getattr(chunk, name).tolist()] for trace in (whole, parts))
        assert one == two, name


@pytest.mark.slow
def test_the_memory_of_a_long_file_is_that_of_a_few_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(columns, "CHUNK_ROWS", 1_000)
    peaks = []
    for rows in (20_000, 80_000):
        path = write_lines(tmp_path / f"{rows}.jsonl", [{**GOOD, "timestamp_s": place} for place in range(rows)])
        tracemalloc.start()
        assert len(read_trace(path)) == rows
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]
