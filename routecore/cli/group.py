"""A group whose commands stand in a table: adding one is a row, and a command's libraries are loaded when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from routecore.reading.checks import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Listed", "listed"]


class Listed(click.Group):
    """``table`` maps a command's name to ``module:attribute``; commands are listed in its order."""

    def __init__(self, *args: Any, table: Mapping[str, str] | None = None, **options: Any) -> None:  # noqa: ANN401 - as click has them
        super().__init__(*args, **options)
        self.table = dict(table or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the table, then of what was added by hand."""
        return [*self.table, *(name for name in super().list_commands(ctx) if name not in self.table)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command of the table."""
        found = super().get_command(ctx, cmd_name)
        if found is None and cmd_name in self.table:
            module, _, attribute = self.table[cmd_name].partition(":")
            found = getattr(import_module(module), attribute)
            assert isinstance(found, click.Command)
            self.add_command(found, cmd_name)
        return found

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is asked for; an unknown name is told what is near it."""
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            near = nearest(args[0], known)
            hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"there are {', '.join(known)}."
            raise click.UsageError(f"there is no command {args[0]!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)


def listed(table: Mapping[str, str], **options: Any) -> Callable[[Callable[..., Any]], Listed]:  # noqa: ANN401 - as click has them
    """Make a function a group with the commands of a table; ``options`` are those of ``click.group``."""

    def made(callback: Callable[..., Any]) -> Listed:
        group = click.group(cls=Listed, table=table, **options)(callback)
        assert isinstance(group, Listed)
        return group

    return made
