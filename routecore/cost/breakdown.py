"""What one response costs: a usage times the active rates, item by item, exact; then discount, own keys and insurance.

Everything inside is a whole number of 10^-places USD; ``Decimal`` and text are made when they are asked for. Nothing is rounded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from routecore.cost.context import CHARGED_REASONS, PLAIN, CostContext, is_insured
from routecore.errors import Fault, InvalidRequest, RoutecoreError, UnpricedUsage
from routecore.pricing.money import ONE, Rate, as_decimal, plain, reduced, times
from routecore.pricing.price_list import Pricing
from routecore.usage.counts import Anomaly, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from routecore.pricing.rates import Rates

__all__ = ["CostBreakdown", "Line", "calculate_cost", "cost_case", "every_item"]

_ITEMS: Final = (
    "prompt_cost",
    "completion_cost",
    "prompt_cache_read_cost",
    "prompt_cache_write_5_min",
    "prompt_cache_write_1_h",
    "reasoning_cost",
    "image_cost",
    "audio_cost",
    "video_cost",
    "native_web_search_cost",
    "plugin_web_search_cost",
    "tools_cost",
    "request_cost",
)
"""The items that add up to ``list_cost``, in the order of ``CostBreakdown.items``."""


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
        number, places = self.list_units, self.rates.places
        pricing, context = self.pricing, self.context
        factor = pricing.rate
        other = context.byok_fee_rate if context.is_byok else context.discount_rate
        return number * factor[0] * other[0], places + factor[1] + other[1]

    def _times(self, units: int, *factors: Rate) -> Rate:
        places = self.rates.places
        for number, more in factors:
            units, places = units * number, places + more
        return units, places

    def upstream(self) -> Rate:
        """Return what the provider may bill as (n, k), n × 10^-k USD, exact."""
        return self._times(self.list_units, self.pricing.rate)

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
        return as_decimal(*self._times(self.list_units, self.pricing.rate, self.context.discount_rate))

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
        _, cached, audio, image, five, hour = self.usage[:6]
        rates = self.rates
        units = self.list_units - self.items[2] - self.items[3] - self.items[4]
        for count, rate in ((cached + five + hour, rates.prompt), (audio, rates.audio), (image, rates.image_token)):
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

    def item(self, name: str) -> Decimal:
        """Return one item in USD by its wire name, such as ``prompt_cost`` or ``request_cost``.

        >>> calculate_cost({"prompt": "0.000001"}, {"prompt_tokens": 12, "completion_tokens": 0}, finish_reason="stop").item("prompt_cost")
        Decimal('0.000012')
        """
        if name == "prompt_cache_write_cost":
            return as_decimal(self.items[3] + self.items[4], self.rates.places)
        return as_decimal(self.items[_ITEMS.index(name)], self.rates.places)

    @property
    def anomalies(self) -> tuple[Anomaly, ...]:
        """What was odd: impossible counts in the usage, calls without a price, timed cards without a time, a tier that nobody knows."""
        rates, usage, context = self.rates, self.usage, self.context
        found = list(usage.anomalies)
        if any(usage[14:19]):
            for count, rate, name in (
                (usage.searches, rates.web_search, "web_search"),
                (usage.plugin_searches, rates.plugin_web_search, "plugin_web_search"),
                (usage.tool_calls, rates.tool_call, "tool_call"),
                (_images(usage), rates.image, "image"),
                (_images_out(usage), rates.image_output, "image_output"),
            ):
                if count and rate is None:
                    found.append(Anomaly("unpriced_calls", f"pricing.{name}", count, 0))
        if context.instant is None:
            ladder = self.pricing.ladder(context.tier, context.region)
            if ladder.timed:
                unasked = ladder.unasked(usage.prompt_tokens)
                found.extend(Anomaly("time_unknown", f"pricing.{path}", None, "the card does not hold") for path in unasked)
        if not context.tier_is_known:
            found.append(Anomaly("unknown_tier", "context.served_tier", context.asked_tier, "default"))
        return tuple(found)

    @property
    def lines(self) -> list[Line]:
        """The bill line by line, each count × unit price = amount, in the order of the items; the amounts add up to ``list_cost``."""
        places, sources = self.rates.places, self.rates.sources
        lines = []
        for item, what, count, unit, name in _line_counts(self.usage, self.rates):
            rate = getattr(self.rates, name) or 0
            if count and (rate or name != "request"):
                lines.append(Line(item, what, count, unit, as_decimal(rate, places), as_decimal(count * rate, places), sources.get(name, "no price")))
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
        discounted = upstream if account == ONE else plain(*self._times(units, endpoint, account))
        return {
            "cost": "0" if self.insured else plain(*self.charge()) if context.is_byok else discounted,
            "cost_details": {
                "prompt_cost": prompt,
                "completion_cost": completion,
                "prompt_cache_read_cost": read,
                "prompt_cache_write_cost": five if hour == "0" else plain(self.items[3] + self.items[4], places),
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

    def __repr__(self) -> str:
        return f"<CostBreakdown cost={plain(*self.charge())} list_cost={plain(self.list_units, self.rates.places)} USD{' insured' if self.insured else ''}>"


def calculate_cost(  # noqa: PLR0912 - one straight path through the hottest function; each call it saves is a tenth of its time
    pricing: Pricing | Mapping[str, Any] | None,
    usage: Usage | Mapping[str, Any],
    *,
    finish_reason: str | None = None,
    context: CostContext | Mapping[str, Any] | None = None,
) -> CostBreakdown:
    """Return what a response costs, exact to the femtodollar.

    ``pricing`` and ``usage`` are parsed forms or the wire's objects (a ``pricing`` of ``None``, as of an endpoint without prices, is unknown and so refused,
    never free); ``finish_reason`` is the response's (``None`` or blank counts for insurance);
    ``context`` as ``CostContext.parse`` reads it.

    Raises ``InvalidPricing``, ``InvalidUsage``, ``InvalidRequest`` (context, finish reason), and ``UnpricedUsage`` where tokens were used that have neither a
    price of their own nor one to fall back to: a missing price is not zero.

    Source: the platform's documentation, § Billing Tracking; its sample response is this example, which it shows as 0.000235.

    >>> cost = calculate_cost(
    ...     {"prompt": "0.0000002", "completion": "0.0000005", "input_cache_read": "0.00000005"},
    ...     {"prompt_tokens": 163, "completion_tokens": 450, "prompt_tokens_details": {"cached_tokens": 151}},
    ...     finish_reason="stop")
    >>> cost.cost, cost.item("prompt_cost"), cost.item("prompt_cache_read_cost")
    (Decimal('0.00023495'), Decimal('0.0000024'), Decimal('0.00000755'))
    """
    if type(pricing) is not Pricing:
        pricing = Pricing.parse(pricing)
    if context is None:
        context = PLAIN
    elif type(context) is not CostContext:
        context = CostContext.parse(context)
    if type(usage) is not Usage:
        usage = Usage.parse(usage, strict=context.strict)
    elif context.strict and usage.anomalies:
        raise usage.impossible()
    text, cached, cached_audio, cached_image, five, hour, audio, image, video, out, reasoning, audio_out, image_out, video_out, a, b, c, d, e, _ = usage
    modal = cached_audio or cached_image or audio or image or video or audio_out or image_out or video_out or a or b or c or d or e
    read = text + cached + five + hour
    if modal:
        read += cached_audio + cached_image + audio + image + video
    ladder = pricing.ladder_of_default() if context.plain else pricing.ladder(context.tier, context.region)
    rates = ladder.flat
    if rates is None:
        rates = ladder.rates(read, context.instant)
    simple = rates.simple
    if modal or simple is None:
        items = every_item(usage, rates)
        total = sum(items)
    else:
        prompt_rate, read_rate, five_rate, hour_rate, completion_rate, reasoning_rate, request = simple
        prompt, reads, fives, hours = text * prompt_rate, cached * read_rate, five * five_rate, hour * hour_rate
        if reasoning_rate is None:
            completion, reasons = (out + reasoning) * completion_rate, 0
        else:
            completion, reasons = out * completion_rate, reasoning * reasoning_rate
        items = (prompt, completion, reads, fives, hours, reasons, 0, 0, 0, 0, 0, 0, request)
        total = prompt + completion + reads + fives + hours + reasons + request
    if finish_reason.__class__ is str and finish_reason in CHARGED_REASONS:
        insured = False
    else:
        insured = is_insured(finish_reason, context.kind, has_output=usage.has_output)
    return CostBreakdown(pricing, usage, context, rates, items, total, insured)


def _images(usage: Usage) -> int:
    """Return how many input images are billed by number: none where images were reported as tokens."""
    return 0 if usage.image or usage.cached_image else usage.images


def _images_out(usage: Usage) -> int:
    return 0 if usage.image_out else usage.images_out


def _line_counts(usage: Usage, rates: Rates) -> tuple[tuple[str, str, int, str, str], ...]:
    """Return (item, what, count, unit, name of the rate) for every class, in the order of the items."""
    own = rates.internal_reasoning is not None
    return (
        ("prompt_cost", "fresh prompt", usage.text, "token", "prompt"),
        ("completion_cost", "completion", usage.text_out if own else usage.text_out + usage.reasoning, "token", "completion"),
        ("prompt_cache_read_cost", "cache read", usage.cached, "token", "input_cache_read"),
        ("prompt_cache_read_cost", "cache read, audio", usage.cached_audio, "token", "input_audio_cache"),
        ("prompt_cache_read_cost", "cache read, image", usage.cached_image, "token", "input_image_cache"),
        ("prompt_cache_write_5_min", "cache write, 5 minutes", usage.written_5m, "token", "input_cache_write"),
        ("prompt_cache_write_1_h", "cache write, 1 hour", usage.written_1h, "token", "input_cache_write_1h"),
        ("reasoning_cost", "reasoning", usage.reasoning if own else 0, "token", "internal_reasoning"),
        ("image_cost", "image in", usage.image, "token", "image_token"),
        ("image_cost", "image in", _images(usage), "image", "image"),
        ("image_cost", "image out", usage.image_out, "token", "image_output_token"),
        ("image_cost", "image out", _images_out(usage), "image", "image_output"),
        ("audio_cost", "audio in", usage.audio, "token", "audio"),
        ("audio_cost", "audio out", usage.audio_out, "token", "audio_output"),
        ("video_cost", "video in", usage.video, "token", "video_token"),
        ("video_cost", "video out", usage.video_out, "token", "video_output_token"),
        ("native_web_search_cost", "native web search", usage.searches, "search", "web_search"),
        ("plugin_web_search_cost", "plugin web search", usage.plugin_searches, "search", "plugin_web_search"),
        ("tools_cost", "server-side tool call", usage.tool_calls, "call", "tool_call"),
        ("request_cost", "request", 1, "request", "request"),
    )


_OUTPUT_RATES: Final = frozenset({"completion", "audio_output", "image_output_token", "video_output_token", "internal_reasoning"})


def every_item(usage: Usage, rates: Rates) -> tuple[int, ...]:
    """Return the items of any usage. Raises ``UnpricedUsage`` for tokens without a price; calls without one are 0 (and an anomaly)."""
    sums = dict.fromkeys(_ITEMS, 0)
    missing = {"prompt": 0, "completion": 0}
    for item, _, count, unit, name in _line_counts(usage, rates):
        if count:
            rate = getattr(rates, name)
            if rate is not None:
                sums[item] += count * rate
            elif unit == "token":
                missing["completion" if name in _OUTPUT_RATES else "prompt"] += count
    for side, tokens in missing.items():
        if tokens:
            raise UnpricedUsage(f"pricing.{side}", tokens)
    return tuple(sums.values())


def cost_case(case: Mapping[str, Any]) -> dict[str, Any]:
    """Answer one case of the wire: ``pricing``, ``usage``, ``usage_format``, ``finish_reason``, ``context`` in; the breakdown or an error body out.

    Never raises: faults answer ``{"error": {...}}`` with ``type`` ``invalid_pricing``, ``invalid_usage``, ``invalid_request`` or ``unpriced_usage``. Faults
    are looked for in this order: the pricing, the context and finish reason, the usage. Other keys of the case are ignored.

    >>> cost_case({"pricing": {"prompt": "0.000001"}, "usage": {"prompt_tokens": 5, "completion_tokens": 2}})["error"]["type"]
    'unpriced_usage'
    """
    try:
        if not isinstance(case, dict):
            raise InvalidRequest([Fault("case", case, "an object with pricing and usage")])
        pricing = Pricing.parse(case.get("pricing"))
        faults: list[Fault] = []
        context = CostContext.parse(case.get("context"), faults=faults)
        reason = case.get("finish_reason")
        if reason is not None and not isinstance(reason, str):
            faults.append(Fault("finish_reason", reason, "text, or null"))
        if faults:
            raise InvalidRequest(faults)
        usage = Usage.parse(case.get("usage"), case.get("usage_format"), strict=context.strict)
        return calculate_cost(pricing, usage, finish_reason=reason, context=context).to_dict()
    except RoutecoreError as error:
        return error.to_dict()
