"""Why a provider's figure differs from this one: each known mistake or difference of reading is tried, and the one that gives the reported figure is named."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from routecore.cost.items import every_item
from routecore.errors import Fault, InvalidRequest, UnpricedUsage
from routecore.pricing.card import DEFAULT_TIER, TIERS
from routecore.pricing.money import as_decimal, plain, read_rate
from routecore.pricing.rate import product, reduced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routecore.cost.breakdown import CostBreakdown
    from routecore.pricing.rate import Rate
    from routecore.pricing.rates import Rates
    from routecore.usage.counts import Usage

__all__ = ["Reconciliation", "reconcile", "reconcile_rate"]

_WIDE: Final = Context(prec=2000)
_RELATIVE: Final = Decimal("1e-9")
_FEWEST_PLACES: Final = 4
_FEWEST_DIGITS: Final = 3
"""A figure with fewer decimals and fewer digits than these is not taken for a rounded one: too many other figures round to it."""


class Reconciliation(NamedTuple):
    """A reported figure held against a computed one, in USD: ``difference`` is reported − computed.

    ``cause`` is ``none``, ``rounding``, ``cache_counted_twice``, ``cache_not_discounted``, ``write_ttl``, ``other_tier``, ``long_context``, ``discount``, ``reasoning``,
    ``byok``, ``insurance``, ``calls`` or ``unexplained``; ``explanation`` says it in words.
    """

    reported: Decimal
    computed: Decimal
    difference: Decimal
    cause: str
    explanation: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it, amounts as decimal text."""
        amounts = {name: format(getattr(self, name), "f") for name in ("reported", "computed", "difference")}
        return {**amounts, "cause": self.cause, "explanation": self.explanation}


def reconcile(breakdown: CostBreakdown, reported: Decimal | float | str) -> Reconciliation:
    """Return the difference between what a provider reported and what a breakdown says, with its likely cause.

    A cause is named only if it alone gives the reported figure: exactly, to the decimals that were reported (at least 4, or 3 digits), or to 1e-9 relative, which is
    what passing through a float leaves. Otherwise the difference is ``unexplained``; nothing is fitted.

    Args:
        breakdown: What the response costs by its price list.
        reported: The provider's figure in USD, such as ``usage.cost``.

    Returns:
        The difference in USD, and its cause.

    Raises:
        InvalidRequest: ``reported`` is no amount.

    Example:
        >>> from routecore.cost.calculate import calculate_cost
        >>> cost = calculate_cost({"prompt": "0.000003", "completion": "0.000015", "input_cache_read": "0.0000003"},
        ...     {"prompt_tokens": 1000, "completion_tokens": 100, "prompt_tokens_details": {"cached_tokens": 800}}, finish_reason="stop")
        >>> cost.cost, reconcile(cost, "0.00474").cause, reconcile(cost, 0.002).cause
        (Decimal('0.00234'), 'cache_counted_twice', 'unexplained')
        >>> reconcile(cost, 0.0023).cause
        'rounding'
    """
    rate = read_rate(reported)
    if rate is None:
        raise InvalidRequest([Fault("reported", reported, "an amount in USD")])
    return reconcile_rate(breakdown, rate)


def reconcile_rate(breakdown: CostBreakdown, rate: Rate) -> Reconciliation:
    """Return the difference between a reported cost that is read already, (n, k), n × 10^-k USD, and ``breakdown``'s, as ``reconcile`` does."""
    rate = reduced(*rate)
    amount, computed = as_decimal(*rate), breakdown.cost
    difference = _WIDE.subtract(amount, computed)
    if not difference:
        return Reconciliation(amount, computed, difference, "none", "the figures are equal")
    places = rate[1]
    if _rounds_to(computed, amount, places):
        return Reconciliation(amount, computed, difference, "rounding", f"{plain(*rate)} is {format(computed, 'f')} rounded to {places} decimals")
    for cause, explanation, figure in _candidates(breakdown):
        if figure == amount or _rounds_to(figure, amount, places):
            return Reconciliation(amount, computed, difference, cause, explanation)
    fee = _fee_percent(breakdown, amount)
    if fee is not None:
        text = f"the reported figure is a fee of {fee} % on what the provider bills the key's owner"
        return Reconciliation(amount, computed, difference, "byok", text)
    percent = _percent_off(breakdown, amount)
    if percent is not None:
        text = f"the reported figure is the list cost less {percent} %; the breakdown used a discount rate of {format(breakdown.discount_rate, 'f')}"
        return Reconciliation(amount, computed, difference, "discount", text)
    return Reconciliation(amount, computed, difference, "unexplained", "no single known cause gives the reported figure")


def _rounds_to(figure: Decimal, amount: Decimal, places: int) -> bool:
    """Tell whether ``amount`` is ``figure`` after rounding to its own decimals, or after a float's loss."""
    if abs(_WIDE.subtract(figure, amount)) <= _WIDE.multiply(abs(figure), _RELATIVE):
        return True
    if not figure or (places < _FEWEST_PLACES and len(amount.as_tuple().digits) < _FEWEST_DIGITS):
        return False
    unit = Decimal(1).scaleb(-places, context=_WIDE)
    return any(figure.quantize(unit, rounding=mode, context=_WIDE) == amount for mode in (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN, ROUND_CEILING))


