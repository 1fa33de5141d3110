"""Several processes that exchange exports in any order, twice, late: every sample counts once, everywhere, and ages."""

from __future__ import annotations

import json

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from routecore import Outcome, WindowSettings
from routecore.live.windows.windows import Windows

PROCESSES = 3
WINDOW, PERIOD = 300.0, 2.5
PROCESS = st.integers(0, PROCESSES - 1)
ENDPOINTS = st.sampled_from(["m@p", "m@q"])
KINDS = {
    "served": Outcome.success(ttft_seconds=0.5, total_seconds=1.5, output_tokens=33, tool_calls_valid=True, usage={"prompt_tokens": 10}),
    "failed": Outcome.server(500),
    "limited": Outcome.rate_limit(),
    "left": Outcome.cancelled(waited_seconds=4.0),
}


class Exchange(RuleBasedStateMachine):
    """Each process has a clock of its own, and a set of the samples that it can know: its own and those of the exports that reached it."""

    @initialize(zeros=st.lists(st.sampled_from([0.0, -1_000.0, 1.7e9, 86_400.5]), min_size=PROCESSES, max_size=PROCESSES))
    def start(self, zeros):
        self.now = 1_000.0
        self.zeros = zeros
        self.windows = [Windows(WindowSettings(min_samples=1), source=f"process-{index}") for index in range(PROCESSES)]
        self.samples = []
        self.known = [set() for _ in range(PROCESSES)]
        self.sent = []
        self.since = [0.0] * PROCESSES
        # one quick export of each process has reached each other one: it tells how far their clocks are apart
        for here in range(PROCESSES):
            for there in range(PROCESSES):
                self.windows[here].merge(self.windows[there].export(self.time(there)), self.time(here))

    def time(self, process):
        return self.now + self.zeros[process]

    @rule(seconds=st.sampled_from([0.5, 2.5, 7.0, 60.0, 290.0]))
    def time_passes(self, seconds):
        self.now += seconds

    @rule(process=PROCESS, endpoint=ENDPOINTS, kind=st.sampled_from(sorted(KINDS)), times=st.integers(1, 3))
    def observe(self, process, endpoint, kind, times):
        for _ in range(times):
            self.windows[process].observe(endpoint, KINDS[kind], self.time(process))
            self.known[process].add(len(self.samples))
            self.samples.append((self.now, process, endpoint, kind))

    @rule(process=PROCESS)
    def export_the_window(self, process):
        exported = json.loads(json.dumps(self.windows[process].export(self.time(process))))
        mine = {index for index in self.known[process] if self.samples[index][1] == process}
        self.sent.append((process, exported, mine))

    @rule(process=PROCESS)
    def export_what_is_new(self, process):
        since = self.since[process] + self.zeros[process]
        exported = json.loads(json.dumps(self.windows[process].export(self.time(process), since=since)))
        self.since[process] = exported["until"] - self.zeros[process]
        mine = {index for index in self.known[process] if self.samples[index][1] == process}
        fresh = {index for index in mine if since <= self.samples[index][0] + self.zeros[process] < exported["until"]}
        self.sent.append((process, exported, fresh))

    @rule(process=PROCESS, which=st.integers(0, 50))
    def deliver(self, process, which):
        if self.sent:
            _, exported, holds = self.sent[which % len(self.sent)]
            self.windows[process].merge(exported, self.time(process))
            self.known[process] |= {index for index in holds if self.samples[index][1] != process}

    @invariant()
    def every_sample_counts_once_and_ages(self):
        for process, windows in enumerate(self.windows):
            found = windows.tick(self.time(process))
            for endpoint in ("m@p", "m@q"):
                mine = [self.samples[index] for index in self.known[process] if self.samples[index][2] == endpoint and self.samples[index][3] != "left"]
                young = [sample for sample in mine if self.now - sample[0] < WINDOW - 2 * PERIOD]
                # own periods end at multiples of 2.5 s and a peer's where its clock has them: late by two periods at most
                held = [sample for sample in mine if self.now - sample[0] <= WINDOW + 2 * PERIOD]
                stats = found.get(endpoint)
                samples = 0 if stats is None else stats.samples
                assert len(young) <= samples <= len(held)
                if len(young) == len(held) and stats is not None:
                    good = sum(sample[3] == "served" for sample in mine if sample in young)
                    assert stats.success_rate == good / samples

    @invariant()
    def nothing_goes_out_that_came_in(self):
        for process, windows in enumerate(self.windows):
            rows = windows.export(self.time(process))["endpoints"]
            mine = [self.samples[index] for index in self.known[process] if self.samples[index][1] == process]
            assert sum(row["successes"] + row["failures"] for row in rows.values()) <= sum(sample[3] != "left" for sample in mine)


TestExchange = Exchange.TestCase
TestExchange.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
