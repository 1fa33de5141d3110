"""The closed loop: the real ``Router`` on virtual time, and everything that follows from its plans.

A discrete-event run: arrivals, attempts, failures, fallbacks, waits; outcomes go back into windows, health and pins; prompt caches warm and expire; every attempt
costs what it costs. Nothing sleeps. The same seed gives the same result, and what comes of (request, endpoint, try) is the same for every policy.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import pairwise
from math import inf, ulp
from typing import TYPE_CHECKING, Any, Final

import attrs

from routecore.catalog.catalog import Catalog
from routecore.errors import NoEligibleEndpoint, UnknownModel
from routecore.live import run as live
from routecore.live.health import Health
from routecore.live.outcome import Outcome
from routecore.live.router import Router
from routecore.live.steps import Action
from routecore.simulate.engines.charge import UNPRICED, bill
from routecore.simulate.engines.inputs import last_second, model_of
from routecore.simulate.engines.requests import body_of
from routecore.simulate.engines.runs import Choices, Run
from routecore.simulate.engines.warm import warm_up
from routecore.simulate.engines.workers import uninterrupted
from routecore.simulate.noise import GOLDEN, MASK, draws
from routecore.simulate.report.summary import REPLICATES, Summary
from routecore.simulate.world.behaviour import steady
from routecore.simulate.world.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from routecore.live.live_plan import LiveAttempt, LivePlan
    from routecore.live.snapshot import Prepared
    from routecore.pricing.price_list import Pricing
    from routecore.routing.attempt import Attempt
    from routecore.simulate.policy import Policy
    from routecore.simulate.traces.trace import Trace
    from routecore.simulate.world.world import World

__all__ = ["WORLD_SALT", "run_policy"]

_FLUSH: Final = 8_192
_REPORT_EVERY: Final = 4_096
_MOST_PREPARED: Final = 16_384
_MOST_WARM: Final = 1_000_000
_AFTER_THE_LAST: Final = 3_600.0
"""Seconds after the last arrival in which attempts may still run."""
WORLD_SALT: Final = 0x6A09E667F3BCC909
_SILENCE: Final = 600.0
"""Seconds after which an attempt that never answers is given up where the policy has no timeout: what a client's own library does."""
_DONE, _NEXT, _RETRY = Action.DONE, Action.NEXT, Action.RETRY


class _Try:
    """A request under way."""

    __slots__ = (
        "arrival", "attempt", "attempts", "bill", "cached", "completion", "first_code", "insured", "key", "legs", "over", "plan", "prompt", "rest", "run", "server", "session",
        "stream", "tries", "unit", "upstream", "wake", "whole",
    )  # fmt: skip

    arrival: float
    attempt: Attempt
    attempts: int
    bill: tuple[int, int]
    cached: int
    completion: int
    first_code: int
    insured: int
    key: int
    legs: dict[int, _Try]
    over: bool
    plan: LivePlan
    prompt: int
    rest: Iterator[LiveAttempt] | None
    run: live.Run | None
    server: Server
    session: int
    stream: bool
    tries: dict[int, int] | None
    unit: int
    upstream: int
    wake: float
    whole: _Try

    def leg(self, attempt: Attempt, server: Server) -> _Try:
        """Return one attempt of this request, where its run may have two under way."""
        leg = _Try()
        leg.arrival, leg.unit, leg.key, leg.first_code = self.arrival, self.unit, self.key, self.first_code
        leg.prompt, leg.completion, leg.cached, leg.session, leg.stream = self.prompt, self.completion, self.cached, self.session, self.stream
        leg.attempt, leg.server, leg.tries, leg.run, leg.whole = attempt, server, self.tries, self.run, self
        leg.attempts = leg.upstream = leg.insured = 0
        leg.over = False
        return leg


class _Caches:
    """Where a session's prompts are cached: ``last`` served it; ``kept``: attempt key -> tokens that it was given and made, and until when they are kept."""

    __slots__ = ("kept", "last")

    def __init__(self) -> None:
        self.last = ""
        self.kept: dict[str, tuple[int, float]] = {}


