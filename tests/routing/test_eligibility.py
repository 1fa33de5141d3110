"""Every hard filter: what it keeps, what it removes, on both sides of its boundary, and in which words."""

from __future__ import annotations

from itertools import combinations

import pytest

from routecore import NoEligibleEndpoint
from routecore.routing.rules import RULES
from tests.routing.scenes import ask, details, error, plan, rejected, row, slugs

ORDER = [
    "disabled", "api", "account.only", "account.ignore", "account.data_collection", "account.training", "account.zdr", "only", "ignore", "service_tier", "data_collection", "zdr",
    "enforce_distillable_text", "quantizations", "context_length", "max_tokens", "tools", "modality", "require_parameters", "max_price", "byok_only", "affinity",
    "fallbacks_disabled",
]  # fmt: skip

GOOD = {
    "supported_parameters": ["tools", "tool_choice", "max_tokens", "seed"], "input_modalities": ["text", "image"], "data_policy": {"trains": False, "retains": False},
    "distillable": True, "quantization": "fp8", "context_length": 100, "max_output_tokens": 50, "max_prompt_tokens": 60,
}  # fmt: skip
"""A row that passes every rule of ``STRICT``."""

STRICT = {
    "provider": {
        "order": ["good"], "allow_fallbacks": False, "only": ["good", "sibling"], "ignore": ["bad"], "data_collection": "deny", "zdr": True,
        "enforce_distillable_text": True, "quantizations": ["fp8"], "require_parameters": True, "max_price": {"prompt": 1, "completion": 2},
    },
    "body": {"max_tokens": 50, "tools": [{}], "seed": 7, "messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
    "context": {
        "api": "chat", "affinity": "a/b@good#shared", "prompt_tokens": 50, "byok_only": ["bad"],
        "account": {"only": ["good", "sibling"], "ignore": ["bad"], "data_collection": "deny", "deny_training": True, "zdr": True},
    },
}  # fmt: skip
"""A request that asks for everything at once."""

BAD = row(
    "bad",
    price=(2, 3),
    disabled=True,
    apis=["rerank"],
    tier="flex",
    context_length=99,
    max_output_tokens=49,
    max_prompt_tokens=49,
    data_policy={"trains": True, "retains": True},
)


def kept(*rows, **parts):
    """Return the slugs of the endpoints that stay, and the rules of those that go."""
    answer = ask(*rows, **parts)
    return ([] if "error" in answer else sorted(set(slugs(answer)))), rejected(answer)


# --- the table --------------------------------------------------------------------------------------------------------------------------------


def test_the_rules_stand_in_the_documented_order():
    assert [rule.name for rule in RULES] == ORDER


def test_an_endpoint_lists_every_rule_that_it_fails_in_the_order_of_the_table():
    assert kept(row("good", **GOOD), BAD, **STRICT) == (["good"], {"bad": ORDER})


def test_every_reason_has_words_of_its_own():
    found = dict(zip(ORDER, details(ask(row("good", **GOOD), BAD, **STRICT))["bad"], strict=True))
    assert found == {
        "disabled": "the catalog disables this endpoint",
        "api": "offers [rerank], not chat",
        "account.only": "bad not in [good, sibling]",
        "account.ignore": "bad in [bad]",
        "account.data_collection": "trains on prompts and retains prompts",
        "account.training": "trains on prompts",
        "account.zdr": "retains prompts",
        "only": "bad not in [good, sibling]",
        "ignore": "bad in [bad]",
        "service_tier": "tier flex, which the request does not ask for",
        "data_collection": "trains on prompts and retains prompts",
        "zdr": "retains prompts",
        "enforce_distillable_text": "the author is not known to allow distillation",
        "quantizations": "unknown not in [fp8]",
        "context_length": "prompt 50 + max_tokens 50 > context_length 99 tokens; prompt 50 > max_prompt_tokens 49 tokens",
        "max_tokens": "max_tokens 50 > max_output_tokens 49 tokens",
        "tools": "does not support tools",
        "modality": "does not accept image",
        "require_parameters": "does not support seed, max_tokens",
        "max_price": "prompt 2.00 > 1.00 USD/Mtok; completion 3.00 > 2.00 USD/Mtok",
        "byok_only": "bad takes the caller's own keys only, and no key matches",
        "affinity": "the earlier response was made by good with shared capacity",
        "fallbacks_disabled": "bad not in order [good], and fallbacks are off",
    }


SPOILS = {
    "disabled": {"disabled": True},
    "enforce_distillable_text": {"distillable": False},
    "quantizations": {"quantization": "fp16"},
    "context_length": {"context_length": 99},
    "max_tokens": {"max_output_tokens": 49},
    "tools": {"supported_parameters": ["seed", "max_tokens"]},
    "modality": {"input_modalities": ["text"]},
    "require_parameters": {"supported_parameters": ["tools", "max_tokens"]},
    "max_price": {"price": (1.1, 2)},
}


@pytest.mark.parametrize("rule", SPOILS)
def test_a_row_with_one_fault_fails_that_rule_alone(rule):
    parts = {**STRICT, "provider": {**STRICT["provider"], "order": ["good", "sibling"]}, "context": {**STRICT["context"], "affinity": None}}
    assert kept(row("good", **GOOD), row("sibling", **{**GOOD, **SPOILS[rule]}), **parts) == (["good"], {"sibling": [rule]})


def test_nobody_fails_a_rule_that_was_not_asked_for():
    assert kept({**BAD, "disabled": False, "tier": None}) == (["bad"], {})


# --- slugs ------------------------------------------------------------------------------------------------------------------------------------

FOUR = [row("p"), row("p/fp8"), row("p/fp4"), row("q/fp8")]


@pytest.mark.parametrize(
    ("names", "matched"),
    [
        (["p"], {"p", "p/fp8", "p/fp4"}),
        (["P"], {"p", "p/fp8", "p/fp4"}),
        (["p/fp8"], {"p/fp8"}),
        (["P/FP8"], {"p/fp8"}),
        (["q"], {"q/fp8"}),
        (["fp8"], set()),
        (["p/"], set()),
        (["p/f"], set()),
        (["p/fp8", "q"], {"p/fp8", "q/fp8"}),
    ],
)
def test_a_provider_matches_all_its_endpoints_and_a_variant_itself_alone(names, matched):
    every = {"p", "p/fp8", "p/fp4", "q/fp8"}
    for where in ("provider", "account"):
        asks = (
            (lambda key, names=names: {"provider": {key: names}}) if where == "provider" else (lambda key, names=names: {"context": {"account": {key: names}}})
        )
        prefix = "" if where == "provider" else "account."
        assert kept(*FOUR, **asks("only")) == (sorted(matched), {slug: [f"{prefix}only"] for slug in every - matched})
        assert kept(*FOUR, **asks("ignore")) == (sorted(every - matched), {slug: [f"{prefix}ignore"] for slug in matched})


def test_a_numbered_twin_is_matched_by_its_whole_slug_and_by_its_provider():
    rows = [row("p/fp8"), row("p/fp8#2")]
    assert kept(*rows, provider={"only": ["p/fp8"]})[0] == ["p/fp8"]
    assert kept(*rows, provider={"only": ["p/fp8#2"]})[0] == ["p/fp8#2"]
    assert kept(*rows, provider={"only": ["p"]})[0] == ["p/fp8", "p/fp8#2"]


def test_an_endpoint_in_only_and_in_ignore_is_removed():
    assert kept(row("p"), row("q"), provider={"only": ["p", "q"], "ignore": ["p"]}) == (["q"], {"p": ["ignore"]})


def test_a_request_narrows_the_account_and_never_widens_it():
    assert kept(row("p"), row("q"), row("r"), provider={"only": ["p", "q"]}, context={"account": {"only": ["q", "r"]}}) == (
        ["q"],
        {"p": ["account.only"], "r": ["only"]},
    )


# --- data policy ------------------------------------------------------------------------------------------------------------------------------

POLICIES = {
    "neither": {"trains": False, "retains": False},
    "retains": {"trains": False, "retains": True},
    "trains": {"trains": True, "retains": False},
    "both": {"trains": True, "retains": True},
    "unknown": None,
    "no-retention": {"retains": False},
    "no-training": {"trains": False},
}


@pytest.mark.parametrize(
    ("parts", "rule", "stay"),
    [
        ({"provider": {"data_collection": "deny"}}, "data_collection", {"neither", "no-retention"}),
        (
            {"provider": {"data_collection": "deny"}, "settings": {"deny_means": "training"}},
            "data_collection",
            {"neither", "no-retention", "retains", "no-training"},
        ),
        ({"provider": {"data_collection": "allow"}}, "data_collection", set(POLICIES)),
        ({"provider": {"zdr": True}}, "zdr", {"neither", "trains", "no-retention"}),
        ({"provider": {"zdr": False}}, "zdr", set(POLICIES)),
        ({"context": {"account": {"data_collection": "deny"}}}, "account.data_collection", {"neither", "no-retention"}),
        (
            {"context": {"account": {"data_collection": "deny"}}, "settings": {"deny_means": "training"}},
            "account.data_collection",
            {"neither", "no-retention", "retains", "no-training"},
        ),
        ({"context": {"account": {"deny_training": True}}}, "account.training", {"neither", "no-retention", "retains", "no-training"}),
        ({"context": {"account": {"zdr": True}}}, "account.zdr", {"neither", "trains", "no-retention"}),
        ({"context": {"account": {"zdr": False, "deny_training": False, "data_collection": "allow"}}}, "account.zdr", set(POLICIES)),
    ],
)
def test_each_policy_rule_reads_training_and_retention_as_documented(parts, rule, stay):
    rows = [row(slug, data_policy=policy) for slug, policy in POLICIES.items()]
    assert kept(*rows, **parts) == (sorted(stay), {slug: [rule] for slug in POLICIES if slug not in stay})


def test_the_words_tell_a_known_policy_from_an_unknown_one():
    rows = [row(slug, data_policy=policy) for slug, policy in POLICIES.items()]
    found = details(ask(*rows, provider={"data_collection": "deny", "zdr": True}))
    assert found["both"] == ["trains on prompts and retains prompts", "retains prompts"]
    assert found["trains"] == ["trains on prompts"]
    assert "unknown" in found["unknown"][0]
    assert "unknown" in found["unknown"][1]


# --- limits -----------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "prompt", "output", "rules"),
    [
        ({"context_length": 100}, 60, 40, []),
        ({"context_length": 100}, 60, 41, ["context_length"]),
        ({"context_length": 100}, 61, 40, ["context_length"]),
        ({"context_length": 100}, 100, None, []),
        ({"context_length": 100}, 101, None, ["context_length"]),
        ({"context_length": 100}, None, 100, []),
        ({"context_length": 100}, None, 101, ["context_length"]),
        ({"context_length": 100}, None, None, []),
        ({"context_length": 0}, None, None, []),
        ({"context_length": 0}, 0, 0, []),
        ({"context_length": 0}, 1, 0, ["context_length"]),
        ({"max_prompt_tokens": 50}, 50, 1000, []),
        ({"max_prompt_tokens": 50}, 51, None, ["context_length"]),
        ({"max_prompt_tokens": 0}, None, 5, []),
        ({"max_output_tokens": 50}, None, 50, []),
        ({"max_output_tokens": 50}, None, 51, ["max_tokens"]),
        ({"max_output_tokens": 0}, 10**9, 0, []),
        ({"max_output_tokens": 0}, None, 1, ["max_tokens"]),
        ({"context_length": 10, "max_output_tokens": 5}, 1, 11, ["context_length", "max_tokens"]),
        ({}, 2**63 - 1, 2**63 - 1, []),
        ({"context_length": 2**63 - 1}, 2**63 - 1, 1, ["context_length"]),
    ],
)
def test_a_request_that_fits_exactly_is_kept_and_one_token_more_is_not(limits, prompt, output, rules):
    found = kept(row("p"), row("q", **limits), context={"prompt_tokens": prompt}, body={"max_tokens": output})
    assert found == ((["p"], {"q": rules}) if rules else (["p", "q"], {}))


