"""How one endpoint behaves over time: an ordinary day, and what happens to it."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import attrs

from routecore.errors import Fault, SimulationError
from routecore.pricing.price_list import Pricing
from routecore.reading.checks import OBJECT_EXPECTED
from routecore.simulate.world.distribution import Quantiles, read_distribution

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


__all__ = ["Behaviour", "Effect", "steady"]


_EFFECTS: Final = {"slow": "factor", "fail": None, "errors": "rate", "limit": "per_minute", "price": "pricing"}


_RATE_EXPECTED: Final = "a share from 0 to 1"


_TIME_EXPECTED: Final = "a number of seconds, 0 or more"


_DEFAULT_TTFT: Final = 0.6


_DEFAULT_SPEED: Final = 60.0


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
    found = read_behaviour({"ttft": ttft, "tokens_per_second": tokens_per_second, **others}, "", faults)
    if found is None or faults:
        raise SimulationError(faults)
    return found


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


def read_behaviour(value: object, path: str, faults: list[Fault]) -> Behaviour | None:
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
