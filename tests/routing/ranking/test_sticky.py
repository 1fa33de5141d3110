"""Sticky sessions: when a pin holds, and the first reason why it does not."""

from __future__ import annotations

import pytest

from tests.routing.scenes import ask, attempts, row, slugs

PIN = "a/b@pin"
CACHING = {"implicit_caching": True}
DEAR = {"settings": {"balance": {"price": 100}}}


def turn(pin=PIN, *, pinned=None, others=(), mode=None, **parts):
    """Ask with a pin on a dear endpoint that can cache, beside a cheap one: only a pin puts it first."""
    context = {"sticky": pin, **parts.pop("context", {})}
    settings = {**parts.pop("settings", DEAR["settings"]), **({} if mode is None else {"sticky": mode})}
    rows = [row("cheap", price="0.001"), row("pin", **{"price": 100, **CACHING, **(pinned or {})}), *others]
    return ask(*rows, context=context, settings=settings, **parts)


def status(answer):
    return answer["sticky"]["status"], answer["sticky"]["reason"]


# --- a hit ------------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pin", [PIN, "a/b@PIN", "a/b@pin#shared", "a/b@Pin#SHARED"])
def test_the_pinned_attempt_comes_first(pin):
    answer = turn(pin)
    assert (slugs(answer), status(answer)) == (["pin", "cheap"], ("hit", None))
    assert answer["attempts"][0]["probability"] == 1


@pytest.mark.parametrize("pinned", [CACHING, {"implicit_caching": False, "pricing": {"input_cache_read": "0.000001"}}])
def test_implicit_caching_or_a_cheaper_cache_read_price_is_being_able_to_cache(pinned):
    assert status(turn(pinned=pinned)) == ("hit", None)


def test_a_hit_stays_a_hit_when_a_threshold_moves_it_back():
    answer = turn(provider={"preferred_max_latency": 1}, stats={PIN: {"latency": {"p50": 2}}})
    assert (slugs(answer), status(answer)) == (["cheap", "pin"], ("hit", None))


@pytest.mark.parametrize(
    "block", [{"sort": {"partition": "model"}}, {"sort": {"partition": "none"}}, {"zdr": False}, {"max_price": {"prompt": 1000}}, {"order": []}, {"only": []}]
)
def test_preferences_that_choose_no_provider_leave_a_pin_alone(block):
    assert status(turn(provider=block)) == ("hit", None)


# --- whose attempt is pinned ------------------------------------------------------------------------------------------------------------------

KEYS = {"context": {"byok": [{"slug": "pin", "key_id": "K"}, {"slug": "cheap", "key_id": "C"}]}}


@pytest.mark.parametrize(
    ("pin", "first"),
    [("a/b@pin#byok:K", ["pin:K"]), ("a/b@pin#byok", ["pin:K"]), (PIN, ["pin:K"]), ("a/b@cheap#byok:C", ["cheap:C"])],
)
def test_a_pin_names_an_attempt(pin, first):
    answer = (
        turn(pin, others=[], **KEYS)
        if "cheap" not in pin
        else ask(row("cheap", **CACHING), row("pin", price="0.001"), context={**KEYS["context"], "sticky": pin}, **DEAR)
    )
    assert attempts(answer)[:1] == first
    assert status(answer) == ("hit", None)


def test_a_pin_on_shared_capacity_leads_shared_capacity_behind_own_keys():
    answer = turn("a/b@pin#shared", **KEYS)
    assert set(attempts(answer)[:2]) == {"pin:K", "cheap:C"}
    assert attempts(answer)[2] == "pin"
    assert status(answer) == ("hit", None)


def test_a_pin_on_a_credential_that_the_request_does_not_have_is_ineligible():
    assert status(turn("a/b@pin#byok")) == ("skipped", "ineligible")
    assert status(turn("a/b@pin#byok:other", **KEYS)) == ("skipped", "ineligible")
    assert status(turn("a/b@pin#byok:k", **KEYS)) == ("skipped", "ineligible")
    assert status(turn("a/b@pin#shared", context={"byok": ["pin"], "byok_only": ["pin"]})) == ("skipped", "ineligible")


# --- a pin that does not apply ----------------------------------------------------------------------------------------------------------------


def test_no_pin_is_none():
    assert status(turn(None)) == ("none", None)


def test_off_is_none():
    answer = turn(mode="off")
    assert (status(answer), slugs(answer)[0]) == (("none", None), "cheap")


EXPLICIT = [{"order": ["pin"]}, {"order": ["zz"]}, {"only": ["pin", "cheap"]}, {"ignore": ["zz"]}, {"sort": "price"}, {"sort": {"by": "latency"}}]


