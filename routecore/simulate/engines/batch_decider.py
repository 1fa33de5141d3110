"""Deciding a whole trace: first choices and propensities, millions a second, against statistics frozen a stretch of time at a time.

No feedback: no windows, no health, no pins, no fallbacks. What it chooses is what ``decide`` chooses on the same facts; that is a law under test.
Memory is that of a chunk, whatever the trace's length.
"""

from __future__ import annotations

from itertools import pairwise
from math import floor
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from routecore.errors import UnknownModel
from routecore.routing.facts import Facts
from routecore.simulate.engines.batch_groups import Codes, Decided, Posed, Rejected, edges_of, group_of
from routecore.simulate.engines.requests import Asked, body_of
from routecore.simulate.noise import GOLDEN, draws, mixed
from routecore.simulate.world.frozen import WorldFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from routecore.catalog.catalog import Catalog
    from routecore.routing.case import Case
    from routecore.simulate.policy import Policy
    from routecore.simulate.traces.columns import Chunk
    from routecore.simulate.traces.names import Names

__all__ = ["Decider", "Decisions", "Source"]

ROWS: Final = 32_768
"""Rows decided at a time: their columns fit a core's cache."""


class Decisions(NamedTuple):
    """First attempts of a chunk's rows (their numbers in ``Decider.codes``; -1: none), and with what probability each was chosen (0: none)."""

    first: NDArray[np.int32]
    propensity: NDArray[np.float64]


class Source:
    """Where frozen statistics come from: one ``Facts`` for all time, a function of the time in seconds, or a world."""

    def __init__(self, given: Facts | Callable[[float], Facts] | WorldFacts) -> None:
        self._given = given
        self.changes = given.changes if isinstance(given, WorldFacts) else not isinstance(given, Facts)

    def at(self, now: float) -> Facts:
        """Return what holds at ``now``."""
        if isinstance(self._given, Facts):
            return self._given
        return self._given.at(now) if isinstance(self._given, WorldFacts) else self._given(now)


