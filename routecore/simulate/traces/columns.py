"""A trace's rows as columns: ``Chunk``; what the codes in them stand for: ``Names``; and what could not be read: ``TraceFaults``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from routecore.errors import Fault, SimulationError
from routecore.simulate.noise import key_of, mixed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

__all__ = ["CHUNK_ROWS", "Builder", "Chunk", "Names", "RowFault", "TraceFaults"]

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
}


class Chunk:
    """Some rows of a trace, a NumPy array a column, all of one length. What a trace does not know takes no memory to speak of.

    ``number``: the request's number in the whole trace, which its chances are keyed by; ``model``, ``provider`` and ``endpoint`` are codes of the trace's
    ``Names`` (-1: none); ``session`` is a 64-bit key (0: none); ``max_tokens`` 0 is none; what was logged is NaN (``status`` 0) where it is not known.
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


class Names:
    """What codes stand for: models, provider blocks (as parsed JSON) and endpoint ids, in the order in which they were met.

    >>> names = Names()
    >>> names.model("a/b"), names.model("c/d"), names.model("a/b"), names.models
    (0, 1, 0, ['a/b', 'c/d'])
    """

    def __init__(self, models: Iterable[str] = ()) -> None:
        self.models: list[str] = list(models)
        self.providers: list[Any] = []
        self.endpoints: list[str] = []
        self._models = {name: code for code, name in enumerate(self.models)}
        self._providers: dict[str, int] = {}
        self._endpoints: dict[str, int] = {}

    def model(self, name: str) -> int:
        """Return the code of a model's name."""
        return _code(name, self._models, self.models, name)

    def provider(self, block: object) -> int:
        """Return the code of a provider block; ``None`` and ``{}`` are none (-1)."""
        return -1 if not block else _code(_text(block), self._providers, self.providers, block)

    def knows_provider(self, block: object) -> bool:
        """Whether the block has a code already."""
        return _text(block) in self._providers

    def endpoint(self, endpoint_id: str | None) -> int:
        """Return the code of an endpoint's id; ``None`` is none (-1)."""
        return -1 if endpoint_id is None else _code(endpoint_id, self._endpoints, self.endpoints, endpoint_id)


def _text(block: object) -> str:
    return json.dumps(block, sort_keys=True, default=str)


def _code(key: str, codes: dict[str, int], listed: list[Any], value: Any) -> int:  # noqa: ANN401 - names, or blocks of JSON
    code = codes.get(key)
    if code is None:
        code = codes[key] = len(listed)
        listed.append(value)
    return code


class RowFault(NamedTuple):
    """One row that was not taken as it stands: where, and why. ``dropped`` tells whether it is missing from the trace."""

    file: str
    line: int
    reason: str
    dropped: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return the fault as JSON can hold it."""
        return self._asdict()


class TraceFaults:
    """What was wrong with a trace's rows: every kind counted, the first of each kept with file, line and reason. ``strict`` raises at the first.

    >>> faults = TraceFaults()
    >>> faults.note("t.csv", 7, Fault("prompt_tokens", -5, "a whole number of tokens, 0 or more"))
    >>> faults.dropped, faults.examples[0].reason
    (1, 'prompt_tokens: -5 is not a whole number of tokens, 0 or more')
    """

    shown = 20
    """Examples kept of each kind."""

    def __init__(self, *, strict: bool = False) -> None:
        self.strict = strict
        self.dropped = 0
        self.counts: dict[str, int] = {}
        self.examples: list[RowFault] = []

    def note(self, file: str, line: int, fault: Fault, *, dropped: bool = True) -> None:
        """Count a row; under ``strict`` raise ``SimulationError`` that names it."""
        if self.strict:
            raise SimulationError([Fault(f"{file}:{line}: {fault.path}", fault.value, fault.expected)])
        self.dropped += dropped
        kind = f"{fault.path}: not {fault.expected}"
        seen = self.counts.get(kind, 0)
        self.counts[kind] = seen + 1
        if seen < self.shown:
            self.examples.append(RowFault(file, line, str(fault), dropped))

    def __len__(self) -> int:
        return sum(self.counts.values())

    def to_dict(self) -> dict[str, Any]:
        """Return counts and examples as JSON can hold them."""
        return {"dropped": self.dropped, "counts": dict(self.counts), "examples": [one.to_dict() for one in self.examples]}


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


def session_key(session_id: str | None) -> int:
    """Return the key of a session's id, 0 for none."""
    return 0 if session_id is None else key_of(session_id)
