"""Decision records over random routers: the recorded answer is the plan that was given, and deciding again gives it again."""

from __future__ import annotations

import copy
import json
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from routecore import BalanceWeights, Catalog, NoEligibleEndpoint, Outcome, Router, RouterSettings, Settings, replay
from routecore.live.windows.settings import WindowSettings

TIMED = {
    "prompt": "0.000001",
    "completion": "0.000002",
    "input_cache_read": "0.0000001",
    "overrides": [{"utc_start": 800, "utc_end": 2000, "prompt": "0.000009"}],
}
FLAT = {"prompt": "0.000003", "completion": "0.000004", "input_cache_read": "0.0000001"}
BLOCKS = st.sampled_from(
    [None, {}, {"sort": "price"}, {"sort": "latency"}, {"order": ["q", "p"]}, {"only": ["p", "q"]}, {"allow_fallbacks": False}, {"zdr": False},
     {"preferred_max_latency": {"p90": 1.0}}, {"ignore": ["r"]}, {"max_price": {"prompt": 5}}]
)  # fmt: skip
CONTEXTS = st.sampled_from(
    [None, {"byok": ["q"]}, {"byok": [{"slug": "p", "key_id": "k"}], "byok_only": ["p"]}, {"account": {"ignore": ["r"]}}, {"account_id": "acme"},
     {"prompt_tokens": 500}, {"sticky": "a/b@p"}, {"deadline_seconds": 9.0}]
)  # fmt: skip
STEPS = st.tuples(
    BLOCKS,
    CONTEXTS,
    st.sampled_from([None, "s1", "s2"]),
    st.sampled_from([None, 0, 12_345]),
    st.sampled_from(["success", "rate_limit", "credential", "server", "caller", "cancelled", "none"]),
    st.sampled_from([0.0, 1.0, 6.0, 301.0, 40_000.0]),
)


def catalog(timed):
    rows = [
        {"model": model, "provider": name, "implicit_caching": name != "r", "pricing": TIMED if name in timed else FLAT, "limits": {"max_in_flight": 2}}
        for model in ("a/b", "c/d")
        for name in "pqr"
    ]
    return Catalog.from_mapping({"endpoints": rows})


@given(
    st.sets(st.sampled_from("pqr")),
    st.sampled_from(["documented", "compatible", "economic", "off"]),
    st.sampled_from(["balance", "inverse_square_price", "adjusted_price"]),
    st.integers(0, 2**32),
    st.lists(STEPS, min_size=1, max_size=12),
)
@settings(max_examples=120, deadline=None)
def test_a_record_s_answer_is_the_plan_that_was_given_and_its_replay_is_identical(timed, sticky, strategy, seed, steps):
    now, records = [50_000.0], []
    decision = Settings(min_samples=1, sticky=sticky, strategy=strategy, balance=BalanceWeights(price=1.5))
    router = Router(
        catalog(timed),
        RouterSettings(decision=decision, windows=WindowSettings(min_samples=1)),
        clock=lambda: now[0],
        wall_clock=lambda: 1.7e9 + now[0],
        entropy=Random(seed).getrandbits,
        on_decision=records.append,
    )
    for block, context, session, tokens, kind, seconds in steps:
        body = {"models": ["a/b", "c/d"], "messages": [{"role": "user", "content": "a secret prompt"}]}
        if block is not None:
            body["provider"] = copy.deepcopy(block)
        if session is not None:
            body["session_id"] = session
        try:
            plan = router.plan(body, context, prompt_tokens=tokens)
        except NoEligibleEndpoint:
            continue
        given_answer = plan.to_dict()
        # what the caller does with the block afterwards changes no record
        body.setdefault("provider", {})["ignore"] = ["p", "q", "r"]
        recorded = json.loads(json.dumps(records[-1]))
        assert recorded["answer"] == json.loads(json.dumps(given_answer))
        assert recorded["propensity"] == plan.propensity
        assert "secret" not in json.dumps(recorded)
        again = replay(recorded)
        assert again.identical, again.differences
        assert plan.to_record()["answer"] == given_answer
        if kind != "none":
            router.observe(next(iter(plan)), Outcome(kind))
        now[0] += seconds
    assert router.metrics()[6].value == 0
