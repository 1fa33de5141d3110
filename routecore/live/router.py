"""The only stateful shell: what a gateway holds in its process and calls on every request.

``plan`` decides, ``observe`` learns, ``tick`` reads the statistics, ``swap`` takes a new catalog. The decision itself is the pure core's:
``Router`` caches its four functions and nothing else, and ``router.plan(…) == decide(…)`` on the same facts is a law under test.

Nothing here waits: any number of threads and event loops may share one router. What changes together (catalog, statistics, cooldowns)
is one frozen ``Snapshot`` that is replaced whole.
"""

from __future__ import annotations

import threading
import time
from math import inf
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Any, Final

import attrs

from routecore.errors import Fault, InvalidRequest, RoutecoreError
from routecore.live.answers import Answers
from routecore.live.drain import Drain
from routecore.live.forks import watch_forks
from routecore.live.health import ANYBODY, Health
from routecore.live.kinds import NEUTRAL, Kind
from routecore.live.limits import Limits, Stated
from routecore.live.live_plan import LiveAttempt, LivePlan
from routecore.live.metrics import FAILED, PLANS, Counters, Metric, readings
from routecore.live.outcome import Outcome
from routecore.live.pins import MemoryPins, Pins, pin_key, response_of
from routecore.live.run import Run
from routecore.live.session import Session, found_in, host_in
from routecore.live.settings import RouterSettings
from routecore.live.snapshot import Prepared, Snapshot
from routecore.live.steady import Steady
from routecore.live.steps import Action, Step, next_after
from routecore.live.windows.windows import Windows
from routecore.reading.checks import INTEGER_LIMIT, WHOLE_EXPECTED
from routecore.request.body import SESSION_ID_LIMIT, read
from routecore.request.context import Context
from routecore.request.fingerprint import fingerprint
from routecore.request.preferences import Preferences
from routecore.routing.attempt import attempt_key
from routecore.routing.cache import Cache
from routecore.routing.facts import Facts, Full
from routecore.routing.plan import Plan
from routecore.routing.ranking import sticky
from routecore.routing.ranking.draw import uniform
from routecore.routing.solve import pose, resolve, solve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from routecore.catalog.catalog import Catalog
    from routecore.catalog.limits import EndpointLimits
    from routecore.live.health import HealthChange
    from routecore.live.pins import PinStore
    from routecore.routing.attempt import Attempt
    from routecore.routing.case import Case
    from routecore.routing.facts import EndpointStats
    from routecore.routing.ranking.ranking import Ranking

__all__ = ["Router"]

_NO_CONTEXT: Final = Context()
_LONGEST_BLOCK: Final = 4_096
"""Provider blocks longer than this as text are parsed every time: what is kept stays small, whatever callers send."""
_SUCCESS: Final = Kind.SUCCESS
_DELIVERED: Final = Step(Action.STOP, 0.0, "part of the answer is with the caller, so nothing is repeated")
_MAX_PINNED: Final = 256
"""Rankings kept for one prepared request, one for each pinned attempt."""
_BYTES_READ: Final = 2_500
_BYTES_RANKED: Final = 700
_BYTES_POOLED: Final = 2_500
"""What a remembered request takes: read, for each candidate ranked, and for each endpoint of a list of models (measured)."""
_RATE_LIMIT: Final = Kind.RATE_LIMIT
_NOT_ASKED: Final = object()