class _Records:
    """Finished requests, column by column, handed to the summary in batches."""

    names = (
        "unit", "at_s", "served", "first_served", "attempts", "endpoint", "first", "ttft_us", "total_us",
        "charged", "upstream", "cache_saved", "insured", "uncached", "prompt_tokens", "cached_tokens", "completion_tokens",
    )  # fmt: skip

    def __init__(self, summary: Summary, ids: list[str]) -> None:
        self.summary = summary
        self.ids = ids
        self.rows: list[tuple[Any, ...]] = []

    def flush(self) -> None:
        if self.rows:
            with uninterrupted():
                self.summary.add(dict(zip(self.names, zip(*self.rows, strict=True), strict=True)), self.ids)
                self.rows.clear()


class _NoHealth(Health):
    """Health that remembers nothing: nobody ever cools."""

    def observe(self, key: str, outcome: Outcome, now: float, holder: object = None) -> None:
        """Look away."""


class _CarelessRouter(Router):
    """A router without health, as a gateway without cooldowns has it."""

    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - as Router's
        super().__init__(*given, **named)
        self._health = _NoHealth(self.settings.health)


def run_policy(  # noqa: C901, PLR0912, PLR0915 - one loop, whose parts share its locals: calls cost more than what they do
    trace: Trace,
    catalog: Catalog,
    world: World,
    policy: Policy,
    *,
    seed: int = 0,
    start_epoch: float | None = None,
    bucket_s: float = 60.0,
    replicates: int = REPLICATES,
    keep_choices: bool = True,
    cold: bool = False,
    progress: Callable[[int], object] | None = None,
) -> Run:
    """Run one policy over the trace and return what came of it. ``simulate`` runs several and compares them.

    The router starts with the statistics that the world would show it, unless ``cold``. ``start_epoch``: the wall clock at second 0 of the trace (seconds since 1970), which only prices with time windows look at. ``progress(done)`` is called every few thousand requests. A ``KeyboardInterrupt`` ends the run early: what is done is returned, marked ``partial``.
    """
    routed = policy.catalog_of(catalog)
    world.check(routed, [model for name in trace.names.models if (model := model_of(name, routed)) is not None])
    world = world.unfolded(seed, last_second(trace) + _AFTER_THE_LAST, [one.id for one in (*catalog, *routed)])
    usual = world.default or steady()
    servers: dict[str, Server] = {}
    ids: list[str] = []
    # codes by id order of the base catalog, then of what the policy adds: the same endpoint has the same code under every policy
    for endpoint in (*catalog, *(one for one in routed if catalog.get(one.id) is None)):
        known = routed.get(endpoint.id) or endpoint
        servers[endpoint.id] = Server(len(ids), endpoint.id, world.of(endpoint.id) or usual, known.pricing, can_cache=known.can_cache)
        ids.append(endpoint.id)
    reprices: list[tuple[float, str, Pricing]] = sorted(
        ((one.start, key, one.value) for key, server in servers.items() for one in server.behaviour.effects if one.kind == "price"), key=lambda one: one[:2]
    )
    reprices.reverse()

    begin = float(trace.chunk(0).timestamp_s[0])
    # the router's clock is ahead of the trace's by a window, so that what it knows at the start can be from before
    lead = policy.router_settings.windows.seconds - begin
    now_box, draw_box = [begin], [0]
    offset = 0.0 if start_epoch is None else start_epoch
    coolings = 0

    def cooled(change: Any) -> None:  # noqa: ANN401 - a HealthChange
        nonlocal coolings
        coolings += str(change.after) == "cooling"

    router = (_CarelessRouter if policy.health_off else Router)(
        routed,
        policy.router_settings,
        clock=lambda: now_box[0] + lead,
        wall_clock=lambda: offset + now_box[0],
        entropy=lambda bits: draw_box[0],
        on_health=cooled,
    )
    if not cold:
        asked_models = {model for name in trace.names.models if (model := model_of(name, routed)) is not None}
        warm_up(router, [servers[routed.endpoints[row].id] for model in asked_models for row in routed.models[model]], begin, lead)
    plan_request, observe = router.plan, router.observe
    wall = None if start_epoch is None else start_epoch

    summary = Summary(bucket_s=bucket_s, replicates=replicates)
    records = _Records(summary, ids)
    finished = records.rows
    finish = finished.append
    counts = summary.counts
    outcomes: dict[str, int] = {"success": 0}
    choices = Choices() if keep_choices else None
    prepared: dict[tuple[int, int, bool, int], Prepared] = {}
    fields: dict[tuple[int, int], list[Any]] = {}
    caches: dict[int, _Caches] = {}
    events: list[tuple[float, int, _Try, Outcome | None]] = []
    sequence = done = unpriced = 0
    last = 0.0
    context = policy.context
    know_prompt, know_completion = policy.estimates != "nominal", policy.estimates == "tokens"
    # only an economic pin looks at the warm price: without it, rankings without estimates are looked up instead of made
    know_cached = policy.settings.sticky == "economic"
    # a run has timeouts of its own
    timeout = policy.timeout_s if policy.deadline_s is None else None

    def wasted(one: _Try, cached: int, now: float) -> None:
        """Let the provider bill the prompt of an attempt that came to nothing, where it does so."""
        server = one.server
        if server.behaviour.billed_errors and server.pricing is not None:
            quote = server.pricing.quote_femtodollars(one.prompt, 0, cached, None if wall is None else wall + now)
            if quote is not None:
                one.upstream += round(quote)
                one.insured += round(quote)

    def attempt_at(one: _Try, now: float) -> None:  # noqa: C901, PLR0912, PLR0915 - as the whole
        """Begin an attempt: what will come of it, and when, is known at once, and is told to the router only then."""
        nonlocal sequence
        server = one.server
        server.attempts += 1
        one.attempts += 1
        if now >= server.until:
            server.refresh(now)
        tries = one.tries
        again = 0
        if tries is not None:
            again = tries.get(server.code, 0)
            tries[server.code] = again + 1
        z = ((one.key ^ server.key) + again * GOLDEN) & MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        z ^= z >> 31
        chance = z >> 32
        sequence += 1
        if server.down:
            heappush(events, (now + server.refusal_seconds, sequence, one, Outcome.connection("outage")))
            return
        if chance < server.refuses or not server.admits(now):
            heappush(events, (now + server.refusal_seconds, sequence, one, Outcome.rate_limit()))
            return
        session, cached = one.session, 0
        if session and one.cached:
            place = caches.get(session)
            kept = None if place is None else place.kept.get(one.attempt.key)
            if place is not None and kept is not None and now <= kept[1] and one.cached >= server.min_cache:
                # what this endpoint was given on the session's last turn here; the trace knows of the turn before this one alone
                cached = one.cached if place.last == one.attempt.key or one.cached < kept[0] else kept[0]
                if cached < server.min_cache:
                    cached = 0
        first = server.ttft[z & 4095] * server.slow
        if cached and server.warm_factor != 1.0:
            first *= 1.0 - (1.0 - server.warm_factor) * cached / one.prompt
        if server.prefill is not None:
            first += (one.prompt - cached) * server.slow / server.prefill
        waited = server.wait(now) if server.slots is not None else 0.0
        fails = chance < server.fails
        if fails and server.error_seconds is not None:
            first = server.error_seconds
        # the clock on the wall: waiting for a slot, slow errors and silence count
        if server.hangs or (timeout is not None and waited + first > timeout):
            given_up = _SILENCE if timeout is None else timeout
            if waited < given_up:
                server.occupy(now, given_up - waited)
                if not server.hangs:
                    wasted(one, cached, now)
            heappush(events, (now + given_up, sequence, one, Outcome.timeout()))
            return
        if fails:
            server.occupy(now, first)
            wasted(one, cached, now)
            heappush(events, (now + waited + first, sequence, one, Outcome.server(500)))
            return
        tokens = one.completion
        length = (tokens - 1) * server.slow / server.speed[(z >> 12) & 4095] if tokens > 1 else 0.0
        if server.slots is not None:
            server.occupy(now, first + length)
        total = waited + first + length
        # at the price that stood when the attempt began
        linear = server.linear
        if linear is not None and not (server.writes and session):
            p, c, r, fee = linear
            uncached = p * one.prompt + c * tokens + fee
            one.bill = (uncached - (p - r) * cached if cached else uncached), uncached
        elif server.pricing is not None:
            one.bill = bill(server, one.prompt, tokens, cached, bool(session), None if wall is None else wall + now)
        else:
            one.bill = UNPRICED
        one.cached = -1 - cached  # the mark that this try is served, with what it read from the cache
        outcome = Outcome(_SUCCESS, ttft_seconds=waited + first if one.stream else None, total_seconds=total, output_tokens=tokens)
        heappush(events, (now + total, sequence, one, outcome))
        if one.run is not None and one.stream:
            sequence += 1
            heappush(events, (now + waited + first, sequence, one, _FIRST_TOKEN))

    def follow(one: _Try, now: float) -> None:
        """Do what a request's run says, until it waits or is over."""
        nonlocal sequence
        run = one.run
        assert run is not None
        assert one.tries is not None
        while not one.over:
            step = run.next()
            if isinstance(step, live.Try):
                server = servers[step.attempt.endpoint.id]
                counts["retries"] += server.code in one.tries
                leg = one.legs[id(step.attempt)] = one.leg(step.attempt, server)
                one.attempts += 1
                attempt_at(leg, now)
            elif isinstance(step, live.Close):
                leg = one.legs[id(step.attempt)]
                leg.over = True
                if not leg.server.hangs and not leg.upstream:
                    # what was sent is not taken back: its prompt is billed, and nothing of an answer that nobody heard
                    wasted(leg, 0, now)
            elif isinstance(step, live.Wait):
                # at least what the router's clock can tell apart, so that no rounding asks for ever
                at = now + max(step.seconds, 2 * ulp(now + lead))
                if at < one.wake:
                    one.wake = at
                    sequence += 1
                    heappush(events, (at, sequence, one, None))
                return
            else:
                one.over = True
                for attempt, outcome in run.outcomes:
                    if outcome.kind is not _SUCCESS:
                        kind = str(outcome.kind)
                        outcomes[kind] = outcomes.get(kind, 0) + 1
                        servers[attempt.endpoint.id].failures += kind != "cancelled"
                one.upstream, one.insured = sum(leg.upstream for leg in one.legs.values()), sum(leg.insured for leg in one.legs.values())
                if run.served is None:
                    fail(now, one)
                else:
                    leg = one.legs[id(run.served)]
                    leg.attempts, leg.upstream, leg.insured = one.attempts, one.upstream, one.insured
                    deliver(now, leg, run.outcomes[-1][1])

    def carry_on(now: float, leg: _Try, outcome: Outcome | None) -> None:
        """Tell a request's run what an event says, and do what it says then."""
        one, run = leg.whole, leg.run
        assert run is not None
        if outcome is None:
            one.wake = inf
        elif leg.over:
            return
        elif outcome is _FIRST_TOKEN:
            run.committed(leg.attempt)
        else:
            leg.over = True
            run.ended(leg.attempt, outcome)
        follow(one, now)

    def deliver(now: float, one: _Try, outcome: Outcome) -> None:
        """Write down a request that was served."""
        nonlocal unpriced
        attempt, server = one.attempt, one.server
        outcomes["success"] += 1
        cached = -1 - one.cached
        prompt, completion, session = one.prompt, one.completion, one.session
        if session:
            counts["session_requests"] += 1
            place = caches.get(session)
            if place is None:
                place = caches[session] = _Caches()
            else:
                counts["session_turns"] += 1
                counts["session_switches"] += place.last != attempt.key
                counts["cache_hits"] += cached > 0
            place.last = attempt.key
            place.kept[attempt.key] = (prompt + completion, now + server.cache_ttl)
        charged, uncached = one.bill
        if charged < 0:
            unpriced += 1
            charged = uncached = 0
        upstream = charged
        if attempt.key_id is not None:
            # the caller's own key: the provider bills its owner
            charged = uncached = 0
        whole = round((now - one.arrival) * 1e6)
        begun = outcome.ttft_seconds
        first_us = whole if begun is None else round((now - outcome.total_seconds + begun - one.arrival) * 1e6)  # type: ignore[operator]
        finish((
            one.unit, one.arrival, True, one.attempts == 1, one.attempts, server.code, one.first_code, first_us, whole,
            charged, one.upstream + upstream, uncached - charged if cached or server.writes else 0, one.insured, uncached, prompt, cached, completion,
        ))  # fmt: skip

    def fail(now: float, one: _Try) -> None:
        """Write down a request that nothing served."""
        whole = round((now - one.arrival) * 1e6)
        finish((one.unit, one.arrival, False, False, one.attempts, -1, one.first_code, 0, whole, 0, one.upstream, 0, one.insured, 0, one.prompt, 0, 0))

    def settle(now: float, one: _Try, outcome: Outcome | None) -> None:
        """Take an event: an attempt that ended, or (without an outcome) a wait that is over."""
        nonlocal sequence
        now_box[0] = now
        if one.run is not None:
            carry_on(now, one, outcome)
            return
        if outcome is None:
            attempt_at(one, now)
            return
        attempt, server = one.attempt, one.server
        step = observe(attempt, outcome, one.plan)
        action = step.action
        if action is _DONE:
            deliver(now, one, outcome)
            return
        kind = str(outcome.kind)
        outcomes[kind] = outcomes.get(kind, 0) + 1
        server.failures += 1
        if action is _NEXT:
            if one.rest is None:
                one.rest = iter(one.plan)
                one.tries = {server.code: 1}
                next(one.rest)
            one.attempt = next(one.rest)
            one.server = servers[one.attempt.endpoint.id]
            attempt_at(one, now)
        elif action is _RETRY:
            counts["retries"] += 1
            if one.tries is None:
                one.tries = {server.code: 1}
            assert step.attempt is not None
            one.attempt = step.attempt
            one.server = servers[one.attempt.endpoint.id]
            sequence += 1
            heappush(events, (now + step.seconds, sequence, one, None))
        else:
            fail(now, one)

    partial = False
    try:
        for chunk in trace.chunks():
            columns = zip(
                chunk.timestamp_s.tolist(), chunk.model.tolist(), chunk.prompt_tokens.tolist(), chunk.completion_tokens.tolist(), chunk.session.tolist(),
                chunk.cached_prefix_tokens.tolist(), chunk.provider.tolist(), chunk.tools.tolist(), chunk.max_tokens.tolist(), chunk.stream.tolist(),
                chunk.units.tolist(), draws(seed, chunk.number).tolist(), draws(seed ^ WORLD_SALT, chunk.number).tolist(),
                strict=True,
            )  # fmt: skip
            for at, model, prompt, completion, session, cached, provider, tools, most, stream, unit, draw, key in columns:
                while events and events[0][0] <= at:
                    moment, _, one, outcome = heappop(events)
                    settle(moment, one, outcome)
                while reprices and reprices[-1][0] <= at:
                    moment, endpoint_id, pricing = reprices.pop()
                    now_box[0] = max(now_box[0], moment)
                    servers[endpoint_id].reprice(pricing)
                    routed = Catalog(tuple(attrs.evolve(one, pricing=pricing) if one.id == endpoint_id else one for one in routed))
                    router.swap(routed)
                now_box[0] = last = at
                done += 1
                if not done % _REPORT_EVERY:
                    if len(finished) >= _FLUSH:
                        records.flush()
                    if len(caches) > _MOST_WARM:
                        caches = {session: place for session, place in caches.items() if any(until >= at for _, until in place.kept.values())}
                    if progress is not None:
                        progress(done)
                asked = (model, provider, tools, most)
                ready = prepared.get(asked)
                if ready is None:
                    if len(prepared) >= _MOST_PREPARED:
                        prepared.clear()
                    ready = prepared[asked] = router.prepare(body_of(trace.names, policy, asked), context)
                draw_box[0] = draw
                try:
                    plan = plan_request(
                        ready,
                        prompt_tokens=prompt if know_prompt else None,
                        completion_tokens=completion if know_completion else None,
                        cached_tokens=cached if know_cached and session else None,
                        session_id=f"{session:x}" if session else None,
                    )
                except (NoEligibleEndpoint, UnknownModel) as error:
                    _refused(error, summary)
                    finish((unit, at, False, False, 0, -1, -1, 0, 0, 0, 0, 0, 0, 0, prompt, 0, 0))
                    if choices is not None:
                        choices.endpoint.append(-1)
                        choices.propensity.append(0.0)
                        choices.marks.append(0)
                        choices.field.append(-1)
                    continue
                first = plan.first
                ranking = plan.ranking
                candidates = ranking.field.candidates
                place = (id(ready), id(candidates))
                found = fields.get(place)
                if found is None or found[0] is not candidates:
                    # the list is kept here, so its identity stays its own
                    found = fields[place] = _field(candidates, plan, servers, choices)
                    if len(fields) > _MOST_PREPARED:
                        _count_rejections(fields, summary)
                        fields = {place: found}
                found[1] += 1
                server = servers[first.endpoint.id]
                pinned = ranking.sticky.status == "hit"
                if pinned:
                    counts["pinned"] += 1
                if choices is not None:
                    choices.endpoint.append(server.code)
                    choices.propensity.append(first.probability)
                    choices.marks.append(pinned | (ranking.order is not None) << 1 | (ranking.field.cooling is not None) << 2)
                    choices.field.append(found[2])
                one = _Try()
                one.arrival, one.unit, one.key = at, unit, key
                one.prompt, one.completion, one.cached, one.session, one.stream = prompt, completion, cached, session, stream
                one.plan, one.attempt, one.server, one.first_code = plan, first, server, server.code
                one.rest = one.tries = None
                one.attempts = one.upstream = one.insured = 0
                one.run = None
                if policy.deadline_s is None:
                    attempt_at(one, at)
                else:
                    one.run = live.Run(router, plan, stream=bool(stream), deadline_seconds=policy.deadline_s)
                    one.whole, one.legs, one.wake, one.over, one.tries = one, {}, inf, False, {}
                    follow(one, at)
        while events:
            moment, _, one, outcome = heappop(events)
            if one.run is None or not one.over:
                # what comes of an attempt that its run has closed is nobody's any more
                last = max(last, moment)
            settle(moment, one, outcome)
    except KeyboardInterrupt:
        partial = True
    records.flush()
    _count_rejections(fields, summary)
    for server in servers.values():
        if server.attempts:
            summary.count_attempts(server.id, server.attempts, server.failures)
    summary.outcomes = {kind: count for kind, count in outcomes.items() if count}
    if progress is not None and not partial:
        progress(done)
    return Run(policy, summary, ids, choices, done, partial, coolings, unpriced, last)


