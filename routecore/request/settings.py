"""What the gateway's operator decides about decisions: the strategy with its constants, and how facts, pins, data policies and time are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

import attrs

from routecore.errors import Fault, InvalidRequest
from routecore.reading.checks import BOOL_EXPECTED, OBJECT_EXPECTED, number, whole
from routecore.reading.objects import read_object
from routecore.reading.settings import Check, finite_above, finite_from, one_of, share, whole_from

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from routecore.reading.objects import Reader

__all__ = ["NAMED_SETTINGS", "STICKY_MODES", "STRATEGIES", "AdjustedPrice", "BalanceWeights", "Settings", "Timeouts"]

STRATEGIES: Final = {
    "balance": "a weighted draw: the cheaper, faster and more reliable an endpoint is, the likelier it comes first",
    "inverse_square_price": "a weighted draw by the inverse square of the price alone",
    "adjusted_price": "a weighted draw by what a good result costs in all: price, failures and waiting, in USD of this request",
}
"""Every strategy that ``settings.strategy`` may name, in words. A request's ``sort`` goes before it."""
STICKY_MODES: Final = ("documented", "compatible", "economic", "off")
DENY_MEANS: Final = ("storing", "training")
LATENCIES: Final = ("ttft", "total")
MAX_EXPONENT: Final = 100.0
EXPONENT_EXPECTED: Final = "an exponent from 0 to 100"
_EXPONENT: Final = Check(EXPONENT_EXPECTED, lambda value: share().accepts(value / MAX_EXPONENT))
_FLAG: Final = Check(BOOL_EXPECTED, lambda value: value is True or value is False)


@attrs.frozen(cache_hash=True)
class BalanceWeights:
    """Exponents of the balance: ``weight = price^-a · throughput^b · latency^-c · success^d``. Each from 0 to 100.

    The default is the wire's. A what-if study on a real catalog (``docs/explanation/what-if-study.md``) would choose ``BalanceWeights.studied()``.

    >>> BalanceWeights.inverse_square_price()
    BalanceWeights(price=2.0, throughput=0.0, latency=0.0, reliability=0.0)
    """

    WHERE: ClassVar[str] = "settings.balance"

    price: float = attrs.field(default=1.0, converter=float, validator=_EXPONENT)
    throughput: float = attrs.field(default=0.5, converter=float, validator=_EXPONENT)
    latency: float = attrs.field(default=0.5, converter=float, validator=_EXPONENT)
    reliability: float = attrs.field(default=2.0, converter=float, validator=_EXPONENT)

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
class AdjustedPrice:
    """Constants of the adjusted price, each with its source in ``docs/explanation/adjusted-price.md``.

    ``time_value`` and ``first_token_value`` are USD an hour; the penalties are multiples of the price for each unit of a rate (8: 1 % of errors is 8 % of
    the price); ``edge``, ``width`` and ``fade`` shape the share over the distance from the best; ``floor`` is the least share, from 0 to 1.

    >>> AdjustedPrice().edge
    0.3
    """

    WHERE: ClassVar[str] = "settings.adjusted_price"

    time_value: float = attrs.field(default=0.36, converter=float, validator=finite_from(0))
    first_token_value: float = attrs.field(default=0.36, converter=float, validator=finite_from(0))
    error_penalty: float = attrs.field(default=8.0, converter=float, validator=finite_from(0))
    tool_error_penalty: float = attrs.field(default=1.0, converter=float, validator=finite_from(0))
    rate_limit_penalty: float = attrs.field(default=3.0, converter=float, validator=finite_from(0))
    edge: float = attrs.field(default=0.3, converter=float, validator=finite_from(0))
    width: float = attrs.field(default=0.07, converter=float, validator=finite_above(0))
    fade: float = attrs.field(default=1.0, converter=float, validator=finite_from(0))
    floor: float = attrs.field(default=0.018, converter=float, validator=share())


@attrs.frozen(cache_hash=True)
class Timeouts:
    """Bounds of how long to wait, in seconds: ``least`` and ``most`` for a first token, ``most_total`` for a whole answer.

    >>> Timeouts(least=1.0).most
    60.0
    """

    WHERE: ClassVar[str] = "settings.timeouts"

    least: float = attrs.field(default=2.0, converter=float, validator=finite_above(0, "seconds"))
    most: float = attrs.field(default=60.0, converter=float, validator=finite_above(0, "seconds"))
    most_total: float = attrs.field(default=600.0, converter=float, validator=finite_above(0, "seconds"))

    def __attrs_post_init__(self) -> None:
        faults = [
            Fault(f"settings.timeouts.{name}", getattr(self, name), f"at least timeouts.least, {self.least:g} seconds")
            for name in ("most", "most_total")
            if getattr(self, name) < self.least
        ]
        if faults:
            raise InvalidRequest(faults)


