"""One response's cost breakdown, beside whole-number arithmetic written out by hand and beside two public calculators.

All price the same usages (long-context tier, cache reads and writes, reasoning) by the same card and must agree to 1e-9 before anything is timed.
The peers get their usages and their prices ready-made, in their own types, through their leanest public call; what they spend on finding a model is not counted,
but in the two rows that say "by name".
"""

from __future__ import annotations

import os
import random
from decimal import Decimal
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from benchmarks.harness import Row, compare, interleaved
from routecore.cost.calculate import calculate_cost
from routecore.pricing.price_list import Pricing
from routecore.usage.counts import Usage

if TYPE_CHECKING:
    from collections.abc import Callable

CARD = {
    "prompt": "0.000003", "completion": "0.000015", "input_cache_read": "0.0000003", "input_cache_write": "0.00000375",
    "overrides": [
        {"min_prompt_tokens": 200000, "prompt": "0.000006", "completion": "0.0000225", "input_cache_read": "0.0000006", "input_cache_write": "0.0000075"}
    ],
}  # fmt: skip
SHORT = (3_000_000_000, 15_000_000_000, 300_000_000, 3_750_000_000)
LONG = (6_000_000_000, 22_500_000_000, 600_000_000, 7_500_000_000)
NAMES = ("genai-prices", "litellm", "genai-prices by name", "litellm by name")


def bodies(count: int) -> list[dict[str, Any]]:
    draw = random.Random(3)
    made = []
    for _ in range(count):
        prompt = draw.choice((draw.randrange(50, 4000), draw.randrange(4000, 150_000), draw.randrange(150_000, 400_000)))
        cached = draw.choice((0, draw.randrange(prompt)))
        written = draw.choice((0, 0, draw.randrange(prompt - cached)))
        completion = draw.randrange(1, 3000)
        made.append({
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written},
            "completion_tokens_details": {"reasoning_tokens": draw.choice((0, draw.randrange(completion)))},
        })  # fmt: skip
    return made


def floor(body: dict[str, Any], finish_reason: str | None) -> dict[str, Any]:
    """The same breakdown in whole femtodollars, for this one card and this one dialect: no checks, no types, no other case."""
    details, out = body["prompt_tokens_details"], body["completion_tokens_details"]
    prompt, completion = body["prompt_tokens"], body["completion_tokens"]
    cached, written, reasoning = details["cached_tokens"], details["cache_write_tokens"], out["reasoning_tokens"]
    return floor_counts(prompt - cached - written, cached, written, completion - reasoning, reasoning, finish_reason)


def floor_counts(fresh: int, cached: int, written: int, text_out: int, reasoning: int, finish_reason: str | None) -> dict[str, Any]:
    prompt_rate, completion_rate, read_rate, write_rate = LONG if fresh + cached + written > 200_000 else SHORT
    prompt_cost, read_cost, write_cost = fresh * prompt_rate, cached * read_rate, written * write_rate
    completion_cost = (text_out + reasoning) * completion_rate
    list_cost = prompt_cost + read_cost + write_cost + completion_cost
    insured = finish_reason == "error" or (not finish_reason and not (text_out or reasoning))
    return {
        "cost": 0 if insured else list_cost,
        "cost_details": {
            "prompt_cost": prompt_cost, "completion_cost": completion_cost, "prompt_cache_read_cost": read_cost, "prompt_cache_write_cost": write_cost,
            "prompt_cache_write_5_min": write_cost, "prompt_cache_write_1_h": 0, "reasoning_cost": 0, "image_cost": 0, "audio_cost": 0, "video_cost": 0,
            "native_web_search_cost": 0, "plugin_web_search_cost": 0, "tools_cost": 0, "discount_rate": 1, "is_byok": False, "byok_cost": 0,
        },
        "list_cost": list_cost,
        "insured": insured,
    }  # fmt: skip


def run(quick: bool = False) -> list[Row]:  # noqa: C901, FBT001, FBT002 - the registry's signature; one loop a thing that is timed
    count, rounds, repeats = (100, 15, 5) if quick else (200, 40, 10)
    raw = bodies(count)
    pricing = Pricing.parse(CARD)
    usages = [Usage.parse(body) for body in raw]
    plain = [(usage.text, usage.cached, usage.written_5m, usage.text_out, usage.reasoning) for usage in usages]
    peers = _peers(raw)
    _check(pricing, raw, peers)

    def mine() -> None:
        for _ in range(repeats):
            for usage in usages:
                calculate_cost(pricing, usage, finish_reason="stop")

    def mine_charged() -> None:
        for _ in range(repeats):
            for usage in usages:
                calculate_cost(pricing, usage, finish_reason="stop").cost  # noqa: B018 - reading it is the work

    def mine_from_body() -> None:
        for _ in range(repeats):
            for body in raw:
                calculate_cost(pricing, Usage.parse(body), finish_reason="stop")

    def mine_to_dict() -> None:
        for usage in usages:
            calculate_cost(pricing, usage, finish_reason="stop").to_dict()

    def floor_of_counts() -> None:
        for _ in range(repeats):
            for counts in plain:
                floor_counts(*counts, "stop")

    def floor_of_bodies() -> None:
        for _ in range(repeats):
            for body in raw:
                floor(body, "stop")

    def peer(price: Callable[[int], object]) -> Callable[[], None]:
        def work() -> None:
            for number in range(count):
                price(number)

        return work

    works: dict[str, Callable[[], object]] = {
        "breakdown": mine,
        "charged": mine_charged,
        "body": mine_from_body,
        "wire": mine_to_dict,
        "floor": floor_of_counts,
        "floor of bodies": floor_of_bodies,
        **{name: peer(price) for name, price in peers.items()},
    }
    calls = {name: count if name in peers or name == "wire" else count * repeats for name in works}
    times = interleaved(works, rounds, calls=calls)
    named = [name for name in NAMES if name in peers]
    absent = "" if len(named) == len(NAMES) else "peers that are not installed were left out"
    return [
        *compare("breakdown", times, "usage", floors=["floor"], peers=named, title="cost breakdown", note=absent),
        *compare("body", times, "usage", floors=["floor of bodies"], title="usage parsed and priced")[:2],
        compare("charged", times, "usage", peers=named, title="cost breakdown and its cost as a Decimal")[0],
        compare("wire", times, "usage", title="cost breakdown as the wire's text")[0],
    ]


