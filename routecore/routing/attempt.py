"""An attempt: one try, an endpoint and whose credential it is made with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routecore.pricing.money import usd

if TYPE_CHECKING:
    from decimal import Decimal

    from routecore.catalog.endpoint import Endpoint

__all__ = ["Attempt", "attempt_key"]


def attempt_key(endpoint_id: str, key_id: str | None) -> str:
    """Return the name that health and pins know an attempt by: ``id#shared`` or ``id#byok:KEY_ID``.

    >>> attempt_key("m@p", None), attempt_key("m@p", "k1")
    ('m@p#shared', 'm@p#byok:k1')
    """
    return f"{endpoint_id}#shared" if key_id is None else f"{endpoint_id}#byok:{key_id}"


class Attempt:
    """One place of a plan. ``credential`` is ``shared`` or ``byok``; ``key_id`` names the key of a ``byok`` attempt.

    ``probability`` is the share of draws in which this attempt, among those left, would have come next; 1 where nothing was drawn.
    ``quote`` is the expected price in femtodollars, exact, ``None`` if unknown.
    """

    __slots__ = ("endpoint", "key", "key_id", "probability", "quote")

    def __init__(self, endpoint: Endpoint, key: str, key_id: str | None, probability: float, quote: int | Decimal | None) -> None:
        self.endpoint = endpoint
        self.key = key
        self.key_id = key_id
        self.probability = probability
        self.quote = quote

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
        return {
            "endpoint": self.endpoint.id,
            "model": self.endpoint.model,
            "provider": self.endpoint.provider,
            "slug": self.endpoint.slug,
            "credential": self.credential,
            "key_id": self.key_id,
            "probability": self.probability,
            "expected_price": None if price is None else format(price, "f"),
        }

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Attempt):
            return NotImplemented
        return (self.endpoint.id, self.key_id, self.probability, self.quote) == (other.endpoint.id, other.key_id, other.probability, other.quote)

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"<Attempt {self.key} probability={self.probability:.3g} expected_price={self.expected_price}>"
