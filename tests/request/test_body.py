"""The body's only reader, and the context beside it."""

from __future__ import annotations

import math

import pytest

from routecore import InvalidRequest
from routecore.request.body import PARAMETERS, read
from routecore.request.fingerprint import fingerprint
from tests.routing.scenes import ask, faults, row, slugs, warned


def paths(body):
    with pytest.raises(InvalidRequest) as caught:
        read(body)
    return [fault.path for fault in caught.value.faults]


def shape(**body):
    return read({"model": "a/b", **body}).shape


# --- models -----------------------------------------------------------------------------------------------------------------------------------


def test_model_comes_before_models_and_each_name_counts_once():
    request = read({"model": "a/b", "models": ["c/d", "a/b", "c/d", "e/f"]})
    assert request.models == ("a/b", "c/d", "e/f")
    assert request.paths == ("model", "models[0]", "models[3]")


def test_model_may_be_left_out_when_models_is_given():
    assert read({"models": ["a/b"]}).models == ("a/b",)


def test_models_written_as_a_string_is_a_list_of_one_name_and_a_warning():
    answer = ask(row(), model=None, body={"models": "a/b"})
    assert slugs(answer) == ["p"]
    assert warned(answer) == [("models_as_string", "models")]


@pytest.mark.parametrize("body", [{}, {"model": None}, {"models": None}, {"models": []}, {"model": None, "models": []}])
def test_a_request_without_model_and_models_is_a_fault(body):
    assert paths(body) == ["model"]


@pytest.mark.parametrize("body", [{"models": {}}, {"models": 7}, {"models": True}, {"model": "a/b", "models": {"a": 1}}])
def test_models_is_a_list_or_a_string(body):
    assert "models" in paths(body)


@pytest.mark.parametrize("name", ["", "a b", 7, None, True, ["a"], "x" * 257, "a#b", "\ud800"])
def test_a_bad_name_in_models_is_named_by_its_place(name):
    assert paths({"models": ["a/b", name]}) == ["models[1]"]


@pytest.mark.parametrize("name", ["", "a b", 7, True, ["a"], {}, "x" * 257])
def test_a_bad_model_is_a_fault(name):
    assert paths({"model": name}) == ["model"]
    assert paths({"model": name, "models": ["a/b"]}) == ["model"]


@pytest.mark.parametrize("body", [None, [], "x", 7, True])
def test_a_body_that_is_no_object_is_a_fault(body):
    assert paths(body) == ["request"]


# --- parameters -------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in PARAMETERS if name != "response_format"])
def test_every_parameter_of_the_vocabulary_is_asked_for_by_its_own_key(name):
    assert shape(**{name: 0}).parameters == {name}


def test_a_model_may_hold_an_at_sign():
    assert read({"model": "publishers/claude@20250805"}).models == ("publishers/claude@20250805",)


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({"stop_sequences": ["x"]}, "stop"),
        ({"thinking": {"type": "enabled"}}, "reasoning"),
        ({"reasoning_effort": "low"}, "reasoning"),
        ({"include_reasoning": True}, "reasoning"),
        ({"reasoning": {"max_tokens": 1}}, "reasoning"),
        ({"reasoning": {"enabled": True, "effort": "low"}}, "reasoning"),
        ({"response_format": {"type": "json_schema"}}, "structured_outputs"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"response_format": "json"}, "response_format"),
        ({"text": {"format": {"type": "json_schema"}}}, "structured_outputs"),
        ({"text": {"format": {"type": "grammar"}}}, "response_format"),
    ],
)
def test_the_three_dialects_name_the_same_parameters(body, parameter):
    assert shape(**body).parameters == {parameter}


@pytest.mark.parametrize("name", [*PARAMETERS, "stop_sequences", "thinking", "reasoning_effort", "include_reasoning", "tools", "tool_choice", "text"])
def test_null_does_not_count(name):
    assert read({"model": "a/b", name: None}).shape == read({"model": "a/b"}).shape


@pytest.mark.parametrize(
    "body", [{"text": {}}, {"text": "x"}, {"text": {"format": None}}, {"text": {"verbosity": "low"}}, {"n": 2}, {"parallel_tool_calls": True}, {"stream": True}]
)
def test_a_body_key_outside_the_vocabulary_is_not_checked(body):
    assert shape(**body).parameters == frozenset()


OFF = [
    *({name: value} for name in PARAMETERS for value in (False, [], {})),
    {"reasoning_effort": "none"}, {"reasoning": {"enabled": False}}, {"reasoning": {"effort": "none"}}, {"reasoning": {"max_tokens": 0}},
    {"reasoning": {"enabled": False, "effort": "high"}}, {"thinking": {"type": "disabled"}}, {"response_format": {"type": "text"}},
    {"text": {"format": {"type": "text"}}}, {"text": {"format": {}}}, {"include_reasoning": False}, {"stop_sequences": []}, {"tools": []}, {"tools": {}},
    {"tools": False}, {"tool_choice": "none"}, {"tool_choice": {}}, {"tool_choice": False},
]  # fmt: skip


