"""``python -m gateway [FILE.yaml]``: the gateway; without a file, on three made-up providers of its own."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

import uvicorn

from . import app, fake

DEFAULT = Path(__file__).with_name("gateway.yaml")


async def main() -> None:
    """Serve until the process is told to end."""
    parser = argparse.ArgumentParser(prog="gateway", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=DEFAULT)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    options = parser.parse_args()
    servers = [uvicorn.Server(uvicorn.Config(app.create(options.file), host=options.host, port=options.port, log_level="warning"))]
    if options.file == DEFAULT:
        servers.append(uvicorn.Server(uvicorn.Config(fake.create(), host="127.0.0.1", port=8081, log_level="warning")))
        print(f"Three made-up providers answer; one of them is busy. Try:\n\n  curl -s http://{options.host}:{options.port}/v1/chat/completions -d @- <<< \\")
        print('    \'{"model": "acme/large", "messages": [{"role": "user", "content": "Hi"}], "usage": {"include": true}}\'\n')
    print(f"Listening on http://{options.host}:{options.port}", flush=True)
    first, *others = [asyncio.ensure_future(server.serve()) for server in servers]
    await first
    for server, task in zip(servers[1:], others, strict=True):
        server.should_exit = True
        await task


if __name__ == "__main__":
    asyncio.run(main())
