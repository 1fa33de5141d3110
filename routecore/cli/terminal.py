"""A page: what a command prints for people, on one stream. Ids stay whole at any width, and nothing that a file holds can drive the terminal."""

from __future__ import annotations

import json
import math
import re
import sys
from typing import Any, Final, NoReturn

from rich.console import Console
from rich.text import Text

from routecore.showing.sheet import Column, Sheet, clean

__all__ = ["Column", "Page", "clean", "json_text", "print_json"]

_DRIVING: Final = re.compile("[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]")
"""What JSON may hold as it is, and a terminal had better not see."""


class _Console(Console):
    """A console that leaves a closed pipe to the caller, who knows how to end."""

    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError


class Page(Sheet):
    """A sheet that is printed line by line, to standard output or to standard error. No colours where the stream is no terminal."""

    def __init__(self, *, error: bool = False) -> None:
        self.console = _Console(file=sys.stderr if error else sys.stdout, markup=False, highlight=False, emoji=False)
        super().__init__(self.console.width)

    @property
    def keeps_facts_whole(self) -> bool:
        """Whether a fact stays on one line: where it is piped, and may be searched."""
        return not self.console.is_terminal

    def put(self, text: str, style: str) -> None:
        """Print one line; where it is longer than the terminal is wide, the terminal wraps it."""
        self.console.print(Text(text, style=style), soft_wrap=True)


def json_text(answer: Any, *, indent: int | None = None, ascii_only: bool = False) -> str:  # noqa: ANN401 - whatever JSON holds
    r"""Return a value as JSON that any file and terminal can take: NaN and infinities as text, and what drives a terminal or is no character as an escape.

    >>> json_text({"a": float("inf"), "b": chr(0x202E), "c": chr(0xD800)})
    '{"a": "inf", "b": "\\u202e", "c": "\\ud800"}'
    """
    text = json.dumps(_finite(answer), indent=indent, ensure_ascii=ascii_only, allow_nan=False)
    return _DRIVING.sub(lambda match: json.dumps(match[0])[1:-1], text)


def print_json(answer: Any) -> None:  # noqa: ANN401 - whatever JSON holds
    """Print a machine's answer to standard output: JSON, indented, one trailing newline."""
    escaped = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    sys.stdout.write(json_text(answer, indent=2, ascii_only=escaped) + "\n")


def _finite(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return the value with NaN and infinities as text: Python reads them from files, JSON has no such numbers."""
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, (list, tuple)) else value
