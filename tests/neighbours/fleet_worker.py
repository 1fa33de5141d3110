"""One process of a gateway: does what its standard input says, one JSON line each, and answers with one."""

from __future__ import annotations

import json
import logging
import sys

import redis

from routecore import Catalog, Outcome, Router
from routecore.adapters.redis import RedisPeers

CATALOG = Catalog.from_mapping({"endpoints": [{"model": "m", "provider": name} for name in ("north", "south")]})


def main() -> None:
    port, interval = int(sys.argv[1]), float(sys.argv[2])
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    router = Router(CATALOG)
    client = redis.Redis(port=port, socket_timeout=0.5, socket_connect_timeout=0.5)
    peers = RedisPeers(router, client, prefix="test:", interval_seconds=interval)
    router.tick()
    peers.start()
    print("ready", flush=True)  # noqa: T201 - its parent reads it
    for line in sys.stdin:
        order = json.loads(line)
        answer: object = None
        if order["do"] == "serve":
            # plans and outcomes, as fast as they go
            for number in range(order["times"]):
                attempt = next(iter(router.plan({"model": "m", "provider": {"only": [order["provider"]]}})))
                router.observe(attempt, Outcome.success(ttft_seconds=0.1 + number % 7 / 100, total_seconds=1.0, output_tokens=20))
            answer = order["times"]
        elif order["do"] == "limit":
            attempt = next(iter(router.plan({"model": "m", "provider": {"only": [order["provider"]]}})))
            router.observe(attempt, Outcome.rate_limit(order["seconds"]))
        elif order["do"] == "know":
            router.tick()
            facts = router.facts
            samples = {name: row.samples for name, row in facts.stats.items()}
            answer = {"samples": samples, "cooling": sorted(facts.cooling), "counts": peers.counts, "peers": peers.peers}
        print(json.dumps(answer), flush=True)  # noqa: T201 - as above
    peers.stop()


if __name__ == "__main__":
    main()
