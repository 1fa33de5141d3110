"""Recording outcomes, and reading all percentiles in one tick, each beside the least that could do the same, written out by hand.

The floors keep the promise that makes a comparison fair (exact nearest ranks of two metrics for every endpoint; nothing lost) and nothing else: no
checks, no window that slides, no health, no names in the answer. Every result is compared with a plain sort before it is timed.
"""

from __future__ import annotations

import gc
import random
import statistics
import sys
import threading
import time
from array import array
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.harness import Row, quartiles
from routecore.live.health import Health
from routecore.live.outcome import Outcome
from routecore.live.windows.settings import WindowSettings
from routecore.live.windows.windows import Windows

if TYPE_CHECKING:
    from collections.abc import Callable

RANKS = (50, 75, 90, 99)
STEP = 65_536.0
"""The floor's packing: endpoint number times this, plus the value. It loses digits of the value, which the library does not."""

_PAUSE = 0.0005


def run(quick: bool = False) -> list[Row]:  # noqa: FBT001, FBT002 - the registry's signature
    events, endpoints = (100_000, 1_000) if quick else (1_000_000, 10_000)
    return [*_recording(quick), *_ticks(events, endpoints, quick), *_stalls(events, endpoints, quick)]


def _paired(first: Callable[[], object], second: Callable[[], object], rounds: int, calls: int = 1) -> tuple[list[float], list[float]]:
    """Time both in turn, so that a slow moment of the machine meets both."""
    times: tuple[list[float], list[float]] = ([], [])
    gc.collect()
    for _ in range(rounds):
        for work, kept in zip((first, second), times, strict=True):
            start = time.perf_counter()
            work()
            kept.append((time.perf_counter() - start) / calls)
    return times


def _row(name: str, mine: list[float], floor: list[float], unit: str) -> list[Row]:
    ratios = [a / b for a, b in zip(mine, floor, strict=True)]
    return [
        Row(name, statistics.median(mine), unit, {"floor": statistics.median(ratios)}, quartiles(mine), {"floor": quartiles(ratios)}),
        Row(f"{name}: floor", statistics.median(floor), unit, spread_s=quartiles(floor)),
    ]


def _recording(quick: bool) -> list[Row]:  # noqa: FBT001 - as run
    calls, rounds = (20_000, 5) if quick else (100_000, 15)
    windows, health = Windows(), Health()
    outcome = Outcome.success(ttft_seconds=0.5, total_seconds=2.5, output_tokens=101)
    endpoint_id, key = "deepseek/deepseek-v3.2@deepinfra/fp8", "deepseek/deepseek-v3.2@deepinfra/fp8#shared"
    latencies, rates, successes = array("d"), array("d"), []
    floor_logs = {endpoint_id: (latencies.append, rates.append)}
    floor_health = {key: successes.append}

    def floor_observe(name: str, one: Outcome) -> None:
        add_latency, add_rate = floor_logs[name]
        add_latency(one.ttft_seconds)
        add_rate((one.output_tokens - 1) / (one.total_seconds - one.ttft_seconds))

    def floor_both(name: str, attempt: str, one: Outcome, now: float) -> None:
        floor_health[attempt](now)
        floor_observe(name, one)

    for _ in range(20):
        windows.observe(endpoint_id, outcome, 10.0)
        floor_observe(endpoint_id, outcome)
    stats = windows.tick(11.0)[endpoint_id]
    assert (stats.latency[0], stats.throughput[0]) == (latencies[0], rates[0]) == (0.5, 50.0)

    def mine() -> None:
        observe = windows.observe
        for _ in range(calls):
            observe(endpoint_id, outcome, 11.0)

    def floor() -> None:
        for _ in range(calls):
            floor_observe(endpoint_id, outcome)

    def mine_both() -> None:
        observe, judge = windows.observe, health.observe
        for _ in range(calls):
            observe(endpoint_id, outcome, 11.0)
            judge(key, outcome, 11.0)

    def floor_of_both() -> None:
        for _ in range(calls):
            floor_both(endpoint_id, key, outcome, 11.0)

    def fresh() -> None:
        for samples in (latencies, rates, successes):
            del samples[:]
        windows.tick(2_000.0)
        windows.tick(11.0)

    rows = []
    for name, one, other in (("windows.observe, two metrics", mine, floor), ("windows and health, two metrics", mine_both, floor_of_both)):
        fresh()
        rows += _row(name, *_paired(one, other, rounds, calls), "call")
    return rows


