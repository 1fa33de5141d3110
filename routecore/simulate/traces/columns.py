"""A trace's rows as columns: ``Chunk``; what the codes in them stand for: ``Names``; and what could not be read: ``TraceFaults``."""

from __future__ import annotations

from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, Final
from weakref import finalize

import numpy as np

from routecore.simulate.noise import mixed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["CHUNK_ROWS", "HELD", "Builder", "Chunk"]

HELD: Final = 8
"""Chunks of a file that are held in memory; of longer files all wait on disk."""
CHUNK_ROWS: Final = 65_536
"""Rows of one chunk: what is held in memory at a time where a trace streams."""

_COLUMNS: Final = {
    "number": np.int64,
    "timestamp_s": np.float64,
    "model": np.int32,
    "prompt_tokens": np.int64,
    "completion_tokens": np.int64,
    "session": np.uint64,
    "cached_prefix_tokens": np.int64,
    "provider": np.int32,
    "tools": np.bool_,
    "max_tokens": np.int64,
    "stream": np.bool_,
    "endpoint": np.int32,
    "propensity": np.float64,
    "ttft_s": np.float64,
    "total_s": np.float64,
    "status": np.int16,
    "cost_usd": np.float64,
    "chances": np.int32,
    "pinned": np.bool_,
}
_DEFAULTS: Final = {
    "session": 0,
    "cached_prefix_tokens": 0,
    "provider": -1,
    "tools": False,
    "max_tokens": 0,
    "stream": True,
    "endpoint": -1,
    "propensity": np.nan,
    "ttft_s": np.nan,
    "total_s": np.nan,
    "status": 0,
    "cost_usd": np.nan,
    "chances": -1,
    "pinned": False,
}


class Chunk:
    """Some rows of a trace, a NumPy array a column, all of one length. What a trace does not know takes no memory to speak of.

    ``number``: the request's number in the whole trace, which its chances are keyed by; ``model``, ``provider`` and ``endpoint`` are codes of the trace's
    ``Names`` (-1: none); ``session`` is a 64-bit key (0: none); ``max_tokens`` 0 is none; ``chances`` is the code of the logged propensities of all endpoints (-1: not logged), ``pinned`` tells that a session's pin chose; what was logged is NaN (``status`` 0) where it is not known.
    """

    __slots__ = tuple(_COLUMNS)

    number: NDArray[np.int64]
    timestamp_s: NDArray[np.float64]
    model: NDArray[np.int32]
    prompt_tokens: NDArray[np.int64]
    completion_tokens: NDArray[np.int64]
    session: NDArray[np.uint64]
    cached_prefix_tokens: NDArray[np.int64]
    provider: NDArray[np.int32]
    tools: NDArray[np.bool_]
    max_tokens: NDArray[np.int64]
    stream: NDArray[np.bool_]
    endpoint: NDArray[np.int32]
    propensity: NDArray[np.float64]
    ttft_s: NDArray[np.float64]
    total_s: NDArray[np.float64]
    status: NDArray[np.int16]
    cost_usd: NDArray[np.float64]
    chances: NDArray[np.int32]
    pinned: NDArray[np.bool_]

    def __init__(self, **columns: Any) -> None:  # noqa: ANN401 - arrays, or what becomes one
        rows = len(columns["timestamp_s"])
        for name, kind in _COLUMNS.items():
            given = columns.get(name)
            if given is None:
                # one value seen many times: no memory for what the trace does not say
                given = np.broadcast_to(np.array(_DEFAULTS[name], kind), (rows,))
            setattr(self, name, np.asarray(given, kind))

    def __len__(self) -> int:
        return len(self.timestamp_s)

    def take(self, rows: Any) -> Chunk:  # noqa: ANN401 - whatever selects rows
        """Return the rows that ``rows`` (a mask, positions or a slice) selects."""
        return Chunk(**{name: getattr(self, name)[rows] for name in _COLUMNS})

    @property
    def units(self) -> NDArray[np.uint64]:
        """What is resampled together: the session, or the request itself where it belongs to none."""
        own = self.session
        if not own.any():
            return mixed(self.number.astype(np.uint64) + np.uint64(0x5E5510))
        return np.where(own == 0, mixed(self.number.astype(np.uint64) + np.uint64(0x5E5510)), own)

    @classmethod
    def joined(cls, chunks: Sequence[Chunk]) -> Chunk:
        """Return the rows of all chunks in one."""
        return cls(**{name: np.concatenate([getattr(one, name) for one in chunks]) for name in _COLUMNS})


