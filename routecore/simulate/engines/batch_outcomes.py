"""What comes of first attempts, a column at a time: the world's own draws, as the closed loop meets them, and exact charges."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import attrs
import numpy as np

from routecore.catalog.catalog import Catalog
from routecore.simulate.engines.batch_groups import places_after, scaled_up, slopes
from routecore.simulate.engines.charge import whole_femtodollars
from routecore.simulate.engines.closed_loop import WORLD_SALT
from routecore.simulate.noise import draws, mixed
from routecore.simulate.world.behaviour import steady
from routecore.simulate.world.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from routecore.pricing.price_list import Pricing
    from routecore.simulate.engines.batch_decider import Decider, Decisions
    from routecore.simulate.policy import Policy
    from routecore.simulate.traces.columns import Chunk
    from routecore.simulate.world.world import World

__all__ = ["Outcomes", "charges", "price_changes"]

_LIMIT: Final = 2**62


@attrs.define
class Tally:
    """What is counted beside the columns of a summary, over the chunks so far."""

    attempts: list[int]
    failures: list[int]
    kinds: dict[str, int]
    unpriced: int
    rejections: dict[str, int]
    errors: dict[str, int]


class Outcomes:
    """What comes of decisions in a world. ``kept`` counts what belongs to the chunks up to the last ``keep``."""

    def __init__(self, world: World, catalog: Catalog, policy: Policy, decider: Decider, *, seed: int, start_epoch: float | None) -> None:
        self._seed = seed
        self._start_epoch = start_epoch
        self._timeout = policy.timeout_s
        self._decider = decider
        self._endpoint_of: NDArray[np.int64] = np.zeros(0, np.int64)
        usual = world.default or steady()
        routed = policy.catalog_of(catalog)
        self._servers = []
        for code, endpoint_id in enumerate(decider.codes.endpoints):
            endpoint = routed.get(endpoint_id) or catalog[endpoint_id]
            self._servers.append(Server(code, endpoint_id, world.of(endpoint_id) or usual, endpoint.pricing, can_cache=False))
        self._base = [server.pricing for server in self._servers]
        self.attempts = [0] * len(self._servers)
        self.failures = [0] * len(self._servers)
        self.kinds = {"success": 0, "rate_limit": 0, "server": 0, "timeout": 0, "connection": 0}
        self.unpriced = 0
        self.keep()

    def keep(self) -> None:
        """Let everything so far count: the last chunk is in the summary."""
        decider = self._decider
        self.kept = Tally([*self.attempts], [*self.failures], {**self.kinds}, self.unpriced, {**decider.rejections}, {**decider.errors})

    def columns(self, chunk: Chunk, decisions: Decisions) -> dict[str, Any]:
        """Return the columns that a summary takes, for the rows of a chunk."""
        codes = self._decider.codes
        if len(self._endpoint_of) < len(codes.keys):
            self._endpoint_of = np.array(codes.endpoint_of, np.int64)
        rows = len(chunk)
        first = decisions.first
        endpoint = np.where(first >= 0, self._endpoint_of[first], -1)
        whole = {name: np.zeros(rows, np.int64) for name in ("ttft_us", "total_us")}
        money: dict[str, Any] = {name: np.zeros(rows, np.int64) for name in ("charged", "upstream", "insured", "uncached")}
        served = np.zeros(rows, np.bool_)
        own = first >= len(self._servers)
        for code, mine in _by_value(endpoint):
            server = self._servers[code]
            self.attempts[code] += len(mine)
            for part in self._segments(server, chunk.timestamp_s, mine):
                self._serve(server, chunk, part, served, whole, money)
            self.failures[code] += len(mine) - int(served[mine].sum())
        if own.any():
            # the caller's own key: the provider bills its owner
            money["charged"] = np.where(own, 0, money["charged"])
            money["uncached"] = np.where(own, 0, money["uncached"])
        return {
            "unit": chunk.units, "at_s": chunk.timestamp_s, "served": served, "first_served": served, "attempts": (first >= 0).astype(np.int64),
            "endpoint": np.where(served, endpoint, -1), "first": endpoint, **whole, **money, "cache_saved": np.zeros(rows, np.int64),
            "prompt_tokens": chunk.prompt_tokens, "cached_tokens": np.zeros(rows, np.int64), "completion_tokens": np.where(served, chunk.completion_tokens, 0),
        }  # fmt: skip

    def _segments(self, server: Server, at: NDArray[np.float64], rows: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
        """Give the rows of each stretch in which the endpoint behaves alike, having brought it there."""
        effects = (*server.behaviour.effects, *server.behaviour.drawn)
        edges = sorted({edge for one in effects for edge in (one.start, one.end)})
        stretch = np.searchsorted(edges, at[rows], side="right") if edges else np.zeros(len(rows), np.intp)
        prices = sorted(((one.start, one.value) for one in effects if one.kind == "price"), key=lambda one: one[0])
        for number in np.unique(stretch).tolist():
            moment = edges[number - 1] if number else -np.inf
            server.refresh(moment)
            if prices:
                server.reprice(next((pricing for start, pricing in reversed(prices) if start <= moment), self._base[server.code]))
            yield rows[stretch == number]

    def _serve(
        self, server: Server, chunk: Chunk, rows: NDArray[np.intp], served: NDArray[np.bool_], whole: Mapping[str, NDArray[np.int64]], money: dict[str, Any]
    ) -> None:
        z = mixed(draws(self._seed ^ WORLD_SALT, chunk.number[rows]) ^ np.uint64(server.key))
        luck = z >> np.uint64(32)
        refused = luck < server.refuses
        if server.down:
            refused[:] = True
        first = np.asarray(server.ttft)[(z & np.uint64(4095)).view(np.int64)] * server.slow
        prompt, completion = chunk.prompt_tokens[rows], chunk.completion_tokens[rows]
        if server.prefill is not None:
            first += prompt * (server.slow / server.prefill)
        failed = ~refused & (luck < server.fails)
        late = np.zeros(len(rows), np.bool_)
        if server.hangs:
            late = ~refused
        elif self._timeout is not None:
            begun = first if server.error_seconds is None else np.where(failed, server.error_seconds, first)
            late = ~refused & (begun > self._timeout)
        failed &= ~late
        ok = ~(refused | failed | late)
        rest = np.maximum(completion - 1, 0) * server.slow / np.asarray(server.speed)[((z >> np.uint64(12)) & np.uint64(4095)).view(np.int64)]
        total = np.rint((first + rest) * 1e6).astype(np.int64)
        begun = np.where(chunk.stream[rows], np.rint(first * 1e6).astype(np.int64), total)
        served[rows] = ok
        whole["ttft_us"][rows] = np.where(ok, begun, 0)
        whole["total_us"][rows] = np.where(ok, total, 0)
        self._count(server, len(rows), refused, failed, late)
        now = None if self._start_epoch is None else self._start_epoch + chunk.timestamp_s[rows]
        paid = _put(money, "charged", rows, server.pricing, np.where(ok, prompt, -1), np.where(ok, completion, 0), now)
        if paid is None:
            self.unpriced += int(ok.sum())
        else:
            money["uncached"] = _assigned(money["uncached"], rows, paid)
        billed = (failed | (late & (not server.hangs))) & server.behaviour.billed_errors
        upstream = paid if paid is not None else np.zeros(len(rows), np.int64)
        if billed.any():
            wasted = _put(money, "insured", rows, server.pricing, np.where(billed, prompt, -1), np.zeros_like(completion), now)
            upstream = upstream if wasted is None else upstream + wasted
        money["upstream"] = _assigned(money["upstream"], rows, upstream)

    def _count(self, server: Server, rows: int, refused: NDArray[np.bool_], failed: NDArray[np.bool_], late: NDArray[np.bool_]) -> None:
        counts = {"connection" if server.down else "rate_limit": int(refused.sum()), "server": int(failed.sum()), "timeout": int(late.sum())}
        for kind, count in counts.items():
            self.kinds[kind] += count
        self.kinds["success"] += rows - sum(counts.values())


def _put(
    money: dict[str, Any],
    name: str,
    rows: NDArray[np.intp],
    pricing: Pricing | None,
    prompt: NDArray[np.int64],
    completion: NDArray[np.int64],
    now: Any,  # noqa: ANN401 - times or None
) -> Any:  # noqa: ANN401 - whole numbers of any size
    """Write charges (0 where ``prompt`` is negative) into a column and return them; ``None`` where no price is known."""
    paid = charges(pricing, np.maximum(prompt, 0), completion, now)
    if paid is None:
        return None
    paid = np.where(prompt >= 0, paid, 0)
    money[name] = _assigned(money[name], rows, paid)
    return paid


def _assigned(column: Any, rows: NDArray[np.intp], values: Any) -> Any:  # noqa: ANN401 - whole numbers of any size
    if values.dtype == object and column.dtype != object:
        column = column.astype(object)
    column[rows] = values
    return column


def charges(pricing: Pricing | None, prompt: NDArray[np.int64], completion: NDArray[np.int64], now: NDArray[np.float64] | None = None) -> Any:  # noqa: ANN401 - whole numbers of any size
    """Return what each usage costs in whole femtodollars (half to even where it is finer), as the scalar calculator has it; ``None`` where a price is unknown.

    >>> from routecore.pricing.price_list import Pricing
    >>> charges(Pricing.parse({"prompt": "0.000001", "completion": "0.000002"}), np.array([10, 20]), np.array([1, 0])).tolist()
    [12000000000, 20000000000]
    """
    if pricing is None:
        return None
    if pricing.timed and now is not None:
        quotes = [pricing.quote_femtodollars(x, y, 0, at) for x, y, at in zip(prompt.tolist(), completion.tolist(), now.tolist(), strict=True)]
        return None if any(one is None for one in quotes) else _narrowed([round(one) for one in quotes if one is not None])
    steps = [] if pricing.flat else pricing.ladder_of_default().breaks
    if not steps:
        return _linear(slopes(pricing, 0, None), prompt, completion)
    found: Any = np.zeros(len(prompt), np.int64)
    classes = np.searchsorted(steps, prompt, side="right")
    for number in np.unique(classes).tolist():
        mine = np.flatnonzero(classes == number)
        part = _linear(slopes(pricing, steps[number - 1] if number else 0, None), prompt[mine], completion[mine])
        if part is None:
            return None
        found = _assigned(found, mine, part)
    return found


def _linear(rates: tuple[Any, Any, Any] | None, prompt: NDArray[np.int64], completion: NDArray[np.int64]) -> Any:  # noqa: ANN401 - whole numbers of any size
    if rates is None:
        return None
    scale = max(map(places_after, rates))
    p, c, fee = (scaled_up(one, scale) for one in rates)
    most = max(abs(p), abs(c)) * (int(prompt.max(initial=0)) + int(completion.max(initial=0))) + abs(fee)
    x, y = (prompt, completion) if most < _LIMIT else (prompt.astype(object), completion.astype(object))
    amounts = whole_femtodollars(x * p + y * c + fee, scale)
    return amounts if amounts.dtype != object or not scale else _narrowed(amounts.tolist())


def _narrowed(values: Sequence[int]) -> Any:  # noqa: ANN401 - whole numbers of any size
    try:
        return np.array(values, np.int64)
    except OverflowError:
        return np.array(values, object)


def _by_value(values: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Give each value that is not negative with the rows that hold it."""
    if not len(values):
        return
    order = np.argsort((values + 1).astype(np.uint16) if int(values.max()) < 65_535 else values, kind="stable")
    ordered = values[order]
    edges = [0, *(np.flatnonzero(np.diff(ordered)) + 1).tolist(), len(ordered)]
    for start, stop in pairwise(edges):
        if ordered[start] >= 0:
            yield int(ordered[start]), order[start:stop]


def price_changes(world: World, routed: Catalog) -> tuple[tuple[float, Catalog], ...]:
    """Return the catalogs that a world's price changes lead to, each with the moment from which it holds."""
    moments = sorted(
        ((effect.start, key, effect.value) for key, one in world.endpoints.items() for effect in one.effects if effect.kind == "price" and key in routed),
        key=lambda one: one[:2],
    )
    found = []
    current = routed
    for at, key, pricing in moments:
        current = Catalog(tuple(attrs.evolve(one, pricing=pricing) if one.id == key else one for one in current))
        found.append((at, current))
    return tuple(found)
