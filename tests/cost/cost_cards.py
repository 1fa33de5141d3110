"""Random price lists and usages, and a second, literal reading of the price rules in exact fractions, to hold the calculator against."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from routecore.pricing.classes import PRICES
from routecore.usage.counts import Usage

TOKENS = Usage._fields[:14]
COUNTS = Usage._fields[:19]

prices = st.one_of(st.just("0"), st.integers(1, 10**7).map(lambda number: f"{number}e-12"), st.integers(1, 9).map(lambda number: f"{number}e-15"))
rates = st.sampled_from(["0", "0.1", "0.25", "0.5", "1", "1.25", "1.5", "2", "0.333333333333333333"])
bounds = st.one_of(st.none(), st.builds(lambda hour, minute: hour * 100 + minute, st.integers(0, 23), st.sampled_from([0, 30, 59])))
priced = st.dictionaries(st.sampled_from(PRICES), st.one_of(prices, st.none()), max_size=6)
multipliers = st.dictionaries(
    st.sampled_from(["prompt_multiplier", "completion_multiplier", "cache_read_multiplier", "cache_write_multiplier", "cache_write_1h_multiplier"]),
    rates,
    max_size=2,
)


@st.composite
def conditional_cards(draw):
    card = {**draw(priced), **draw(multipliers)}
    if draw(st.booleans()):
        card["min_prompt_tokens"] = draw(st.integers(0, 60))
        card["inclusive"] = draw(st.booleans())
    if draw(st.integers(0, 3)) == 0:
        card.update({"utc_start": draw(bounds), "utc_end": draw(bounds)})
    if draw(st.integers(0, 4)) == 0:
        card["weekdays"] = draw(st.lists(st.integers(1, 7), min_size=1, max_size=6))
    return card


overrides = st.lists(conditional_cards(), max_size=3)


@st.composite
def price_lists(draw, *, complete=True):
    card = draw(priced)
    if complete:
        card.update({"prompt": draw(prices), "completion": draw(prices)})
    card.update({key: value for key, value in draw(multipliers).items() if key.startswith("cache")})
    card["overrides"] = draw(overrides)
    variants = {}
    for tier in ("batch", "flex", "priority"):
        if draw(st.integers(0, 2)) == 0:
            variants[tier] = {**draw(priced), **draw(multipliers)}
            if draw(st.booleans()):
                variants[tier]["overrides"] = draw(overrides)
    card["variants"] = variants
    if draw(st.booleans()):
        card["discount"] = draw(st.sampled_from(["0", "0.25", "0.1", "1", "0.123456789"]))
    if draw(st.booleans()):
        card["batch_multiplier"] = draw(rates)
    return card


counts = st.one_of(st.just(0), st.integers(0, 60), st.integers(0, 10**7))
usages = st.fixed_dictionaries({}, optional=dict.fromkeys(COUNTS, counts)).map(lambda given: Usage(**given))
instants = st.datetimes(timezones=st.none()).map(lambda moment: moment.isoformat() + "Z")


@st.composite
def contexts(draw):
    return {
        "served_tier": draw(st.sampled_from([None, "default", "standard", "batch", "flex", "priority", "fast", "odd"])),
        "time_utc": draw(st.one_of(st.none(), instants)),
        "is_byok": draw(st.booleans()),
        "byok_fee_rate": draw(st.sampled_from(["0", "0.05", "1"])),
        "discount_rate": draw(st.sampled_from(["1", "0.9", "0.333"])),
        "region_multiplier": draw(st.sampled_from(["1", "1.1", "0.5"])),
        "kind": draw(st.sampled_from(["generation", "embeddings"])),
    }


# --- the literal reading ------------------------------------------------------------------------------------------------------------------------

CLASSES = {
    "prompt": (None, "prompt_multiplier", None),
    "input_cache_read": ("cache_read_multiplier", "prompt_multiplier", "prompt"),
    "input_cache_write": ("cache_write_multiplier", "prompt_multiplier", "prompt"),
    "input_cache_write_1h": ("cache_write_1h_multiplier", "prompt_multiplier", "input_cache_write"),
    "audio": (None, "prompt_multiplier", "prompt"),
    "image_token": (None, "prompt_multiplier", "prompt"),
    "video_token": (None, "prompt_multiplier", "prompt"),
    "input_audio_cache": (None, "prompt_multiplier", "input_cache_read"),
    "input_image_cache": (None, "prompt_multiplier", "input_cache_read"),
    "completion": (None, "completion_multiplier", None),
    "internal_reasoning": (None, "completion_multiplier", "completion"),
    "audio_output": (None, "completion_multiplier", "completion"),
    "image_output_token": (None, "completion_multiplier", "completion"),
    "video_output_token": (None, "completion_multiplier", "completion"),
}
PRICED_BY = {
    "text": "prompt", "cached": "input_cache_read", "cached_audio": "input_audio_cache", "cached_image": "input_image_cache",
    "written_5m": "input_cache_write", "written_1h": "input_cache_write_1h", "audio": "audio", "image": "image_token", "video": "video_token",
    "text_out": "completion", "reasoning": "internal_reasoning", "audio_out": "audio_output", "image_out": "image_output_token",
    "video_out": "video_output_token",
}  # fmt: skip


def holds(card, read, instant):
    least = card.get("min_prompt_tokens")
    if least is not None and not (read >= least if card.get("inclusive") else read > least):
        return False
    start, end, days = card.get("utc_start"), card.get("utc_end"), card.get("weekdays")
    if start is None and end is None and days is None:
        return True
    if instant is None or (days is not None and instant.isoweekday() not in days):
        return False
    if start is None and end is None:
        return True
    clock = instant.hour * 100 + instant.minute
    first = 0 if start is None else start
    last = 2400 if end in {None, 0} else end
    if first in {end, last}:
        return True
    return first <= clock < last if first < last else clock >= first or clock < last


class Literal:
    """The active prices of one usage, each looked for anew, card by card from the last to the first."""

    def __init__(self, card, tier, read, instant):
        tier = {"fast": "priority"}.get(tier, tier)
        variant = (card.get("variants") or {}).get(tier) or {}
        own = variant.get("overrides")
        named = {key: value for key, value in variant.items() if key != "overrides" and value is not None}
        self.standing = {key: value for key, value in card.items() if value is not None}
        conditional = [entry for entry in (own or card.get("overrides") or []) if holds(entry, read, instant)]
        if own:
            self.standing |= {key: value for key, value in named.items() if key in PRICES}
            self.cards = [named, *conditional]
        else:
            self.cards = [*conditional, named]
        self.factor = Fraction(1)
        if tier == "batch" and not named and not own and card.get("batch_multiplier") is not None:
            self.factor = Fraction(card["batch_multiplier"])

    def token(self, name):
        """One class of tokens, before factors; ``None`` if unknown."""
        share, side, fallback = CLASSES[name]
        for position in range(len(self.cards) - 1, -1, -1):
            card = self.cards[position]
            if card.get(name) is not None:
                return Fraction(card[name])
            if share is not None and card.get(share) is not None:
                return self.shared(card[share])
            if card.get(side) is not None:
                earlier = self.last_of(name, share, position)
                if earlier is not None and earlier[0] == share:
                    return self.shared(earlier[1])
                if self.standing.get(name) is not None:
                    return Fraction(self.standing[name]) * Fraction(card[side])
                return self.without_price(share, fallback)
        if self.standing.get(name) is not None:
            return Fraction(self.standing[name])
        return self.without_price(share, fallback)

    def last_of(self, name, share, position):
        for card in reversed(self.cards[:position]):
            for key in (name, share):
                if key is not None and card.get(key) is not None:
                    return key, card[key]
        return None

    def shared(self, rate):
        prompt = self.token("prompt")
        return None if prompt is None else prompt * Fraction(rate)

    def without_price(self, share, fallback):
        if share is not None and self.standing.get(share) is not None:
            return self.shared(self.standing[share])
        return None if fallback is None else self.token(fallback)

    def unit(self, name):
        for card in [*reversed(self.cards), self.standing]:
            if card.get(name) is not None:
                return Fraction(card[name])
        return None

    def list_cost(self, usage, region):
        """The sum over all classes; ``None`` where tokens have no price."""
        total = Fraction(0)
        for field, name in PRICED_BY.items():
            count = getattr(usage, field)
            if count:
                price = self.token(name)
                if price is None:
                    return None
                total += count * price * self.factor * Fraction(region)
        calls = {
            "web_search": usage.searches, "plugin_web_search": usage.plugin_searches, "tool_call": usage.tool_calls, "request": 1,
            "image": 0 if usage.image or usage.cached_image else usage.images, "image_output": 0 if usage.image_out else usage.images_out,
        }  # fmt: skip
        return total + sum(count * (self.unit(name) or 0) for name, count in calls.items())
