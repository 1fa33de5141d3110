"""Running the command line inside a test, and files for it to read."""

from __future__ import annotations

import json
from inspect import signature
from typing import TYPE_CHECKING, Any, NamedTuple

from click.testing import CliRunner

from routecore.cli.app import main

if TYPE_CHECKING:
    from pathlib import Path

_APART: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in signature(CliRunner).parameters else {}
"""Before 8.2, click's runner mixed standard error into standard output unless told otherwise."""


class Run(NamedTuple):
    """What a command did: its exit code, standard output and standard error."""

    code: int
    out: str
    err: str

    @property
    def answer(self) -> Any:
        """The JSON on standard output."""
        return json.loads(self.out)


def run(*arguments: object, stdin: str | bytes | None = None, **environment: str) -> Run:
    """Run ``routecore`` with ``arguments``; an exception that leaves it fails the test."""
    result = CliRunner(env=environment, **_APART).invoke(main, list(map(str, arguments)), input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.stderr
    return Run(result.exit_code, result.stdout, result.stderr)


def write(folder: Path, name: str, content: object) -> Path:
    """Write a file: text and bytes as they are, anything else as JSON."""
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path
