"""A run on threads: the twin of ``aio`` for gateways that block."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from routecore.live.outcome import Outcome
from routecore.live.run import Try, Wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from routecore.live.run import Run
    from routecore.routing.attempt import Attempt

__all__ = ["serve"]


def serve(run: Run, call: Callable[[Try], Outcome]) -> Attempt | None:
    """Carry a run out, each attempt on a thread of its own, until it is over. A thread cannot be stopped, so one that is closed is left behind.

    Args:
        run: From ``Router.start``.
        call: Makes one attempt and returns its outcome. It gives its client ``step.total_seconds``, and asks ``run.committed(step.attempt)`` before it hands out
            the first output and at every chunk: after ``False`` nobody listens. What its client raises becomes an outcome.

    Returns:
        The attempt whose answer is the caller's; ``None`` where nothing served (``run.failure``).

    Raises:
        Exception: A slip of ``call``'s own, after everything in flight was ended.

    Example:
        >>> from routecore import Router, example_catalog
        >>> run = Router(example_catalog()).start({"model": next(iter(example_catalog())).model, "messages": []})
        >>> serve(run, lambda step: Outcome.success(total_seconds=0.5)) is run.served
        True
    """
    slips: list[Exception] = []
    happened = threading.Event()

    def attempt(step: Try) -> None:
        try:
            outcome = call(step)
        except Exception as error:  # noqa: BLE001 - what a client raises is an outcome; a slip is raised below, on the caller's thread
            try:
                outcome = Outcome.from_exception(error, answers=run.answers)
            except Exception as slip:  # noqa: BLE001 - as above
                slips.append(slip)
                outcome = Outcome.gateway(detail=type(slip).__name__)
        run.ended(step.attempt, outcome)
        happened.set()

    over = False
    try:
        while not slips:
            # before the run is asked: what happens after it has answered ends the wait at once
            happened.clear()
            step = run.next()
            if isinstance(step, Try):
                threading.Thread(target=attempt, args=(step,), daemon=True).start()
            elif isinstance(step, Wait):
                happened.wait(min(step.seconds, threading.TIMEOUT_MAX))
            elif step is None:
                over = True
                break
    finally:
        if not over:
            run.cancel()
    if slips:
        raise slips[0]
    return run.served
