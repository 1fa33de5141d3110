"""The ``provider`` block and the account's standing policy, each parsed once into a frozen value.

Equal blocks give equal ``Preferences``, whatever their spelling (``null``, ``[]``, letter case), so they can be a cache's key.
Every fault of a block is found before any is raised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from routecore.catalog.endpoint import QUANTIZATIONS
from routecore.errors import Fault, InvalidPreferences
from routecore.pricing.money import decimal_parts
from routecore.reading.checks import INTEGER_LIMIT, NUMBER_EXPECTED, below, number
from routecore.reading.objects import read_object
from routecore.request.fields import Providers, flag, one_of, read_data_collection, read_list, settle, slugs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routecore.reading.objects import Reader

__all__ = ["PERCENTILES", "PREFERENCE_KEYS", "MaxPrice", "Preferences"]

PERCENTILES: Final = ("p50", "p75", "p90", "p99")
SORTS: Final = ("price", "throughput", "latency", "exacto")
"""Names that ``sort`` knows; ``routing.ranking.sorting.SORTS`` has a row for each."""
PARTITIONS: Final = ("model", "none")

PREFERENCE_KEYS: Final = {
    "order": "slugs, tried first, in this order",
    "allow_fallbacks": "false: nothing beyond `order`; without `order`: only the first attempt of each model",
    "require_parameters": "true: endpoints lacking a parameter of the request are removed; not given: they rank last; false: not looked at",
    "data_collection": "`deny` removes endpoints that train on or store prompts",
    "zdr": "true: only endpoints with zero data retention",
    "enforce_distillable_text": "true: only models whose author allows distillation",
    "only": "slugs; removes all others",
    "ignore": "slugs; removes these",
    "quantizations": "levels; keeps only these",
    "sort": "`price`, `throughput`, `latency` or `exacto`, or `{by, partition}`: deterministic order instead of the balance",
    "preferred_min_throughput": "tokens per second, a number (p50) or `{p50, p75, p90, p99}`; endpoints below move to the end",
    "preferred_max_latency": "seconds, a number (p50) or `{p50, p75, p90, p99}`; endpoints above move to the end",
    "max_price": "`{prompt, completion, request, image}` in USD per million tokens, per request, per image; removes dearer endpoints",
}
"""Every key of the provider block with its effect. The reference page is made from this table."""

_BODY_KEYS: Final = frozenset(
    [
        "model",
        "models",
        "messages",
        "input",
        "system",
        "instructions",
        "prompt",
        "tools",
        "tool_choice",
        "max_tokens",
        "max_completion_tokens",
        "max_output_tokens",
        "temperature",
        "top_p",
        "top_k",
        "top_a",
        "min_p",
        "seed",
        "stop",
        "stop_sequences",
        "frequency_penalty",
        "presence_penalty",
        "repetition_penalty",
        "logit_bias",
        "logprobs",
        "top_logprobs",
        "response_format",
        "structured_outputs",
        "reasoning",
        "reasoning_effort",
        "include_reasoning",
        "thinking",
        "verbosity",
        "web_search_options",
        "text",
        "stream",
        "user",
        "session_id",
        "prompt_cache_key",
        "service_tier",
        "speed",
    ]
)


@attrs.frozen
class MaxPrice:
    """Price limits in whole femtodollars a unit (token, request, image); an equal price stays. ``None``: no limit.

    Limits are rounded down to a femtodollar, which changes nothing: prices are whole femtodollars.
    """

    prompt: int | None = None
    completion: int | None = None
    request: int | None = None
    image: int | None = None


@attrs.frozen(cache_hash=True)
class Preferences:
    """What a caller's ``provider`` block asks for. ``Preferences.parse(block)`` reads one; ``Preferences()`` asks for nothing.

    ``sort`` is the key to sort by, or ``None`` for the balance. Thresholds are ``(percentile index, cutoff)`` pairs, in seconds and tokens per second.

    >>> Preferences.parse({"order": ["DeepInfra"], "ignore": []}) == Preferences(order=("deepinfra",))
    True
    """

    order: tuple[str, ...] = ()
    allow_fallbacks: bool = True
    require_parameters: bool | None = None
    deny_data_collection: bool = False
    zdr: bool = False
    enforce_distillable_text: bool = False
    only: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    quantizations: tuple[str, ...] = ()
    sort: str | None = None
    partition: str = "model"
    min_throughput: tuple[tuple[int, float], ...] = ()
    max_latency: tuple[tuple[int, float], ...] = ()
    max_price: MaxPrice | None = None

    @classmethod
    def parse(cls, block: object, path: str = "provider", providers: Providers | None = None) -> Preferences:
        """Read a provider block.

        Args:
            block: the caller's JSON; ``None`` and ``{}`` are "not given", and so is a key whose value is ``None`` or empty.
            path: where it stands.
            providers: the catalog that knows display names; without one, text with white space is a fault.

        Returns:
            The preferences; equal blocks give equal ones.

        Raises:
            InvalidPreferences: with every fault of the block: unknown keys, wrong types, unknown enum values, negative or non-finite numbers.

        Example:
            >>> Preferences.parse({"sort": "speed", "zrd": True})
            Traceback (most recent call last):
            routecore.errors.InvalidPreferences: 2 faults in the provider block: provider.sort: 'speed' is not one of 'price', 'throughput', 'latency', 'exacto', \