class Router:
    """Plans with live statistics, health and pins. See ``plan``, ``observe``, ``tick`` and ``swap``.

    ``clock`` gives seconds (monotonic), ``wall_clock`` seconds since the epoch (only prices with time windows look at it), ``entropy(64)`` a 64-bit
    integer. ``pins`` is where pins are kept; ``on_health`` receives every transition, ``on_decision`` the decision record of a ``decision_share`` of plans,
    ``on_outcome`` each (attempt, outcome, plan) that was observed (the plan is ``None`` where nobody said which it was). What these raise is counted.

    A clock that is set back, or jumps, costs at most its own jump of statistics. A router made before ``os.fork`` goes on in each child.

    >>> from routecore import Catalog, Outcome, Router
    >>> catalog = Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": "p"}, {"model": "a/b", "provider": "q"}]})
    >>> router = Router(catalog, clock=lambda: 100.0)
    >>> plan = router.plan({"model": "a/b", "provider": {"order": ["q"]}})
    >>> for attempt in plan:
    ...     step = router.observe(attempt, Outcome.success(ttft_seconds=0.4, total_seconds=1.4, output_tokens=51))
    ...     if step.action != "next":
    ...         break
    >>> attempt.endpoint.id, step.action.value
    ('a/b@q', 'done')
    """

    def __init__(
        self,
        catalog: Catalog,
        settings: RouterSettings | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        entropy: Callable[[int], int] | None = None,
        pins: PinStore | None = None,
        on_health: Callable[[HealthChange], object] | None = None,
        on_decision: Callable[[dict[str, Any]], object] | None = None,
        decision_share: float = 1.0,
        on_outcome: Callable[[Attempt, Outcome, LivePlan | None], object] | None = None,
    ) -> None:
        self.settings = RouterSettings() if settings is None else settings
        self._decision = self.settings.decision
        self._steps = self.settings.steps
        self.answers = Answers(self.settings.answers)
        self.clock = self._clock = clock
        self._wall_clock = wall_clock
        self._entropy = Random(SystemRandom().getrandbits(256)).getrandbits if entropy is None else entropy  # noqa: S311 - load is spread, no secret kept
        self._sink = on_decision
        self._share = decision_share
        self._windows = Windows(self.settings.windows, [endpoint.id for endpoint in catalog], source=f"{SystemRandom().getrandbits(64):016x}")
        self._limits = Limits(self.settings.limits)
        self._health = Health(self.settings.health, on_health, siblings=self._siblings, limits=self._limits, source=f"{SystemRandom().getrandbits(64):016x}")
        self._pins = Pins(MemoryPins(self.settings.pins) if pins is None else pins)
        self._hook = on_outcome
        self._steady = Steady()
        self._drain: Drain | None = None
        self._own_entropy = entropy is None
        self._sticky = self._decision.sticky != "off"
        self._counters = Counters(
            [PLANS, FAILED, "cache.misses", "swaps", "ticks", "sink.errors", "hook.errors", "probes", *(f"outcomes.{kind}" for kind in Kind)]
        )
        self._count_plan = self._counters.up[PLANS]
        self._count_outcome = {kind: self._counters.up[f"outcomes.{kind}"] for kind in Kind}
        self._next_step = {kind: next_after_kind(kind) for kind in Kind}
        self._lock = threading.Lock()
        self._ticking = threading.Lock()
        self._tick_due = self._steady(clock()) + self.settings.tick_seconds
        self._prepared: Cache[Any, Prepared] = Cache(self.settings.max_prepared, self.settings.max_prepared_bytes)
        self._snapshot = Snapshot(catalog, Facts.measured({}, frozenset()), frozenset(), self._tick_due)
        self._state_limits(catalog)
        watch_forks(self)

    # --- deciding -----------------------------------------------------------------------------------------------------------------------------

    def plan(  # noqa: PLR0912 - the hot path, in one piece
        self,
        body: Mapping[str, Any] | Prepared,
        context: Context | Mapping[str, Any] | None = None,
        *,
        prompt_tokens: int | None = None,
        completion_tokens: int | None = None,
        cached_tokens: int | None = None,
        session_id: str | None = None,
        pin: object = _NOT_ASKED,
    ) -> LivePlan:
        """Return the fallback plan of one request, from what is known now.

        Args:
            body: The caller's JSON, or what ``prepare`` made of one (its context then stands, and another one is a fault).
            context: Keys, account, pin and estimates; the wire's object or a parsed one.
            prompt_tokens: The estimate of this request. Given here, it goes before the context's, and a context need not be made anew for it.
            completion_tokens: Likewise.
            cached_tokens: How many of the prompt's tokens the pinned endpoint is likely to have cached.
            session_id: The conversation's identity; it goes before the body's.
            pin: What a store that only the gateway can ask has under ``pin_keys``: a list of its entries, in their order, or one entry; ``None``: nothing.
                Then the router's own store is not asked.

        Returns:
            The plan. Its attempts know it, so that ``observe`` can pin the session and say what comes next.

        Raises:
            InvalidRequest: The body or the context cannot be read, or the router is draining.
            InvalidPreferences: The provider block cannot be read.
            UnknownModel: The catalog knows none of the asked models.
            NoEligibleEndpoint: No endpoint passes every hard filter.

        Example:
            >>> from routecore import Router, example_catalog
            >>> plan = Router(example_catalog()).plan({"model": "openai/gpt-5", "provider": {"sort": "price"}}, prompt_tokens=1_000)
            >>> plan.strategy, len(plan)
            ('sort:price', 3)
        """
        if self._drain is not None:
            raise InvalidRequest([Fault("router", "draining", "a router that still hands out plans: this one is going away")])
        now = self._steady(self._clock())
        snapshot = self._snapshot
        if now >= snapshot.until or self._health.stale:
            snapshot = self._refresh(now)
        self._count_plan()
        prepared = self._recall(body, context) if not isinstance(body, Prepared) else body if context is None else _held(body, context)
        of, ranking = prepared.compiled
        if of is not snapshot or ranking is None:
            ranking = self._compile(prepared, snapshot, (prompt_tokens, completion_tokens, cached_tokens))
        session = None
        if self._sticky and ranking.case.sticky is None and (session_id is not None or prepared is not body):
            if session_id is not None:
                _check_session(session_id)
            session = Session(prepared.context.account_id, body if prepared is not body else None, session_id, now)  # type: ignore[arg-type]
            if session.previous is not None and prepared.context.affinity is None:
                host = session.host(self._pins) if pin is _NOT_ASKED else host_in(pin, session)
                if host is not None:
                    # only the host that made a response can go on from it
                    ranking = self._solve(ranking.case.replace(context=attrs.evolve(prepared.context, affinity=host)))
            if prepared.explicit:
                session.pins = self._pins if pin is _NOT_ASKED else None
            else:
                pinned, session.reason = session.find(self._pins, ranking.case.pool.models) if pin is _NOT_ASKED else found_in(pin, session)
                if pinned is not None:
                    ranking = _pinned(prepared, ranking, pinned)
        if prompt_tokens is not None or completion_tokens is not None or cached_tokens is not None:
            _check_numbers(prompt_tokens, completion_tokens, cached_tokens)
            ranking = self._solve(ranking.case.with_numbers(prompt_tokens, completion_tokens, cached_tokens), ranking)
        draw = 0 if ranking.order is not None and self._sink is None else self._entropy(64)
        holder = None
        if snapshot.due:
            ranking, holder = self._probe(ranking, snapshot, draw, now)
        plan = LivePlan(ranking, draw, session, self._steps, self._begin, holder)
        if self._sink is not None:
            self._send(plan)
        return plan

    def start(
        self,
        body: Mapping[str, Any] | Prepared,
        context: Context | Mapping[str, Any] | None = None,
        *,
        deadline_seconds: float | None = None,
        stream: bool | None = None,
        prompt_tokens: int | None = None,
        completion_tokens: int | None = None,
        cached_tokens: int | None = None,
        session_id: str | None = None,
    ) -> Run:
        """Plan a request and start its run: what to try, how long to wait, when to hedge, who answers, and the error if nobody does.

        Args:
            body: As for ``plan``, which this calls; so are the context, the estimates and ``session_id``.
            context: As for ``plan``.
            deadline_seconds: From now to the first output where the answer streams, else to its end; without one the context's, and
                without that only the attempts' own timeouts hold.
            stream: Whether the answer streams; by default what the body's ``stream`` says.
            prompt_tokens: As for ``plan``.
            completion_tokens: As for ``plan``.
            cached_tokens: As for ``plan``.
            session_id: As for ``plan``.

        Returns:
            The run; ``routecore.live.aio.serve`` and ``routecore.live.threads.serve`` carry it out.

        Raises:
            RoutecoreError: What ``plan`` raises.
            InvalidRequest: The deadline is no finite number of seconds, 0 or more.
        """
        if deadline_seconds is not None and (
            isinstance(deadline_seconds, bool) or not isinstance(deadline_seconds, (int, float)) or not 0 <= deadline_seconds < inf
        ):
            raise InvalidRequest([Fault("deadline_seconds", deadline_seconds, "a finite number of seconds, 0 or more")])
        if deadline_seconds is not None and not isinstance(body, Prepared):
            # so that the plan's own times and its record know of it
            known = context if isinstance(context, Context) else Context.parse(context, providers=self._snapshot.catalog)
            context = attrs.evolve(known, deadline_seconds=float(deadline_seconds))
        plan = self.plan(body, context, prompt_tokens=prompt_tokens, completion_tokens=completion_tokens, cached_tokens=cached_tokens, session_id=session_id)
        streams = (isinstance(body, dict) and body.get("stream") is True) if stream is None else stream
        return Run(self, plan, stream=streams, deadline_seconds=deadline_seconds)

    def prepare(self, body: Mapping[str, Any], context: Context | Mapping[str, Any] | None = None) -> Prepared:
        """Read a body once, for many requests like it: ``plan`` then looks nothing up but the draw.

        Args:
            body: The caller's JSON. Give messages only if they have parts other than text.
            context: As ``plan`` takes it.

        Returns:
            What ``plan`` takes in place of the body.

        Raises:
            InvalidRequest: The body or the context cannot be read.
            InvalidPreferences: The provider block cannot be read.

        Example:
            >>> from routecore import Router, example_catalog
            >>> router = Router(example_catalog())
            >>> prepared = router.prepare({"model": "openai/gpt-5"})
            >>> len(router.plan(prepared)) == len(router.plan({"model": "openai/gpt-5"}))
            True
        """
        faults: list[Fault] = []
        request = read(body, faults)
        catalog = self._snapshot.catalog
        known = context if isinstance(context, Context) else Context.parse(context, faults=faults, providers=catalog)
        if faults:
            raise InvalidRequest(faults)
        return Prepared(request, Preferences.parse(request.provider, providers=catalog), known)

    def _recall(self, body: Mapping[str, Any], context: Context | Mapping[str, Any] | None) -> Prepared:
        """Return what was prepared of a body like this one, or prepare it. Only what has been validated is remembered, and so much of it."""
        if type(body) is not dict or not (context is None or type(context) is Context):
            return self.prepare(body, context)
        key = fingerprint(body)
        if key is None or (key[2] is not None and len(key[2]) > _LONGEST_BLOCK) or (key[1] is not None and len(key[1]) > _LONGEST_BLOCK):
            return self.prepare(body, context)
        full = (key, context)
        prepared = self._prepared.get(full)
        if prepared is None:
            prepared = self.prepare(body, context)
            prepared.key = full
            self._prepared.put(full, prepared, _size_of(prepared))
            self._counters.up["cache.misses"]()
        return prepared

    def _compile(self, prepared: Prepared, snapshot: Snapshot, numbers: tuple[int | None, int | None, int | None]) -> Ranking:
        """Return the prepared request's ranking on this snapshot, without session and estimates of its own, and keep it there."""
        try:
            case = pose(snapshot.catalog, prepared.request, prepared.preferences, prepared.context, snapshot.facts, self._decision, None)
        except RoutecoreError:
            self._counters.up[FAILED]()
            raise
        if case.pool.priced_in_time:
            # the price of a time window holds for a moment: such rankings are made for each request
            return self._solve(case.replace(now=self._wall_clock()))
        try:
            ranking = solve(case)
        except RoutecoreError:
            # estimates only take away: nothing is eligible with them either, and the account of it is theirs
            _check_numbers(*numbers)
            return self._solve(case.with_numbers(*numbers))
        prepared.pinned = {}
        prepared.explicit = sticky.explicit(case)
        if prepared.key is not None and prepared.compiled[1] is None:
            self._prepared.resize(prepared.key, prepared, _size_of(prepared, ranking))
        # together, so that no thread can read one snapshot's ranking under another's name
        prepared.compiled = (snapshot, ranking)
        return ranking

    def _solve(self, case: Case, like: Ranking | None = None) -> Ranking:
        try:
            return solve(case, like)
        except RoutecoreError:
            self._counters.up[FAILED]()
            raise

    def _probe(self, ranking: Ranking, snapshot: Snapshot, draw: int, now: float) -> tuple[Ranking, object]:
        """Return the ranking and, where its first attempt is due for a probe, what the plan holds the lease by.

        An attempt whose cooldown is over stands at its place. Where it comes first, one plan gets the lease; where that is gone, the attempt is cooling for
        this plan as for all others, and the next in the order of the ranking is looked at.
        """
        passed: set[str] = set()
        while (first := Plan(ranking, draw).first.key) in snapshot.due and first not in passed:
            holder = object()
            if self._health.lease(first, now, holder):
                self._counters.up["probes"]()
                return ranking, holder
            passed.add(first)
            case = ranking.case
            ranking = solve(case.replace(facts=case.facts.with_cooling(case.facts.cooling | {first})))
        return ranking, None

    def pin_keys(self, body: Mapping[str, Any] | Prepared, context: Context | Mapping[str, Any] | None = None, *, session_id: str | None = None) -> list[bytes]:
        """Return the keys under which a pin store of the gateway's own may hold this request's pin: one for each asked model, in their order.

        For a request that goes on from an earlier response one more, the last: the host that made it.

        For a store behind a socket: ask it for all of them at once, and hand what it has to ``plan`` as ``pin``. Empty where no pin could matter.

        Args:
            body: As for ``plan``.
            context: As for ``plan``.
            session_id: As for ``plan``.

        Example:
            >>> from routecore import Catalog
            >>> router = Router(Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": "p", "implicit_caching": True}]}))
            >>> body = {"model": "a/b", "session_id": "s1"}
            >>> store = {}
            >>> for attempt in router.plan(body, pin=[store.get(key) for key in router.pin_keys(body)]):
            ...     step = router.observe(attempt, Outcome.success())
            ...     write = attempt.plan.pin_write(attempt)
            ...     store[write.key] = write.entry
            >>> router.plan(body, pin=[store.get(key) for key in router.pin_keys(body)]).sticky.status
            'hit'
        """
        if not self._sticky:
            return []
        prepared = self._recall(body, context) if not isinstance(body, Prepared) else body if context is None else _held(body, context)
        if session_id is not None:
            _check_session(session_id)
        session = Session(prepared.context.account_id, None if isinstance(body, Prepared) else body, session_id, 0.0)
        conversation = session.conversation
        if conversation is None or prepared.context.sticky is not None:
            return []
        models = resolve(self._snapshot.catalog, prepared.request)[0]
        keys = [pin_key(session.account, conversation, model) for model in models]
        return keys if session.previous is None else [*keys, pin_key(session.account, response_of(session.previous), "")]

    # --- learning -----------------------------------------------------------------------------------------------------------------------------

    def observe(  # noqa: PLR0912 - the hot path, in one piece
        self, attempt: Attempt, outcome: Outcome, plan: LivePlan | None = None, *, delivered: bool = False
    ) -> Step:
        """Record how an attempt ended, and say what to do next: go on, retry after a wait, stop, or done.

        Late outcomes, also of endpoints that a swap has removed, are taken.

        Args:
            attempt: The attempt. One that came from iterating a plan knows its plan.
            outcome: How it ended.
            plan: The plan of an attempt that was taken otherwise (``plan.first``). Without it the session is not pinned, and the step cannot know whether attempts
                are left.
            delivered: Whether output has already gone to the caller: nothing is repeated then.

        Returns:
            The step, with its action, the attempt that it is about, how many seconds to wait, and why.

        Example:
            >>> from routecore import Outcome, Router, example_catalog
            >>> router = Router(example_catalog())
            >>> first = next(iter(router.plan({"model": "openai/gpt-5"})))
            >>> router.observe(first, Outcome.from_http(503)).action.value
            'next'
        """
        now = self._steady(self._clock())
        kind = outcome.kind
        key = attempt.key
        holder: object = ANYBODY
        if type(attempt) is LiveAttempt:
            if plan is None:
                plan = attempt.plan
            if attempt.ticket:
                self._limits.end(key, attempt.ticket)
                attempt.ticket = 0
                if self._drain is not None:
                    self._drain.look()
            else:
                self._limits.count(key, now)
        else:
            self._limits.count(key, now)
        if plan is not None:
            # only a probe's first attempt has a lease
            holder = plan.holder if plan.holder is not None and plan.first.key == key else None
        self._windows.observe(attempt.endpoint.id, outcome, now)
        self._health.observe(key, outcome, now, holder)
        self._count_outcome[kind]()
        if kind is not _SUCCESS:
            if kind is _RATE_LIMIT:
                self._limits.rate_limited(key, now)
            elif kind in NEUTRAL or outcome.cools == "nothing":
                # a probe that says nothing about the endpoint gives its lease to the next plan
                self._health.release(key, now, holder)
        elif plan is not None:
            self._pin(attempt, outcome, plan, now)
        if self._hook is not None:
            self._tell(attempt, outcome, plan)
        if plan is None:
            return self._next_step[kind] if not delivered or kind is _SUCCESS else _DELIVERED
        return plan.next_after(outcome, attempt, delivered=delivered)

    def _pin(self, attempt: Attempt, outcome: Outcome, plan: LivePlan, now: float) -> None:
        """Pin the conversation to the attempt that served and, in the dialect that goes on from a response's id, that id too."""
        session = plan.session
        if session is None:
            return
        if session.conversation is not None:
            self._pins.serve_key(session.key(attempt.endpoint.model), attempt.key, now, session.cache_seconds)
        if outcome.response_id is not None and session.makes_responses:
            self._pins.served(session.account, response_of(outcome.response_id), "", attempt.key, now, self.settings.pins.response_seconds)

    def _tell(self, attempt: Attempt, outcome: Outcome, plan: LivePlan | None) -> None:
        """Give an outcome to the gateway's hook. What it raises is counted: it must not fail a request."""
        try:
            assert self._hook is not None
            self._hook(attempt, outcome, plan)
        except Exception:  # noqa: BLE001 - any fault of the hook's is its own
            self._counters.up["hook.errors"]()

    def begin(self, attempt: LiveAttempt) -> None:
        """Count an attempt as begun and in flight, until ``observe``. Iterating a plan does it; for one that was taken otherwise, or is tried again, say so."""
        if not attempt.ticket:
            self._begin(attempt)

    def _begin(self, attempt: LiveAttempt) -> None:
        case = attempt.plan.case
        tokens = (case.prompt_tokens or 0) + (case.completion_tokens or 0)
        stated = None if attempt.key_id is None else _stated_by(case.context, attempt.key_id)
        attempt.ticket = self._limits.begin(attempt.key, self._steady(self._clock()), tokens, stated)
        if self._drain is not None:
            self._drain.look()

    def drain(self) -> Drain:
        """Hand out no new plans from now on. The answer tells when the last attempt that was begun has ended.

        Plans under way go on, with their fallbacks.

        Example:
            >>> from routecore import Catalog
            >>> router = Router(Catalog.from_mapping({"endpoints": [{"model": "a/b", "provider": "p"}]}))
            >>> attempt = next(iter(router.plan({"model": "a/b"})))
            >>> drained = router.drain()
            >>> drained.done, drained.in_flight
            (False, 1)
            >>> step = router.observe(attempt, Outcome.success())
            >>> drained.wait(timeout=1.0)
            True
        """
        if self._drain is None:
            self._drain = Drain(self._limits)
        self._drain.look()
        return self._drain

    def _siblings(self, key: str) -> list[str]:
        """Return the attempts of the catalog in use that have one's credential at its provider, itself included."""
        endpoint_id, byok, key_id = key.partition("#byok:")
        model_and_slug = endpoint_id if byok else key.removesuffix("#shared")
        provider = model_and_slug.rpartition("@")[2].partition("/")[0]
        return [attempt_key(endpoint.id, key_id if byok else None) for endpoint in self._snapshot.catalog if endpoint.provider == provider]

    def _state_limits(self, catalog: Catalog) -> None:
        """Take the limits that a catalog states of its endpoints: their shared attempts'."""
        self._limits.state({attempt_key(one.id, None): _stated(one.limits) for one in catalog if one.limits is not None})

    # --- forks --------------------------------------------------------------------------------------------------------------------------------

    def locks(self) -> list[tuple[object, str]]:
        """Return every lock in here, in the order in which they are taken: for ``os.fork``."""
        store = [(self._pins.store, "_lock")] if isinstance(self._pins.store, MemoryPins) else []
        windows, parts = self._windows, (self._health, self._limits, self._pins, self._prepared)
        first: list[tuple[object, str]] = [(self, "_ticking"), (windows, "_reading"), (windows, "_admission"), (self, "_lock")]
        return first + [(part, "_lock") for part in parts] + store

    def forked(self) -> None:
        """Go on in the child of a fork: draw other numbers than the parent and its other children, and export under another name."""
        if self._own_entropy:
            self._entropy = Random(SystemRandom().getrandbits(256)).getrandbits  # noqa: S311 - load is spread, no secret kept
        self._windows.forked()
        self._limits.forget_flights()

    # --- what is known ------------------------------------------------------------------------------------------------------------------------

    def outcome(
        self,
        status: int,
        headers: object = None,
        body: object = None,
        dialect: str | None = None,
        kind: str = "generation",
        *,
        ttft_seconds: float | None = None,
        total_seconds: float | None = None,
        output_tokens: int | None = None,
    ) -> Outcome:
        """Say what an HTTP answer means, by this router's table: the operator's rows (``settings.answers``), then ours. Else as ``Outcome.from_http``.

        For what a client raised: ``Outcome.from_exception(error, answers=router.answers)``.

        Args:
            status: The HTTP status.
            headers: The headers: a mapping or pairs.
            body: The body, parsed or as text.
            dialect: Whose form of errors it is, where that should not be recognised.
            kind: What was asked for: ``generation``, ``embeddings`` and the like.
            ttft_seconds: Seconds to the first token, where it streamed.
            total_seconds: Seconds to the last byte.
            output_tokens: Tokens of the answer.

        Returns:
            The outcome.

        Example:
            >>> from routecore import AnswerRule, Catalog, RouterSettings
            >>> settings = RouterSettings(answers=[AnswerRule("full house", status=503, message="no seat", kind="rate_limit")])
            >>> Router(Catalog.from_mapping({"endpoints": []}), settings).outcome(503, body={"message": "No seat left"}).rule
            'full house'
        """
        return Outcome.from_http(
            status,
            headers,
            body,
            dialect,
            kind,
            ttft_seconds=ttft_seconds,
            total_seconds=total_seconds,
            output_tokens=output_tokens,
            unix_now=self._wall_clock(),
            answers=self.answers,
        )

    def tick(self, *, breathe: Callable[[], object] | None = None) -> None:
        """Read the statistics of the window that ends now. Call it every few seconds, from any thread; without, ``plan`` does it when it is overdue."""
        with self._ticking:
            self._tick(self._steady(self._clock()), breathe)

    def _tick(self, now: float, breathe: Callable[[], object] | None = None) -> None:
        stats = self._windows.tick(now, breathe=breathe)
        self._counters.up["ticks"]()
        with self._lock:
            self._tick_due = now + self.settings.tick_seconds
            self._look(now, stats, self._snapshot.catalog)

    def swap(self, catalog: Catalog) -> None:
        """Take a new catalog. Plans under way go on; endpoints keep their statistics, health and pins by id."""
        self._windows.list_endpoints([endpoint.id for endpoint in catalog])
        with self._lock:
            self._look(self._steady(self._clock()), self._snapshot.facts.stats, catalog)
            self._prepared.clear()
        self._state_limits(catalog)
        self._counters.up["swaps"]()

    def _refresh(self, now: float) -> Snapshot:
        """Bring the snapshot up to date: health whenever it has changed, statistics if nobody has ticked. Never waits for another's tick."""
        if now >= self._tick_due and self._ticking.acquire(blocking=False):
            try:
                self._tick(now)
            finally:
                self._ticking.release()
        with self._lock:
            self._look(now, self._snapshot.facts.stats, self._snapshot.catalog)
            return self._snapshot

    def _look(self, now: float, stats: Mapping[str, EndpointStats], catalog: Catalog) -> None:
        """Make a new snapshot if catalog, statistics or cooldowns are others than the current one's; else let it hold for longer."""
        view = self._health.view(now)
        old = self._snapshot
        until = min(view.until, self._tick_due)
        # whose cooldown is over stands at its place again; ``_probe`` sees to those that come first
        cooling = view.cooling - view.due if view.due else view.cooling
        if catalog is old.catalog and stats is old.facts.stats and cooling == old.facts.cooling and view.due == old.due and view.full.keys() == old.full.keys():
            old.until = until
        else:
            full = {key: Full(*taken) for key, taken in view.full.items()} if view.full else None
            self._snapshot = Snapshot(catalog, Facts.measured(stats, cooling, full), view.due, until, view.full)

    # --- telling ------------------------------------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        catalog, facts = self.catalog, self.facts
        cooling = f", {len(facts.cooling)} cooling" if facts.cooling else ""
        return f"<Router {len(catalog)} endpoints of {len(catalog.models)} models, {len(facts.stats)} with statistics{cooling}>"

    @property
    def catalog(self) -> Catalog:
        """The catalog in use."""
        return self._snapshot.catalog

    @property
    def facts(self) -> Facts:
        """Statistics and cooldowns as decisions read them now."""
        now = self._steady(self._clock())
        snapshot = self._refresh(now) if now >= self._snapshot.until or self._health.stale else self._snapshot
        return snapshot.facts

    @property
    def windows(self) -> Windows:
        """The windows, to ``export`` to and ``merge`` from other processes."""
        return self._windows

    @property
    def health(self) -> Health:
        """The health of every attempt."""
        return self._health

    @property
    def limits(self) -> Limits:
        """The load of every attempt, and what each can take."""
        return self._limits

    @property
    def pins(self) -> Pins:
        """The pins of the sessions."""
        return self._pins

    def metrics(self) -> list[Metric]:
        """Return all counters as readings since the router was made, for an exporter to publish."""
        return readings(self._counters, self._windows, self._health, self._pins, self._snapshot.facts)

    def _send(self, plan: LivePlan) -> None:
        """Give a share of the decisions to the sink. What it raises is counted: a log's fault must not fail a request."""
        # independent of the plan's own draw, and still reproducible from the injected entropy
        if self._share < 1.0 and uniform(self._entropy(64), 1) >= self._share:
            return
        try:
            assert self._sink is not None
            self._sink(plan.to_record())
        except Exception:  # noqa: BLE001 - any fault of the sink's is its own
            self._counters.up["sink.errors"]()