# --- tools, modality, parameters --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [{"tools": [{}]}, {"tool_choice": "auto"}, {"tools": None, "tool_choice": {"type": "any"}}])
def test_tools_or_tool_choice_need_tools_among_the_supported_parameters(body):
    rows = [row("p", supported_parameters=["tools"]), row("q", supported_parameters=["tool_choice"]), row("r")]
    assert kept(*rows, body=body) == (["p"], {"q": ["tools"], "r": ["tools"]})


def test_tools_are_hard_whatever_require_parameters_says():
    assert kept(row("p", supported_parameters=["tools"]), row("q"), body={"tools": [{}]}, provider={"require_parameters": False})[1] == {"q": ["tools"]}


def test_every_modality_of_the_request_must_be_accepted():
    rows = [row("p", input_modalities=["text", "image", "audio"]), row("q", input_modalities=["text", "image"]), row("r")]
    content = [{"type": "image_url"}, {"type": "input_audio"}]
    answer = ask(*rows, body={"messages": [{"role": "user", "content": content}]})
    assert (slugs(answer), rejected(answer)) == (["p"], {"q": ["modality"], "r": ["modality"]})
    assert details(answer) == {"q": ["does not accept audio"], "r": ["does not accept audio, image"]}


def test_text_asks_for_no_modality():
    assert kept(row("p", input_modalities=["image"]), body={"messages": [{"role": "user", "content": "x"}]})[0] == ["p"]


