"""Warnings: every code, where it points, and when it does not come."""

from __future__ import annotations

import pytest

from routecore.routing.warnings import WARNINGS
from tests.routing.scenes import ask, error, plan, row, warned


def words(answer):
    return {one["path"]: one["message"] for one in answer["warnings"]}


def test_the_codes_are_the_documented_ones():
    assert set(WARNINGS) == {"unmatched_slug", "unknown_model", "ignored_parameter", "rising_throughput", "models_as_string", "unknown_price", "display_name"}


def test_a_plan_without_anything_odd_has_no_warnings():
    assert warned(ask(row("p"), provider={"order": ["p"], "only": ["P"], "quantizations": ["unknown"]})) == []


# --- unmatched_slug ---------------------------------------------------------------------------------------------------------------------------


def test_each_slug_that_matches_no_endpoint_of_the_asked_models_is_warned_of():
    rows = [row("deepinfra/fp8"), row("novita"), row("azure", "c/d")]
    block = {"order": ["deepinfra", "azure", "Deepinfra/fp4"], "only": ["novita", "deepinfra/fp8", "zz"], "ignore": ["azure"]}
    answer = ask(*rows, provider=block)
    assert warned(answer) == [
        ("unmatched_slug", "provider.order[1]"), ("unmatched_slug", "provider.order[2]"), ("unmatched_slug", "provider.only[2]"), ("unmatched_slug", "provider.ignore[0]"),
    ]  # fmt: skip
    assert "did you mean 'deepinfra/fp8'?" in words(answer)["provider.order[2]"]
    assert "did you mean" not in words(answer)["provider.only[2]"]


def test_a_slug_of_an_ineligible_endpoint_matches():
    assert warned(ask(row("p"), row("q", disabled=True), provider={"order": ["q"]})) == []


def test_slugs_of_keys_and_accounts_are_not_warned_of():
    assert warned(ask(row("p"), context={"byok": ["zz"], "byok_only": ["yy"], "account": {"ignore": ["xx"]}})) == []


# --- unknown_model ----------------------------------------------------------------------------------------------------------------------------


def test_an_unknown_model_of_a_list_is_warned_of_with_near_names():
    answer = ask(row("p", "deepseek/deepseek-v3"), model="deepseek/deepseek-v4", body={"models": ["deepseek/deepseek-v3", "zz", "zz"]})
    assert warned(answer) == [("unknown_model", "model"), ("unknown_model", "models[1]")]
    assert "did you mean 'deepseek/deepseek-v3'?" in words(answer)["model"]
    assert "did you mean" not in words(answer)["models[1]"]


def test_if_no_model_is_known_it_is_an_error_with_near_names():
    body = error(ask(row("p", "deepseek/deepseek-v3"), model="deepseek/deepseek-v4", body={"models": ["zz"]}), "unknown_model")
    assert body["metadata"] == {"near": ["deepseek/deepseek-v3"]}
    assert "'deepseek/deepseek-v4', 'zz'" in body["message"]
    assert "did you mean 'deepseek/deepseek-v3'?" in body["message"]
    assert body["param"] == "model"


# --- ignored_parameter ------------------------------------------------------------------------------------------------------------------------


def test_a_parameter_that_the_first_attempt_will_ignore_is_warned_of_at_its_own_key():
    body = {
        "seed": 1,
        "stop_sequences": ["x"],
        "reasoning_effort": "low",
        "thinking": {"type": "enabled"},
        "text": {"format": {"type": "json_object"}},
        "temperature": 0,
    }
    answer = ask(row("p", supported_parameters=["temperature"]), body=body)
    assert {code for code, _ in warned(answer)} == {"ignored_parameter"}
    assert {path for _, path in warned(answer)} == {"seed", "stop_sequences", "reasoning_effort", "thinking", "text.format"}


@pytest.mark.parametrize("given", [True, False])
def test_who_says_what_is_required_is_not_warned(given):
    rows = [row("p", supported_parameters=["seed"])]
    assert warned(ask(*rows, body={"seed": 1}, provider={"require_parameters": given})) == []
    if not given:
        assert warned(ask(row("p"), body={"seed": 1}, provider={"require_parameters": given})) == []


def test_only_the_first_attempt_is_looked_at():
    assert warned(ask(row("p", supported_parameters=["seed"]), row("q"), body={"seed": 1})) == []


# --- unknown_price ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "path"), [(None, "endpoints[1].pricing"), ((1, None), "endpoints[1].pricing.completion"), ((None, 1), "endpoints[1].pricing.prompt")]
)
def test_an_endpoint_of_the_plan_without_an_expected_price_is_warned_of(price, path):
    assert warned(ask(row("p"), row("q", price=price))) == [("unknown_price", path)]


def test_an_endpoint_is_warned_of_once_whatever_its_attempts():
    assert warned(ask(row("q", price=None), context={"byok": ["q", {"slug": "q", "key_id": "k"}]})) == [("unknown_price", "endpoints[0].pricing")]


def test_an_ineligible_endpoint_without_a_price_is_not_warned_of():
    assert warned(ask(row("p"), row("q", price=None, disabled=True))) == []


def test_warnings_stand_in_a_fixed_order_with_code_path_and_message_each():
    answer = ask(
        row("p", price=None), model=None, body={"models": "a/b", "seed": 1}, provider={"order": ["zz"]}, stats={"a/b@p": {"throughput": {"p50": 1, "p75": 2}}}
    )
    assert [code for code, _ in warned(answer)] == ["models_as_string", "unmatched_slug", "rising_throughput", "ignored_parameter", "unknown_price"]
    assert all(set(one) == {"code", "path", "message"} and one["message"] for one in answer["warnings"])


def test_the_first_hundred_unmatched_slugs_are_warned_of_one_by_one_and_the_rest_together():
    answer = ask(row("p"), provider={"ignore": [f"deepinfra{place}" for place in range(10_000)]})
    assert [one["path"] for one in answer["warnings"]] == [*(f"provider.ignore[{place}]" for place in range(100)), "provider.ignore"]


def test_a_list_of_more_than_ten_thousand_entries_is_a_fault():
    found = error(ask(row("p"), provider={"order": ["p"] * 10_001}), "invalid_preferences")
    assert found["param"] == "provider.order"
    assert "<list of 10001>" in found["message"]
    assert "attempts" in ask(row("p"), provider={"order": ["p"] * 10_000})


def test_ignored_parameters_are_named_in_alphabetical_order():
    names = ["top_p", "seed", "stop", "logprobs", "min_p", "top_k", "logit_bias", "verbosity"]
    assert [path for _, path in warned(ask(row("p"), body=dict.fromkeys(names, 1)))] == sorted(names)
    why = plan(row("p"), row("q", supported_parameters=names), body=dict.fromkeys(names, 1)).why("a/b@p")
    assert why.reasons == (f"parameters: would ignore {', '.join(sorted(names))} (first: supports every parameter)",)
