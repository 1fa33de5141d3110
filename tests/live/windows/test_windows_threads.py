from __future__ import annotations

import sys
import threading

import pytest

from routecore.live.windows.settings import WindowSettings
from routecore.live.windows.windows import Windows

THREADS, EACH, ENDPOINTS = 8, 20_000, 50


@pytest.fixture
def eager_switching():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize("exact", [65_536, 200])
@pytest.mark.usefixtures("eager_switching")
def test_no_outcome_is_lost_while_eight_threads_record_one_ticks_and_one_swaps_catalogs(exact):
    windows = Windows(WindowSettings(min_samples=1, exact_samples=exact))
    ids = [f"m@{index}" for index in range(ENDPOINTS)]
    clock = [0.0]
    stop = threading.Event()
    faults = []

    def guarded(work):
        def run():
            try:
                work()
            except Exception as error:  # noqa: BLE001 - any fault of a thread fails the test
                faults.append(error)

        return run

    def recorder(seed):
        def work():
            for index in range(EACH):
                windows.record(ids[(index * 7 + seed) % ENDPOINTS], clock[0], latency=0.5, throughput=20.0)

        return work

    def ticker():
        while not stop.is_set():
            clock[0] += 0.05
            windows.tick(clock[0])

    def swapper():
        while not stop.is_set():
            windows.list_endpoints(ids[: ENDPOINTS // 2])
            windows.list_endpoints(ids)

    recorders = [threading.Thread(target=guarded(recorder(seed))) for seed in range(THREADS)]
    others = [threading.Thread(target=guarded(ticker)), threading.Thread(target=guarded(swapper))]
    for thread in recorders + others:
        thread.start()
    for thread in recorders:
        thread.join()
    stop.set()
    for thread in others:
        thread.join()
    assert not faults
    assert clock[0] < 290, "the window must not slide over what is counted"
    stats = windows.tick(clock[0])
    assert sum(one.samples for one in stats.values()) == THREADS * EACH


@pytest.mark.usefixtures("eager_switching")
def test_refusals_of_many_threads_are_all_counted():
    windows = Windows()

    def work():
        for _ in range(2_000):
            windows.record("m@p", 0.0, latency=-1.0)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert windows.refused["negative"] == 8_000
