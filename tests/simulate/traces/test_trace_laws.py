"""Laws of traces: whatever stands in a row, it is taken or named, and nothing is raised that is not the analyst's to mend."""

import json

from hypothesis import given
from hypothesis import strategies as st

from routecore import Catalog
from routecore.errors import SimulationError
from routecore.simulate import Policy, World, read_trace, simulate, steady, trace_of
from routecore.simulate.traces.formats import FORMATS

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["m", "1e400", "NaN", "-1", "\ud800", "2023-11-16 18:15:46.1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["sort", "order", "request", "model", "attempts", "kind"]), inner, max_size=3),
    max_leaves=6,
)
KEYS = [
    "timestamp_s", "model", "prompt_tokens", "completion_tokens", "session_id", "cached_prefix_tokens", "provider", "tools", "max_tokens", "stream", "endpoint",
    "propensity", "ttft_s", "total_s", "status", "cost_usd", "TIMESTAMP", "ContextTokens", "GeneratedTokens", "timestamp", "input_length", "output_length", "hash_ids",
    "t_s", "input_tokens", "output_tokens", "scenario", "answer", "outcome",
]  # fmt: skip
GOOD = {"timestamp_s": 0, "model": "m", "prompt_tokens": 10, "completion_tokens": 5}
ROW = st.dictionaries(st.sampled_from(KEYS), JSON, max_size=8).map(lambda row: {**GOOD, **row})
CATALOG = Catalog.from_mapping({"endpoints": [{"model": "m", "provider": "p", "pricing": {"prompt": "0.000001", "completion": "0.000001"}}]})


@given(st.lists(ROW, max_size=6))
def test_every_row_is_in_the_trace_or_among_the_faults(rows):
    trace = trace_of(rows)
    assert len(trace) + trace.faults.dropped == len(rows)
    json.dumps(trace.to_dict())


@given(st.lists(ROW, max_size=4), st.sampled_from(sorted(FORMATS)))
def test_any_objects_read_as_any_format_are_a_trace_or_a_named_fault(tmp_path_factory, rows, name):
    path = tmp_path_factory.mktemp("t") / "t.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    try:
        trace = read_trace(path, format=name, model="m")
    except SimulationError as error:
        assert "t.jsonl" in str(error)
    else:
        assert len(trace) + trace.faults.dropped == len(rows)


@given(st.lists(ROW, min_size=1, max_size=5))
def test_what_was_read_can_be_run(rows):
    trace = trace_of([GOOD, *rows])
    try:
        report = simulate(trace, CATALOG, World({}, default=steady(error_rate=0.3)), [Policy("a"), Policy("b", settings={"sticky": "off"})])
    except SimulationError:
        return
    json.loads(report.to_json())
    assert report.to_html().startswith("<!doctype html>")
    assert all(one.summary.counts["requests"] == len(trace) for one in report.results)
