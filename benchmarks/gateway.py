"""What routing adds to a request of the example gateway: CPU of the process with and without routecore, taken in turns in one run.

Both serve the same requests over the same loop, HTTP server, client and upstream; without routecore the first endpoint is called straight away.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.harness import Row, quartiles

EXAMPLES = Path(__file__).resolve().parents[1] / "docs" / "examples"
ROW = {"model": "acme/large", "context_length": 131072, "pricing": {"prompt": "0.000001", "completion": "0.000002"}}
PROVIDERS = 8
ANSWER = json.dumps(
    {
        "id": "x", "object": "chat.completion", "created": 1, "model": "m", "usage": {"prompt_tokens": 20, "completion_tokens": 8, "total_tokens": 28},
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
    }
).encode()  # fmt: skip


async def measured(requests: int) -> dict[str, list[float]]:
    """Send requests to two applications in turns, and return seconds of CPU per request of each."""
    import httpx
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

    sys.path.insert(0, str(EXAMPLES))
    from gateway import app as gateway_app
    from gateway import upstream

    class Canned(httpx.AsyncBaseTransport):
        """Answers at once: what is measured is the gateway, not a socket."""

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, headers={"content-type": "application/json"}, content=ANSWER, request=request)

    rows = [{**ROW, "provider": f"p{place}", "extra": {"base_url": f"http://p{place}.test/v1"}} for place in range(PROVIDERS)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gateway.json"
        path.write_text(json.dumps({"endpoints": rows}), encoding="utf-8")
        real, httpx.AsyncClient = httpx.AsyncClient, lambda **_: real(transport=Canned())  # type: ignore[misc,assignment]
        try:
            routed = gateway_app.create(path)
        finally:
            httpx.AsyncClient = real  # type: ignore[misc]
    client = httpx.AsyncClient(transport=Canned())
    target = upstream.Target("http://p0.test/v1", "m", None)

    async def straight(request: Any) -> Response:
        body = json.loads(await request.body())
        response = await client.send(upstream.request(client, target, "chat", body), stream=True)
        return JSONResponse(json.loads(await response.aread()))

    plain = Starlette(routes=[Route("/v1/chat/completions", straight, methods=["POST"])])
    body = {"model": "acme/large", "messages": [{"role": "user", "content": "word " * 200}]}
    taken: dict[str, list[float]] = {"with": [], "without": []}
    sides = {
        "with": real(transport=httpx.ASGITransport(routed), base_url="http://g"),
        "without": real(transport=httpx.ASGITransport(plain), base_url="http://g"),
    }
    for number in range(requests + 50):
        for side in ("with", "without") if number % 2 else ("without", "with"):
            began = time.process_time_ns()
            answer = await sides[side].post("/v1/chat/completions", json=body)
            assert answer.status_code == 200, answer.text
            if number >= 50:
                taken[side].append((time.process_time_ns() - began) / 1e9)
    return taken


def run(*, quick: bool = False) -> list[Row]:
    """Return CPU per request of both, and what the run and the routing add."""
    taken = asyncio.run(measured(300 if quick else 2_000))
    added = sorted(one - other for one, other in zip(taken["with"], taken["without"], strict=True))
    shares = [max(one - other, 0.0) / one for one, other in zip(taken["with"], taken["without"], strict=True)]
    p99 = {name: sorted(values)[int(len(values) * 0.99)] for name, values in (*taken.items(), ("added", added))}
    rows = [
        Row(f"gateway {name} routecore", median(values), "request", {}, quartiles(values), note=f"p99 {p99[name] * 1e6:.0f} µs")
        for name, values in taken.items()
    ]
    note = f"p99 {p99['added'] * 1e6:.0f} µs; {median(shares):.0%} of a request's CPU"
    return [*rows, Row("gateway added by run and routing", median(added), "request", {}, quartiles(added), note=note)]
