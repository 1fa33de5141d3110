"""A warm start: a router in a run begins with what it would have measured of the world had it been running."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from routecore.live.outcome import Outcome
from routecore.simulate.noise import mixed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from routecore.live.router import Router
    from routecore.simulate.world.server import Server

__all__ = ["warm_up"]

_SAMPLES: Final = 100
_TOKENS: Final = 200


def warm_up(router: Router, servers: Iterable[Server], begin: float, lead: float) -> None:
    """Fill the router's windows with what each endpoint would have shown in the window before ``begin`` (the trace's time; the router's clock is ``lead`` ahead).

    Of each endpoint some hundred outcomes, evenly over its distributions and over the window, so that nothing is left to luck: first tokens, throughputs,
    failures and 429s in their shares. They leave the window as any others do. Health and pins know nothing of them: nobody cools.
    """
    windows = router.windows
    size = max(_SAMPLES, windows.settings.min_samples, router.settings.decision.min_samples)
    # the same order of slow and fast for every endpoint, which is as good as any
    order = np.argsort(mixed(np.arange(1, size + 1, dtype=np.uint64))).tolist()
    step = windows.settings.seconds / (size + 1)
    for server in servers:
        server.refresh(begin)
        refused, failed = server.refuses / 2**32, server.fails / 2**32
        if server.down or server.hangs:
            refused, failed = 0.0, 1.0
        for place, rank in enumerate(order):
            now = begin + lead - windows.settings.seconds + (place + 1) * step
            share = (rank + 0.5) / size
            if share < refused:
                outcome = Outcome.rate_limit()
            elif share < failed:
                outcome = Outcome.server(500)
            else:
                # what is left, from its fastest to its slowest; throughputs in an order of their own
                level = (share - failed) / (1.0 - failed)
                first = server.ttft[int(level * 4096)] * server.slow
                speed = server.speed[int((level * 97.0) % 1.0 * 4096)] / server.slow
                outcome = Outcome.success(ttft_seconds=first, total_seconds=first + (_TOKENS - 1) / speed, output_tokens=_TOKENS)
            windows.observe(server.id, outcome, now)
    router.tick()