@pytest.mark.parametrize("body", OFF, ids=repr)
def test_a_value_that_switches_its_key_off_asks_for_nothing(body):
    assert read({"model": "a/b", **body}).shape == read({"model": "a/b"}).shape
    assert fingerprint({"model": "a/b", **body}) is None or read({"model": "a/b", **body}).to_body() == {"model": "a/b"}


@pytest.mark.parametrize("value", [0, "", 1, "high", {"enabled": True}, {"effort": None}, {"max_tokens": None}, {"max_tokens": False}])
def test_other_values_of_reasoning_ask_for_it(value):
    assert shape(reasoning=value).parameters == {"reasoning"}


@pytest.mark.parametrize("key", ["tools", "tool_choice"])
@pytest.mark.parametrize("value", [0, "auto", [{"type": "function"}]])
def test_tools_and_tool_choice_ask_for_tools(key, value):
    found = shape(**{key: value})
    assert (found.tools, found.tools_listed, found.tool_choice) == (True, key == "tools", key == "tool_choice")


@pytest.mark.parametrize(
    ("body", "tier"),
    [
        ({}, None), ({"service_tier": None}, None), ({"service_tier": "auto"}, None), ({"service_tier": "turbo"}, None), ({"service_tier": ["flex"]}, None),
        ({"service_tier": "default"}, "default"), ({"service_tier": "standard"}, "default"), ({"service_tier": "flex"}, "flex"),
        ({"service_tier": "priority"}, "priority"), ({"service_tier": "fast"}, "priority"), ({"speed": "fast"}, "priority"), ({"speed": "slow"}, None),
        ({"service_tier": "auto", "speed": "fast"}, "priority"), ({"service_tier": "flex", "speed": "fast"}, "flex"),
        ({"service_tier": "standard", "speed": "fast"}, "default"), ({"speed": ["fast"]}, None),
    ],
)  # fmt: skip
def test_a_body_asks_for_a_service_tier_in_one_of_these_words(body, tier):
    assert shape(**body).tier == tier
    assert read(read({"model": "a/b", **body}).to_body()).shape == shape(**body)


# --- tokens -----------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["max_tokens", "max_completion_tokens", "max_output_tokens"])
def test_each_dialects_output_length_is_max_tokens(key):
    assert read({"model": "a/b", key: 7}).max_tokens == 7
    assert read({"model": "a/b", key: 7.0}).max_tokens == 7
    assert read({"model": "a/b", key: 0}).max_tokens == 0
    assert read({"model": "a/b", key: None}).max_tokens == 0


def test_of_several_output_lengths_the_largest_counts():
    assert read({"model": "a/b", "max_tokens": 5, "max_completion_tokens": 9, "max_output_tokens": 7}).max_tokens == 9
    assert read({"model": "a/b", "max_output_tokens": 9, "max_tokens": 5}).max_tokens == 9


@pytest.mark.parametrize("key", ["max_tokens", "max_completion_tokens", "max_output_tokens"])
@pytest.mark.parametrize("value", [-1, 0.5, True, "7", [], math.nan, math.inf, 2**63])
def test_an_output_length_is_whole_and_not_negative(key, value):
    assert paths({"model": "a/b", key: value}) == [key]


@pytest.mark.parametrize(("value", "good"), [("x" * 256, True), ("x" * 257, False), ("", True), (7, False), (["x"], False), (None, True)])
def test_a_session_id_has_at_most_256_characters(value, good):
    answer = ask(row(), body={"session_id": value})
    assert slugs(answer) == ["p"] if good else faults(answer, "invalid_request") == ["session_id"]


# --- modalities -------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "modality"),
    [
        ("image_url", "image"), ("input_image", "image"), ("image", "image"), ("input_audio", "audio"), ("audio_url", "audio"),
        ("video_url", "video"), ("input_video", "video"), ("file", "file"), ("input_file", "file"),
    ],
)  # fmt: skip
def test_part_types_tell_the_modality(kind, modality):
    assert shape(messages=[{"role": "user", "content": [{"type": "text", "text": "x"}, {"type": kind}]}]).modalities == {modality}
    assert shape(input=[{"role": "user", "content": [{"type": kind}]}]).modalities == {modality}


@pytest.mark.parametrize("kind", ["text", "input_text", "tool_use", "refusal", "images", "", None, 7, ["image"]])
def test_other_part_types_ask_for_nothing(kind):
    assert shape(messages=[{"role": "user", "content": [{"type": kind}]}]).modalities == frozenset()