def test_files_work_on_any_model_unless_the_context_says_native_files():
    rows = [row("p", input_modalities=["text", "file"]), row("q")]
    body = {"messages": [{"role": "user", "content": [{"type": "file"}]}]}
    assert kept(*rows, body=body) == (["p", "q"], {})
    assert kept(*rows, body=body, context={"native_files": False}) == (["p", "q"], {})
    assert kept(*rows, body=body, context={"native_files": True}) == (["p"], {"q": ["modality"]})


def test_require_parameters_removes_who_lacks_any_parameter_only_when_true():
    rows = [row("p", supported_parameters=["seed", "stop"]), row("q", supported_parameters=["seed"]), row("r")]
    body = {"seed": 1, "stop_sequences": ["x"]}
    assert kept(*rows, body=body, provider={"require_parameters": True}) == (["p"], {"q": ["require_parameters"], "r": ["require_parameters"]})
    assert kept(*rows, body=body, provider={"require_parameters": False}) == (["p", "q", "r"], {})
    assert kept(*rows, body=body) == (["p", "q", "r"], {})
    assert kept(*rows, provider={"require_parameters": True}) == (["p", "q", "r"], {})


def test_structured_outputs_and_response_format_are_two_parameters():
    rows = [row("p", supported_parameters=["response_format"]), row("q", supported_parameters=["structured_outputs"])]
    parts = {"provider": {"require_parameters": True}}
    assert kept(*rows, body={"response_format": {"type": "json_schema"}}, **parts)[0] == ["q"]
    assert kept(*rows, body={"response_format": {"type": "json_object"}}, **parts)[0] == ["p"]