def _data(events: int, endpoints: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Traffic as gateways have it: a few endpoints serve most requests, times are log-normal."""
    numbers = np.random.default_rng(7)
    weights = 1.0 / np.arange(1, endpoints + 1) ** 0.8
    return (
        numbers.choice(endpoints, events, p=weights / weights.sum()),
        numbers.lognormal(0.0, 0.6, events),
        numbers.lognormal(4.0, 0.5, events),
    )


def _filled(settings: WindowSettings, chosen: np.ndarray, latencies: np.ndarray, rates: np.ndarray, endpoints: int) -> Windows:
    ids = [f"model/{index}@provider" for index in range(endpoints)]
    windows = Windows(settings, ids)
    now, step = 1_000.0, 290.0 / len(chosen)
    for index, latency, rate in zip(chosen.tolist(), latencies.tolist(), rates.tolist(), strict=True):
        windows.record(ids[index], now, latency=latency, throughput=rate)
        now += step
    return windows


def _ticks(events: int, endpoints: int, quick: bool) -> list[Row]:  # noqa: FBT001 - as run
    chosen, latencies, rates = _data(events, endpoints)
    # exact throughout, so that both sides do the same
    settings = WindowSettings(min_samples=1, exact_samples=10_000_000, max_samples=100_000_000)
    windows = _filled(settings, chosen, latencies, rates, endpoints)
    packed = [array("d", (chosen * STEP + values).tolist()) for values in (latencies, rates)]
    edges = np.arange(endpoints + 1) * STEP

    def floor_metric(samples: array[float], *, best_is_least: bool) -> list[np.ndarray]:
        ordered = np.sort(np.frombuffer(samples.tobytes()))
        starts = np.searchsorted(ordered, edges)
        counts = np.diff(starts)
        served = counts > 0
        first, count = starts[:-1][served], counts[served]
        ranks = [(count * rank + 99) // 100 for rank in RANKS]
        return [ordered[first + (rank - 1 if best_is_least else count - rank)] % STEP for rank in ranks]

    def floor() -> list[Any]:
        return [floor_metric(packed[0], best_is_least=True), floor_metric(packed[1], best_is_least=False)]

    def everything() -> Any:
        windows._reader.forget()  # noqa: SLF001 - a tick would otherwise see that nothing has changed
        return windows.tick(1_290.0)

    windows.tick(1_290.0)
    stats = everything()
    _check(stats, chosen, latencies, rates, floor())
    rounds = 5 if quick else 11
    rows = _row(f"tick, {endpoints:,} endpoints, {events:,} events, all new", *_paired(everything, floor, rounds), "tick")

    ids = [f"model/{index}@provider" for index in range(endpoints)]
    newly = events // 60
    state = {"now": 1_290.0}
    draws = random.Random(1)
    mine, floors = [], []
    for _ in range(rounds):
        state["now"] += 5.0
        for index in draws.choices(chosen.tolist(), k=newly):
            windows.record(ids[index], state["now"], latency=0.5, throughput=50.0)
        one, other = _paired(lambda: windows.tick(state["now"]), floor, 1)
        mine += one
        floors += other
    return rows + _row(f"tick, {newly:,} of {events:,} events new, as many old", mine, floors, "tick")


def _check(stats: Any, chosen: np.ndarray, latencies: np.ndarray, rates: np.ndarray, floor: list[Any]) -> None:
    served = np.unique(chosen).tolist()
    assert len(stats) == len(served)
    for place, index in enumerate(served[:: max(1, len(served) // 200)]):
        one = stats[f"model/{index}@provider"]
        mine = chosen == index
        for values, found, best_first in ((latencies[mine], one.latency, 1), (rates[mine], one.throughput, -1)):
            ordered = np.sort(values)[::best_first]
            assert tuple(found) == tuple(ordered[ceil(len(ordered) * rank / 100 - 1e-9) - 1] for rank in RANKS), (place, index)
    for metric, name in zip(floor, ("latency", "throughput"), strict=True):
        for rank, column in enumerate(metric):
            exact = [getattr(stats[f"model/{index}@provider"], name)[rank] for index in served]
            assert np.allclose(column, exact, rtol=1e-6)


def _stalls(events: int, endpoints: int, quick: bool) -> list[Row]:  # noqa: FBT001 - as run
    """How late a recorder is at worst while another thread ticks without end, breathing and not: from when it should have run to when it is done."""
    windows = _filled(WindowSettings(min_samples=1, max_samples=100_000_000), *_data(events, endpoints), endpoints)
    windows.tick(1_290.0)
    outcome = Outcome.success(ttft_seconds=0.5, total_seconds=2.5, output_tokens=101)
    seconds = 1.0 if quick else 3.0

    def p999(breathe: Callable[[], object] | None, *, ticking: bool) -> float:
        stop = threading.Event()

        def tick() -> None:
            while ticking and not stop.is_set():
                windows._reader.forget()  # noqa: SLF001 - each tick reads everything again
                windows.tick(1_290.0, breathe=breathe)
                time.sleep(0.01)

        thread = threading.Thread(target=tick)
        thread.start()
        waits = []
        until = time.perf_counter() + seconds
        while (start := time.perf_counter()) < until:
            # waking from the pause needs the interpreter too: that is where a thread that ticks would be felt
            time.sleep(_PAUSE)
            windows.observe("model/1@provider", outcome, 1_290.0)
            waits.append(time.perf_counter() - start - _PAUSE)
        stop.set()
        thread.join()
        return sorted(waits)[int(len(waits) * 0.999)]

    interval = sys.getswitchinterval()
    quiet = p999(None, ticking=False)
    plain = p999(None, ticking=True)
    breathing = p999(lambda: time.sleep(0.0002), ticking=True)
    return [
        Row(name="lateness of observe, p99.9, nobody ticks", median_s=quiet, unit="call", ratios={}),
        Row(name="lateness of observe, p99.9, while ticking", median_s=plain, unit="call", ratios={"switch interval": plain / interval}),
        Row(name="lateness of observe, p99.9, while ticking with breaths", median_s=breathing, unit="call", ratios={"switch interval": breathing / interval}),
    ]
