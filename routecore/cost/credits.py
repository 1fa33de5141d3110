"""What buying credits costs: the platform's fee on top of the credits."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

from routecore.errors import Fault, InvalidRequest
from routecore.pricing.money import PLACES, as_decimal, plain, read_price

__all__ = ["PLANS", "PurchaseFee", "purchase_fee"]

PLANS: Final[dict[str, tuple[int, int]]] = {"payg": (5, 35), "enterprise": (3, 0)}
"""Each plan's fee per transaction: percent of the credits, and cents. Source: the platform's documentation, § Pricing and Fee Structure."""

_MOST: Final = 10**9
_CENT: Final = 10 ** (PLACES - 2)


class PurchaseFee(NamedTuple):
    """A purchase of credits, in USD: what is credited, the fee, and their sum, which is what is paid."""

    credits: Decimal
    fee: Decimal
    total: Decimal


def purchase_fee(amount: Decimal | float | str, plan: str = "payg") -> PurchaseFee:
    """Return the fee for buying credits, to the cent, half up. An amount of 0 costs nothing.

    Args:
        amount: USD of credits, to the cent, from 0 to below 1,000,000,000.
        plan: ``payg`` or ``enterprise``.

    Returns:
        Credits, fee and total, in USD.

    Raises:
        InvalidRequest: The amount is none, or the plan is unknown.

    Example:
        >>> purchase_fee(50)
        PurchaseFee(credits=Decimal('50.00'), fee=Decimal('2.85'), total=Decimal('52.85'))
        >>> purchase_fee("100", "enterprise").fee
        Decimal('3.00')
    """
    faults = []
    femto = _read_amount(amount)
    if femto is None:
        faults.append(Fault("amount", amount, "an amount in USD: not negative, below 1,000,000,000, in whole cents"))
    if plan not in PLANS:
        faults.append(Fault("plan", plan, f"one of {', '.join(PLANS)}"))
    if femto is None or faults:
        raise InvalidRequest(faults)
    percent, cents = PLANS[plan]
    # half-up to the cent: add half a cent, then cut
    fee = 0 if femto == 0 else (femto * percent // 100 + cents * _CENT + _CENT // 2) // _CENT
    bought = femto // _CENT
    return PurchaseFee(*(_cents(number) for number in (bought, fee, bought + fee)))


def _read_amount(amount: object) -> int | None:
    """Return an amount in femtodollars; credits may be dearer than any price, so whole dollars are read apart."""
    if isinstance(amount, int) and not isinstance(amount, bool):
        return amount * 10**PLACES if 0 <= amount < _MOST else None
    if isinstance(amount, Decimal) and amount.is_finite() and 0 <= amount < _MOST:
        amount = format(amount, "f")
    elif isinstance(amount, float) and 0 <= amount < _MOST:
        amount = format(Decimal(repr(amount)), "f")
    if isinstance(amount, str):
        # thousands are split off so that the price reader's limit does not bind
        whole, point, part = amount.partition(".")
        if whole.isascii() and whole.isdigit() and len(whole) <= 9:
            rest = read_price(f"0{point}{part}")
            femto = None if rest is None else int(whole) * 10**PLACES + rest
            return femto if femto is not None and femto % _CENT == 0 else None
    return None


def _cents(number: int) -> Decimal:
    text = plain(number, 2)
    whole, _, part = text.partition(".")
    return Decimal(f"{whole}.{part:0<2}") if number else as_decimal(0, 0).quantize(Decimal("0.01"))
