"""Reading JSON files and standard input; what cannot be read is an error that names the file and the place."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NoReturn

from routecore.catalog import Catalog
from routecore.errors import RoutecoreError


class UnreadableFile(RoutecoreError):
    """A file that cannot be read, or does not hold what it should. ``path`` is the file's."""

    type = "unreadable_file"
    code = 400

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        super().__init__(f"{path}: {reason}")

    @property
    def param(self) -> str | None:
        """The file."""
        return self.path


def read_json(path: str) -> Any:  # noqa: ANN401 - any JSON
    """Return the JSON of a file, or of standard input for ``-``. Raises ``UnreadableFile``."""
    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise UnreadableFile(path, error.strerror or str(error)) from error
    if not data.strip():
        raise UnreadableFile(path, "the file is empty; JSON is expected")
    try:
        return json.loads(data)
    except json.JSONDecodeError as error:
        raise UnreadableFile(path, f"no JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except UnicodeDecodeError as error:
        raise UnreadableFile(path, f"no JSON: no UTF-8 text at byte {error.start}") from error
    except RecursionError as error:
        raise UnreadableFile(path, "no JSON that can be read: nested too deep") from error


def read_object(path: str) -> dict[str, Any]:
    """Return the JSON object of a file. Raises ``UnreadableFile`` for other JSON."""
    found = read_json(path)
    if not isinstance(found, dict):
        _no_object(path, found)
    return found


def _no_object(path: str, found: object) -> NoReturn:
    kind = {list: "a list", str: "text", int: "a number", float: "a number", bool: "true or false", type(None): "null"}.get(type(found), "something else")
    raise UnreadableFile(path, f"holds {kind}; an object ({{…}}) is expected")


def read_catalog(path: str, kind: str = "routecore") -> Catalog:
    """Return a catalog: the shipped one for ``example``, a file in the wire form, or (kind ``openrouter``) one to import."""
    if path == "example":
        from routecore.examples import example_catalog

        return example_catalog()
    document = read_json(path)
    if kind == "openrouter":
        from routecore.adapters.openrouter import import_endpoints

        return import_endpoints(document).catalog()
    return Catalog.from_mapping(document)


def write_text(path: str, text: str) -> None:
    """Write a file. Raises ``UnreadableFile`` where that is not possible."""
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UnreadableFile(path, error.strerror or str(error)) from error
