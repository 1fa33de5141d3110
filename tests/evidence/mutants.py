"""Break the code on purpose, and see whether a test notices: ``make mutants ROOM=routing``.

Mutants are made by cosmic-ray's operators. A seeded sample is drawn over places, then over the operators that fit a place. Left out are mutants that no test could tell:
changed annotations, docstrings and message texts. Each mutant of ``routecore/ROOM/NAME.py`` meets the tests that bear its name first, then its room's, then the laws of routing
and the records; the first failure kills it. What survives is listed with its line, to be killed by a claim or argued.
"""

from __future__ import annotations

import argparse
import ast
import concurrent.futures
import functools
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
LIMIT_SECONDS = 240.0
"""A mutant that makes a test run so long hangs: it is killed."""


class Mutant(NamedTuple):
    """One broken file."""

    path: Path
    line: int
    operator: str
    before: str
    after: str
    code: str


class _Bare(ast.NodeTransformer):
    """Takes out what no test could tell: annotations, docstrings, texts."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(value=None)
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        # an identifier may be compared with; a text of several words is a message
        return ast.Constant(value="") if isinstance(node.value, str) and " " in node.value else node


def bare(code: str) -> str:
    """Return the code's tree without what no test could tell."""
    return ast.dump(_Bare().visit(ast.parse(code)))


@functools.cache
def operators():
    """Return cosmic-ray's operators by name."""
    from cosmic_ray import plugins

    made = {}
    for name in plugins.operator_names():
        kind = plugins.get_operator(name)
        arguments = {one.name: example for one in kind.arguments() for example in ()}
        if not kind.arguments():
            made[name.removeprefix("core/")] = kind(**arguments)
    return made


def places(path: Path) -> dict[tuple[tuple[int, int], tuple[int, int]], list[tuple[str, int]]]:
    """Return every place of a file that can be broken, with (operator, occurrence) of each way to do it."""
    from cosmic_ray.ast import ast_nodes, get_ast

    code = path.read_text(encoding="utf-8")
    tree = get_ast(code)
    nodes = list(ast_nodes(tree))
    found: dict[tuple[tuple[int, int], tuple[int, int]], list[tuple[str, int]]] = {}
    for name, operator in operators().items():
        occurrence = 0
        for node in nodes:
            for position in operator.mutation_positions(node):
                found.setdefault(position, []).append((name, occurrence))
                occurrence += 1
    return found


def draw(files: list[Path], sample: int, seed: int) -> list[Mutant]:
    """Draw a sample of mutants."""
    from cosmic_ray.mutating import mutate_code

    rng = random.Random(seed)
    every = [(path, place, ways) for path in files for place, ways in sorted(places(path).items())]
    rng.shuffle(every)
    drawn: list[Mutant] = []
    for path, place, ways in every:
        if len(drawn) == sample:
            break
        code = path.read_text(encoding="utf-8")
        name, occurrence = rng.choice(ways)
        try:
            broken = mutate_code(code, operators()[name], occurrence)
            if broken is None or bare(broken) == bare(code):
                continue
        except SyntaxError:
            continue
        line = place[0][0]
        lines = (code.splitlines(), broken.splitlines())
        drawn.append(Mutant(path, line, name, *(one[line - 1].strip() if line <= len(one) else "" for one in lines), broken))
    return drawn


def suites(path: Path) -> list[list[str]]:
    """Return the tests that a file's mutants meet, nearest first."""
    where = path.relative_to(ROOT / "routecore")
    folder = ROOT / "tests" / where.parent
    own = sorted(str(one.relative_to(ROOT)) for one in folder.glob(f"test_{path.stem}*.py"))
    room = where.parts[0] if len(where.parts) > 1 else ""
    rooms = [f"tests/{room}"] if room and (ROOT / "tests" / room).is_dir() else []
    doctests = [str(path.relative_to(ROOT))]
    laws = (
        ["tests/routing/test_decide_laws.py", "tests/wire", "tests/live"]
        if room in {"reading", "pricing", "catalog", "request", "routing", "wire", "live"}
        else ["tests/wire"]
    )
    return [own + doctests, rooms, laws]


class Bench:
    """Copies of the tree, one a worker, in which mutants are tried."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._local = threading.local()
        self._count = 0
        self._lock = threading.Lock()

    def _tree(self) -> Path:
        if not hasattr(self._local, "tree"):
            with self._lock:
                self._count += 1
                tree = self._folder / f"tree{self._count}"
            for name in ("routecore", "tests", "docs", "benchmarks"):
                shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "_build", "evidence"))
            for name in ("pyproject.toml", "README.md", "CHANGELOG.md"):
                shutil.copy(ROOT / name, tree / name)
            self._local.tree = tree
        return self._local.tree

    def killer(self, mutant: Mutant) -> str | None:
        """Return the suite that noticed, or nothing."""
        tree = self._tree()
        place = tree / mutant.path.relative_to(ROOT)
        place.write_text(mutant.code, encoding="utf-8")
        try:
            for tests in suites(mutant.path):
                if tests and not self.passes(tree, tests):
                    return " ".join(tests)
        finally:
            shutil.copy(mutant.path, place)
        return None

    @staticmethod
    def passes(tree: Path, tests: list[str]) -> bool:
        """Tell whether the tests pass there."""
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", *tests]
        try:
            done = subprocess.run(
                command,
                cwd=tree,
                env={"PYTHONPATH": str(tree), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
                capture_output=True,
                timeout=LIMIT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode in {0, 5}


def main() -> int:
    """Draw, try, and print what survived."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("room", help="a folder of routecore, or a file in it: routing, live/health.py")
    parser.add_argument("--sample", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    target = ROOT / "routecore" / options.room
    files = [target] if target.is_file() else sorted(path for path in target.rglob("*.py") if path.name != "__init__.py")
    started = time.monotonic()
    mutants = draw(files, options.sample, options.seed)
    survivors = []
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(options.workers) as pool:
        bench = Bench(Path(folder))
        for done, (mutant, killer) in enumerate(zip(mutants, pool.map(bench.killer, mutants), strict=True), 1):
            if killer is None:
                survivors.append(mutant)
                print(f"survived  {mutant.path.relative_to(ROOT)}:{mutant.line}  {mutant.operator}\n    - {mutant.before}\n    + {mutant.after}", flush=True)
            elif done % 25 == 0:
                print(f"{done} of {len(mutants)}, {len(survivors)} survived", flush=True)
    killed = len(mutants) - len(survivors)
    print(f"{options.room}: {killed} of {len(mutants)} killed ({killed / max(1, len(mutants)):.1%}), seed {options.seed}, {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
