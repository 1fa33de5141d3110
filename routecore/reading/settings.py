"""Validators of settings classes: one line a field, and one error that names every bad field of the object.

A settings class is an ``attrs.frozen`` class with ``WHERE``, the path that its faults begin with. Whichever of its validators meets the first bad value
raises for all of them, since attrs has set every field before it runs the first validator.

>>> import attrs
>>> from typing import ClassVar
>>> @attrs.frozen
... class Example:
...     WHERE: ClassVar[str] = "settings.example"
...     seconds: float = attrs.field(default=5.0, validator=finite_above(0, "seconds"))
...     tries: int = attrs.field(default=3, validator=whole_from(1))
>>> Example(seconds=0, tries=True)
Traceback (most recent call last):
    ...
routecore.errors.InvalidRequest: 2 faults in the request: settings.example.seconds: 0 is not a finite number of seconds above 0; \
settings.example.tries: True is not a whole number, 1 or more
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

import attrs

from routecore.errors import Fault, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Check", "finite_above", "finite_from", "one_of", "share", "whole_from"]


class Check:
    """One field's validator: what is expected in words, and the test."""

    __slots__ = ("accepts", "expected")

    def __init__(self, expected: str, accepts: Callable[[Any], bool]) -> None:
        self.expected = expected
        self.accepts = accepts

    def __call__(self, instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:  # noqa: ANN401, ARG002 - attrs' form of a validator
        """Raise ``InvalidRequest`` for every bad field of ``instance`` if this one's value is bad."""
        if not self.accepts(value):
            raise InvalidRequest(faults_of(instance))


def faults_of(instance: Any) -> list[Fault]:  # noqa: ANN401 - an instance of any settings class
    """Return the fault of each field of ``instance`` whose value its ``Check`` does not accept."""
    found = []
    for field in attrs.fields(type(instance)):
        check, value = field.validator, getattr(instance, field.name)
        if isinstance(check, Check) and not check.accepts(value):
            found.append(Fault(f"{instance.WHERE}.{field.name}", value, check.expected))
    return found


def whole_from(least: int) -> Check:
    """Accept an ``int`` of ``least`` or more; a bool is no number."""
    return Check(f"a whole number, {least} or more", lambda value: type(value) is int and value >= least)


def finite_from(least: float, unit: str = "") -> Check:
    """Accept a finite number of ``least`` or more."""
    return Check(f"{_finite(unit)}, {least:g} or more", lambda value: _is_number(value) and least <= value < inf)


def finite_above(limit: float, unit: str = "", *, most: float | None = None) -> Check:
    """Accept a finite number above ``limit``, at most ``most`` where one is given."""
    upto = "" if most is None else f", {most:,.0f} at most"
    return Check(f"{_finite(unit)} above {limit:g}{upto}", lambda value: _is_number(value) and limit < value < inf and (most is None or value <= most))


def share() -> Check:
    """Accept a number from 0 to 1, both included."""
    return Check("a number from 0 to 1", lambda value: _is_number(value) and 0 <= value <= 1)


def one_of(*words: str) -> Check:
    """Accept one of some words."""
    return Check(" or ".join(map(repr, words)), lambda value: isinstance(value, str) and value in words)


def _finite(unit: str) -> str:
    return f"a finite number of {unit}" if unit else "a finite number"


def _is_number(value: object) -> bool:
    """Tell whether ``value`` is a number that a float can hold; NaN fails every comparison after this."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        float(value)
    except OverflowError:
        return False
    return True
