"""The closed loop: requests a second with sessions, pins, fallbacks, windows and health, beside an event loop that routes nothing; and two processes beside one.

The floor handles the same arrivals and as many attempts with the same heap, the same draws and one summary, and decides nothing. Results are compared before
anything is timed: the same seed twice, one process and two.
"""

from __future__ import annotations

import resource
import time
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from benchmarks.harness import Row, compare, interleaved
from routecore import Catalog
from routecore.simulate import Policy, World, generate, simulate, steady, sweep
from routecore.simulate.noise import draws, mix
from routecore.simulate.report.summary import Summary

if TYPE_CHECKING:
    from routecore.simulate.traces.trace import Trace

PROVIDERS = 12
MODEL = "model/a"
CATALOG = Catalog.from_mapping(
    {
        "endpoints": [
            {
                "model": MODEL,
                "provider": f"p{place:02}",
                "pricing": {"prompt": f"0.00000{10 + place}", "completion": f"0.00000{40 + place}", "input_cache_read": "0.000001"},
            }
            for place in range(PROVIDERS)
        ]
    }
)
WORLD = World(
    {
        f"{MODEL}@p{place:02}": steady(
            {"p50": 0.3 + place / 20, "p90": 0.9 + place / 10}, {"p50": 60, "p90": 30}, error_rate=0.01 * (place % 4), rate_limit_rate=0.005
        )
        for place in range(PROVIDERS)
    }
)


def run(quick: bool = False) -> list[Row]:  # noqa: FBT001, FBT002 - the registry's signature
    trace = generate(20_000 if quick else 100_000, [MODEL], rate_per_s=40, session_share=0.5, seed=1)
    policy = Policy("p")
    once, again = (simulate(trace, CATALOG, WORLD, [policy], seed=1, replicates=8).results[0].summary for _ in range(2))
    assert once == again
    assert once.counts["attempts"] > once.counts["requests"] == len(trace)
    assert once.counts["pinned"] > 0 < once.counts["cache_hits"]
    rounds = 3 if quick else 7
    works = {
        "loop": lambda: simulate(trace, CATALOG, WORLD, [policy], seed=1),
        "without intervals": lambda: simulate(trace, CATALOG, WORLD, [policy], seed=1, replicates=0),
        "no routing": lambda: _floor(trace, once.counts["attempts"]),
    }
    times = interleaved(works, rounds, calls=len(trace))
    rows = compare("loop", times, "request", floors=["no routing"], title="closed loop, sessions and fallbacks")
    attempts = once.counts["attempts"] / once.counts["requests"]
    rows[
        0
    ].note = f"{1 / rows[0].median_s:,.0f} requests/s on one core; {attempts:.3f} attempts a request, {PROVIDERS} endpoints, half the requests in sessions"
    rows += compare("without intervals", times, "request", title="closed loop, no intervals")[:1]
    return rows + _processes(quick)


def _floor(trace: Trace, attempts: int) -> Summary:
    """Arrivals and ends of attempts in order of time, one draw an attempt, one summary: nothing is decided, priced or learnt."""
    summary = Summary(bucket_s=60.0)
    tables = [(one.ttft.values, one.tokens_per_second.values) for one in WORLD.endpoints.values()]
    ids = list(WORLD.endpoints)
    events: list[tuple[float, int, tuple[Any, ...]]] = []
    rows: list[tuple[Any, ...]] = []
    names = ("unit", "at_s", "served", "first_served", "attempts", "endpoint", "first", "ttft_us", "total_us", "charged", "upstream", "cache_saved", "insured", "uncached", "prompt_tokens", "cached_tokens", "completion_tokens")  # fmt: skip
    extra = attempts - len(trace)
    count = 0
    for chunk in trace.chunks():
        columns = zip(
            chunk.timestamp_s.tolist(),
            chunk.prompt_tokens.tolist(),
            chunk.completion_tokens.tolist(),
            chunk.units.tolist(),
            draws(1, chunk.number).tolist(),
            strict=True,
        )
        for at, prompt, completion, unit, key in columns:
            while events and events[0][0] <= at:
                rows.append(heappop(events)[2])
            for _ in range(1 + (count < extra)):
                z = mix(key)
                code = z % PROVIDERS
                ttft, speed = tables[code]
                first = ttft[z & 4095]
                total = first + completion / speed[(z >> 12) & 4095]
                count += 1
            heappush(
                events, (at + total, count, (unit, at, True, True, 1, code, code, round(first * 1e6), round(total * 1e6), 0, 0, 0, 0, 0, prompt, 0, completion))
            )
        if len(rows) >= 8_192:
            summary.add(dict(zip(names, zip(*rows, strict=True), strict=True)), ids)
            rows.clear()
    rows += [one[2] for one in events]
    summary.add(dict(zip(names, zip(*rows, strict=True), strict=True)), ids)
    assert summary.counts["requests"] == len(trace)
    return summary


def _processes(quick: bool) -> list[Row]:  # noqa: FBT001 - as run
    trace = generate(10_000 if quick else 60_000, [MODEL], rate_per_s=40, session_share=0.5, seed=2)
    values = [0.5, 1.0, 1.5, 2.0]

    def values_on(processes: int) -> Any:
        return sweep(trace, CATALOG, WORLD, Policy("p"), "balance.price", values, processes=processes, replicates=0)

    cpu = {}
    found = {}
    for processes in (1, 2):
        before = time.process_time(), resource.getrusage(resource.RUSAGE_CHILDREN)
        found[processes] = [one.summary for one in values_on(processes).results]
        after = time.process_time(), resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu[processes] = after[0] - before[0] + after[1].ru_utime - before[1].ru_utime + after[1].ru_stime - before[1].ru_stime
    assert found[1] == found[2]
    times = interleaved({"two": lambda: values_on(2), "one": lambda: values_on(1)}, 3 if quick else 5, calls=len(trace) * len(values))
    rows = compare("two", times, "request", peers=["one"], title="sweep of four values, two processes")
    rows[1].name = "sweep of four values, one process"
    # on a machine that does other things too the clock says nothing of the work itself
    rows[0].note = f"by CPU time, with a core for each: {2 * cpu[1] / cpu[2]:.2f} × one process"
    return rows