@pytest.mark.parametrize("block", EXPLICIT)
def test_preferences_of_ones_own_skip_the_pin(block):
    assert status(turn(provider=block)) == ("skipped", "explicit_preferences")
    assert status(turn(provider=block, mode="economic")) == ("skipped", "explicit_preferences")


@pytest.mark.parametrize("suffix", [":floor", ":nitro"])
@pytest.mark.parametrize("mode", ["documented", "compatible", "economic"])
def test_floor_and_nitro_are_explicit(suffix, mode):
    assert status(turn(model=f"a/b{suffix}", mode=mode)) == ("skipped", "explicit_preferences")


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ({"only": ["pin", "cheap"]}, ("hit", None)),
        ({"ignore": ["zz"]}, ("hit", None)),
        ({"only": ["cheap"]}, ("skipped", "ineligible")),
        ({"ignore": ["pin"]}, ("skipped", "ineligible")),
        ({"order": ["pin"]}, ("skipped", "explicit_preferences")),
        ({"sort": "price"}, ("skipped", "explicit_preferences")),
        ({"only": ["pin"], "order": ["pin"]}, ("skipped", "explicit_preferences")),
    ],
)
def test_compatible_keeps_a_pin_inside_what_only_and_ignore_allow(block, expected):
    assert status(turn(provider=block, mode="compatible")) == expected


@pytest.mark.parametrize("pin", ["a/b@gone", "x/y@pin", "pin", "", "a/b", "a/b@pin#x", "a/b@pin#byok:", "\ud800"])
def test_an_unknown_endpoint_or_attempt_is_ineligible(pin):
    assert status(turn(pin)) == ("skipped", "ineligible")


def test_a_pin_on_an_endpoint_that_a_rule_removes_is_ineligible():
    assert status(turn(provider={"max_price": {"prompt": 1}})) == ("skipped", "ineligible")
    assert status(turn(pinned={"disabled": True})) == ("skipped", "ineligible")
    assert status(turn(context={"account": {"ignore": ["pin"]}})) == ("skipped", "ineligible")


def test_a_pin_on_a_model_that_is_not_asked_is_ineligible():
    assert status(turn("c/d@pin", others=[row("pin", "c/d", **CACHING)])) == ("skipped", "ineligible")


@pytest.mark.parametrize(
    "pinned", [{"implicit_caching": False}, {"implicit_caching": None, "pricing": {"input_cache_read": "0.0001"}}, {"implicit_caching": False, "price": None}]
)
def test_an_endpoint_that_cannot_cache_is_not_kept(pinned):
    assert status(turn(pinned=pinned)) == ("skipped", "no_cache")


@pytest.mark.parametrize("key", ["a/b@pin", "a/b@pin#shared"])
def test_a_pin_whose_every_attempt_is_cooling_is_skipped(key):
    answer = turn(health={key: "cooling"})
    assert (status(answer), slugs(answer)) == (("skipped", "cooling"), ["cheap", "pin"])


def test_a_pin_with_one_attempt_that_is_not_cooling_holds():
    answer = turn(health={"a/b@pin#byok": "cooling"}, **KEYS)
    assert status(answer) == ("hit", None)
    assert attempts(answer) == ["cheap:C", "pin", "cheap", "pin:K"]


def test_in_a_panic_a_cooling_pin_is_still_skipped():
    answer = turn(health={PIN: "cooling", "a/b@cheap": "cooling"})
    assert (status(answer), answer["panic"], slugs(answer)[0]) == (("skipped", "cooling"), True, "cheap")


def test_the_first_reason_that_holds_is_told():
    parts = {"pinned": {"disabled": True, "implicit_caching": False}, "health": {PIN: "cooling"}, "mode": "economic"}
    assert status(turn(provider={"ignore": ["zz"]}, **parts)) == ("skipped", "explicit_preferences")
    assert status(turn(**parts)) == ("skipped", "ineligible")
    parts["pinned"] = {"implicit_caching": False}
    assert status(turn(**parts)) == ("skipped", "no_cache")
    parts["pinned"] = {}
    assert status(turn(**parts)) == ("skipped", "cooling")
    parts["health"] = {}
    assert status(turn(**parts)) == ("skipped", "uneconomic")


# --- the economic pin -------------------------------------------------------------------------------------------------------------------------


def economic(cached, *, pinned=(2, 0), read="0.0000005", other=(1, 0), **parts):
    fields = {"price": pinned, "implicit_caching": True, "pricing": {"input_cache_read": read} if read is not None else {}}
    context = {"sticky": PIN, "prompt_tokens": 1000, "completion_tokens": 0, "cached_tokens": cached, **parts.pop("context", {})}
    answer = ask(row("other", price=other), row("pin", **fields), context=context, settings={"sticky": "economic"}, **parts)
    return status(answer)