@attrs.frozen(cache_hash=True)
class Settings:
    """What the gateway's operator decides about decisions.

    ``strategy``: one of ``balance``, ``inverse_square_price``, ``adjusted_price``; ``balance`` and ``adjusted_price`` are their constants.
    ``min_samples``: a percentile with fewer samples behind it is not known. ``sticky``: one of ``documented``, ``compatible``, ``economic``, ``off``.
    ``deny_means``: what ``data_collection: deny`` denies, ``storing`` (and training) or ``training`` alone.
    ``latency``: what a window's latency counts, ``ttft`` or ``total``; decisions read whichever it is.
    ``timeouts`` bounds how long an attempt may take; ``hedge`` says whether plans tell when to start the next attempt beside a slow one.
    """

    WHERE: ClassVar[str] = "settings"

    balance: BalanceWeights = BalanceWeights()
    min_samples: int = attrs.field(default=1, validator=whole_from(0))
    sticky: str = attrs.field(default="documented", validator=one_of(*STICKY_MODES))
    deny_means: str = attrs.field(default="storing", validator=one_of(*DENY_MEANS))
    latency: str = attrs.field(default="ttft", validator=one_of(*LATENCIES))
    strategy: str = attrs.field(default="balance", validator=one_of(*STRATEGIES))
    adjusted_price: AdjustedPrice = AdjustedPrice()
    timeouts: Timeouts = Timeouts()
    hedge: bool = attrs.field(default=False, validator=_FLAG)

    @property
    def exponents(self) -> BalanceWeights:
        """The exponents that the strategy draws by: those of ``balance``, but for ``inverse_square_price``, which has its own."""
        return _INVERSE_SQUARE if self.strategy == "inverse_square_price" else self.balance

    @classmethod
    def parse(cls, value: object, path: str = "settings", faults: list[Fault] | None = None) -> Settings:
        """Read the wire's ``settings``.

        Args:
            value: the object; ``None`` is not given. A missing exponent of a given ``balance`` is 0; any other missing constant is its default.
            path: where it stands.
            faults: where faults are noted; without a list they are raised.

        Returns:
            The settings.

        Raises:
            InvalidRequest: with every fault, where ``faults`` is not given.

        Example:
            >>> Settings.parse({"strategy": "adjusted_price", "adjusted_price": {"edge": 0.5}}).adjusted_price.edge
            0.5
        """
        noted: list[Fault] = [] if faults is None else faults
        before = len(noted)
        found = read_object(value, path, _READERS, noted, expected=OBJECT_EXPECTED, key_expected=_KEY_EXPECTED)
        if faults is None and noted:
            raise InvalidRequest(noted)
        return cls(**found) if found and len(noted) == before else _DEFAULT_SETTINGS

    def to_mapping(self) -> dict[str, Any]:
        """Return the settings in the wire form, every one of them."""
        return attrs.asdict(self)


_NUMBER_TYPES: Final = ("float", float)


def _value(field: attrs.Attribute[Any]) -> Reader:
    """Return the reader of one field: what its validator refuses is noted; numbers come back as the library's own."""
    check = field.validator
    assert isinstance(check, Check)
    # numbers are read as the wire's, words and flags as they are
    as_read: Callable[[object], Any] = whole if field.name == "min_samples" else number if field.type in _NUMBER_TYPES else lambda value: value

    def read(fields: dict[str, Any], value: object, path: str, faults: list[Fault]) -> None:
        found = as_read(value)
        if found is None or not check.accepts(found):
            faults.append(Fault(path, value, check.expected))
        else:
            fields[field.name] = found

    return read


def _group(name: str, kind: type[Any], defaults: Mapping[str, float], what: str) -> Reader:
    """Return the reader of an object of numbers into the settings class ``kind``; ``defaults`` stand for keys that are not given."""
    readers = {field.name: _value(field) for field in attrs.fields(kind)}

    def read(fields: dict[str, Any], value: object, path: str, faults: list[Fault]) -> None:
        before = len(faults)
        found = read_object(value, path, readers, faults, expected=f"an object with {', '.join(readers)}", key_expected=f"{what}: {', '.join(readers)}")
        if len(faults) > before:
            return
        try:
            fields[name] = kind(**{**defaults, **found})
        except InvalidRequest as error:
            # what the parts are to each other; each alone has been checked
            faults.extend(Fault(f"{path}{one.path.removeprefix(kind.WHERE)}", one.value, one.expected) for one in error.faults)

    return read


_READERS: Final[Mapping[str, Reader]] = {
    # the wire: a missing exponent of a given balance is 0
    "balance": _group("balance", BalanceWeights, dict.fromkeys(("price", "throughput", "latency", "reliability"), 0.0), "an exponent of the balance"),
    **{field.name: _value(field) for field in attrs.fields(Settings) if isinstance(field.validator, Check)},
    "adjusted_price": _group("adjusted_price", AdjustedPrice, {}, "a constant of the adjusted price"),
    "timeouts": _group("timeouts", Timeouts, {}, "a bound of the timeouts"),
}
_KEY_EXPECTED: Final = f"a setting: {', '.join(_READERS)}"
_DEFAULT_SETTINGS: Final = Settings()
_INVERSE_SQUARE: Final = BalanceWeights.inverse_square_price()

NAMED_SETTINGS: Final = {
    "balance": _DEFAULT_SETTINGS,
    "studied": Settings(balance=BalanceWeights.studied()),
    "inverse_square_price": Settings(strategy="inverse_square_price"),
    "adjusted_price": Settings(strategy="adjusted_price"),
}
"""Settings that have a name: ``Policy.named``, what-if files and the command line know them by it."""
