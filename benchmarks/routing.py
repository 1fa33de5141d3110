"""Deciding with a router, beside hand-written minimums and LiteLLM's in-process router.

Each floor keeps the promise of its row (the same order of the same endpoints, a fresh plan object, the same draw) and nothing else: no validation, no
explanation, no health, no facts that change, no bounded memory. Before anything is timed, floor and router must give the same plan.
LiteLLM's router gives one deployment and no plan; it is timed on as many deployments with nothing to filter.
"""

from __future__ import annotations

import os
import threading
import time
from bisect import bisect_right
from itertools import accumulate, count
from random import Random
from typing import TYPE_CHECKING, Any

from benchmarks.harness import Row, compare, interleaved
from routecore import Catalog, Context, Facts, Outcome, Router, RouterSettings, Settings, decide
from routecore.request.settings import BalanceWeights

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PEER_CALLS = 20
REQUIRED = {
    "prepared policy, sorted": 3,
    "raw body, block seen before": 3,
    "never seen": 5,
    "balanced, first pick": 3,
    "balanced, full order": 3,
}
GOLDEN, MASK = 0x9E3779B97F4A7C15, 0xFFFFFFFFFFFFFFFF
BLOCK = {"sort": "price", "max_price": {"prompt": 50}}
BODY: dict[str, Any] = {"model": "a/b", "messages": [{"role": "user", "content": "hello"}], "stream": True}
SETTINGS = RouterSettings(decision=Settings(balance=BalanceWeights.inverse_square_price(), min_samples=10), tick_seconds=1e9)
NO_SESSIONS = RouterSettings(decision=Settings(balance=BalanceWeights.inverse_square_price(), min_samples=10, sticky="off"), tick_seconds=1e9)


def catalog(endpoints: int, unrelated: int = 0) -> Catalog:
    """Return ``endpoints`` endpoints of the model asked for, of prices in no order, and others of other models."""
    rows = [
        {
            "model": "a/b" if number < endpoints else f"x/{number}",
            "provider": f"p{number:04}",
            "pricing": {"prompt": f"0.{100 + number * 37 % 101:08}", "completion": f"0.{300 + number * 53 % 211:08}", "input_cache_read": "0.00000001"},
            "context_length": 100_000 + number,
            "supported_parameters": ["tools", "temperature"],
        }
        for number in range(endpoints + unrelated)
    ]
    return Catalog.from_mapping({"endpoints": rows})


class FloorPlan:
    """The least that a plan can be: its attempts and its draw."""

    __slots__ = ("attempts", "draw")

    def __init__(self, attempts: object, draw: int) -> None:
        self.attempts = attempts
        self.draw = draw


