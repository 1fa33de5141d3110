"""``python -m routecore`` is ``routecore``."""

from routecore.cli import run

run()
