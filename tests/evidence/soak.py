"""An hour of a fleet in a storm at 500 requests a second, and a minute at 10,000: ``make soak``. The table stands in ``docs/explanation/reliability.md``."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.evidence.fleet import Fleet


def main() -> int:
    """Run what is asked, and print a row a run."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--run", nargs=2, type=float, action="append", metavar=("RATE", "SECONDS"), help="by default 500 for 3600, and 10000 for 60")
    options = parser.parse_args()
    print("| requests a second | virtual seconds | requests | served | outcomes | probes | clock jumps | exports merged | memory grew, MB | real seconds |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for rate, seconds in options.run or ((500.0, 3600.0), (10_000.0, 60.0)):
        started = time.monotonic()
        fleet = Fleet(options.seed, rate=rate, seconds=seconds)
        counts = fleet.run()
        later = [size for when, size in fleet.memory if when >= seconds / 4] or [0]
        grew = (later[-1] - later[0]) / 1e6
        cells = (rate, seconds, counts["requests"], counts["served"], counts["observed"], counts["to probing"], counts["clock jumps"], counts["exports merged"])
        print(f"| {' | '.join(f'{cell:,.0f}' for cell in cells)} | {grew:.1f} | {time.monotonic() - started:.0f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
