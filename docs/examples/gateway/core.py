"""The routing core: from a body to an answer. Everything that is special to a dialect, a server or a file is in the modules beside it."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from routecore import Outcome, RoutecoreError, StreamReader
from routecore.live.aio import serve

from . import told, upstream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    import httpx

    from routecore import Attempt, Context, Router, Run, Try

    from .config import Config


@dataclass
class Gateway:
    """What the process holds: the router, the configuration, and one HTTP client for all endpoints."""

    router: Router
    config: Config
    client: httpx.AsyncClient


@dataclass
class Ask:
    """One request: its dialect (``chat``, ``messages``, ``responses``), body and context, and how to learn that its caller has left."""

    dialect: str
    body: dict[str, Any]
    context: Context
    gone: Callable[[], Awaitable[bool]]
    wants_metadata: bool = False

    @property
    def streams(self) -> bool:
        return self.body.get("stream") is True

    @property
    def wants_cost(self) -> bool:
        asked = self.body.get("usage")
        return isinstance(asked, dict) and asked.get("include") is True


@dataclass
class Reply:
    """What goes back: a status, headers, and a body or a stream of server-sent events."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any] | None = None
    stream: AsyncIterator[bytes] | None = None


async def answer(gateway: Gateway, ask: Ask) -> Reply:
    """Carry a request through its plan, and return what came of it: with a stream as soon as its first token is there."""
    try:
        run = gateway.router.start(ask.body, ask.context, deadline_seconds=gateway.config.deadline_seconds)
    except RoutecoreError as error:
        return Reply(error.code, {}, told.refusal(ask.dialect, error))
    exchange = Exchange(gateway, ask, run)
    task = asyncio.create_task(serve(run, exchange.call))
    task.add_done_callback(lambda _: exchange.over.set())
    try:
        while not exchange.over.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(exchange.over.wait(), 0.25)
            if not exchange.over.is_set() and await ask.gone():
                break
        else:
            if exchange.streaming is not None:
                return Reply(200, exchange.headers(exchange.streaming), stream=exchange.forward(task))
            if task.result() is not None:
                return Reply(200, exchange.headers(task.result()), exchange.body)
    except BaseException:
        task.cancel()
        raise
    # the caller has left, or nobody served
    await ended(task)
    return Reply(*run.failure(ask.dialect))


async def ended(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait until it has ended: every attempt of its run has been observed then."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@dataclass
class Exchange:
    """One request's traffic: calls to providers in, the answer of the one that serves out."""

    gateway: Gateway
    ask: Ask
    run: Run
    body: dict[str, Any] | None = None
    streaming: Attempt | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when there is something to answer with: the run has ended, or a stream has its first token."""
    events: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(64))
    """A stream on its way out. It is bounded: a provider that is faster than its caller waits."""

    async def call(self, step: Try) -> Outcome:
        """Make one attempt. What the client raises becomes an outcome in ``serve``."""
        attempt, config = step.attempt, self.gateway.config
        target = upstream.Target.of(attempt.endpoint)
        sent = time.monotonic()
        async with asyncio.timeout(min(step.first_token_seconds, config.first_token_seconds if self.ask.streams else config.total_seconds)) as limit:
            response = await self.gateway.client.send(upstream.request(self.gateway.client, target, self.ask.dialect, self.ask.body), stream=True)
            try:
                if self.ask.streams and response.is_success:
                    return await self.stream(attempt, response, sent, limit)
                content = await upstream.whole(response, config.most_bytes)
            finally:
                await response.aclose()
        seconds = time.monotonic() - sent
        outcome = self.gateway.router.outcome(response.status_code, response.headers, content, self.ask.dialect, total_seconds=seconds)
        if outcome.kind == "success" and self.run.committed(attempt):
            self.body = told.completed(self.ask, attempt, self.run, upstream.parsed(content), outcome)
        return outcome

    async def stream(self, attempt: Attempt, response: httpx.Response, sent: float, limit: asyncio.Timeout) -> Outcome:
        """Read a stream. Its events wait until the first token is there: until then it may be tried elsewhere."""
        reader = StreamReader(self.ask.dialect)
        writer = told.Writer(self.ask, attempt, self.run, reader)
        waiting: list[bytes] = []
        first: float | None = None
        async for piece in response.aiter_bytes():
            for event in reader.feed(piece):
                waiting.extend(writer.take(event))
            if reader.first_token and first is None:
                if not self.run.committed(attempt):
                    return Outcome.cancelled()
                first = time.monotonic() - sent
                self.streaming = attempt
                self.over.set()
            if first is not None:
                # from here on each piece has its own limit
                limit.reschedule(asyncio.get_running_loop().time() + self.gateway.config.idle_seconds)
                for data in waiting:
                    await self.events.put(data)
                waiting = []
        outcome = reader.outcome(
            status=response.status_code,
            headers=response.headers,
            ttft_seconds=first,
            total_seconds=time.monotonic() - sent,
            answers=self.gateway.router.answers,
        )
        if first is not None and outcome.kind == "success":
            for data in writer.rest():
                await self.events.put(data)
        return outcome

    async def forward(self, task: asyncio.Task[Any]) -> AsyncIterator[bytes]:
        """Yield a stream's events to the caller; where the provider breaks off, the failure as the last of them."""
        try:
            while not (task.done() and self.events.empty()):
                taking = asyncio.ensure_future(self.events.get())
                await asyncio.wait({taking, task}, return_when=asyncio.FIRST_COMPLETED)
                if taking.done():
                    yield taking.result()
                else:
                    taking.cancel()
            if task.result() is None:
                yield self.run.failure_event(self.ask.dialect)
        finally:
            await ended(task)

    def headers(self, attempt: Attempt) -> dict[str, str]:
        """Return the headers of an answer: who serves, and what a stream is."""
        found = {"x-routecore-endpoint": attempt.endpoint.id}
        return {**found, "content-type": "text/event-stream", "cache-control": "no-cache"} if self.ask.streams else found