# --- quantizations ----------------------------------------------------------------------------------------------------------------------------


def test_quantizations_keep_only_the_levels_named_and_none_is_unknown():
    rows = [row("p", quantization="fp8"), row("q", quantization="bf16"), row("r"), row("s", quantization="none")]
    assert kept(*rows, provider={"quantizations": ["fp8", "bf16"]})[0] == ["p", "q"]
    assert kept(*rows, provider={"quantizations": ["unknown"]})[0] == ["r", "s"]
    assert kept(*rows, provider={"quantizations": ["none"]})[0] == ["r", "s"]
    assert kept(*rows, provider={"quantizations": []})[0] == ["p", "q", "r", "s"]


# --- max_price --------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["prompt", "completion"])
@pytest.mark.parametrize(("price", "stays"), [("0.999999999", True), ("1", True), ("1.000000001", False), (0, True)])
def test_price_exactly_at_max_price_is_kept(part, price, stays):
    prices = (price, 0) if part == "prompt" else (0, price)
    assert kept(row("ok", price=0), row("p", price=prices), provider={"max_price": {part: 1}})[1] == ({} if stays else {"p": ["max_price"]})


@pytest.mark.parametrize("part", ["request", "image"])
@pytest.mark.parametrize(("price", "stays"), [("0.01", True), ("0.010000000000001", False), ("0", True), (None, True)])
def test_a_missing_price_per_request_or_image_is_none_and_passes(part, price, stays):
    rows = [row("ok"), row("p", pricing={part: price})]
    assert kept(*rows, provider={"max_price": {part: "0.01"}})[1] == ({} if stays else {"p": ["max_price"]})


