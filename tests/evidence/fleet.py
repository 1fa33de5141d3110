"""A fleet of routers in a world that breaks, on virtual time, from one seed: what must hold at every step is checked at every step.

Four routers route one stream of requests over three models. Endpoints go down alone and with their whole provider, answer 429 in storms, and flap; each router's clock jumps both ways;
catalogs are swapped every second; the store of pins dies and comes back; exports between the routers are lost, late and twice. A failing seed fails again.
"""

from __future__ import annotations

import heapq
import itertools
import json
import random
from collections import Counter, deque
from pathlib import Path
from typing import Any, NamedTuple

from routecore import Catalog, MemoryPins, NoEligibleEndpoint, Outcome, Router

__all__ = ["Fleet", "Violation"]

MODELS = ("a/one", "b/two", "c/three")
PROVIDERS = ("north", "south", "east", "west")
WINDOW_SECONDS = 310.0


class Violation(AssertionError):
    """An invariant that did not hold: what, when, and with which seed."""


class Spell(NamedTuple):
    """From when to when an endpoint behaves badly, and how."""

    begin: float
    end: float
    how: str


def endpoints(change: int) -> dict[str, Any]:
    """Return the catalog's rows; every swap changes prices, and takes one endpoint out."""
    rows = []
    for place, (model, provider) in enumerate(itertools.product(MODELS, PROVIDERS)):
        if place == change % 29:
            continue
        cents = 10 + (place * 7 + change) % 13
        rows.append(
            {
                "model": model,
                "provider": provider,
                "pricing": {"prompt": f"0.000000{cents}", "completion": f"0.000000{cents * 2}"},
                "supported_parameters": ["tools", "tool_choice"],
                "data_policy": {"trains": provider == "west", "retains": provider in {"west", "east"}},
                "implicit_caching": True,
            }
        )
    return {"endpoints": rows}


class DyingPins:
    """A store of pins that raises while it is dead."""

    def __init__(self) -> None:
        self.dead = False
        self._pins = MemoryPins()

    def __getattr__(self, name: str) -> Any:
        if self.dead:
            raise ConnectionError("the store is gone")
        return getattr(self._pins, name)

    def get(self, key: bytes, now: float) -> Any:
        return self.__getattr__("get")(key, now)

    def put(self, *arguments: Any) -> Any:
        return self.__getattr__("put")(*arguments)


