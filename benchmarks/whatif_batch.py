"""The batch engine: decisions a second over 20 endpoints beside hand-written NumPy and beside ``decide`` itself; memory; processes; a trace without end.

The floors make the same choices of the same draws for one model, one policy and one set of facts known beforehand, and nothing else: no groups, no classes of
prompts, no changes over time. First choices and propensities are compared with ``decide``'s, and with the floor's, before anything is timed.
"""

from __future__ import annotations

import gc
import random
import resource
import time
import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.harness import Row, compare, interleaved
from routecore import Catalog, decide
from routecore.routing.facts import Facts
from routecore.simulate import Policy, World, batch, generate, steady
from routecore.simulate.engines.batch_decider import Decider
from routecore.simulate.noise import GOLDEN, draws, mixed
from routecore.simulate.traces.columns import CHUNK_ROWS, Chunk

if TYPE_CHECKING:
    from collections.abc import Callable

    from routecore.routing.plan import Plan
    from routecore.simulate.traces.trace import Trace

ENDPOINTS = 20
MODEL = "model/a"
CHECKED = 300


def run(quick: bool = False) -> list[Row]:  # noqa: FBT001, FBT002 - the registry's signature
    chunks = 2 if quick else 8
    rounds = 5 if quick else 11
    trace = generate(chunks * CHUNK_ROWS, [MODEL], rate_per_s=100, seed=1)
    held = list(trace.chunks())
    rows: list[Row] = []
    for name, policy, floor in (
        ("cost-sorted, nominal prices", Policy("p", provider={"sort": "price"}), _floor_constant),
        ("cost-sorted, each row's own tokens", Policy("p", provider={"sort": "price"}, estimates="tokens"), _floor_cheapest),
        ("weighted, nominal prices", Policy("p"), _floor_drawn),
        ("weighted, each row's own tokens", Policy("p", estimates="tokens"), _floor_weighed),
    ):
        rows += _decisions(name, policy, floor, trace, held, rounds)
    rows += _memory(trace)
    rows += _report(quick)
    rows += _endless(quick)
    return rows


def _catalog() -> Catalog:
    numbers = random.Random(1)
    prices = [{"prompt": f"0.00000{numbers.randint(100, 999)}", "completion": f"0.00000{numbers.randint(100, 999)}"} for _ in range(ENDPOINTS)]
    return Catalog.from_mapping({"endpoints": [{"model": MODEL, "provider": f"p{place:02}", "pricing": price} for place, price in enumerate(prices)]})


def _facts() -> Facts:
    numbers = random.Random(2)
    stats = {
        f"{MODEL}@p{place:02}": {
            "latency": {"p50": numbers.uniform(0.2, 2)},
            "throughput": {"p50": numbers.uniform(20, 90)},
            "success_rate": numbers.uniform(0.9, 1),
        }
        for place in range(ENDPOINTS)
    }
    return Facts.from_mapping(stats)


CATALOG, FACTS = _catalog(), _facts()


def _plan(policy: Policy, chunk: Chunk, place: int) -> Plan:
    known = {"prompt_tokens": int(chunk.prompt_tokens[place]), "completion_tokens": int(chunk.completion_tokens[place])} if policy.estimates == "tokens" else {}
    body: dict[str, Any] = {"model": MODEL} | ({"provider": policy.provider} if policy.provider else {})
    return decide(CATALOG, body, FACTS, context=known, settings=policy.settings, draw=int(draws(0, chunk.number[place : place + 1])[0]))


