"""A trace's rows as columns: ``Chunk``; what the codes in them stand for: ``Names``; and what could not be read: ``TraceFaults``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from routecore.simulate.noise import mixed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["CHUNK_ROWS", "Builder", "Chunk"]

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
    """Collects rows and gives them back as chunks, sorted by time: later lines of equal time stay later."""

    def __init__(self) -> None:
        self._rows: dict[str, list[Any]] = {name: [] for name in _COLUMNS if name != "number"}
        self._done: list[Chunk] = []
        self._count = 0

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

    def chunks(self) -> list[Chunk]:
        """Return all rows in order of time, numbered from 0."""
        self._flush()
        if not self._done:
            return []
        whole = Chunk.joined(self._done)
        self._done = []
        order = np.argsort(whole.timestamp_s, kind="stable")
        if not np.array_equal(order, np.arange(len(order))):
            whole = whole.take(order)
        whole.number = np.arange(len(whole), dtype=np.int64)
        return [whole.take(slice(start, start + CHUNK_ROWS)) for start in range(0, len(whole), CHUNK_ROWS)]
