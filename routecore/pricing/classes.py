"""Everything that can be charged for, one row each: what is counted, the key of its price, and which price holds where it has none of its own.

A new price is a row here, a field of ``usage.counts.Usage``, and the line of a dialect's reader that fills it.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

__all__ = ["CLASSES", "MEASURES", "PRICES", "TOKEN", "PriceClass"]

TOKEN: Final = "token"  # noqa: S105 - a unit
"""The unit that multipliers touch: cards', regions' and the batch shorthand's."""

MEASURES: Final = frozenset({"second", "character", "page"})
"""Units that measure what was asked or answered, as tokens do: where a response was measured in them alone, a missing price is not free."""


class PriceClass(NamedTuple):
    """One thing that is charged for.

    ``price`` is its key in a price card; ``field`` the field of ``Usage`` that counts it, ``""`` for what every request has once; ``side`` the side it stands on.
    ``item`` is the item of the bill that it belongs to, ``what`` its name there, ``unit`` what one of it is. ``multiplier`` may stand in place of the price, as a
    multiple of the active prompt price. ``fallback`` is the price that holds where it has none. ``joins`` is the class whose tokens these are where
    they have no price of their own. ``unless`` names the fields that, where they count anything, count the same thing better, so that this one is not billed.
    """

    price: str
    field: str
    side: Literal["prompt", "completion", ""]
    item: str
    what: str
    unit: str = TOKEN
    multiplier: str | None = None
    fallback: str | None = None
    joins: str | None = None
    unless: tuple[str, ...] = ()

    @property
    def side_multiplier(self) -> str | None:
        """The multiplier of a card that touches the whole side of this class; ``None`` for what is not measured in tokens."""
        return f"{self.side}_multiplier" if self.unit == TOKEN else None


CLASSES: Final = (
    PriceClass("prompt", "text", "prompt", "prompt_cost", "fresh prompt"),
    PriceClass("completion", "text_out", "completion", "completion_cost", "completion"),
    PriceClass("request", "", "", "request_cost", "request", "request"),
    PriceClass("input_cache_read", "cached", "prompt", "prompt_cache_read_cost", "cache read", multiplier="cache_read_multiplier", fallback="prompt"),
    PriceClass("input_cache_read_explicit", "cached_explicit", "prompt", "prompt_cache_read_cost", "cache read, explicit cache", fallback="input_cache_read"),
    PriceClass(
        "input_cache_write", "written_5m", "prompt", "prompt_cache_write_5_min", "cache write, 5 minutes", multiplier="cache_write_multiplier", fallback="prompt"
    ),
    PriceClass(
        "input_cache_write_1h", "written_1h", "prompt", "prompt_cache_write_1_h", "cache write, 1 hour",
        multiplier="cache_write_1h_multiplier", fallback="input_cache_write",
    ),
    PriceClass("internal_reasoning", "reasoning", "completion", "reasoning_cost", "reasoning", joins="completion"),
    PriceClass("audio", "audio", "prompt", "audio_cost", "audio in", fallback="prompt"),
    PriceClass("audio_output", "audio_out", "completion", "audio_cost", "audio out", fallback="completion"),
    PriceClass("input_audio_cache", "cached_audio", "prompt", "prompt_cache_read_cost", "cache read, audio", fallback="input_cache_read"),
    PriceClass("image", "images", "", "image_cost", "image in", "image", unless=("image", "cached_image")),
    PriceClass("image_token", "image", "prompt", "image_cost", "image in", fallback="prompt"),
    PriceClass("input_image_cache", "cached_image", "prompt", "prompt_cache_read_cost", "cache read, image", fallback="input_cache_read"),
    PriceClass("image_output", "images_out", "", "image_cost", "image out", "image", unless=("image_out",)),
    PriceClass("image_output_token", "image_out", "completion", "image_cost", "image out", fallback="completion"),
    PriceClass("video_token", "video", "prompt", "video_cost", "video in", fallback="prompt"),
    PriceClass("video_output_token", "video_out", "completion", "video_cost", "video out", fallback="completion"),
    PriceClass("web_search", "searches", "", "native_web_search_cost", "native web search", "search"),
    PriceClass("plugin_web_search", "plugin_searches", "", "plugin_web_search_cost", "plugin web search", "search"),
    PriceClass("tool_call", "tool_calls", "", "tools_cost", "server-side tool call", "call"),
    PriceClass("second_in", "second_in", "", "audio_cost", "seconds in", "second"),
    PriceClass("second_out", "second_out", "", "audio_cost", "seconds out", "second"),
    PriceClass("character_in", "character_in", "", "prompt_cost", "characters in", "character"),
    PriceClass("character_out", "character_out", "", "completion_cost", "characters out", "character"),
    PriceClass("page", "page", "", "image_cost", "page", "page"),
)  # fmt: skip
"""In the wire's order of prices, in which a fallback stands before what falls back to it."""

PRICES: Final = tuple(one.price for one in CLASSES)
"""Every price there is, in the wire's names and order."""