_SUCCESS: Final = Outcome.success().kind
_FIRST_TOKEN: Final = Outcome.success()
"""What an event says that brings the first output of a stream: an object of its own, known by being it."""


def _field(candidates: Any, plan: LivePlan, servers: dict[str, Server], choices: Choices | None) -> list[Any]:  # noqa: ANN401 - the ranking's list
    """Return what is kept of a set of candidates: the list itself, how often it occurred, its place among the choices' fields, and the rules' counts."""
    funnel = plan.funnel
    removed = {rule: before - left for (_, before), (rule, left) in pairwise(funnel)}
    place = -1
    if choices is not None:
        place = len(choices.fields)
        rules = {servers[one.endpoint.id].code: one.rules[0] for one in plan.rejections if one.endpoint.id in servers}
        choices.fields.append((frozenset(servers[one.endpoint.id].code for one in candidates), rules))
    return [candidates, 0, place, removed]


def _count_rejections(fields: dict[tuple[int, int], list[Any]], summary: Summary) -> None:
    for _, times, _, removed in fields.values():
        for rule, endpoints in removed.items():
            summary.rejections[rule] = summary.rejections.get(rule, 0) + times * endpoints


def _refused(error: NoEligibleEndpoint | UnknownModel, summary: Summary) -> None:
    if isinstance(error, UnknownModel):
        summary.counts["unknown_model"] += 1
        return
    summary.counts["no_endpoint"] += 1
    for before, after in pairwise(error.funnel):
        rule = after["rule"]
        summary.rejections[rule] = summary.rejections.get(rule, 0) + before["left"] - after["left"]