def _candidates(breakdown: CostBreakdown) -> Iterator[tuple[str, str, Decimal]]:
    """Give every figure that a known cause alone would make of this response: cause, words, figure."""
    usage, rates, context, pricing = breakdown.usage, breakdown.rates, breakdown.context, breakdown.pricing
    units = breakdown.list_units

    def charge(list_units: int, places: int = rates.places) -> Decimal:
        other = context.byok_fee_rate if context.is_byok else context.discount_rate
        return as_decimal(*product((list_units, places), pricing.rate, other))

    if breakdown.insured:
        yield "insurance", "the response is insured here and was charged there", charge(units)
        units_charged = "the response is insured here; upstream was billed"
        yield "insurance", units_charged, breakdown.upstream_cost
    elif not usage.has_output:
        yield "insurance", "an empty response was charged here and insured there", as_decimal(0, 0)
    if context.is_byok:
        yield "byok", "the reported figure is what the provider bills the key's owner, not the fee", breakdown.byok_cost
        yield "byok", "the reported figure adds the fee to what the provider bills the key's owner", _WIDE.add(breakdown.byok_cost, breakdown.cost)
    else:
        yield "byok", "the reported figure is that of a call with the caller's own key, free of charge", as_decimal(0, 0)
    yield from _cache_candidates(usage, rates, units, charge)
    yield "discount", "the reported figure is the list cost, without the discount", breakdown.list_cost
    yield "discount", "the reported figure knows only the endpoint's discount", breakdown.upstream_cost
    read = usage.prompt_tokens
    for tier in (DEFAULT_TIER, *TIERS):
        other = pricing.ladder(tier, context.region).rates(read, context.instant)
        figure = _priced(usage, other)
        if tier != context.tier and figure is not None:
            yield "other_tier", f"the reported figure is that of the tier {tier}; the served tier was {context.tier}", charge(figure, other.places)
    for tokens, words in ((0, "without its long-context card"), (2**62, "with its long-context card")):
        other = pricing.ladder(context.tier, context.region).rates(tokens, context.instant)
        figure = _priced(usage, other)
        if figure is not None:
            yield "long_context", f"the reported figure is that of the price list {words}", charge(figure, other.places)
    if usage.reasoning:
        own = rates.completion if rates.internal_reasoning is None else rates.internal_reasoning
        if own is not None:
            yield "reasoning", "reasoning tokens were left out of the reported figure", charge(units - usage.reasoning * own)
            yield "reasoning", "reasoning tokens were billed beside the completion that includes them", charge(units + usage.reasoning * own)
        if rates.completion is not None and rates.internal_reasoning is not None:
            swapped = units + usage.reasoning * (rates.completion - rates.internal_reasoning)
            yield "reasoning", "reasoning tokens were billed at the completion price", charge(swapped)
    calls = sum(breakdown.units(item) for item in ("native_web_search_cost", "plugin_web_search_cost", "tools_cost"))
    yield "calls", "searches and tool calls were left out of the reported figure", charge(units - calls)
    yield "calls", "the per-request fee was left out of the reported figure", charge(units - breakdown.units("request_cost"))


def _cache_candidates(usage: Usage, rates: Rates, units: int, charge: Any) -> Iterator[tuple[str, str, Decimal]]:  # noqa: ANN401 - a local function
    if rates.prompt is not None:
        read, written = usage.cached_tokens, usage.written_5m + usage.written_1h
        for tokens, words in ((read, "cache reads"), (written, "cache writes"), (read + written, "cache reads and writes")):
            yield "cache_counted_twice", f"{words} were billed once more as fresh prompt", charge(units + tokens * rates.prompt)
        if rates.input_cache_read is not None and rates.input_cache_read_explicit is not None:
            reads, paid = usage.cached + usage.cached_explicit, usage.cached * rates.input_cache_read + usage.cached_explicit * rates.input_cache_read_explicit
            yield "cache_not_discounted", "cache reads were billed at the prompt price", charge(units + reads * rates.prompt - paid)
            yield "cache_not_discounted", "cache reads were not billed at all", charge(units - paid)
        if rates.input_cache_write is not None and rates.input_cache_write_1h is not None:
            five, hour = usage.written_5m, usage.written_1h
            plain_writes = units + five * (rates.prompt - rates.input_cache_write) + hour * (rates.prompt - rates.input_cache_write_1h)
            yield "cache_not_discounted", "cache writes were billed at the prompt price", charge(plain_writes)
    if rates.input_cache_write is not None and rates.input_cache_write_1h is not None:
        gap = rates.input_cache_write_1h - rates.input_cache_write
        yield "write_ttl", "1-hour writes were billed at the 5-minute price", charge(units - usage.written_1h * gap)
        yield "write_ttl", "5-minute writes were billed at the 1-hour price", charge(units + usage.written_5m * gap)


def _priced(usage: Usage, rates: Rates) -> int | None:
    """Return the list cost under other rates, ``None`` where they lack a price."""
    try:
        return sum(every_item(usage, rates))
    except UnpricedUsage:
        return None


def _fee_percent(breakdown: CostBreakdown, amount: Decimal) -> int | None:
    """Return the whole percentage, 1 to 99, of what the provider bills that the reported figure is, where the key was the caller's own or is stated to be."""
    stated = breakdown.usage.stated
    if not breakdown.list_units or not (breakdown.context.is_byok or (stated is not None and stated.is_byok)):
        return None
    upstream = breakdown.upstream_cost
    return next((percent for percent in range(1, 100) if _WIDE.multiply(upstream, Decimal(percent)) == _WIDE.multiply(amount, Decimal(100))), None)


def _percent_off(breakdown: CostBreakdown, amount: Decimal) -> int | None:
    """Return the whole percentage, 1 to 99, that the reported figure is below the list cost, if it is one."""
    if not breakdown.list_units or breakdown.context.is_byok:
        return None
    cost = breakdown.list_cost
    for percent in range(1, 100):
        if _WIDE.multiply(cost, Decimal(100 - percent)) == _WIDE.multiply(amount, Decimal(100)):
            return percent
    return None
