"""The command line. Printing, files and exits live here and nowhere else in the library."""

from __future__ import annotations

import sys


def run() -> None:
    """Run ``routecore``; where the extra is not installed, say in one line how to install it."""
    try:
        from routecore.cli.app import main
    except ModuleNotFoundError as error:
        if error.name not in {"click", "rich"}:
            raise
        sys.stderr.write("routecore: the command line needs click and rich: pip install 'routecore[cli]'\n")
        raise SystemExit(1) from None
    main()
