"""A run on asyncio: a loop that one may as well copy."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from routecore.live.outcome import Outcome
from routecore.live.run import Close, Try, Wait

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from routecore.live.run import Run
    from routecore.routing.attempt import Attempt

__all__ = ["serve"]


async def serve(run: Run, call: Callable[[Try], Awaitable[Outcome]]) -> Attempt | None:
    """Carry a run out: begin, close and wait as it says, until it is over.

    Args:
        run: From ``Router.start``.
        call: Makes one attempt and returns its outcome. Where the answer streams it asks ``run.committed(step.attempt)`` before it hands out the first output,
            and stops if that is ``False``. It is cancelled when the run closes it. What its client raises becomes an outcome.

    Returns:
        The attempt whose answer is the caller's; ``None`` where nothing served (``run.failure``).

    Raises:
        CancelledError: The caller has left: everything in flight was cancelled, and has ended.
        Exception: A slip of ``call``'s own, after everything in flight was cancelled.

    Example:
        >>> from routecore import Router, example_catalog
        >>> async def call(step):
        ...     return Outcome.success(total_seconds=0.5)
        >>> run = Router(example_catalog()).start({"model": next(iter(example_catalog())).model, "messages": []})
        >>> asyncio.run(serve(run, call)) is run.served
        True
    """
    tasks: dict[Attempt, asyncio.Task[None]] = {}
    closed: list[asyncio.Task[None]] = []
    slips: list[Exception] = []
    happened = asyncio.Event()

    async def attempt(step: Try) -> None:
        outcome = Outcome.cancelled("closed")
        try:
            outcome = await call(step)
        except Exception as error:  # noqa: BLE001 - what a client raises is an outcome; a slip is raised below, once all is closed
            try:
                outcome = Outcome.from_exception(error, answers=run.answers)
            except Exception as slip:  # noqa: BLE001 - as above
                slips.append(slip)
                outcome = Outcome.gateway(detail=type(slip).__name__)
        finally:
            # nothing is awaited here, so that no cancellation comes between an outcome and its record
            run.ended(step.attempt, outcome)
            happened.set()

    over = False
    try:
        while not slips:
            step = run.next()
            if isinstance(step, Try):
                tasks[step.attempt] = asyncio.create_task(attempt(step))
            elif isinstance(step, Close):
                closed.append(tasks.pop(step.attempt))
                closed[-1].cancel()
            elif isinstance(step, Wait):
                happened.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(happened.wait(), step.seconds)
            else:
                over = True
                break
    finally:
        if not over:
            run.cancel()
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), *closed, return_exceptions=True)
    if slips:
        raise slips[0]
    return run.served
