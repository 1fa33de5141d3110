"""The command line. Printing, files and exits live here and nowhere else in the library; nothing in the library imports this."""

from __future__ import annotations

import sys

__all__ = ["run"]


def run() -> None:
    """Run the command line on the process's arguments and exit: 1 with one line of advice where the extra ``cli`` is not installed."""
    try:
        from routecore.cli.app import main
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in {"click", "rich"}:
            raise
        print("routecore: the command line needs click and rich: pip install 'routecore[cli]'", file=sys.stderr)
        sys.exit(1)
    main()
