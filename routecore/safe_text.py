"""Any value as short, harmless text: what a message, a record or a terminal can show, whatever it is given.

Three habits that every message shares: text is cut, what does not print is escaped, and what may be a secret is not shown at all.
"""

from __future__ import annotations

import math
import re
from reprlib import Repr
from typing import Any, Final

__all__ = ["SHOWN_CHARACTERS", "Withheld", "jsonable", "looks_secret", "names_a_secret", "printable", "short_text", "shown_name", "withheld"]

SHOWN_CHARACTERS: Final = 120
_MAX_DEPTH: Final = 6
_MOST_NODES: Final = 1_000
_LONGEST_TEXT: Final = 4_096
_LARGEST_INT: Final = 2**64

_SECRET_PREFIXES: Final = (
    "sk-", "sk_", "rk_", "pk_", "gsk_", "xai-", "pplx-", "hf_", "aiza", "ya29.", "akia", "asia", "ghp_", "gho_", "github_pat_", "glpat-", "xox", "eyj",
    "bearer ", "basic ", "r8_", "tgp_", "nvapi-", "fw_", "csk-", "dop_v1",
)  # fmt: skip
_SHORTEST_SECRET: Final = 16
_LONG_RUN: Final = re.compile(r"[A-Za-z0-9]{24,}")
_LOOKED_AT: Final = 1_024
_SECRET_NAMES: Final = re.compile(r"(api|access|secret|private).?key|secret|token\Z|password|passwd|credential|authorization|bearer|cookie", re.IGNORECASE)


class Withheld(str):
    """What stands in the place of a value that is not shown: its kind and size. Text, so that JSON holds it; its own ``repr`` has no quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def withheld(value: object) -> Withheld:
    """Return what may be said of a value that may be a secret or a prompt: its kind and size.

    >>> withheld("my prompt"), withheld([1, 2]), withheld(None)
    (<text of 9 characters>, <list of 2>, <null>)
    """
    if value is None:
        return Withheld("<null>")
    if isinstance(value, str):
        return Withheld(f"<text of {len(value)} characters>")
    for kind, word in ((bool, "bool"), ((list, tuple), "list"), (dict, "object"), ((int, float), "number")):
        if isinstance(value, kind):
            return Withheld(f"<{word} of {len(value)}>" if isinstance(value, (list, tuple, dict)) else f"<{word}>")
    return Withheld(f"<{type(value).__name__}>")


def looks_secret(text: str) -> bool:
    """Tell whether a text may be a credential: by the prefixes that providers give theirs, or a long run of letters and digits.

    >>> looks_secret("sk-or-v1-0123456789abcdef"), looks_secret("deepseek/deepseek-v3.2"), looks_secret("nemotron-3-super-120b-a12b")
    (True, False, False)
    """
    if len(text) < _SHORTEST_SECRET:
        return False
    if text[:12].lower().startswith(_SECRET_PREFIXES) and "/" not in text[:_LOOKED_AT]:
        return True
    return any(not run.isalpha() and not run.isdigit() for run in _LONG_RUN.findall(text[:_LOOKED_AT]))


def names_a_secret(key: object) -> bool:
    """Tell whether a key's name says that its value is a credential.

    >>> names_a_secret("api_key"), names_a_secret("Authorization"), names_a_secret("max_tokens"), names_a_secret("key_id")
    (True, True, False, False)
    """
    return isinstance(key, str) and _SECRET_NAMES.search(key[:_LONGEST_TEXT]) is not None


def shown_name(name: str) -> str:
    """Return a name as messages show it: quoted, cut and escaped, or withheld if it looks like a credential.

    >>> shown_name("deepinfra"), shown_name("sk-or-v1-0123456789abcdef")
    ("'deepinfra'", '<text of 25 characters>')
    """
    return str(withheld(name)) if looks_secret(name) else short_text(repr(name if len(name) <= SHOWN_CHARACTERS else name[:SHOWN_CHARACTERS] + "…"))


def printable(text: str) -> str:
    r"""Escape what does not print: control characters, line breaks, marks that turn the direction of writing, lone surrogates.

    >>> printable("two\nlines"), printable("plain Ä")
    ('two\\nlines', 'plain Ä')
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


