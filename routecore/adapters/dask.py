"""The batch engine's parts on a Dask cluster: the same call, the same summaries, other machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routecore.errors import Fault, SimulationError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Cluster"]


class Cluster:
    """A Dask cluster that runs the tasks of a what-if: hand it to ``batch`` as ``runner``.

    The workers need the same ``routecore``, and a trace that they can make: a generated one is made anew where it is needed, a file's chunks must lie where workers can read.
    Raises ``SimulationError`` where ``routecore[dask]`` is not installed, or nobody answers at the address.

    >>> Cluster("tcp://127.0.0.1:8786").address
    'tcp://127.0.0.1:8786'
    """

    def __init__(self, address: str, *, parts: int = 16, timeout_s: float = 10.0) -> None:
        self.address = address
        self.parts = parts
        self._timeout = timeout_s

    def __call__(
        self,
        work: Callable[[Any, Callable[[int], object]], Any],
        tasks: Sequence[Any],
        processes: int = 1,  # noqa: ARG002 - the cluster has as many as it has
        progress: Callable[[int, int], object] | None = None,
        total: int = 0,
    ) -> tuple[list[tuple[Any, Any]], bool]:
        """Return (task, result) of every task that was finished, in the order of the tasks, and whether a ``KeyboardInterrupt`` kept the others from it."""
        try:
            from distributed import Client, as_completed
        except ImportError:
            raise SimulationError([Fault("runner", "dask is not installed", "a cluster: pip install 'routecore[dask]'")]) from None
        found: dict[int, Any] = {}
        interrupted = False
        try:
            client: Any = Client(self.address, timeout=self._timeout, set_as_default=False)
        except OSError as error:
            raise SimulationError([Fault("runner", self.address, f"the address of a Dask scheduler that answers ({type(error).__name__})")]) from error
        try:
            futures = {client.submit(_run, work, task, pure=False): place for place, task in enumerate(tasks)}
            try:
                for future in as_completed(list(futures), loop=client.loop):
                    found[futures[future]] = future.result()
                    if progress is not None:
                        progress(total * len(found) // len(tasks), total)
            except KeyboardInterrupt:
                interrupted = True
                client.cancel(list(futures))
        finally:
            client.close()
        return [(task, found[place]) for place, task in enumerate(tasks) if place in found], interrupted


def _run(work: Callable[[Any, Callable[[int], object]], Any], task: Any) -> Any:  # noqa: ANN401 - whatever the work takes and gives
    return work(task, lambda _: None)
