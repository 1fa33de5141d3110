"""The windows against lists of samples, over virtual time."""

from __future__ import annotations

from math import ceil, floor

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from routecore.live.windows.settings import WindowSettings
from routecore.live.windows.windows import Windows

RANKS = (50, 75, 90, 99)
PERIOD, WINDOW, LEAST = 2.5, 300.0, 3
IDS = st.sampled_from([f"m@p{index}" for index in range(4)])


class Naive:
    """Every sample with its time; a percentile sorts and counts. A sample leaves when the end of its 2.5 s has reached 300 s."""

    def __init__(self):
        self.samples = []

    def stats(self, now):
        live = [sample for sample in self.samples if self.is_live(sample, now)]
        found = {}
        for endpoint_id in {sample[1] for sample in live}:
            mine = [sample for sample in live if sample[1] == endpoint_id]
            latencies = sorted(sample[2] for sample in mine if sample[2] is not None)
            rates = sorted((sample[3] for sample in mine if sample[3] is not None), reverse=True)
            found[endpoint_id] = (*(self.ranks(values) for values in (latencies, rates)), len(mine), sum(sample[4] for sample in mine) / len(mine))
        return found

    @staticmethod
    def is_live(sample, now):
        oldest = floor((now - WINDOW) / PERIOD)
        # a peer's period ends where it ends; our own at the next multiple of 2.5 s
        return sample[0] > oldest * PERIOD if sample[3] == 32.0 and sample[2] == 0.5 else floor(sample[0] / PERIOD) >= oldest

    @staticmethod
    def ranks(best_first):
        if len(best_first) < LEAST:
            return None
        return tuple(best_first[ceil(len(best_first) * rank / 100 - 1e-9) - 1] for rank in RANKS)


class WindowsMachine(RuleBasedStateMachine):
    exact_samples = 65_536
    error = 0.0

    def __init__(self):
        super().__init__()
        self.now = 0.0
        self.naive = Naive()
        self.windows = Windows(WindowSettings(min_samples=LEAST, exact_samples=self.exact_samples), listed=["m@p0", "m@p1"])

    @rule(seconds=st.sampled_from([0.1, 1.0, 2.5, 5.0, 60.0, 299.0, 301.0]))
    def time_passes(self, seconds):
        self.now += seconds

    @rule(
        endpoint_id=IDS,
        latency=st.none() | st.floats(min_value=1e-5, max_value=100.0),
        rate=st.none() | st.floats(min_value=0.01, max_value=1e4),
        times=st.integers(1, 5),
    )
    def served(self, endpoint_id, latency, rate, times):
        for _ in range(times):
            self.windows.record(endpoint_id, self.now, latency=latency, throughput=rate)
            self.naive.samples.append((self.now, endpoint_id, latency, rate, 1))

    @rule(endpoint_id=IDS)
    def failed(self, endpoint_id):
        self.windows.record_failure(endpoint_id, self.now)
        self.naive.samples.append((self.now, endpoint_id, None, None, 0))

    @rule(endpoint_id=IDS)
    def refused_value(self, endpoint_id):
        self.windows.record(endpoint_id, self.now, latency=-1.0, throughput=float("nan"))
        self.naive.samples.append((self.now, endpoint_id, None, None, 1))

    @rule(count=st.integers(0, 4))
    def catalog_swap(self, count):
        self.windows.list_endpoints([f"m@p{index}" for index in range(count)])

    @rule(count=st.integers(1, 3))
    def other_process(self, count):
        other = Windows(WindowSettings(min_samples=LEAST))
        for _ in range(count):
            other.record("m@p1", 7.0, latency=0.5, throughput=32.0)
        self.windows.merge(other.export(8.0), self.now)
        # exported a second after it was recorded: it is as old here, to the end of the 2.5 s that the other process keeps together
        self.naive.samples += [(self.now - 8.0 + 7.5, "m@p1", 0.5, 32.0, 1)] * count

    @invariant()
    def a_tick_gives_what_the_lists_give(self):
        found = {key: tuple(one) for key, one in self.windows.tick(self.now).items()}
        expected = self.naive.stats(self.now)
        assert set(found) == set(expected)
        for endpoint_id, one in expected.items():
            assert found[endpoint_id][2:4] == one[2:]
            for values, exact in zip(found[endpoint_id][:2], one[:2], strict=True):
                assert (values is None) == (exact is None)
                # a merged sample comes as the middle of its HDR bucket
                assert values is None or all(abs(a - b) <= max(self.error, 0.001 if b in (0.5, 32.0) else 0.0) * b for a, b in zip(values, exact, strict=True))

    @invariant()
    def memory_follows_the_window(self):
        held = sum(len(log.latency) + len(log.throughput) for log in self.windows._logs.values())
        live = [sample for sample in self.naive.samples if sample[0] + WINDOW + PERIOD > self.now]
        # a mark in each array for each record at worst, a third more that is not worth cutting yet, and one mark that stays
        assert held <= 4 * len(live) * 4 / 3 + 2 * len(self.windows._logs)


class SketchMachine(WindowsMachine):
    exact_samples = 4
    error = 0.009


TestWindows = WindowsMachine.TestCase
TestWindows.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestSketch = SketchMachine.TestCase
TestSketch.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