class Floor:
    """The same decisions, written out by hand for this catalog and these requests alone."""

    def __init__(self, known: Catalog) -> None:
        self.rows = sorted((row.id, row.pricing.prompt, row.pricing.completion, row.provider) for row in known if row.model == "a/b" and row.pricing)
        self.sorted = tuple(row[0] for row in sorted(self.rows, key=lambda row: (row[1] * 3000 + row[2] * 1000, row[0])))
        self.ids = [row[0] for row in self.rows]
        weights = [(row[1] * 3000 + row[2] * 1000) ** -2.0 for row in self.rows]
        self.weights = [weight / max(weights) for weight in weights]
        self.running = list(accumulate(self.weights))
        self.prepared = {"policy": self.sorted}
        self.raw = {("a/b", repr(BLOCK)): self.sorted}
        self.pins: dict[tuple[str, str], tuple[str, float]] = {}
        self.bits = Random(1).getrandbits

    def plan(self, policy: str) -> FloorPlan:
        return FloorPlan(self.prepared[policy], 0)

    def plan_raw(self, body: Mapping[str, Any]) -> FloorPlan:
        return FloorPlan(self.raw[body["model"], repr(body["provider"])], 0)

    def plan_session(self, body: Mapping[str, Any], now: float) -> FloorPlan:
        pin = self.pins.get((body["session_id"], body["model"]))
        ranked = self.raw[body["model"], repr(body["provider"])]
        return FloorPlan((pin[0], ranked) if pin is not None and now < pin[1] else ranked, 0)

    def plan_new(self, block: Mapping[str, Any]) -> FloorPlan:
        limit = int(block["max_price"]["prompt"] * 10**9)
        kept = [(prompt * 3000 + completion * 1000, row) for row, prompt, completion, _ in self.rows if prompt <= limit]
        kept.sort()
        return FloorPlan([row for _, row in kept], 0)

    def plan_estimates(self, prompt_tokens: int, completion_tokens: int) -> FloorPlan:
        kept = sorted([(prompt * prompt_tokens + completion * completion_tokens, row) for row, prompt, completion, _ in self.rows])
        return FloorPlan([row for _, row in kept], 0)

    def first(self, draw: int) -> str:
        z = (draw + GOLDEN) & MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        running = self.running
        return FloorPlan(self.ids[bisect_right(running, ((z ^ (z >> 31)) >> 11) * 2**-53 * running[-1])], draw).attempts  # type: ignore[return-value]

    def full(self, draw: int) -> list[str]:
        left, weights, running = self.ids.copy(), self.weights.copy(), self.running
        found = []
        for place in range(1, len(left) + 1):
            z = (draw + place * GOLDEN) & MASK
            z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
            taken = bisect_right(running, ((z ^ (z >> 31)) >> 11) * 2**-53 * running[-1])
            found.append((left.pop(taken), weights.pop(taken) / running[-1]))
            running = list(accumulate(weights))
        return found  # type: ignore[return-value]

    def explain(self) -> list[dict[str, Any]]:
        return [{"endpoint": row, "rules": ["max_price"], "details": [f"prompt {prompt / 1e9:.2f} > 50"]} for row, prompt, _, _ in self.rows if prompt > 10**15]


