"""A router against a naive one: lists of samples, a dictionary of pins, and the pure ``decide``, over virtual time."""

from __future__ import annotations

import math
import threading
from random import Random

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from routecore import Catalog, Context, EndpointStats, Facts, NoEligibleEndpoint, Outcome, Percentiles, Router, RouterSettings, Settings, decide
from routecore.live.health import HealthSettings
from routecore.live.windows.settings import WindowSettings
from routecore.request.conversation import cache_seconds, conversation_of

PROVIDERS = ("p", "q", "r")
BODIES = (
    {"model": "a/b"},
    {"model": "a/b", "provider": {"sort": "latency"}},
    {"model": "a/b", "provider": {"sort": "throughput"}, "session_id": "s1"},
    {"model": "a/b", "session_id": "s1"},
    {"model": "a/b", "messages": [{"role": "user", "content": "hello"}]},
    {"model": "a/b", "messages": [{"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": {"ttl": "1h"}}]}]},
    {"model": "a/b", "provider": {"preferred_max_latency": {"p90": 1.0}}, "prompt_cache_key": "k"},
    {"model": "a/b", "provider": {"ignore": ["q"]}},
    {"model": "c/d", "models": ["a/b"], "session_id": "s2"},
    {"model": "a/b", "max_tokens": 2000, "stop": "x"},
)
CONTEXTS = (
    None,
    Context(prompt_tokens=900, completion_tokens=50),
    Context.parse({"byok": ["q"], "account_id": "acme"}),
    Context.parse({"account": {"ignore": ["p"]}}),
)
WINDOWS = WindowSettings(min_samples=2)


def catalog(providers: tuple[str, ...], dear: str | None = None) -> Catalog:
    rows = [
        {
            "model": model,
            "provider": provider,
            "max_output_tokens": 1000 if provider == "r" else None,
            "supported_parameters": ["stop"] if provider == "p" else [],
            "pricing": {"prompt": "0.000009" if provider == dear else "0.000001", "completion": "0.000002", "input_cache_read": "0.0000001"},
        }
        for model in ("a/b", "c/d")
        for provider in providers
    ]
    return Catalog.from_mapping({"endpoints": rows})


def nearest_rank(values: list[float], share: int) -> float:
    ordered = sorted(values)
    return ordered[max(math.ceil(len(ordered) * share / 100), 1) - 1]


def naive_stats(samples: dict[str, list[tuple[float, float | None, float | None, bool]]], now: float, period: float) -> dict[str, EndpointStats]:
    """Percentiles by the definition, over the samples whose period has not reached the window's age."""
    found = {}
    oldest = math.floor((now - WINDOWS.seconds) / period)
    for endpoint_id, rows in samples.items():
        live = [row for row in rows if math.floor(row[0] / period) >= oldest]
        if not live:
            continue
        latency = [row[1] for row in live if row[1] is not None]
        speed = [row[2] for row in live if row[2] is not None]
        percentiles = [
            None
            if len(values) < WINDOWS.min_samples
            else Percentiles(*(sign * nearest_rank([sign * value for value in values], share) for share in (50, 75, 90, 99)))
            for values, sign in ((latency, 1), (speed, -1))
        ]
        found[endpoint_id] = EndpointStats(*percentiles, len(live), sum(row[3] for row in live) / len(live))
    return found


