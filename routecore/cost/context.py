"""What a cost depends on beside prices and usage: the served tier, the instant, whose key, the account's discount."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from routecore.errors import Fault, InvalidRequest
from routecore.pricing.card import DEFAULT_TIER, TIERS
from routecore.pricing.instants import Instant, instant_of
from routecore.pricing.money import RATE_EXPECTED, read_rate
from routecore.pricing.rate import ONE, Rate
from routecore.reading.checks import BOOL_EXPECTED, HINTS, OBJECT_EXPECTED, below, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PLAIN", "CostContext", "tier_of"]

_KINDS: Final = frozenset({"generation", "embedding", "embeddings", "rerank", "reranking", "moderation", "moderations", "classification"})
_KEYS: Final = ("served_tier", "requested_tier", "time_utc", "is_byok", "byok_fee_rate", "discount_rate", "region_multiplier", "kind", "strict")
_TIER_NAMES: Final = (
    dict.fromkeys(("", "standard", "default", "auto", "on_demand", "standard_only"), DEFAULT_TIER) | {"fast": "priority"} | {tier: tier for tier in TIERS}
)
_FREE: Final[Rate] = (0, 0)


def tier_of(written: str) -> str | None:
    """Return the tier that a served tier is, as written; ``None`` for one that this library does not know.

    >>> tier_of("Fast"), tier_of("standard"), tier_of("scale")
    ('priority', 'default', None)
    """
    return _TIER_NAMES.get(written.strip().lower())


class CostContext:
    """The circumstances of one charge. Immutable by convention; equal contexts may be shared.

    ``tier`` is ``default``, ``batch``, ``flex`` or ``priority``; ``asked_tier`` the served tier as written. ``instant`` is the
    time, ``None`` if unknown. Rates are exact (n, k), n × 10^-k; ``region`` is ``None`` where it changes nothing. ``plain`` says that tier and region are
    the default ones.
    """

    __slots__ = ("asked_tier", "byok_fee_rate", "discount_rate", "instant", "is_byok", "kind", "plain", "region", "strict", "tier")

    def __init__(
        self,
        served_tier: str | None = None,
        instant: Instant | None = None,
        is_byok: bool = False,  # noqa: FBT001, FBT002 - read from the wire by name
        byok_fee_rate: Rate = _FREE,
        discount_rate: Rate = ONE,
        region: Rate | None = None,
        kind: str = "generation",
        strict: bool = False,  # noqa: FBT001, FBT002 - read from the wire by name
    ) -> None:
        self.asked_tier = served_tier
        self.tier = DEFAULT_TIER if served_tier is None else tier_of(served_tier) or DEFAULT_TIER
        self.instant = instant
        self.is_byok = is_byok
        self.byok_fee_rate = byok_fee_rate
        self.discount_rate = discount_rate
        self.region = None if region == ONE else region
        self.kind = kind
        self.strict = strict
        self.plain = self.tier == DEFAULT_TIER and self.region is None

    @property
    def tier_is_known(self) -> bool:
        """Whether the served tier, as written, is one that this library knows."""
        return self.asked_tier is None or tier_of(self.asked_tier) is not None

    @classmethod
    def parse(cls, raw: object, *, path: str = "context", faults: list[Fault] | None = None) -> CostContext:
        """Return the context of the wire's object; ``None`` and ``{}`` are the plain one.

        ``served_tier`` (text; ``standard`` is ``default``, ``fast`` is ``priority``, an unknown tier is the default), ``requested_tier`` (accepted, and of no
        effect: what was served is billed), ``time_utc`` (ISO 8601; without an offset it is UTC), ``is_byok``, ``byok_fee_rate``, ``discount_rate`` (a
        multiplier: 0.9 is 10 % off), ``region_multiplier``, ``kind`` (``generation``, or ``embeddings``, ``rerank``, ``moderation``), ``strict``.
        An unknown key is a fault: a misspelt one would silently change the bill. Faults are appended to ``faults``, or raised as ``InvalidRequest``.

        Args:
            raw: The wire's object.
            path: What the paths of faults begin with.
            faults: Takes the faults, where they are to be told together with others.

        Returns:
            The context.

        Example:
            >>> CostContext.parse({"served_tier": "fast", "time_utc": "2026-03-01T00:29:59Z"}).tier
            'priority'
        """
        if raw is None:
            return PLAIN
        if isinstance(raw, cls):
            return raw
        found: list[Fault] = []
        context = _read(raw, path, found) if isinstance(raw, dict) else None
        if context is None and not found:
            found.append(Fault(path, raw, OBJECT_EXPECTED))
        if found:
            if faults is None:
                raise InvalidRequest(found)
            faults.extend(found)
        return context or PLAIN


def _read(raw: Mapping[Any, Any], path: str, faults: list[Fault]) -> CostContext | None:
    unknown = [key for key in raw if not isinstance(key, str) or key not in _KEYS]
    for number, key in enumerate(unknown):
        # each hint costs a look at every key that there is
        near = nearest(key, _KEYS, most=1) if isinstance(key, str) and number < HINTS else []
        faults.append(Fault(below(path, key), raw[key], "a key of a cost context" + (f" (did you mean {near[0]}?)" if near else "")))

    def text(key: str) -> str | None:
        value = raw.get(key)
        if value is None or isinstance(value, str):
            return value
        faults.append(Fault(f"{path}.{key}", value, "text"))
        return None

    def flag(key: str) -> bool:
        value = raw.get(key)
        if value is not None and not isinstance(value, bool):
            faults.append(Fault(f"{path}.{key}", value, BOOL_EXPECTED))
        return value is True

    def rate(key: str, default: Rate) -> Rate:
        value = raw.get(key)
        if value is None:
            return default
        found = read_rate(value)
        if found is None:
            faults.append(Fault(f"{path}.{key}", value, RATE_EXPECTED))
            return default
        return found

    kind = text("kind") or "generation"
    if kind not in _KINDS:
        faults.append(Fault(f"{path}.kind", kind, f"one of {', '.join(sorted(_KINDS))}"))
    text("requested_tier")
    return CostContext(
        text("served_tier"),
        _read_instant(raw.get("time_utc"), f"{path}.time_utc", faults),
        flag("is_byok"),
        rate("byok_fee_rate", _FREE),
        rate("discount_rate", ONE),
        rate("region_multiplier", ONE),
        kind,
        flag("strict"),
    )


def _read_instant(value: object, path: str, faults: list[Fault]) -> Instant | None:
    if value is None:
        return None
    try:
        if isinstance(value, str):
            return instant_of(datetime.fromisoformat(value))
        if isinstance(value, datetime):
            return instant_of(value)
    except (ValueError, OverflowError):
        pass
    faults.append(Fault(path, value, "an instant in ISO 8601, such as 2026-03-01T00:29:59+00:00"))
    return None


PLAIN: Final = CostContext()
"""A generation on the default tier at list prices, at no known time."""