def litellm_works(endpoints: int) -> dict[str, Callable[[], object]]:
    """Return LiteLLM's router picking one deployment, by strategy; empty where it is not installed."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    try:
        from litellm import Router as Peer
    except ImportError:
        return {}
    deployments = [
        {
            "model_name": "m",
            "litellm_params": {"model": "openai/gpt-4o", "api_key": "none", "api_base": f"http://localhost:{9000 + number}"},
            "model_info": {"id": str(number)},
        }
        for number in range(endpoints)
    ]
    messages = [{"role": "user", "content": "hello"}]

    def work(strategy: str) -> Callable[[], object]:
        peer = Peer(model_list=deployments, routing_strategy=strategy, num_retries=0)
        assert peer.get_available_deployment(model="m", messages=messages, request_kwargs={})["model_name"] == "m"

        def picks() -> None:
            for _ in range(_PEER_CALLS):
                peer.get_available_deployment(model="m", messages=messages, request_kwargs={})

        return picks

    return {f"litellm's {strategy}": work(strategy) for strategy in ("simple-shuffle", "latency-based-routing")}


def timed(
    title: str, mine: Callable[[], object], least: Callable[[], object], rounds: int, calls: int, peers: dict[str, Callable[[], object]], note: str = ""
) -> list[Row]:
    """Return the rows of one comparison; the loops stand in here, so that a call costs what it costs."""

    def repeated(work: Callable[[], object]) -> Callable[[], object]:
        def run() -> None:
            for _ in range(calls):
                work()

        return run

    works = {"this": repeated(mine), "floor": repeated(least), **peers}
    times = interleaved(works, rounds, calls={name: _PEER_CALLS if name in peers else calls for name in works})
    return compare("this", times, "decision", floors=["floor"], peers=list(peers), title=title, note=note)


def _ids(attempts: Any) -> list[str]:
    return [attempt.endpoint.id for attempt in attempts]


def rows_for(endpoints: int, quick: bool, peers: dict[str, Callable[[], object]]) -> list[Row]:  # noqa: FBT001 - as run
    """Return all rows of one size of catalog."""
    rounds, calls = (5, 500) if quick else (15, 3_000)
    known = catalog(endpoints)
    floor = Floor(known)
    router, plain = Router(known, SETTINGS), Router(known, NO_SESSIONS)
    policy, balanced = plain.prepare({"model": "a/b", "provider": BLOCK}), plain.prepare({"model": "a/b"})
    raw = {**BODY, "provider": BLOCK}
    session = {**raw, "session_id": "s-1"}
    free_session = {**BODY, "session_id": "s-1"}
    keyed = Context.parse({"byok": [{"slug": "p0001", "key_id": "k"}]})
    keyed_policy = plain.prepare({"model": "a/b", "provider": BLOCK}, keyed)
    draw = 12345

    # the same answers first
    assert _ids(plain.plan(policy)) == list(floor.plan("policy").attempts) == _ids(plain.plan(raw)) == _ids(router.plan(session))  # type: ignore[call-overload]
    assert _ids(decide(known, {"model": "a/b"}, settings=NO_SESSIONS.decision, draw=draw)) == [one for one, _ in floor.full(draw)]
    assert plain.plan(policy) == decide(known, {"model": "a/b", "provider": BLOCK}, settings=NO_SESSIONS.decision)
    assert _ids(plain.plan(policy, prompt_tokens=9_000, completion_tokens=10)) == floor.plan_estimates(9_000, 10).attempts
    router.observe(next(iter(router.plan(free_session))), Outcome.success())
    assert router.plan(free_session).sticky.status == "hit"

    numbers = count(1)
    unseen = count(1_000)

    def never_seen() -> object:
        return plain.plan({"model": "a/b", "provider": {"sort": "price", "max_price": {"prompt": next(unseen)}}})

    def never_seen_floor() -> object:
        return floor.plan_new({"sort": "price", "max_price": {"prompt": next(unseen)}})

    def estimates() -> object:
        return plain.plan(policy, prompt_tokens=next(numbers), completion_tokens=300)

    label = f"{endpoints} endpoints"
    pairs: list[tuple[str, Callable[[], object], Callable[[], object], int]] = [
        ("prepared policy, sorted", lambda: plain.plan(policy), lambda: floor.plan("policy"), calls),
        ("raw body, block seen before", lambda: plain.plan(raw), lambda: floor.plan_raw(raw), calls),
        ("never seen", never_seen, never_seen_floor, calls // 10),
        ("balanced, first pick", lambda: plain.plan(balanced).first, lambda: floor.first(floor.bits(64)), calls),
        ("balanced, full order", lambda: plain.plan(balanced).attempts, lambda: floor.full(floor.bits(64)), calls // 20),
        ("raw body, with a session (explicit block)", lambda: router.plan(session), lambda: floor.plan_session(session, 0.0), calls),
        ("balanced, with a pinned session, first pick", lambda: router.plan(free_session).first, lambda: floor.plan_session(session, 0.0), calls),
        ("prepared policy, with estimates", estimates, lambda: floor.plan_estimates(next(numbers), 300), calls // 10),
        ("prepared policy, with a key (BYOK)", lambda: plain.plan(keyed_policy), lambda: floor.plan("policy"), calls),
        ("prepared policy, rejections and funnel asked for", lambda: plain.plan(policy).funnel, floor.explain, calls // 20),
    ]
    found = []
    for name, mine, least, times in pairs:
        required = REQUIRED.get(name)
        # the peers are timed beside two rows: the plan that is there already, and the one that is drawn
        beside = peers if name in {"prepared policy, sorted", "raw body, block seen before", "balanced, first pick"} else {}
        found += timed(f"{name}, {label}", mine, least, rounds, max(times, 5), beside, f"required: at most {required} floors" if required else "")
    return found


def observe_row(quick: bool) -> list[Row]:  # noqa: FBT001 - as run
    """Return the row of recording an outcome with two metrics, without a session."""
    rounds, calls = (5, 5_000) if quick else (15, 30_000)
    router = Router(catalog(20), NO_SESSIONS)
    attempt = router.plan(BODY).first
    outcome = Outcome.success(ttft_seconds=0.4, total_seconds=2.4, output_tokens=101)
    latencies: dict[str, list[float]] = {attempt.endpoint.id: []}
    rates: dict[str, list[float]] = {attempt.endpoint.id: []}

    def least() -> None:
        name = attempt.endpoint.id
        latencies[name].append(outcome.ttft_seconds)  # type: ignore[arg-type]
        rates[name].append((outcome.output_tokens - 1) / (outcome.total_seconds - outcome.ttft_seconds))  # type: ignore[operator]

    rows = timed("observe, two metrics, no session", lambda: router.observe(attempt, outcome), least, rounds, calls, {}, "required: at most 5 floors")
    router.tick()
    stats = router.facts.stats[attempt.endpoint.id]
    assert stats.samples == (rounds + 1) * calls
    assert stats.throughput is not None
    # so many samples of one endpoint are summed up in a histogram, whose stated error is below 1 %
    assert stats.throughput.p50 is not None
    assert abs(stats.throughput.p50 / rates[attempt.endpoint.id][0] - 1) < 0.01
    return rows


def unrelated_row(quick: bool) -> list[Row]:  # noqa: FBT001 - as run
    """Return how much 2,000 endpoints of other models add to a decision that was never seen."""
    rounds, calls = (7, 100) if quick else (21, 400)
    small, large = catalog(20), catalog(20, 2_000)
    facts, settings = Facts(), NO_SESSIONS.decision
    body = {"model": "a/b", "provider": BLOCK}
    assert _ids(decide(small, body, facts, settings=settings)) == _ids(decide(large, body, facts, settings=settings))
    title = "decide, 2,000 unrelated endpoints beside 20"
    rows = timed(
        title,
        lambda: decide(large, body, facts, settings=settings),
        lambda: decide(small, body, facts, settings=settings),
        rounds,
        calls,
        {},
        "required: at most 1.05",
    )
    rows[0].ratios = {"same without them": rows[0].ratios["floor"]}
    rows[0].ratio_spread = {"same without them": rows[0].ratio_spread["floor"]}
    return rows[:1]


def stall_row(quick: bool) -> list[Row]:  # noqa: FBT001 - as run
    """Return p50 and p99.9 of ``plan`` while another thread ticks over many endpoints, beside those without a tick."""
    endpoints, events, samples = (1_000, 100_000, 20_000) if quick else (10_000, 1_000_000, 100_000)
    known = catalog(20, endpoints - 20)
    router = Router(known, NO_SESSIONS)
    ids = [endpoint.id for endpoint in known]
    policy = router.prepare({"model": "a/b", "provider": BLOCK})
    for number in range(events):
        router.windows.record(ids[number % endpoints], time.monotonic(), latency=0.5 + number % 7, throughput=50.0)

    def latencies() -> list[float]:
        found = []
        for _ in range(samples):
            start = time.perf_counter()
            router.plan(policy)
            found.append(time.perf_counter() - start)
            time.sleep(0)
        return sorted(found)

    router.plan(policy)
    quiet = latencies()
    stop = threading.Event()

    def tick() -> None:
        while not stop.is_set():
            for endpoint_id in ids[:: max(len(ids) // 1_000, 1)]:
                router.windows.record(endpoint_id, time.monotonic(), latency=1.0, throughput=20.0)
            router.tick(breathe=lambda: time.sleep(0.0002))

    ticker = threading.Thread(target=tick)
    ticker.start()
    try:
        busy = latencies()
    finally:
        stop.set()
        ticker.join()
    return [
        Row(
            name=f"plan while ticking {endpoints} endpoints, {share}",
            median_s=busy[place],
            unit="decision",
            ratios={"same without a tick": busy[place] / quiet[place]},
        )
        for share, place in (("p50", samples // 2), ("p99.9", samples * 999 // 1000))
    ]


def run(quick: bool = False) -> list[Row]:  # noqa: FBT001, FBT002 - the registry's signature
    found = []
    for endpoints in (20,) if quick else (5, 20, 100):
        found += rows_for(endpoints, quick, litellm_works(endpoints))
    return [*found, *observe_row(quick), *unrelated_row(quick), *stall_row(quick)]
