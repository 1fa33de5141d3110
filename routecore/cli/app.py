"""The command ``routecore`` and its subcommands."""

from __future__ import annotations

import os
import sys

import click

from routecore.cli.catalog import catalog
from routecore.cli.cost import cost
from routecore.cli.demo import demo
from routecore.cli.plan import plan
from routecore.cli.replay import replay
from routecore.version import VERSION


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog="Example: routecore demo")
@click.version_option(VERSION, prog_name="routecore")
def app() -> None:
    """Plan, explain, price and replay the routing of LLM requests.

    Exit codes: 0 done; 2 a fault of the request, the catalog or the call; 3 unknown model, or no eligible endpoint; 1 a replay that differs.
    """


for command in (plan, catalog, replay, cost, demo):
    app.add_command(command)


def main() -> None:
    """Run the command line; a closed pipe or Ctrl-C ends it quietly."""
    try:
        app.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.stderr.write("stopped\n")
        raise SystemExit(130) from None
    except click.ClickException as error:
        error.show()
        raise SystemExit(2) from None
    except BrokenPipeError:
        # the reader went away: say nothing, and keep the interpreter from saying it at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        raise SystemExit(130) from None
