from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from routecore import Catalog, Router
from routecore.live.kinds import KINDS, Kind
from routecore.live.outcome import Outcome
from routecore.live.run import Close, Run, Try, Wait

ROWS = [
    {"model": model, "provider": f"p{n}", "pricing": {"prompt": f"0.00000{n + 1}", "completion": "0.000001"}, "context_length": length}
    for model, n, length in (("a", 0, 8_000), ("a", 1, 32_000), ("a", 2, 8_000), ("b", 3, 8_000), ("b", 4, 64_000))
]
CATALOG = Catalog.from_mapping({"endpoints": ROWS})
BODY = {"models": ["a", "b"], "messages": [], "provider": {"sort": "price"}, "stream": True}
OUTCOMES = st.one_of(
    st.builds(Outcome, st.sampled_from([kind for kind in Kind if kind is not Kind.CANCELLED]), retry_after_seconds=st.none() | st.sampled_from([0, 1, 20, 60])),
    st.builds(Outcome.unsuitable, context_exceeded=st.booleans()),
)


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def fresh():
    clock = Clock()
    return Router(CATALOG, clock=clock, entropy=lambda bits: 7), clock


@given(st.lists(OUTCOMES, min_size=8, max_size=8))
def test_a_run_that_nobody_hedges_is_the_plain_loop(outcomes):
    """Same attempts, same waits, same end, same health."""
    router, clock = fresh()
    plan = router.plan(BODY)
    attempt, plain = plan.at(0), []
    for outcome in outcomes:
        step = router.observe(attempt, outcome, plan)
        plain.append((attempt.key, clock.now))
        if step.attempt is None:
            break
        clock.now += step.seconds
        attempt = step.attempt
    other, time = fresh()
    run, found, left = other.start(BODY), [], iter(outcomes)
    while (step := run.next()) is not None:
        if isinstance(step, Try):
            found.append((step.attempt.key, time.now))
            run.ended(step.attempt, next(left))
        else:
            time.now += step.seconds
    assert found == plain
    assert other.health.cooling_keys(1e6) == router.health.cooling_keys(1e6)


class Runs(RuleBasedStateMachine):
    """Any loop over a run that is hedged, timed, cancelled and told of things late, twice and out of order."""

    def __init__(self):
        super().__init__()
        self.router, self.clock = fresh()
        self.learned = []
        observe = self.router.observe

        def watched(attempt, outcome, *rest, **more):
            self.learned.append(id(attempt))
            return observe(attempt, outcome, *rest, **more)

        self.router.observe = watched
        self.deadline = 100.0
        self.run: Run = self.router.start(BODY, deadline_seconds=self.deadline)
        begin = self.run._begin

        def begin_hedged(attempt, now):
            step = begin(attempt, now)
            self.run._flights[-1].hedge_at = now + 3
            return step

        self.run._begin = begin_hedged
        self.begun, self.open, self.commits, self.over = [], [], [], False
        self.kinds = {}

    @precondition(lambda self: not self.over)
    @rule(pause=st.sampled_from([0.0, 1.0, 3.0, 30.0]))
    def ask(self, pause):
        step = self.run.next()
        if step is None:
            assert not self.open
            self.over = True
        elif isinstance(step, Try):
            assert not self.commits, "nothing starts after a commit"
            assert self.clock.now < self.deadline, "nothing starts past the deadline"
            assert 0 < step.first_token_seconds <= self.deadline - self.clock.now
            self.begun.append(step.attempt)
            self.open.append(step.attempt)
            assert len(self.open) <= 2
        elif isinstance(step, Close):
            assert any(one is step.attempt for one in self.open)
            self.open = [one for one in self.open if one is not step.attempt]
        else:
            assert isinstance(step, Wait)
            assert step.seconds >= 0
            self.clock.now += min(step.seconds, pause)

    @precondition(lambda self: self.begun)
    @rule(data=st.data(), outcome=OUTCOMES)
    def end(self, data, outcome):
        attempt = data.draw(st.sampled_from(self.begun))
        mine = any(flight.attempt is attempt for flight in self.run._flights)
        self.run.ended(attempt, outcome)
        if mine:
            self.open = [one for one in self.open if one is not attempt]

    @precondition(lambda self: self.begun)
    @rule(data=st.data())
    def commit(self, data):
        attempt = data.draw(st.sampled_from(self.begun))
        if self.run.committed(attempt) and not any(one is attempt for one in self.commits):
            self.commits.append(attempt)

    @rule()
    def cancel(self):
        self.run.cancel()

    @invariant()
    def one_commit_at_most(self):
        assert len(self.commits) <= 1

    @invariant()
    def every_begun_attempt_ends_once_at_most_and_what_is_over_has_ended(self):
        assert len(self.learned) == len(set(self.learned)) == len(self.run.outcomes)
        if self.over:
            assert {id(one) for one in self.begun} == set(self.learned)

    @invariant()
    def attempts_come_in_the_plan_s_order_less_what_was_ruled_out(self):
        places = [attempt.place for attempt in self.begun]
        retried = [place for place in places if places.index(place) != len(places) - 1 - places[::-1].index(place)]
        assert len(set(retried)) <= 1
        firsts = list(dict.fromkeys(places))
        assert firsts == sorted(firsts)

    @invariant()
    def nothing_uncommitted_is_in_flight_past_the_deadline_once_asked(self):
        if self.over and self.run.served is not None:
            assert KINDS[self.run.outcomes[-1][1].kind].kind in {Kind.SUCCESS, Kind.CANCELLED}

    def teardown(self):
        self.clock.now += 10_000
        steps = []
        while (step := self.run.next()) is not None:
            steps.append(step)
            assert isinstance(step, Close), "past every time only closing is left"
        assert {id(one) for one in self.begun} == set(self.learned)


TestRuns = Runs.TestCase
