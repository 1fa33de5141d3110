"""The world that policies are tried in: how every endpoint behaves over time. Virtual time; nothing sleeps.

``steady(…)`` describes an endpoint on an ordinary day, and its methods add what happens to it:
``steady(ttft=0.4).slow_within(60, 90, factor=10).fail_after(120)``. What comes of an attempt depends on the request, the endpoint and how often
the request has tried it, and on nothing else, so that two policies meet the same world.
"""

from __future__ import annotations

import json
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import attrs
import numpy as np

from routecore.errors import Fault, SimulationError
from routecore.pricing.price_list import Pricing
from routecore.reading.checks import OBJECT_EXPECTED, below
from routecore.simulate.world.distribution import ASSUMED_SIGMA, Quantiles, of_percentiles, read_distribution

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from routecore.catalog.catalog import Catalog
    from routecore.routing.facts import Facts, Percentiles
    from routecore.simulate.traces.trace import Trace

__all__ = ["Behaviour", "Effect", "World", "steady"]

_EFFECTS: Final = {"slow": "factor", "fail": None, "errors": "rate", "limit": "per_minute", "price": "pricing"}
_RATE_EXPECTED: Final = "a share from 0 to 1"
_TIME_EXPECTED: Final = "a number of seconds, 0 or more"
_DEFAULT_TTFT, _DEFAULT_SPEED = 0.6, 60.0


class Effect(NamedTuple):
    """Something that happens to an endpoint from ``start`` up to, not including, ``end`` (seconds of the trace's time).

    ``kind``: ``slow`` (``value`` times slower), ``fail`` (no connection), ``errors`` (this share of requests fails), ``limit`` (this many a minute), ``price``
    (another price card: billed, and known to the router from that moment).
    """

    kind: str
    start: float
    end: float
    value: Any = None


@attrs.frozen
class Behaviour:
    """How an endpoint behaves; made by ``steady``. Times in seconds, rates as shares of requests.

    ``capacity_per_minute``: requests beyond it are answered with 429 (a bucket that holds a minute's worth and fills evenly). ``slots``: so many requests are worked
    on at once, others wait in order of arrival. ``cache_ttl_s``: a session's prompt stays cached for so long after its last turn, if it has at least
    ``min_cache_tokens``. ``billed_errors``: the provider bills the prompt of a request that it failed on. ``error_seconds``: time to an error
    (``None``: a time to first token), ``refusal_seconds``: to a 429 or a refused connection. ``cached_ttft_factor`` multiplies the time to first token where the whole
    prompt was cached; in between in proportion.
    """

    ttft: Quantiles
    tokens_per_second: Quantiles
    error_rate: float = 0.0
    rate_limit_rate: float = 0.0
    capacity_per_minute: float | None = None
    slots: int | None = None
    cache_ttl_s: float = 300.0
    min_cache_tokens: int = 1024
    billed_errors: bool = True
    error_seconds: float | None = None
    refusal_seconds: float = 0.1
    cached_ttft_factor: float = 1.0
    effects: tuple[Effect, ...] = ()

    def _with(self, kind: str, start: float, end: float, value: Any = None) -> Behaviour:  # noqa: ANN401 - as the effect's
        faults: list[Fault] = []
        _check_effect(kind, start, end, value, f"effects[{len(self.effects)}]", faults)
        if faults:
            raise SimulationError(faults)
        return attrs.evolve(self, effects=(*self.effects, Effect(kind, float(start), float(end), value)))

    def slow_within(self, start: float, end: float, *, factor: float) -> Behaviour:
        """Return the behaviour with everything ``factor`` times slower from ``start`` to ``end``. Factors of overlapping stretches multiply."""
        return self._with("slow", start, end, factor)

    def slow_after(self, start: float, *, factor: float) -> Behaviour:
        """Return the behaviour with everything ``factor`` times slower from ``start`` on."""
        return self._with("slow", start, inf, factor)

    def fail_within(self, start: float, end: float) -> Behaviour:
        """Return the behaviour with an outage: from ``start`` to ``end`` no connection is made."""
        return self._with("fail", start, end)

    def fail_after(self, start: float) -> Behaviour:
        """Return the behaviour with an outage from ``start`` on."""
        return self._with("fail", start, inf)

    def errors_within(self, start: float, end: float, *, rate: float) -> Behaviour:
        """Return the behaviour with this share of requests failing from ``start`` to ``end``, in place of ``error_rate``."""
        return self._with("errors", start, end, rate)

    def limit_within(self, start: float, end: float, *, per_minute: float) -> Behaviour:
        """Return the behaviour with this capacity from ``start`` to ``end``."""
        return self._with("limit", start, end, per_minute)

    def price_after(self, start: float, pricing: Pricing | Mapping[str, Any]) -> Behaviour:
        """Return the behaviour with another price card from ``start`` on: billed, and known to the router, from that moment."""
        return self._with("price", start, inf, pricing if isinstance(pricing, Pricing) else Pricing.parse(dict(pricing)))

    def to_mapping(self) -> dict[str, Any]:
        """Return the behaviour as JSON can hold it; ``World.from_mapping`` reads it back."""
        found: dict[str, Any] = {"ttft": self.ttft.spec, "tokens_per_second": self.tokens_per_second.spec}
        for field in attrs.fields(Behaviour)[2:-1]:
            value = getattr(self, field.name)
            if value != field.default:
                found[field.name] = value
        if self.effects:
            found["effects"] = [_effect_mapping(one) for one in self.effects]
        return found


