"""The request as gateways send it: a fresh JSON body with 15 messages, varying ``max_tokens``, the gateway's own estimate, a session.

One turn is a plan, its first attempt, and the outcome observed. Beside it, in the same rounds, the same work written out by hand for this catalog alone (the
floor: it looks the block up, looks at every message, hashes a conversation, finds the pin, prices every endpoint where there are estimates, draws, records
a latency and a throughput, and writes the pin; no validation, no health, no explanation, no bounds) and LiteLLM's latency-based pick among as many
deployments, which does not record anything.
"""

from __future__ import annotations

import time
from array import array
from bisect import bisect_right
from hashlib import blake2b
from itertools import accumulate, count, product
from random import Random
from typing import TYPE_CHECKING, Any

from benchmarks.harness import Row, compare, interleaved
from benchmarks.routing import catalog, litellm_works
from routecore import Outcome, Router, RouterSettings, Settings

if TYPE_CHECKING:
    from collections.abc import Callable

GOLDEN, MASK = 0x9E3779B97F4A7C15, 0xFFFFFFFFFFFFFFFF
MODES = {
    "balance": (None, Settings(min_samples=10)),
    "thresholds": ({"preferred_max_latency": {"p90": 0.6}, "preferred_min_throughput": 20}, Settings(min_samples=10)),
    "adjusted price": (None, Settings(min_samples=10, strategy="adjusted_price")),
}
SESSIONS = ("known", "new", "implicit")
CALLS = 200
DISTINCT = 100_000


def bodies(mode: str, session: str) -> list[dict[str, Any]]:
    """Return bodies that share nothing but their text."""
    block, _ = MODES[mode]
    found = []
    for number in range(CALLS):
        messages = [{"role": "system", "content": "You are a careful assistant of a travel agency. " * 8}]
        messages += [{"role": ("user", "assistant")[turn % 2], "content": f"Turn {turn}: " + "some words of a conversation " * 12} for turn in range(14)]
        messages[1]["content"] += str(number % 20)
        body: dict[str, Any] = {"model": "a/b", "messages": messages, "stream": True, "max_tokens": 200 + number, "temperature": 0.7}
        if block is not None:
            body["provider"] = dict(block)
        if session != "implicit":
            body["session_id"] = f"known-{number % 20}" if session == "known" else f"new-{number}"
        found.append(body)
    return found


class Hand:
    """The same turns by hand: statistics as the router has them, weights of the balance."""

    def __init__(self, router: Router, mode: str) -> None:
        stats = router.facts.stats
        self.rows = sorted((row.id, row.pricing.prompt, row.pricing.completion) for row in router.catalog if row.pricing is not None)
        self.ids = [row[0] for row in self.rows]
        self.shared = [stats[one].throughput.p50 ** 0.5 * stats[one].latency.p50 ** -0.5 for one in self.ids]  # type: ignore[union-attr]
        self.blocks = {repr(MODES[mode][0])}
        self.running = self.weigh(3_000, 1_000)
        self.pins: dict[bytes, tuple[str, float]] = {}
        self.latencies = {one: array("d") for one in self.ids}
        self.rates = {one: array("d") for one in self.ids}
        self.bits = Random(1).getrandbits

    def weigh(self, prompt: int, completion: int) -> list[float]:
        return list(accumulate([weight / (one[1] * prompt + one[2] * completion) for weight, one in zip(self.shared, self.rows, strict=True)]))

    def turn(self, body: dict[str, Any], estimates: tuple[int, int] | None, now: float) -> str:
        if repr(body.get("provider")) not in self.blocks:
            raise KeyError
        hour = False
        for message in body["messages"]:
            if type(message["content"]) is not str or "cache_control" in message:
                hour = True
        session = body.get("session_id")
        if session is None:
            digest = blake2b(digest_size=16)
            digest.update(body["messages"][0]["content"].encode())
            digest.update(body["messages"][1]["content"].encode())
            session = digest.hexdigest()
        key = blake2b(f"-|{session}|{body['model']}".encode(), digest_size=16).digest()
        pin = self.pins.get(key)
        running = self.running if estimates is None else self.weigh(*estimates)
        if pin is not None and now < pin[1]:
            chosen = pin[0]
        else:
            z = (self.bits(64) + GOLDEN) & MASK
            z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
            chosen = self.ids[bisect_right(running, ((z ^ (z >> 31)) >> 11) * 2**-53 * running[-1])]
        self.latencies[chosen].append(0.4)
        self.rates[chosen].append(50.0)
        self.pins[key] = (chosen, now + (3_600.0 if hour else 300.0))
        return chosen


