"""What a provider reported, read but not yet taken apart: totals, details, and what was odd about them.

A report still has the provider's overlaps (cached tokens inside the prompt, reasoning inside the completion); ``split`` turns it into disjoint counts.
Totals are authoritative and details are subsets of them; what no detail explains is text. Whatever cannot be is clamped and noted.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from routecore.errors import Fault
from routecore.reading.checks import INTEGER_LIMIT, OBJECT_EXPECTED, whole
from routecore.safe_text import jsonable
from routecore.usage.fields import NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["COUNT_EXPECTED", "Anomaly", "Reported", "split"]

COUNT_EXPECTED: Final = "a whole number of tokens"
_NOTHING: Final[dict[str, Any]] = {}


class Anomaly:
    """Something that cannot be, or could not be priced: ``code``, the ``path`` it stood at, the ``value`` there, and what was ``used`` instead.

    >>> Anomaly("negative", "usage.prompt_tokens", -5, 0).to_dict()
    {'code': 'negative', 'path': 'usage.prompt_tokens', 'value': -5, 'used': 0}
    """

    __slots__ = ("code", "path", "used", "value")

    def __init__(self, code: str, path: str, value: object, used: object) -> None:
        self.code = code
        self.path = path
        self.value = value
        self.used = used

    def to_dict(self) -> dict[str, Any]:
        """Return the anomaly as the wire's object."""
        return {"code": self.code, "path": jsonable(self.path), "value": jsonable(self.value), "used": jsonable(self.used)}

    def __eq__(self, other: object) -> bool:
        return self.to_dict() == other.to_dict() if isinstance(other, Anomaly) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.code, self.path))

    def __repr__(self) -> str:
        return f"Anomaly({self.code!r}, {self.path!r}, {jsonable(self.value)!r}, {jsonable(self.used)!r})"


class Reported:
    """The counts of one usage as its provider's dialect reports them, and where each was found.

    ``counts`` holds what was given by the names below; a name that is missing was not given, which is not quite 0: a split without its total adds up to it.
    ``prompt``, ``completion`` (totals); ``cached``, ``cached_audio``, ``cached_image``, ``cached_video``, ``written``, ``written_5m``, ``written_1h``,
    ``audio``, ``image``, ``video`` (of the prompt); ``reasoning``, ``audio_out``, ``image_out``, ``video_out`` (of the completion);
    ``images``, ``images_out``, ``searches``, ``plugin_searches``, ``tool_calls`` (by number); ``second_in``, ``second_out``, ``character_in``,
    ``character_out``, ``page``; ``total``, which is evidence and never priced. ``cached_text`` is a part of ``cached`` that is billed as such where the whole is
    missing. ``explicit`` says that the cache that was read was made on purpose. ``seen`` holds every (mapping, key) that was read or is known to say nothing new.
    """

    __slots__ = ("anomalies", "body", "counts", "explicit", "faults", "path", "paths", "seen")

    def __init__(self, body: Mapping[Any, Any], path: str) -> None:
        self.body = body
        self.path = path
        self.counts: dict[str, int] = {}
        self.paths: dict[str, str] = {}
        self.faults: list[Fault] = []
        self.anomalies: list[Anomaly] = []
        self.explicit = False
        self.seen: set[tuple[int, str]] = set()

    def know(self, mapping: Mapping[Any, Any], *keys: str) -> None:
        """Note that ``keys`` of ``mapping`` say nothing that is not counted elsewhere, or nothing that is billed."""
        self.seen.update((id(mapping), key) for key in keys)

    def note(self, code: str, path: str, value: object, used: object) -> None:
        """Note something odd."""
        self.anomalies.append(Anomaly(code, path, value, used))

    def get(self, name: str) -> int:
        """Return a count, 0 where it was not given."""
        return self.counts.get(name, 0)

    def count(self, mapping: Mapping[Any, Any], key: str, path: str) -> int | None:
        """Return the count at ``key``, ``None`` where it is absent, null or empty text. A negative one is 0, and noted; what is no count is a fault."""
        value = mapping.get(key)
        if value is None or (isinstance(value, str) and not value):
            return None
        self.seen.add((id(mapping), key))
        number = whole(value)
        if number is not None:
            return number
        if whole(_negated(value)) is not None:
            self.anomalies.append(Anomaly("negative", f"{path}.{key}", value, 0))
            return 0
        self.faults.append(Fault(f"{path}.{key}", value, f"{COUNT_EXPECTED}, below 2**63"))
        return None

    def measure(self, mapping: Mapping[Any, Any], key: str, path: str) -> int | None:
        """Return a duration or the like at ``key``: as ``count``, but a fraction counts as the whole one that was begun, and is noted; an empty object is absent."""
        value = mapping.get(key)
        if value == {}:
            return None
        begun = _rounded_up(value)
        if begun is None:
            return self.count(mapping, key, path)
        self.seen.add((id(mapping), key))
        self.anomalies.append(Anomaly("rounded_up", f"{path}.{key}", value, begun))
        return begun

    def object(self, mapping: Mapping[Any, Any], key: str, path: str) -> Mapping[Any, Any]:
        """Return the details at ``key``, empty where they are absent, null or empty text; anything else that is no object is a fault."""
        value = mapping.get(key)
        if value is None or (isinstance(value, str) and not value):
            return _NOTHING
        if isinstance(value, dict):
            return value
        self.faults.append(Fault(f"{path}.{key}", value, OBJECT_EXPECTED))
        return _NOTHING

    def take(self, name: str, *places: tuple[Mapping[Any, Any], str, str]) -> None:
        """Set ``name`` from the first of ``places`` (mapping, key, path) that is given and not 0; providers repeat a count under several names.

        Another one that is not 0 and differs is an anomaly.
        """
        for mapping, key, path in places:
            value = self.count(mapping, key, path)
            if value is None:
                continue
            known = self.counts.get(name)
            if not known:
                self.counts[name] = value
                self.paths[name] = f"{path}.{key}"
            elif value and value != known:
                self.anomalies.append(Anomaly("conflicting", f"{path}.{key}", value, known))

    def add(self, name: str, value: int, path: str) -> None:
        """Add ``value`` to what is known of ``name``."""
        self.counts[name] = self.counts.get(name, 0) + value
        self.paths.setdefault(name, path)

    def at_most(self, name: str, limit: int) -> int:
        """Return the count of ``name``, clamped to ``limit`` and noted where it is larger."""
        value = self.counts.get(name, 0)
        if value <= limit:
            return value
        self.anomalies.append(Anomaly("exceeds_total", self.paths.get(name, self.path), value, limit))
        return limit


