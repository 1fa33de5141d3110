"""``python -m benchmarks NAME [--quick] [--json]``; without a name, the list of them."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys

import benchmarks
from benchmarks.harness import Row, print_json, print_table

_SHARED = frozenset({"__main__", "harness"})


def names() -> list[str]:
    """Return the benchmarks there are: the package's modules, but for what they share."""
    return sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name not in _SHARED and not module.name.startswith("_"))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Time a part of the library beside a hand-written floor and its peers.")
    parser.add_argument("name", nargs="*", help=f"one or more of: {', '.join(names())}, or all")
    parser.add_argument("--quick", action="store_true", help="smaller inputs and fewer rounds: seconds, not minutes")
    parser.add_argument("--json", action="store_true", help="print a list of rows with name, median_s, unit, ratios")
    arguments = parser.parse_args(argv)
    chosen = names() if arguments.name == ["all"] else arguments.name
    unknown = [name for name in chosen if name not in names()]
    if not chosen or unknown:
        parser.error(f"{'no such benchmark: ' + ', '.join(unknown) if unknown else 'name one'}; there are: {', '.join(names())}")
    rows: list[Row] = []
    for name in chosen:
        rows += importlib.import_module(f"benchmarks.{name}").run(quick=arguments.quick)
    (print_json if arguments.json else print_table)(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
