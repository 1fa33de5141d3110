"""The bill of one response, item by item, and how it became a charge.

Everything inside is a whole number of 10^-places USD; ``Decimal`` and text are made when they are asked for. Nothing is rounded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from routecore.cost.context import PLAIN, tier_of
from routecore.cost.items import ITEMS, billed, line_counts
from routecore.pricing.classes import CLASSES, MEASURES, TOKEN
from routecore.pricing.money import as_decimal, plain
from routecore.pricing.rate import ONE, Rate, product, reduced, times
from routecore.usage.fields import all_counts
from routecore.usage.report import Anomaly

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from routecore.cost.context import CostContext
    from routecore.pricing.price_list import Pricing
    from routecore.pricing.rates import Rates
    from routecore.showing.html import View
    from routecore.usage.counts import Usage
    from routecore.usage.stated import Stated

__all__ = ["CostBreakdown", "Line"]


_READ, _WRITE_5, _WRITE_1 = (ITEMS.index(name) for name in ("prompt_cache_read_cost", "prompt_cache_write_5_min", "prompt_cache_write_1_h"))


class Line(NamedTuple):
    """One line of a bill: ``count`` × ``unit_price`` = ``amount`` (USD), and the key of the price card that the price came from.

    ``item`` is the breakdown's item that the line belongs to, ``what`` what was counted, ``unit`` ``token``, ``request``, ``image``, ``search`` or ``call``.
    """

    item: str
    what: str
    count: int  # type: ignore[assignment] # a line counts; nobody counts in a line
    unit: str
    unit_price: Decimal
    amount: Decimal
    source: str


class CostBreakdown:
    """The cost of one response, in items, and how it became a charge. Built by ``calculate_cost``.

    ``items`` and ``list_units`` are whole numbers of 10^-``places`` USD; the properties give USD as ``Decimal``, ``to_dict()`` the wire's text.
    """

    __slots__ = ("context", "insured", "items", "list_units", "pricing", "rates", "usage")

    def __init__(
        self,
        pricing: Pricing,
        usage: Usage,
        context: CostContext,
        rates: Rates,
        items: tuple[int, ...],
        list_units: int,
        insured: bool,  # noqa: FBT001 - the hot path passes by position
    ) -> None:
        self.pricing = pricing
        self.usage = usage
        self.context = context
        self.rates = rates
        self.items = items
        self.list_units = list_units
        self.insured = insured

    @property
    def places(self) -> int:
        """Decimal places of the unit that the whole numbers count."""
        return self.rates.places

    @property
    def is_byok(self) -> bool:
        """Whether the attempt that served was made with the caller's own key."""
        return self.context.is_byok

    @property
    def cards(self) -> tuple[str, ...]:
        """The conditional cards and variants that applied, as paths of the pricing object; empty where the standing prices did."""
        return self.rates.cards

    def charge(self) -> Rate:
        """Return what the account is charged as (n, k), n × 10^-k USD, exact: the form that sums over a log."""
        if self.insured:
            return 0, 0
        context = self.context
        return product((self.list_units, self.rates.places), self.pricing.rate, context.byok_fee_rate if context.is_byok else context.discount_rate)

    def upstream(self) -> Rate:
        """Return what the provider may bill as (n, k), n × 10^-k USD, exact."""
        return product((self.list_units, self.rates.places), self.pricing.rate)

    @property
    def cost(self) -> Decimal:
        """What the account is charged, in USD: 0 if insured; a fee on ``byok_cost`` with the caller's own key; else ``discounted_cost``."""
        if self.context is PLAIN and not self.insured and self.pricing.rate is ONE:
            return as_decimal(self.list_units, self.rates.places)
        return as_decimal(*self.charge())

    @property
    def list_cost(self) -> Decimal:
        """The sum of all items, before any discount."""
        return as_decimal(self.list_units, self.rates.places)

    @property
    def discount_rate(self) -> Decimal:
        """The multiplier that makes the list cost the discounted one: (1 − the endpoint's discount) × the account's. 1 is no discount."""
        return as_decimal(*times(self.pricing.rate, self.context.discount_rate))

    @property
    def discounted_cost(self) -> Decimal:
        """``list_cost`` × ``discount_rate``: what the response costs after the cache and after every discount."""
        return as_decimal(*product(self.upstream(), self.context.discount_rate))

    @property
    def upstream_cost(self) -> Decimal:
        """What the provider may bill, insured or not: it knows the endpoint's discount and nothing of the account's."""
        return as_decimal(*self.upstream())

    @property
    def byok_cost(self) -> Decimal:
        """What the provider bills the key's owner; 0 where the key was not the caller's own."""
        return as_decimal(*self.upstream()) if self.context.is_byok else as_decimal(0, 0)

    def uncached_units(self) -> int | None:
        """Return the list cost as if nothing had been cached; ``None`` where a price that only then would count is unknown."""
        usage, rates = self.usage, self.rates
        items = self.items
        units = self.list_units - items[_READ] - items[_WRITE_5] - items[_WRITE_1]
        text = usage.cached + usage.cached_explicit + usage.written_5m + usage.written_1h
        for count, rate in ((text, rates.prompt), (usage.cached_audio, rates.audio), (usage.cached_image, rates.image_token)):
            if count:
                if rate is None:
                    return None
                units += count * rate
        return units

    @property
    def uncached_list_cost(self) -> Decimal | None:
        """The list cost as if nothing had been read from a cache or written to one; ``None`` if that needs a price that is not known."""
        units = self.uncached_units()
        return None if units is None else as_decimal(units, self.rates.places)

    @property
    def cache_savings(self) -> Decimal | None:
        """``uncached_list_cost`` − ``list_cost``; negative where writes cost more than reads saved."""
        units = self.uncached_units()
        return None if units is None else as_decimal(units - self.list_units, self.rates.places)

    def units(self, item: str) -> int:
        """Return one item as a whole number of 10^-``places`` USD."""
        return self.items[ITEMS.index(item)]

    def _writes(self) -> Rate:
        return self.items[_WRITE_5] + self.items[_WRITE_1], self.rates.places

    def item(self, name: str) -> Decimal:
        """Return one item in USD by its wire name, such as ``prompt_cost`` or ``request_cost``.

        >>> from routecore.cost.calculate import calculate_cost
        >>> calculate_cost({"prompt": "0.000001"}, {"prompt_tokens": 12, "completion_tokens": 0}, finish_reason="stop").item("prompt_cost")
        Decimal('0.000012')
        """
        if name == "prompt_cache_write_cost":
            return as_decimal(*self._writes())
        return as_decimal(self.units(name), self.rates.places)

    @property
    def anomalies(self) -> tuple[Anomaly, ...]:
        """What was odd: counts that cannot be, that nobody read or that are missing; calls without a price; cards without a time; tiers unknown or stated otherwise."""
        usage, context = self.usage, self.context
        found = list(usage.anomalies)
        if not usage.plain:
            found.extend(self._unpriced())
        if context.instant is None:
            ladder = self.pricing.ladder(context.tier, context.region)
            if ladder.timed:
                unasked = ladder.unasked(usage.prompt_tokens)
                found.extend(Anomaly("time_unknown", f"pricing.{path}", None, "the card does not hold") for path in unasked)
        if usage.stated is not None:
            found.extend(self._stated(usage.stated))
        if not usage.anomalies and not self.insured and not any(all_counts(usage)):
            found.append(Anomaly("no_usage", "usage", None, 0))
        if not context.tier_is_known:
            found.append(Anomaly("unknown_tier", "context.served_tier", context.asked_tier, "default"))
        return tuple(found)

    def _unpriced(self) -> Iterator[Anomaly]:
        """Give what was counted by number, or measured beside tokens, and has no price."""
        for one in CLASSES:
            if one.unit != TOKEN and one.field and getattr(self.rates, one.price) is None:
                count = billed(one, self.usage)
                if count:
                    yield Anomaly("unpriced_units" if one.unit in MEASURES else "unpriced_calls", f"pricing.{one.price}", count, 0)

    def _stated(self, stated: Stated) -> Iterator[Anomaly]:
        """Give what the usage states of its bill and the context does not say: the context holds."""
        context = self.context
        if stated.tier is not None and tier_of(stated.tier) != context.tier:
            yield Anomaly("stated_tier_differs", "usage.service_tier", stated.tier, context.tier)
        if stated.region is not None:
            region = self.pricing.regions.get(stated.region)
            if region is None:
                yield Anomaly("unknown_region", "usage.inference_geo", stated.region, 1)
            elif region != (context.region or ONE):
                yield Anomaly("stated_region_differs", "usage.inference_geo", stated.region, plain(*(context.region or ONE)))
        if stated.is_byok and not context.is_byok:
            yield Anomaly("stated_byok_differs", "usage.is_byok", True, False)

    @property
    def lines(self) -> list[Line]:
        """The bill line by line, each count × unit price = amount, in the order of the items; the amounts add up to ``list_cost``."""
        places, sources = self.rates.places, self.rates.sources
        lines = []
        for one, count in line_counts(self.usage, self.rates):
            rate = getattr(self.rates, one.price) or 0
            if rate or one.field:
                source = sources.get(one.price, "no price")
                lines.append(Line(one.item, one.what, count, one.unit, as_decimal(rate, places), as_decimal(count * rate, places), source))
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Return the wire's answer: ``cost``, ``cost_details`` with the platform's sixteen keys, and what stands beside them; amounts as decimal text."""
        places, units = self.rates.places, self.list_units
        prompt, completion, read, five, hour, reasoning, image, audio, video, native, plugin, tools, request = (
            plain(number, places) if number else "0" for number in self.items
        )
        context, endpoint, account = self.context, self.pricing.rate, self.context.discount_rate
        uncached = self.uncached_units()
        listed = plain(units, places)
        # without a discount the figures are the same, and need spelling out once
        upstream = listed if endpoint == ONE else plain(*self.upstream())
        discounted = upstream if account == ONE else plain(*product((units, places), endpoint, account))
        return {
            "cost": "0" if self.insured else plain(*self.charge()) if context.is_byok else discounted,
            "cost_details": {
                "prompt_cost": prompt,
                "completion_cost": completion,
                "prompt_cache_read_cost": read,
                "prompt_cache_write_cost": five if hour == "0" else plain(*self._writes()),
                "prompt_cache_write_5_min": five,
                "prompt_cache_write_1_h": hour,
                "reasoning_cost": reasoning,
                "image_cost": image,
                "audio_cost": audio,
                "video_cost": video,
                "native_web_search_cost": native,
                "plugin_web_search_cost": plugin,
                "tools_cost": tools,
                "discount_rate": plain(*times(endpoint, account)),
                "is_byok": context.is_byok,
                "byok_cost": upstream if context.is_byok else "0",
            },
            "request_cost": request,
            "list_cost": listed,
            "discounted_cost": discounted,
            "uncached_list_cost": None if uncached is None else listed if uncached == units else plain(uncached, places),
            "cache_savings": None if uncached is None else plain(uncached - units, places),
            "upstream_cost": upstream,
            "insured": self.insured,
            "anomalies": [anomaly.to_dict() for anomaly in self.anomalies],
            "cards": list(self.rates.cards),
        }

    def __eq__(self, other: object) -> bool:
        return self.to_dict() == other.to_dict() if isinstance(other, CostBreakdown) else NotImplemented

    def __hash__(self) -> int:
        return hash((reduced(self.list_units, self.rates.places), self.usage))

    def explain(self) -> View:
        """Return the whole bill, to look at: each line as count × unit price = amount, then how the list cost became the charge.

        Plain text where it is printed or echoed, HTML in a notebook.
        """
        from routecore.cost.view import show_breakdown
        from routecore.showing.html import View

        return View(lambda sheet: show_breakdown(self, sheet))

    def __str__(self) -> str:
        return str(self.explain())

    def _repr_html_(self) -> str:
        return self.explain()._repr_html_()

    def __repr__(self) -> str:
        return f"<CostBreakdown cost={plain(*self.charge())} list_cost={plain(self.list_units, self.rates.places)} USD{' insured' if self.insured else ''}>"