class Decider:
    """Decides a trace's chunks under one policy. Chunks may come in any order, each is decided from its own times.

    ``facts``: where the statistics come from. ``bucket_s``: they are looked at every so many seconds. ``start_epoch``: the wall clock at second 0, for prices with
    time windows (which hold as they do at the start of a bucket). ``changes``: (second, catalog) pairs in order of time, from when another catalog holds, whole
    and as the policy has it.

    >>> from routecore import Catalog
    >>> from routecore.simulate.traces.generate import generate
    >>> from routecore.simulate.policy import Policy
    >>> catalog = Catalog.from_mapping({"endpoints": [
    ...     {"model": "a/b", "provider": "p", "pricing": {"prompt": "0.000001", "completion": "0.000001"}},
    ...     {"model": "a/b", "provider": "q", "pricing": {"prompt": "0.000002", "completion": "0.000002"}}]})
    >>> trace = generate(1_000, ["a/b"])
    >>> decider = Decider(catalog, Policy("balance", settings={"balance": {"price": 2}}), trace.names, Facts())
    >>> found = decider.decide(trace.chunk(0))
    >>> decider.codes.keys[int(found.first[0])], sorted({round(one, 9) for one in found.propensity.tolist()})
    ('a/b@p#shared', [0.2, 0.8])
    """

    def __init__(
        self,
        catalog: Catalog,
        policy: Policy,
        names: Names,
        facts: Facts | Callable[[float], Facts] | WorldFacts,
        *,
        seed: int = 0,
        bucket_s: float = 300.0,
        start_epoch: float | None = None,
        changes: tuple[tuple[float, Catalog], ...] = (),
    ) -> None:
        self.policy = policy
        self.names = names
        self.seed = seed
        self.bucket_s = bucket_s
        self.start_epoch = start_epoch
        self.source = facts if isinstance(facts, Source) else Source(facts)
        routed = policy.catalog_of(catalog)
        # the base catalog's endpoints first: the same endpoint has the same number under every policy
        self.codes = Codes([*(one.id for one in catalog), *(one.id for one in routed if one.id not in catalog)])
        self.rejections: dict[str, int] = {}
        self.errors: dict[str, int] = {}
        self._epochs = ((-np.inf, routed), *changes)
        self._catalog = routed
        self._timed = start_epoch is not None and any(one.pricing is not None and one.pricing.timed for _, each in self._epochs for one in each)
        self._facts: Facts | None = None
        self._now: float | None = None
        self._posed: dict[Asked, Posed] = {}
        self._cases: dict[Asked, tuple[Case, list[int]] | None] = {}
        self._groups: dict[tuple[Asked, int], Decided] = {}

    def decide(self, chunk: Chunk) -> Decisions:
        """Return the first attempt and the propensity of each row: 12 bytes a row, and a few arrays of ``ROWS`` rows on the way."""
        first = np.empty(len(chunk), np.int32)
        propensity = np.empty(len(chunk))
        for start in range(0, len(chunk), ROWS):
            stop = min(start + ROWS, len(chunk))
            part = chunk.take(slice(start, stop)) if len(chunk) > ROWS else chunk
            for rows, group in self.groups(part):
                self._choose(part, rows, group, first[start:stop], propensity[start:stop])
        return Decisions(first, propensity)

    def _choose(self, part: Chunk, rows: Any, group: Decided, first: NDArray[np.int32], propensity: NDArray[np.float64]) -> None:  # noqa: ANN401 - a slice, or positions
        size = len(part.number[rows])
        for rule, endpoints in group.removed.items():
            self.rejections[rule] = self.rejections.get(rule, 0) + endpoints * size
        if isinstance(group.by, Rejected):
            self.errors[group.by.error] = self.errors.get(group.by.error, 0) + size
            first[rows], propensity[rows] = -1, 0.0
            return
        numbers = part.number[rows]
        choice = group.by.choose(part.prompt_tokens[rows], part.completion_tokens[rows], lambda: _bits(self.seed, numbers))
        first[rows], propensity[rows] = choice

    def groups(self, part: Chunk) -> Iterator[tuple[Any, Decided]]:
        """Give rows (a slice, or positions) of the chunk with what decides them: every row once."""
        for start, stop in self._stretches(part.timestamp_s):
            for rows, asked in _asked(part, start, stop):
                yield from self._classes(part, rows, asked)

    def _stretches(self, at: NDArray[np.float64]) -> Iterator[tuple[int, int]]:
        """Give stretches of rows on one set of facts and one catalog, having brought both to where they hold."""
        cuts = {0, len(at)}
        if len(at) and (self.source.changes or self._timed):
            buckets = np.floor_divide(at, self.bucket_s)
            if buckets[0] != buckets[-1]:
                cuts.update((np.flatnonzero(np.diff(buckets)) + 1).tolist())
        cuts.update(np.searchsorted(at, [moment for moment, _ in self._epochs[1:]], side="left").tolist())
        edges = sorted(cuts)
        for start, stop in pairwise(edges):
            self._move_to(float(at[start]))
            yield start, stop

    def _move_to(self, at: float) -> None:
        begun = floor(at / self.bucket_s) * self.bucket_s
        facts = self.source.at(begun)
        catalog = next(one for moment, one in reversed(self._epochs) if moment <= at)
        now = None if self.start_epoch is None or not self._timed else self.start_epoch + begun
        if catalog is not self._catalog:
            self._catalog = catalog
            self._posed.clear()
            self._facts = None
        if facts is not self._facts or now != self._now:
            self._facts, self._now = facts, now
            self._cases.clear()
            self._groups.clear()

    def _classes(self, part: Chunk, rows: Any, asked: Asked) -> Iterator[tuple[Any, Decided]]:  # noqa: ANN401 - a slice, or positions
        """Give the rows of one kind by class of prompt length, each with what decides them."""
        posed = self._posed_of(asked)
        if posed is None:
            yield rows, _UNKNOWN
            return
        case, edges = posed
        if self.policy.estimates == "nominal" or not edges:
            yield rows, self._group(case, asked, 0, edges)
            return
        classes = np.searchsorted(edges, part.prompt_tokens[rows], side="right")
        low, high = int(classes.min()), int(classes.max())
        if low == high:
            yield rows, self._group(case, asked, low, edges)
            return
        positions = np.arange(len(part))[rows]
        for number in range(low, high + 1):
            mine = positions[classes == number]
            if len(mine):
                yield mine, self._group(case, asked, number, edges)

    def _posed_of(self, key: Asked) -> tuple[Case, list[int]] | None:
        if key in self._cases:
            return self._cases[key]
        assert self._facts is not None
        posed = self._posed.get(key)
        if posed is None:
            body = body_of(self.names, self.policy, key)
            posed = self._posed[key] = Posed(self._catalog, self.policy.settings, self.policy.context, body)
        try:
            case = posed.pose(self._facts, self._now)
        except UnknownModel:
            self._cases[key] = None
            return None
        found = self._cases[key] = (case, edges_of(case))
        return found

    def _group(self, case: Case, asked: Asked, number: int, edges: list[int]) -> Decided:
        key = (asked, number)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = group_of(case, self.codes, self.policy.estimates, edges[number - 1] if number else 0)
        return group


_UNKNOWN: Final = Decided(Rejected("unknown_model"), {})


def _bits(seed: int, numbers: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return the 64 bits that each request's plan draws its first place with."""
    draw = draws(seed, numbers)
    draw += np.uint64(GOLDEN)
    return mixed(draw)


def _constant(column: NDArray[Any]) -> bool:
    return column.strides == (0,) or bool((column == column[0]).all())


def _asked(part: Chunk, start: int, stop: int) -> Iterator[tuple[Any, Asked]]:
    """Give rows that ask for one thing (model, provider block, tools, ``max_tokens``), as a slice where all are of one."""
    columns = [getattr(part, name)[start:stop] for name in ("model", "provider", "tools", "max_tokens")]
    varying = [column for column in columns if not _constant(column)]
    if not varying:
        yield slice(start, stop), Asked(*(column[0].item() for column in columns))
        return
    key = np.zeros(stop - start, np.int64)
    for column in varying:
        values, places = _places(column)
        key = key * len(values) + places
    kinds, places = _places(key)
    # a stable sort of small whole numbers is a radix sort
    order = np.argsort(places.astype(np.uint16) if len(kinds) < 65_536 else places, kind="stable")
    edges = np.concatenate(([0], np.cumsum(np.bincount(places, minlength=len(kinds)))))
    for number in range(len(kinds)):
        rows = order[edges[number] : edges[number + 1]]
        place = rows[0]
        yield rows + start, Asked(*(column[place].item() for column in columns))


def _places(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the distinct values in order, and each value's place among them: by counting where the range is small."""
    low, high = int(values.min()), int(values.max())
    if high - low < 1 << 16:
        shifted = values.astype(np.int64) - low
        present = np.bincount(shifted) > 0
        found = np.flatnonzero(present)
        places = (np.cumsum(present) - 1)[shifted]
        return found + low, places
    distinct, inverse = np.unique(values, return_inverse=True)
    return distinct, inverse.astype(np.int64)
