"""Reading the settings: the strategy with its exponents and penalties, what counts as known, how pins are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from routecore.testing.reference.wire import Reader

__all__ = ["ADJUSTED_PRICE", "EXPONENTS", "Settings", "read_settings"]

SETTINGS_KEYS = ("balance", "min_samples", "sticky", "deny_means", "latency", "strategy", "adjusted_price", "timeouts", "hedge")
EXPONENTS: dict[str, float] = {"price": 1, "throughput": 0.5, "latency": 0.5, "reliability": 2}
INVERSE_SQUARE_PRICE: dict[str, float] = {"price": 2, "throughput": 0, "latency": 0, "reliability": 0}
LARGEST_EXPONENT = 100
ADJUSTED_PRICE: dict[str, float] = {
    "time_value": 0.36, "first_token_value": 0.36, "error_penalty": 8, "tool_error_penalty": 1, "rate_limit_penalty": 3,
    "edge": 0.3, "width": 0.07, "fade": 1, "floor": 0.018,
}  # fmt: skip
TIMEOUTS = ("least", "most", "most_total")


@dataclass(frozen=True)
class Settings:
    """How the operator set the router."""

    strategy: str = "balance"
    balance: dict[str, float] = field(default_factory=lambda: dict(EXPONENTS))
    adjusted_price: dict[str, float] = field(default_factory=lambda: dict(ADJUSTED_PRICE))
    min_samples: int = 1
    sticky: str = "documented"
    deny_means: str = "storing"

    @property
    def exponents(self) -> dict[str, float]:
        """The exponents of the balance: fixed where the strategy is the inverse square of the price."""
        return INVERSE_SQUARE_PRICE if self.strategy == "inverse_square_price" else self.balance


def read_settings(raw: object, reader: Reader) -> Settings:
    """Read the settings; faults go to ``reader``."""
    settings = {} if raw is None else reader.mapping(raw, "settings")
    if not settings:
        return Settings()
    reader.refuse_unknown(settings, SETTINGS_KEYS, "settings")
    read: dict[str, Any] = {}
    if settings.get("balance") is not None:
        given = _numbers(settings["balance"], "settings.balance", tuple(EXPONENTS), reader, most=LARGEST_EXPONENT)
        read["balance"] = {key: given.get(key, 0) for key in EXPONENTS}
    if settings.get("adjusted_price") is not None:
        given = _numbers(settings["adjusted_price"], "settings.adjusted_price", tuple(ADJUSTED_PRICE), reader)
        if given.get("width") == 0:
            reader.fault("settings.adjusted_price.width", given["width"], "a number above 0")
        if given.get("floor", 0) > 1:
            reader.fault("settings.adjusted_price.floor", given["floor"], "a number from 0 to 1")
        read["adjusted_price"] = {**ADJUSTED_PRICE, **given}
    if settings.get("min_samples") is not None:
        read["min_samples"] = reader.whole(settings["min_samples"], "settings.min_samples")
    for key, allowed in (
        ("strategy", ("balance", "inverse_square_price", "adjusted_price")),
        ("sticky", ("documented", "compatible", "economic", "off")),
        ("deny_means", ("storing", "training")),
    ):
        if settings.get(key) is not None:
            read[key] = reader.choice(settings[key], f"settings.{key}", allowed)
    if settings.get("latency") is not None:
        reader.choice(settings["latency"], "settings.latency", ("ttft", "total"))
    if settings.get("timeouts") is not None:
        _numbers(settings["timeouts"], "settings.timeouts", TIMEOUTS, reader)
    if settings.get("hedge") is not None:
        reader.boolean(settings["hedge"], "settings.hedge")
    return Settings(**read)


def _numbers(raw: object, path: str, keys: tuple[str, ...], reader: Reader, most: int | None = None) -> dict[str, float]:
    """The numbers of an object that are given."""
    part = reader.mapping(raw, path)
    if part is None:
        return {}
    reader.refuse_unknown(part, keys, path)
    read = {key: reader.number(part[key], f"{path}.{key}", most=most) for key in keys if part.get(key) is not None}
    return {key: number for key, number in read.items() if number is not None}
