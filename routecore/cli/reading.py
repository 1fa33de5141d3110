"""Reading what the command line names: JSON files, compressed or not, ``-`` for standard input, ``example`` for the shipped catalog."""

from __future__ import annotations

import gzip
import json
import os
import sys
import zlib
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from routecore.adapters.feeds import feed_of, import_feed
from routecore.catalog.by_hand import expand_by_hand
from routecore.catalog.catalog import Catalog
from routecore.cli.errors import UnreadableCatalog, UnreadableFile, sourced
from routecore.wire.examples import example_catalog, read_example

__all__ = [
    "EXAMPLE",
    "OWN",
    "STDIN",
    "check_file",
    "check_writable",
    "load_catalog",
    "load_stats",
    "problem_of",
    "read_bytes",
    "read_json",
    "shown_name",
    "write_text",
]

STDIN: Final = "-"
EXAMPLE: Final = "example"
OWN: Final = "routecore"
_CATALOG: Final = "a catalog: JSON or YAML with a list of 'endpoints'"
_YAML: Final = (".yaml", ".yml")
_GZIP: Final = b"\x1f\x8b"
_CONTEXT: Final = 60
_NEAR: Final = 0.85
"""Closer than other names are told apart: all of them end in ``.json``."""


def shown_name(path: str) -> str:
    """Return how a file is named in messages."""
    return "standard input" if path == STDIN else path


def read_bytes(path: str, expected: str) -> bytes:
    """Return a file's content, decompressed. Raises ``UnreadableFile``."""
    try:
        if path == STDIN:
            if sys.stdin.isatty():
                print("reading from the terminal; end with Ctrl-D on a line of its own", file=sys.stderr)
            data = sys.stdin.buffer.read()
        else:
            data = Path(path).read_bytes()
        return gzip.decompress(data) if data.startswith(_GZIP) else data
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise UnreadableFile(shown_name(path), problem_of(error), expected, hint=_hint(path, error)) from error


def check_file(path: str, expected: str) -> None:
    """Raise ``UnreadableFile`` for a file that cannot be opened, which a reader of its own will read."""
    try:
        with Path(path).open("rb") as file:
            if not file.read(1):
                raise UnreadableFile(path, "is empty", expected)
    except OSError as error:
        raise UnreadableFile(path, problem_of(error), expected, hint=_hint(path, error)) from error


def problem_of(error: Exception) -> str:
    """Say in words why a file could not be read, as what follows its name."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, IsADirectoryError):
        return "is a directory"
    if isinstance(error, PermissionError):
        return "may not be read: permission denied"
    if isinstance(error, (gzip.BadGzipFile, EOFError, zlib.error)):
        return f"is a damaged gzip file: {error}"
    return f"cannot be read: {getattr(error, 'strerror', None) or error}"


def _hint(path: str, error: Exception) -> str | None:
    if not isinstance(error, FileNotFoundError):
        return None
    if get_close_matches(path, [EXAMPLE], cutoff=_NEAR):
        return f"did you mean {EXAMPLE}, the one that ships with routecore?"
    folder = Path(path).parent
    names = [one.name for one in folder.iterdir()] if folder.is_dir() else []
    near = get_close_matches(Path(path).name, names, n=1, cutoff=_NEAR)
    return f"did you mean {folder / near[0]}?" if near else None


def read_json(path: str, expected: str) -> Any:  # noqa: ANN401 - whatever the file holds
    """Return the JSON of a file. Raises ``UnreadableFile`` with line and column where it is none."""
    data = read_bytes(path, expected)
    name = shown_name(path)
    if not data.strip():
        raise UnreadableFile(name, "is empty", expected)
    try:
        text = data.decode(json.detect_encoding(data))
    except UnicodeDecodeError as error:
        raise UnreadableFile(name, f"is not text: byte {error.start + 1:,} is 0x{data[error.start]:02x}", expected) from error
    return parse_json(text, name, expected)


def parse_json(text: str, name: str, expected: str) -> Any:  # noqa: ANN401 - whatever the text holds
    """Return the JSON of a text. Raises ``UnreadableFile`` with line and column where it is none."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        problem = f"is not JSON: line {error.lineno}, column {error.colno}: {error.msg[:1].lower()}{error.msg[1:]}"
        raise UnreadableFile(name, problem, expected, where=_where(error)) from error
    except RecursionError as error:
        raise UnreadableFile(name, "is nested too deeply", expected) from error
    except ValueError as error:
        raise UnreadableFile(name, f"is not JSON: {str(error).partition(';')[0]}", expected) from error


