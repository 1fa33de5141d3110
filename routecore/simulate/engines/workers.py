"""Tasks shared out over processes, with progress, and with what is done kept where a run is stopped."""

from __future__ import annotations

import gc
import multiprocessing
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from routecore.errors import Fault, SimulationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["run_tasks", "uninterrupted"]

Task = TypeVar("Task")
Found = TypeVar("Found")

_POLL_SECONDS: Final = 0.2
_work: Any = None
_done: Any = None


def run_tasks(
    work: Callable[[Task, Callable[[int], object]], Found],
    tasks: Sequence[Task],
    processes: int = 1,
    progress: Callable[[int, int], object] | None = None,
    total: int = 0,
) -> tuple[list[tuple[Task, Found]], bool]:
    """Return (task, result) of every task that was finished, in the order of the tasks, and whether a ``KeyboardInterrupt`` kept the others from it.

    ``work(task, told)`` does one and tells of each step that is done (a result with a true ``interrupted`` is kept, and ends the run); ``progress(done, total)`` hears of the sum. With more than one process the work is forked, so
    that nothing has to be pickled but results. Raises ``SimulationError`` where processes cannot be forked, and whatever a task raises.

    >>> run_tasks(lambda task, told: task * 2, [1, 2])
    ([(1, 2), (2, 4)], False)
    """
    if isinstance(processes, bool) or not isinstance(processes, int) or processes < 1:
        raise SimulationError([Fault("processes", processes, "a whole number, 1 or more")])
    if processes == 1 or len(tasks) < 2:
        return _alone(work, tasks, progress, total)
    if "fork" not in multiprocessing.get_all_start_methods():
        raise SimulationError([Fault("processes", processes, "1 on this system, which cannot fork")])
    return _together(work, tasks, min(processes, len(tasks)), progress, total)


def _alone(work: Any, tasks: Sequence[Any], progress: Any, total: int) -> tuple[list[tuple[Any, Any]], bool]:  # noqa: ANN401 - as above
    count = 0

    def told(step: int) -> None:
        nonlocal count
        count += step
        if progress is not None:
            progress(count, total)

    found = []
    try:
        for task in tasks:
            found.append((task, work(task, told)))
            if getattr(found[-1][1], "interrupted", False):
                return found, True
    except KeyboardInterrupt:
        return found, True
    return found, False


def _together(work: Any, tasks: Sequence[Any], processes: int, progress: Any, total: int) -> tuple[list[tuple[Any, Any]], bool]:  # noqa: ANN401 - as above
    global _work, _done  # noqa: PLW0603 - what forked processes inherit
    context = multiprocessing.get_context("fork")
    _work, _done = work, context.Value("q", 0)
    found: dict[int, Any] = {}
    interrupted = False
    # what is here before the fork is left alone by the collectors of all, which would copy every page that they look at
    gc.freeze()
    pool = context.Pool(processes, initializer=_ignore_interrupts)
    try:
        waiting = [pool.apply_async(_run, (task,)) for task in tasks]
        for place, one in enumerate(waiting):
            while not one.ready():
                one.wait(_POLL_SECONDS)
                if progress is not None:
                    progress(_done.value, total)
            found[place] = one.get()
        if progress is not None:
            progress(_done.value, total)
    except KeyboardInterrupt:
        interrupted = True
        found |= {place: one.get() for place, one in enumerate(waiting) if place not in found and one.ready()}
    finally:
        pool.terminate()
        pool.join()
        gc.unfreeze()
        _work = _done = None
    return [(task, found[place]) for place, task in enumerate(tasks) if place in found], interrupted


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Put a Ctrl-C off to the end of a block that must happen whole or not at all, such as adding to a summary. Outside the main thread none can come."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[tuple[int, Any]] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: caught.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if caught and callable(before):
        before(*caught[0])


def _ignore_interrupts() -> None:
    # the first process hears Ctrl-C and ends the others in order
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run(task: Any) -> Any:  # noqa: ANN401 - as above
    done = _done

    def told(step: int) -> None:
        with done.get_lock():
            done.value += step

    return _work(task, told)
