"""Sets of endpoints as bit masks, and numbers of endpoints sorted for one bisection."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal


INFINITE: Final = float("inf")


_SHORT: Final = 256


_MOST_BITS: Final = 1 << 22


def bits(mask: int) -> list[int]:
    """Return the set bits of ``mask``, ascending, in time linear in its length.

    >>> bits(0b1011)
    [0, 1, 3]
    """
    found = []
    if mask.bit_length() <= _SHORT:
        while mask:
            low = mask & -mask
            found.append(low.bit_length() - 1)
            mask ^= low
        return found
    digits = bin(mask)[:1:-1]
    place = digits.find("1")
    while place >= 0:
        found.append(place)
        place = digits.find("1", place + 1)
    return found


def mask_of(places: Iterable[int], size: int) -> int:
    """Return the mask with a bit set at each of ``places``, all below ``size``, in time linear in the size.

    >>> bin(mask_of([0, 1, 3], 4))
    '0b1011'
    """
    digits = bytearray(b"0") * (size or 1)
    for place in places:
        digits[-1 - place] = 49  # "1"
    return int(digits, 2)


def cheapest_first(quotes: Sequence[int | Decimal | None]) -> list[int]:
    """Return the places of ``quotes``, the lowest first, unknown ones last; equal ones keep their order.

    >>> cheapest_first([3, None, 1, 3])
    [2, 0, 3, 1]
    """
    # an unknown price is above every price, and infinity compares exactly with ints and decimals
    keys = [INFINITE if quote is None else quote for quote in quotes]
    return sorted(range(len(keys)), key=keys.__getitem__)


class Limits:
    """Numbers of a pool's endpoints, sorted, to ask "who has at least (at most) so much?" with one bisection.

    A mask is kept for each distinct number, as long as they take little room together; for a huge pool masks are made when asked for.
    """

    __slots__ = ("_below", "_missing", "_order", "_present", "_size", "_values")

    def __init__(self, numbers: Sequence[int | None]) -> None:
        order = sorted((value, place) for place, value in enumerate(numbers) if value is not None)
        size = len(numbers)
        self._size = size
        self._values = [value for value, _ in order]
        self._order = [place for _, place in order]
        self._missing = mask_of([place for place, value in enumerate(numbers) if value is None], size)
        self._present = mask_of(self._order, size)
        self._below: dict[int, int] | None = {0: 0}
        mask = 0
        for count, (value, place) in enumerate(order, 1):
            mask |= 1 << place
            if count == len(order) or order[count][0] != value:
                self._below[count] = mask
            if len(self._below) * size > _MOST_BITS:
                self._below = None
                break

    def _lowest(self, count: int) -> int:
        """Return the mask of the ``count`` lowest numbers; a count between equal numbers is never asked for."""
        return mask_of(self._order[:count], self._size) if self._below is None else self._below[count]

    def at_least(self, number: int) -> int:
        """Return the mask of those with ``number`` or more; a missing limit does not limit."""
        return (self._present & ~self._lowest(bisect_left(self._values, number))) | self._missing

    def at_most(self, number: int, *, missing_passes: bool) -> int:
        """Return the mask of those with ``number`` or less."""
        found = self._lowest(bisect_right(self._values, number))
        return found | self._missing if missing_passes else found