def _where(error: json.JSONDecodeError) -> str | None:
    """Return the line of the fault with a mark under it; of a long line, the part around it."""
    lines = error.doc.split("\n")
    line, column = lines[error.lineno - 1].rstrip("\r"), error.colno - 1
    start = max(0, column - _CONTEXT // 2)
    part = line[start : start + _CONTEXT]
    return f"{part}\n{' ' * (column - start)}^" if part.strip() else None


def load_catalog(path: str, feed: str) -> tuple[Catalog, dict[str, Any]]:
    """Return the catalog of a file, and the statistics that came with it: a feed's, none for a catalog in the library's own form.

    ``feed`` is the form of the file: ``routecore``, or one of ``routecore.adapters.feeds.FEEDS``. Raises ``UnreadableFile``, or ``Failure`` for a catalog that cannot be loaded.
    """
    if path == EXAMPLE:
        return example_catalog(), {}
    name = shown_name(path)
    expected = _CATALOG if feed == OWN else f"a feed of {feed}"
    if path.endswith(_YAML) and feed == OWN:
        check_file(path, expected)
        with sourced({"catalog": name}):
            return Catalog.load(path), {}
    try:
        document = read_json(path, expected)
    except UnreadableFile as error:
        raise UnreadableCatalog(error.path, error.problem, expected, hint=error.hint, where=error.where) from error
    with sourced({"catalog": name}):
        if feed != OWN:
            imported = import_feed(document, feed)
            return imported.catalog(), imported.stats
        if isinstance(document, dict) and "endpoints" not in document and "request" in document:
            hint = f"this looks like a scenario, which has its own catalog: routecore plan {path}"
            raise UnreadableCatalog(name, "has no list of 'endpoints' of its own", _CATALOG, hint=hint)
        looks_like = None if isinstance(document, dict) and "endpoints" in document else feed_of(document)
        if looks_like is not None:
            hint = f"this looks like {looks_like.words}; read it with --from {looks_like.name}"
            raise UnreadableCatalog(name, "has no list of 'endpoints' of its own", _CATALOG, hint=hint)
        return Catalog.from_mapping(expand_by_hand(document)), {}


def load_stats(path: str) -> dict[str, Any]:
    """Return the parts of a scenario that a file of statistics gives: ``stats``, and ``health`` where the file has that too.

    The file maps endpoint ids to statistics, or holds such an object under ``stats``; ``example`` are those of the example catalog.
    """
    if path == EXAMPLE:
        return {"stats": read_example("stats")["stats"]}
    document = read_json(path, "statistics: JSON, endpoint id -> latency, throughput, samples, success_rate")
    parts = {name: document[name] for name in ("stats", "health") if name in document} if isinstance(document, dict) else {}
    return parts or {"stats": document}


def check_writable(path: str) -> None:
    """Raise ``UnreadableFile`` for a file that could not be written: better known before minutes of work than after. Leaves what is there as it is."""
    if path == STDIN:
        return
    place = Path(path)
    problem = None
    if place.is_dir():
        problem = "is a directory"
    elif not place.parent.is_dir():
        problem = f"cannot be written: there is no folder {place.parent}"
    elif not os.access(place if place.exists() else place.parent, os.W_OK):
        problem = "cannot be written: permission denied"
    if problem is not None:
        raise UnreadableFile(path, problem, "a file that may be written, in a folder that exists")


def write_text(path: str, text: str) -> None:
    """Write a file, or standard output for ``-``. Raises ``UnreadableFile`` where it cannot be written."""
    if path == STDIN:
        sys.stdout.write(text)
        return
    try:
        Path(path).write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        problem = "is a directory" if isinstance(error, IsADirectoryError) else f"cannot be written: {error.strerror or error}"
        raise UnreadableFile(path, problem, "a file that may be written, in a folder that exists") from error
