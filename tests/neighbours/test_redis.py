"""Processes that share by a real server: it is killed, hung and brought back, and not one plan waits for it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest

from routecore import Catalog, Outcome, Router
from routecore.adapters.redis import RedisPeers, RedisPins
from tests.neighbours.redis_server import SERVERS, RedisServer

redis = pytest.importorskip("redis", reason="the extra 'redis' is not installed")
asynchronous = pytest.importorskip("redis.asyncio")

ROOT = Path(__file__).resolve().parents[2]
CATALOG = Catalog.from_mapping({"endpoints": [{"model": "m", "provider": name, "implicit_caching": True} for name in ("north", "south")]})
BODY = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}

pytestmark = pytest.mark.skipif(not SERVERS, reason="no redis-server: apt-get install redis-server")


@pytest.fixture(params=SERVERS)
def server(request, tmp_path):
    one = RedisServer(request.param, tmp_path)
    yield one
    one.close()


class Fleet:
    def __init__(self, port: int, size: int, interval: float = 0.2) -> None:
        command = [sys.executable, "-m", "tests.neighbours.fleet_worker", str(port), str(interval)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.workers = [subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **pipes) for _ in range(size)]
        for worker in self.workers:
            assert worker.stdout.readline() == "ready\n"

    def tell(self, place: int, **order: object) -> object:
        worker = self.workers[place]
        worker.stdin.write(json.dumps(order) + "\n")
        worker.stdin.flush()
        return json.loads(worker.stdout.readline())

    def until(self, claim, seconds: float = 20.0) -> list:
        """Ask all until ``claim`` holds of what they know, or time is up; return what they know."""
        deadline = time.monotonic() + seconds
        while True:
            known = [self.tell(place, do="know") for place in range(len(self.workers))]
            if claim(known) or time.monotonic() > deadline:
                return known
            time.sleep(0.1)

    def close(self) -> None:
        for worker in self.workers:
            worker.stdin.close()
            worker.stdout.close()
            worker.kill()
            worker.wait()


@pytest.fixture
def fleet(server):
    made = []

    def make(size):
        made.append(Fleet(server.port, size))
        return made[-1]

    yield make
    for one in made:
        one.close()


def counted(known):
    return [sum(one["samples"].values()) for one in known]


@pytest.mark.slow
@pytest.mark.parametrize("size", [2, 8])
def test_every_process_counts_every_sample_once(fleet, size):
    processes = fleet(size)
    for place in range(size):
        processes.tell(place, do="serve", times=50 + place, provider="north")
    expected = [sum(50 + place for place in range(size))] * size
    assert counted(processes.until(lambda known: counted(known) == expected)) == expected
    # and rounds that come later change nothing
    time.sleep(1.0)
    assert counted(processes.until(lambda _: True)) == expected


@pytest.mark.slow
def test_a_cooldown_is_known_everywhere_within_two_intervals(fleet):
    processes = fleet(4)
    processes.tell(1, do="limit", provider="south", seconds=60)
    cooling = [["m@south#shared"]] * 4
    assert [one["cooling"] for one in processes.until(lambda known: [one["cooling"] for one in known] == cooling)] == cooling
    # of rounds, not of seconds: a machine may be slow
    assert processes.tell(0, do="know")["cooling"] == ["m@south#shared"]


@pytest.mark.slow
@pytest.mark.parametrize("trouble", ["hang", "kill"])
def test_not_one_plan_waits_for_a_server_that_is_away_and_counts_are_equal_when_it_is_back(fleet, server, trouble):
    processes = fleet(2)
    processes.tell(0, do="serve", times=20, provider="north")
    processes.until(lambda known: counted(known) == [20, 20])
    getattr(server, trouble)()
    # a server that hangs answers nothing: were one plan to wait for it, these would never end
    for place in (0, 1):
        assert processes.tell(place, do="serve", times=500, provider="north") == 500
    assert counted([processes.tell(place, do="know") for place in (0, 1)]) == [520, 520]
    processes.until(lambda known: all(one["counts"]["failures"] for one in known))
    server.go_on() if trouble == "hang" else server.begin()
    assert counted(processes.until(lambda known: counted(known) == [1020, 1020])) == [1020, 1020]


def exchanged(server, *routers):
    client = redis.Redis(port=server.port, socket_timeout=1)
    peers = [RedisPeers(router, client, prefix="test:") for router in routers]
    for _ in range(2):
        assert all(one.exchange() for one in peers)
    return peers, client


def served(router, times=10):
    for _ in range(times):
        router.observe(next(iter(router.plan(BODY))), Outcome.success(ttft_seconds=0.2, total_seconds=1.0, output_tokens=9))


JUNK = [b"", b"junk", zlib.compress(b"junk"), zlib.compress(b"[]"), zlib.compress(b"{}"), zlib.compress(b'{"format": "routecore-peer-1"}')]
JUNK += [
    zlib.compress(json.dumps({"format": "routecore-peer-1", "at": at, "windows": windows, "health": {}}).encode())
    for at, windows in ((0, {}), ("x", {}), (1e308, 7), (-5, []))
]
JUNK += [zlib.compress(b"[" * 100_000), zlib.compress(b"0" * 200_000_000, 9)]


@pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
def test_wrong_data_under_our_keys_is_counted_told_once_and_left(server, junk, caplog):
    mine, other = Router(CATALOG), Router(CATALOG)
    served(other)
    peers, client = exchanged(server, mine, other)
    client.zadd("test:peers", {"somebody": time.time()})
    client.set("test:peer:somebody", junk)
    before = peers[0].counts["merged"]
    for _ in range(3):
        assert peers[0].exchange()
    assert peers[0].counts["refused"] == 3
    assert peers[0].counts["merged"] == before + 3
    assert caplog.text.count("somebody") == 1
    mine.tick()
    assert sum(row.samples for row in mine.facts.stats.values()) == 10


def test_a_key_of_another_kind_is_a_server_that_is_away_and_no_error_in_a_decision(server):
    router = Router(CATALOG)
    client = redis.Redis(port=server.port, socket_timeout=1)
    client.set("test:peers", "a text, and no sorted set")
    peers = RedisPeers(router, client, prefix="test:")
    assert not peers.exchange()
    served(router)
    client.delete("test:peers")
    assert peers.exchange()


def test_what_is_shared_holds_no_prompt_and_no_key(server):
    router = Router(CATALOG)
    body = {"model": "m", "messages": [{"role": "user", "content": "a caller's words"}]}
    context = {"byok": [{"slug": "north", "key_id": "k-1"}]}
    router.observe(next(iter(router.plan(body, context))), Outcome.rate_limit(5, detail="a provider's words"))
    _, client = exchanged(server, router)
    stored = b"".join(zlib.decompress(client.get(key)) for key in client.keys("test:peer:*"))
    assert b"words" not in stored


# --- pins ---------------------------------------------------------------------------------------------------------------------------------------------


def asked(server, work, **options):
    async def run():
        async with asynchronous.Redis(port=server.port) as client:
            return await work(RedisPins(client, **{"seconds": 2.0, **options}))

    return asyncio.run(run())


def test_a_pin_that_one_process_wrote_is_followed_by_another(server):
    async def work(pins):
        one, other = Router(CATALOG), Router(CATALOG)
        plan = one.plan(BODY, session_id="s1")
        attempt = list(plan)[-1]
        one.observe(attempt, Outcome.success())
        await pins.write(plan.pin_write(attempt))
        found = await pins.read(other.pin_keys(BODY, session_id="s1"))
        return attempt.key, other.plan(BODY, session_id="s1", pin=found).first.key

    wrote, followed = asked(server, work)
    assert wrote == followed


def test_a_pin_is_gone_when_its_time_is_over(server):
    from routecore.live.pins import PinWrite

    async def work(pins):
        await pins.write(PinWrite(b"k", "m@north#shared", 0.05))
        await asyncio.sleep(0.2)
        return await pins.read([b"k"])

    assert asked(server, work) == [None]


def test_a_server_that_hangs_is_left_alone_after_three_calls(server):
    async def work(pins):
        server.hang()
        try:
            return [await pins.read([b"k"]) for _ in range(10)], pins.errors, pins.skipped
        finally:
            server.go_on()

    assert asked(server, work, seconds=0.05) == ([[None]] * 10, 3, 7)


def test_a_server_that_is_back_is_asked_again(server):
    now = [0.0]

    async def work(pins):
        server.kill()
        for _ in range(5):
            await pins.read([b"k"])
        server.begin()
        now[0] += 6
        await pins.client.set(b"routecore:pin:k", b"1|m@north#shared")
        return await pins.read([b"k"]), pins.skipped

    assert asked(server, work, clock=lambda: now[0]) == ([b"1|m@north#shared"], 2)


@pytest.mark.parametrize("junk", [b"\xff\xfe", b"9|m@north#shared", b"x" * 5_000, b""])
def test_an_entry_that_is_no_pin_is_no_pin(server, junk):
    async def work(pins):
        router = Router(CATALOG)
        (key,) = router.pin_keys(BODY, session_id="s1")
        await pins.client.set(b"routecore:pin:" + key, junk)
        return router.plan(BODY, session_id="s1", pin=await pins.read([key])).sticky.status

    assert asked(server, work) == "none"
