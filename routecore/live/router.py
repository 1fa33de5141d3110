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

from routecore.errors import Fault, InvalidRequest, RoutecoreError
from routecore.live.answers import Answers
from routecore.live.health import Health
from routecore.live.kinds import KINDS, NEUTRAL, Kind
from routecore.live.live_plan import LiveAttempt, LivePlan
from routecore.live.metrics import FAILED, PLANS, Counters, Metric, readings
from routecore.live.outcome import Outcome
from routecore.live.pins import MemoryPins, Pins
from routecore.live.run import Run
from routecore.live.session import Session
from routecore.live.settings import RouterSettings
from routecore.live.snapshot import Prepared, Snapshot
from routecore.live.steps import Action, Step, next_after
from routecore.live.windows.windows import Windows
from routecore.reading.checks import INTEGER_LIMIT, WHOLE_EXPECTED
from routecore.request.body import SESSION_ID_LIMIT, read
from routecore.request.context import Context
from routecore.request.conversation import SHORT_CACHE_SECONDS, cache_seconds
from routecore.request.fingerprint import fingerprint
from routecore.request.preferences import Preferences
from routecore.routing.attempt import attempt_key
from routecore.routing.facts import Facts
from routecore.routing.plan import Plan
from routecore.routing.ranking import sticky
from routecore.routing.ranking.draw import uniform
from routecore.routing.solve import pose, solve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from routecore.catalog.catalog import Catalog
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
_PROBES: Final = 4
"""Attempts due for a probe that one plan looks at."""


