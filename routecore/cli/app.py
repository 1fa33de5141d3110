"""The command ``routecore``: its subcommands, and the one place that turns errors into messages and exit codes."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import Any, Final

import click

from routecore.cli.errors import Failure, UnreadableFile, exit_code, show_error
from routecore.cli.group import Listed
from routecore.cli.terminal import Page, clean, print_json
from routecore.version import VERSION

__all__ = ["COMMANDS", "main"]

COMMANDS: Final = {
    "plan": "routecore.cli.commands.plan:plan",
    "explain": "routecore.cli.commands.explain:explain",
    "catalog": "routecore.cli.commands.catalog:catalog",
    "replay": "routecore.cli.commands.replay:replay",
    "cost": "routecore.cli.commands.cost:cost",
    "whatif": "routecore.cli.commands.whatif:whatif",
    "policies": "routecore.cli.commands.policies:policies",
    "schema": "routecore.cli.commands.schema:schema",
    "conformance": "routecore.cli.commands.conformance:conformance",
    "demo": "routecore.cli.commands.demo:demo",
}
"""Every command, in the order of the help: its name, and where it is defined. A new command is a file and a row."""

EXIT_BUG: Final = 70
EXIT_OUTPUT: Final = 74
EXIT_INTERRUPTED: Final = 130
EXIT_PIPE: Final = 141
"""As a shell reports them: 128 and the signal that would have ended the process."""


class App(Listed):
    """A group whose errors are one block on standard error, never a traceback; with ``--json`` their body is on standard output too."""

    def main(self, args: Any = None, prog_name: str | None = None, complete_var: str | None = None, *_: Any, **extra: Any) -> Any:  # noqa: ANN401 - as click has it
        """Run and exit; the exit code is the command's own, or that of its error."""
        arguments = list(sys.argv[1:] if args is None else args)
        # a stream that was closed before the start takes what is printed, and keeps nothing
        sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - open until the end
        sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - open until the end
        for stream in (sys.stdout, sys.stderr):
            # a terminal that cannot show a character gets its escape, not an exception
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        extra.pop("standalone_mode", None)
        extra.pop("windows_expand_args", None)
        self._main_shell_completion(extra, prog_name or "routecore", complete_var)
        sys.exit(self._run(arguments, prog_name or "routecore", extra))

    def _run(self, arguments: list[str], prog_name: str, extra: dict[str, Any]) -> int:
        """Return the exit code. Not left to click, which takes a closed pipe for a failure of the command."""
        try:
            code = self._answer(arguments, prog_name, extra)
            sys.stdout.flush()
        except (KeyboardInterrupt, EOFError, click.Abort):
            print("interrupted", file=sys.stderr)
            return EXIT_INTERRUPTED
        except BrokenPipeError:
            _let_go_of_output()
            return EXIT_PIPE
        except OSError as error:
            _let_go_of_output()
            print(f"error: the output cannot be written: {error.strerror or error}", file=sys.stderr)
            return EXIT_OUTPUT
        except Exception as error:
            if os.environ.get("ROUTECORE_TRACEBACK"):
                raise
            page = Page(error=True)
            page.fact(f"error: {type(error).__name__}: {error}", hanging=2, style="bold red")
            page.fact("This is a bug in routecore. ROUTECORE_TRACEBACK=1 in the environment shows where it happened; please report it with that.", indent=2)
            return EXIT_BUG
        return code

    def _answer(self, arguments: list[str], prog_name: str, extra: dict[str, Any]) -> int:
        """Run the command, print its error if it has one, and return its exit code."""
        machine = "--json" in arguments
        try:
            with self.make_context(prog_name, arguments, **extra) as context:
                code = self.invoke(context)
        except click.exceptions.Exit as wanted:
            return wanted.exit_code
        except (Failure, UnreadableFile) as error:
            return _tell(error, machine=machine)
        except click.ClickException as error:
            if machine:
                print_json({"error": {"message": error.format_message(), "type": "usage", "param": None, "code": 400, "metadata": {}}})
            click.UsageError(clean(error.format_message()), getattr(error, "ctx", None)).show()
            return error.exit_code
        return code if isinstance(code, int) else 0


def _let_go_of_output() -> None:
    """Send what is still buffered nowhere: it would raise again when the process ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(error: Failure | UnreadableFile, *, machine: bool) -> int:
    """Print an error and return its exit code."""
    body = error.body if isinstance(error, Failure) else error.to_dict()
    if machine:
        print_json(body)
    show_error(error, Page(error=True))
    return exit_code(body)


@click.group(
    cls=App,
    table=COMMANDS,
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