@pytest.mark.parametrize(("price", "limit", "stays"), [
    (None, {"prompt": 100}, False), (None, {"completion": 100}, False), (None, {"request": 100}, True), (None, {"image": 0}, True),
    ((None, 1), {"prompt": 100}, False), ((None, 1), {"completion": 100}, True), ((1, None), {"completion": 100}, False), ((1, None), {"prompt": 100}, True),
])  # fmt: skip
def test_an_unknown_prompt_or_completion_price_fails_a_limit_on_it(price, limit, stays):
    assert kept(row("ok"), row("p", price=price), provider={"max_price": limit})[1] == ({} if stays else {"p": ["max_price"]})


def test_every_limit_counts():
    rows = [row("p", price=(1, 1)), row("q", price=(1, 2)), row("r", price=(2, 1))]
    assert kept(*rows, provider={"max_price": {"prompt": 1, "completion": 1}})[0] == ["p"]


def test_a_limit_of_zero_is_a_limit():
    assert kept(row("free", price=0), row("p"), provider={"max_price": {"prompt": 0}}) == (["free"], {"p": ["max_price"]})


def test_list_prices_are_compared_without_discount():
    discounted = row("p", price=(2, 2), pricing={"discount": 0.9})
    assert kept(row("ok"), discounted, provider={"max_price": {"prompt": 1}})[1] == {"p": ["max_price"]}


def test_a_price_limit_holds_for_keys_of_ones_own_too():
    assert kept(row("ok"), row("p", price=5), provider={"max_price": {"prompt": 1}}, context={"byok": ["p"]})[1] == {"p": ["max_price"]}


def test_the_words_give_price_and_limit_in_usd_per_million_tokens():
    rows = [
        row("ok", price=(0, 0)),
        row("p", price=("9", "0.0000001")),
        row("q", price=(None, 0)),
        row("r", price=0, pricing={"request": "0.02", "image": "0.5"}),
    ]
    found = details(ask(*rows, provider={"max_price": {"prompt": "4.25", "completion": 0, "request": "0.01", "image": "0.1"}}))
    assert found["p"] == ["prompt 9.00 > 4.25 USD/Mtok; completion 0.0000001 > 0.00 USD/Mtok"]
    assert found["q"] == ["prompt price unknown, limit 4.25 USD/Mtok"]
    assert found["r"] == ["request 0.02 > 0.01 USD/request; image 0.50 > 0.10 USD/image"]


# --- byok_only, fallbacks ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "gone"),
    [
        ([], {"p/x", "p/y"}),
        (["p"], set()),
        (["p/x"], {"p/y"}),
        ([{"slug": "p", "models": ["a/b"]}], set()),
        ([{"slug": "p", "models": ["c/d"]}], {"p/x", "p/y"}),
        (["q"], {"p/x", "p/y"}),
    ],
)
def test_a_provider_that_takes_own_keys_only_needs_one_that_matches(keys, gone):
    found = kept(row("p/x"), row("p/y"), row("q"), context={"byok_only": ["P"], "byok": keys})
    assert found[1] == {slug: ["byok_only"] for slug in gone}


def test_byok_only_names_providers_and_no_variants():
    assert kept(row("p/x"), row("q"), context={"byok_only": ["p/x"]}) == (["p/x", "q"], {})


def test_who_is_not_in_order_is_removed_only_while_fallbacks_are_off():
    assert kept(*FOUR, provider={"order": ["q", "p/fp4"], "allow_fallbacks": False}) == (
        ["p/fp4", "q/fp8"],
        {"p": ["fallbacks_disabled"], "p/fp8": ["fallbacks_disabled"]},
    )
    assert kept(*FOUR, provider={"order": ["q"], "allow_fallbacks": True})[1] == {}
    assert kept(*FOUR, provider={"order": ["q"]})[1] == {}
    assert kept(*FOUR, provider={"allow_fallbacks": False})[1] == {}
    assert kept(*FOUR, provider={"order": [], "allow_fallbacks": False})[1] == {}


# --- funnel and rejections --------------------------------------------------------------------------------------------------------------------


