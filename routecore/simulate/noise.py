"""Numbers that look random and are not: each is a function of what it stands for, so that two policies meet the same world.

Everything comes from splitmix64, as the draw of a plan does (``routecore.routing.ranking.draw``): scalar for the closed loop, vectorised for whole columns.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["draws", "key_of", "mix", "mixed", "poisson_weights", "uniforms"]

GOLDEN: Final = 0x9E3779B97F4A7C15
MASK: Final = 0xFFFFFFFFFFFFFFFF
_FIRST, _SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_POISSON_STEPS: Final = 65_536


def mix(z: int) -> int:
    """Return the splitmix64 finaliser of a 64-bit integer (higher bits are dropped first).

    >>> mix(0x9E3779B97F4A7C15) >> 11  # the first output for seed 0, as ``uniform(0, 1)`` reads it
    7956156453446585
    """
    z &= MASK
    z = ((z ^ (z >> 30)) * _FIRST) & MASK
    z = ((z ^ (z >> 27)) * _SECOND) & MASK
    return z ^ (z >> 31)


def key_of(text: str) -> int:
    """Return 64 bits for a name, the same in every process. Never 0, which stands for "none" in a column.

    >>> key_of("m@p") == key_of("m@p") != key_of("m@q")
    True
    """
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little") or 1


def mixed(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return ``mix`` of every element, in place of the array that is given.

    >>> int(mixed(np.array([GOLDEN], np.uint64))[0]) == mix(GOLDEN)
    True
    """
    shifted = z >> np.uint64(30)
    np.bitwise_xor(z, shifted, out=z)
    np.multiply(z, np.uint64(_FIRST), out=z)
    np.right_shift(z, np.uint64(27), out=shifted)
    np.bitwise_xor(z, shifted, out=z)
    np.multiply(z, np.uint64(_SECOND), out=z)
    np.right_shift(z, np.uint64(31), out=shifted)
    np.bitwise_xor(z, shifted, out=z)
    return z


def draws(seed: int, numbers: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return the draw of each request: the ``number``-th output (from 0) of splitmix64 seeded with ``seed``.

    >>> int(draws(7, np.array([3]))[0]) == mix(7 + 4 * GOLDEN)
    True
    """
    z = numbers.astype(np.uint64)
    z += np.uint64(1)
    z *= np.uint64(GOLDEN)
    z += np.uint64(seed & MASK)
    return mixed(z)


def uniforms(draw: NDArray[np.uint64], place: int = 1) -> NDArray[np.float64]:
    """Return ``routecore.routing.ranking.draw.uniform(draw, place)`` of every draw. The array that is given is used up.

    >>> float(uniforms(np.array([0], np.uint64))[0])
    0.8833108082136426
    """
    draw += np.uint64((place * GOLDEN) & MASK)
    z = mixed(draw)
    z >>= np.uint64(11)
    found: NDArray[np.float64] = z.astype(np.float64)
    found *= 2.0**-53
    return found


def _poisson_table() -> NDArray[np.uint8]:
    """Return 65,536 equally likely values of a Poisson(1) count."""
    chances, term = [], float(np.exp(-1.0))
    for k in range(1, 10):
        chances.append(term)
        term /= k
    edges = np.rint(np.cumsum(chances) * _POISSON_STEPS).astype(np.int64)
    table: NDArray[np.uint8] = np.searchsorted(edges, np.arange(_POISSON_STEPS), side="right").astype(np.uint8)
    return table


_POISSON: Any = None


def poisson_weights(units: NDArray[np.uint64], replicates: int) -> NDArray[np.uint8]:
    """Return how often each unit is drawn in each bootstrap replicate: shape (units, ``replicates``), Poisson(1) counts.

    A weight depends on the unit's key and the replicate alone: one session has one weight wherever it is counted, so that summaries merge and
    two policies are compared on the same resamples. ``replicates`` is a multiple of 4.

    >>> weights = poisson_weights(np.arange(1, 5001, dtype=np.uint64), 8)
    >>> weights.shape, round(float(weights.mean()), 1), round(float(weights.var()), 1)
    ((5000, 8), 1.0, 1.0)
    """
    global _POISSON  # noqa: PLW0603 - a constant, made when it is first needed
    if _POISSON is None:
        _POISSON = _poisson_table()
    words = replicates // 4
    steps = np.arange(1, words + 1, dtype=np.uint64) * np.uint64(GOLDEN)
    z = mixed((units[:, None] + steps[None, :]).reshape(-1))
    found: NDArray[np.uint8] = _POISSON[z.view(np.uint16)].reshape(len(units), replicates)
    return found
