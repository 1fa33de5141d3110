"""The engines' names and what each is, in words; apart from the engines, which load NumPy."""

from __future__ import annotations

from typing import Final

__all__ = ["ENGINES", "RUNNING"]

ENGINES: Final = {
    "closed": "closed loop: the real router on virtual time",
    "batch": "batch: first choices on frozen statistics, no feedback",
    "ope": "off-policy: estimated from the log",
}
"""Engine -> what it is."""

RUNNING: Final = ("closed", "batch")
"""Those that run policies in a world, and so can sweep."""
