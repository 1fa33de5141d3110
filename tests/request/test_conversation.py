from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routecore.request.conversation import cache_seconds, conversation_of

USER = {"role": "user", "content": "Hello"}
SYSTEM = {"role": "system", "content": "Be brief."}
ANSWER = {"role": "assistant", "content": "Hi"}


def test_a_session_id_is_the_conversation_whatever_else_is_said():
    assert conversation_of({"session_id": "s1", "prompt_cache_key": "k", "messages": [USER]}) == "session:s1"


def test_a_prompt_cache_key_comes_next_and_never_meets_a_session_id():
    assert conversation_of({"prompt_cache_key": "s1", "messages": [USER]}) == "cache:s1"


@pytest.mark.parametrize("empty", [None, "", 7, []])
def test_what_is_no_text_is_not_given(empty):
    assert conversation_of({"session_id": empty, "prompt_cache_key": empty, "messages": [USER]}).startswith("hash:")


def test_a_long_prompt_cache_key_is_hashed():
    one, other = (conversation_of({"prompt_cache_key": "k" * 10_000 + end}) for end in "ab")
    assert one != other
    assert len(one) < 64


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [SYSTEM, USER]},
        {"messages": [SYSTEM, USER, ANSWER, {"role": "user", "content": "And now?"}]},
        {"messages": [{"role": "developer", "content": "Be brief."}, USER]},
        {"messages": [SYSTEM, {"role": "system", "content": "Second thoughts."}, USER]},
        {"messages": [{"role": "system", "content": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]}, USER]},
        {"messages": [SYSTEM, {"role": "user", "content": [{"type": "text", "text": "Hello"}]}]},
        {"system": "Be brief.", "messages": [USER]},
        {"system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}], "messages": [USER, ANSWER]},
        {"instructions": "Be brief.", "input": "Hello"},
        {"instructions": "Be brief.", "input": [{"role": "user", "content": [{"type": "input_text", "text": "Hello"}]}, ANSWER]},
        {"input": [{"type": "message", "role": "developer", "content": "Be brief."}, {"type": "message", "role": "user", "content": "Hello"}]},
    ],
)
def test_one_conversation_has_one_identity_in_all_dialects_and_turns(body):
    assert conversation_of(body) == conversation_of({"messages": [SYSTEM, USER]})


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [USER]},
        {"messages": [SYSTEM, {"role": "user", "content": "Hello!"}]},
        {"messages": [{"role": "system", "content": "Be long."}, USER]},
        {"messages": [SYSTEM, {"role": "user", "content": [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}]}]},
        {"messages": [SYSTEM, {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "Hello"}}]}]},
        {"messages": [{"role": "system", "content": "Be brief.Hello"}, {"role": "user", "content": ""}]},
    ],
)
def test_another_opening_is_another_conversation(body):
    assert conversation_of(body) != conversation_of({"messages": [SYSTEM, USER]})


def test_cache_markers_on_any_part_do_not_make_another_conversation():
    def body(**marker):
        return {"messages": [{"role": "user", "content": [{"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {"url": "u"}, **marker}]}]}

    assert conversation_of(body()) == conversation_of(body(cache_control={"type": "ephemeral"}))


@pytest.mark.parametrize(
    "body", [{}, {"messages": []}, {"messages": None}, {"messages": [SYSTEM]}, {"system": "Be brief."}, {"input": ""}, {"messages": "Hello"[:0]}]
)
def test_without_a_first_message_there_is_no_conversation(body):
    assert conversation_of(body) is None


def test_a_body_that_runs_in_a_circle_or_very_deep_is_read():
    circle = {"role": "user", "content": []}
    circle["content"].append(circle)
    deep = []
    for _ in range(50_000):
        deep = [deep]
    for content in (circle, {"role": "user", "content": deep}):
        body = {"messages": [content]}
        assert conversation_of(body).startswith("hash:")
        assert cache_seconds(body) == 300.0


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=20,
    )
)
def test_any_message_has_one_identity_however_its_keys_are_ordered(content):
    """The order of an object's keys does not count, and no content raises."""

    def turned(value):
        if isinstance(value, dict):
            return {key: turned(item) for key, item in reversed(value.items())}
        return [turned(item) for item in value] if isinstance(value, list) else value

    one, other = ({"messages": [{"role": "user", "content": value}]} for value in (content, turned(content)))
    assert conversation_of(one) == conversation_of(other)


@pytest.mark.parametrize(
    ("control", "seconds"),
    [
        ({"type": "ephemeral"}, 300.0), ({"ttl": "5m"}, 300.0), ({"ttl": "1h"}, 3_600.0), ({"ttl": 3_600}, 3_600.0), ({"ttl": 3_600.0}, 3_600.0),
        ({"ttl": "3600"}, 300.0), ({"ttl": True}, 300.0), ({"ttl": None}, 300.0), ({"ttl": ["1h"]}, 300.0), ("1h", 300.0), (None, 300.0),
    ],
)  # fmt: skip
def test_only_a_ttl_of_an_hour_makes_a_long_cache(control, seconds):
    assert cache_seconds({"messages": [{"role": "user", "content": [{"type": "text", "text": "x", "cache_control": control}]}]}) == seconds


@pytest.mark.parametrize(
    "body",
    [
        {"cache_control": {"ttl": "1h"}},
        {"system": [{"type": "text", "text": "x", "cache_control": {"ttl": "1h"}}]},
        {"tools": [{"name": "f", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]},
        {"input": [{"role": "user", "content": [{"type": "input_text", "text": "x", "cache_control": {"ttl": 3600}}]}]},
        {"messages": [{"role": "user", "content": [{"type": "tool_result", "content": [{"type": "text", "text": "x", "cache_control": {"ttl": "1h"}}]}]}]},
        {"messages": [{"role": "user", "content": [{"cache_control": {"ttl": "5m"}}, {"cache_control": {"ttl": "1h"}}]}]},
    ],
)
def test_a_cache_control_is_found_anywhere(body):
    assert cache_seconds(body) == 3_600.0