def _carried(text: str) -> str:
    """Escape what UTF-8 cannot carry, and leave the rest alone: data stays what it was, as JSON escapes it itself."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def jsonable(value: object) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Return ``value`` as JSON can hold it; what JSON cannot hold comes back as text, what is too much is cut with a ``…``, what looks secret is withheld.

    Never raises, and stays small: hostile values (cycles, a broken ``__repr__``, NaN, lone surrogates, a million items) become short text.

    >>> jsonable({"a": float("nan"), "b": [1, None], "api_key": "x"})
    {'a': 'nan', 'b': [1, None], 'api_key': '<text of 1 characters>'}
    """
    return _jsonable(value, 0, [_MOST_NODES])


def _jsonable(value: object, depth: int, budget: list[int]) -> Any:  # noqa: ANN401 - as above
    budget[0] -= 1
    kind = type(value)
    if value is None or kind is bool:
        return value
    if isinstance(value, int) and kind is int:
        return value if -_LARGEST_INT < value < _LARGEST_INT else short_text(value)
    if isinstance(value, float) and kind is float:
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return _text(value)
    if depth < _MAX_DEPTH and budget[0] > 0:
        if isinstance(value, (list, tuple)) and kind in {list, tuple}:
            items = []
            for item in value:
                if budget[0] <= 0:
                    items.append("…")
                    break
                items.append(_jsonable(item, depth + 1, budget))
            return items
        if isinstance(value, dict) and kind is dict:
            found: dict[str, Any] = {}
            for key, item in value.items():
                if budget[0] <= 0:
                    found["…"] = "…"
                    break
                found[_key(key)] = str(withheld(item)) if names_a_secret(key) else _jsonable(item, depth + 1, budget)
            return found
    if kind in {list, tuple, dict}:
        # deep, or past what is worth showing: not walked at all, as it may hold itself many times over
        return "{…}" if kind is dict else "[…]"
    return short_text(value)


def _text(value: str) -> str:
    if type(value) is not str:
        return str(short_text(value))
    return str(withheld(value)) if looks_secret(value) else _carried(value if len(value) <= _LONGEST_TEXT else value[:_LONGEST_TEXT] + "…")


def _key(key: object) -> str:
    return short_text(key) if not isinstance(key, str) or not looks_secret(key) else str(withheld(key))


class _Brief(Repr):
    """A repr that looks at the first few items of the first few levels only."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 2
        self.maxlist = self.maxtuple = self.maxdict = self.maxset = self.maxfrozenset = 6
        self.maxstring = self.maxother = self.maxlong = 4 * SHOWN_CHARACTERS


_BRIEF: Final = _Brief()


def short_text(value: object) -> str:
    """Give any object as short printable text, whatever its ``__repr__`` does; a string as it is, not quoted.

    >>> short_text([1, "a", {"password": "x"}])
    "[1, 'a', {'password': '<text of 1 characters>'}]"
    """
    if isinstance(value, str) and type(value) in {str, Withheld}:
        return printable(value if len(value) <= _LONGEST_TEXT else value[:_LONGEST_TEXT] + "…")
    try:
        text = _BRIEF.repr(_jsonable(value, 0, [_MOST_NODES]) if type(value) in {list, tuple, dict} else value)
    except Exception:  # noqa: BLE001 - a hostile __repr__ may raise anything, and a fault must still be reported
        text = f"<{type(value).__name__}>"
    return printable(text if len(text) <= 4 * SHOWN_CHARACTERS else text[: 4 * SHOWN_CHARACTERS] + "…")
