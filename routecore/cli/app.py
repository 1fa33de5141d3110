"""The command ``routecore``: its subcommands, and the one place that turns errors into messages and exit codes."""

from __future__ import annotations

import os
import sys
from typing import Any, Final

import click

from routecore.cli.catalog import catalog
from routecore.cli.cost import cost
from routecore.cli.demo import demo
from routecore.cli.errors import Failure, UnreadableFile, exit_code, show_error
from routecore.cli.page import Page, print_json
from routecore.cli.plan import plan
from routecore.cli.replay import replay
from routecore.version import VERSION

__all__ = ["main"]

EXIT_PIPE: Final = 141
EXIT_INTERRUPTED: Final = 130
EXIT_BUG: Final = 70


class App(click.Group):
    """A group whose errors are one block on standard error, never a traceback; with ``--json`` their body is on standard output too."""

    def main(self, args: Any = None, prog_name: str | None = None, complete_var: str | None = None, *_: Any, **extra: Any) -> Any:  # noqa: ANN401 - as click has it
        """Run and exit; the exit code is the command's own, or that of its error."""
        arguments = list(sys.argv[1:] if args is None else args)
        for stream in (sys.stdout, sys.stderr):
            # a terminal that cannot show a character gets its escape, not an exception
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        extra.pop("standalone_mode", None)
        sys.exit(self._run(arguments, prog_name or "routecore", complete_var, extra))

    def _run(self, arguments: list[str], prog_name: str, complete_var: str | None, extra: dict[str, Any]) -> int:
        machine = "--json" in arguments
        try:
            try:
                code = super().main(arguments, prog_name, complete_var, standalone_mode=False, **extra)
            except (Failure, UnreadableFile) as error:
                code = _tell(error, machine=machine)
            except click.ClickException as error:
                error.show()
                if machine:
                    print_json({"error": {"message": error.format_message(), "type": "usage", "param": None, "code": 400, "metadata": {}}})
                code = error.exit_code
            sys.stdout.flush()
        except (click.Abort, KeyboardInterrupt):
            print("interrupted", file=sys.stderr)
            return EXIT_INTERRUPTED
        except BrokenPipeError:
            # whoever read has gone; what is still buffered would raise again when the process ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return EXIT_PIPE
        except Exception as error:
            if os.environ.get("ROUTECORE_TRACEBACK"):
                raise
            page = Page(error=True)
            page.paragraph(f"error: {type(error).__name__}: {error}", hanging=2, style="bold red")
            page.paragraph(
                "This is a bug in routecore. ROUTECORE_TRACEBACK=1 in the environment shows where it happened; please report it with that.", indent=2
            )
            return EXIT_BUG
        return code if isinstance(code, int) else 0


def _tell(error: Failure | UnreadableFile, *, machine: bool) -> int:
    """Print an error and return its exit code."""
    body = error.body if isinstance(error, Failure) else error.to_dict()
    if machine:
        print_json(body)
    show_error(error, Page(error=True))
    return exit_code(body)


@click.group(
    cls=App,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="""Decide which provider serves an LLM request, say why, and what it costs.

\b
Exit codes: 0 fine; 1 a replayed plan differs; 2 faulty input or usage;
3 unknown model, or no endpoint that may serve. With --json the answer,
or the error, is JSON on standard output.""",
    epilog="\b\nExample: routecore plan --catalog example --stats example --model z-ai/glm-4.7 --explain",
)
@click.version_option(VERSION, message="routecore %(version)s")
@click.pass_context
def main(context: click.Context) -> None:
    """Print the help where no command is named."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for _command in (plan, catalog, replay, cost, demo):
    main.add_command(_command)