def test_the_funnel_counts_each_endpoint_at_the_first_rule_that_it_fails():
    rows = [row("a", disabled=True), row("b", data_policy={"retains": False}), row("c"), row("d", price=9, data_policy={"retains": False}), row("e", "c/d")]
    answer = ask(*rows, provider={"zdr": True, "max_price": {"prompt": 1}})
    assert answer["funnel"] == [{"rule": "catalog", "left": 4}, {"rule": "disabled", "left": 3}, {"rule": "zdr", "left": 2}, {"rule": "max_price", "left": 1}]
    assert rejected(answer) == {"a": ["disabled", "zdr"], "c": ["zdr"], "d": ["max_price"]}


def test_a_rule_that_removes_nobody_new_is_not_in_the_funnel():
    rows = [row("p"), row("q", quantization="fp8", disabled=True)]
    answer = ask(*rows, provider={"quantizations": ["unknown"]})
    assert answer["funnel"] == [{"rule": "catalog", "left": 2}, {"rule": "disabled", "left": 1}]
    assert rejected(answer) == {"q": ["disabled", "quantizations"]}


def test_rejections_stand_in_the_order_of_the_catalog():
    rows = [row("z"), row("ok", distillable=True), row("a"), row("m")]
    answer = ask(*rows, provider={"enforce_distillable_text": True})
    assert [one["endpoint"] for one in answer["rejections"]] == ["a/b@z", "a/b@a", "a/b@m"]


def test_the_funnel_is_that_of_the_asked_models():
    answer = ask(row("p"), row("p", "c/d"), row("q", "c/d"), row("p", "e/f"), model=None, body={"models": ["c/d", "a/b"]})
    assert answer["funnel"] == [{"rule": "catalog", "left": 3}]


# --- nothing left -----------------------------------------------------------------------------------------------------------------------------


def relaxations(*rows, **parts):
    return error(ask(*rows, **parts), "no_eligible_endpoint")["metadata"]["relaxations"]


def test_relaxations_are_every_minimal_set_of_rules_whose_lifting_would_help():
    rows = [row("p", price=9), row("q", price=9), row("r", data_policy={"retains": False}, price=9)]
    parts = {"provider": {"zdr": True, "only": ["p", "x"], "max_price": {"prompt": 1}}}
    assert relaxations(*rows, **parts) == [["only", "max_price"], ["zdr", "max_price"]]


def test_a_set_that_holds_a_smaller_one_is_not_minimal():
    rows = [row("p"), row("q", price=9)]
    assert relaxations(*rows, provider={"zdr": True, "max_price": {"prompt": 1}}) == [["zdr"]]


def test_relaxations_come_by_size_and_then_by_their_sorted_names_and_name_rules_in_the_order_of_the_table():
    rows = [
        row("a", data_policy={"retains": False}, price=9, distillable=True),
        row("b", distillable=True),
        row("c", data_policy={"retains": False}, quantization="fp8", context_length=1),
    ]
    parts = {
        "provider": {"zdr": True, "max_price": {"prompt": 1}, "enforce_distillable_text": True, "quantizations": ["unknown"]},
        "context": {"prompt_tokens": 5},
    }
    assert relaxations(*rows, **parts) == [["max_price"], ["zdr"], ["enforce_distillable_text", "quantizations", "context_length"]]


def test_at_most_five_relaxations_are_told():
    singles = {"only": {}, "zdr": {}, "enforce_distillable_text": {}, "quantizations": {}, "max_price": {}, "ignore": {}}
    clean = {"data_policy": {"retains": False}, "distillable": True, "quantization": "fp8", "price": 1}
    spoil = {
        "zdr": {"data_policy": None},
        "enforce_distillable_text": {"distillable": False},
        "quantizations": {"quantization": "fp4"},
        "max_price": {"price": 9},
    }
    rows = [row(f"{rule[:3]}/{place}", **{**clean, **spoil.get(rule, {})}) for place, rule in enumerate(singles)]
    named = [one["slug"] for one, rule in zip(rows, singles, strict=True) if rule != "only"]
    parts = {"zdr": True, "enforce_distillable_text": True, "quantizations": ["fp8"], "max_price": {"prompt": 1}, "ignore": ["ign"], "only": named}
    found = relaxations(*rows, provider=parts)
    assert found == [[rule] for rule in sorted(singles)][:5]