@pytest.mark.parametrize(
    ("cached", "expected"), [(666, ("skipped", "uneconomic")), (667, ("hit", None)), (1000, ("hit", None)), (0, ("skipped", "uneconomic"))]
)
def test_an_economic_pin_is_kept_if_its_warm_price_is_at_most_the_lowest_cold_one(cached, expected):
    assert economic(cached) == expected


def test_an_equal_price_keeps_the_pin():
    assert economic(500, pinned=(2, 0), read="0", other=(1, 0)) == ("hit", None)
    assert economic(499, pinned=(2, 0), read="0", other=(1, 0)) == ("skipped", "uneconomic")


def test_an_unknown_price_keeps_the_pin():
    assert economic(0, pinned=(2, None)) == ("hit", None)
    assert economic(0, other=None) == ("hit", None)


def test_a_cooling_attempt_is_no_cheaper_alternative():
    assert economic(0, health={"a/b@other": "cooling"}) == ("hit", None)


def test_an_ineligible_endpoint_is_no_cheaper_alternative():
    assert economic(0, context={"account": {"ignore": ["other"]}}) == ("hit", None)


def test_without_a_cache_read_price_a_warm_prompt_costs_what_a_cold_one_does():
    assert economic(1000, read=None) == ("skipped", "uneconomic")


# --- the warm price ---------------------------------------------------------------------------------------------------------------------------


def prices(answer):
    return {one["slug"] if one["key_id"] is None else f"{one['slug']}:{one['key_id']}": one["expected_price"] for one in answer["attempts"]}


WARM = {"pinned": {"price": (2, 0), "pricing": {"input_cache_read": "0.0000005"}}}
TOKENS = {"prompt_tokens": 1000, "completion_tokens": 0, "cached_tokens": 400}


def test_on_a_hit_the_pinned_attempts_and_only_they_are_priced_warm():
    both = [row("twin", price=(2, 0), pricing={"input_cache_read": "0.0000005"})]
    found = prices(turn(others=both, context=TOKENS, **WARM))
    assert (found["pin"], found["twin"]) == ("0.0014", "0.002")
    found = prices(turn("a/b@pin#shared", context={**TOKENS, **KEYS["context"]}, **WARM))
    assert (found["pin"], found["pin:K"]) == ("0.0014", "0.002")
    found = prices(turn(context={**TOKENS, **KEYS["context"]}, **WARM))
    assert (found["pin"], found["pin:K"]) == ("0.0014", "0.0014")


@pytest.mark.parametrize("parts", [{"mode": "off"}, {"provider": {"sort": "price"}}, {"health": {PIN: "cooling"}}, {"pin": "a/b@cheap"}])
def test_without_a_hit_every_price_is_cold(parts):
    assert prices(turn(context=TOKENS, **WARM, **parts))["pin"] == "0.002"


def test_cached_tokens_count_at_most_the_prompt():
    assert prices(turn(context={**TOKENS, "cached_tokens": 5000}, **WARM))["pin"] == "0.0005"


def test_cached_tokens_count_at_most_the_nominal_prompt_where_none_is_known():
    assert prices(turn(context={"cached_tokens": 10**9}, **WARM))["pin"] == "0.0015"


def test_a_pin_does_not_change_the_weights_of_the_balance():
    rows = [row("pin", price=(2, 0), **CACHING, pricing={"input_cache_read": "0"}), row("q", price=(2, 0)), row("r", price=(2, 0), disabled=False)]
    parts = {"settings": {"balance": {"price": 1}}, "context": {"sticky": PIN, **TOKENS, "cached_tokens": 1000}, "provider": {"preferred_max_latency": 1}}
    # the pin hits and then fails a threshold together with q: both are in one place but for the pin's own pass
    stats = {"a/b@r": {"latency": {"p50": 1}}, "a/b@pin": {"latency": {"p50": 9}}, "a/b@q": {"latency": {"p50": 9}}}
    assert slugs(ask(*rows, stats=stats, **parts)) == ["r", "pin", "q"]


def test_an_economic_pin_is_held_against_the_cheapest_of_the_others():
    rows = [row("dear", price=(9, 0)), row("cheap", price=(1, 0)), row("pin", price=(2, 0), **CACHING, pricing={"input_cache_read": "0.0000005"})]
    for order in (rows, rows[::-1]):
        answer = ask(*order, context={"sticky": PIN, "prompt_tokens": 1000, "completion_tokens": 0}, settings={"sticky": "economic"})
        assert status(answer) == ("skipped", "uneconomic")
