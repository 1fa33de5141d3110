"""``import routecore`` beside ``import attrs``, each in a fresh interpreter, turn by turn; an interpreter that imports nothing is taken off both.

Before anything is timed, the import must have loaded none of the heavy third parties.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from benchmarks.harness import Row, quartiles

ROUNDS, QUICK_ROUNDS = 41, 15
HEAVY = ("numpy", "hdrh", "cachetools", "hypothesis", "click", "rich", "pyarrow")
WORKS = {"import routecore": "import routecore", "import attrs": "import attrs", "no import": "pass"}


def seconds(code: str) -> float:
    """Return the wall time of an interpreter that runs ``code`` and ends."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - the code stands above
    return time.perf_counter() - start


def run(*, quick: bool = False) -> list[Row]:
    seconds(f"import sys, routecore; sys.exit(any(name in sys.modules for name in {HEAVY!r}))")
    seconds("import attrs")
    rounds = QUICK_ROUNDS if quick else ROUNDS
    times: dict[str, list[float]] = {name: [] for name in WORKS}
    for number in range(rounds):
        turn = number % len(WORKS)
        for name in [*WORKS][turn:] + [*WORKS][:turn]:
            times[name].append(seconds(WORKS[name]))
    nothing = statistics.median(times["no import"])
    ours, theirs = ([max(one - nothing, 0.0) for one in times[name]] for name in ("import routecore", "import attrs"))
    # single starts are noisier than what is measured, so the ratio is that of the medians
    ratio = statistics.median(ours) / max(statistics.median(theirs), 1e-9)
    return [
        Row("import routecore", statistics.median(ours), "interpreter", {"import of attrs": ratio}, quartiles(ours), note="required: at most 2 × import attrs"),
        Row("import routecore: import attrs", statistics.median(theirs), "interpreter", spread_s=quartiles(theirs)),
        Row("import routecore: no import", nothing, "interpreter", spread_s=quartiles(times["no import"])),
    ]
