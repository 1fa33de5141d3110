"""What happens to an endpoint over time: slowness, outages, errors, limits, price changes, each from a moment to another."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from routecore.errors import Fault
from routecore.pricing.price_list import Pricing

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["EFFECTS", "RATE_EXPECTED", "TIME_EXPECTED", "Effect", "check_effect", "effect_mapping", "is_number", "read_effects"]


EFFECTS: Final = {
    "slow": "factor",
    "fail": None,
    "hang": None,
    "errors": "rate",
    "refuse": "rate",
    "limit": "per_minute",
    "price": "pricing",
}


RATE_EXPECTED: Final = "a share from 0 to 1"


TIME_EXPECTED: Final = "a number of seconds, 0 or more"


class Effect(NamedTuple):
    """Something that happens to an endpoint from ``start`` up to, not including, ``end`` (seconds of the trace's time).

    ``kind``: ``slow`` (``value`` times slower), ``fail`` (no connection), ``hang`` (a connection, and no answer until somebody gives up), ``errors`` (this share of
    requests fails), ``refuse`` (this share gets a 429), ``limit`` (this many a minute), ``price`` (another price card: billed, and known to the router from that moment).
    """

    kind: str
    start: float
    end: float
    value: Any = None


def effect_mapping(effect: Effect) -> dict[str, Any]:
    """Return the effect as JSON can hold it."""
    row: dict[str, Any] = {"kind": effect.kind, "from": effect.start, "to": None if effect.end == inf else effect.end}
    name = EFFECTS[effect.kind]
    if name is not None:
        row[name] = effect.value.to_mapping() if isinstance(effect.value, Pricing) else effect.value
    return row


def is_number(value: object, least: float = 0.0, most: float = inf) -> bool:
    """Tell whether it is a number from ``least`` to ``most``, and no flag."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and least <= value <= most and (isinstance(value, float) or abs(value) < 2**63)


def read_effects(value: object, path: str, faults: list[Fault]) -> tuple[Effect, ...]:
    """Return the effects of a JSON list; else note what is wrong."""
    if not isinstance(value, (list, tuple)):
        faults.append(Fault(path, value, "a list"))
        return ()
    found = []
    for place, one in enumerate(value):
        if isinstance(one, Effect):
            found.append(one)
            continue
        where = f"{path}[{place}]"
        if not isinstance(one, dict) or not isinstance(one.get("kind"), str) or one["kind"] not in EFFECTS:
            faults.append(Fault(where, one, f"an effect: an object whose kind is one of {', '.join(EFFECTS)}"))
            continue
        name = EFFECTS[one["kind"]]
        faults.extend(Fault(f"{where}.{key}", one[key], f"a part of the effect {one['kind']!r}") for key in one if key not in {"kind", "from", "to", name})
        start, end = one.get("from", 0.0), inf if one.get("to") is None else one["to"]
        amount = None if name is None else one.get(name)
        if one["kind"] == "price" and isinstance(amount, dict):
            count = len(faults)
            amount = Pricing.parse(amount, path=f"{where}.pricing", faults=faults)
            if len(faults) > count:
                continue
        before = len(faults)
        check_effect(one["kind"], start, end, amount, where, faults)
        if len(faults) == before:
            found.append(Effect(one["kind"], float(start), float(end), amount))
    return tuple(found)


def check_effect(kind: str, start: Any, end: Any, value: Any, path: str, faults: list[Fault]) -> None:  # noqa: ANN401 - anything may be given
    """Note what is wrong with an effect."""
    if not is_number(start) or start == inf:
        faults.append(Fault(f"{path}.from", start, TIME_EXPECTED))
    elif not is_number(end) or end <= start:
        faults.append(Fault(f"{path}.to", end, f"a number of seconds above {start:g}"))
    name = EFFECTS[kind]
    checks: dict[str, tuple[str, Callable[[], bool]]] = {
        "factor": ("a finite factor above 0", lambda: is_number(value) and 0 < value < inf),
        "rate": (RATE_EXPECTED, lambda: is_number(value, 0, 1)),
        "per_minute": ("a finite number of requests a minute, 0 or more", lambda: is_number(value) and value < inf),
        "pricing": ("a price card", lambda: isinstance(value, Pricing)),
    }
    if name is not None and not checks[name][1]():
        faults.append(Fault(f"{path}.{name}", value, checks[name][0]))
