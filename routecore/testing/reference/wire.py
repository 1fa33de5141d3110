"""Reading the wire: numbers, names, lists, and the faults found on the way.

Nothing here knows of routing. A ``Reader`` looks at one value at a time, notes a fault where the value breaks the
wire's rules, and gives back ``None`` for it, so that all faults of one kind are found in one pass.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

__all__ = ["LONGEST_NAME", "Reader", "Refusal", "as_json", "ascii_lower", "decimal_of_text", "is_list", "is_name", "plain_decimal"]

LARGEST_INTEGER = 2**63
LARGEST_PRICE = 1_000_000
FINEST_PRICE = Fraction(1, 10**15)
LARGEST_ROUNDING = Fraction(1, 1_000_000)
LONGEST_NAME = 256
DECIMAL_TEXT = re.compile(r"(?=\.?[0-9])([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?", re.ASCII)
TWIN_NUMBER = re.compile(r"#(?:[2-9]|[1-9][0-9]+)\Z", re.ASCII)
LONGEST_POWER = 6  # digits of an exponent
DEEPEST_VALUE = 5
LONGEST_NUMBER = 2000  # digits on either side of the point; prices have six and fifteen


class Refusal(Exception):
    """The answer is an error; ``body`` is what stands under ``error``."""

    def __init__(self, body: dict[str, Any]) -> None:
        """Hold the error's body."""
        self.body = body
        super().__init__(body["message"])