def next_after_kind(kind: Kind) -> Step:
    """Return the step after an outcome of which nothing is known but its kind, with attempts left."""
    return next_after(Outcome(kind), attempts_left=1)


def _stated(limits: EndpointLimits) -> Stated:
    return Stated(limits.requests_per_minute, limits.tokens_per_minute, limits.max_in_flight)


def _stated_by(context: Context, key_id: str) -> Stated | None:
    """Return the limits that the caller's own key states."""
    for key in context.byok:
        if key.key_id == key_id:
            return None if key.limits is None else _stated(key.limits)
    return None


def _held(prepared: Prepared, context: Context | Mapping[str, Any]) -> Prepared:
    """Return the prepared request if ``context`` is what it was prepared with: another one would silently not count."""
    faults: list[Fault] = []
    given = context if isinstance(context, Context) else Context.parse(context, faults=faults)
    if not faults and given != prepared.context:
        faults.append(Fault("context", "another one", "the context that the request was prepared with, or none: prepare it again for another"))
    if faults:
        raise InvalidRequest(faults)
    return prepared


def _size_of(prepared: Prepared, ranking: Ranking | None = None) -> int:
    """Return about how many bytes a remembered request takes: what was read and, once that is known, what is ranked (measured; a little above)."""
    request = prepared.request
    size = _BYTES_READ + 400 * (len(request.models) + len(request.asked))
    if prepared.key is not None:
        size += 4 * sum([len(part) for part in prepared.key[0] if isinstance(part, (bytes, str))])
    if ranking is not None:
        size += _BYTES_RANKED * ranking.size
        if len(ranking.case.pool.models) > 1:
            # lists of models have pools of their own
            size += _BYTES_POOLED * len(ranking.case.pool.endpoints)
    return size


