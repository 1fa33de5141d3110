from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routecore.live.kinds import Kind
from routecore.live.streams.reader import StreamReader
from routecore.live.streams.sse import Decoder
from tests.live.streams.test_reader import WHOLE


def cut(stream, places):
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[start:end] for start, end in pairwise(edges)]


def read(dialect, chunks):
    reader = StreamReader(dialect)
    events = [event for chunk in chunks for event in reader.feed(chunk)]
    return events, reader.outcome()


@pytest.mark.parametrize("dialect", WHOLE)
def test_a_stream_cut_at_any_byte_says_the_same(dialect):
    stream = WHOLE[dialect][0]
    whole = read(dialect, [stream])
    for place in range(len(stream) + 1):
        assert read(dialect, [stream[:place], stream[place:]]) == whole


@given(st.sampled_from(sorted(WHOLE)), st.lists(st.integers(0, 10_000), max_size=40))
def test_a_stream_cut_anywhere_says_the_same(dialect, places):
    """The network's pieces mean nothing."""
    stream = WHOLE[dialect][0]
    assert read(dialect, cut(stream, places)) == read(dialect, [stream])


LINES = st.lists(st.sampled_from(["data: 1", "data:2", "data", "event: a", "event", ": c", "id: 3", "", "", "retry: 9", "data: é", "x"]), max_size=20)


@given(LINES, st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(), st.lists(st.integers(0, 200), max_size=12))
def test_events_are_those_of_the_lines_whatever_ends_a_line(lines, end, mark, places):
    """Against the standard's own steps, line by line."""
    name, data, expected = None, [], []
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                expected.append((name, "\n".join(data)))
            name, data = None, []
        elif field == "data":
            data.append(value)
        elif field == "event":
            name = value or None
    stream = ("\ufeff" if mark else "") + "".join(line + end for line in lines)
    decoder = Decoder()
    assert [event for chunk in cut(stream.encode(), places) for event in decoder.feed(chunk)] == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from([
    "choices", "delta", "content", "finish_reason", "usage", "type", "message", "response", "status", "error", "candidates", "parts", "finishReason", "usageMetadata",
    "promptFeedback", "index", "item", "contentBlockDelta", "messageStop", "metadata", "x_groq", "id", "service_tier", "prompt_tokens", "completion_tokens",
])  # fmt: skip
EVENT = st.recursive(JSON, lambda inner: st.dictionaries(KEYS, inner, max_size=4) | st.lists(inner, max_size=3), max_leaves=8)


@given(st.sampled_from([*sorted(WHOLE), "converse"]), st.lists(st.tuples(st.none() | st.text(max_size=9), EVENT), max_size=6))
def test_any_events_end_in_an_outcome(dialect, events):
    """Whatever a provider streams, the reader ends in an outcome that can be written down."""
    reader = StreamReader(dialect)
    for name, data in events:
        reader.feed_event(name, data)
    outcome = reader.outcome()
    assert outcome.kind in Kind
    json.dumps(outcome.to_mapping())


@given(st.sampled_from(sorted(WHOLE)), st.lists(st.binary(max_size=60), max_size=8))
def test_any_bytes_end_in_an_outcome(dialect, chunks):
    """No bytes raise."""
    assert read(dialect, chunks)[1].kind in Kind
