"""Small checks that every reader of outside input shares: names, whole numbers, finite numbers, JSON kinds.

Each returns the value in the form the library uses, or ``None`` where it is not what was asked for; the caller knows the path and writes the fault.
"""

from __future__ import annotations

import heapq
import math
import re
from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, TypeGuard

from routecore.safe_text import jsonable, looks_secret, withheld

if TYPE_CHECKING:
    from collections.abc import Iterable

INTEGER_LIMIT: Final = 2**63
"""Integers of the wire are below this, so that any language's signed 64 bits hold them."""

_NAME: Final = re.compile(r"[^\s\x00-\x1f\x7f-\x9f@#\ud800-\udfff]{1,256}\Z")
_MODEL: Final = re.compile(r"[^\s\x00-\x1f\x7f-\x9f#\ud800-\udfff]{1,256}\Z")
_SLUG: Final = re.compile(r"(?=.{1,256}\Z)[^\s\x00-\x1f\x7f-\x9f@#\ud800-\udfff]+(#([2-9]|[1-9][0-9]+))?\Z")
_KEY_ID: Final = re.compile(r"(?=.{1,256}\Z)[^\s\x00-\x1f\x7f-\x9f#\ud800-\udfff]+(#([2-9]|[1-9][0-9]+))?\Z")
_ASCII_LOWER: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}

_LONGEST_KEY: Final = 256
_MOST_COMPARED: Final = 200
"""Known names that one unknown name is compared with in full."""
HINTS: Final = 20
"""Spelling is compared for this many unknown names of one request: each costs a look at every known one."""

NAME_EXPECTED: Final = "a name: 1 to 256 characters, without white space, control characters, '@' or '#'"
MODEL_EXPECTED: Final = "a model's name: 1 to 256 characters, without white space, control characters or '#'"
KEY_ID_EXPECTED: Final = "a key's name: 1 to 256 characters, without white space, control characters or '#'"
SLUG_EXPECTED: Final = "a provider slug such as 'deepinfra' or 'deepinfra/fp8'"
WHOLE_EXPECTED: Final = "a whole number, not negative, below 2**63"
NUMBER_EXPECTED: Final = "a finite number, not negative"
BOOL_EXPECTED: Final = "true or false"
OBJECT_EXPECTED: Final = "an object"
LIST_EXPECTED: Final = "a list"


def lower(text: str) -> str:
    """Return ``text`` in ASCII lower case; other letters stay as they are.

    >>> lower("DeepInfra/FP8"), lower("Ä")
    ('deepinfra/fp8', 'Ä')
    """
    return text.lower() if text.isascii() else text.translate(_ASCII_LOWER)


def canonical_key(key: str) -> str:
    """Return a health key, a pin or an endpoint id with its slug in ASCII lower case, as ids are; the model and a ``KEY_ID`` keep their case.

    >>> canonical_key("A/b@DeepInfra/FP8"), canonical_key("A/b@P#byok:Mine"), canonical_key("A@001@P")
    ('A/b@deepinfra/fp8', 'A/b@p#byok:Mine', 'A@001@p')
    """
    head, byok, key_id = key.partition("#byok:")
    # a model's name may hold an "@", a slug may not: an id is split at its last one
    model, at, slug = head.rpartition("@")
    return f"{model}{at}{lower(slug)}{byok}{key_id}" if at else key


def is_name(value: object) -> TypeGuard[str]:
    """Tell whether ``value`` may name a provider.

    >>> is_name("deepseek/deepseek-v3.2"), is_name("a b"), is_name(""), is_name(7)
    (True, False, False, False)
    """
    return isinstance(value, str) and _NAME.match(value) is not None


def is_model(value: object) -> TypeGuard[str]:
    """Tell whether ``value`` may name a model. Other than a provider's name it may hold an ``@``, as some clouds name theirs so.

    >>> is_model("publishers/claude-opus@20250805"), is_model("a#2"), is_model("a b")
    (True, False, False)
    """
    return isinstance(value, str) and _MODEL.match(value) is not None


def is_slug(value: object) -> TypeGuard[str]:
    """Tell whether ``value`` may name an endpoint's provider or variant; an importer's ``#2`` may end it.

    >>> is_slug("minimax/fp8"), is_slug("minimax/fp8#2"), is_slug("#2"), is_slug("a@b")
    (True, True, False, False)
    """
    return isinstance(value, str) and _SLUG.match(value) is not None


def is_key_id(value: object) -> TypeGuard[str]:
    """Tell whether ``value`` may name a key of the caller's own. Other than a slug it may hold an ``@``.

    >>> is_key_id("me@corp"), is_key_id("p/fp8#2"), is_key_id("a b")
    (True, True, False)
    """
    return isinstance(value, str) and _KEY_ID.match(value) is not None


def whole(value: object) -> int | None:
    """Return ``value`` as an int if it is a whole number from 0 to 2**63 - 1, else ``None``. A bool is no number.

    >>> whole(3), whole(3.0), whole(3.5), whole(True), whole(-1)
    (3, 3, None, None, None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if 0 <= value < INTEGER_LIMIT else None
    # JSON does not tell 1000 from 1e3: a whole float is a whole number
    if isinstance(value, (float, Decimal)) and _finite(value) and 0 <= value < INTEGER_LIMIT and value == int(value):
        return int(value)
    return None


def number(value: object) -> float | None:
    """Return ``value`` as a float if it is a finite number, 0 or more, else ``None``. A bool is no number.

    >>> number(1), number(0.5), number(float("nan")), number(True), number("1")
    (1.0, 0.5, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    if isinstance(value, int):
        return float(value) if 0 <= value < INTEGER_LIMIT else None
    if not _finite(value) or value < 0:
        return None
    result = float(value)
    return result if math.isfinite(result) else None


def _finite(value: float | Decimal) -> bool:
    # a signalling NaN raises in everything but its own is_finite
    return value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)


def below(path: str, key: object) -> str:
    """Return the path of ``key`` under ``path``, printable whatever the key is; a key that looks like a credential is withheld.

    >>> below("provider", "sort"), below("provider", 7), below("context", "sk-or-v1-0123456789abcdef")
    ('provider.sort', 'provider.7', 'context.<text of 25 characters>')
    """
    text = key if isinstance(key, str) else str(jsonable(key))
    if looks_secret(text):
        text = withheld(text)
    return f"{path}.{text}" if len(text) <= _LONGEST_KEY else f"{path}.{text[:_LONGEST_KEY]}…"


def nearest(name: str, known: Iterable[str], *, most: int = 3) -> list[str]:
    """Return up to ``most`` of ``known`` that are spelt like ``name``, the closest first; in a fixed order whatever the order of ``known``.

    Of many known names those that share the most pieces of three characters are compared in full, so that a hint costs little however many there are.

    >>> nearest("deepinfa", ["together", "deepinfra"])
    ['deepinfra']
    """
    name = name[:_LONGEST_KEY]
    names = sorted(set(known))
    if len(names) > _MOST_COMPARED:
        pieces = {name[start : start + 3] for start in range(len(name) - 2)}
        names = sorted(heapq.nlargest(_MOST_COMPARED, names, key=lambda one: sum(piece in one for piece in pieces)))
    return get_close_matches(name, names, n=most, cutoff=0.6)
