"""An endpoint's price list: standing prices, conditional cards, cards of served tiers, a discount. Read once, compiled once, asked often.

Which cards hold depends on the served tier, on how much was read and, for timed cards, on the instant. Each combination that occurs is flattened to one
row of whole-number rates and kept; pricing a usage is then a lookup and a handful of multiplications.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from routecore.errors import Fault, InvalidPricing
from routecore.pricing.card import DEFAULT_TIER, TIERS, named
from routecore.pricing.instants import instant_at
from routecore.pricing.ladder import Ladder
from routecore.pricing.money import PLACES, as_decimal, plain, usd
from routecore.pricing.rate import ONE, complement
from routecore.pricing.rates import resolve
from routecore.pricing.reader import PriceReader, Variant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from decimal import Decimal

    from routecore.pricing.card import PriceCard
    from routecore.pricing.rate import Rate

__all__ = ["Pricing", "expected_price"]

_MAX_KEPT: Final = 256

_Quote = tuple[int, int, int, int]


class Pricing:
    """What one endpoint charges. Immutable; equal by value; safe to share between threads.

    ``prompt``, ``completion``, ``input_cache_read``, ``request`` and ``image`` are the standing prices in femtodollars, ``None`` where not given (which is
    not zero); the others are in ``prices``, by name; ``regions`` holds the multipliers of regions. Build one with ``Pricing.parse``.

    >>> pricing = Pricing.parse({"prompt": "0.0000002", "completion": "0.0000005", "input_cache_read": "0.00000005"})
    >>> pricing.prompt, pricing.request
    (200000000, None)
    >>> pricing.quote_femtodollars(1000, 100)
    250000000000
    """

    __slots__ = (
        "_default",
        "_discount",
        "_kept",
        "_quote",
        "batch_multiplier",
        "completion",
        "image",
        "input_cache_read",
        "multipliers",
        "overrides",
        "prices",
        "prompt",
        "regions",
        "request",
        "variants",
    )

    prices: dict[str, int]
    multipliers: dict[str, Rate]
    overrides: tuple[PriceCard, ...]
    variants: dict[str, Variant]
    batch_multiplier: Rate | None
    regions: dict[str, Rate]
    prompt: int | None
    completion: int | None
    input_cache_read: int | None
    request: int | None
    image: int | None
    _discount: Rate | None
    _quote: _Quote | tuple[()] | None
    _kept: dict[object, Ladder] | None
    _default: Ladder | None

    def __init__(self) -> None:
        message = "build a price list with Pricing.parse({...})"
        raise TypeError(message)

    def __setattr__(self, name: str, value: object) -> None:
        message = f"a Pricing is immutable; parse another one instead of setting {name!r}"
        raise AttributeError(message)

    def __delattr__(self, name: str) -> None:
        message = f"a Pricing is immutable; {name!r} stays"
        raise AttributeError(message)

    @classmethod
    def parse(cls, raw: object, *, path: str = "pricing", faults: list[Fault] | None = None) -> Pricing:
        """Return the price list of the wire's ``pricing`` object (``docs/reference/price-cards.md``).

        Prices are decimals in USD of at most 15 places, from 0 to below 1,000,000, as text, int, ``Decimal`` or float (read by its shortest repr). A key with
        a null value is missing; an unknown key is a fault, also inside a card. With a ``faults`` list, faults are appended to it and an empty price list is
        returned; without, all of them are raised at once as ``InvalidPricing``.

        Args:
            raw: The wire's object.
            path: What the paths of faults begin with.
            faults: Takes the faults, where they are to be told together with others.

        Returns:
            The price list.

        Example:
            >>> Pricing.parse({"prompt": "0.000003", "overrides": [{"min_promt_tokens": 200000, "prompt_multiplier": 2}]})
            Traceback (most recent call last):
            ...
            routecore.errors.InvalidPricing: 1 fault in the price card: pricing.overrides[0].min_promt_tokens: 200000 is not a key of a price card (prices, multipliers, conditions)
        """
        found: list[Fault] = []
        parts = PriceReader(found).read(raw, path)
        if found:
            if faults is None:
                raise InvalidPricing(found)
            faults.extend(found)
        return _EMPTY if parts is None else _build(*parts)

    @staticmethod
    def reader(faults: list[Fault], rounded: list[tuple[str, object, str]] | None = None) -> Callable[[object, str], Pricing | None]:
        """Return a function of (raw, path) that reads many price lists, remembering the texts it has met: catalogs repeat prices.

        It appends what is wrong to ``faults`` and then returns ``None``. With a list ``rounded``, a price finer than a femtodollar is rounded
        half to even and noted there (path, value, price used) where that moves it by at most a millionth, and refused where it moves it further.

        Args:
            faults: Takes the faults of every price list that is read.
            rounded: Takes (path, given, used) of every price that is finer than a femtodollar.

        Returns:
            A function of a price list's wire object and its path.
        """
        parts_of = PriceReader(faults, rounded).read

        def read(raw: object, path: str) -> Pricing | None:
            parts = parts_of(raw, path)
            return None if parts is None else _build(*parts)

        return read

    @property
    def discount(self) -> Decimal:
        """The endpoint's own discount, a fraction from 0 to 1: 0.25 is a quarter off."""
        return as_decimal(*(self._discount or (0, 0)))

    @property
    def rate(self) -> Rate:
        """One minus the discount, exact: what the endpoint's list cost is multiplied with."""
        return ONE if self._discount is None else complement(self._discount)

    @property
    def flat(self) -> bool:
        """Whether a request of the default tier is linear in its tokens: no conditional card can change its prices."""
        return not self.overrides

    @property
    def timed(self) -> bool:
        """Whether some card of the default tier holds at certain times only, so that its prices depend on the instant."""
        return any(card.timed for card in self.overrides)

    @property
    def cache_reads_are_cheaper(self) -> bool:
        """Whether a cached token costs less than a fresh one, by the standing prices.

        >>> Pricing.parse({"prompt": "0.000003", "cache_read_multiplier": "0.1"}).cache_reads_are_cheaper
        True
        >>> Pricing.parse({"prompt": "0.000003"}).cache_reads_are_cheaper
        False
        """
        if self.input_cache_read is None and not self.multipliers:
            return False
        rates = resolve(self.prices, self.multipliers, (), ())
        return rates.prompt is not None and rates.input_cache_read is not None and rates.input_cache_read < rates.prompt

    def price(self, name: str) -> Decimal | None:
        """Return a standing price in USD by its wire name, ``None`` where it is not given.

        >>> Pricing.parse({"web_search": "0.01"}).price("web_search")
        Decimal('0.01')
        """
        amount = self.prices.get(name)
        return None if amount is None else usd(amount)

    def quote_femtodollars(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0, now: float | None = None) -> int | Decimal | None:
        """Return what a text request costs here after the endpoint's discount, in femtodollars, exact; ``None`` without a prompt or a completion price.

        ``cached_tokens`` (at most ``prompt_tokens``) are read at the cache-read price, or at the prompt price where there is none. The long-context card that
        the whole prompt reaches and the per-request fee are in it. ``now`` is in seconds since the epoch; without it timed cards do not hold.

        An int where the amount is whole, which it is unless a discount or multiplier made it finer than a femtodollar.

        Args:
            prompt_tokens: Tokens of the prompt, the cached ones among them.
            completion_tokens: Tokens of the answer.
            cached_tokens: Tokens read from a cache.
            now: Seconds since the epoch.

        Returns:
            Femtodollars (1e-15 USD).

        Example:
            >>> tiered = Pricing.parse({"prompt": "0.000003", "completion": "0.000015", "request": "0.001",
            ...     "overrides": [{"min_prompt_tokens": 200000, "prompt_multiplier": 2, "completion_multiplier": 1.5}]})
            >>> usd(tiered.quote_femtodollars(200_000, 1000)), usd(tiered.quote_femtodollars(200_001, 1000))
            (Decimal('0.616'), Decimal('1.223506'))
        """
        flat = self._quote
        if flat is None:
            flat = self._compile_quote()
        if flat:
            prompt, completion, cached, fee = flat
            return prompt * (prompt_tokens - cached_tokens) + cached * cached_tokens + completion * completion_tokens + fee
        return self._quote_tiered(prompt_tokens, completion_tokens, cached_tokens, now)

    quote = quote_femtodollars
    """The name of 0.1, before its unit was in it."""

    @property
    def linear(self) -> tuple[int, int, int, int] | None:
        """The femtodollars a prompt token, completion token, cached token and request that every ``quote`` is made of; ``None`` where it is not so simple."""
        return (self._compile_quote() if self._quote is None else self._quote) or None

    def _compile_quote(self) -> _Quote | tuple[()]:
        """Keep the four numbers of a flat quote, or nothing where a quote needs the long way."""
        flat: _Quote | tuple[()] = ()
        if not self.overrides and not self.multipliers and self._discount is None:
            # the common case by far, and a catalog has a hundred thousand of them: no ladder of rates is needed
            if self.prompt is not None and self.completion is not None:
                cached = self.prompt if self.input_cache_read is None else self.input_cache_read
                flat = (self.prompt, self.completion, cached, self.request or 0)
        elif not self.overrides:
            rates = self.ladder_of_default().rates(0, None)
            if rates.places == PLACES and rates.prompt is not None and rates.completion is not None and rates.input_cache_read is not None:
                number, places = self.rate
                parts = [divmod(part * number, 10**places) for part in (rates.prompt, rates.completion, rates.input_cache_read, rates.request or 0)]
                if not any(rest for _, rest in parts):
                    flat = tuple(whole for whole, _ in parts)
        _set_quote(self, flat)
        return flat

    def _quote_tiered(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int, now: float | None) -> int | Decimal | None:
        rates = self.ladder_of_default().rates(prompt_tokens, None if now is None else instant_at(now))
        if rates.prompt is None or rates.completion is None or rates.input_cache_read is None:
            return None
        number, places = self.rate
        total = rates.prompt * (prompt_tokens - cached_tokens) + rates.input_cache_read * cached_tokens
        total = (total + rates.completion * completion_tokens + (rates.request or 0)) * number
        whole, rest = divmod(total, 10 ** (rates.places - PLACES + places))
        return as_decimal(total, rates.places - PLACES + places) if rest else whole

    def ladder_of_default(self) -> Ladder:
        """Return the rates of the default tier and region, kept apart because nearly every request asks for them."""
        ladder = self._default
        if ladder is None:
            ladder = Ladder(DEFAULT_TIER, self.prices, self.multipliers, self.overrides, None)
            _set_default(self, ladder)
        return ladder

    def ladder(self, tier: str, region: Rate | None = None) -> Ladder:
        """Return the rates of a served ``tier`` (``batch``, ``flex``, ``priority``; any other is the default) and a ``region``'s multiplier.

        Each is built once and kept; a bounded number of them, as regions' multipliers are the caller's.

        Args:
            tier: The served tier.
            region: The region's multiplier, where it has one.

        Returns:
            The rates by prompt length.
        """
        if tier not in TIERS:
            tier = DEFAULT_TIER
            if region is None:
                return self.ladder_of_default()
        kept = self._kept
        if kept is None:
            kept = {}
            _set_kept(self, kept)
        ladder = kept.get((tier, region))
        if ladder is None:
            ladder = self._ladder(tier, region)
            if len(kept) >= _MAX_KEPT:
                kept.clear()
            kept[tier, region] = ladder
        return ladder

    def _ladder(self, tier: str, region: Rate | None) -> Ladder:
        variant = self.variants.get(tier)
        factors = []
        # the shorthand stands in place of a card of the batch tier
        if tier == "batch" and variant is None and self.batch_multiplier is not None:
            factors.append(("batch_multiplier", self.batch_multiplier))
        if region is not None:
            factors.append(("", region))
        return Ladder(tier, self.prices, self.multipliers, self.overrides, variant, tuple(factors))

    def _key(self) -> tuple[object, ...]:
        variants = tuple(
            (tier, card.key(), None if own is None else tuple(inner.key() for inner in own)) for tier, (card, own) in sorted(self.variants.items())
        )
        return (
            frozenset(self.prices.items()),
            frozenset(self.multipliers.items()),
            self._discount,
            self.batch_multiplier,
            tuple(card.key() for card in self.overrides),
            variants,
            frozenset(self.regions.items()),
        )

    def __eq__(self, other: object) -> bool:
        return self is other or self._key() == other._key() if isinstance(other, Pricing) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"Pricing.parse({self.to_mapping()!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy by value; what was compiled is compiled again."""
        return _parsed, (self.to_mapping(),)

    def to_mapping(self) -> dict[str, Any]:
        """Return the wire's ``pricing`` object, prices as plain decimal text. Parsing it gives an equal price list.

        >>> Pricing.parse({"prompt": 2e-07, "request": None, "discount": 0.25}).to_mapping()
        {'prompt': '0.0000002', 'discount': '0.25'}
        """
        mapping = named(self.prices, self.multipliers)
        if self._discount is not None:
            mapping["discount"] = plain(*self._discount)
        if self.batch_multiplier is not None:
            mapping["batch_multiplier"] = plain(*self.batch_multiplier)
        if self.regions:
            mapping["region_multipliers"] = {name: plain(*rate) for name, rate in self.regions.items()}
        if self.variants:
            variants = mapping["variants"] = {}
            for tier, (card, own) in self.variants.items():
                variants[tier] = card.to_mapping()
                if own is not None:
                    variants[tier]["overrides"] = [inner.to_mapping() for inner in own]
        if self.overrides:
            mapping["overrides"] = [card.to_mapping() for card in self.overrides]
        return mapping


