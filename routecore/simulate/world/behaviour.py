"""How one endpoint behaves over time: an ordinary day, and what happens to it."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Final

import attrs

from routecore.errors import Fault, SimulationError
from routecore.pricing.price_list import Pricing
from routecore.reading.checks import OBJECT_EXPECTED
from routecore.simulate.world.distribution import Quantiles, read_distribution
from routecore.simulate.world.effects import RATE_EXPECTED, TIME_EXPECTED, Effect, check_effect, effect_mapping, is_number, read_effects
from routecore.simulate.world.posterior import Doubt, read_doubt
from routecore.simulate.world.regimes import Regime, read_regimes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


__all__ = ["Behaviour", "steady"]
ASSUMABLE: Final = frozenset({"failures", "latency", "throughput"})
"""What may be assumed of an endpoint that nobody measured."""
_DEFAULT_TTFT: Final = 0.6
_DEFAULT_SPEED: Final = 60.0


@attrs.frozen
class Behaviour:
    """How an endpoint behaves; made by ``steady``. Times in seconds, rates as shares of requests.

    ``capacity_per_minute``: requests beyond it are answered with 429 (a bucket that holds a minute's worth and fills evenly). ``slots``: so many requests are worked
    on at once, others wait in order of arrival. ``cache_ttl_s``: a session's prompt stays cached for so long after its last turn, if it has at least
    ``min_cache_tokens``. ``billed_errors``: the provider bills the prompt of a request that it failed on. ``error_seconds``: time to an error
    (``None``: a time to first token), ``refusal_seconds``: to a 429 or a refused connection. ``cached_ttft_factor`` multiplies the time to first token where the whole
    prompt was cached; in between in proportion. ``prefill_tokens_per_second``: prompt tokens that are in no cache are read at this speed before the first token comes
    (``None``: their number makes no difference that is known).

    ``background_per_minute``: requests of other customers, a Poisson stream that takes its part of capacity and slots; each makes ``background_tokens`` tokens.
    ``regimes``: what comes in bursts (``Regime``). ``doubt``: what is not known (``Doubt``). ``assumed``: which of ``latency``, ``throughput`` and ``failures`` nobody
    measured. ``drawn``: what regimes came to in one run; no part of what a world is.
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
    prefill_tokens_per_second: float | None = None
    background_per_minute: float = 0.0
    background_tokens: int = 200
    regimes: tuple[Regime, ...] = ()
    doubt: Doubt | None = None
    assumed: tuple[str, ...] = ()
    effects: tuple[Effect, ...] = ()
    drawn: tuple[Effect, ...] = attrs.field(default=(), eq=False)

    def _with(self, kind: str, start: float, end: float, value: Any = None) -> Behaviour:  # noqa: ANN401 - as the effect's
        faults: list[Fault] = []
        check_effect(kind, start, end, value, f"effects[{len(self.effects)}]", faults)
        if faults:
            raise SimulationError(faults)
        return attrs.evolve(self, effects=(*self.effects, Effect(kind, float(start), float(end), value)))

    def slow_within(self, start: float, end: float, *, factor: float) -> Behaviour:
        """Return the behaviour with everything ``factor`` times slower from ``start`` to ``end``. Factors of overlapping stretches multiply.

        Args:
            start: Seconds from the beginning of the trace.
            end: Likewise.
            factor: How many times slower.

        Returns:
            Another behaviour; this one stays as it is.
        """
        return self._with("slow", start, end, factor)

    def slow_after(self, start: float, *, factor: float) -> Behaviour:
        """Return the behaviour with everything ``factor`` times slower from ``start`` on.

        Args:
            start: Seconds from the beginning of the trace.
            factor: How many times slower.

        Returns:
            Another behaviour; this one stays as it is.
        """
        return self._with("slow", start, inf, factor)

    def fail_within(self, start: float, end: float) -> Behaviour:
        """Return the behaviour with an outage: from ``start`` to ``end`` no connection is made.

        Args:
            start: Seconds from the beginning of the trace.
            end: Likewise.

        Returns:
            Another behaviour; this one stays as it is.
        """
        return self._with("fail", start, end)

    def fail_after(self, start: float) -> Behaviour:
        """Return the behaviour with an outage from ``start`` on."""
        return self._with("fail", start, inf)

    def hang_within(self, start: float, end: float) -> Behaviour:
        """Return the behaviour with requests that begin from ``start`` to ``end`` getting no answer, until whoever asked gives up.

        Args:
            start: Seconds from the beginning of the trace.
            end: Likewise.

        Returns:
            Another behaviour; this one stays as it is.
        """
        return self._with("hang", start, end)

    def errors_within(self, start: float, end: float, *, rate: float) -> Behaviour:
        """Return the behaviour with this share of requests failing from ``start`` to ``end``, in place of ``error_rate``.

        Args:
            start: Seconds from the beginning of the trace.
            end: Likewise.
            rate: The share of requests that fail, 0 to 1.

        Returns:
            Another behaviour; this one stays as it is.
        """
        return self._with("errors", start, end, rate)

    def limit_within(self, start: float, end: float, *, per_minute: float) -> Behaviour:
        """Return the behaviour with this capacity from ``start`` to ``end``.

        Args:
            start: Seconds from the beginning of the trace.
            end: Likewise.
            per_minute: Requests a minute that are served; others get a 429.

        Returns:
            Another behaviour; this one stays as it is.
        """
        return self._with("limit", start, end, per_minute)

    def price_after(self, start: float, pricing: Pricing | Mapping[str, Any]) -> Behaviour:
        """Return the behaviour with another price card from ``start`` on: billed, and known to the router, from that moment.

        Args:
            start: Seconds from the beginning of the trace.
            pricing: The price list, parsed or as the wire's object.

        Returns:
            Another behaviour; this one stays as it is.
        """
        return self._with("price", start, inf, pricing if isinstance(pricing, Pricing) else Pricing.parse(dict(pricing)))

    def to_mapping(self) -> dict[str, Any]:
        """Return the behaviour as JSON can hold it; ``World.from_mapping`` reads it back."""
        found: dict[str, Any] = {"ttft": self.ttft.spec, "tokens_per_second": self.tokens_per_second.spec}
        for name in (*_FIELDS, "assumed"):
            value = getattr(self, name)
            if value != getattr(attrs.fields(Behaviour), name).default:
                found[name] = list(value) if isinstance(value, tuple) else value
        if self.regimes:
            found["regimes"] = [one.to_mapping() for one in self.regimes]
        if self.doubt is not None:
            found["doubt"] = self.doubt.to_mapping()
        if self.effects:
            found["effects"] = [effect_mapping(one) for one in self.effects]
        return found


def steady(
    ttft: object = _DEFAULT_TTFT,
    tokens_per_second: object = _DEFAULT_SPEED,
    **others: Any,  # noqa: ANN401 - Behaviour's fields
) -> Behaviour:
    """Return an endpoint's behaviour on an ordinary day.

    Throughput percentiles fall: p90 is what 90 % of requests reach.

    Args:
        ttft: Seconds to the first token: a number (always this), ``{p50, p75, p90, p99}`` (any of them, which are kept), ``{mean}`` (exponential) or ``{samples}``.
        tokens_per_second: The same of output tokens a second.
        others: Other fields of ``Behaviour``.

    Returns:
        The behaviour, to which effects can be added.

    Raises:
        SimulationError: Naming all faults.

    Example:
        >>> day = steady(ttft={"p50": 0.4, "p90": 0.9}, error_rate=0.01).slow_within(60, 90, factor=10).fail_after(120)
        >>> [effect.kind for effect in day.effects], round(day.ttft.at(0.9), 2)
        (['slow', 'fail'], 0.9)
    """
    faults: list[Fault] = []
    found = read_behaviour({"ttft": ttft, "tokens_per_second": tokens_per_second, **others}, "", faults)
    if found is None or faults:
        raise SimulationError(faults)
    return found


_FIELDS: Final[dict[str, tuple[str, Callable[[Any], bool]]]] = {
    "error_rate": (RATE_EXPECTED, lambda value: is_number(value, 0, 1)),
    "rate_limit_rate": (RATE_EXPECTED, lambda value: is_number(value, 0, 1)),
    "capacity_per_minute": ("a number of requests a minute above 0", lambda value: value is None or (is_number(value) and 0 < value < inf)),
    "slots": ("a whole number, 1 or more", lambda value: value is None or (is_number(value, 1) and isinstance(value, int))),
    "cache_ttl_s": (TIME_EXPECTED, lambda value: is_number(value) and value < inf),
    "min_cache_tokens": ("a whole number of tokens, 0 or more", lambda value: is_number(value) and isinstance(value, int)),
    "billed_errors": ("true or false", lambda value: isinstance(value, bool)),
    "error_seconds": (TIME_EXPECTED, lambda value: value is None or (is_number(value) and value < inf)),
    "refusal_seconds": (TIME_EXPECTED, lambda value: is_number(value) and value < inf),
    "cached_ttft_factor": ("a factor from 0 to 1", lambda value: is_number(value, 0, 1)),
    "prefill_tokens_per_second": ("a finite number of tokens a second above 0", lambda value: value is None or (is_number(value) and 0 < value < inf)),
    "background_per_minute": ("a finite number of requests a minute, 0 or more", lambda value: is_number(value) and value < 1e6),
    "background_tokens": ("a whole number of tokens, 1 or more", lambda value: is_number(value, 1) and isinstance(value, int)),
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
        if key in _PARTS:
            found[key] = _PARTS[key](one, f"{path}{key}", faults)
        elif key not in _FIELDS:
            faults.append(Fault(f"{path}{key}", one, f"a part of a behaviour: ttft, tokens_per_second, {', '.join(_FIELDS)}, {', '.join(_PARTS)}"))
        elif not _FIELDS[key][1](one):
            faults.append(Fault(f"{path}{key}", one, _FIELDS[key][0]))
        else:
            found[key] = one
    if len(faults) > before:
        return None
    assert ttft is not None
    assert speed is not None
    return Behaviour(ttft, speed, **found)


def _read_assumed(value: object, path: str, faults: list[Fault]) -> tuple[str, ...]:
    if isinstance(value, (list, tuple)) and all(isinstance(one, str) and one in ASSUMABLE for one in value):
        return tuple(value)
    faults.append(Fault(path, value, f"a list of some of {', '.join(sorted(ASSUMABLE))}"))
    return ()


_PARTS: Final[dict[str, Callable[[Any, str, list[Fault]], Any]]] = {
    "regimes": read_regimes,
    "doubt": read_doubt,
    "assumed": _read_assumed,
    "effects": read_effects,
}
"""Parts of a behaviour that have readers of their own."""
