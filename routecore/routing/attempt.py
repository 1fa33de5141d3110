"""An attempt: one try, an endpoint and whose credential it is made with."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from routecore.pricing.money import usd
from routecore.request.settings import Timeouts
from routecore.routing.timeouts import Times, times_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from routecore.catalog.endpoint import Endpoint
    from routecore.routing.plan import Plan
    from routecore.routing.ranking.field import Field

_NO_EXTRA: Final = MappingProxyType[str, "Any"]({})

_DEFAULTS: Final = Timeouts()

__all__ = ["Attempt", "PlannedAttempt", "attempt_key"]


def attempt_key(endpoint_id: str, key_id: str | None) -> str:
    """Return the name that health and pins know an attempt by: ``id#shared`` or ``id#byok:KEY_ID``.

    >>> attempt_key("m@p", None), attempt_key("m@p", "k1")
    ('m@p#shared', 'm@p#byok:k1')
    """
    return f"{endpoint_id}#shared" if key_id is None else f"{endpoint_id}#byok:{key_id}"


class Attempt:
    """One place of a plan. ``credential`` is ``shared`` or ``byok``; ``key_id`` names the key of a ``byok`` attempt.

    ``probability`` is the share of draws in which this attempt, among those left, would have come next; 1 where nothing was drawn.
    ``quote`` is the expected price in femtodollars, exact, ``None`` if unknown. ``field`` is what the attempt was ranked in; one made by hand has none.
    """

    __slots__ = ("endpoint", "field", "key", "key_id", "probability", "quote")

    def __init__(self, endpoint: Endpoint, key: str, key_id: str | None, probability: float, quote: int | Decimal | None, field: Field | None = None) -> None:
        self.endpoint = endpoint
        self.key = key
        self.key_id = key_id
        self.probability = probability
        self.quote = quote
        self.field = field

    def times(self) -> Times:
        """Return how long the attempt may take: alone, without a deadline; what a plan with one gives knows the deadline and what comes after it."""
        if self.field is None:
            return Times(_DEFAULTS.most, _DEFAULTS.most_total)
        return times_of(self.field.case, (self.endpoint.id,))[0]

    @property
    def first_token_timeout_seconds(self) -> float:
        """Seconds until the attempt is given up for want of a first token."""
        return self.times().first_token

    @property
    def total_timeout_seconds(self) -> float:
        """Seconds until the attempt is given up for want of an end."""
        return self.times().total

    @property
    def hedge_after_seconds(self) -> float | None:
        """Seconds after which the next attempt is worth starting beside this one; ``None`` where it is not, and without ``settings.hedge``."""
        return self.times().hedge_after

    @property
    def service_tier(self) -> str:
        """The tier that the attempt asks its provider for: ``default``, ``flex`` or ``priority``. What it is billed by is the tier that the answer names."""
        return self.endpoint.tier

    @property
    def extra(self) -> Mapping[str, Any]:
        """What the gateway keeps on the endpoint: a base URL, an upstream name; empty where nothing is."""
        return self.endpoint.extra or _NO_EXTRA

    @property
    def credential(self) -> str:
        """``shared`` capacity of the gateway, or ``byok``, the caller's own key."""
        return "shared" if self.key_id is None else "byok"

    @property
    def expected_price(self) -> Decimal | None:
        """The expected price of the request here, in USD; ``None`` if a price is unknown."""
        return None if self.quote is None else usd(self.quote)

    def to_dict(self) -> dict[str, Any]:
        """Return the attempt as the wire's object."""
        price = self.expected_price
        found = {
            "endpoint": self.endpoint.id,
            "model": self.endpoint.model,
            "provider": self.endpoint.provider,
            "slug": self.endpoint.slug,
            "credential": self.credential,
            "key_id": self.key_id,
            "probability": self.probability,
            "expected_price": None if price is None else format(price, "f"),
        }
        if self.service_tier != "default":
            # what is as always is not said: answers without tiers are those of before
            found["service_tier"] = self.service_tier
        return found

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Attempt):
            return NotImplemented
        return (self.endpoint.id, self.key_id, self.probability, self.quote) == (other.endpoint.id, other.key_id, other.probability, other.quote)

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"<Attempt {self.key} probability={self.probability:.3g} expected_price={self.expected_price}>"


class PlannedAttempt(Attempt):
    """An attempt that knows the plan it came from, and its place there (from 0): so its times know the deadline and what comes after it."""

    __slots__ = ("place", "plan")

    def __init__(self, attempt: Attempt, plan: Plan, place: int) -> None:
        super().__init__(attempt.endpoint, attempt.key, attempt.key_id, attempt.probability, attempt.quote, attempt.field)
        self.plan = plan
        self.place = place

    def times(self) -> Times:
        """Return how long the attempt may take."""
        return self.plan.times[self.place]