class RouterMachine(RuleBasedStateMachine):
    plans = Bundle("plans")

    @initialize(sticky=st.sampled_from(["documented", "compatible", "economic", "off"]), seed=st.integers(0, 2**32))
    def start(self, sticky: str, seed: int) -> None:
        self.now = 1000.0
        self.decision = Settings(min_samples=2, sticky=sticky)
        self.events = []
        self.router = Router(
            catalog(PROVIDERS),
            RouterSettings(decision=self.decision, windows=WINDOWS, tick_seconds=1e9, health=HealthSettings(failures_in_a_row=2)),
            clock=lambda: self.now,
            entropy=Random(seed).getrandbits,
            on_health=self.events.append,
        )
        self.catalog = self.router.catalog
        self.samples = {}
        self.stats = {}
        self.pins = {}

    @rule(seconds=st.sampled_from([0.1, 1.0, 6.0, 31.0, 120.0, 400.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def tick(self) -> None:
        self.router.tick()
        self.stats = naive_stats(self.samples, self.now, WINDOWS.period_seconds)

    @rule(providers=st.sampled_from([PROVIDERS, ("p", "q"), ("q", "r", "s")]), dear=st.sampled_from([None, "p", "q"]))
    def swap(self, providers: tuple[str, ...], dear: str | None) -> None:
        self.catalog = catalog(providers, dear)
        self.router.swap(self.catalog)

    def naive_pin(self, body: dict, context: Context | None) -> tuple[str | None, str | None]:
        if self.decision.sticky == "off":
            return None, None
        conversation = conversation_of(body)
        if conversation is None:
            return None, "unidentifiable"
        reason = None
        for model in dict.fromkeys([body["model"], *body.get("models", [])]):
            pin = self.pins.get((context.account_id if context else None, conversation, model))
            if pin is not None and self.now < pin[1]:
                return pin[0], None
            reason = reason or ("expired" if pin is not None else None)
        return None, reason

    @rule(target=plans, body=st.sampled_from(BODIES), context=st.sampled_from(CONTEXTS), tokens=st.sampled_from([None, 0, 12_345]), prepared=st.booleans())
    def plan(self, body: dict, context: Context | None, tokens: int | None, prepared: bool) -> tuple:
        pin, reason = (None, None) if prepared else self.naive_pin(body, context)
        fields = {} if context is None else {name: getattr(context, name) for name in Context.__slots__ if not name.startswith("_")}
        numbers = {} if tokens is None else {"prompt_tokens": tokens}
        known = Context(**{**fields, **numbers, "sticky": pin})
        try:
            plan = self.router.plan(self.router.prepare(body, context) if prepared else body, None if prepared else context, **numbers)
        except NoEligibleEndpoint as error:
            view = self.router.health.view(self.now)
            cooling = view.cooling - view.due
            try:
                decide(self.catalog, body, Facts(self.stats, cooling), context=known, settings=self.decision)
            except NoEligibleEndpoint as naive:
                assert naive.to_dict() == error.to_dict()
                return (None, body, context)
            raise AssertionError("the router found nothing where decide does") from error
        cooling = plan.case.facts.cooling
        # whose cooldown is over stands at its place, and so does the attempt that this plan probes; apart from that, cooldowns are the health table's
        view = self.router.health.view(self.now)
        assert view.cooling - cooling <= view.due | {plan.first.key}
        assert cooling <= view.cooling
        expected = decide(self.catalog, body, Facts(self.stats, cooling), context=known, settings=self.decision, draw=plan.draw).to_dict()
        answer = plan.to_dict()
        if expected["sticky"] == {"status": "none", "reason": None}:
            expected["sticky"]["reason"] = reason
        assert answer == expected
        assert len(plan) == len(expected["attempts"])
        return (plan, body, None if prepared else context) if not prepared else (plan, None, None)

    @rule(
        planned=consumes(plans),
        outcomes=st.lists(
            st.one_of(
                st.tuples(st.just("success"), st.floats(0.01, 5.0), st.integers(2, 500)),
                st.tuples(st.sampled_from(["server", "timeout", "rate_limit", "credential", "caller", "moderation", "cancelled"]), st.none(), st.none()),
            ),
            min_size=1,
            max_size=3,
        ),
    )
    def observe(self, planned: tuple, outcomes: list[tuple]) -> None:
        plan, body, context = planned
        if plan is None:
            return
        for attempt, (kind, ttft, tokens) in zip(plan, outcomes, strict=False):
            rows = self.samples.setdefault(attempt.endpoint.id, [])
            if kind == "success":
                step = self.router.observe(attempt, Outcome.success(ttft_seconds=ttft, total_seconds=ttft + 1.0, output_tokens=tokens))
                rows.append((self.now, ttft, (tokens - 1) / ((ttft + 1.0) - ttft), True))
                conversation = None if body is None or self.decision.sticky == "off" else conversation_of(body)
                if conversation is not None:
                    key = (context.account_id if context else None, conversation, attempt.endpoint.model)
                    self.pins[key] = (attempt.key, self.now + cache_seconds(body))
                assert step.action == "done"
                break
            step = self.router.observe(attempt, Outcome(kind))
            if kind in {"server", "timeout", "rate_limit"}:
                rows.append((self.now, None, None, False))
            assert step.action in ({"stop"} if kind in {"caller", "cancelled"} else {"next", "retry", "stop"})

    @invariant()
    def neutral_outcomes_cool_nothing(self) -> None:
        for event in getattr(self, "events", []):
            assert event.event not in {"caller", "moderation", "cancelled"}


RouterMachine.TestCase.settings = hypothesis_settings(max_examples=60, stateful_step_count=30, deadline=None)
TestRouter = RouterMachine.TestCase


def test_no_outcome_is_lost_with_eight_recorders_a_ticker_and_a_swapper():
    one, other = catalog(PROVIDERS), catalog(PROVIDERS, "p")
    router = Router(one)
    attempts = list(router.plan({"model": "a/b"}))
    stop = threading.Event()
    errors: list[BaseException] = []
    each = 4_000

    def guarded(work):
        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - reported below
                errors.append(error)

        return run

    def record() -> None:
        for number in range(each):
            outcome = Outcome.success(ttft_seconds=0.5, total_seconds=1.5, output_tokens=50) if number % 4 else Outcome("server")
            router.observe(attempts[number % 3], outcome)
            router.plan({"model": "a/b", "session_id": str(number % 50)})

    def tick() -> None:
        while not stop.is_set():
            router.tick()

    def swap() -> None:
        while not stop.is_set():
            router.swap(other)
            router.swap(one)

    recorders = [threading.Thread(target=guarded(record)) for _ in range(8)]
    others = [threading.Thread(target=guarded(work)) for work in (tick, swap)]
    for thread in (*recorders, *others):
        thread.start()
    for thread in recorders:
        thread.join()
    stop.set()
    for thread in others:
        thread.join()
    assert errors == []
    router.tick()
    assert sum(stats.samples for stats in router.facts.stats.values()) == 8 * each
    counted = {metric.attributes: metric.value for metric in router.metrics() if metric.name == "routecore.outcomes"}
    assert sum(counted.values()) == 8 * each


def test_a_late_outcome_of_an_endpoint_that_a_swap_removed_is_taken():
    router = Router(catalog(PROVIDERS))
    attempt = next(one for one in router.plan({"model": "a/b"}) if one.endpoint.provider == "r")
    router.swap(catalog(("p", "q")))
    assert router.observe(attempt, Outcome.success(ttft_seconds=0.5, total_seconds=1.0, output_tokens=9)).action == "done"
    router.tick()
    assert router.facts.stats[attempt.endpoint.id].samples == 1


def test_one_plan_probes_an_attempt_whose_cooldown_is_over_and_others_still_see_it_cooling():
    now = [100.0]
    router = Router(catalog(PROVIDERS), clock=lambda: now[0])
    body = {"model": "a/b", "provider": {"order": ["q"]}}
    router.observe(router.plan(body).first, Outcome.rate_limit(20))
    assert [one.endpoint.provider for one in router.plan(body)][-1] == "q"
    now[0] = 121.0
    probe = router.plan(body)
    assert probe.first.endpoint.provider == "q"
    assert router.plan(body).first.endpoint.provider != "q"
    router.observe(probe.first, Outcome.success())
    assert router.plan(body).first.endpoint.provider == "q"


def test_a_probe_that_ends_in_a_callers_fault_leaves_the_probe_to_the_next_plan():
    now = [100.0]
    router = Router(catalog(PROVIDERS), clock=lambda: now[0])
    body = {"model": "a/b", "provider": {"order": ["q"]}}
    router.observe(router.plan(body).first, Outcome.rate_limit(20))
    now[0] = 121.0
    router.observe(router.plan(body).first, Outcome("moderation"))
    assert router.plan(body).first.endpoint.provider == "q"
    assert router.plan(body).first.endpoint.provider != "q"


def test_a_sink_receives_records_that_replay_to_the_same_answer_and_hold_no_prompt():
    from routecore import replay

    records = []
    router = Router(catalog(PROVIDERS), on_decision=records.append)
    for body in BODIES:
        router.plan({**body, "messages": [{"role": "user", "content": "a secret"}]}, prompt_tokens=5)
    assert len(records) == len(BODIES)
    for record in records:
        assert replay(record).identical
        assert "secret" not in repr(record)
        assert 0 < record["propensity"] <= 1


def test_a_sink_that_raises_is_counted_and_fails_no_request():
    def sink(record):
        raise RuntimeError(record)

    router = Router(catalog(PROVIDERS), on_decision=sink)
    router.plan({"model": "a/b"})
    assert {metric.name: metric.value for metric in router.metrics()}["routecore.sink.errors"] == 1


def test_memory_stays_bounded_whatever_bodies_callers_send():
    router = Router(catalog(PROVIDERS), RouterSettings(max_prepared=16))
    for number in range(200):
        router.plan({"model": "a/b", "max_tokens": number, "provider": {"order": [f"x{number}"]}})
    assert len(router._prepared) <= 16


def test_a_cached_body_tells_one_from_true():
    from routecore import InvalidPreferences

    router = Router(catalog(PROVIDERS))
    router.plan({"model": "a/b", "provider": {"zdr": False}})
    try:
        router.plan({"model": "a/b", "provider": {"zdr": 0}})
    except InvalidPreferences as error:
        assert error.param == "provider.zdr"
    else:
        raise AssertionError("0 was taken for false")
