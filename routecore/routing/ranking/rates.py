"""Rates shrunk towards the mean: a rate of few samples says little, and is taken as the mean of those that have one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

PRIOR_SAMPLES: Final = 20
"""k of the shrinkage: this many samples at the mean rate stand behind every endpoint."""
ASSUMED_SAMPLES: Final = 100
"""Samples behind a rate that comes without a count."""


def shrunk(rates: Sequence[tuple[float, int | None] | None], nobody: float) -> list[float]:
    """Return each rate shrunk towards the mean, which is weighted by samples; an unknown one is the mean. ``nobody`` where nobody has a rate.

    Args:
        rates: (rate, samples) pairs, ``None`` where unknown. A missing count is 100 samples; where no sample is counted the mean is the plain one.
        nobody: the rate of all where none is known.

    Example:
        >>> shrunk([(0.0, 80), (0.2, 20), None], 0.0)
        [0.008, 0.12, 0.04]
    """
    known = [(rate, ASSUMED_SAMPLES if samples is None else samples) for rate, samples in (pair for pair in rates if pair is not None)]
    if not known:
        return [nobody] * len(rates)
    samples = sum(count for _, count in known)
    # without a single sample every endpoint shrinks to the mean, whatever it is: it cancels out
    mean = sum(rate * count for rate, count in known) / samples if samples else sum(rate for rate, _ in known) / len(known)
    pulled = mean * PRIOR_SAMPLES
    found = []
    for pair in rates:
        if pair is None:
            found.append(mean)
        else:
            count = ASSUMED_SAMPLES if pair[1] is None else pair[1]
            found.append((pair[0] * count + pulled) / (count + PRIOR_SAMPLES))
    return found
