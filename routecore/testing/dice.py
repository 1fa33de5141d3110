"""Where random choices come from: a seeded generator here, Hypothesis in ``strategies``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

__all__ = ["Dice", "Mapping", "SeededDice"]

T = TypeVar("T")
Mapping = dict[str, Any]


class Dice(Protocol):
    """Where the generator's choices come from."""

    def chance(self, likelihood: float) -> bool:
        """Return true with this likelihood."""
        ...

    def integer(self, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``, both included."""
        ...

    def choice(self, options: Sequence[T]) -> T:
        """Return one of ``options``, all equally likely."""
        ...


class SeededDice:
    """Dice thrown by a ``random.Random``: the same seed, the same scenario.

    >>> import random
    >>> SeededDice(random.Random(1)).integer(1, 6) == SeededDice(random.Random(1)).integer(1, 6)
    True
    """

    def __init__(self, rng: random.Random) -> None:
        """Throw from ``rng``."""
        self._rng = rng

    def chance(self, likelihood: float) -> bool:
        """Return true with this likelihood."""
        return self._rng.random() < likelihood

    def integer(self, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``, both included."""
        return self._rng.randint(low, high)

    def choice(self, options: Sequence[T]) -> T:
        """Return one of ``options``, all equally likely."""
        return self._rng.choice(options)
