"""The HTTP side: routes, accounts, ``/explain``, ``/metrics``, ``/health``, and a configuration that is read again when it changes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
from typing import TYPE_CHECKING, Any

import httpx
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from routecore import RoutecoreError, Router, decide
from routecore.adapters.catalog_file import CatalogFile
from routecore.adapters.prometheus import RouterCollector

from . import told
from .config import Config
from .core import Ask, Gateway, Reply, answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.requests import Request

LOG = logging.getLogger("gateway")
DIALECTS = {"/v1/chat/completions": "chat", "/v1/messages": "messages", "/v1/responses": "responses"}
METADATA = ("x-openrouter-metadata", "x-openrouter-experimental-metadata")
LOOK_SECONDS = 2.0


def create(path: Path) -> Starlette:
    """Return the application for a configuration file."""
    config = Config.load(path)
    collector = RouterCollector()
    router = collector.router = Router(config.catalog, on_outcome=collector)
    router.tick()
    client = httpx.AsyncClient(timeout=httpx.Timeout(None, connect=5.0), limits=httpx.Limits(max_connections=None, max_keepalive_connections=100))
    gateway = Gateway(router, config, client)
    registry = CollectorRegistry()
    registry.register(collector)
    file = CatalogFile(path, router)

    async def complete(request: Request) -> Response:
        dialect = DIALECTS[request.url.path]
        asked = await read(request, gateway.config, dialect)
        return asked if isinstance(asked, Response) else respond(await answer(gateway, asked))

    async def explain(request: Request) -> Response:
        asked = await read(request, gateway.config, "chat")
        if isinstance(asked, Response):
            return asked
        try:
            # pure: it begins nothing, and takes no probe's turn
            plan = decide(router.catalog, asked.body, router.facts, context=asked.context, settings=router.settings.decision)
        except RoutecoreError as error:
            return JSONResponse(told.refusal("chat", error), error.code)
        asked_models = {endpoint.model for endpoint in router.catalog} & {asked.body.get("model"), *(asked.body.get("models") or ())}
        why = {endpoint.id: plan.why(endpoint.id).to_dict() for endpoint in router.catalog if endpoint.model in asked_models}
        return JSONResponse({**plan.to_dict(), "why": why})

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok", "endpoints": len(router.catalog), "cooling": sorted(router.facts.cooling), "version": router.catalog.version})

    async def models(_: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": name, "object": "model"} for name in sorted(router.catalog.models)]})

    def reload(*, force: bool = False) -> None:
        """Take the file's new content, whole or not at all."""
        try:
            found = Config.load(path)
        except (RoutecoreError, OSError) as error:
            LOG.warning("configuration %s: not taken, the last good one stays: %s", path, error)
            return
        gateway.config = found
        file.reload(force=force)

    async def keep(seconds: float) -> None:
        """Read the statistics and look at the file every few seconds."""
        while True:
            await asyncio.sleep(seconds)
            router.tick()
            if file.changed():
                reload()

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        with contextlib.suppress(ValueError, NotImplementedError, RuntimeError):
            # only the main thread hears signals
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, lambda: reload(force=True))
        keeper = asyncio.create_task(keep(LOOK_SECONDS))
        yield
        keeper.cancel()
        await client.aclose()

    routes = [Route(route, complete, methods=["POST"]) for route in DIALECTS]
    routes += [Route("/explain", explain, methods=["POST"]), Route("/metrics", metrics), Route("/health", health), Route("/v1/models", models)]
    return Starlette(routes=routes, lifespan=lifespan)


async def read(request: Request, config: Config, dialect: str) -> Ask | Response:
    """Return what is asked, or the error of a body that is none and of a key that nobody knows."""
    key = request.headers.get("x-api-key") or request.headers.get("authorization", "").removeprefix("Bearer ")
    account = config.accounts.get(key)
    if config.accounts and account is None:
        return JSONResponse(told.error(dialect, 401, "no account has this key"), 401)
    try:
        body: Any = json.loads(await request.body())
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        return JSONResponse(told.error(dialect, 400, "the body is no JSON object"), 400)
    wants_metadata = any(request.headers.get(name, "").lower() == "enabled" for name in METADATA)
    return Ask(dialect, body, (config.everybody if account is None else account)[dialect], request.is_disconnected, wants_metadata)


def respond(reply: Reply) -> Response:
    """Return a reply as Starlette's response."""
    if reply.stream is not None:
        return StreamingResponse(reply.stream, reply.status, reply.headers)
    return JSONResponse(reply.body, reply.status, reply.headers)
