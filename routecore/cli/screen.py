"""Where output goes: tables to standard output for people, JSON for machines, errors to standard error in one block."""

from __future__ import annotations

import json
import os
import shutil
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from routecore.errors import FaultyInput, NoEligibleEndpoint, UnknownModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from routecore.errors import RoutecoreError

CALLER_FAULT, NOBODY = 2, 3
_SHOWN = 20
_PIPE_WIDTH = 120


def console(*, stderr: bool = False) -> Console:
    """Return a console: as wide as the terminal; wide enough for whole ids where it is a pipe or a file."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else max(_PIPE_WIDTH, shutil.get_terminal_size().columns)
    return Console(file=stream, width=width, highlight=False, soft_wrap=False)


def say(text: str = "", style: str | None = None) -> None:
    """Print a line for people; long ones wrap at words."""
    console().print(Text(text, style=style or ""))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[int] = ()) -> None:
    """Print a table; no cell is cut, long ones fold. ``right`` are the columns of numbers."""
    made = Table(title=title or None, title_justify="left", title_style="bold", show_edge=False, pad_edge=False, header_style="bold")
    for number, name in enumerate(columns):
        made.add_column(name, justify="right" if number in right else "left", overflow="fold", no_wrap=number in right)
    for row in rows:
        made.add_row(*(Text(str(cell)) for cell in row))
    console().print(made)
    console().print()


def print_json(value: object) -> None:
    """Print JSON for machines."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def usd(amount: Decimal | str | None) -> str:
    """Return an amount of USD as plain decimal text, whole; a dash where it is not known.

    >>> usd(Decimal("0.00044400")), usd(None)
    ('0.000444', '–')
    """
    if amount is None:
        return "–"
    text = format(Decimal(amount), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def per_mtok(femtodollars: int | None) -> str:
    """Return a price per token as USD per million tokens.

    >>> per_mtok(270_000_000), per_mtok(None)
    ('0.27', '–')
    """
    return "–" if femtodollars is None else usd(Decimal(femtodollars).scaleb(-9))


def percent(share: float) -> str:
    """Return a share as percent with one decimal; never 0.0 % for what can happen.

    >>> percent(1.0), percent(0.1234), percent(0.00001)
    ('100%', '12.3%', '<0.1%')
    """
    if share == 1:
        return "100%"
    return "<0.1%" if 0 < share < 0.0005 else f"{share:.1%}"


def fail(error: RoutecoreError, *, as_json: bool) -> None:
    """Show an error, to standard error for people (and as JSON to standard output for machines), and leave with its exit code."""
    if as_json:
        print_json(error.to_dict())
    else:
        show_error(error)
    raise SystemExit(NOBODY if isinstance(error, (UnknownModel, NoEligibleEndpoint)) else CALLER_FAULT)


def show_error(error: RoutecoreError, *, to_stdout: bool = False) -> None:
    """Print an error's readable block, to standard error unless it is part of a demonstration."""
    out = console(stderr=not to_stdout)
    lines: list[str] = []
    if isinstance(error, FaultyInput):
        count = "1 fault" if len(error.faults) == 1 else f"{len(error.faults)} faults"
        lines.append(f"error ({error.type}): {count} in the {error.what}")
        lines += [f"  {fault}" for fault in error.faults[:_SHOWN]]
        if len(error.faults) > _SHOWN:
            lines.append(f"  and {len(error.faults) - _SHOWN} more; --json lists them all")
    elif isinstance(error, NoEligibleEndpoint):
        lines.append(f"error ({error.type}): no endpoint passes every filter")
        lines += [f"  {step['left']:>4} left after {step['rule']}" for step in error.funnel]
        for one in error.rejections[:_SHOWN]:
            lines.append(f"  {one['endpoint']}")
            lines += [f"      {rule}: {detail}" for rule, detail in zip(one["rules"], one["details"], strict=True)]
        if len(error.rejections) > _SHOWN:
            lines.append(f"  and {len(error.rejections) - _SHOWN} more endpoints; --json lists them all")
        lines.append(relaxations_in_words(error.relaxations))
    else:
        lines.append(f"error ({error.type}): {error}")
    for line in lines:
        out.print(Text(line))


def relaxations_in_words(relaxations: Sequence[Sequence[str]]) -> str:
    """Say what could be lifted."""
    if not relaxations:
        return "Nothing that the request could lift would help: the catalog or the account's policy stands against every endpoint."
    return "It would work without " + ", or without ".join(" and ".join(rules) for rules in relaxations) + "."


def jsonl(value: Any) -> str:  # noqa: ANN401 - any JSON
    """Return one line of JSON."""
    return json.dumps(value, ensure_ascii=False)
