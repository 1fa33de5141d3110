"""HdrHistogram V2 texts, written and read sparsely: as many steps as there are distinct values.

The library's encoder walks all 28,000 buckets of a day in microseconds (0.8 ms a text, measured), which a window of ten samples does not have. What is
written here is what the library reads, and the other way round, under test. Format: HdrHistogram's ``V2CompressedEncoding``.
"""

from __future__ import annotations

import base64
import binascii
import struct
import zlib
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from routecore.live.windows.survival import Values

__all__ = ["HIGHEST_LATENCY", "HIGHEST_THROUGHPUT", "decode", "encode"]

HIGHEST_LATENCY: Final = 86_400_000_000
"""Microseconds: a day."""
HIGHEST_THROUGHPUT: Final = 1_000_000_000
"""Thousandths of a token per second: a million tokens per second."""
_DIGITS: Final = 3
_MAGNITUDE: Final = 10
"""With three significant digits 2,048 buckets stand for themselves, and 1,024 for each doubling after."""
_COOKIE: Final = 0x1C849313
_COMPRESSED_COOKIE: Final = 0x1C849314
_HEADER: Final = struct.Struct(">iiiiqqd")
_OUTER: Final = struct.Struct(">ii")
_LONGEST_TEXT: Final = 1_000_000
_LONGEST: Final = 262_144
"""Bytes that a text may unpack to: above what 28,000 buckets with small counts take."""
_LONGEST_COUNT: Final = 5
"""Bytes of one count: 2**34 at most, above any window's."""
_MOST: Final = 2**31


def encode(units: NDArray[np.int64], counts: NDArray[np.int64], highest: int) -> str:
    """Return the text of a histogram of whole numbers, each from 0 to ``highest``, counted ``counts`` times.

    >>> text = encode(np.array([1_000, 250_000]), np.array([2, 1]), HIGHEST_LATENCY)
    >>> [values.tolist() for values in decode(text, HIGHEST_LATENCY)]
    [[1000.0, 250048.0], [2, 1]]
    """
    # a double's exponent is the number of bits, exactly, up to 2**53
    bits = np.frexp(np.maximum(units, (2 << _MAGNITUDE) - 1).astype(np.float64))[1].astype(np.int64)
    shift = bits - (_MAGNITUDE + 1)
    places = ((shift + 1) << _MAGNITUDE) + (units >> shift) - (1 << _MAGNITUDE)
    distinct, inverse = np.unique(places, return_inverse=True)
    sizes = np.zeros(len(distinct), np.int64)
    np.add.at(sizes, inverse, counts)
    body = bytearray()
    next_place = 0
    for place, size in zip(distinct.tolist(), sizes.tolist(), strict=True):
        if place > next_place:
            _put(body, 2 * (place - next_place) - 1)
        _put(body, 2 * size)
        next_place = place + 1
    packed = zlib.compress(_HEADER.pack(_COOKIE, len(body), 0, _DIGITS, 1, highest, 1.0) + bytes(body))
    return base64.b64encode(_OUTER.pack(_COMPRESSED_COOKIE, len(packed)) + packed).decode("ascii")


def _put(body: bytearray, number: int) -> None:
    """Append a whole number, seven bits a byte, the lowest first."""
    while number > 0x7F:
        body.append(number & 0x7F | 0x80)
        number >>= 7
    body.append(number)


def decode(text: object, highest: int) -> Values | None:
    """Return the distinct values of a text, each the middle of what it stands for, and their counts; ``None`` for what is no such text.

    Refused too: what unpacks to more than a histogram up to ``highest`` can hold, so that no text costs more memory than its percentiles are worth.
    """
    if not isinstance(text, str) or len(text) > _LONGEST_TEXT:
        return None
    try:
        outer = base64.b64decode(text, validate=True)
        cookie, length = _OUTER.unpack_from(outer)
        unpacker = zlib.decompressobj()
        inner = unpacker.decompress(outer[_OUTER.size :], _LONGEST)
        inner_cookie, size, offset, digits, lowest, _, ratio = _HEADER.unpack_from(inner)
    except (ValueError, binascii.Error, struct.error, zlib.error):
        return None
    body = inner[_HEADER.size :]
    if (cookie, inner_cookie, offset, digits, lowest, ratio) != (_COMPRESSED_COOKIE, _COOKIE, 0, _DIGITS, 1, 1.0):
        return None
    if not unpacker.eof or length != len(outer) - _OUTER.size or size != len(body):
        return None
    return _unpacked(body, highest)


def _unpacked(body: bytes, highest: int) -> Values | None:
    octets: NDArray[np.int64] = np.frombuffer(body, np.uint8).astype(np.int64)
    ends = np.flatnonzero(octets < 0x80)
    if not len(ends):
        return None if len(octets) else (np.zeros(0), np.zeros(0, np.int64))
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - starts + 1
    if int(ends[-1]) != len(octets) - 1 or int(lengths.max()) > _LONGEST_COUNT:
        return None
    numbers = np.zeros(len(ends), np.int64)
    for step in range(_LONGEST_COUNT):
        longer = lengths > step
        numbers[longer] |= (octets[starts[longer] + step] & 0x7F) << (7 * step)
    gaps = (numbers & 1).astype(np.bool_)
    counts = numbers >> 1
    places = np.cumsum(np.where(gaps, counts + 1, 1)) - 1
    places, counts = places[~gaps], counts[~gaps]
    places, counts = places[counts > 0], counts[counts > 0]
    doublings = highest.bit_length() - _MAGNITUDE + 1
    if len(places) and (int(places[-1]) >= doublings << _MAGNITUDE or int(counts.sum()) > _MOST):
        return None
    bucket = (places >> _MAGNITUDE) - 1
    sub = (places & ((1 << _MAGNITUDE) - 1)) + np.where(bucket < 0, 0, 1 << _MAGNITUDE)
    shift = np.maximum(bucket, 0)
    least = sub << shift
    return (least + ((1 << shift) >> 1)).astype(np.float64), counts