def _effect_mapping(effect: Effect) -> dict[str, Any]:
    row: dict[str, Any] = {"kind": effect.kind, "from": effect.start, "to": None if effect.end == inf else effect.end}
    name = _EFFECTS[effect.kind]
    if name is not None:
        row[name] = effect.value.to_mapping() if isinstance(effect.value, Pricing) else effect.value
    return row


def steady(
    ttft: object = _DEFAULT_TTFT,
    tokens_per_second: object = _DEFAULT_SPEED,
    **others: Any,  # noqa: ANN401 - Behaviour's fields
) -> Behaviour:
    """Return an endpoint's behaviour on an ordinary day.

    ``ttft`` (seconds) and ``tokens_per_second``: a number (always this), ``{p50, p75, p90, p99}`` (a log-normal fitted to any of them), ``{mean}`` (exponential) or
    ``{samples}``. Throughput percentiles fall: p90 is what 90 % of requests reach. Other fields are ``Behaviour``'s. Raises ``SimulationError`` naming all faults.

    >>> day = steady(ttft={"p50": 0.4, "p90": 0.9}, error_rate=0.01).slow_within(60, 90, factor=10).fail_after(120)
    >>> [effect.kind for effect in day.effects], round(day.ttft.at(0.9), 2)
    (['slow', 'fail'], 0.9)
    """
    faults: list[Fault] = []
    found = _read_behaviour({"ttft": ttft, "tokens_per_second": tokens_per_second, **others}, "", faults)
    if found is None or faults:
        raise SimulationError(faults)
    return found


