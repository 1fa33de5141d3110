"""What is not known of a world: each replication draws one from what the samples leave possible.

Rates have Beta posteriors, shrunk to their provider and to the market, as the router shrinks its own (``docs/decisions/320-uncertain-worlds.md``): an endpoint that was asked
twenty times and never failed is not taken for perfect. Whole days differ by more than chance: the spread of a rate is never less than what days were seen to have.
"""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from routecore.errors import Fault
from routecore.simulate.noise import MASK, key_of
from routecore.simulate.world.regimes import provider_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DAYS", "SHRINK", "Doubt", "posteriors", "read_doubt"]

SHRINK: Final = 20.0
"""A provider's rate counts as so many samples of each of its endpoints, the market's as so many of each provider: the router's own shrinkage."""
DAYS: Final = 43.0
"""How much days agree: a day's failure rate is spread about an endpoint's as a share of 43 requests would be. Moments of ``uptime_last_1d`` of 887 endpoints of
OpenRouter's public lists, 16 May 2026, at 09:47 and at 22:17."""


class Doubt(NamedTuple):
    """What is not known of an endpoint.

    ``errors``, ``refusals``: (a, b) of the Beta posterior of its error and 429 rate, ``None`` where the rate stands as it is. ``latency_sd``, ``speed_sd``: standard
    deviation of the logarithm of a factor on all its times to first token, and on all its throughputs.
    """

    errors: tuple[float, float] | None = None
    refusals: tuple[float, float] | None = None
    latency_sd: float = 0.0
    speed_sd: float = 0.0

    def draw(self, endpoint_id: str, seed: int) -> tuple[float | None, float | None, float, float]:
        """Return an error rate, a 429 rate (``None``: as they are) and the factors of latency and throughput: a function of the endpoint and the seed.

        >>> Doubt(errors=(2.0, 38.0)).draw("m@p", 1) == Doubt(errors=(2.0, 38.0)).draw("m@p", 1) != Doubt(errors=(2.0, 38.0)).draw("m@p", 2)
        True
        """
        random = np.random.Generator(np.random.Philox(key=[seed & MASK, key_of(f"doubt {endpoint_id}")]))
        latency, speed = random.standard_normal(2).tolist()
        errors, refusals = (None if one is None else float(random.beta(*one)) for one in (self.errors, self.refusals))
        return errors, refusals, exp(self.latency_sd * latency), exp(self.speed_sd * speed)

    def to_mapping(self) -> dict[str, Any]:
        """Return it as JSON can hold it: what is not doubted is left out."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in self._asdict().items() if value}


def posteriors(counts: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Return the Beta posterior (a, b) of each endpoint's rate on another day, from (times it happened, times asked), which need not be whole.

    The mean is shrunk: the endpoint's counts, 20 requests at its provider's rate, which itself has 20 at the market's. The spread is that of what was seen and of days.

    >>> found = posteriors({"m@p": (0, 20), "m@q": (50, 1000), "n@q": (30, 1000)})
    >>> {key: round(a / (a + b), 3) for key, (a, b) in found.items()}
    {'m@p': 0.01, 'm@q': 0.05, 'n@q': 0.03}
    """
    happened, asked = sum(one for one, _ in counts.values()), sum(one for _, one in counts.values())
    # half a failure more than was seen: nobody has never failed
    market = (happened + 0.5) / (asked + 1.0)
    providers: dict[str, tuple[float, float]] = {}
    for key, (one, of) in counts.items():
        a, n = providers.get(provider_of(key), (0.0, 0.0))
        providers[provider_of(key)] = (a + one, n + of)
    found = {}
    for key, (one, of) in counts.items():
        a, n = providers[provider_of(key)]
        usual = (a + SHRINK * market) / (n + SHRINK)
        mean = (one + SHRINK * usual) / (of + SHRINK)
        size = 1.0 / (1.0 / DAYS + 1.0 / (of + SHRINK))
        found[key] = (mean * size, (1.0 - mean) * size)
    return found


def read_doubt(value: object, path: str, faults: list[Fault]) -> Doubt | None:
    """Return the doubt that JSON describes; else note what is wrong."""
    if isinstance(value, Doubt):
        return value
    if not isinstance(value, dict):
        faults.append(Fault(path, value, "an object with some of errors, refusals, latency_sd, speed_sd"))
        return None
    before = len(faults)
    found: dict[str, Any] = {}
    for key, one in value.items():
        if key in {"errors", "refusals"}:
            if not isinstance(one, (list, tuple)) or len(one) != 2 or not all(_number(part) and part > 0 for part in one):
                faults.append(Fault(f"{path}.{key}", one, "the two parameters of a Beta distribution, above 0"))
            else:
                found[key] = (float(one[0]), float(one[1]))
        elif key in {"latency_sd", "speed_sd"}:
            if not _number(one) or not 0 <= one <= 5:
                faults.append(Fault(f"{path}.{key}", one, "a standard deviation of a logarithm, from 0 to 5"))
            else:
                found[key] = float(one)
        else:
            faults.append(Fault(f"{path}.{key}", one, "a doubt: errors, refusals, latency_sd, speed_sd"))
    return Doubt(**found) if len(faults) == before else None


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -1e15 < value < 1e15
