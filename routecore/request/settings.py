"""What the gateway's operator decides about decisions: the balance's exponents, and how facts, pins and data policies are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from routecore.errors import Fault, InvalidRequest
from routecore.reading.checks import HINTS, OBJECT_EXPECTED, WHOLE_EXPECTED, below, nearest, number, whole
from routecore.request.fields import one_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["STICKY_MODES", "BalanceWeights", "Settings"]

STICKY_MODES: Final = ("documented", "compatible", "economic", "off")
DENY_MEANS: Final = ("storing", "training")
LATENCIES: Final = ("ttft", "total")


def _exponent(instance: object, attribute: attrs.Attribute[float], value: float) -> None:
    del instance
    checked = number(value)
    if checked is None or checked > MAX_EXPONENT:
        raise InvalidRequest([Fault(f"settings.balance.{attribute.name}", value, EXPONENT_EXPECTED)])


MAX_EXPONENT: Final = 100.0
EXPONENT_EXPECTED: Final = "an exponent from 0 to 100"


@attrs.frozen(cache_hash=True)
class BalanceWeights:
    """Exponents of the balance: ``weight = price^-a · throughput^b · latency^-c · success^d``. Each from 0 to 100.

    The default is the wire's. A what-if study on a real catalog (``docs/explanation/what-if-study.md``) would choose ``BalanceWeights.studied()``.

    >>> BalanceWeights.inverse_square_price()
    BalanceWeights(price=2.0, throughput=0.0, latency=0.0, reliability=0.0)
    """

    price: float = attrs.field(default=1.0, converter=float, validator=_exponent)
    throughput: float = attrs.field(default=0.5, converter=float, validator=_exponent)
    latency: float = attrs.field(default=0.5, converter=float, validator=_exponent)
    reliability: float = attrs.field(default=2.0, converter=float, validator=_exponent)

    @classmethod
    def studied(cls) -> BalanceWeights:
        """What the study would choose: the default with twice the sharpness in price and speed. Cheaper and faster in it, with and without capacity limits.

        >>> BalanceWeights.studied()
        BalanceWeights(price=2.0, throughput=1.0, latency=1.0, reliability=2.0)
        """
        return cls(price=2.0, throughput=1.0, latency=1.0, reliability=2.0)

    @classmethod
    def inverse_square_price(cls) -> BalanceWeights:
        """OpenRouter's long-published rule: weight by the inverse square of the price, and by nothing else."""
        return cls(price=2.0, throughput=0.0, latency=0.0, reliability=0.0)


@attrs.frozen(cache_hash=True)
class Settings:
    """What the gateway's operator decides about decisions.

    ``min_samples``: a percentile with fewer samples behind it is not known. ``sticky``: one of ``documented``, ``compatible``, ``economic``, ``off``.
    ``deny_means``: what ``data_collection: deny`` denies, ``storing`` (and training) or ``training`` alone.
    ``latency``: what a window's latency counts, ``ttft`` or ``total``; decisions read whichever it is.
    """

    balance: BalanceWeights = BalanceWeights()
    min_samples: int = attrs.field(default=1)
    sticky: str = attrs.field(default="documented")
    deny_means: str = attrs.field(default="storing")
    latency: str = attrs.field(default="ttft")

    def __attrs_post_init__(self) -> None:
        """Refuse values that the wire would refuse, with the same faults."""
        faults: list[Fault] = []
        for key in ("min_samples", "sticky", "deny_means", "latency"):
            _SETTING_READERS[key]({}, getattr(self, key), f"settings.{key}", faults)
        if faults:
            raise InvalidRequest(faults)

    @classmethod
    def parse(cls, value: object, path: str = "settings", faults: list[Fault] | None = None) -> Settings:
        """Read the wire's ``settings``.

        Args:
            value: The operator's settings; a key that is missing has its default.
            path: What the paths of faults begin with.
            faults: Takes the faults, where they are to be told together with others.

        Returns:
            The settings.

        Raises:
            InvalidRequest: With every fault, where no list takes them.

        Example:
            >>> Settings.parse({"min_samples": 20}).min_samples
            20
        """
        noted: list[Fault] = [] if faults is None else faults
        before = len(noted)
        found: dict[str, Any] = {}
        if value is not None and not isinstance(value, dict):
            noted.append(Fault(path, value, OBJECT_EXPECTED))
        elif value:
            for key, item in value.items():
                read = _SETTING_READERS.get(key) if isinstance(key, str) else None
                if read is None:
                    near = nearest(key, _SETTING_READERS, most=1) if isinstance(key, str) and len(noted) < HINTS else []
                    hint = f"; did you mean {near[0]!r}?" if near else ""
                    noted.append(Fault(below(path, key), item, f"a setting: {', '.join(_SETTING_READERS)}{hint}"))
                elif item is not None:
                    read(found, item, below(path, key), noted)
        if faults is None and noted:
            raise InvalidRequest(noted)
        return cls(**found) if found and len(noted) == before else _DEFAULT_SETTINGS

    def to_mapping(self) -> dict[str, Any]:
        """Return the settings in the wire form, every one of them."""
        return attrs.asdict(self)


def _read_balance(found: dict[str, Any], value: object, path: str, faults: list[Fault]) -> None:
    if not isinstance(value, dict):
        faults.append(Fault(path, value, "an object with price, throughput, latency and reliability"))
        return
    exponents = dict.fromkeys(("price", "throughput", "latency", "reliability"), 0.0)
    for key, item in value.items():
        if key not in exponents:
            faults.append(Fault(below(path, key), item, "an exponent of the balance: price, throughput, latency or reliability"))
        elif item is not None:
            exponent = number(item)
            if exponent is None or exponent > MAX_EXPONENT:
                faults.append(Fault(below(path, key), item, EXPONENT_EXPECTED))
            else:
                exponents[key] = exponent
    # the wire: a missing exponent of a given balance is 0
    if not faults:
        found["balance"] = BalanceWeights(**exponents)


def _read_min_samples(found: dict[str, Any], value: object, path: str, faults: list[Fault]) -> None:
    samples = whole(value)
    if samples is None:
        faults.append(Fault(path, value, WHOLE_EXPECTED))
    else:
        found["min_samples"] = samples


def _choice(name: str, values: tuple[str, ...]) -> Callable[..., None]:
    def read(found: dict[str, Any], value: object, path: str, faults: list[Fault]) -> None:
        if not isinstance(value, str) or value not in values:
            faults.append(Fault(path, value, one_of(values)))
        else:
            found[name] = value

    return read


_SETTING_READERS: Final[Mapping[str, Callable[..., None]]] = {
    "balance": _read_balance,
    "min_samples": _read_min_samples,
    "sticky": _choice("sticky", STICKY_MODES),
    "deny_means": _choice("deny_means", DENY_MEANS),
    "latency": _choice("latency", LATENCIES),
}
_DEFAULT_SETTINGS: Final = Settings()