class World:
    """How every endpoint behaves: ``endpoints`` maps ids to behaviours; ``default`` is for any other, ``None`` where every endpoint must be named.

    ``sources`` say where it comes from, and go into every report.

    >>> world = World({"m@p": steady(ttft=0.4)}, sources=["by hand"])
    >>> World.from_mapping(world.to_mapping()) == world
    True
    """

    def __init__(self, endpoints: Mapping[str, Behaviour], default: Behaviour | None = None, *, sources: Iterable[str] = ()) -> None:
        self.endpoints = dict(endpoints)
        self.default = default
        self.sources = tuple(sources)

    def of(self, endpoint_id: str) -> Behaviour | None:
        """Return an endpoint's behaviour."""
        return self.endpoints.get(endpoint_id, self.default)

    def changed(self, endpoints: Mapping[str, Behaviour]) -> World:
        """Return the world with other behaviours for some endpoints."""
        return World({**self.endpoints, **endpoints}, self.default, sources=self.sources)

    def check(self, catalog: Catalog, models: Iterable[str]) -> None:
        """Raise ``SimulationError`` naming every endpoint of ``models`` that this world says nothing of."""
        if self.default is not None:
            return
        known = catalog.models
        missing = [catalog.endpoints[row].id for model in models if model in known for row in known[model] if catalog.endpoints[row].id not in self.endpoints]
        if missing:
            raise SimulationError([Fault(below("world.endpoints", one), None, "a behaviour, and the world has no default") for one in missing])

    @classmethod
    def from_stats(cls, facts: Facts, *, default: Behaviour | None = None, sources: Iterable[str] = (), **others: Any) -> World:  # noqa: ANN401 - Behaviour's
        """Return the world that a statistics snapshot describes: log-normals through its percentiles, failures at 1 - its success rate.

        ``others`` are ``Behaviour``'s fields for every endpoint (``cache_ttl_s=…``). An endpoint without percentiles takes the default's.

        >>> from routecore import example_facts
        >>> day = World.from_stats(example_facts()).endpoints["deepseek/deepseek-v3.2@deepinfra/fp4"]
        >>> day.ttft.at(0.5) > 0
        True
        """
        usual = default or steady()
        found = {}
        for endpoint_id, one in facts.stats.items():
            found[endpoint_id] = attrs.evolve(
                usual,
                ttft=_of_percentiles(one.latency, usual.ttft, falling=False),
                tokens_per_second=_of_percentiles(one.throughput, usual.tokens_per_second, falling=True),
                error_rate=usual.error_rate if one.success_rate is None else round(1.0 - one.success_rate, 12),
                **others,
            )
        notes = (*sources, f"log-normal latencies and throughputs through a snapshot's percentiles (sigma {ASSUMED_SIGMA} where only p50 is known)")
        return cls(found, attrs.evolve(default, **others) if default is not None else None, sources=notes)

    @classmethod
    def from_log(cls, trace: Trace, *, default: Behaviour | None = None, least: int = 20) -> World:
        """Return the world that a log shows: each endpoint's own samples of TTFT and throughput, its error and 429 rates.

        Endpoints with fewer than ``least`` logged requests are left to ``default``.
        """
        logged: dict[int, list[Any]] = {}
        for chunk in trace.chunks():
            codes = np.asarray(chunk.endpoint)
            for code in np.unique(codes[codes >= 0]).tolist():
                mine = chunk.take(codes == code)
                ok = (mine.status == 0) | (mine.status < 400)
                rest = mine.total_s - mine.ttft_s
                speed = (mine.completion_tokens - 1)[(rest > 0) & ok & (mine.completion_tokens > 1)] / rest[(rest > 0) & ok & (mine.completion_tokens > 1)]
                first = mine.ttft_s[ok & (mine.ttft_s > 0)]
                kept = logged.setdefault(code, [0, 0, 0, [], []])
                kept[0] += len(mine)
                kept[1] += int((mine.status == 429).sum())
                kept[2] += int(((mine.status >= 400) & (mine.status != 429)).sum())
                kept[3].extend(first.tolist())
                kept[4].extend(speed.tolist())
        usual = default or steady()
        found = {}
        for code, (count, limited, failed, first, speed) in logged.items():
            if count >= least:
                found[trace.names.endpoints[code]] = attrs.evolve(
                    usual,
                    ttft=Quantiles.empirical(first) if first else usual.ttft,
                    tokens_per_second=Quantiles.empirical(speed) if speed else usual.tokens_per_second,
                    error_rate=failed / max(count - limited, 1),
                    rate_limit_rate=limited / count,
                )
        return cls(found, default, sources=[f"behaviour measured from {trace.source}"])

    @classmethod
    def from_mapping(cls, value: object) -> World:
        """Read a world from JSON: ``{"endpoints": {id: behaviour}, "default": behaviour, "sources": [text]}``. Raises ``SimulationError`` with every fault."""
        faults: list[Fault] = []
        if not isinstance(value, dict):
            raise SimulationError([Fault("world", value, OBJECT_EXPECTED)])
        raw = value.get("endpoints") or {}
        faults.extend(
            Fault(f"world.{key}", value[key], "a part of a world: endpoints, default, sources")
            for key in value
            if key not in {"endpoints", "default", "sources"}
        )
        if not isinstance(raw, dict):
            faults.append(Fault("world.endpoints", raw, "an object: endpoint id -> behaviour"))
            raw = {}
        found = {key: _read_behaviour(one, f"{below('world.endpoints', key)}.", faults) for key, one in raw.items()}
        default = None if value.get("default") is None else _read_behaviour(value["default"], "world.default.", faults)
        sources = value.get("sources") or []
        if not isinstance(sources, list) or not all(isinstance(one, str) for one in sources):
            faults.append(Fault("world.sources", sources, "a list of texts"))
        if faults:
            raise SimulationError(faults)
        return cls({key: one for key, one in found.items() if one is not None}, default, sources=sources)

    @classmethod
    def load(cls, path: str | Path) -> World:
        """Read a world from a JSON file. Raises ``SimulationError``."""
        try:
            value = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise SimulationError([Fault(str(path), f"{type(error).__name__}: {error}"[:200], "a JSON file that can be read")]) from error
        return cls.from_mapping(value)

    def to_mapping(self) -> dict[str, Any]:
        """Return the world as JSON can hold it."""
        found: dict[str, Any] = {"endpoints": {key: one.to_mapping() for key, one in self.endpoints.items()}}
        if self.default is not None:
            found["default"] = self.default.to_mapping()
        if self.sources:
            found["sources"] = list(self.sources)
        return found

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, World):
            return NotImplemented
        return (self.endpoints, self.default, self.sources) == (other.endpoints, other.default, other.sources)

    __hash__ = None  # type: ignore[assignment] # equal by content, and large

    def __repr__(self) -> str:
        return f"<World of {len(self.endpoints)} endpoints{'' if self.default is None else ' and a default'}>"


def _of_percentiles(percentiles: Percentiles | None, usual: Quantiles, *, falling: bool) -> Quantiles:
    values = {} if percentiles is None else {name: value for name, value in percentiles._asdict().items() if value}
    return of_percentiles(values, falling=falling) if values else usual


def _number(value: object, least: float = 0.0, most: float = inf) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and least <= value <= most


