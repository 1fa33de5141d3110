"""Traces that are made up: of any length in constant memory, and samples of published arrival rates and token histograms.

A generated chunk is a function of the seed and its own number: chunks can be made in any order, in any process, and are always the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from routecore.errors import Fault, SimulationError
from routecore.simulate.noise import GOLDEN, MASK, mixed
from routecore.simulate.traces.columns import CHUNK_ROWS, Chunk
from routecore.simulate.traces.names import Names
from routecore.simulate.traces.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["generate"]

_PROMPT_MEDIAN, _PROMPT_SIGMA = 1_000.0, 1.0
_COMPLETION_MEDIAN, _COMPLETION_SIGMA = 200.0, 0.9
MOST_TOKENS: Final = 1_000_000
_BLOCK: Final = 64


def generate(
    requests: int,
    models: Sequence[str] | Mapping[str, float],
    *,
    seed: int = 0,
    rate_per_s: float = 10.0,
    session_share: float = 0.0,
    turns: int = 10,
    turn_seconds: float = 30.0,
    prompt_median: float = _PROMPT_MEDIAN,
    completion_median: float = _COMPLETION_MEDIAN,
) -> Trace:
    """Return a generated trace: Poisson arrivals, log-normal token counts, and sessions whose prompts grow from turn to turn.

    Each turn's prompt begins with the one before, which is what ``cached_prefix_tokens`` says.

    Args:
        requests: How many.
        models: Names that are drawn evenly, or a mapping of names to shares.
        seed: The same seed gives the same trace.
        rate_per_s: Requests a second, on average.
        session_share: The share of requests that are turns of sessions, 0 to 1.
        turns: Turns of a session.
        turn_seconds: Seconds between two turns, about.
        prompt_median: Tokens of a first prompt.
        completion_median: Tokens of an answer.

    Returns:
        The trace, made chunk by chunk when it is read.

    Example:
        >>> trace = generate(100_000, ["a/b"], seed=1, session_share=0.5)
        >>> len(trace), trace.count, bool((trace.chunk(1).timestamp_s[1:] >= trace.chunk(1).timestamp_s[:-1]).all())
        (100000, 2, True)
    """
    faults = []
    if isinstance(requests, bool) or not isinstance(requests, int) or requests < 1:
        faults.append(Fault("requests", requests, "a whole number, 1 or more"))
    if not models:
        faults.append(Fault("models", models, "at least one model"))
    if not 0 <= session_share <= 1:
        faults.append(Fault("session_share", session_share, "a share from 0 to 1"))
    faults += [Fault(name, value, "above 0") for name, value in (("rate_per_s", rate_per_s), ("turns", turns), ("turn_seconds", turn_seconds)) if not value > 0]
    if faults:
        raise SimulationError(faults)
    names = Names(models)
    shares = np.array([float(models[name]) if isinstance(models, dict) else 1.0 for name in names.models])
    edges = np.cumsum(shares / shares.sum())
    # the turns of one session are this many requests apart
    at_once = max(1, round(rate_per_s * turn_seconds))

    def make(index: int) -> Chunk:
        start = index * CHUNK_ROWS
        rows = min(CHUNK_ROWS, requests - start)
        numbers = np.arange(start, start + rows, dtype=np.int64)
        random = np.random.Generator(np.random.Philox(key=[seed & MASK, index]))
        # arrivals of a Poisson process, given their number in the chunk's stretch of time: sorted uniform times
        stretch = CHUNK_ROWS / rate_per_s
        at = index * stretch + np.sort(random.random(rows)) * (rows / rate_per_s)
        completion = _lognormal(random, completion_median, _COMPLETION_SIGMA, rows)
        prompt = _lognormal(random, prompt_median, _PROMPT_SIGMA, rows)
        model = np.minimum(np.searchsorted(edges, random.random(rows), side="right"), len(edges) - 1).astype(np.int32)
        columns: dict[str, Any] = {}
        if session_share > 0:
            ordinal, turn = np.divmod(numbers // at_once, turns)
            key = mixed((numbers % at_once + ordinal * at_once).astype(np.uint64) * np.uint64(GOLDEN) + np.uint64((seed + 1) & MASK))
            # by slot, so that whole sessions are in or out
            inside = (key >> np.uint64(11)) * 2.0**-53 < session_share
            base = (key & np.uint64(0x3FFF)).astype(np.int64) + 1_000
            growth = ((key >> np.uint64(14)) & np.uint64(0x7FF)).astype(np.int64) + 200
            before = np.minimum(base + np.maximum(turn - 1, 0) * growth, MOST_TOKENS)
            prompt = np.where(inside, np.minimum(base + turn * growth, MOST_TOKENS), prompt)
            model = np.where(
                inside, (np.minimum(np.searchsorted(edges, ((key >> np.uint64(25)) & np.uint64(0xFFFFFF)) / 2.0**24, side="right"), len(edges) - 1)), model
            )
            columns = {
                "session": np.where(inside, np.maximum(key, np.uint64(1)), np.uint64(0)),
                "cached_prefix_tokens": np.where(inside & (turn > 0), before // _BLOCK * _BLOCK, 0),
            }
        return Chunk(number=numbers, timestamp_s=at, model=model, prompt_tokens=prompt, completion_tokens=completion, **columns)

    count = -(-requests // CHUNK_ROWS)
    assumption = f"generated traffic (seed {seed}): Poisson arrivals at {rate_per_s:g}/s, log-normal token counts"
    if session_share > 0:
        assumption += f", {session_share:.0%} of requests in sessions of {turns} turns"
    return Trace(make, count, requests, names, source=f"generated, seed {seed}", assumptions=(assumption,))


def _lognormal(random: np.random.Generator, median: float, sigma: float, rows: int) -> NDArray[np.int64]:
    found: NDArray[np.int64] = np.clip(np.rint(median * np.exp(sigma * random.standard_normal(rows))), 1, MOST_TOKENS).astype(np.int64)
    return found