class Fleet:
    """Run ``seconds`` of virtual time at ``rate`` requests a second."""

    def __init__(self, seed: int, *, routers: int = 4, rate: float = 100.0, seconds: float = 60.0) -> None:
        self.rng = random.Random(seed)
        self.seed, self.rate, self.seconds = seed, rate, seconds
        self.now = 0.0
        self.counts: Counter[str] = Counter()
        self.memory: list[tuple[float, int]] = []
        self._tie = itertools.count()
        self._events: list[tuple[float, int, Any, tuple[Any, ...]]] = []
        self._spells = self._weather()
        self._jumps = [0.0] * routers
        self._stores = [DyingPins() for _ in range(routers)]
        self._measured: deque[tuple[float, str]] = deque()
        self._wrong: list[str] = []
        """What an observer found: a router swallows what its observers raise."""
        self._states: list[dict[str, str]] = [{} for _ in range(routers)]
        self._catalogs = [Catalog.from_mapping(endpoints(change)) for change in range(29)]
        self.routers = [self._router(number) for number in range(routers)]

    def _router(self, number: int) -> Router:
        draws = random.Random(f"{self.seed} {number}")
        return Router(
            self._catalogs[0],
            clock=lambda: 1_000.0 + self.now + self._jumps[number],
            wall_clock=lambda: 1_780_000_000.0 + self.now,
            entropy=draws.getrandbits,
            pins=self._stores[number],
            on_health=lambda change: self._transition(number, change),
        )

    def _weather(self) -> dict[str, list[Spell]]:
        """Draw when each endpoint, and each provider as a whole, is down, slow to take more, or flapping."""
        spells: dict[str, list[Spell]] = {}
        for name, mean_gap, mean_length in (*((f"{m}@{p}", 40.0, 12.0) for m in MODELS for p in PROVIDERS), *((p, 150.0, 15.0) for p in PROVIDERS)):
            at, found = self.rng.expovariate(1 / mean_gap), []
            while at < self.seconds:
                length = self.rng.expovariate(1 / mean_length)
                how = self.rng.choice(("down", "down", "storm", "flap", "key"))
                found.append(Spell(at, at + length, "down" if how == "key" and "@" not in name else how))
                at += length + self.rng.expovariate(1 / mean_gap)
            spells[name] = found
        return spells

    def weather(self, endpoint_id: str, at: float) -> str:
        """Return how an endpoint behaves at a time."""
        for name in (endpoint_id, endpoint_id.rpartition("@")[2]):
            for spell in self._spells[name]:
                if spell.begin <= at < spell.end:
                    return spell.how if spell.how != "flap" or int(at * 2) % 2 else "well"
        return "well"

    # --- the loop -----------------------------------------------------------------------------------------------------------------------------

    def at(self, when: float, what: Any, *arguments: Any) -> None:
        heapq.heappush(self._events, (when, next(self._tie), what, arguments))

    def run(self) -> Counter[str]:
        """Run to the end, and check what must hold there."""
        self.at(0.0, self._arrive)
        self.at(1.0, self._swap, 1)
        for number in range(len(self.routers)):
            self.at(2.0 + number / 10, self._exchange, number)
            self.at(self.rng.uniform(5, 30), self._jump, number)
            self.at(self.rng.uniform(5, 30), self._store, number, True)
        while self._events:
            self.now, _, what, arguments = heapq.heappop(self._events)
            what(*arguments)
            if self._wrong:
                self.fail(self._wrong[0])
        self._quiet_end()
        return self.counts

    def fail(self, what: str) -> None:
        raise Violation(f"{what} (seed {self.seed}, second {self.now:.3f})")

    def _arrive(self) -> None:
        if self.now >= self.seconds:
            return
        self.at(self.now + self.rng.expovariate(self.rate), self._arrive)
        router = self.rng.randrange(len(self.routers))
        model = self.rng.choice(MODELS)
        block: dict[str, Any] = {}
        if self.rng.random() < 0.2:
            block["zdr"] = True
        if self.rng.random() < 0.1:
            block["ignore"] = [self.rng.choice(PROVIDERS)]
        account = {"deny_training": True} if self.rng.random() < 0.2 else {}
        body = {"model": model, "messages": [{"role": "user", "content": f"question {self.counts['requests']}"}], "provider": block}
        if self.rng.random() < 0.3:
            body["session_id"] = f"s{self.rng.randrange(500)}"
        self.counts["requests"] += 1
        try:
            plan = self.routers[router].plan(body, {"account": account}, prompt_tokens=self.rng.randrange(10, 9_000), completion_tokens=200)
        except NoEligibleEndpoint:
            self.counts["nothing eligible"] += 1
            return
        self._try(router, plan, iter(plan), block, account, [])

    def _try(self, router: int, plan: Any, attempts: Any, block: dict[str, Any], account: dict[str, Any], tried: list[str]) -> None:
        attempt = next(attempts, None)
        if attempt is None:
            self._gave_up(plan, tried)
            return
        endpoint = attempt.endpoint
        policy = endpoint.data_policy
        if (block.get("zdr") and policy.may_retain) or (account.get("deny_training") and policy.may_train) or endpoint.provider in block.get("ignore", ()):
            self.fail(f"{endpoint.id} was handed out against a rule: {block} {account}")
        tried.append(endpoint.id)
        outcome, seconds = self._answer(endpoint.id)
        self.at(self.now + seconds, self._end, router, plan, attempts, attempt, outcome, block, account, tried)

    def _answer(self, endpoint_id: str) -> tuple[Outcome, float]:
        how = self.weather(endpoint_id, self.now)
        if how == "down":
            return Outcome.from_http(503, body={"error": {"message": "overloaded"}}), 0.05
        if how == "storm":
            return Outcome.from_http(429, headers={"retry-after": str(self.rng.choice((0, 1, 7)))}, body={"error": {"message": "slow down"}}), 0.02
        if how == "key":
            return Outcome.from_http(401, body={"error": {"code": "invalid_api_key", "message": "Incorrect API key"}}), 0.02
        first = self.rng.lognormvariate(-1.0, 0.4)
        return Outcome.success(ttft_seconds=first, total_seconds=first + 1.0, output_tokens=60), first + 1.0

    def _end(self, router: int, plan: Any, attempts: Any, attempt: Any, outcome: Outcome, block: Any, account: Any, tried: list[str]) -> None:
        step = self.routers[router].observe(attempt, outcome)
        self.counts[f"outcomes {outcome.kind}"] += 1
        self.counts["observed"] += 1
        if outcome.kind in {"success", "server", "rate_limit"}:
            self._measured.append((self.now, attempt.endpoint.id))
        if step.action == "done":
            self.counts["served"] += 1
        elif step.action == "next":
            self._try(router, plan, attempts, block, account, tried)
        elif next(iter(attempts), None) is None:
            self._gave_up(plan, tried)
        else:
            self.fail(f"stopped after {outcome.kind} with attempts left")

    def _gave_up(self, plan: Any, tried: list[str]) -> None:
        """A request that was not served had every eligible endpoint tried: none that was well was left out."""
        self.counts["gave up"] += 1
        left = {one.endpoint.id for one in plan.attempts} - set(tried)
        if left:
            self.fail(f"gave up without a try of {sorted(left)}")

    # --- what goes wrong ----------------------------------------------------------------------------------------------------------------------

    def _swap(self, change: int) -> None:
        for router in self.routers:
            router.swap(self._catalogs[change % len(self._catalogs)])
        if change % 60 == 0:
            self.memory.append((self.now, int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096))
        if self.now < self.seconds:
            self.at(self.now + 1.0, self._swap, change + 1)

    def _jump(self, number: int) -> None:
        self._jumps[number] += self.rng.choice((-3600.0, -5.0, -0.5, 0.5, 5.0, 3600.0))
        self.counts["clock jumps"] += 1
        if self.now < self.seconds:
            self.at(self.now + self.rng.uniform(20, 60), self._jump, number)

    def _store(self, number: int, dead: bool) -> None:
        self._stores[number].dead = dead
        self.counts["store died"] += dead
        if self.now < self.seconds or dead:
            self.at(self.now + self.rng.uniform(1, 20), self._store, number, not dead)

    def _exchange(self, number: int) -> None:
        """Send what a router knows to the others: lost, late, or twice."""
        router, now = self.routers[number], 1_000.0 + self.now + self._jumps[number]
        windows, health = (json.loads(json.dumps(part.export(now))) for part in (router.windows, router.health))
        for other in range(len(self.routers)):
            if other != number:
                for _ in range(self.rng.choice((0, 1, 1, 1, 2))):
                    self.at(self.now + self.rng.expovariate(2.0), self._merge, other, windows, health)
        if self.now < self.seconds:
            self.at(self.now + 3.0, self._exchange, number)

    def _merge(self, number: int, windows: Any, health: Any) -> None:
        router, now = self.routers[number], 1_000.0 + self.now + self._jumps[number]
        router.windows.merge(windows, now)
        router.health.merge(health, now)
        self.counts["exports merged"] += 1

    # --- what must hold -----------------------------------------------------------------------------------------------------------------------

    def _transition(self, number: int, change: Any) -> None:
        """No two probes for one lease: a probe begins only where none runs."""
        before = self._states[number].get(change.key, "available")
        if str(change.before) != before:
            self._wrong.append(f"{change.key} went from {change.before}, and was {before}")
        if change.after == "probing" and before != "due":
            self._wrong.append(f"{change.key}: a second probe for one lease, or one that was not due")
        self._states[number][change.key] = str(change.after)
        self.counts[f"to {change.after}"] += 1

    def _quiet_end(self) -> None:
        """After the storm: nothing counted twice or lost, and every cooldown ends."""
        handed = sum(metric.value for router in self.routers for metric in router.metrics() if metric.name.startswith("routecore.outcomes"))
        if handed != self.counts["observed"]:
            self.fail(f"{self.counts['observed']} outcomes were observed, {handed} counted")
        while self._measured and self._measured[0][0] < self.now - WINDOW_SECONDS:
            self._measured.popleft()
        most = Counter(endpoint_id for _, endpoint_id in self._measured)
        for router in self.routers:
            router.tick()
            for endpoint_id, stats in router.facts.stats.items():
                if (stats.samples or 0) > most[endpoint_id]:
                    self.fail(f"{endpoint_id} has {stats.samples} samples of {most[endpoint_id]} that there were")
        for _ in range(800):
            self.now += 5.0
            for router in self.routers:
                router.tick()
        for router in self.routers:
            if cooling := router.facts.cooling:
                self.fail(f"still cooling after the longest cooldown: {sorted(cooling)[:3]}")
