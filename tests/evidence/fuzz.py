"""Fuzz one target, guided by coverage: ``make fuzz TARGET=answer SECONDS=60``. Without a target, each in turn.

Inputs that reached something new are kept in ``tests/evidence/corpus/TARGET``; a crash is written there too, so that it stays a test.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

CORPUS = Path(__file__).resolve().parent / "corpus"
MOST_KEPT = 25
"""Inputs kept for a target, the shortest; what crashed goes first."""


def run(target: str, arguments: list[str]) -> None:
    """Fuzz in this process; it ends with the fuzzer's own exit."""
    import atheris

    with atheris.instrument_imports(include=["routecore"]):
        import routecore

        # names load when they are first used: load all now, so that each is instrumented
        for module in pkgutil.walk_packages(routecore.__path__, "routecore."):
            with contextlib.suppress(ImportError):  # of an extra that is not installed
                if module.name != "routecore.__main__":
                    importlib.import_module(module.name)
        from tests.evidence.targets import TARGETS
    atheris.Setup([sys.argv[0], *arguments], TARGETS[target])
    atheris.Fuzz()


def fuzz(target: str, seconds: int) -> tuple[str, bool]:
    """Fuzz in a process of its own, keep the shortest inputs, and say what came of it."""
    corpus = CORPUS / target
    corpus.mkdir(parents=True, exist_ok=True)
    flags = [f"-max_total_time={seconds}", "-max_len=4096", "-timeout=10", "-rss_limit_mb=1024", f"-artifact_prefix={corpus}/", "-print_final_stats=1"]
    call = [sys.executable, "-m", "tests.evidence.fuzz", "--in-process", target]
    done = subprocess.run([*call, *flags, str(corpus)], capture_output=True, text=True, check=False)
    for spare in sorted(corpus.iterdir(), key=lambda path: (not path.name.startswith("crash"), path.stat().st_size))[MOST_KEPT:]:
        spare.unlink()
    said = done.stderr
    executions = re.findall(r"stat::number_of_executed_units:\s*(\d+)", said)
    features = re.findall(r"ft: (\d+)", said)
    line = f"{target:15} {executions[-1] if executions else '?':>9} executions, {features[-1] if features else '?':>6} features, {len(list(corpus.iterdir()))} inputs kept"
    if done.returncode:
        line += "\n" + "\n".join(said.splitlines()[-25:])
    return line, done.returncode == 0


def main() -> int:
    """Read the command line."""
    if sys.argv[1:2] == ["--in-process"]:
        run(sys.argv[2], sys.argv[3:])
        return 0
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("target", nargs="*")
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    from tests.evidence.targets import TARGETS

    good = True
    for target in options.target or TARGETS:
        line, held = fuzz(target, options.seconds)
        print(line, flush=True)
        good &= held
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
