"""Errors as people see them: one block on standard error. Machines get the wire's error body on standard output with ``--json``."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from routecore.cli.terminal import Column, Page
from routecore.errors import Fault, RoutecoreError
from routecore.routing.plan_view import REMOVES, show_funnel, show_rejections

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["EXIT_FAULT", "EXIT_NOBODY", "Failure", "UnreadableCatalog", "UnreadableFile", "exit_code", "show_error", "sourced"]

EXIT_FAULT: Final = 2
EXIT_NOBODY: Final = 3
_NOBODYS: Final = frozenset({"unknown_model", "no_eligible_endpoint"})
_SHOWN_FAULTS: Final = 30
_SHOWN_VALUE: Final = 120

_TITLES: Final = {
    "invalid_catalog": "the catalog cannot be loaded",
    "invalid_pricing": "the prices cannot be read",
    "invalid_request": "the request cannot be read",
    "invalid_preferences": "the provider block cannot be read",
    "invalid_usage": "the usage cannot be read",
    "invalid_simulation": "this cannot be simulated",
    "unpriced_usage": "the usage cannot be priced",
}
_PARTS: Final = {
    "context": "the context cannot be read",
    "settings": "the settings cannot be read",
    "stats": "the statistics cannot be read",
    "health": "the health states cannot be read",
    "draw": "the draw cannot be used",
    "scenario": "this is no scenario",
    "record": "this is no decision record",
    "case": "this is no cost case",
    "finish_reason": "the finish reason cannot be read",
}
"""What ``invalid_request`` is about, by the first name of the path."""


class UnreadableFile(RoutecoreError):
    """A file that holds nothing to work on: missing, a directory, empty, no JSON. ``path`` is its name, ``expected`` what should be there."""

    type = "invalid_request"
    code = 400

    def __init__(self, path: str, problem: str, expected: str, *, hint: str | None = None, where: str | None = None) -> None:
        self.path = path
        self.problem = problem
        self.expected = expected
        self.hint = hint
        self.where = where
        super().__init__(f"{path}: {problem}; expected {expected}")

    @property
    def param(self) -> str | None:
        """The file's name."""
        return self.path

    @property
    def metadata(self) -> dict[str, Any]:
        """``{"faults": [...]}``, as other faults of input have them."""
        return {"faults": [Fault(self.path, self.problem, self.expected).to_dict()]}


class UnreadableCatalog(UnreadableFile):
    """The same of a file that should be a catalog: the operator's to mend."""

    type = "invalid_catalog"


class Failure(Exception):
    """A command's failure: the wire's error body, and which file each part of the input came from."""

    def __init__(self, body: dict[str, Any], sources: Mapping[str, str]) -> None:
        super().__init__(body["error"]["message"])
        self.body = body
        self.sources = dict(sources)


@contextmanager
def sourced(sources: Mapping[str, str]) -> Iterator[None]:
    """Let errors of the library leave as ``Failure``, which knows the files: ``sources`` maps ``catalog``, ``request``, ``stats``… to their names."""
    try:
        yield
    except UnreadableFile:
        raise
    except RoutecoreError as error:
        raise Failure(error.to_dict(), sources) from error


def exit_code(body: Mapping[str, Any]) -> int:
    """Return 3 where nobody is at fault (unknown model, nothing eligible), 2 for faults of the caller or the catalog."""
    return EXIT_NOBODY if body["error"]["type"] in _NOBODYS else EXIT_FAULT


def show_error(error: UnreadableFile | Failure, page: Page) -> None:
    """Print one error as one block."""
    if isinstance(error, UnreadableFile):
        page.fact(f"error: {error.path}: {error.problem}", hanging=2, style="bold red")
        if error.where is not None:
            for one in error.where.splitlines():
                page.line(f"    {one}")
        page.fact(f"expected {error.expected}", indent=2)
        if error.hint is not None:
            page.fact(f"hint: {error.hint}", hanging=6)
        return
    body = error.body["error"]
    if body["type"] == "unknown_model":
        _show_unknown_model(body, error.sources, page)
    elif body["type"] == "no_eligible_endpoint":
        _show_no_eligible(body, page)
    else:
        _show_faults(body, error.sources, page)


def _show_faults(body: Mapping[str, Any], sources: Mapping[str, str], page: Page) -> None:
    faults = body["metadata"].get("faults", [])
    kind = body["type"]
    files = [
        sources.get("catalog") if kind == "invalid_catalog" else sources.get(_root(fault["path"]), sources.get("request", sources.get("policy")))
        for fault in faults
    ]
    roots = {_root(fault["path"]) for fault in faults}
    titles = {_PARTS.get(root, _TITLES["invalid_request"]) for root in roots}
    title = _TITLES.get(kind, body["message"]) if kind != "invalid_request" else titles.pop() if len(titles) == 1 else "the scenario cannot be read"
    one_file = len(set(files)) == 1
    where = f" ({files[0]})" if one_file and files[0] is not None else ""
    number = "" if len(faults) == 1 else f", {len(faults)} faults"
    page.fact(f"error: {title}{where}{number}", hanging=2, style="bold red")
    for fault, file in list(zip(faults, files, strict=True))[:_SHOWN_FAULTS]:
        page.fact(f"{'' if one_file or file is None else f'{file}: '}{fault_in_words(fault)}", indent=2, hanging=6)
    if len(faults) > _SHOWN_FAULTS:
        page.line(f"  … and {len(faults) - _SHOWN_FAULTS} more; --json lists them all")
    if kind == "unpriced_usage":
        page.fact("hint: a price that is missing is not free; give the price, or 0 where it really is free", hanging=6)


def _root(path: str) -> str:
    """Return the first name of a path: the part of the input that it is in."""
    return path.partition(".")[0].partition("[")[0]


def fault_in_words(fault: Mapping[str, Any]) -> str:
    """Return one fault as a line: its path, the value that stood there, and what was expected.

    >>> fault_in_words({"path": "provider.order[0]", "value": 7, "expected": "a provider slug"})
    'provider.order[0]: 7 is not a provider slug'
    """
    value = json.dumps(fault["value"], ensure_ascii=False)
    shown = value if len(value) <= _SHOWN_VALUE else f"{value[:_SHOWN_VALUE]}…"
    return f"{fault['path']}: {shown} is not {fault['expected']}"


def _show_unknown_model(body: Mapping[str, Any], sources: Mapping[str, str], page: Page) -> None:
    page.fact(f"error: {body['message'].partition('; did you mean')[0]}", hanging=2, style="bold red")
    near = body["metadata"]["near"]
    if near:
        page.line("  did you mean")
        for name in near:
            page.line(f"    {name}")
    source = sources.get("catalog")
    if source is not None and source != sources.get("request"):
        page.line(f"hint: routecore catalog show {source} lists the models it has")


def _show_no_eligible(body: Mapping[str, Any], page: Page) -> None:
    metadata = body["metadata"]
    page.fact(f"error: {body['message'].partition(' (')[0]}", hanging=2, style="bold red")
    show_funnel(metadata["funnel"], page)
    show_rejections(metadata["rejections"], page)
    page.heading("What would help")
    if metadata["relaxations"]:
        page.table(
            [Column("lift"), Column("which removes", wraps=True)],
            [[" and ".join(rules), "; ".join(REMOVES.get(rule, "") for rule in rules)] for rules in metadata["relaxations"]],
        )
    else:
        page.fact("Nothing that the request could lift: the catalog or the account's policy stands against every endpoint.", indent=2)