# slots are filled through their descriptors: an instance refuses ordinary assignment, and building 100,000 of them must stay cheap
_new: Final = object.__new__
_set_prices: Final = Pricing.__dict__["prices"].__set__
_set_multipliers: Final = Pricing.__dict__["multipliers"].__set__
_set_overrides: Final = Pricing.__dict__["overrides"].__set__
_set_variants: Final = Pricing.__dict__["variants"].__set__
_set_regions: Final = Pricing.__dict__["regions"].__set__
_set_batch: Final = Pricing.__dict__["batch_multiplier"].__set__
_set_discount: Final = Pricing.__dict__["_discount"].__set__
_set_prompt: Final = Pricing.__dict__["prompt"].__set__
_set_completion: Final = Pricing.__dict__["completion"].__set__
_set_cache_read: Final = Pricing.__dict__["input_cache_read"].__set__
_set_request: Final = Pricing.__dict__["request"].__set__
_set_image: Final = Pricing.__dict__["image"].__set__
_set_quote: Final = Pricing.__dict__["_quote"].__set__
_set_default: Final = Pricing.__dict__["_default"].__set__
_set_kept: Final = Pricing.__dict__["_kept"].__set__


def _build(
    prices: dict[str, int],
    multipliers: dict[str, Rate],
    discount: Rate | None,
    batch_multiplier: Rate | None,
    overrides: tuple[PriceCard, ...],
    variants: dict[str, Variant],
    regions: dict[str, Rate],
) -> Pricing:
    pricing = _new(Pricing)
    get = prices.get
    _set_prices(pricing, prices)
    _set_multipliers(pricing, multipliers)
    _set_overrides(pricing, overrides)
    _set_variants(pricing, variants)
    _set_regions(pricing, regions)
    _set_batch(pricing, batch_multiplier)
    _set_discount(pricing, discount)
    _set_prompt(pricing, get("prompt"))
    _set_completion(pricing, get("completion"))
    _set_cache_read(pricing, get("input_cache_read"))
    _set_request(pricing, get("request"))
    _set_image(pricing, get("image"))
    _set_quote(pricing, None)
    _set_kept(pricing, None)
    _set_default(pricing, None)
    return pricing