def as_json(value: object, depth: int = 0) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Give ``value`` as JSON can hold it; what JSON cannot hold is given as text.

    >>> as_json([float("inf"), {1: None}, "x"])
    ['inf', {'1': None}, 'x']
    """
    kind = type(value)
    shown: Any = f"<{kind.__name__}>"
    if value is None or kind is bool:
        shown = value
    elif kind is int:
        shown = value if abs(value) < LARGEST_INTEGER * 2 else "an integer too large to show"  # type: ignore[arg-type]
    elif kind is float:
        shown = value if math.isfinite(value) else str(value)  # type: ignore[arg-type]
    elif kind is str:
        shown = str(value).encode("utf-8", "backslashreplace").decode("utf-8")[:1000]
    elif depth < DEEPEST_VALUE and kind in (list, tuple):
        shown = [as_json(item, depth + 1) for item in value]  # type: ignore[attr-defined]
    elif depth < DEEPEST_VALUE and kind is dict:
        shown = {str(as_json(key, DEEPEST_VALUE)): as_json(item, depth + 1) for key, item in value.items()}  # type: ignore[attr-defined]
    return shown


def ascii_lower(text: str) -> str:
    """Lower the letters A to Z and leave all others alone.

    >>> ascii_lower("DeepInfra/FP8 \u0130")
    'deepinfra/fp8 \u0130'
    """
    return "".join(chr(ord(letter) + 32) if "A" <= letter <= "Z" else letter for letter in text)


def is_name(text: str, *, twin: bool, at: bool) -> bool:
    r"""Say whether ``text`` is a name of the wire.

    >>> [is_name(text, twin=True, at=False) for text in ("p/fp8#2", "p#x", "p q", "", "p@q", "\n")]
    [True, False, False, False, False, False]
    """
    bare = TWIN_NUMBER.sub("", text) if twin else text
    forbidden = "#" if at else "@#"
    return (
        bare != ""
        and len(text) <= LONGEST_NAME
        and all(unicodedata.category(letter) not in ("Cc", "Cs") and not letter.isspace() and letter not in forbidden for letter in bare)
    )


def is_list(value: object) -> bool:
    """Say whether ``value`` is a JSON array, as Python holds one."""
    return isinstance(value, (list, tuple))


def plain_decimal(value: Fraction) -> str:
    """Write an exact finite decimal without an exponent and without trailing zeros.

    >>> plain_decimal(Fraction(444, 1000000)), plain_decimal(Fraction(0)), plain_decimal(Fraction(20))
    ('0.000444', '0', '20')
    """
    places = 0
    scaled = value
    while scaled.denominator != 1:
        scaled *= 10
        places += 1
    digits = str(scaled.numerator).rjust(places + 1, "0")
    return digits if places == 0 else digits[:-places] + "." + digits[-places:]


def decimal_of_text(text: str) -> Fraction | None:
    """Read ASCII digits with an optional point or exponent; ``None`` if the text is anything else.

    >>> decimal_of_text("1.5e-3"), decimal_of_text("-1"), decimal_of_text("1_0")
    (Fraction(3, 2000), None, None)
    """
    match = DECIMAL_TEXT.fullmatch(text)
    if match is None:
        return None
    whole, part, power = match.group(1), match.group(2) or "", match.group(3) or "0"
    digits = (whole + part).lstrip("0")
    significant = digits.rstrip("0")
    if significant == "":
        return Fraction(0)
    # Far from every price all numbers of a side compare alike: 1e9999999 need not be written out to be too dear.
    if len(power.lstrip("+-").lstrip("0")) > LONGEST_POWER:
        power = "-99999999" if power.startswith("-") else "99999999"
    exponent = int(power) - len(part) + len(digits) - len(significant)
    if exponent + len(significant) > LONGEST_NUMBER:
        return Fraction(10) ** LONGEST_NUMBER
    if exponent + len(significant) < -LONGEST_NUMBER:
        return Fraction(1, 10**LONGEST_NUMBER)
    if exponent < -LONGEST_NUMBER:  # what is cut off stays visible as one more digit
        significant = significant[: exponent + LONGEST_NUMBER] + "1"
        exponent = -LONGEST_NUMBER - 1
    return Fraction(int(significant)) * Fraction(10) ** exponent


class Reader:
    """Reads values and collects the faults of one kind.

    Every method takes a value that is not null (null means "missing" and is the caller's to see) and its path, and
    returns what the value says, or ``None`` with a fault noted.
    """

    def __init__(self) -> None:
        """Begin without faults."""
        self.faults: list[dict[str, Any]] = []

    def fault(self, path: str, value: object, expected: str) -> None:
        """Note that ``value`` at ``path`` is not ``expected``."""
        self.faults.append({"path": as_json(path), "value": as_json(value), "expected": expected})

    def refuse(self, kind: str) -> None:
        """Raise the error of this ``kind`` if any fault was noted."""
        if not self.faults:
            return
        first = self.faults[0]
        message = f"{len(self.faults)} fault(s): {first['path']}: not {first['expected']}"
        raise Refusal({"message": message, "type": kind, "param": first["path"], "code": 400, "metadata": {"faults": self.faults}})

    def refuse_unknown(self, part: Mapping[Any, Any], known: tuple[str, ...], path: str) -> None:
        """Note every key of ``part`` that is not ``known``, whatever its value: a typo would silently change the decision."""
        for key, value in part.items():
            if key not in known:
                self.fault(f"{path}.{key}", value, "a known key: " + ", ".join(known))

    def mapping(self, value: object, path: str) -> Mapping[Any, Any] | None:
        """An object."""
        if isinstance(value, Mapping):
            return value
        self.fault(path, value, "an object")
        return None

    def items(self, value: object, path: str) -> list[Any] | None:
        """A list, as it stands."""
        if is_list(value):
            return list(value)  # type: ignore[call-overload, no-any-return]
        self.fault(path, value, "a list")
        return None

    def boolean(self, value: object, path: str) -> bool | None:
        """True or false, and nothing that merely looks like it."""
        if isinstance(value, bool):
            return value
        self.fault(path, value, "true or false")
        return None

    def choice(self, value: object, path: str, allowed: tuple[str, ...]) -> str | None:
        """One of the words in ``allowed``, exactly."""
        if isinstance(value, str) and value in allowed:
            return value
        self.fault(path, value, "one of " + ", ".join(allowed))
        return None

    def text(self, value: object, path: str) -> str | None:
        """Any text."""
        if isinstance(value, str):
            return value
        self.fault(path, value, "text")
        return None

    def name(self, value: object, path: str, *, twin: bool = False, at: bool = False) -> str | None:
        """A name: non-empty, at most 256 characters, no control characters, white space, lone surrogates, ``@`` or ``#``.

        ``twin``: the number that importers give to an endpoint's twin (``#2``) may end it. ``at``: an ``@`` may stand in it.
        """
        if isinstance(value, str) and is_name(value, twin=twin, at=at):
            return value
        self.fault(path, value, "a name of 1 to 256 characters without white space, control characters" + (" or '#'" if at else ", '@' or '#'"))
        return None

    def names(self, value: object, path: str, *, at: bool = False) -> list[str]:
        """A list of names; a lone string is not one."""
        found = self.items(value, path)
        if found is None:
            return []
        read = [self.name(item, f"{path}[{position}]", at=at) for position, item in enumerate(found)]
        return [name for name in read if name is not None]

    def integer(self, value: object, path: str, limit: int) -> int | None:
        """An integer from 0 to ``limit`` - 1, written as one; a bool is none."""
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < limit:
            return value
        self.fault(path, value, f"an integer from 0 to {limit - 1}")
        return None

    def whole(self, value: object, path: str) -> int | None:
        """A whole number from 0 to 2^63 - 1, which may be written ``3.0``; a bool is none."""
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < LARGEST_INTEGER and value == int(value):
            return int(value)
        self.fault(path, value, f"a whole number from 0 to {LARGEST_INTEGER - 1}")
        return None

    def number(self, value: object, path: str, most: int | None = None) -> float | None:
        """A finite number, not negative, at most ``most``; integers stay below 2^63."""
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            finite = math.isfinite(value) if isinstance(value, float) else value < LARGEST_INTEGER
            if finite and value >= 0 and (most is None or value <= most):
                return value
        self.fault(path, value, "a finite number, not negative" + ("" if most is None else f", at most {most}"))
        return None

    def decimal(self, value: object, path: str) -> Fraction | None:
        """An exact decimal, not negative, as a number (a float by its shortest text) or as text."""
        found: Fraction | None = None
        if isinstance(value, str):
            found = decimal_of_text(value)
        elif isinstance(value, int) and not isinstance(value, bool):
            found = Fraction(value) if 0 <= value < LARGEST_INTEGER else None
        elif isinstance(value, float) and math.isfinite(value) and value >= 0:
            found = Fraction(Decimal(repr(value)))
        elif isinstance(value, Decimal) and value.is_finite() and value >= 0:
            found = decimal_of_text(str(value.copy_abs()))
        if found is None:
            self.fault(path, value, "a decimal, not negative, as a number or as digits with an optional point or exponent")
        return found

    def price(self, value: object, path: str) -> Fraction | None:
        """A price: a decimal below 1,000,000 of at most 15 places.

        One that is finer is rounded to 15 places, half to even, if that moves it by at most a millionth (real feeds write
        ``0.132 / 1e6`` as floats do); a finer one is a fault.
        """
        quiet = Reader()
        found = quiet.decimal(value, path)
        if found is not None and found < LARGEST_PRICE:
            units = found / FINEST_PRICE
            rounded = found if units.denominator == 1 else round(units) * FINEST_PRICE  # round takes the even one of two equally near
            if abs(rounded - found) <= found * LARGEST_ROUNDING:
                return rounded
        self.fault(path, value, "a decimal of at most 15 places, not negative and below 1000000")
        return None
