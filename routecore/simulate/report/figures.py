"""Figures as people read them."""

from __future__ import annotations

from math import floor, log10

__all__ = ["shown"]


def shown(value: float | None, unit: str) -> str:
    """Return a figure as people read it.

    >>> shown(0.00064, "USD"), shown(0.98765, "share"), shown(0.4321, "s"), shown(None, "s")
    ('$0.0006400', '98.77 %', '0.432 s', '–')
    """
    if value is None:
        return "–"
    if unit == "USD":
        # four significant digits, never an exponent
        places = 2 if abs(value) >= 100 or value == 0 else min(3 - floor(log10(abs(value))), 15)
        amount = f"{abs(value):,.{places}f}"
        return f"{'-' if value < 0 else ''}${amount}"
    if unit == "share":
        return f"{value * 100:.2f} %"
    return f"{value:.3g} s" if unit == "s" else f"{value:.4g}"