def _negated(value: object) -> object:
    """Return minus ``value`` where it is a negative number, else ``None``."""
    if isinstance(value, Decimal):
        # a finite Decimal may still be too large for arithmetic in the active context; its sign is not
        return value.copy_abs() if value.is_finite() and value.is_signed() else None
    return -value if isinstance(value, (int, float)) and not isinstance(value, bool) and value < 0 else None


def _rounded_up(value: object) -> int | None:
    """Return the whole number that a positive fraction begins, ``None`` for what is none."""
    if not isinstance(value, (float, Decimal)) or whole(value) is not None:
        return None
    finite = value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)
    return math.ceil(value) if finite and 0 < value < INTEGER_LIMIT - 1 else None


def split(report: Reported) -> tuple[int, ...]:
    """Return the disjoint counts of a report, in the order of ``Usage``; impossible ones are clamped and noted in ``report.anomalies``.

    Prompt: reads first, then writes, then audio, image and video, each at most what is left of the total. Where cached or written tokens must overlap a
    modality and no joint count says how, they are text first; what does not fit is that modality (audio, then image, then video). Completion: reasoning, audio,
    image, video.
    """
    prompt = report.get("prompt")
    counts = report.counts
    # a part that is reported without its whole is the least that the whole can be
    parts = report.get("written_5m") + report.get("written_1h")
    if parts and "written" not in counts:
        report.add("written", parts, report.paths.get("written_1h") or report.paths["written_5m"])
    for modality in ("audio", "image", "video"):
        inside = report.get(f"cached_{modality}")
        if inside and modality not in counts:
            report.add(modality, inside, report.paths[f"cached_{modality}"])
    joint = report.get("cached_text") + sum(report.get(f"cached_{modality}") for modality in ("audio", "image", "video"))
    if joint and "cached" not in counts:
        report.add("cached", joint, report.path)
    cached = report.at_most("cached", prompt)
    written = report.at_most("written", prompt - cached)
    hour = min(report.get("written_1h"), written)
    if parts > counts.get("written", 0):
        report.anomalies.append(Anomaly("split_exceeds_total", report.paths.get("written_5m") or report.paths["written_1h"], parts, written))
    left = prompt
    fresh: dict[str, int] = {}
    for modality in ("audio", "image", "video"):
        fresh[modality] = report.at_most(modality, left)
        left -= fresh[modality]
    # left is now the text of the prompt, cached or not
    unplaced = cached
    inside_of: dict[str, int] = {}
    for modality in ("audio", "image", "video"):
        inside_of[modality] = report.at_most(f"cached_{modality}", min(fresh[modality], unplaced))
        unplaced -= inside_of[modality]
        fresh[modality] -= inside_of[modality]
    # a cached video token has no price of its own: it is read like text
    cached_text = min(unplaced, left) + inside_of["video"]
    left, unplaced = left - min(unplaced, left), max(unplaced - left, 0)
    for modality in ("audio", "image", "video"):
        moved = min(unplaced, fresh[modality])
        fresh[modality] -= moved
        inside_of[modality] += moved
        unplaced -= moved
        if modality == "video":
            cached_text += moved
    unplaced = max(written - left, 0)
    left -= min(written, left)
    for modality in ("audio", "image", "video"):
        moved = min(unplaced, fresh[modality])
        fresh[modality] -= moved
        unplaced -= moved
    rest = report.get("completion")
    out: dict[str, int] = {}
    for name in ("reasoning", "audio_out", "image_out", "video_out"):
        out[name] = report.at_most(name, rest)
        rest -= out[name]
    plainly, explicit = (0, cached_text) if report.explicit else (cached_text, 0)
    found = {
        "text": left, "cached": plainly, "cached_explicit": explicit, "cached_audio": inside_of["audio"], "cached_image": inside_of["image"],
        "written_5m": written - hour, "written_1h": hour, **fresh, "text_out": rest, **out,
    }  # fmt: skip
    return tuple(found[name] if name in found else report.get(name) for name in NAMES)


def check_limits(counts: Mapping[str, int], path: str, faults: list[Fault]) -> None:
    """Note a fault for a total that no signed 64 bits hold: sums of acceptable parts may pass the limit."""
    faults.extend(Fault(path, counts[name], f"{COUNT_EXPECTED}, below 2**63") for name in ("prompt", "completion") if counts.get(name, 0) >= INTEGER_LIMIT)
