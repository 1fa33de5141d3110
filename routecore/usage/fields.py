"""The counts of a usage, by name and in their order; and which of them stand together. A new one goes before ``anomalies``."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from routecore.pricing.classes import CLASSES

if TYPE_CHECKING:
    from collections.abc import Callable

    from routecore.usage.report import Anomaly
    from routecore.usage.stated import Stated

    _Getter = Callable[[tuple[Any, ...]], tuple[int, ...]]

__all__ = ["NAMES", "PROMPT", "TAIL", "Counts", "all_counts", "completion_counts", "is_plain", "plain_counts", "prompt_counts"]


class Counts(NamedTuple):
    """Prompt tokens, completion tokens, what is counted by number; what was odd; whether there is anything but text, cache and reasoning; what was stated."""

    text: int = 0
    cached: int = 0
    cached_audio: int = 0
    cached_image: int = 0
    written_5m: int = 0
    written_1h: int = 0
    audio: int = 0
    image: int = 0
    video: int = 0
    text_out: int = 0
    reasoning: int = 0
    audio_out: int = 0
    image_out: int = 0
    video_out: int = 0
    images: int = 0
    images_out: int = 0
    searches: int = 0
    plugin_searches: int = 0
    tool_calls: int = 0
    second_in: int = 0
    second_out: int = 0
    character_in: int = 0
    character_out: int = 0
    page: int = 0
    cached_explicit: int = 0
    anomalies: tuple[Anomaly, ...] = ()
    plain: bool = True
    stated: Stated | None = None


_AT: Final = {name: place for place, name in enumerate(Counts._fields)}
_END: Final = _AT["anomalies"]
NAMES: Final = Counts._fields[:_END]
"""Every count, in order."""
_SIDES: Final = {one.field: one.side for one in CLASSES}
PROMPT: Final = tuple(name for name in NAMES if _SIDES[name] == "prompt")
"""The classes of tokens that are read."""

all_counts: Final[_Getter] = itemgetter(slice(_END))
prompt_counts: Final[_Getter] = itemgetter(*(_AT[name] for name in PROMPT))
completion_counts: Final[_Getter] = itemgetter(*(_AT[name] for name in NAMES if _SIDES[name] == "completion"))

_PLAIN: Final = ("text", "cached", "written_5m", "written_1h", "text_out", "reasoning")
_OTHERS: Final = itemgetter(*(_AT[name] for name in NAMES if name not in _PLAIN))

plain_counts: Final = itemgetter(*(_AT[name] for name in _PLAIN), _AT["plain"])
"""Fresh, cached, written (5 minutes, 1 hour), text out and reasoning tokens of a usage, and whether these are all it has: what most bills are made of."""

TAIL: Final = (0,) * (_END - _AT["reasoning"] - 1) + ((), True, None)
"""What follows ``reasoning`` in a usage that is plain."""


def is_plain(counts: tuple[int, ...]) -> bool:
    """Tell whether nothing was counted but text, cache and reasoning."""
    return not any(_OTHERS(counts))