def _peers(raw: list[dict[str, Any]]) -> dict[str, Callable[[int], Any]]:
    """Return each peer's call, from the number of a usage to a cost in USD; all that can be prepared is prepared."""
    peers: dict[str, Callable[[int], Any]] = {}
    if find_spec("genai_prices") is not None:
        _add_genai_prices(raw, peers)
    if find_spec("litellm") is not None:
        _add_litellm(raw, peers)
    return peers


def _add_genai_prices(raw: list[dict[str, Any]], peers: dict[str, Callable[[int], Any]]) -> None:
    import genai_prices
    from genai_prices import types

    def tiered(base: str, above: str) -> Any:
        return types.TieredPrices(base=Decimal(base), tiers=[types.Tier(start=200_000, price=Decimal(above))])

    card = types.ModelPrice(
        input_mtok=tiered("3", "6"), output_mtok=tiered("15", "22.5"), cache_read_mtok=tiered("0.3", "0.6"), cache_write_mtok=tiered("3.75", "7.5")
    )
    usages = [
        genai_prices.Usage(
            input_tokens=body["prompt_tokens"],
            cache_read_tokens=body["prompt_tokens_details"]["cached_tokens"],
            cache_write_tokens=body["prompt_tokens_details"]["cache_write_tokens"],
            output_tokens=body["completion_tokens"],
        )
        for body in raw
    ]
    peers["genai-prices"] = lambda number: card.calc_price(usages[number])["total_price"]
    # its own card of a model with the same prices
    name, provider = "claude-sonnet-4-5", "anthropic"
    peers["genai-prices by name"] = lambda number: genai_prices.calc_price(usages[number], name, provider_id=provider).total_price


def _add_litellm(raw: list[dict[str, Any]], peers: dict[str, Callable[[int], Any]]) -> None:
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    import litellm
    from litellm.litellm_core_utils.llm_cost_calc.utils import generic_cost_per_token

    litellm.suppress_debug_info = True
    name, provider = "routecore-benchmark", "openai"
    card = {
        "litellm_provider": provider, "mode": "chat", "max_tokens": 1_000_000,
        "input_cost_per_token": 3e-6, "output_cost_per_token": 1.5e-5, "cache_read_input_token_cost": 3e-7, "cache_creation_input_token_cost": 3.75e-6,
        "input_cost_per_token_above_200k_tokens": 6e-6, "output_cost_per_token_above_200k_tokens": 2.25e-5,
        "cache_read_input_token_cost_above_200k_tokens": 6e-7, "cache_creation_input_token_cost_above_200k_tokens": 7.5e-6,
    }  # fmt: skip
    litellm.register_model({name: card})
    info = litellm.get_model_info(name, provider)
    usages = [
        litellm.Usage(
            prompt_tokens=body["prompt_tokens"],
            completion_tokens=body["completion_tokens"],
            total_tokens=body["total_tokens"],
            prompt_tokens_details={
                "cached_tokens": body["prompt_tokens_details"]["cached_tokens"],
                "cache_creation_tokens": body["prompt_tokens_details"]["cache_write_tokens"],
            },
        )
        for body in raw
    ]
    peers["litellm"] = lambda number: sum(generic_cost_per_token(name, usages[number], provider, model_info=info))
    peers["litellm by name"] = lambda number: sum(litellm.cost_per_token(model=name, custom_llm_provider=provider, usage_object=usages[number]))


def _check(pricing: Pricing, raw: list[dict[str, Any]], peers: dict[str, Callable[[int], Any]]) -> None:
    """Stop unless floor and peers give the same cost for every usage."""
    for number, body in enumerate(raw):
        cost = calculate_cost(pricing, body, finish_reason="stop")
        want = floor(body, "stop")
        if cost.list_units != want["cost"] or cost.items[0] != want["cost_details"]["prompt_cost"]:
            raise SystemExit(f"the floor disagrees on {body}: {want} against {cost.to_dict()}")
        for name, price in peers.items():
            other = Decimal(str(price(number)))
            if abs(other - cost.cost) > cost.cost * Decimal("1e-9"):
                raise SystemExit(f"{name} disagrees on {body}: {other} against {cost.cost}")