def test_modalities_inside_a_tool_result_count():
    inner = {"type": "tool_result", "content": [{"type": "text"}, {"type": "image", "source": {}}]}
    assert shape(messages=[{"role": "user", "content": [inner]}]).modalities == {"image"}
    outer = {"type": "tool_result", "content": [inner, {"type": "tool_result", "content": [{"type": "input_audio"}]}]}
    assert shape(messages=[{"role": "user", "content": [outer]}]).modalities == {"image", "audio"}


def test_every_modality_of_every_message_counts():
    messages = [{"role": "system", "content": "x"}, {"role": "user", "content": [{"type": "image_url"}]}, {"role": "user", "content": [{"type": "video_url"}]}]
    assert shape(messages=messages).modalities == {"image", "video"}


@pytest.mark.parametrize(
    "messages", [[], [None], [7], ["x"], [{}], [{"content": None}], [{"content": 7}], [[{"type": "image"}]], [{"content": [7, None, "x", []]}]]
)
def test_odd_messages_ask_for_nothing(messages):
    assert shape(messages=messages).modalities == frozenset()


def test_messages_may_nest_a_hundred_thousand_levels_deep():
    part = {"type": "image"}
    for _ in range(100_000):
        part = {"type": "tool_result", "content": [part]}
    assert shape(messages=[part]).modalities == {"image"}


def test_messages_may_run_in_a_circle():
    part = {"type": "tool_result", "content": [{"type": "file"}]}
    part["content"].extend([part] * 50)
    assert shape(messages=[part, part]).modalities == {"file"}


@pytest.mark.parametrize("value", [7, True, {}, "x"])
def test_messages_is_a_list(value):
    assert paths({"model": "a/b", "messages": value}) == ["messages"]


def test_input_may_be_text():
    assert shape(input="an image_url").modalities == frozenset()


# --- the request again ------------------------------------------------------------------------------------------------------------------------

BODIES = [
    {"model": "a/b"},
    {"models": ["a/b", "c/d"]},
    {"model": "c/d", "models": "a/b"},
    {"model": "a/b", "models": ["c/d"], "provider": {"sort": "price"}, "max_completion_tokens": 5, "max_tokens": 3},
    {"model": "a/b", "text": {"format": {"type": "json_schema"}}, "response_format": {"type": "json_object"}, "tool_choice": "auto", "thinking": {}},
    {"model": "a/b", "messages": [{"role": "user", "content": [{"type": kind} for kind in ("file", "image", "audio_url", "input_video")]}]},
]


@pytest.mark.parametrize("body", BODIES)
def test_a_body_without_its_prompt_decides_the_same(body):
    request = read(body)
    again = read(request.to_body())
    assert (again.models, again.shape, again.max_tokens, again.provider, again.models_as_string) == (
        request.models, request.shape, request.max_tokens, request.provider, request.models_as_string,
    )  # fmt: skip


@pytest.mark.parametrize("body", BODIES)
def test_a_body_is_only_read(body):
    before = repr(body)
    read(body)
    assert repr(body) == before


def test_bodies_of_one_fingerprint_are_read_alike_and_1_is_not_true():
    assert fingerprint({"model": "a/b", "provider": {"zdr": True}}) != fingerprint({"model": "a/b", "provider": {"zdr": 1}})
    assert fingerprint({"model": "a/b", "max_tokens": 5}) != fingerprint({"model": "a/b", "max_tokens": 6})
    assert fingerprint({"model": "a/b", "stop": "x"}) == fingerprint({"model": "a/b", "stop": "y"})
    assert fingerprint({"model": "a/b", "stop": None}) == fingerprint({"model": "a/b"})
    assert fingerprint({"model": "a/b", "messages": [{"role": "user", "content": "secret"}]}) == fingerprint({"model": "a/b", "messages": []})


def test_the_words_tell_what_messages_and_input_may_be():
    with pytest.raises(InvalidRequest, match="messages: <number> is not a list of messages; input: <number> is not text, or a list of items"):
        read({"model": "a/b", "messages": 7, "input": 7})


@pytest.mark.parametrize(
    "body",
    [
        "a secret",
        ["a secret"],
        {"model": "a/b", "messages": "a secret"},
        {"model": "a/b", "input": {"a": "a secret"}},
        {"model": "a/b", "session_id": "a secret" * 99},
    ],
)
def test_no_fault_of_a_body_shows_a_prompt(body):
    with pytest.raises(InvalidRequest) as caught:
        read(body)
    assert "a secret" not in f"{caught.value}{caught.value.to_dict()}{caught.value.faults!r}"
