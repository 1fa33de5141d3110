"""The batch engine decides what the pure core decides."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routecore import Catalog, decide
from routecore.errors import InvalidPreferences, NoEligibleEndpoint, UnknownModel
from routecore.routing.facts import Facts
from routecore.routing.ranking.draw import uniform
from routecore.simulate.engines.batch_decider import Decider
from routecore.simulate.noise import draws
from routecore.simulate.policy import ESTIMATES, Policy
from routecore.simulate.traces.columns import Chunk
from routecore.simulate.traces.names import Names

PRICES = st.sampled_from(["0", "0.0000001", "0.00000027", "0.000001", "0.000003", "0.000000000000007", "12"])
CARDS = st.fixed_dictionaries(
    {},
    optional={
        "prompt": PRICES,
        "completion": PRICES,
        "request": st.sampled_from(["0", "0.001", "0.5"]),
        "discount": st.sampled_from(["0.25", "0.333"]),
        "overrides": st.just([{"min_prompt_tokens": 2000, "prompt_multiplier": 2, "completion_multiplier": "1.5"}]),
        "input_cache_read": PRICES,
    },
)
STATS = st.fixed_dictionaries(
    {},
    optional={
        "latency": st.fixed_dictionaries({"p50": st.sampled_from([0, 0.5, 0.8, 3.0])}),
        "throughput": st.fixed_dictionaries({"p50": st.sampled_from([0, 20, 60, 90])}),
        "samples": st.sampled_from([0, 5, 400]),
        "success_rate": st.sampled_from([0.0, 0.9, 1.0]),
    },
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {"provider": st.sampled_from(["p", "q", "r", "s", "t"]), "model": st.sampled_from(["a/b", "c/d"])},
        optional={
            "pricing": CARDS,
            "context_length": st.sampled_from([1500, 4000, 200_000]),
            "max_prompt_tokens": st.sampled_from([1000, 3000]),
            "max_output_tokens": st.sampled_from([100, 8000]),
            "supported_parameters": st.sampled_from([[], ["tools"]]),
            "disabled": st.just(True),
        },
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda row: (row["provider"], row["model"]),
)
BLOCKS = st.sampled_from(
    [
        None,
        {"sort": "price"},
        {"sort": "latency"},
        {"sort": "throughput"},
        {"order": ["q", "p"]},
        {"order": ["s"], "allow_fallbacks": False},
        {"ignore": ["p"]},
        {"preferred_max_latency": 0.6},
        {"max_price": {"prompt": 1}},
        {"allow_fallbacks": False},
    ]
)
BALANCES = st.sampled_from([None, {"price": 2}, {"price": 1, "throughput": 0.5, "latency": 0.5, "reliability": 2}, {"latency": 3}, {"price": 100}, {}])
CONTEXTS = st.sampled_from([None, {"byok": ["p", {"slug": "q", "key_id": "k"}, "p/x"]}, {"byok": ["r"], "byok_only": ["r"]}])
REQUESTS = st.lists(
    st.tuples(
        st.sampled_from(["a/b", "c/d", "a/b:floor", "no/model"]),
        st.sampled_from([0, 1, 999, 1000, 1001, 1999, 2000, 2001, 2999, 3001, 150_000]),
        st.sampled_from([0, 1, 300, 5000]),
        st.booleans(),
        st.sampled_from([0, 0, 200]),
        BLOCKS,
    ),
    min_size=1,
    max_size=12,
)


def chunk_of(requests, names):
    columns = list(zip(*requests, strict=True))
    return Chunk(
        number=np.arange(len(requests)),
        timestamp_s=np.arange(len(requests)) * 10.0,
        model=[names.model(one) for one in columns[0]],
        prompt_tokens=columns[1],
        completion_tokens=columns[2],
        tools=columns[3],
        max_tokens=columns[4],
        provider=[names.provider(one) for one in columns[5]],
    )


def numbers_of(estimates, prompt, completion):
    return {
        "nominal": {},
        "prompt": {"prompt_tokens": prompt, "completion_tokens": 1000},
        "tokens": {"prompt_tokens": prompt, "completion_tokens": completion},
    }[estimates]


def share_of(plan, key):
    """The probability with which ``key`` would have come first."""
    groups = plan.ranking.groups
    if not groups:
        return float(plan.first.key == key)
    group = groups[0]
    for place, position in enumerate(group.positions):
        if plan.ranking.field.candidates[position].key == key:
            return group.weights[place] / group.running[-1]
    return 0.0


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    ROWS,
    st.dictionaries(st.sampled_from(["a/b@p", "a/b@q", "a/b@r", "c/d@p", "c/d@s"]), STATS),
    REQUESTS,
    BALANCES,
    CONTEXTS,
    st.sampled_from(sorted(ESTIMATES)),
    st.integers(0, 2**64 - 1),
)
def test_first_choices_and_propensities_are_those_of_decide(rows, stats, requests, balance, context, estimates, seed):
    """For every row, the batch engine's first attempt and propensity are those of ``decide`` on the same facts and draw."""
    catalog = Catalog.from_mapping({"endpoints": rows})
    facts = Facts.from_mapping(stats)
    policy = Policy("p", settings={"min_samples": 1} | ({} if balance is None else {"balance": balance}), context=context, estimates=estimates)
    names = Names()
    chunk = chunk_of(requests, names)
    decider = Decider(catalog, policy, names, facts, seed=seed)
    found = decider.decide(chunk)
    for place, ((model, prompt, completion, tools, most, block), draw) in enumerate(zip(requests, draws(seed, chunk.number).tolist(), strict=True)):
        body = (
            {"model": model}
            | ({"provider": block} if block else {})
            | ({"tools": [{"type": "function"}]} if tools else {})
            | ({"max_tokens": most} if most else {})
        )
        try:
            told = policy.context.to_mapping() | numbers_of(estimates, prompt, completion)
            plan = decide(catalog, body, facts, context=told, settings=policy.settings, draw=draw)
        except (UnknownModel, NoEligibleEndpoint):
            assert (found.first[place], found.propensity[place]) == (-1, 0.0)
            continue
        key = decider.codes.keys[found.first[place]]
        if estimates == "nominal":
            assert (key, found.propensity[place]) == (plan.first.key, plan.propensity)
        else:
            assert found.propensity[place] == pytest.approx(share_of(plan, key), rel=1e-9, abs=1e-300)
            # two ways to round a weight differ in the last digit: only a draw on the very edge may fall to the other side
            assert key == plan.first.key or on_an_edge(plan, uniform(draw, 1)), (key, plan.first.key)