@pytest.mark.parametrize(
    ("spoiled", "context"),
    [({"disabled": True}, {}), ({}, {"account": {"zdr": True}}), ({}, {"account": {"only": ["x"]}}), ({}, {"account": {"deny_training": True}})],
)
def test_what_a_request_cannot_lift_offers_no_relaxation_and_the_message_says_so(spoiled, context):
    body = error(ask(row("p", price=9, **spoiled), provider={"max_price": {"prompt": 1}}, context=context), "no_eligible_endpoint")
    assert body["metadata"]["relaxations"] == []
    assert "Nothing that the request could lift would help" in body["message"]


def test_the_message_tells_how_many_why_each_and_what_would_help():
    body = error(
        ask(
            row("p/fp8", quantization="fp8"), row("q", quantization="bf16", price=(9, 9)), provider={"quantizations": ["bf16"], "max_price": {"completion": 4}}
        ),
        "no_eligible_endpoint",
    )
    assert body["message"] == (
        "no eligible endpoint for 'a/b': 0 of 2 passed (p/fp8: quantizations: fp8 not in [bf16]; q: max_price: completion 9.00 > 4.00 USD/Mtok). "
        "Lifting 'max_price' or 'quantizations' would help."
    )
    assert body["param"] is None


def test_every_relaxation_really_makes_the_request_routable():
    lifts = {"zdr": False, "max_price": None, "only": None, "quantizations": None, "enforce_distillable_text": False}
    flaws = {"zdr": {}, "max_price": {"price": 9}, "quantizations": {"quantization": "fp4"}, "enforce_distillable_text": {"distillable": False}}
    block = {"zdr": True, "max_price": {"prompt": 1}, "quantizations": ["fp8"], "enforce_distillable_text": True}
    clean = {"data_policy": {"retains": False}, "distillable": True, "quantization": "fp8", "price": 1}
    for size in (1, 2, 3):
        for chosen in combinations(flaws, size):
            spoiled = {key: value for key, value in clean.items() if not ("zdr" in chosen and key == "data_policy")}
            for rule in chosen:
                spoiled.update(flaws[rule])
            (found,) = relaxations(row("p", **spoiled), provider=block)
            assert set(found) == set(chosen)
            assert slugs(ask(row("p", **spoiled), provider={**block, **{rule: lifts[rule] for rule in found}})) == ["p"]
            if size > 1:
                assert "error" in ask(row("p", **spoiled), provider={**block, **{rule: lifts[rule] for rule in found[1:]}})


def test_the_error_carries_funnel_and_rejections_too():
    with pytest.raises(NoEligibleEndpoint) as caught:
        plan(row("p"), row("q", disabled=True), provider={"zdr": True})
    assert caught.value.relaxations == (("zdr",),)
    assert caught.value.funnel == ({"rule": "catalog", "left": 2}, {"rule": "disabled", "left": 1}, {"rule": "zdr", "left": 0})
    assert [one["rules"] for one in caught.value.rejections] == [["zdr"], ["disabled", "zdr"]]


def test_a_long_list_of_slugs_is_not_repeated_for_every_endpoint():
    names = [f"provider-{place}" for place in range(10_000)]
    rows = [row(f"p{place}") for place in range(100)]
    body = error(ask(*rows, provider={"only": names}, context={"account": {"only": names}}), "no_eligible_endpoint")
    assert sum(len(detail) for one in body["metadata"]["rejections"] for detail in one["details"]) < 1_000_000


def test_what_is_missing_is_named_in_alphabetical_order():
    names = ["top_p", "seed", "stop", "logprobs", "min_p", "top_k", "logit_bias", "verbosity"]
    found = details(ask(row("ok", supported_parameters=names), row("p"), body=dict.fromkeys(names, 1), provider={"require_parameters": True}))
    assert found["p"] == [f"does not support {', '.join(sorted(names))}"]


def test_the_message_shows_the_first_four_rejections_and_counts_the_rest():
    for count, ending in ((4, ""), (5, "; and 1 more"), (9, "; and 5 more")):
        message = error(ask(*(row(f"p{place}") for place in range(count)), provider={"zdr": True}), "no_eligible_endpoint")["message"]
        assert f"0 of {count} passed (p0: zdr: " in message
        assert message.split("). Lifting")[0].endswith(f"p3: zdr: retention unknown, taken as retaining{ending}")