class Router:
    """Plans with live statistics, health and pins. See ``plan``, ``observe``, ``tick`` and ``swap``.

    ``clock`` gives seconds (monotonic), ``wall_clock`` seconds since the epoch (only prices with time windows look at it), ``entropy(64)`` a 64-bit
    integer. ``pins`` is where pins are kept; ``on_health`` receives every transition, ``on_decision`` the decision record of a ``decision_share`` of plans.

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
        self._health = Health(self.settings.health, on_health)
        self._pins = Pins(MemoryPins(self.settings.pins) if pins is None else pins)
        self._sticky = self._decision.sticky != "off"
        self._counters = Counters([PLANS, FAILED, "cache.misses", "swaps", "ticks", "sink.errors", "probes", *(f"outcomes.{kind}" for kind in Kind)])
        self._count_plan = self._counters.up[PLANS]
        self._count_outcome = {kind: self._counters.up[f"outcomes.{kind}"] for kind in Kind}
        self._next_step = {kind: next_after_kind(kind) for kind in Kind}
        self._lock = threading.Lock()
        self._ticking = threading.Lock()
        self._tick_due = clock() + self.settings.tick_seconds
        self._prepared: dict[Any, Prepared] = {}
        self._snapshot = Snapshot(catalog, Facts.measured({}, frozenset()), frozenset(), self._tick_due)

    # --- deciding -----------------------------------------------------------------------------------------------------------------------------

    def plan(
        self,
        body: Mapping[str, Any] | Prepared,
        context: Context | Mapping[str, Any] | None = None,
        *,
        prompt_tokens: int | None = None,
        completion_tokens: int | None = None,
        cached_tokens: int | None = None,
        session_id: str | None = None,
    ) -> LivePlan:
        """Return the fallback plan of one request, from what is known now.

        Args:
            body: The caller's JSON, or what ``prepare`` made of one (its context then stands).
            context: Keys, account, pin and estimates; the wire's object or a parsed one.
            prompt_tokens: The estimate of this request. Given here, it goes before the context's, and a context need not be made anew for it.
            completion_tokens: Likewise.
            cached_tokens: How many of the prompt's tokens the pinned endpoint is likely to have cached.
            session_id: The conversation's identity; it goes before the body's.

        Returns:
            The plan. Its attempts know it, so that ``observe`` can pin the session and say what comes next.

        Raises:
            InvalidRequest: The body or the context cannot be read.
            InvalidPreferences: The provider block cannot be read.
            UnknownModel: The catalog knows none of the asked models.
            NoEligibleEndpoint: No endpoint passes every hard filter.

        Example:
            >>> from routecore import Router, example_catalog
            >>> plan = Router(example_catalog()).plan({"model": "openai/gpt-5", "provider": {"sort": "price"}}, prompt_tokens=1_000)
            >>> plan.strategy, len(plan)
            ('sort:price', 3)
        """
        now = self._clock()
        snapshot = self._snapshot
        if now >= snapshot.until or self._health.stale:
            snapshot = self._refresh(now)
        self._count_plan()
        prepared = body if isinstance(body, Prepared) else self._recall(body, context)
        of, ranking = prepared.compiled
        if of is not snapshot or ranking is None:
            ranking = self._compile(prepared, snapshot, (prompt_tokens, completion_tokens, cached_tokens))
        session = None
        if self._sticky and ranking.case.sticky is None and (session_id is not None or prepared is not body):
            if session_id is not None:
                _check_session(session_id)
            session = Session(prepared.context.account_id, body if prepared is not body else None, session_id, now)  # type: ignore[arg-type]
            if prepared.explicit:
                session.pins = self._pins
            else:
                pin, session.reason = session.find(self._pins, ranking.case.pool.models)
                if pin is not None:
                    ranking = _pinned(prepared, ranking, pin)
        if prompt_tokens is not None or completion_tokens is not None or cached_tokens is not None:
            _check_numbers(prompt_tokens, completion_tokens, cached_tokens)
            ranking = self._solve(ranking.case.with_numbers(prompt_tokens, completion_tokens, cached_tokens), ranking)
        draw = 0 if ranking.order is not None and self._sink is None else self._entropy(64)
        if snapshot.due:
            ranking = self._probe(ranking, snapshot, draw, now)
        plan = LivePlan(ranking, draw, session, self._steps)
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
            deadline_seconds: From now to the first output where the answer streams, else to its end; without one only the attempts' own timeouts hold.
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
            if len(self._prepared) >= self.settings.max_prepared:
                self._prepared = {}
            self._prepared[full] = prepared
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
        # together, so that no thread can read one snapshot's ranking under another's name
        prepared.compiled = (snapshot, ranking)
        return ranking

    def _solve(self, case: Case, like: Ranking | None = None) -> Ranking:
        try:
            return solve(case, like)
        except RoutecoreError:
            self._counters.up[FAILED]()
            raise

    def _probe(self, ranking: Ranking, snapshot: Snapshot, draw: int, now: float) -> Ranking:
        """Return the ranking with one due attempt taken as available, if it would come first and the lease is free; else the ranking as it is."""
        case = ranking.case
        for key in [one.key for one in ranking.field.candidates if one.key in snapshot.due][:_PROBES]:
            trial = solve(case.replace(facts=case.facts.with_cooling(case.facts.cooling - {key})))
            if Plan(trial, draw).first.key == key and self._health.lease(key, now):
                self._counters.up["probes"]()
                return trial
        return ranking

    # --- learning -----------------------------------------------------------------------------------------------------------------------------

    def observe(self, attempt: Attempt, outcome: Outcome, plan: LivePlan | None = None, *, delivered: bool = False) -> Step:
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
        now = self._clock()
        kind = outcome.kind
        self._windows.observe(attempt.endpoint.id, outcome, now)
        if outcome.cools is None or kind is _SUCCESS:
            self._health.observe(attempt.key, outcome, now)
        else:
            self._cool(attempt, outcome, now)
        self._count_outcome[kind]()
        if kind is not _SUCCESS and kind in NEUTRAL:
            # a probe that says nothing about the endpoint gives its lease to the next plan
            self._health.release(attempt.key, now)
        if plan is None:
            if type(attempt) is not LiveAttempt:
                return self._next_step[kind] if not delivered or kind is _SUCCESS else _DELIVERED
            plan = attempt.plan
        session = plan.session
        if session is not None and kind is _SUCCESS:
            seconds = SHORT_CACHE_SECONDS if session.body is None else cache_seconds(session.body)
            self._pins.served(session.account, session.conversation, attempt.endpoint.model, attempt.key, now, seconds)
        return plan.next_after(outcome, attempt, delivered=delivered)

    def _cool(self, attempt: Attempt, outcome: Outcome, now: float) -> None:
        """Let an outcome that says what it cools cool that: nothing, its attempt, or all that its key does at its provider (a dead key fails once)."""
        if outcome.cools == "nothing":
            self._health.release(attempt.key, now)
            return
        self._health.observe(attempt.key, outcome, now)
        if outcome.cools == "key" and KINDS[outcome.kind].event is not None:
            for endpoint in self._snapshot.catalog:
                if endpoint.provider == attempt.endpoint.provider and endpoint.id != attempt.endpoint.id:
                    self._health.observe(attempt_key(endpoint.id, attempt.key_id), outcome, now)

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
            self._tick(self._clock(), breathe)

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
            self._look(self._clock(), self._snapshot.facts.stats, catalog)
            self._prepared = {}
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
        if catalog is old.catalog and stats is old.facts.stats and view.cooling == old.facts.cooling and view.due == old.due:
            old.until = until
        else:
            self._snapshot = Snapshot(catalog, Facts.measured(stats, view.cooling), view.due, until)

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
        now = self._clock()
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


def _pinned(prepared: Prepared, own: Ranking, pin: str) -> Ranking:
    """Return the ranking for a pin, kept beside the prepared request's own: one for each attempt that its sessions are pinned to."""
    kept = prepared.pinned
    ranking = kept.get(pin)
    # a swap or tick between two looks may have left one of another snapshot
    if ranking is None or ranking.case.pool is not own.case.pool or ranking.case.facts is not own.case.facts:
        ranking = solve(own.case.replace(sticky=pin), own)
        if own is prepared.compiled[1]:
            if len(kept) >= _MAX_PINNED:
                kept.clear()
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
