"""``routecore catalog import``: a catalog made of a neighbour's endpoint lists, and what was odd about them."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import click

from routecore.adapters.feeds import FEEDS, feed_of, import_feed
from routecore.cli.errors import Failure
from routecore.cli.options import as_json
from routecore.cli.reading import STDIN, read_json, shown_name, write_text
from routecore.cli.terminal import Page, print_json
from routecore.cli.views.catalog import show_import
from routecore.errors import RoutecoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["import_"]


_DOCUMENTS: Final = {
    "providers": "a provider directory: JSON with a list under 'data'",
    "models": "a list of models: JSON with a list under 'data'",
    "stats": "answers of OpenRouter's endpoint lists, with percentiles",
    "canonical": "names of models: a JSON object",
    "policies": "a table of data policies: a JSON object",
}
"""Options that name files, and what is in them."""

_DEFAULTS: Final = {"discount": "leave out", "negative_status": "keep", "renamed": "keep"}


@click.command(
    "import",
    short_help="Make a catalog of a feed.",
    epilog="\b\nExample: routecore catalog import endpoints.json --from openrouter -o catalog.json",
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--from", "feed", type=click.Choice(tuple(FEEDS)), help="The feed that the files are of. Without it, that is told by what they hold.")
@click.option("--providers", multiple=True, metavar="FILE", help="A provider directory with data policies; may be given several times.")
@click.option("--models", multiple=True, metavar="FILE", help="A list of models, for modalities that the files leave out; may be given several times.")
@click.option("--stats", multiple=True, metavar="FILE", help="Answers with live percentiles, of which only those are taken; may be given several times.")
@click.option(
    "--discount",
    type=click.Choice(["leave out", "apply"]),
    default=_DEFAULTS["discount"],
    show_default=True,
    help="A discount is in the listed price already, or comes off it.",
)
@click.option(
    "--negative-status",
    type=click.Choice(["keep", "disable"]),
    default=_DEFAULTS["negative_status"],
    show_default=True,
    help="What to do with endpoints of a negative status.",
)
@click.option(
    "--renamed",
    type=click.Choice(["keep", "refuse"]),
    default=_DEFAULTS["renamed"],
    show_default=True,
    help="What to do with answers under another model's name than was asked.",
)
@click.option("--on", metavar="DAY", help="The day whose prices are taken, where a feed dates them (2026-11-25). Without it, today.")
@click.option("--canonical", metavar="FILE", help="Names of models: JSON, the feed's name to the catalog's.")
@click.option("--policies", metavar="FILE", help="A table of data policies to join: JSON, slug to 'trains' and 'retains'.")
@click.option("-o", "--output", metavar="OUT.json", help="Write the catalog here ('-': standard output). Without it only the summary is printed.")
@click.option("--stats-output", metavar="OUT.json", help="Write the feed's statistics here, for --stats.")
@as_json
def import_(files: tuple[str, ...], feed: str | None, output: str | None, stats_output: str | None, machine: bool, **options: Any) -> None:  # noqa: ANN401 - click's
    """Read a feed's files into a catalog, and say what was odd about them. A file may be gzipped; '-' is standard input."""
    beside = {name: _listed(options.pop(name)) for name in _DOCUMENTS}
    if sum(file == STDIN for file in (*files, *(file for named in beside.values() for file in named))) > 1:
        raise click.UsageError("only one file can be '-', standard input")
    names = {"": files, **beside}
    document = _read_all(files, "a feed" if feed is None else f"a feed of {feed}")
    found = feed_of(document) if feed is None else FEEDS[feed]
    asked = {**{name: _read_all(beside[name], expected) for name, expected in _DOCUMENTS.items()}, **options}
    # an option that was left alone is not given: only feeds that know it take it
    given = {name: value for name, value in asked.items() if value is not None and value != _DEFAULTS.get(name)}
    with _in_files(names):
        # what no feed is recognised in is taken for the first of them, whose reader says what is missing
        result = import_feed(document, next(iter(FEEDS)) if found is None else found.name, **given)
        made = result.catalog()
    if stats_output is not None:
        write_text(stats_output, _lines("stats", result.stats))
    if output is not None:
        write_text(output, _lines("endpoints", result.catalog_mapping["endpoints"]))
    if machine:
        if output != STDIN:
            answer = {"summary": result.summary(), "version": made.version, "oddities": [one.to_dict() for one in result.oddities]}
            # without a file to write to, the answer is itself a catalog that other commands read
            print_json(answer if output is not None else {**answer, "endpoints": result.catalog_mapping["endpoints"], "stats": result.stats})
        return
    # a catalog on standard output is not to be mixed with words
    show_import(result, lambda path: _in_file(path, names), Page(error=output == STDIN), output=output, stats_output=stats_output)


def _lines(key: str, rows: list[Any] | dict[str, Any]) -> str:
    """Return ``{key: rows}`` as JSON with one row a line, so that two imports can be compared line by line."""

    def text(value: object) -> str:
        return json.dumps(value, ensure_ascii=False)

    listed = [text(row) for row in rows] if isinstance(rows, list) else [f"{text(name)}: {text(row)}" for name, row in rows.items()]
    opening, closing = "[]" if isinstance(rows, list) else "{}"
    body = "".join(f"\n  {row}{',' if place < len(listed) else ''}" for place, row in enumerate(listed, 1))
    return f'{{"{key}": {opening}{body}\n{closing}}}\n'


def _listed(given: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return () if given is None else (given,) if isinstance(given, str) else given


def _read_all(files: Sequence[str], expected: str) -> Any:  # noqa: ANN401 - whatever the files hold
    """Return the one document, or the list of them; ``None`` without files."""
    documents = [read_json(path, expected) for path in files]
    return None if not documents else documents[0] if len(documents) == 1 else documents


@contextmanager
def _in_files(names: Mapping[str, Sequence[str]]) -> Iterator[None]:
    """Let errors leave as ``Failure`` with the name of the file in each fault's path."""
    try:
        yield
    except RoutecoreError as error:
        body = error.to_dict()
        for fault in body["error"]["metadata"].get("faults", ()):
            fault["path"] = _in_file(fault["path"], names)
        raise Failure(body, {}) from error


def _in_file(path: str, names: Mapping[str, Sequence[str]]) -> str:
    """Return a fault's path with its file before it: ``providers[1].data`` is in the second file of ``--providers``, ``[0].data`` in the first of the feed."""
    root, bracket, rest = path.partition("[")
    index, _, after = rest.partition("]")
    files = names.get(root, ())
    if bracket and len(files) > 1 and index.isdigit():
        return f"{shown_name(files[int(index)])}: {after.removeprefix('.') or 'document'}"
    root = root.partition(".")[0]
    files = names[root] if root and names.get(root) else names[""]
    # of several files of the feed one cannot be told from a path without a number
    return f"{shown_name(files[0])}: {path}" if len(files) == 1 else path
