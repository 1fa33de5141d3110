"""Regimes: failures, refusals and slowness that come in bursts, last a while, and often hit all of a provider at once.

A regime is an alternating process: good for an exponential time of mean ``up_seconds``, bad for one of mean ``down_seconds``, from the steady state on. What it does in a
run is drawn before the run, as effects, from the seed alone: every policy meets the same bursts, and who asks the same endpoint again five seconds later meets the same one.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from routecore.errors import Fault
from routecore.simulate.noise import MASK, key_of, mix
from routecore.simulate.world.effects import Effect

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["BURSTS", "Regime", "bursts", "provider_of", "read_regimes", "unfold"]

BURSTS: Final = {"fail": None, "hang": None, "errors": "rate", "refuse": "rate", "slow": "factor"}
"""What a burst may be -> the name of its value: no connection; no answer; so many failures; so many 429s; so many times slower."""
_SHARE_EXPECTED: Final = "a share from 0 to 1"
_SECONDS_EXPECTED: Final = "a finite number of seconds above 0"
_MOST_BURSTS: Final = 200_000


class Regime(NamedTuple):
    """Bursts of one kind at one endpoint.

    ``kind``: one of ``BURSTS``, ``value`` its share or factor. ``up_seconds``: mean time from the end of a burst to the next one's start; ``down_seconds``: mean length
    of a burst. ``provider_share``: so much of them, by rate, hits every endpoint of the provider that has such a regime at once; the rest is the endpoint's own.

    >>> round(Regime("fail", 3_600, 400).share, 9)
    0.1
    """

    kind: str
    up_seconds: float
    down_seconds: float
    value: float | None = None
    provider_share: float = 0.0

    @property
    def share(self) -> float:
        """The share of time that is bad, in the long run: mean bad time over the mean of a whole cycle, of own and provider's bursts together."""
        good = 1.0
        for part in (1.0 - self.provider_share, self.provider_share):
            if part > 0:
                good *= self.up_seconds / (self.up_seconds + self.down_seconds * part)
        return 1.0 - good

    def to_mapping(self) -> dict[str, Any]:
        """Return the regime as JSON can hold it."""
        row: dict[str, Any] = {"kind": self.kind, "up_seconds": self.up_seconds, "down_seconds": self.down_seconds}
        name = BURSTS[self.kind]
        if name is not None:
            row[name] = self.value
        if self.provider_share:
            row["provider_share"] = self.provider_share
        return row


def provider_of(endpoint_id: str) -> str:
    """Return whose endpoint it is.

    >>> provider_of("a/b@deepinfra/fp8")
    'deepinfra'
    """
    return endpoint_id.partition("@")[2].partition("/")[0] or endpoint_id


def bursts(seed: int, key: int, up_seconds: float, down_seconds: float, until_s: float) -> list[tuple[float, float]]:
    """Return the bursts (start, end) that touch the time from 0 to ``until_s``, of the process that ``seed`` and ``key`` name.

    >>> found = bursts(1, 2, 900, 100, 1e6)
    >>> round(sum(end - start for start, end in found) / 1e6, 1), found == bursts(1, 2, 900, 100, 1e6)
    (0.1, True)
    """
    random = np.random.Generator(np.random.Philox(key=[seed & MASK, key & MASK]))
    found: list[tuple[float, float]] = []
    # the steady state at 0; what is left of an exponential time is as long as a whole one
    now = 0.0 if random.random() < down_seconds / (up_seconds + down_seconds) else float(random.exponential(up_seconds))
    while now < until_s and len(found) < _MOST_BURSTS:
        end = now + float(random.exponential(down_seconds))
        found.append((now, end))
        now = end + float(random.exponential(up_seconds))
    return found


def unfold(endpoint_id: str, regimes: Iterable[Regime], seed: int, until_s: float) -> tuple[Effect, ...]:
    """Return what the regimes of an endpoint come to from 0 to ``until_s``, as effects. The provider's part is the same for all its endpoints."""
    found = []
    for one in regimes:
        for part, whose in ((1.0 - one.provider_share, endpoint_id), (one.provider_share, f"provider {provider_of(endpoint_id)}")):
            if part > 0:
                key = mix(key_of(f"{whose} {one.kind}"))
                found += [Effect(one.kind, start, end, one.value) for start, end in bursts(seed, key, one.up_seconds / part, one.down_seconds, until_s)]
    return tuple(found)


def read_regimes(value: object, path: str, faults: list[Fault]) -> tuple[Regime, ...]:
    """Return the regimes of a JSON list; else note what is wrong."""
    if not isinstance(value, (list, tuple)):
        faults.append(Fault(path, value, "a list of regimes"))
        return ()
    found = []
    for place, one in enumerate(value):
        if isinstance(one, Regime):
            one = one.to_mapping()  # noqa: PLW2901 - checked as JSON is
        where = f"{path}[{place}]"
        if not isinstance(one, dict) or not isinstance(one.get("kind"), str) or one["kind"] not in BURSTS:
            faults.append(Fault(where, one, f"a regime: an object whose kind is one of {', '.join(BURSTS)}"))
            continue
        before = len(faults)
        name = BURSTS[one["kind"]]
        known = {"kind", "up_seconds", "down_seconds", "provider_share", name}
        faults.extend(Fault(f"{where}.{key}", one[key], f"a part of the regime {one['kind']!r}") for key in one if key not in known)
        faults.extend(
            Fault(f"{where}.{key}", one.get(key), _SECONDS_EXPECTED)
            for key in ("up_seconds", "down_seconds")
            if not _within(one.get(key), 0.0, inf, above=True)
        )
        shared = one.get("provider_share", 0.0)
        if not _within(shared, 0.0, 1.0):
            faults.append(Fault(f"{where}.provider_share", shared, _SHARE_EXPECTED))
        amount = None if name is None else one.get(name)
        if name == "rate" and not _within(amount, 0.0, 1.0):
            faults.append(Fault(f"{where}.rate", amount, _SHARE_EXPECTED))
        if name == "factor" and not _within(amount, 0.0, inf, above=True):
            faults.append(Fault(f"{where}.factor", amount, "a finite factor above 0"))
        if len(faults) == before:
            found.append(Regime(one["kind"], float(one["up_seconds"]), float(one["down_seconds"]), None if amount is None else float(amount), float(shared)))
    return tuple(found)


def _within(value: object, least: float, most: float, *, above: bool = False) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    # ints may be too large for a float, and infinity is no time
    return (least < value if above else least <= value) and value <= most and value < 1e18