def on_an_edge(plan, chance):
    running = plan.ranking.groups[0].running
    return any(abs(edge / running[-1] - chance) < 1e-9 for edge in running)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, REQUESTS, BALANCES, CONTEXTS, st.sampled_from(sorted(ESTIMATES)), st.integers(1, 11))
def test_a_trace_cut_anywhere_is_decided_as_the_whole(rows, requests, balance, context, estimates, cut):
    """Rows are decided alike wherever the trace is cut."""
    catalog = Catalog.from_mapping({"endpoints": rows})
    policy = Policy("p", settings={} if balance is None else {"balance": balance}, context=context, estimates=estimates)
    names = Names()
    chunk = chunk_of(requests, names)

    def keys(*chunks):
        decider = Decider(catalog, policy, names, Facts(), seed=3)
        found = [decider.decide(one) for one in chunks if len(one)]
        return [None if code < 0 else decider.codes.keys[code] for one in found for code in one.first.tolist()], np.concatenate(
            [one.propensity for one in found]
        ).tolist()

    assert keys(chunk) == keys(chunk.take(slice(0, cut)), chunk.take(slice(cut, None)))


def test_a_bad_block_of_the_policy_s_own_trace_is_refused_with_its_path():
    names = Names()
    chunk = chunk_of([("a/b", 1, 1, False, 0, {"sort": "prize"})], names)
    catalog = Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": "p"}]})
    with pytest.raises(InvalidPreferences, match=r"provider\.sort"):
        Decider(catalog, Policy("p"), names, Facts()).decide(chunk)
