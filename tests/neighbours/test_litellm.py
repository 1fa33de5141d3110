"""LiteLLM's own router, with routecore ordering its tries, against providers that misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import time

import pytest

from routecore import CatalogError
from routecore.adapters.litellm import attach, failure_of
from routecore.adapters.litellm_models import read_model_list

litellm = pytest.importorskip("litellm", reason="the extra 'litellm' is not installed")

pytestmark = pytest.mark.filterwarnings("ignore")  # LiteLLM's own, of many kinds
HELLO = [{"role": "user", "content": "Hello"}]


@pytest.fixture(autouse=True)
def _callbacks():
    kept = list(litellm.callbacks)
    yield
    litellm.callbacks = kept
    litellm.logging_callback_manager._reset_all_callbacks()


def deployment(upstream, name, group="gpt", **params):
    return {
        "model_name": group,
        "litellm_params": {"model": "openai/up", "api_base": upstream.url(name), "api_key": "sk-house", **params},
        "model_info": {"id": name, "input_cost_per_token": params.pop("input", 1e-06), "output_cost_per_token": 2e-06},
    }


def routed(upstream, *names, retries=2, attach_options=None, **options):
    model_list = [one if isinstance(one, dict) else deployment(upstream, one) for one in names]
    router = litellm.Router(model_list=model_list, num_retries=retries, disable_cooldowns=True, retry_after=0, **options)
    return router, attach(router, **(attach_options or {}))


def ask(router, **more):
    return asyncio.run(_ask(router, **more))


async def _ask(router, **more):
    try:
        return await router.acompletion(model=more.pop("model", "gpt"), messages=HELLO, **more)
    finally:
        # callbacks of LiteLLM run in tasks of their own
        await asyncio.sleep(0.3)


def test_three_lines_route_a_request_and_learn_from_it(upstream):
    router, strategy = routed(upstream, "north", "south")
    answer = ask(router)
    assert answer.choices[0].message.content == "Hello there"
    outcomes = {dict(one.attributes)["routecore.outcome"]: one.value for one in strategy.router.metrics() if one.name == "routecore.outcomes"}
    assert outcomes["success"] == 1


def test_a_retry_of_litellms_is_the_plans_next_attempt(upstream):
    router, strategy = routed(upstream, "north", "south", "west")
    for name in ("north", "south", "west"):
        upstream.tell(name, "500")
    upstream.tell("west", "ok")
    ask(router)
    called = upstream.called()
    assert called[-1] == "west"
    # no deployment is tried twice while another one is left
    assert len(set(called)) == len(called)
    assert next(one.value for one in strategy.router.metrics() if one.name == "routecore.plans") == 1


def test_provider_preferences_stand_in_the_metadata_and_leave_nothing_upstream(upstream):
    cheap = deployment(upstream, "north")
    dear = deployment(upstream, "south", input=5e-06)
    router, _ = routed(upstream, dear, cheap)
    for _ in range(4):
        ask(router, metadata={"provider": {"sort": "price"}})
    assert set(upstream.called()) == {"north"}
    assert all("provider" not in body for _, _, body, _ in upstream.calls)


def test_a_rate_limit_cools_a_deployment_and_the_next_request_goes_elsewhere(upstream):
    router, strategy = routed(upstream, "north", "south")
    upstream.tell("north", (429, {"retry-after": "60"}, {"error": {"message": "slow down", "type": "rate_limit"}}))
    for _ in range(8):
        ask(router)
    assert upstream.called().count("north") <= 1
    assert bool(strategy.router.facts.cooling) == ("north" in upstream.called())


def test_streams_are_measured_to_their_first_token(upstream):
    router, strategy = routed(upstream, "north")
    upstream.tell("north", "slow")
    seen = []
    strategy.router.observe = lambda _, outcome: seen.append(outcome)

    async def stream():
        text = ""
        async for chunk in await router.acompletion(model="gpt", messages=HELLO, stream=True, stream_options={"include_usage": True}):
            text += chunk.choices[0].delta.content or "" if chunk.choices else ""
        await asyncio.sleep(0.3)
        return text

    assert asyncio.run(stream()) == "Hello there"
    (outcome,) = seen
    # the provider says nothing for 0.4 seconds
    assert 0.3 < outcome.ttft_seconds <= outcome.total_seconds
    assert outcome.output_tokens == 3


def test_the_synchronous_router_is_ordered_and_heard_of_once(upstream):
    router, strategy = routed(upstream, "north", "south")
    upstream.tell("north", "500")
    upstream.tell("south", "500", "ok")
    with contextlib.suppress(litellm.exceptions.InternalServerError):
        router.completion(model="gpt", messages=HELLO)
    deadline = time.monotonic() + 5
    counted = {}
    while time.monotonic() < deadline and sum(counted.values()) < len(upstream.called()):
        counted = {dict(one.attributes)["routecore.outcome"]: one.value for one in strategy.router.metrics() if one.name == "routecore.outcomes"}
        time.sleep(0.02)
    assert sum(counted.values()) == len(upstream.called())


def test_litellms_fallbacks_to_another_group_are_planned_too(upstream):
    rows = [deployment(upstream, "north"), deployment(upstream, "south", group="backup")]
    router, _ = routed(upstream, *rows, retries=0, fallbacks=[{"gpt": ["backup"]}])
    upstream.tell("north", "500")
    assert ask(router).choices[0].message.content == "Hello there"
    assert upstream.called() == ["north", "south"]


def test_a_callers_own_key_is_an_attempt_of_its_own_and_is_kept_nowhere(upstream):
    router, strategy = routed(upstream, "north", retries=0)
    upstream.tell("north", (401, {}, {"error": {"message": "Incorrect API key", "code": "invalid_api_key"}}))
    with pytest.raises(litellm.exceptions.AuthenticationError):
        ask(router, api_key="sk-callers-own")
    assert not any("#shared" in key for key in strategy.router.facts.cooling)
    assert "sk-callers-own" not in repr(vars(strategy)) + repr(strategy.router.facts.cooling)
    upstream.tell("north", "ok")
    assert ask(router).choices[0].message.content == "Hello there"


def test_faulty_preferences_are_a_bad_request_that_names_the_fault(upstream):
    router, _ = routed(upstream, "north", retries=0)
    with pytest.raises(litellm.exceptions.BadRequestError, match=r"provider\.srot"):
        ask(router, metadata={"provider": {"srot": "price"}})
    assert upstream.called() == []


def test_without_an_eligible_deployment_litellm_is_told_which_rules_removed_them(upstream):
    router, _ = routed(upstream, "north", retries=0)
    with pytest.raises(litellm.exceptions.NotFoundError, match="zdr"):
        ask(router, metadata={"provider": {"zdr": True}})


def test_a_deployment_that_is_added_later_is_routed_to(upstream):
    router, strategy = routed(upstream, "north", retries=1)
    router.add_deployment(litellm.types.router.Deployment(**deployment(upstream, "south")))
    upstream.tell("north", "500")
    for _ in range(3):
        ask(router)
    assert "south" in upstream.called()
    assert len(strategy.deployments.catalog) == 2


def test_orders_of_litellm_come_before_the_plans(upstream):
    rows = [deployment(upstream, "north", order=2), deployment(upstream, "south", order=1)]
    router, _ = routed(upstream, *rows)
    for _ in range(4):
        ask(router)
    assert set(upstream.called()) == {"south"}


def test_tags_keep_the_deployments_that_have_them(upstream):
    rows = [deployment(upstream, "north", tags=["free"]), deployment(upstream, "south", tags=["paid"]), deployment(upstream, "west", tags=["default"])]
    router, _ = routed(upstream, *rows, enable_tag_filtering=True)
    ask(router, metadata={"tags": ["paid"]})
    ask(router)
    assert upstream.called() == ["south", "west"]


def test_a_model_list_is_read_and_what_is_not_read_is_named(upstream):
    row = deployment(upstream, "north", rpm=60, tpm=1000, weight=3, region_name="EU", max_parallel_requests=4, tags=["a"], order=1)
    found = read_model_list([row])
    (endpoint,) = found.catalog
    assert endpoint.id == "gpt@openai/eu"
    assert found.tags == {"gpt@openai/eu": frozenset({"a"})}
    assert found.orders == {"gpt@openai/eu": 1}
    assert "weight" in {one.field for one in found.oddities}


@pytest.mark.parametrize("rows", [[7], [{}], [{"model_name": "m"}], [{"model_name": "m", "litellm_params": {}}]])
def test_a_list_of_no_deployments_is_a_fault(rows):
    with pytest.raises(CatalogError, match=r"model_list\[0\]"):
        read_model_list(rows)


def test_a_callback_of_somebody_elses_request_is_passed_over(upstream):
    _, strategy = routed(upstream, "north")
    for kwargs in (
        {},
        {"litellm_params": None},
        {"litellm_params": {"model_info": {"id": "north"}}},
        {"litellm_trace_id": "x", "litellm_params": {"model_info": {"id": "north"}}},
    ):
        strategy.ended(kwargs, failure_of({}))
    assert all(one.value == 0 for one in strategy.router.metrics() if one.name == "routecore.outcomes")


def test_requests_under_way_are_bounded(upstream, monkeypatch):
    monkeypatch.setattr("routecore.adapters.litellm._MOST_REQUESTS", 3)
    _, strategy = routed(upstream, "north")
    for index in range(10):
        strategy.get_available_deployment("gpt", HELLO, request_kwargs={"litellm_trace_id": str(index)})
    assert len(strategy._requests) == 3


@pytest.mark.parametrize(
    ("name", "status", "kind"),
    [
        ("RateLimitError", 429, "rate_limit"),
        ("AuthenticationError", 401, "credential"),
        ("InternalServerError", 500, "server"),
        ("ServiceUnavailableError", 503, "server"),
        ("ContextWindowExceededError", 400, "unsuitable"),
        ("ContentPolicyViolationError", 400, "moderation"),
        ("BadRequestError", 400, "caller"),
        ("Timeout", 408, "timeout"),
        ("APIConnectionError", 500, "connection"),
    ],
)
def test_litellms_errors_are_outcomes_of_their_kind(name, status, kind):
    error = getattr(litellm, name)(message="no", model="m", llm_provider="openai")
    assert error.status_code == status
    assert failure_of({"exception": error}).kind == kind
