"""The provider block, the account's policy and the settings: what is read, and every fault of it."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from routecore import InvalidPreferences, Preferences
from routecore.request.preferences import PREFERENCE_KEYS, MaxPrice
from tests.routing.scenes import ask, error, faults, row

LISTS = ["order", "only", "ignore", "quantizations"]
FLAGS = ["allow_fallbacks", "require_parameters", "zdr", "enforce_distillable_text"]
OBJECTS = ["sort", "preferred_min_throughput", "preferred_max_latency", "max_price"]


def paths(block):
    with pytest.raises(InvalidPreferences) as caught:
        Preferences.parse(block)
    return [fault.path for fault in caught.value.faults]


# --- not given --------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [None, {}, *({key: None} for key in PREFERENCE_KEYS), *({key: []} for key in LISTS), *({key: {}} for key in OBJECTS)])
def test_null_and_an_empty_value_of_the_keys_own_type_mean_not_given(block):
    assert Preferences.parse(block) == Preferences()


@pytest.mark.parametrize("key", [*FLAGS, "data_collection", *OBJECTS])
def test_an_empty_list_of_another_type_is_a_fault(key):
    assert paths({key: []}) == [f"provider.{key}"]


@pytest.mark.parametrize("key", [*FLAGS, "data_collection", *LISTS])
def test_an_empty_object_of_another_type_is_a_fault(key):
    assert paths({key: {}}) == [f"provider.{key}"]


@pytest.mark.parametrize("key", PREFERENCE_KEYS)
def test_an_empty_string_is_a_fault_of_every_key(key):
    assert paths({key: ""}) == [f"provider.{key}"]


@pytest.mark.parametrize("block", [[], "", "x", 0, 1, True, False, [{}], 1.5])
def test_a_block_that_is_no_object_is_a_fault(block):
    assert faults(ask(row(), provider=block), "invalid_preferences") == ["provider"]


def test_defaults_are_those_of_the_table():
    given = Preferences()
    assert (given.allow_fallbacks, given.require_parameters, given.deny_data_collection, given.zdr) == (True, None, False, False)
    assert (given.sort, given.partition, given.max_price) == (None, "model", None)


# --- equality ---------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"order": ["DeepInfra/FP8"]}, {"order": ["deepinfra/fp8"]}),
        ({"quantizations": ["none"]}, {"quantizations": ["unknown"]}),
        ({"quantizations": ["fp8", "bf16"]}, {"quantizations": ["bf16", "fp8", "fp8"]}),
        ({"sort": "price"}, {"sort": {"by": "price"}}),
        ({"sort": {"by": "price", "partition": None}}, {"sort": {"by": "price", "partition": "model"}}),
        ({"preferred_max_latency": 2}, {"preferred_max_latency": {"p50": 2.0, "p90": None}}),
        ({"max_price": {"prompt": "1"}}, {"max_price": {"prompt": 1.0}}),
        ({"max_price": {"prompt": "1e0"}}, {"max_price": {"prompt": Decimal(1)}}),
        ({"data_collection": "allow"}, {}),
        ({"allow_fallbacks": True}, {}),
    ],
)
def test_equal_wishes_are_equal_and_hash_alike_whatever_their_spelling(one, other):
    first, second = Preferences.parse(one), Preferences.parse(other)
    assert first == second
    assert hash(first) == hash(second)


def test_require_parameters_false_is_not_the_same_as_not_given():
    assert Preferences.parse({"require_parameters": False}) != Preferences()


# --- faults -----------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", FLAGS)
@pytest.mark.parametrize("value", [0, 1, "true", 1.0, [True], {}])
def test_a_flag_is_true_or_false_and_nothing_else(key, value):
    assert paths({key: value}) == [f"provider.{key}"]


@pytest.mark.parametrize("key", LISTS)
@pytest.mark.parametrize("value", ["deepinfra", "fp8", 7, True, {"a": 1}])
def test_a_string_where_a_list_is_expected_is_a_fault_and_no_list_of_letters(key, value):
    assert paths({key: value}) == [f"provider.{key}"]


@pytest.mark.parametrize("key", ["order", "only", "ignore"])
@pytest.mark.parametrize("slug", ["", " ", "a b", "a@b", "a#b", None, 7, True, ["a"], "x" * 257, "\ud800", "a\x00"])
def test_a_bad_slug_is_named_by_its_place(key, slug):
    assert paths({key: ["ok", slug]}) == [f"provider.{key}[1]"]


@pytest.mark.parametrize("level", ["FP8", "fp7", "", "None", None, 8, True, ["fp8"]])
def test_quantization_levels_are_exact_and_lower_case(level):
    assert paths({"quantizations": ["fp8", level]}) == ["provider.quantizations[1]"]


@pytest.mark.parametrize("value", ["Deny", "DENY", "none", True, False, 0, ["deny"]])
def test_data_collection_is_allow_or_deny(value):
    assert paths({"data_collection": value}) == ["provider.data_collection"]


@pytest.mark.parametrize("value", ["speed", "Price", "", True, 0, ["price"], 1.5])
def test_sort_is_one_of_three_words_or_an_object(value):
    assert paths({"sort": value}) == ["provider.sort"]


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"by": "speed"}, "by"),
        ({"by": ["price"]}, "by"),
        ({"partition": "models"}, "partition"),
        ({"partition": True}, "partition"),
        ({"by": "price", "order": "asc"}, "order"),
    ],
)
def test_a_bad_part_of_sort_is_named(value, path):
    assert paths({"sort": value}) == [f"provider.sort.{path}"]


@pytest.mark.parametrize("key", ["preferred_min_throughput", "preferred_max_latency"])
@pytest.mark.parametrize("value", [-1, -0.001, math.nan, math.inf, -math.inf, True, "2", 2**63])
def test_a_cutoff_is_a_finite_number_that_is_not_negative(key, value):
    assert paths({key: value}) == [f"provider.{key}"]
    assert paths({key: {"p90": value}}) == [f"provider.{key}.p90"]


@pytest.mark.parametrize("key", ["preferred_min_throughput", "preferred_max_latency"])
@pytest.mark.parametrize("percentile", ["p95", "p999", "P50", "50", "avg"])
def test_a_percentile_that_is_not_kept_is_a_fault_even_when_null(key, percentile):
    assert paths({key: {percentile: 2}}) == [f"provider.{key}.{percentile}"]


@pytest.mark.parametrize("part", ["prompt", "completion", "request", "image"])
@pytest.mark.parametrize(
    "value", [-1, "-1", math.nan, math.inf, "NaN", "Infinity", "", " 1", "1 ", "1_0", "٣", "１", "0x1", "1e", "e5", "1,5", "--1", "+1", True, [], {}, "1\n"]
)
def test_a_price_limit_is_a_plain_decimal_that_is_not_negative(part, value):
    assert paths({"max_price": {part: value}}) == [f"provider.max_price.{part}"]


@pytest.mark.parametrize("value", [1, "1", 1.5, "1.5", "0", 0, "1e-3", "1E3", "1e+3", ".5", "5.", Decimal("1.5"), 1e300, 1e-300, "1e-300", "1e300"])
def test_a_price_limit_may_be_a_number_or_decimal_text(value):
    assert Preferences.parse({"max_price": {"prompt": value}}).max_price is not None


def test_a_price_limit_that_has_no_price_to_limit_is_a_fault():
    assert paths({"max_price": {"audio": 1}}) == ["provider.max_price.audio"]
    assert paths({"max_price": 5}) == ["provider.max_price"]
    assert paths({"max_price": "5"}) == ["provider.max_price"]


def test_price_limits_are_exact_in_femtodollars_a_unit():
    limits = Preferences.parse({"max_price": {"prompt": "0.1", "completion": 0.3, "request": "0.000000000000001", "image": "0.0000000000000019"}}).max_price
    assert limits == MaxPrice(prompt=100_000_000, completion=300_000_000, request=1, image=1)


def test_an_unknown_key_is_a_fault_even_when_null():
    assert paths({"zrd": None}) == ["provider.zrd"]


def test_an_unknown_key_that_is_a_misspelt_one_is_told_the_right_one():
    assert "did you mean 'zdr'?" in error(ask(row(), provider={"zrd": True}), "invalid_preferences")["message"]


@pytest.mark.parametrize("key", ["response_format", "model", "messages", "temperature", "tools", "max_tokens", "session_id", "models"])
def test_a_key_that_belongs_beside_the_block_is_told_so(key):
    message = error(ask(row(), provider={key: "x"}), "invalid_preferences")["message"]
    assert f"provider.{key}: 'x' is not" in message
    assert "belongs beside" in message


def test_all_faults_of_a_block_come_in_one_raise_in_the_blocks_order():
    block = {
        "sort": "speed", "order": ["ok", 7, ""], "max_price": {"prompt": -1, "audio": 1}, "preferred_max_latency": {"p95": 1, "p90": -1},
        "zdr": 1, "quantizations": ["fp8", "fp9"], "data_collection": "no", "extra": 1,
    }  # fmt: skip
    expected = [
        "provider.sort", "provider.order[1]", "provider.order[2]", "provider.max_price.prompt", "provider.max_price.audio",
        "provider.preferred_max_latency.p95", "provider.preferred_max_latency.p90", "provider.zdr", "provider.quantizations[1]",
        "provider.data_collection", "provider.extra",
    ]  # fmt: skip
    assert paths(block) == expected
    assert faults(ask(row(), provider=block), "invalid_preferences") == expected


def test_an_error_says_how_many_faults_there_are_and_shows_the_first_five():
    body = error(ask(row(), provider={f"key{place}": 1 for place in range(8)}), "invalid_preferences")
    assert body["message"].startswith("8 faults in the provider block: provider.key0: 1 is not a key of the provider block")
    assert body["message"].endswith("; and 3 more")
    assert len(body["metadata"]["faults"]) == 8


@pytest.mark.parametrize("key", [1, None, True, (1, 2), 1.5, b"x", 10**5000], ids=["1", "None", "True", "tuple", "1.5", "bytes", "huge"])
@pytest.mark.parametrize("block", [lambda key: {key: 1}, *(lambda key, part=part: {part: {key: 1}} for part in OBJECTS)], ids=["block", *OBJECTS])
def test_a_key_that_is_no_text_is_a_fault_with_a_path_of_text(key, block):
    body = error(ask(row(), provider=block(key)), "invalid_preferences")
    assert body["param"].startswith("provider.")


def test_one_fault_is_told_in_the_singular_and_five_without_more():
    assert error(ask(row(), provider={"zdr": 1}), "invalid_preferences")["message"].startswith("1 fault in the provider block: ")
    message = error(ask(row(), provider={f"key{place}": 1 for place in range(5)}), "invalid_preferences")["message"]
    assert message.startswith("5 faults in the provider block: ")
    assert "more" not in message