def _pinned(prepared: Prepared, own: Ranking, pin: str) -> Ranking:
    """Return the ranking for a pin, kept beside the prepared request's own: one for each attempt that its sessions are pinned to."""
    kept = prepared.pinned
    ranking = kept.get(pin)
    # a swap or tick between two looks may have left one of another snapshot
    if ranking is None or ranking.case.pool is not own.case.pool or ranking.case.facts is not own.case.facts:
        ranking = solve(own.case.replace(sticky=pin), own)
        if own is prepared.compiled[1]:
            if len(kept) >= _MAX_PINNED:
                # the oldest; another thread may have dropped it already
                kept.pop(next(iter(kept), pin), None)
            kept[pin] = ranking
    return ranking


def _check_session(session_id: object) -> None:
    if not isinstance(session_id, str) or not 0 < len(session_id) <= SESSION_ID_LIMIT:
        raise InvalidRequest([Fault("session_id", session_id, f"text of 1 to {SESSION_ID_LIMIT} characters")])


def _check_numbers(prompt_tokens: int | None, completion_tokens: int | None, cached_tokens: int | None) -> None:
    given = (("prompt_tokens", prompt_tokens), ("completion_tokens", completion_tokens), ("cached_tokens", cached_tokens))
    faults = [Fault(name, value, WHOLE_EXPECTED) for name, value in given if value is not None and (type(value) is not int or not 0 <= value < INTEGER_LIMIT)]
    if faults:
        raise InvalidRequest(faults)
