"""What processes tell each other of health: cooldowns with the time that is left, learned caps, and load."""

from __future__ import annotations

import os
from itertools import count
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from routecore.errors import Fault, InvalidRequest
from routecore.live.sources import Sources
from routecore.live.steady import TOLERANCE
from routecore.reading.checks import number, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FORMAT", "HealthPeers", "Told"]

FORMAT: Final = "routecore-health-1"
_NUMBERS: Final = count()
_LONGEST_SOURCE: Final = 128
_LONGEST_KEY: Final = 1_024
_MOST_KEYS: Final = 100_000
_FURTHEST: Final = 1e15


class Told(NamedTuple):
    """What an export says that is news: seconds left by attempt key; (cap, seconds since the 429) by key; (requests, tokens, in flight) by key."""

    source: str
    cooldowns: Mapping[str, float]
    caps: Mapping[str, tuple[float, float]]
    load: Mapping[str, tuple[int, int, int]]


class HealthPeers:
    """Makes exports and reads those of others, once each."""

    def __init__(self, source: str | None = None) -> None:
        self._name = f"health-{next(_NUMBERS)}" if source is None else source
        self._sequence = 0
        self._sources = Sources()
        # of each source and attempt the end of the latest cooldown that was taken, in the source's time
        self._taken: dict[tuple[str, str], float] = {}

    @property
    def source(self) -> str:
        """The name that this process's exports carry: another one in each child of a fork."""
        return f"{self._name}.{os.getpid()}"

    def export(self, now: float, cooldowns: Mapping[str, float], limits: Mapping[str, Any]) -> dict[str, Any]:
        """Return an export of these cooldowns, caps and loads."""
        self._sequence += 1
        return {"format": FORMAT, "source": self.source, "sequence": self._sequence, "now": now, "cooldowns": dict(cooldowns), **limits}

    def merge(self, exported: Mapping[str, Any], now: float, delay_seconds: float) -> Told | None:
        """Read an export; ``None`` where it tells nothing new: one of our own, or one that a later one has overtaken."""
        faults: list[Fault] = []
        if not isinstance(exported, dict) or exported.get("format") != FORMAT:
            raise InvalidRequest([Fault("export", type(exported).__name__, f"an export in the format {FORMAT!r}")])
        source, sequence, then = exported.get("source"), whole(exported.get("sequence")), exported.get("now")
        if not isinstance(source, str) or not 0 < len(source) <= _LONGEST_SOURCE:
            faults.append(Fault("export.source", source, f"the name of the process that exported, 1 to {_LONGEST_SOURCE} characters"))
        if sequence is None:
            faults.append(Fault("export.sequence", exported.get("sequence"), "the number of the export, counted by its source"))
        if isinstance(then, bool) or not isinstance(then, (int, float)) or not -_FURTHEST < then < _FURTHEST:
            faults.append(Fault("export.now", then, "a finite number of seconds"))
        if number(delay_seconds) is None:
            faults.append(Fault("delay_seconds", delay_seconds, "a finite number of seconds, 0 or more"))
        cooldowns = _read(exported, "cooldowns", 1, faults)
        caps = _read(exported, "caps", 2, faults)
        load = _read(exported, "load", 3, faults)
        if faults:
            raise InvalidRequest(faults)
        assert isinstance(source, str)
        assert sequence is not None
        assert isinstance(then, (int, float))
        if source == self.source or not self._sources.meet(source, sequence, then, now - delay_seconds):
            return None
        late = now - self._sources[source].offset - then
        left = {}
        for key, (seconds,) in cooldowns.items():
            end = then + seconds
            # a cooldown is taken once: a probe may have ended it here meanwhile, and the source's next exports tell it again
            if end > self._taken.get((source, key), -_FURTHEST) + TOLERANCE and seconds > late:
                left[key] = seconds - late
                self._note(source, key, end)
        return Told(
            source,
            left,
            {key: (cap, since + late) for key, (cap, since) in caps.items()},
            {key: (int(requests), int(tokens), int(flying)) for key, (requests, tokens, flying) in load.items()},
        )

    def _note(self, source: str, key: str, end: float) -> None:
        if len(self._taken) >= _MOST_KEYS:
            self._taken.pop(next(iter(self._taken)))
        self._taken[source, key] = end


def _read(exported: Mapping[str, Any], name: str, size: int, faults: list[Fault]) -> dict[str, tuple[float, ...]]:
    """Read ``{attempt key: number, or list of ``size`` numbers}``."""
    value = exported.get(name)
    found: dict[str, tuple[float, ...]] = {}
    if value is None:
        return found
    if not isinstance(value, dict) or len(value) > _MOST_KEYS:
        faults.append(Fault(f"export.{name}", type(value).__name__, f"an object of at most {_MOST_KEYS:,} attempts"))
        return found
    for key, item in value.items():
        parts = [item] if size == 1 else item
        numbers = [number(part) for part in parts] if isinstance(parts, list) and len(parts) == size else [None]
        if not isinstance(key, str) or not 0 < len(key) <= _LONGEST_KEY or None in numbers:
            faults.append(Fault(f"export.{name}", key, "an attempt's key, and numbers of 0 or more"))
            return found
        found[key] = tuple(one for one in numbers if one is not None)
    return found
