"""Traces that are made up: of any length in constant memory, and samples of published arrival rates and token histograms.

A generated chunk is a function of the seed and its own number: chunks can be made in any order, in any process, and are always the same.
"""

from __future__ import annotations

from math import gamma
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from routecore.errors import Fault, SimulationError
from routecore.simulate.noise import GOLDEN, MASK, mixed
from routecore.simulate.traces.columns import CHUNK_ROWS, Chunk, Names
from routecore.simulate.traces.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["generate", "servegen"]

_PROMPT_MEDIAN, _PROMPT_SIGMA = 1_000.0, 1.0
_COMPLETION_MEDIAN, _COMPLETION_SIGMA = 200.0, 0.9
_MOST_TOKENS: Final = 1_000_000
_BLOCK: Final = 64
_WINDOW_SECONDS: Final = 600.0


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

    ``models`` are drawn evenly, or in proportion to the shares of a mapping. ``session_share`` of the requests are turns of sessions of ``turns`` turns, about
    ``turn_seconds`` apart; each turn's prompt begins with the one before, which is what ``cached_prefix_tokens`` says.

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
            before = np.minimum(base + np.maximum(turn - 1, 0) * growth, _MOST_TOKENS)
            prompt = np.where(inside, np.minimum(base + turn * growth, _MOST_TOKENS), prompt)
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
    found: NDArray[np.int64] = np.clip(np.rint(median * np.exp(sigma * random.standard_normal(rows))), 1, _MOST_TOKENS).astype(np.int64)
    return found


def servegen(
    rates: str | Path, histograms: str | Path, *, model: str, seed: int = 0, start_s: float = 0.0, end_s: float | None = None, scale: float = 1.0
) -> Trace:
    """Return a sample of ServeGen's published workload: each client's arrivals window by window, with token counts from its histograms.

    ``rates`` and ``histograms`` are its two Parquet tables. ``start_s`` to ``end_s`` is the stretch of its time, ``scale`` multiplies every rate. Inter-arrival
    times are Gamma or Weibull as the table says (``param1`` is the shape; the scale is set so that the mean rate is the table's); a client without a histogram for a window takes its nearest earlier one.

    Raises ``SimulationError`` where pyarrow or a column is missing, or no window is in the stretch.
    """
    try:
        from pyarrow import parquet
    except ImportError:
        raise SimulationError([Fault(str(rates), "pyarrow is not installed", "a file that can be read here: pip install 'routecore[parquet]'")]) from None
    try:
        rows = parquet.read_table(rates, columns=["client", "window_s", "rate_rps", "family", "param1"]).to_pylist()
        table = parquet.read_table(histograms, columns=["client", "window_s", "field", "values", "probs"]).to_pylist()
    except (OSError, ValueError, KeyError) as error:
        raise SimulationError([Fault(str(rates), f"{type(error).__name__}: {error}"[:200], "ServeGen's tables of rates and of token histograms")]) from error
    end = float("inf") if end_s is None else end_s
    active = [row for row in rows if row["rate_rps"] > 0 and start_s <= row["window_s"] < end and row["param1"] > 0]
    counts = _Histograms(table)
    windows = sorted({row["window_s"] for row in active})
    if not windows:
        raise SimulationError([Fault("start_s, end_s", (start_s, end_s), "a stretch of the workload's time with arrivals in it")])
    by_window: dict[float, list[Any]] = {one: [] for one in windows}
    for row in active:
        by_window[row["window_s"]].append(row)
    # arrivals first, for their number; token counts when a chunk is asked for
    arrivals = [_arrivals(by_window[one], one, seed, scale) for one in windows]
    starts = np.concatenate(([0], np.cumsum([len(at) for at, _ in arrivals])))

    def make(index: int) -> Chunk:
        at, clients = arrivals[index]
        random = np.random.default_rng([seed, index, 1])
        prompt = np.zeros(len(at), np.int64)
        completion = np.zeros(len(at), np.int64)
        for client in np.unique(clients).tolist():
            mine = np.flatnonzero(clients == client)
            prompt[mine] = counts.sample(client, windows[index], "input_tokens", random, len(mine))
            completion[mine] = counts.sample(client, windows[index], "output_tokens", random, len(mine))
        numbers = np.arange(starts[index], starts[index + 1], dtype=np.int64)
        return Chunk(number=numbers, timestamp_s=at - start_s, model=np.zeros(len(at), np.int32), prompt_tokens=prompt, completion_tokens=completion)

    assumptions = ["ServeGen publishes rates and histograms, not requests: these are samples of them, and name no session"]
    if scale != 1:
        assumptions.append(f"every ServeGen rate is multiplied by {scale:g}")
    return Trace(make, len(windows), int(starts[-1]), Names([model]), source=f"ServeGen sample, seed {seed}", assumptions=assumptions)


def _arrivals(rows: Sequence[Any], window: float, seed: int, scale: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the times of one window's arrivals, sorted, and whose they are."""
    times, clients = [], []
    for row in rows:
        random = np.random.default_rng([seed, int(window), row["client"]])
        expected = row["rate_rps"] * scale * _WINDOW_SECONDS
        size = int(2 * expected + 6 * expected**0.5 + 10)
        shape = row["param1"]
        # in units of which the mean step is the table's rate: the fitted scales of bursty clients overstate it by a quarter
        unit = 1.0 / (row["rate_rps"] * scale * (shape if row["family"] == "Gamma" else gamma(1.0 + 1.0 / shape)))
        # from a window before: a renewal process that starts with an arrival is too busy at first where arrivals come in bursts
        now = -_WINDOW_SECONDS
        while True:
            steps = random.gamma(shape, 1.0, size) if row["family"] == "Gamma" else random.weibull(shape, size)
            at = now + np.cumsum(steps) * unit
            times.append(at[(at >= 0) & (at < _WINDOW_SECONDS)])
            clients.append(np.full(len(times[-1]), row["client"], np.int64))
            now = float(at[-1])
            if now >= _WINDOW_SECONDS:
                break
    joined = np.concatenate(times)
    order = np.argsort(joined, kind="stable")
    return window + joined[order], np.concatenate(clients)[order]


class _Histograms:
    """Token counts of every client and window, to sample from."""

    def __init__(self, table: Sequence[Any]) -> None:
        self._found: dict[tuple[int, str], list[tuple[float, NDArray[np.int64], NDArray[np.float64]]]] = {}
        for row in sorted(table, key=lambda one: one["window_s"]):
            if row["field"] in {"input_tokens", "output_tokens"} and row["values"]:
                chances = np.cumsum(np.asarray(row["probs"], np.float64))
                values = np.clip(np.rint(row["values"]), 0, _MOST_TOKENS).astype(np.int64)
                self._found.setdefault((row["client"], row["field"]), []).append((row["window_s"], values, chances / chances[-1]))
        self._any = {field: [one for (_, name), kept in self._found.items() if name == field for one in kept] for field in ("input_tokens", "output_tokens")}
        if not all(self._any.values()):
            raise SimulationError([Fault("histograms", sorted({row["field"] for row in table}), "with input_tokens and output_tokens")])

    def sample(self, client: int, window: float, field: str, random: np.random.Generator, size: int) -> NDArray[np.int64]:
        """Return ``size`` counts of the client's latest histogram at ``window``, else its first, else anyone's."""
        kept = self._found.get((client, field)) or self._any[field]
        earlier = [one for one in kept if one[0] <= window]
        _, values, chances = earlier[-1] if earlier else kept[0]
        found: NDArray[np.int64] = values[np.minimum(np.searchsorted(chances, random.random(size), side="right"), len(values) - 1)]
        return found
