"""The parts of a stream's usage make one usage."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routecore import InvalidUsage, Usage, merge_usage

# as the messages dialect streams it: message_start, then message_delta
START = {
    "input_tokens": 412,
    "cache_creation_input_tokens": 300,
    "cache_read_input_tokens": 9000,
    "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
    "output_tokens": 3,
    "service_tier": "standard",
}
DELTA = {"output_tokens": 611, "server_tool_use": {"web_search_requests": 2}}

KEYS = st.sampled_from(["input_tokens", "output_tokens", "details", "more"])
VALUES = st.recursive(
    st.none() | st.integers(0, 9) | st.lists(st.integers(0, 3), max_size=2), lambda inner: st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
PARTS = st.dictionaries(KEYS, VALUES, max_size=4)


def test_the_start_and_the_delta_of_a_messages_stream_are_one_usage():
    usage = Usage.parse(merge_usage(START, DELTA), "anthropic")
    assert usage == Usage(text=412, cached=9000, written_5m=100, written_1h=200, text_out=611, searches=2)


def test_the_last_value_that_is_not_null_wins_key_by_key_inside_objects_too():
    first = {"prompt_tokens": 9, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 5, "audio_tokens": 1}}
    last = {"prompt_tokens": None, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": None, "audio_tokens": 0}}
    assert merge_usage(first, None, last) == {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 5, "audio_tokens": 0}}


def test_a_later_zero_is_a_value_and_a_list_is_taken_whole():
    assert merge_usage({"output_tokens": 7, "iterations": [1, 2]}, {"output_tokens": 0, "iterations": [3]}) == {"output_tokens": 0, "iterations": [3]}


def test_nothing_at_all_is_an_empty_usage():
    assert merge_usage() == merge_usage(None, {}) == {}


def test_a_part_that_is_no_object_is_named_by_its_number():
    with pytest.raises(InvalidUsage) as caught:
        merge_usage({}, [1])
    assert caught.value.faults[0].path == "usage[1]"


@pytest.mark.laws
@given(PARTS, PARTS, PARTS)
def test_parts_may_be_joined_one_by_one_as_they_come_and_none_is_changed(a, b, c):
    before = copy.deepcopy((a, b, c))
    whole = merge_usage(a, b, c)
    assert merge_usage(merge_usage(a, b), c) == whole
    assert (a, b, c) == before


@pytest.mark.laws
@given(PARTS)
def test_joining_with_nothing_or_with_itself_changes_nothing(part):
    assert merge_usage(part) == merge_usage(part, part) == merge_usage({}, part, None)


def test_depth_and_circles_cost_nothing():
    deep: dict[str, object] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    circle: dict[str, object] = {}
    circle["a"] = circle
    assert list(merge_usage(deep, deep)) == list(merge_usage(circle, circle)) == ["a"]