def router_of(endpoints: int, mode: str) -> Router:
    """Return a router that has measured every endpoint, with a clock that stands still (a tick is no part of a request)."""
    router = Router(catalog(endpoints), RouterSettings(decision=MODES[mode][1], tick_seconds=1e9), clock=lambda: 1_000.0, entropy=Random(1).getrandbits)
    for number, attempt in enumerate(router.plan({"model": "a/b"}).attempts):
        for step in range(20):
            router.observe(attempt, Outcome.success(ttft_seconds=0.2 + 0.05 * (number % 9) + step / 100, total_seconds=2.0 + step / 10, output_tokens=100))
    router.tick()
    return router


def run(*, quick: bool = False) -> list[Row]:
    """Return the rows: each mode, with and without estimates, by session; then how a filling cache treats a request."""
    rows: list[Row] = []
    for endpoints, mode, estimated, session in product((20,) if quick else (20, 5), MODES, (False, True), SESSIONS):
        router = router_of(endpoints, mode)
        hand, sent = Hand(router, mode), bodies(mode, session)
        works: dict[str, Callable[[], object]] = {"turn": _turns(router, sent, estimated=estimated), "floor": _hand_turns(hand, sent, estimated=estimated)}
        peers = [(name, work) for name, work in litellm_works(endpoints).items() if "latency" in name]
        calls = {"turn": CALLS, "floor": CALLS}
        for name, work in peers:
            works[name], calls[name] = work, 20
        times = interleaved(works, 5 if quick else 25, calls=calls)
        title = f"{endpoints} endpoints, {mode}, {'estimates' if estimated else 'no estimates'}, session {session}"
        rows += compare("turn", times, "turn", floors=["floor"], peers=[name for name, _ in peers], title=title)[:1]
    rows.append(_filling(10_000 if quick else DISTINCT))
    return rows


def _turns(router: Router, sent: list[dict[str, Any]], *, estimated: bool) -> Callable[[], object]:
    outcome = Outcome.success(ttft_seconds=0.4, total_seconds=2.4, output_tokens=101)
    numbers = count()

    def turns() -> None:
        for body in sent:
            plan = router.plan(body, prompt_tokens=1_000 + next(numbers) % 977, completion_tokens=300) if estimated else router.plan(body)
            for attempt in plan:
                router.observe(attempt, outcome)
                break

    return turns


def _hand_turns(hand: Hand, sent: list[dict[str, Any]], *, estimated: bool) -> Callable[[], object]:
    numbers = count()

    def turns() -> None:
        for body in sent:
            hand.turn(body, (1_000 + next(numbers) % 977, 300) if estimated else None, 1_000.0)

    return turns


def _filling(distinct: int) -> Row:
    """Return the 99.9th percentile of a plan, in thread CPU time, over bodies of which no two are read alike, beside the median."""
    router = router_of(5, "balance")
    took = []
    for number in range(distinct):
        body = {"model": "a/b", "messages": [], "provider": {"ignore": [f"nobody-{number}"]}}
        start = time.thread_time()
        router.plan(body)
        took.append(time.thread_time() - start)
    took.sort()
    median, high = took[distinct // 2], took[int(distinct * 0.999)]
    return Row(f"p99.9 of {distinct:,} distinct bodies", high, "plan", {"median": high / median}, note="in thread CPU time")