_EMPTY: Final = _build({}, {}, None, None, (), {}, {})


def expected_price(
    pricing: Pricing | Mapping[str, Any], prompt_tokens: int, completion_tokens: int, *, cached_tokens: int = 0, time_utc: datetime | None = None
) -> Decimal | None:
    """Return what a text request is expected to cost: ranking's price, and the biller's too (``Pricing.quote_femtodollars``).

    Args:
        pricing: The price list, parsed or as the wire's object.
        prompt_tokens: Tokens of the prompt, the cached ones among them.
        completion_tokens: Tokens of the answer.
        cached_tokens: Tokens read from a cache; beyond the prompt they count as the prompt.
        time_utc: When, for prices with time windows. Without it no timed card holds.

    Returns:
        USD, exact; ``None`` without a prompt or a completion price.

    Example:
        >>> expected_price({"prompt": "0.00000027", "completion": "0.0000004"}, 1200, 300)
        Decimal('0.000444')
    """
    price_list = pricing if isinstance(pricing, Pricing) else Pricing.parse(pricing)
    now = None if time_utc is None else (time_utc if time_utc.tzinfo is not None else time_utc.replace(tzinfo=UTC)).timestamp()
    quote = price_list.quote_femtodollars(prompt_tokens, completion_tokens, min(cached_tokens, prompt_tokens), now)
    return None if quote is None else usd(quote)


def _parsed(mapping: dict[str, Any]) -> Pricing:
    """Read a pickled price list. A function of the module, as clusters' picklers lose the defaults of bound ones."""
    return Pricing.parse(mapping)