def _decisions(name: str, policy: Policy, floor_of: Callable[[Plan], Callable[[Chunk], Any]], trace: Trace, held: list[Chunk], rounds: int) -> list[Row]:
    decider = Decider(CATALOG, policy, trace.names, FACTS)
    floor = floor_of(_plan(policy, held[0], 0))
    for chunk in held:
        mine, theirs = decider.decide(chunk), floor(chunk)
        # a draw on the very edge of a weight may fall to either side: two ways to round
        assert (mine.first != theirs[0]).mean() < 1e-5
        assert np.allclose(mine.propensity, theirs[1], rtol=1e-9, atol=0) or (mine.first != theirs[0]).any()
        for place in range(0, len(chunk), len(chunk) // CHECKED):
            plan = _plan(policy, chunk, place)
            assert decider.codes.keys[mine.first[place]] == plan.first.key
            assert abs(mine.propensity[place] - plan.propensity) < 1e-9

    def whole() -> None:
        for chunk in held:
            decider.decide(chunk)

    def by_hand() -> None:
        for chunk in held:
            floor(chunk)

    def one_by_one() -> None:
        for place in range(CHECKED):
            _ = _plan(policy, held[0], place).first

    size = sum(map(len, held))
    times = interleaved(
        {"batch": whole, "NumPy by hand": by_hand, "decide": one_by_one}, rounds, calls={"batch": size, "NumPy by hand": size, "decide": CHECKED}
    )
    found = compare("batch", times, "decision", floors=["NumPy by hand"], peers=["decide"], title=f"batch, {name}")
    found[0].note = f"{1e-6 / found[0].median_s:.0f} M decisions/s on one core, {ENDPOINTS} endpoints"
    return found


# --- floors: one decision's field, known beforehand ------------------------------------------------------------------------------------------


def _floor_constant(plan: Plan) -> Callable[[Chunk], Any]:
    code = [one.id for one in CATALOG].index(plan.first.endpoint.id)

    def floor(chunk: Chunk) -> Any:
        return np.full(len(chunk), code, np.int32), np.ones(len(chunk))

    return floor


def _floor_cheapest(_plan: Plan) -> Callable[[Chunk], Any]:
    prices = [(float(one.pricing.prompt or 0), float(one.pricing.completion or 0)) for one in CATALOG if one.pricing is not None]
    # the best that a person would do by hand: only endpoints that are somewhere the cheapest
    kept = [place for place, (p, c) in enumerate(prices) if not any(x <= p and y <= c and (x, y) != (p, c) for x, y in prices)]
    rates = np.array([prices[place] for place in kept])
    codes = np.array(kept, np.int32)

    def floor(chunk: Chunk) -> Any:
        costs = rates @ np.stack([chunk.prompt_tokens, chunk.completion_tokens]).astype(np.float64)
        return codes[costs.argmin(axis=0)], np.ones(len(chunk))

    return floor


def _uniforms(chunk: Chunk) -> Any:
    draw = draws(0, chunk.number)
    draw += np.uint64(GOLDEN)
    return (mixed(draw) >> np.uint64(11)) * 2.0**-53


def _floor_drawn(plan: Plan) -> Callable[[Chunk], Any]:
    group = plan.ranking.groups[0]
    running = np.array(group.running)
    shares = np.array(group.weights) / running[-1]
    codes = np.array(group.positions, np.int32)

    def floor(chunk: Chunk) -> Any:
        place = np.searchsorted(running, _uniforms(chunk) * running[-1], side="right")
        return codes[place], shares[place]

    return floor


def _floor_weighed(plan: Plan) -> Callable[[Chunk], Any]:
    logs = plan.ranking.field.stat_logs
    assert logs is not None
    rates = np.array([(float(one.pricing.prompt or 0), float(one.pricing.completion or 0)) for one in CATALOG if one.pricing is not None])
    factors = np.exp(np.array(logs) - max(logs))
    exponent = plan.case.settings.balance.price

    def floor(chunk: Chunk) -> Any:
        weights = np.empty((len(chunk), ENDPOINTS))
        prompt, completion = chunk.prompt_tokens.astype(np.float64), chunk.completion_tokens.astype(np.float64)
        for place, (p, c) in enumerate(rates):
            weights[:, place] = factors[place] * (prompt * p + completion * c) ** -exponent
        running = np.cumsum(weights, axis=1)
        target = _uniforms(chunk) * running[:, -1]
        place = (running <= target[:, None]).sum(axis=1)
        return place.astype(np.int32), weights[np.arange(len(chunk)), place] / running[:, -1]

    return floor


# --- memory, reports, processes, length ------------------------------------------------------------------------------------------------------


def _memory(trace: Trace) -> list[Row]:
    """Peak memory beyond the input while a million rows are decided in one go."""
    found = []
    whole = Chunk.joined([next(generate(1_000_000, [MODEL], rate_per_s=100, seed=3).chunks())] * 16)
    for estimates in ("nominal", "tokens"):
        decider = Decider(CATALOG, Policy("p", estimates=estimates), trace.names, FACTS)
        decider.decide(whole)
        gc.collect()
        tracemalloc.start()
        kept = decider.decide(whole)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        each = peak / len(whole)
        assert each <= 24
        found.append(
            Row(
                f"batch, weighted, {estimates}: peak memory beyond the input",
                0.0,
                "request",
                note=f"{each:.1f} bytes a request, {len(whole):,} requests at once",
            )
        )
        found[-1].ratios["bytes"] = each
        del kept
    return found


def _report(quick: bool) -> list[Row]:  # noqa: FBT001 - as run
    """A whole report: decisions, the world's outcomes, exact charges, histograms and bootstrap replicates, on one process and on two."""
    trace = generate((16 if quick else 128) * CHUNK_ROWS, [MODEL], rate_per_s=100, seed=1)
    world = World({}, steady({"p50": 0.5, "p90": 1.1}, {"p50": 60, "p90": 30}, error_rate=0.01))
    policies = [Policy("p")]

    def with_processes(processes: int, replicates: int) -> Any:
        return batch(trace, CATALOG, world, policies, facts=FACTS, processes=processes, replicates=replicates)

    found, cpu = {}, {}
    for processes in (1, 2):
        before = time.process_time(), resource.getrusage(resource.RUSAGE_CHILDREN)
        found[processes] = with_processes(processes, 200).results[0].summary
        after = time.process_time(), resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu[processes] = after[0] - before[0] + after[1].ru_utime - before[1].ru_utime + after[1].ru_stime - before[1].ru_stime
    assert found[1] == found[2]
    times = interleaved(
        {"one": lambda: with_processes(1, 200), "two": lambda: with_processes(2, 200), "plain": lambda: with_processes(1, 0)},
        2 if quick else 5,
        calls=len(trace),
    )
    rows = compare("two", times, "request", peers=["one"], title="batch report, 200 replicates, two processes")
    # on a machine that does other things too the clock says nothing of the work itself
    rows[0].note = f"by CPU time, with a core for each: {2 * cpu[1] / cpu[2]:.2f} × one process"
    plain = compare("plain", times, "request", title="batch report, no intervals, one process")
    return [*rows[:1], Row("batch report, 200 replicates, one process", rows[1].median_s, "request", spread_s=rows[1].spread_s), plain[0]]


def _endless(quick: bool) -> list[Row]:  # noqa: FBT001 - as run
    """A trace that is made as it is needed: its length costs time and no memory."""
    requests = 2_000_000 if quick else 100_000_000
    trace = generate(requests, [MODEL], rate_per_s=1_000, seed=2)
    decider = Decider(CATALOG, Policy("p"), trace.names, FACTS)
    decider.decide(trace.chunk(0))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    count = 0

    def whole() -> None:
        nonlocal count
        for chunk in trace.chunks():
            count += int((decider.decide(chunk).first >= 0).sum())

    start = time.perf_counter()
    whole()
    seconds = time.perf_counter() - start
    assert count == requests
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return [
        Row(
            f"generate and decide {requests:,} requests",
            seconds / requests,
            "request",
            {"MiB grown": grown},
            note=f"{seconds:.1f} s in all; peak memory grew by {grown:.1f} MiB",
        )
    ]