_FIELDS: Final[dict[str, tuple[str, Callable[[Any], bool]]]] = {
    "error_rate": (_RATE_EXPECTED, lambda value: _number(value, 0, 1)),
    "rate_limit_rate": (_RATE_EXPECTED, lambda value: _number(value, 0, 1)),
    "capacity_per_minute": ("a number of requests a minute above 0", lambda value: value is None or (_number(value) and 0 < value < inf)),
    "slots": ("a whole number, 1 or more", lambda value: value is None or (_number(value, 1) and isinstance(value, int))),
    "cache_ttl_s": (_TIME_EXPECTED, lambda value: _number(value) and value < inf),
    "min_cache_tokens": ("a whole number of tokens, 0 or more", lambda value: _number(value) and isinstance(value, int)),
    "billed_errors": ("true or false", lambda value: isinstance(value, bool)),
    "error_seconds": (_TIME_EXPECTED, lambda value: value is None or (_number(value) and value < inf)),
    "refusal_seconds": (_TIME_EXPECTED, lambda value: _number(value) and value < inf),
    "cached_ttft_factor": ("a factor from 0 to 1", lambda value: _number(value, 0, 1)),
}


def _read_behaviour(value: object, path: str, faults: list[Fault]) -> Behaviour | None:
    if not isinstance(value, dict):
        faults.append(Fault(path.rstrip(".") or "behaviour", value, OBJECT_EXPECTED))
        return None
    before = len(faults)
    ttft = read_distribution(value.get("ttft", _DEFAULT_TTFT), f"{path}ttft", faults)
    speed = read_distribution(value.get("tokens_per_second", _DEFAULT_SPEED), f"{path}tokens_per_second", faults, falling=True)
    found: dict[str, Any] = {}
    for key, one in value.items():
        if key in {"ttft", "tokens_per_second"}:
            continue
        if key == "effects":
            found["effects"] = _read_effects(one, path, faults)
        elif key not in _FIELDS:
            faults.append(Fault(f"{path}{key}", one, f"a part of a behaviour: ttft, tokens_per_second, {', '.join(_FIELDS)}, effects"))
        elif not _FIELDS[key][1](one):
            faults.append(Fault(f"{path}{key}", one, _FIELDS[key][0]))
        else:
            found[key] = one
    if len(faults) > before:
        return None
    assert ttft is not None
    assert speed is not None
    return Behaviour(ttft, speed, **found)


def _read_effects(value: object, path: str, faults: list[Fault]) -> tuple[Effect, ...]:
    if not isinstance(value, (list, tuple)):
        faults.append(Fault(f"{path}effects", value, "a list"))
        return ()
    found = []
    for place, one in enumerate(value):
        if isinstance(one, Effect):
            found.append(one)
            continue
        where = f"{path}effects[{place}]"
        if not isinstance(one, dict) or one.get("kind") not in _EFFECTS:
            faults.append(Fault(where, one, f"an effect: an object whose kind is one of {', '.join(_EFFECTS)}"))
            continue
        name = _EFFECTS[one["kind"]]
        faults.extend(Fault(f"{where}.{key}", one[key], f"a part of the effect {one['kind']!r}") for key in one if key not in {"kind", "from", "to", name})
        start, end = one.get("from", 0.0), inf if one.get("to") is None else one["to"]
        amount = None if name is None else one.get(name)
        if one["kind"] == "price" and isinstance(amount, dict):
            count = len(faults)
            amount = Pricing.parse(amount, path=f"{where}.pricing", faults=faults)
            if len(faults) > count:
                continue
        before = len(faults)
        _check_effect(one["kind"], start, end, amount, where, faults)
        if len(faults) == before:
            found.append(Effect(one["kind"], float(start), float(end), amount))
    return tuple(found)


def _check_effect(kind: str, start: Any, end: Any, value: Any, path: str, faults: list[Fault]) -> None:  # noqa: ANN401 - anything may be given
    if not _number(start) or start == inf:
        faults.append(Fault(f"{path}.from", start, _TIME_EXPECTED))
    elif not _number(end) or end <= start:
        faults.append(Fault(f"{path}.to", end, f"a number of seconds above {start:g}"))
    name = _EFFECTS[kind]
    checks: dict[str, tuple[str, Callable[[], bool]]] = {
        "factor": ("a finite factor above 0", lambda: _number(value) and 0 < value < inf),
        "rate": (_RATE_EXPECTED, lambda: _number(value, 0, 1)),
        "per_minute": ("a finite number of requests a minute, 0 or more", lambda: _number(value) and value < inf),
        "pricing": ("a price card", lambda: isinstance(value, Pricing)),
    }
    if name is not None and not checks[name][1]():
        faults.append(Fault(f"{path}.{name}", value, checks[name][0]))