class Builder:
    """Collects rows and gives them back as chunks, sorted by time: later lines of equal time stay later.

    Beyond ``HELD`` chunks rows wait in a temporary folder, so that a trace of any length in order of time takes the memory of a few chunks. One that is out of order by more than
    neighbouring chunks is sorted in memory.
    """

    def __init__(self) -> None:
        self._rows: dict[str, list[Any]] = {name: [] for name in _COLUMNS if name != "number"}
        self._done: list[Chunk] = []
        self._count = 0
        self._spill: _Spill | None = None

    def add(self, row: dict[str, Any]) -> None:
        """Take a row: a value, or ``None``, for every column but the number."""
        for name, values in self._rows.items():
            value = row.get(name)
            values.append(_DEFAULTS[name] if value is None else value)
        self._count += 1
        if len(self._rows["model"]) >= CHUNK_ROWS:
            self._flush()

    def _flush(self) -> None:
        if self._rows["model"]:
            self._done.append(Chunk(number=np.zeros(len(self._rows["model"]), np.int64), **self._rows))
            self._rows = {name: [] for name in self._rows}
        if len(self._done) > HELD:
            self._spill = _Spill() if self._spill is None else self._spill
            while len(self._done) > 1:
                # the last one waits for what may still belong before its end
                joined = Chunk.joined(self._done[:2])
                joined = joined.take(np.argsort(joined.timestamp_s, kind="stable"))
                early, self._done[:2] = joined.take(slice(0, CHUNK_ROWS)), [joined.take(slice(CHUNK_ROWS, None))]
                self._spill.put(early)

    def built(self) -> tuple[Callable[[int], Chunk], int, int]:
        """Return a maker of chunks, their number and the number of rows: all rows in order of time, numbered from 0."""
        self._flush()
        if self._spill is not None and self._done and not self._spill.disordered(self._done):
            for chunk in self._done:
                self._spill.put(chunk)
            return self._spill.get, len(self._spill.sizes), sum(self._spill.sizes)
        if self._spill is not None:
            # far out of order: sorted at once, in memory
            self._done = [*(self._spill.get(place) for place in range(len(self._spill.sizes))), *self._done]
        chunks = self._sorted()
        return chunks.__getitem__, len(chunks), sum(map(len, chunks))

    def _sorted(self) -> list[Chunk]:
        if not self._done:
            return []
        whole = Chunk.joined(self._done)
        self._done = []
        order = np.argsort(whole.timestamp_s, kind="stable")
        if not np.array_equal(order, np.arange(len(order))):
            whole = whole.take(order)
        whole.number = np.arange(len(whole), dtype=np.int64)
        return [whole.take(slice(start, start + CHUNK_ROWS)) for start in range(0, len(whole), CHUNK_ROWS)]


class _Spill:
    """Chunks that wait in a temporary folder, gone when nobody holds them any more."""

    def __init__(self) -> None:
        self._folder = Path(mkdtemp(prefix="routecore-trace-"))
        finalize(self, rmtree, self._folder, ignore_errors=True)
        self.sizes: list[int] = []
        self._last = -np.inf
        self._broken = False

    def put(self, chunk: Chunk) -> None:
        """Keep a chunk, numbered after those before."""
        start = sum(self.sizes)
        chunk.number = np.arange(start, start + len(chunk), dtype=np.int64)
        self._broken = self._broken or float(chunk.timestamp_s[0]) < self._last
        self._last = float(chunk.timestamp_s[-1])
        kept = {name: column for name in _COLUMNS if (column := getattr(chunk, name)).strides != (0,)}
        np.savez(self._folder / f"{len(self.sizes)}.npz", **kept)
        self.sizes.append(len(chunk))

    def disordered(self, rest: list[Chunk]) -> bool:
        """Tell whether the chunks, with those that are still to come, are not in order of time."""
        return self._broken or any(float(one.timestamp_s[0]) < self._last or bool((np.diff(one.timestamp_s) < 0).any()) for one in rest)

    def get(self, place: int) -> Chunk:
        """Return a chunk."""
        with np.load(self._folder / f"{place}.npz") as kept:
            return Chunk(**{name: kept[name] for name in kept.files})
