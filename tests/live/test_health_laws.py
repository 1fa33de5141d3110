"""Health against a naive reading of the rules: plain lists of outcomes, over virtual time."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from routecore.live.health import Health
from routecore.live.outcome import Outcome

KEYS = st.sampled_from(["m@p#shared", "m@p#byok:k", "m@q#shared"])
FAILING = st.sampled_from(["connection", "timeout", "server"])


class NaiveAttempt:
    """One attempt's whole story, and the state that the rules read from it."""

    def __init__(self):
        self.state, self.until, self.backoff = "available", 0.0, 5.0
        self.refused, self.lasted = 300.0, 0.0
        self.outcomes = []
        self.good_since = None

    def settle(self, now):
        if self.state in {"cooling", "probing"} and now >= self.until:
            self.state = "due"

    def cool(self, now, seconds):
        self.state, self.until, self.lasted = "cooling", now + seconds, seconds

    def back_off(self):
        seconds, self.backoff = self.backoff, min(self.backoff * 2, 300.0)
        return seconds

    def success(self, now):
        if self.state in {"due", "probing"}:
            self.state, self.outcomes, self.good_since = "available", [], None
        if self.state == "available":
            self.outcomes.append((now, True))
            if self.good_since is None:
                self.good_since = now

    def broke(self, now):
        if self.good_since is not None and now - self.good_since >= 60.0:
            self.backoff, self.refused = 5.0, 300.0
        self.good_since = None

    def failure(self, now, asked=None):
        if asked:
            # one that says how long to stay away is answered like a rate limit
            self.rate_limit(now, asked)
            return
        self.broke(now)
        if self.state in {"due", "probing"}:
            self.cool(now, self.back_off())
        elif self.state == "available":
            self.outcomes.append((now, False))
            recent = [good for at, good in self.outcomes if at > now - 30.0]
            in_a_row = len(self.outcomes) >= 3 and not any(good for _, good in self.outcomes[-3:])
            if in_a_row or (len(recent) >= 5 and recent.count(False) * 2 > len(recent)):
                self.cool(now, self.back_off())

    def rate_limit(self, now, asked):
        asked = asked or None
        self.broke(now)
        # a wait of nothing is none
        asked = asked or None
        if self.state == "available":
            self.outcomes.append((now, False))
            self.cool(now, 5.0 if asked is None else asked)
        elif self.state in {"due", "probing"}:
            own = self.back_off()
            self.cool(now, own if asked is None else max(asked, self.lasted, 5.0))
        elif asked is not None and now + asked > self.until:
            self.cool(now, asked)

    def credential(self, now, asked):
        self.broke(now)
        if self.state != "cooling":
            seconds, self.refused = self.refused, min(self.refused * 2, 3_600.0)
            self.cool(now, asked or seconds)


class HealthMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.now = 0.0
        self.changes = []
        self.health = Health(observer=self.changes.append)
        self.naive = {}

    def attempt(self, key):
        naive = self.naive.setdefault(key, NaiveAttempt())
        naive.settle(self.now)
        return naive

    @rule(seconds=st.sampled_from([0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0]))
    def time_passes(self, seconds):
        self.now += seconds

    @rule(key=KEYS, times=st.integers(1, 6))
    def success(self, key, times):
        for _ in range(times):
            self.attempt(key).success(self.now)
            self.health.observe(key, Outcome.success(ttft_seconds=0.5), self.now)

    @rule(key=KEYS, kind=FAILING, times=st.integers(1, 4), asked=st.none() | st.sampled_from([0.0, 20.0]))
    def failure(self, key, kind, times, asked):
        for _ in range(times):
            self.attempt(key).failure(self.now, asked)
            self.health.observe(key, Outcome(kind, retry_after_seconds=asked), self.now)

    @rule(key=KEYS, asked=st.none() | st.sampled_from([0.0, 3.0, 45.0]))
    def rate_limit(self, key, asked):
        self.attempt(key).rate_limit(self.now, asked)
        self.health.observe(key, Outcome.rate_limit(asked), self.now)

    @rule(key=KEYS, asked=st.none() | st.sampled_from([0.0, 7.0]))
    def credential(self, key, asked):
        self.attempt(key).credential(self.now, asked)
        self.health.observe(key, Outcome("credential", retry_after_seconds=asked), self.now)

    @rule(key=KEYS, kind=st.sampled_from(["unsuitable", "moderation", "caller", "cancelled", "gateway"]))
    def nothing(self, key, kind):
        self.attempt(key)
        self.health.observe(key, Outcome(kind), self.now)

    @rule(key=KEYS)
    def lease(self, key):
        naive = self.attempt(key)
        expected = naive.state == "due"
        if expected:
            naive.state, naive.until = "probing", self.now + 30.0
        assert self.health.lease(key, self.now) == expected

    @rule()
    def states_are_those_of_the_rules(self):
        view = self.health.view(self.now)
        for key in self.naive:
            self.attempt(key)
        assert view.cooling == {key for key, naive in self.naive.items() if naive.state != "available"}
        assert view.due == {key for key, naive in self.naive.items() if naive.state == "due"}
        for key, naive in self.naive.items():
            assert self.health.state(key, self.now) == naive.state

    @rule()
    def a_view_holds_until_it_says(self):
        view = self.health.view(self.now)
        waits = [self.attempt(key).until for key in self.naive if self.attempt(key).state in {"cooling", "probing"}]
        assert view.until == min(waits, default=float("inf"))

    @rule()
    def events_tell_the_whole_story(self):
        self.health.view(self.now)
        told = {change.key: str(change.after) for change in self.changes}
        assert all(told.get(key, "available") == self.attempt(key).state for key in self.naive)


TestHealth = HealthMachine.TestCase
TestHealth.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