or an object with 'by' and 'partition'; provider.zrd: True is not a key of the provider block; did you mean 'zdr'?
        """
        if block is None:
            return _NO_PREFERENCES
        faults: list[Fault] = []
        found = read_object(
            block, path, _READERS, faults, expected="an object: the provider block", key_expected="a key of the provider block", elsewhere=_elsewhere
        )
        settle(faults, 0, providers)
        if faults:
            raise InvalidPreferences(faults)
        return cls(**found) if found else _NO_PREFERENCES


def _elsewhere(key: str) -> str | None:
    return f"; {key!r} belongs beside it, in the request body" if key in _BODY_KEYS else None


def _read_quantizations(found: dict[str, Any], value: object, path: str, faults: list[Fault]) -> None:
    before = len(faults)
    levels = read_list(value, path, faults, "a list of quantization levels")
    for index, level in enumerate(levels):
        if not isinstance(level, str) or (level not in QUANTIZATIONS and level != "none"):
            faults.append(Fault(f"{path}[{index}]", level, one_of(QUANTIZATIONS)))
    if len(faults) == before:
        # the order of the levels means nothing: equal sets give equal preferences
        found["quantizations"] = tuple(sorted({"unknown" if level == "none" else level for level in levels}))


def _read_sort(found: dict[str, Any], value: object, path: str, faults: list[Fault]) -> None:
    if isinstance(value, str) and value in SORTS:
        found["sort"] = value
        return
    if not isinstance(value, dict):
        faults.append(Fault(path, value, f"{one_of(SORTS)}, or an object with 'by' and 'partition'"))
        return
    for key, item in value.items():
        allowed = {"by": SORTS, "partition": PARTITIONS}.get(key) if isinstance(key, str) else None
        if allowed is None:
            faults.append(Fault(below(path, key), item, "a key of 'sort', which has 'by' and 'partition'"))
        elif item is not None:
            if not isinstance(item, str) or item not in allowed:
                faults.append(Fault(below(path, key), item, one_of(allowed)))
            found["sort" if key == "by" else "partition"] = item


def _cutoffs(name: str, unit: str) -> Reader:
    def read(found: dict[str, Any], value: object, path: str, faults: list[Fault]) -> None:
        if not isinstance(value, dict):
            cutoff = number(value)
            if cutoff is None:
                faults.append(Fault(path, value, f"{NUMBER_EXPECTED} ({unit} at p50), or an object with p50, p75, p90, p99"))
            else:
                found[name] = ((0, cutoff),)
            return
        cutoffs = []
        for key, item in value.items():
            if key not in PERCENTILES:
                faults.append(Fault(below(path, key), item, "a percentile that is kept: p50, p75, p90 or p99"))
            elif item is not None:
                cutoff = number(item)
                if cutoff is None:
                    faults.append(Fault(below(path, key), item, f"{NUMBER_EXPECTED} ({unit})"))
                else:
                    cutoffs.append((PERCENTILES.index(key), cutoff))
        found[name] = tuple(sorted(cutoffs))

    return read


_LONGEST_DECIMAL: Final = 64
_MOST_DIGITS: Final = 45

PRICE_LIMITS: Final = {"prompt": (9, "USD/Mtok"), "completion": (9, "USD/Mtok"), "request": (15, "USD/request"), "image": (15, "USD/image")}
"""Prices that can be limited: the power of ten from the wire's USD to femtodollars a unit (token, request, image), and the wire's unit in words."""


def _read_max_price(found: dict[str, Any], value: object, path: str, faults: list[Fault]) -> None:
    if not isinstance(value, dict):
        faults.append(Fault(path, value, "an object with prompt, completion, request and image"))
        return
    limits = {}
    for key, item in value.items():
        unit = PRICE_LIMITS.get(key) if isinstance(key, str) else None
        if unit is None:
            faults.append(Fault(below(path, key), item, "a price that can be limited: prompt, completion, request or image"))
        elif item is not None:
            limit = _femtodollars(item, unit[0])
            if limit is None:
                faults.append(Fault(below(path, key), item, "a price in USD: a decimal, not negative, as a number or as text"))
            else:
                limits[key] = limit
    if limits:
        found["max_price"] = MaxPrice(**limits)


def _femtodollars(value: object, power: int) -> int | None:
    """Return a limit in USD × 10**``power``, rounded down, or ``None`` if ``value`` is no finite decimal of 0 or more.

    Beyond any price it is a limit that nothing reaches; ``1e999999`` is not worth its digits.
    """
    if type(value) is int:
        return value * 10**power if 0 <= value < INTEGER_LIMIT else None
    parts = decimal_parts(value) if not isinstance(value, str) or len(value) <= _LONGEST_DECIMAL else None
    if parts is None:
        return None
    digits, exponent = parts
    exponent += power
    if len(digits) + exponent > _MOST_DIGITS:
        return int("9" * _MOST_DIGITS) if digits else 0
    return int(digits or "0") * 10**exponent if exponent >= 0 else int(digits[:exponent] or "0")


_READERS: Final[Mapping[str, Reader]] = {
    "order": slugs("order"),
    "allow_fallbacks": flag("allow_fallbacks"),
    "require_parameters": flag("require_parameters"),
    "data_collection": read_data_collection,
    "zdr": flag("zdr"),
    "enforce_distillable_text": flag("enforce_distillable_text"),
    "only": slugs("only"),
    "ignore": slugs("ignore"),
    "quantizations": _read_quantizations,
    "sort": _read_sort,
    "preferred_min_throughput": _cutoffs("min_throughput", "tokens per second"),
    "preferred_max_latency": _cutoffs("max_latency", "seconds"),
    "max_price": _read_max_price,
}
_NO_PREFERENCES: Final = Preferences()
